/**
 * All clients of this node without a WebSocket: event streams and poll sessions. Makes them, ends those that are silent or have
 * lasted long enough, and takes in the frames that they send by requests, at whatever node those arrive.
 * Invariant: to the gateway and behind it each is a connection like any other, of the person of its token.
 */
import type { Clock, Timer } from "../../base/clock.ts";
import type { ConnectionId, RoomId, Seq } from "../../base/ids.ts";
import { POLL_IDLE_MS_MIN, STREAM_TICK_MS, STREAMS_MAX, STREAMS_PER_USER_MAX } from "../../base/limits.ts";
import type { Random } from "../../base/prng.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Principal } from "../../domain/principal.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Connection } from "../sockets/connection.ts";
import type { Cursor } from "./cursor.ts";
import { type EventSink, EventStream } from "./event-stream.ts";
import type { Gateway } from "../sockets/gateway.ts";
import { type Answer, PollSession } from "./poll-session.ts";
import { PostedFrames } from "./posted-frames.ts";
import type { Arrival } from "../sockets/socket-plugin.ts";
import type { StreamHub } from "./stream-hub.ts";
import type { StreamSetting, StreamSocket } from "./stream-socket.ts";

export interface EventStreamsPorts {
  readonly gateway: Pick<Gateway, "accept" | "opened" | "closed" | "find" | "received" | "request" | "call">;
  readonly hub: StreamHub;
  readonly clock: Clock;
  readonly random: Random;
  readonly defer: (run: () => void) => void;
  /** How long a person without a connection is shown as present. */
  readonly presenceGraceMs: number;
  /** What clients are told of signs of life, in the `connection` frame. */
  readonly heartbeatMs: number;
  /** How long one event stream lasts: a client whose network ended without a word is noticed by then. */
  readonly streamMsMax: number;
}

/** Who listens, and to what. */
export interface StreamWish {
  readonly arrival: Arrival & { readonly principal: Principal };
  readonly rooms: ReadonlyMap<RoomId, Seq | undefined>;
}

/** A client's cursor, as it came and what it says. */
export interface GivenCursor {
  readonly text: string;
  readonly value: Cursor;
}

interface Entry {
  readonly socket: StreamSocket;
  readonly userKey: string;
  readonly openedMs: number;
}
interface Session {
  readonly poll: PollSession;
  readonly connection: Connection;
}

/** A client that pings is gone when it is silent for so many heartbeats. */
const SILENT_HEARTBEATS = 2.5;
const FULL_RETRY_MS = 5_000;
/** Clients come back within this time, each at another moment, milliseconds. */
const RETRY_MS_MIN = 500;
const RETRY_MS_SPREAD = 2_500;

export class EventStreams {
  readonly posted: PostedFrames;
  readonly #ports: EventStreamsPorts;
  readonly #entries = new Map<Connection, Entry>();
  readonly #sessions = new Map<ConnectionId, Session>();
  readonly #perUser = new Map<string, number>();
  #unflushed: { flush(): void }[] = [];
  #timer: Timer;

