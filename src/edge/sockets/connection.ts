/**
 * One client's connection as the gateway sees it, and at the same time the object that Bun's socket calls directly.
 * Invariant: nothing is handled before the `connection` frame went out; what comes earlier waits, within a bound.
 */
import type { ServerWebSocket } from "bun";
import type { ConnectionId } from "../../base/ids.ts";
import type { TokenBucket } from "../../base/token-bucket.ts";
import type { Principal } from "../../domain/principal.ts";
import type { Codec } from "../../protocol/codec.ts";
import { errorFrame } from "../../protocol/error-frame.ts";
import type { CloseReason, Rejection } from "../../protocol/errors.ts";
import type { Ref, ServerFrame } from "../../protocol/frames.ts";
import { BunSocket } from "./bun-socket.ts";
import type { EdgeRoom } from "./edge-room.ts";
import type { Flood } from "../rates/flood.ts";
import type { Socket } from "../ports.ts";
import type { Share } from "../rates/rates.ts";
import type { ShardTarget } from "../links/shard-target.ts";
import type { SocketHandler } from "./socket-plugin.ts";

/** Why a connection is not read from. It is read from again when no reason is left. */
export const PAUSE = { held: 1, shard: 2, rate: 4, stopping: 8, flood: 16 } as const;
export type PauseReason = (typeof PAUSE)[keyof typeof PAUSE];

/** The gateway, as its connections call it. */
export interface ConnectionOwner {
  opened(connection: Connection): void;
  received(connection: Connection, data: Uint8Array | string): void;
  closed(connection: Connection, code: number): void;
}

export class Connection implements SocketHandler {
  // What each frame looks at, side by side: of thousands of connections none is near when its frame comes, and each line of
  // memory is waited for. The order of the fields is that of memory.
  readonly #owner: ConnectionOwner;
  readonly no: number;
  closed = false;
  /** It was told to go: what it still says is not listened to. */
  dismissed = false;
  /** `undefined` until the `auth` frame. */
  principal: Principal | undefined;
  /** The token of its `auth` frame is being looked at. */
  verifying = false;
  /** The `connection` frame went out. */
  greeted = false;
  bucket: TokenBucket | undefined;
  /** What it shares with the person's other connections, and with the tenant. */
  share: Share | undefined;
  readonly codec: Codec;
  /** Frames so far: with the id it makes an idempotency key. */
  frames = 0;
  /** Bit per shard of this node that knows of this connection. */
  introduced = 0;

  readonly id: ConnectionId;
  readonly remote: string;
  readonly userAgent: string;
  /** Wall clock, milliseconds since 1970. */
  openedAtMs = 0;
  /** Wall clock, milliseconds since 1970: the token's end. */
  expiresAtMs = Number.POSITIVE_INFINITY;
  /** Of its token: when it was issued (milliseconds since 1970) and its name, where it says so. */
  issuedAtMs: number | undefined;
  tokenId: string | undefined;
  /** Monotonic time by which the `auth` frame must have come. */
  authDueMs = Number.POSITIVE_INFINITY;
  /** Of the `auth` frame that is answered after the `connection` frame. */
  authRef: Ref | undefined;
  socket: Socket | undefined;
  /** Where its user's actor is. */
  home: ShardTarget | undefined;
  unreadableFrames = 0;
  /** Why this server ended it. */
  reason: CloseReason | undefined;
  /** Made when a frame is refused. */
  flood: Flood | undefined;
  /** Rooms it is subscribed to; most connections have none for a while. */
  rooms: Set<EdgeRoom> | undefined;
  /** Frames that came before the greeting. */
  held: (Uint8Array | string)[] | undefined;
  /** Messages of this turn, sent in one write. */
  outbox: { data: Uint8Array; text: boolean }[] | undefined;
  #pauses = 0;

  constructor(
    owner: ConnectionOwner,
    no: number,
    id: ConnectionId,
    codec: Codec,
    from: { remote: string; userAgent: string },
  ) {
    this.#owner = owner;
    this.no = no;
    this.id = id;
    this.codec = codec;
    this.remote = from.remote;
    this.userAgent = from.userAgent;
  }

  open(ws: ServerWebSocket<unknown>): void {
    this.socket = new BunSocket(ws);
    this.#owner.opened(this);
  }

  message(_ws: unknown, data: string | Buffer): void {
    this.#owner.received(this, data);
  }

  close(_ws: unknown, code: number): void {
    this.#owner.closed(this, code);
  }

  get isPaused(): boolean {
    return this.#pauses !== 0;
  }

  pause(reason: PauseReason): void {
    if (this.#pauses === 0 && !this.closed) this.socket?.pause();
    this.#pauses |= reason;
  }

  resume(reason: PauseReason): void {
    if ((this.#pauses & reason) === 0) return;
    this.#pauses &= ~reason;
    if (this.#pauses === 0 && !this.closed) this.socket?.resume();
  }

  /** Says what is waiting to be said, and closes. */
  dismiss(reason: CloseReason): void {
    this.flush();
    this.dismissed = true;
    this.reason = reason;
    // A socket that is not read from never hears that the other side has closed, too.
    if (this.#pauses !== 0 && !this.closed) this.socket?.resume();
    this.socket?.close(reason);
  }

  /** For the next `flush`. */
  write(frame: ServerFrame): void {
    for (const data of this.codec.encode(frame)) this.queue(data, this.codec.text);
  }

  /** Now, with what is waiting. */
  send(frame: ServerFrame): void {
    this.write(frame);
    this.flush();
  }

  reject(rejection: Rejection, ref: Ref | undefined): void {
    this.send(errorFrame(rejection, ref, undefined));
  }

  /** For the next `flush`; true when it is the first since the last one. */
  queue(data: Uint8Array, text: boolean): boolean {
    const first = this.outbox === undefined;
    if (this.outbox === undefined) this.outbox = [{ data, text }];
    else this.outbox.push({ data, text });
    return first;
  }

  /** Sends what this turn collected, in one write. */
  flush(): void {
    const { outbox, socket } = this;
    if (outbox === undefined) return;
    this.outbox = undefined;
    if (socket === undefined || this.closed) return;
    // A single one, too: what was published to the socket and has not left yet goes in the same write.
    socket.cork(() => this.#send(socket, outbox));
  }

  #send(socket: Socket, outbox: readonly { data: Uint8Array; text: boolean }[]): void {
    for (const { data, text } of outbox) {
      // A message that will never arrive would be a gap that nobody can see: the client must come back and resume.
      if (socket.send(data, text) === "dropped") {
        socket.terminate();
        return;
      }
    }
  }
}
