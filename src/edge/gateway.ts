/**
 * The heart of the edge: connections on one side, shards on the other. Routes frames by their header without reading the
 * rest, answers what needs no room, and repeats to a restarted shard what its former worker left undone.
 * It knows neither Bun nor threads: sockets and links are ports, so the simulation runs this same class.
 */
import { roomAddress, shardOf, userAddress } from "../actors/address.ts";
import type { Call, ReplyOf } from "../actors/calls.ts";
import { type LinkCall, readToEdge, type ResumeReply } from "../actors/link.ts";
import type { Clock, Timer } from "../base/clock.ts";
import type { ConnectionId, RoomId } from "../base/ids.ts";
import {
  AUTH_FRAME_MS_MAX,
  HELD_FRAMES_MAX,
  REPLAY_BYTES_MAX,
  ROOMS_PER_CONNECTION_MAX,
  UNREADABLE_FRAMES_MAX,
} from "../base/limits.ts";
import type { Random } from "../base/prng.ts";
import { err, type Result } from "../base/result.ts";
import type { Principal } from "../domain/principal.ts";
import type { Codec, CodecId } from "../protocol/codec.ts";
import type { CloseReason, Rejection } from "../protocol/errors.ts";
import type { ClientFrame, CreateRoomFrame, Ref, ResumeFrame, RoomPosition, ServerFrame } from "../protocol/frames.ts";
import type { Auth } from "./auth.ts";
import { CallsTable } from "./calls-table.ts";
import { Connection, type ConnectionOwner, PAUSE } from "./connection.ts";
import type { EdgeRoom } from "./edge-room.ts";
import { Departures } from "./departures.ts";
import { Egress, type EgressOwner } from "./egress.ts";
import { Identity } from "./identity.ts";
import { newRoomId } from "./mutations.ts";
import type { Broadcaster, Engine } from "./ports.ts";
import { type Rate, TokenBucket } from "./rate-limit.ts";
import { ShardOutlet } from "./shard-outlet.ts";
import type { Arrival } from "./socket-plugin.ts";
import { Tick } from "./tick.ts";

export interface GatewayPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly codecs: readonly Codec[];
  readonly auth: Pick<Auth, "verifyToken">;
  readonly broadcaster: Broadcaster;
  readonly shards: number;
  readonly rate: Rate;
  /** How long a lost connection's person is shown as present. */
  readonly presenceGraceMs?: number;
  /** Runs once, when what arrived in this turn of the event loop has been taken in. */
  readonly defer: (run: () => void) => void;
}

/** When to ask again what a shard that is behind had no place for, milliseconds. */
const OVERLOADED_RETRY_MS = 1_000;
/** How often time-outs and token expiry are looked after, milliseconds. */
const SWEEP_MS = 1_000;
const PRESENCE_GRACE_MS_DEFAULT = 10_000;
/** Close codes by which a client says that it means to go: the browser's tab was closed, or the program said so. */
const CLEAN_CODES: ReadonlySet<number> = new Set([1000, 1001, 1005]);

export class Gateway implements Engine, ConnectionOwner, EgressOwner {
  readonly connections = new Map<number, Connection>();
  readonly rooms = new Map<string, EdgeRoom>();
  readonly broadcaster: Broadcaster;
  readonly #ports: GatewayPorts;
  readonly #outlets: readonly ShardOutlet[];
  readonly #egress: readonly Egress[];
  readonly #calls = new CallsTable();
  readonly #departures: Departures;
  readonly #identity: Identity;
  /** Unique to this process: the part of connection ids before the colon. */
  readonly #instance: string;
  /** Connections that are not read from until a shard has caught up. */
  readonly #behind = new Set<Connection>();
  #lastConnection = 0;
  readonly #tick = new Tick();
  #gathered = 0;
  #flushDue = false;
  #sweepTimer: Timer;