  constructor(ports: EventStreamsPorts) {
    this.#ports = ports;
    this.posted = new PostedFrames({ ...ports, socketOf: (connection) => this.#entries.get(connection)?.socket });
    this.#timer = ports.clock.after(STREAM_TICK_MS, () => this.#tick());
  }

  get size(): number {
    return this.#entries.size;
  }

  stop(): void {
    this.#timer.cancel();
  }

  /** Whether one more may come. */
  admits({ tenant, userId }: Principal): Rejection | undefined {
    if (this.#entries.size >= STREAMS_MAX) return { code: "overloaded", retryAfterMs: FULL_RETRY_MS };
    if ((this.#perUser.get(`${tenant}/${userId}`) ?? 0) < STREAMS_PER_USER_MAX) return undefined;
    const message = `One person may have ${STREAMS_PER_USER_MAX} event streams and polls at one server.`;
    return { code: "rate_limited", message, retryAfterMs: FULL_RETRY_MS };
  }

  /** The result is told when the client is lost. `withCursor`: it can go on from an `id`. */
  listen({ arrival, rooms }: StreamWish, sink: EventSink, withCursor: boolean): StreamSocket {
    const connection = this.#ports.gateway.accept(arrival);
    const stream = new EventStream(this.#setting(connection, rooms), sink, withCursor);
    this.#open(connection, stream, arrival.principal);
    return stream;
  }

  /** `answer` is called once, unless this is refused. */
  poll(wish: StreamWish, cursor: GivenCursor | undefined, waitMs: number, answer: Answer): Result<true, Rejection> {
    const { arrival } = wish;
    const session = cursor?.value.session;
    if (cursor !== undefined && session !== undefined) {
      const known = this.#sessionOf(session, arrival.principal);
      if (known?.poll.has(cursor.value.taken) === true) {
        known.connection.expiresAtMs = arrival.expiresAtMs ?? known.connection.expiresAtMs;
        known.poll.poll(cursor.value.taken, cursor.text, waitMs, answer);
        return ok(true);
      }
      // Its session is at another node, and not needed any more.
      if (known === undefined) this.posted.dismissElsewhere(arrival.principal, session);
    }
    const rejection = this.admits(arrival.principal);
    if (rejection !== undefined) return err(rejection);
    const connection = this.#ports.gateway.accept(arrival);
    const idleMs = Math.max(POLL_IDLE_MS_MIN, this.#ports.presenceGraceMs);
    const poll = new PollSession(this.#setting(connection, wish.rooms), connection.id, idleMs, cursor?.text);
    this.#sessions.set(connection.id, { poll, connection });
    this.#open(connection, poll, arrival.principal);
    poll.poll(0, cursor?.text, waitMs, answer);
    return ok(true);
  }

  /** Whoever waits for this answer at that connection is gone. */
  forsake(answer: Answer): void {
    for (const { poll } of this.#sessions.values()) poll.forsake(answer);
  }

  #sessionOf(id: ConnectionId, { tenant, userId, role }: Principal): Session | undefined {
    const found = this.#sessions.get(id);
    const by = found?.connection.principal;
    return by?.tenant === tenant && by.userId === userId && by.role === role ? found : undefined;
  }

  #setting(connection: Connection, wanted: StreamWish["rooms"]): StreamSetting {
    const { clock, hub, random, gateway } = this.#ports;
    return {
      clock,
      hub,
      wanted,
      flushSoon: this.#flushSoon,
      retryMs: () => Math.round(RETRY_MS_MIN + random.next() * RETRY_MS_SPREAD),
      request: (frame) => gateway.request(connection, frame),
      closed: (code) => {
        this.#closed(connection);
        gateway.closed(connection, code);
      },
    };
  }

  /** One hand-over for all streams that a turn told something. */
  readonly #flushSoon = (stream: { flush(): void }): void => {
    this.#unflushed.push(stream);
    if (this.#unflushed.length > 1) return;
    this.#ports.defer(() => {
      const streams = this.#unflushed;
      this.#unflushed = [];
      for (const each of streams) each.flush();
    });
  };

  #open(connection: Connection, socket: StreamSocket, { tenant, userId }: Principal): void {
    const userKey = `${tenant}/${userId}`;
    connection.socket = socket;
    this.#entries.set(connection, { socket, userKey, openedMs: this.#ports.clock.monotonicMs() });
    this.#perUser.set(userKey, (this.#perUser.get(userKey) ?? 0) + 1);
    this.#ports.gateway.opened(connection);
  }

  #closed(connection: Connection): void {
    const entry = this.#entries.get(connection);
    if (entry === undefined) return;
    this.#entries.delete(connection);
    this.posted.forget(connection);
    const left = (this.#perUser.get(entry.userKey) ?? 1) - 1;
    if (left > 0) this.#perUser.set(entry.userKey, left);
    else this.#perUser.delete(entry.userKey);
  }

  #tick(): void {
    const { clock, heartbeatMs, streamMsMax } = this.#ports;
    this.#timer = clock.after(STREAM_TICK_MS, () => this.#tick());
    const nowMs = clock.monotonicMs();
    for (const [connection, { socket, openedMs }] of this.#entries) {
      if (connection.dismissed) continue;
      if (this.posted.isSilent(connection, nowMs - SILENT_HEARTBEATS * heartbeatMs)) connection.dismiss("idle");
      else if (socket.transport === "sse" && nowMs - openedMs >= streamMsMax) this.#sendBack(connection);
      else socket.tick(nowMs);
    }
    for (const [id, { poll }] of this.#sessions) if (poll.isOver && poll.isForgotten(nowMs)) this.#sessions.delete(id);
  }

  /** Its time is over: it comes back at once, and misses nothing. */
  #sendBack(connection: Connection): void {
    connection.write({ type: "reconnect", delayMs: RETRY_MS_MIN });
    connection.dismiss("reconnect");
  }
}
