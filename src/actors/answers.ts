/** Giving a request its one answer, on the socket or as a value, and marking it complete. */
import type { MessageId, Seq } from "../base/ids.ts";
import { err, ok } from "../base/result.ts";
import { errorFrame } from "../protocol/error-frame.ts";
import type { Rejection } from "../protocol/errors.ts";
import type { RoomPosition } from "../protocol/frames.ts";
import { sendFrame } from "./connections.ts";
import type { Request } from "./request.ts";
import type { ShardEnv } from "./shard-env.ts";

type Answering = Pick<ShardEnv, "complete" | "counters">;

export function answerRejection(env: Answering, request: Request, rejection: Rejection): void {
  if (request.completed) return;
  env.counters?.rejected(rejection.code);
  const { asker } = request;
  const room = request.to === "room" ? request.room : undefined;
  if (request.to === "room" && request.sequel.kind === "resume") {
    request.sequel.gather.add({ roomId: request.room, head: 0, typing: [], present: [], error: rejection.code });
  } else if (asker.kind === "frame") {
    sendFrame(asker.connection, errorFrame(rejection, asker.ref, room));
  } else if (asker.kind === "own") {
    asker.done(rejection);
  } else {
    request.link.reply(asker.callNo, err(rejection));
  }
  env.complete(request);
}

export interface Acknowledgement {
  readonly messageId?: MessageId;
  readonly seq?: Seq;
  readonly timestamp?: number;
  readonly duplicate?: boolean;
  readonly position?: RoomPosition;
  readonly state?: "pending";
  readonly invite?: string;
}

/** For requests that came as frames: only those with `ref` want an answer. */
export function answerAck(env: Answering, request: Request, acknowledgement: Acknowledgement): void {
  if (request.completed) return;
  const { asker } = request;
  if (asker.kind === "frame" && asker.ref !== undefined) {
    const room = request.to === "room" ? { roomId: request.room } : {};
    sendFrame(asker.connection, { type: "ack", ref: asker.ref, ...room, ...acknowledgement });
  } else if (asker.kind === "own") asker.done(undefined);
  env.complete(request);
}

/** For requests that came as calls. */
export function answerValue(env: Answering, request: Request, value: unknown): void {
  if (request.completed) return;
  if (request.asker.kind === "call") request.link.reply(request.asker.callNo, ok(value));
  env.complete(request);
}
