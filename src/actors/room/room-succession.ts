/**
 * What passes from one activation of a room to the next in the same shard: requests that were not answered, listeners with how
 * far they were told, who was shown as present. And when an activation ends because somebody knows more than it does.
 */
import type { Seq } from "../../base/ids.ts";
import { answerRejection } from "../answers.ts";
import type { ShardConnection } from "../connections.ts";
import type { EdgeLink } from "../edge-link.ts";
import type { Departed } from "../link.ts";
import type { ShownPresence } from "../messages.ts";
import type { RoomRequest } from "../request.ts";
import type { RoomActor, RoomMessage } from "./room-actor.ts";
import type { ShardEnv } from "../shard-env.ts";

/** Connections of one edge that outlived the room's former activation, or their edge's former link. */
export interface Attach {
  readonly to: "attach";
  readonly link: EdgeLink;
  readonly connections: readonly ShardConnection[];
  /** What their edge published last. */
  readonly lastSeq: Seq;
  readonly departed: readonly Departed[];
  /** That was more than an activation knew, and the log was read anew for it. */
  readonly isReread?: true;
}

/** What a former activation in the same shard leaves. */
export interface Former {
  readonly present: readonly ShownPresence[];
  /** The last epoch that it knew to be durable. */
  readonly epoch: number;
  /** It ended because the store was full. */
  readonly wasFull: boolean;
}

export interface Ending {
  readonly failed: boolean;
  readonly wasFull?: boolean;
  /** The message that it failed of. */
  readonly culprit?: RoomMessage | undefined;
  /** The one that it leaves to the next activation. */
  readonly current?: RoomMessage | undefined;
}

/** The log is read anew on a client's word no more often than this, milliseconds. */
const REREAD_MS_MIN = 1_000;

/** Whoever asks has seen more than this activation: another owner wrote it, or the client errs. */
export function isBehind(env: ShardEnv, { committedSeq }: RoomActor, request: RoomRequest): boolean {
  return lastSeqOf(request) > committedSeq && env.ownership.isAmongOthers && request.isReread === undefined;
}

/** How far somebody who wants to listen says that they know the room; 0 for others. */
export function lastSeqOf({ sequel }: RoomRequest): Seq {
  return sequel.kind === "subscribe" || sequel.kind === "resume" ? (sequel.lastSeq ?? 0) : 0;
}

/** A client is believed now and then. In between it is not told of a place behind its own. false: so it was this time. */
export function mayReread(env: ShardEnv, readMs: number, request: RoomRequest): boolean {
  const waitMs = readMs + REREAD_MS_MIN - env.clock.monotonicMs();
  if (waitMs > 0) {
    answerRejection(env, request, { code: "unavailable", retryAfterMs: Math.ceil(waitMs) });
    return false;
  }
  request.isReread = true;
  return true;
}

/** What an activation that ends gives on: `first` is delivered before `open`, each in the order it came. */
export function estateOf(
  room: RoomActor,
  unanswered: RoomRequest[],
  left: readonly RoomMessage[],
  { culprit, current, former }: Pick<Ending, "culprit" | "current"> & { readonly former: Former | undefined },
): { readonly open: RoomRequest[]; readonly first: RoomMessage[] } {
  const others: RoomMessage[] = [];
  for (const message of left) {
    if (message.to === "room") unanswered.push(message);
    else others.push(message);
  }
  // What the room asked itself ends with it.
  const open = unanswered.filter(
    (request) => !request.completed && request !== culprit && request.asker.kind !== "own",
  );
  // Only the one that it ends for has just come.
  for (const request of open) if (request !== current) request.isHandedOn = true;
  const first: RoomMessage[] = room.audience
    .release(room.publishedSeq)
    .map(({ link, toldSeq, connections }) => ({ to: "attach", link, connections, lastSeq: toldSeq, departed: [] }));
  if (former !== undefined && (first.length > 0 || open.length > 0)) first.unshift({ to: "inherit", former });
  return { open, first: [...first, ...others] };
}
