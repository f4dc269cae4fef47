/**
 * The heart of the edge: connections on one side, shards on the other. Routes frames by their header without reading the
 * rest, answers what needs no room, and repeats to a restarted shard what its former worker left undone.
 * It knows neither Bun nor threads: sockets and links are ports, so the simulation runs this same class.
 */
import type { Call, ReplyOf } from "../actors/calls.ts";
import type { LinkCall, Profile, ResumeReply, ResumeWishes } from "../actors/link.ts";
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
import { err, ok, type Result } from "../base/result.ts";
import type { NodeId } from "../cluster/membership.ts";
import type { View } from "../cluster/placement.ts";
import type { Principal } from "../domain/principal.ts";
import type { Codec } from "../protocol/codec.ts";
import type { CloseReason, Rejection } from "../protocol/errors.ts";
import type { ClientFrame, CreateRoomFrame, Ref, ResumeFrame, RoomPosition, ServerFrame } from "../protocol/frames.ts";
import type { Auth } from "./auth.ts";
import { CallsTable } from "./calls-table.ts";
import { Connection, type ConnectionOwner, PAUSE } from "./connection.ts";
import type { Census } from "./census.ts";
import type { EdgeRoom } from "./edge-room.ts";
import { Identity } from "./identity.ts";
import { Links, type LinksOwner, type RemoteShards } from "./links.ts";
import { newRoomId } from "./mutations.ts";
import type { Broadcaster, Engine } from "./ports.ts";
import { type Rate, TokenBucket } from "./rate-limit.ts";
import type { ShardTarget } from "./shard-target.ts";
import type { Arrival } from "./socket-plugin.ts";
import { Tick } from "./tick.ts";

export interface GatewayPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly codecs: readonly Codec[];
  readonly auth: Pick<Auth, "verifyToken">;
  readonly broadcaster: Broadcaster;
  readonly shards: number;
  /** Shards of other nodes, when there are any. */
  readonly remote?: RemoteShards;
  /** Keeps the directory of connections. */
  readonly census?: Pick<Census, "opened" | "closed" | "chose">;
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