  constructor(ports: GatewayPorts) {
    this.#ports = ports;
    this.broadcaster = ports.broadcaster;
    this.#instance = ports.random.token(8);
    this.#outlets = Array.from({ length: ports.shards }, () => new ShardOutlet());
    this.#egress = Array.from({ length: ports.shards }, (_, shard) => new Egress(this, shard));
    this.#departures = new Departures(ports.shards, ports.presenceGraceMs ?? PRESENCE_GRACE_MS_DEFAULT);
    this.#identity = new Identity({
      auth: ports.auth,
      clock: ports.clock,
      admitted: (connection, principal) => this.#introduceHome(connection, principal),
    });
    this.#sweepTimer = ports.clock.after(SWEEP_MS, () => this.#sweep());
  }

  // ---------------------------------------------------------------------------------------------- HTTP

  call<C extends Call>(principal: Principal, call: C): Promise<Result<ReplyOf<C>, Rejection>> {
    return new Promise((resolve) => {
      const shard = call.to === "room" ? this.#shardOfRoom(principal, call.room) : this.#shardOfUser(principal, call);
      this.#call(shard, principal, call, (result) => resolve(result as Result<ReplyOf<C>, Rejection>));
    });
  }

  /** Every shard finishes what it has; resolves when all have, or after `timeoutMs`. */
  async drain(by: Principal, timeoutMs: number): Promise<void> {
    const shards = this.#outlets.map(
      (_, shard) =>
        new Promise<void>((resolve) =>
          this.#call(shard, by, { to: "shard", kind: "drain" }, () => resolve(), timeoutMs),
        ),
    );
    await Promise.all(shards);
  }

  #call(
    shard: number,
    by: Principal,
    call: LinkCall,
    answer: (result: Result<unknown, Rejection>) => void,
    timeoutMs?: number,
  ): void {
    // Frames wait in their sockets when a shard is behind; a call has nowhere to wait. The last one of all is let through.
    if (call.to !== "shard" && this.#outlet(shard).isFull) {
      return answer(err({ code: "overloaded", retryAfterMs: OVERLOADED_RETRY_MS }));
    }
    const callNo = this.#calls.open(this.#ports.clock.monotonicMs(), answer, timeoutMs);
    this.#outlet(shard).writer.call(callNo, by, call);
    this.#flushSoon();
  }

  // ---------------------------------------------------------------------------------------------- connections

  accept(arrival: Arrival): Connection {
    this.#lastConnection += 1;
    const no = this.#lastConnection;
    const codec = this.#ports.codecs[arrival.codec] as Codec;
    const connection = new Connection(
      this,
      no,
      `${this.#instance}:${no}.${this.#ports.random.token(6)}` as ConnectionId,
      codec,
      arrival,
    );
    connection.principal = arrival.principal;
    if (arrival.expiresAtMs === undefined) connection.authDueMs = this.#ports.clock.monotonicMs() + AUTH_FRAME_MS_MAX;
    else connection.expiresAtMs = arrival.expiresAtMs;
    return connection;
  }

  opened(connection: Connection): void {
    this.connections.set(connection.no, connection);
    if (connection.principal !== undefined) this.#introduceHome(connection, connection.principal);
  }

  closed(connection: Connection, code: number): void {
    const clean = CLEAN_CODES.has(code);
    connection.closed = true;
    connection.outbox = undefined;
    connection.held = undefined;
    if (!this.connections.delete(connection.no)) return;
    this.#behind.delete(connection);
    if (connection.rooms !== undefined) {
      for (const room of connection.rooms) room.connections.delete(connection);
      this.#departures.note(connection, clean, this.#ports.clock.monotonicMs());
    }
    for (let shard = 0; shard < this.#ports.shards; shard += 1) {
      if ((connection.introduced & (1 << shard)) !== 0) this.#outlet(shard).writer.close(connection.no, clean);
    }
    this.#flushSoon();
  }

  /** Asks every client to come back elsewhere, spread over `spreadMs`, and closes. */
  dismissAll(reason: CloseReason, spreadMs: number): void {
    for (const connection of [...this.connections.values()]) {
      this.#sendLater(connection, { type: "reconnect", delayMs: Math.round(this.#ports.random.next() * spreadMs) });
      connection.dismiss(reason);
    }
  }

  /** Takes in no more frames: the node is about to stop. */
  pauseAll(): void {
    for (const connection of this.connections.values()) connection.pause(PAUSE.stopping);
  }

  received(connection: Connection, data: Uint8Array | string): void {
    if (connection.closed || connection.dismissed) return;
    const { principal } = connection;
    if (principal === undefined && !connection.verifying) return this.#identity.receivedFirst(connection, data);
    if (principal === undefined || !connection.greeted) return this.#hold(connection, data);
    if (!this.#admit(connection, data)) return;
    const header = connection.codec.peek(data);
    if (!header.ok) return this.#unreadable(connection, header.error, header.error.ref);
    const { type, ref, roomId } = header.value;
    connection.frames += 1;
    switch (type) {
      case "ping":
        connection.send({ type: "pong", ...(ref !== undefined && { ref }) });
        return;
      case "auth":
      case "resume":
      case "create_room":
        this.#whole(connection, principal, data);
        return;
      case "set_presence":
        this.#forward(connection, this.#homeShard(principal), undefined, data);
        return;
      default:
        if (roomId === undefined) return connection.reject({ code: "missing_field", field: "roomId" }, ref);
        if (type === "join_room" && (connection.rooms?.size ?? 0) >= ROOMS_PER_CONNECTION_MAX) {
          return connection.reject({ code: "too_many_rooms" }, ref);
        }
        this.#forward(connection, this.#shardOfRoom(principal, roomId), undefined, data);
    }
  }

  /** Frames that the edge must read as a whole. */
  #whole(connection: Connection, principal: Principal, data: Uint8Array | string): void {
    const decoded = connection.codec.decode(data);
    if (!decoded.ok) return this.#unreadable(connection, decoded.error, decoded.error.ref);
    const frame: ClientFrame = decoded.value;
    if (frame.type === "auth") void this.#identity.renew(connection, frame);
    else if (frame.type === "resume") this.#resume(connection, principal, frame);
    else if (frame.type === "create_room") this.#createRoom(connection, principal, frame, data);
  }

  #createRoom(connection: Connection, principal: Principal, frame: CreateRoomFrame, data: Uint8Array | string): void {
    if ((connection.rooms?.size ?? 0) >= ROOMS_PER_CONNECTION_MAX)
      return connection.reject({ code: "too_many_rooms" }, frame.ref);
    const key = frame.clientId ?? `${connection.id}:${connection.frames}`;
    const participants = frame.participants ?? [];
    const wanted = { participants, ...(frame.roomType !== undefined && { type: frame.roomType }) };
    const room = frame.roomId ?? newRoomId(principal.tenant, principal.userId, wanted, key);
    this.#forward(connection, this.#shardOfRoom(principal, room), room, data);
  }

  #forward(connection: Connection, shard: number, room: RoomId | undefined, data: Uint8Array | string): void {
    const outlet = this.#outlet(shard);
    if ((connection.introduced & (1 << shard)) === 0) this.#introduce(connection, shard, false);
    outlet.writer.frame(connection.no, connection.frames, room, data);
    if (outlet.isFull) {
      this.#behind.add(connection);
      connection.pause(PAUSE.shard);
    }
    this.#flushSoon();
  }

  #introduceHome(connection: Connection, principal: Principal): void {
    this.#introduce(connection, this.#homeShard(principal), true);
    this.#flushSoon();
  }

  #introduce(connection: Connection, shard: number, home: boolean, rooms?: readonly RoomId[]): void {
    const { no, id, principal, codec, greeted } = connection;
    if (principal === undefined) return;
    connection.introduced |= 1 << shard;
    const info = { connectionId: id, principal, codec: codec.id as CodecId, home, greeted };
    this.#outlet(shard).writer.open(no, rooms === undefined ? info : { ...info, rooms });
  }

  // ---------------------------------------------------------------------------------------------- admission

  #hold(connection: Connection, data: Uint8Array | string): void {
    connection.held ??= [];
    // Bun reuses the buffer of a message once its handler has returned.
    connection.held.push(typeof data === "string" ? data : data.slice());
    if (connection.held.length >= HELD_FRAMES_MAX) connection.pause(PAUSE.held);
  }

  greeted(connection: Connection): void {
    connection.greeted = true;
    const { held, authRef } = connection;
    connection.held = undefined;
    if (authRef !== undefined) this.#sendLater(connection, { type: "ack", ref: authRef });
    if (held !== undefined) for (const data of held) this.received(connection, data);
    connection.resume(PAUSE.held);
  }

  /** false: too fast; it was told. */
  #admit(connection: Connection, data: Uint8Array | string): boolean {
    const now = this.#ports.clock.monotonicMs();
    connection.bucket ??= new TokenBucket(this.#ports.rate, now);
    const retryAfterMs = connection.bucket.take(now);
    if (retryAfterMs === 0) return true;
    const header = connection.codec.peek(data);
    connection.reject({ code: "rate_limited", retryAfterMs }, header.ok ? header.value.ref : header.error.ref);
    // What was read already is refused; the rest stays in the client's own buffers until there is room again.
    connection.pause(PAUSE.rate);
    this.#ports.clock.after(retryAfterMs, () => connection.resume(PAUSE.rate));
    return false;
  }

  #unreadable(connection: Connection, rejection: Rejection, ref: Ref | undefined): void {
    connection.reject(rejection, ref);
    connection.unreadableFrames += 1;
    if (connection.unreadableFrames > UNREADABLE_FRAMES_MAX) connection.dismiss("invalid_frames");
  }

  #resumeBehind(): void {
    if (this.#behind.size === 0 || this.#outlets.some((outlet) => outlet.isFull)) return;
    const behind = [...this.#behind];
    this.#behind.clear();
    for (const connection of behind) connection.resume(PAUSE.shard);
  }

  // ---------------------------------------------------------------------------------------------- resume

  /** Asks each shard for its part; the answer goes out when the last part is there, after all that was replayed. */
  #resume(connection: Connection, principal: Principal, frame: ResumeFrame): void {
    const wishes = Object.entries(frame.rooms) as [RoomId, number][];
    if (this.#roomsWith(connection, principal, wishes) > ROOMS_PER_CONNECTION_MAX) {
      return connection.reject({ code: "too_many_rooms" }, frame.ref);
    }
    const parts = new Map<number, [RoomId, number][]>();
    for (const wish of wishes) {
      const shard = this.#shardOfRoom(principal, wish[0]);
      const part = parts.get(shard);
      if (part === undefined) parts.set(shard, [wish]);
      else part.push(wish);
    }
    const replayBytesMax = Math.floor(REPLAY_BYTES_MAX / Math.max(1, parts.size));
    const positions: RoomPosition[] = [];
    let waiting = parts.size;
    const answer = (): void => {
      this.#sendLater(connection, {
        type: "resumed",
        ...(frame.ref !== undefined && { ref: frame.ref }),
        rooms: positions,
      });
    };
    if (waiting === 0) return answer();
    for (const [shard, rooms] of parts) {
      if ((connection.introduced & (1 << shard)) === 0) this.#introduce(connection, shard, false);
      const part = { to: "connection", kind: "resume", connection: connection.no, rooms, replayBytesMax } as const;
      this.#call(shard, principal, part, (result) => {
        if (result.ok) positions.push(...(result.value as ResumeReply));
        else positions.push(...rooms.map(([room]) => unavailable(room, result.error)));
        waiting -= 1;
        if (waiting === 0) answer();
      });
    }
  }

  /** How many rooms the connection would listen to. */
  #roomsWith(connection: Connection, { tenant }: Principal, wishes: readonly (readonly [RoomId, number])[]): number {
    const { rooms } = connection;
    if (rooms === undefined) return wishes.length;
    let count = rooms.size;
    for (const [room] of wishes) {
      const known = this.rooms.get(`${tenant}/${room}`);
      if (known === undefined || !rooms.has(known)) count += 1;
    }
    return count;
  }

  // ---------------------------------------------------------------------------------------------- shards

  /** A worker listens for this shard. `fatalRecord`: what the one before it was handling when it was lost. */
  shardUp(shard: number, post: (block: Uint8Array<ArrayBuffer>) => void, fatalRecord = 0): void {
    this.#egress[shard]?.reset();
    this.#outlet(shard).up(post, fatalRecord, () => this.#introduceAll(shard), {
      frame: (no, frameNo, room, data, verdict) => {
        const connection = this.connections.get(no);
        if (connection === undefined) return;
        if (verdict === "repeat") return this.#outlet(shard).writer.frame(no, frameNo, room, data);
        const header = connection.codec.peek(data);
        connection.reject(NOT_REPEATED[verdict], header.ok ? header.value.ref : undefined);
      },
      call: (callNo, principal, call, verdict) => {
        if (verdict !== "repeat") this.#calls.reply(callNo, err(NOT_REPEATED[verdict]));
        // Who asked was told already that there is no answer.
        else if (this.#calls.isOpen(callNo)) this.#outlet(shard).writer.call(callNo, principal, call);
      },
    });
    this.#resumeBehind();
  }

  shardDown(shard: number): void {
    this.#outlet(shard).down();
    this.#departures.shardDown(shard, this.#ports.clock.monotonicMs());
  }

  isShardUp(shard: number): boolean {
    return this.#outlet(shard).isUp;
  }

  /** Frames and calls that wait for a shard's answer. */
  get pending(): number {
    return this.#outlets.reduce((sum, outlet) => sum + outlet.pending, 0);
  }

  receiveBlock(shard: number, block: Uint8Array): void {
    const egress = this.#egress[shard] as Egress;
    readToEdge(block, egress);
    egress.finish();
  }

  progressed(shard: number, record: number): void {
    this.#outlet(shard).progress(record);
    this.#resumeBehind();
  }

  completed(shard: number, record: number): void {
    this.#outlet(shard).done(record);
  }

  replied(callNo: number, result: Result<unknown, Rejection>): void {
    this.#calls.reply(callNo, result);
  }

  forward(shard: number, packed: Uint8Array): void {
    this.#outlet(shard).writer.actor(packed);
    this.#flushSoon();
  }

  /** What a new worker must know: the connections that its predecessor knew, and the rooms that they listen to. */
  #introduceAll(shard: number): void {
    for (const connection of this.connections.values()) {
      if ((connection.introduced & (1 << shard)) === 0 || connection.principal === undefined) continue;
      const home = this.#homeShard(connection.principal) === shard;
      this.#introduce(
        connection,
        shard,
        home,
        home ? [...(connection.rooms ?? [])].map((room) => room.room) : undefined,
      );
    }
    const departed = this.#departures.shardUp(shard, this.#ports.clock.monotonicMs());
    for (const [key, room] of this.rooms) {
      if (room.shard !== shard || room.connections.size === 0) continue;
      const connections = [...room.connections].map((connection) => connection.no);
      this.#outlet(shard).writer.attach({
        tenant: room.tenant,
        room: room.room,
        lastSeq: room.lastSeq,
        connections,
        departed: departed.get(key) ?? [],
      });
    }
  }

  #flushSoon(): void {
    this.#gathered += 1;
    if (this.#flushDue) return;
    this.#flushDue = true;
    const { delayMs } = this.#tick;
    if (delayMs === 0) this.#ports.defer(this.#flush);
    else this.#ports.clock.after(delayMs, this.#flush);
  }

  readonly #flush = (): void => {
    this.#flushDue = false;
    this.#tick.handedOver(this.#gathered, this.#ports.clock.monotonicMs());
    this.#gathered = 0;
    for (const outlet of this.#outlets) outlet.flush();
  };

  #outlet(shard: number): ShardOutlet {
    return this.#outlets[shard] as ShardOutlet;
  }

  #shardOfRoom(principal: Principal, room: RoomId): number {
    return shardOf(roomAddress(principal.tenant, room), this.#ports.shards);
  }

  #homeShard(principal: Principal): number {
    return shardOf(userAddress(principal.tenant, principal.userId), this.#ports.shards);
  }

  #shardOfUser(principal: Principal, call: Extract<Call, { to: "user" }>): number {
    const user = call.kind === "get_presence" ? call.userId : principal.userId;
    return shardOf(userAddress(principal.tenant, user), this.#ports.shards);
  }

  /** Within a block, or right after this turn. */
  #sendLater(connection: Connection, frame: ServerFrame): void {
    connection.write(frame);
    this.#ports.defer(() => connection.flush());
  }

  #sweep(): void {
    this.#sweepTimer = this.#ports.clock.after(SWEEP_MS, () => this.#sweep());
    const monotonicMs = this.#ports.clock.monotonicMs();
    this.#calls.expire(monotonicMs);
    this.#departures.forget(monotonicMs);
    this.#identity.sweep(this.connections.values());
  }

  stop(): void {
    this.#sweepTimer.cancel();
  }
}

const NOT_REPEATED = {
  fatal: { code: "internal" },
  // One of those that were under way each time breaks its shard. Whoever asks again has a share in finding out which.
  suspect: { code: "unavailable", retryAfterMs: 1_000 },
} as const satisfies Record<string, Rejection>;

function unavailable(roomId: RoomId, rejection: Rejection): RoomPosition {
  return { roomId, head: 0, typing: [], present: [], error: rejection.code };
}
