/**
 * The port of the codecs. A connection speaks one codec for its whole life; the edge reads with it, the shards write with it.
 */
import type { RoomId } from "../base/ids.ts";
import type { Result } from "../base/result.ts";
import type { Rejection } from "./errors.ts";
import type { ClientFrame, ClientFrameType, Ref, ServerFrame } from "./frames.ts";

/** Codec numbers travel between threads and stand in topics: never reuse one. */
export const CODECS = { msgpack: 0, json: 1, camel: 2, snake: 3 } as const;
export type CodecName = keyof typeof CODECS;
export type CodecId = (typeof CODECS)[CodecName];

/** `camel` is plain JSON at `/chat` without a subprotocol; `snake` is the snake_case dialect. Both: one event per frame. */
export const SUBPROTOCOLS = { msgpack: "stoa.v1.msgpack", json: "stoa.v1.json" } as const;

/** What the edge needs to route a frame; the rest stays unread. */
export interface FrameHeader {
  readonly type: ClientFrameType;
  readonly ref: Ref | undefined;
  readonly roomId: RoomId | undefined;
}

/** A failure to read, with as much of the header as could be read, so that the error can carry `ref`. */
export interface Unreadable extends Rejection {
  readonly ref?: Ref;
}

export interface Codec {
  readonly id: CodecId;
  /** Text frames on the socket, or binary ones. */
  readonly text: boolean;
  /** Reads only what routing needs, without checking the rest. Never throws. */
  peek(data: Uint8Array | string): Result<FrameHeader, Unreadable>;
  /** Reads and checks a whole client frame: types, required fields, limits of `schema.ts`. Never throws. */
  decode(data: Uint8Array | string): Result<ClientFrame, Unreadable>;
  /**
   * One or more WebSocket messages that express the frame (the dialects split `events`). UTF-8 bytes when `text`.
   * The bytes are the caller's: no later call changes them.
   */
  encode(frame: ServerFrame): readonly Uint8Array[];
}