export class Gateway implements Engine, ConnectionOwner, LinksOwner {
  readonly connections = new Map<number, Connection>();
  readonly rooms = new Map<string, EdgeRoom>();
  readonly broadcaster: Broadcaster;
  readonly #ports: GatewayPorts;
  readonly #links: Links;
  readonly #calls = new CallsTable();
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
    this.#links = new Links({
      owner: this,
      clock: ports.clock,
      shards: ports.shards,
      presenceGraceMs: ports.presenceGraceMs ?? PRESENCE_GRACE_MS_DEFAULT,
      remote: ports.remote,
    });
    this.#identity = new Identity({
      auth: ports.auth,
      clock: ports.clock,
      admitted: (connection, principal) => this.#introduceHome(connection, principal),
    });
    this.#sweepTimer = ports.clock.after(SWEEP_MS, () => this.#sweep());
  }

  // ---------------------------------------------------------------------------------------------- HTTP

  call<C extends Call>(principal: Principal, call: C): Promise<Result<ReplyOf<C>, Rejection>> {
    if ((call.kind === "set_presence" || call.kind === "update_profile") && call.status !== undefined)
      this.#ports.census?.chose(principal.tenant, principal.userId, call.status);
    return new Promise((resolve) => {
      this.#call(this.#targetOf(principal, call), principal, call, (result) =>
        resolve(result as Result<ReplyOf<C>, Rejection>),
      );
    });
  }

  /** Every shard of this node finishes what it has; resolves when all have, or after `timeoutMs`. */
  async drain(by: Principal, timeoutMs: number): Promise<void> {
    const shards = this.#links.routes.own.map(
      (target) =>
        new Promise<void>((resolve) =>
          this.#call(target, by, { to: "shard", kind: "drain" }, () => resolve(), timeoutMs),
        ),
    );
    await Promise.all(shards);
  }

  #call(
    target: ShardTarget,
    by: Principal,
    call: LinkCall,
    answer: (result: Result<unknown, Rejection>) => void,
    timeoutMs?: number,
  ): void {
    // Frames wait in their sockets when a shard is behind; a call has nowhere to wait. The last one of all is let through.
    if (call.to !== "shard" && target.outlet.isFull) {
      return answer(err({ code: "overloaded", retryAfterMs: OVERLOADED_RETRY_MS }));
    }
    const callNo = this.#calls.open(this.#ports.clock.monotonicMs(), answer, timeoutMs);
    target.outlet.writer.call(callNo, by, call);
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
    connection.openedAtMs = this.#ports.clock.wallMs();
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
    if (connection.rooms !== undefined) for (const room of connection.rooms) room.connections.delete(connection);
    this.#links.closed(connection, clean);
    this.#ports.census?.closed(connection);
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
      case "set_presence":
      case "block_user":
        this.#whole(connection, principal, data);
        return;
      default:
        if (roomId === undefined) return connection.reject({ code: "missing_field", field: "roomId" }, ref);
        if (type === "join_room" && (connection.rooms?.size ?? 0) >= ROOMS_PER_CONNECTION_MAX) {
          return connection.reject({ code: "too_many_rooms" }, ref);
        }
        this.#forward(connection, this.#links.routes.room(principal.tenant, roomId), undefined, data);
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
    else if (frame.type === "block_user") this.#forward(connection, this.#home(principal), undefined, data);
    else if (frame.type === "set_presence") {
      if (frame.auto !== true) this.#ports.census?.chose(principal.tenant, principal.userId, frame.status);
      this.#forward(connection, this.#home(principal), undefined, data);
    }
  }

  #createRoom(connection: Connection, principal: Principal, frame: CreateRoomFrame, data: Uint8Array | string): void {
    if ((connection.rooms?.size ?? 0) >= ROOMS_PER_CONNECTION_MAX)
      return connection.reject({ code: "too_many_rooms" }, frame.ref);
    const key = frame.clientId ?? `${connection.id}:${connection.frames}`;
    const participants = frame.participants ?? [];
    const { roomId, roomType: type } = frame;
    const made = newRoomId(principal.tenant, principal.userId, { participants, roomId, type }, key);
    if (!made.ok) return connection.reject(made.error, frame.ref);
    const room = made.value;
    this.#forward(connection, this.#links.routes.room(principal.tenant, room), room, data);
  }

  #forward(
    connection: Connection,
    target: ShardTarget,
    room: RoomId | undefined,
    data: Uint8Array | string,
    frameNo = connection.frames,
  ): void {
    this.#links.ensureKnown(target, connection);
    target.outlet.writer.frame(connection.no, frameNo, room, data);
    if (target.outlet.isFull) {
      this.#behind.add(connection);
      connection.pause(PAUSE.shard);
    }
    this.#flushSoon();
  }

  #introduceHome(connection: Connection, principal: Principal): void {
    this.#ports.census?.opened(connection);
    this.#links.introduceHome(connection, principal);
    this.#flushSoon();
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
    if (this.#behind.size === 0 || this.#links.isAnyFull) return;
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
    this.#askPositions(connection, principal, wishes, REPLAY_BYTES_MAX, (positions) => {
      this.#sendLater(connection, {
        type: "resumed",
        ...(frame.ref !== undefined && { ref: frame.ref }),
        rooms: positions,
      });
    });
  }

  #askPositions(
    connection: Connection,
    principal: Principal,
    wishes: ResumeWishes,
    bytesMax: number,
    answer: (positions: RoomPosition[]) => void,
  ): void {
    const parts = new Map<ShardTarget, (readonly [RoomId, number])[]>();
    for (const wish of wishes) {
      const target = this.#links.routes.room(principal.tenant, wish[0]);
      const part = parts.get(target);
      if (part === undefined) parts.set(target, [wish]);
      else part.push(wish);
    }
    const replayBytesMax = Math.floor(bytesMax / Math.max(1, parts.size));
    const positions: RoomPosition[] = [];
    let waiting = parts.size;
    if (waiting === 0) return answer(positions);
    for (const [target, rooms] of parts) {
      this.#links.ensureKnown(target, connection);
      const part = { to: "connection", kind: "resume", connection: connection.no, rooms, replayBytesMax } as const;
      this.#call(target, principal, part, (result) => {
        if (result.ok) positions.push(...(result.value as ResumeReply));
        else positions.push(...rooms.map(([room]) => unavailable(room, result.error)));
        waiting -= 1;
        if (waiting === 0) answer(positions);
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
    this.#links.shardUp(shard, post, fatalRecord);
    this.#resumeBehind();
  }

  shardDown(shard: number): void {
    this.#links.shardDown(shard);
  }

  isShardUp(shard: number): boolean {
    return this.#links.isShardUp(shard);
  }

  receiveBlock(shard: number, block: Uint8Array): void {
    this.#links.receiveBlock(shard, block);
  }

  receivePeerBlock(node: NodeId, shard: number, generation: number, no: number, block: Uint8Array): void {
    this.#links.receivePeerBlock(node, shard, generation, no, block);
  }

  peerShardUp(node: NodeId, shard: number, generation: number, fatalRecord: number, explained: boolean): void {
    this.#links.peerShardUp(node, shard, generation, fatalRecord, explained);
    this.#resumeBehind();
  }

  /** Something was lost between this node and that one. */
  linkBroken(node: NodeId): void {
    this.#links.linkBroken(node);
    this.#resumeBehind();
  }

  /** Rooms and people may be elsewhere now. */
  setView(view: View): void {
    this.#links.setView(view);
    this.#resumeBehind();
  }

  /** Frames and calls that wait for a shard's answer. */
  get pending(): number {
    return this.#links.pending;
  }

  progressed(target: ShardTarget, record: number): void {
    target.outlet.progress(record);
    this.#resumeBehind();
  }

  completed(target: ShardTarget, record: number): void {
    target.outlet.done(record);
  }

  replied(callNo: number, result: Result<unknown, Rejection>): void {
    this.#calls.reply(callNo, result);
  }

  named(connection: Connection, profile: Profile): void {
    if (connection.principal === undefined) return;
    const { name: _name, avatar: _avatar, ...rest } = connection.principal;
    connection.principal = { ...rest, ...profile };
    this.#links.introduceAgain(connection);
    this.#flushSoon();
  }

  forward(hash: number, packed: Uint8Array): void {
    this.#links.routes.ofHash(hash).outlet.writer.actor(packed);
    this.#flushSoon();
  }

  heads(block: Uint8Array): void {
    this.#ports.remote?.heads(block);
  }

  repeatFrame(connection: Connection, frameNo: number, room: RoomId | undefined, data: Uint8Array): void {
    const { principal } = connection;
    if (principal === undefined) return;
    const header = connection.codec.peek(data);
    const roomId = room ?? (header.ok ? header.value.roomId : undefined);
    const target = roomId === undefined ? this.#home(principal) : this.#links.routes.room(principal.tenant, roomId);
    this.#forward(connection, target, room, data, frameNo);
  }

  repeatCall(target: ShardTarget, callNo: number, principal: Principal, call: LinkCall): void {
    // Who asked was told already that there is no answer.
    if (!this.#calls.isOpen(callNo)) return;
    if (call.to === "shard") target.outlet.writer.call(callNo, principal, call);
    else if (call.to !== "connection") this.#targetOf(principal, call).outlet.writer.call(callNo, principal, call);
    else {
      const connection = this.connections.get(call.connection);
      if (connection === undefined) return;
      this.#askPositions(connection, principal, call.rooms, call.replayBytesMax, (positions) =>
        this.#calls.reply(callNo, ok(positions)),
      );
    }
    this.#flushSoon();
  }

  refuseFrame(connection: Connection, data: Uint8Array, verdict: keyof typeof NOT_REPEATED): void {
    const header = connection.codec.peek(data);
    connection.reject(NOT_REPEATED[verdict], header.ok ? header.value.ref : undefined);
  }

  refuseCall(callNo: number, verdict: keyof typeof NOT_REPEATED): void {
    this.#calls.reply(callNo, err(NOT_REPEATED[verdict]));
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
    this.#links.flush();
  };

  #home({ tenant, userId }: Principal): ShardTarget {
    return this.#links.routes.user(tenant, userId);
  }

  #targetOf(principal: Principal, call: Call): ShardTarget {
    const { routes } = this.#links;
    if (call.to === "room") return routes.room(principal.tenant, call.room);
    return routes.user(principal.tenant, call.kind === "get_presence" ? call.userId : principal.userId);
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
    this.#links.forget(monotonicMs);
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
