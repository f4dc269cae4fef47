/**
 * The two seams of the edge: sockets below it (Bun's in production, virtual ones in the simulation) and the engine behind
 * it as HTTP routes see it.
 */
import type { Call, ReplyOf } from "../actors/calls.ts";
import type { Seq } from "../base/ids.ts";
import type { Result } from "../base/result.ts";
import type { Principal } from "../domain/principal.ts";
import type { CloseReason, Rejection } from "../protocol/errors.ts";

/** What a client is connected over. */
export type Transport = "websocket" | "sse" | "long_poll";

/** One client's way to the gateway and back: a WebSocket, or what stands for one where there is none. */
export interface Socket {
  readonly transport: Transport;
  /** Queues one message. `dropped`: it will never arrive, the socket is lost; `queued`: the client is slow. */
  send(data: Uint8Array, text: boolean): "sent" | "queued" | "dropped";
  /** What was published before, up to the room's sequence `head`, it has. */
  subscribe(topic: string, head: Seq): void;
  unsubscribe(topic: string): void;
  /** Several sends in one write. */
  cork(run: () => void): void;
  /** Stop and go on with reading. */
  pause(): void;
  resume(): void;
  close(reason: CloseReason): void;
  /** Bytes that were sent and not taken yet. */
  readonly backlog: number;
  /** Ends the connection without a close frame. */
  terminate(): void;
  /** The `connection` frame is on its way; what is asked now is answered behind it. */
  greeted?(): void;
}

/** All sockets of this edge. */
export interface Broadcaster {
  /** One message to all subscribers of a topic. `head`: the room's sequence behind it; 0 for what is in no log. */
  publish(topic: string, data: Uint8Array, text: boolean, head: Seq): void;
}

/** The engine, as HTTP routes use it. Never rejects: failures are values. */
export interface Engine {
  call<C extends Call>(principal: Principal, call: C): Promise<Result<ReplyOf<C>, Rejection>>;
}
