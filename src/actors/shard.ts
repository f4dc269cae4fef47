/**
 * One shard: hosts the room and user actors whose addresses hash to it, behind one link per edge.
 * Production and simulation construct this same class; only the ports differ.
 * Invariant: one activation per address; what one run of turns sends leaves as one block, and what it writes is one group commit.
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { RoomId, TenantId } from "../base/ids.ts";
import { ACTIVATIONS_MAX, REQUEST_ATTEMPTS_MAX, ROOM_IDLE_MS_MAX, USER_IDLE_MS_MAX } from "../base/limits.ts";
import type { Random } from "../base/prng.ts";
import type { Principal } from "../domain/principal.ts";
import type { Codec } from "../protocol/codec.ts";
import { errorFrame } from "../protocol/error-frame.ts";
import type { RoomPosition } from "../protocol/frames.ts";
import type { Journal } from "../storage/journal.ts";
import type { Projections } from "../storage/projections.ts";
import {
  type Address,
  addressKey,
  type RoomAddress,
  roomAddress,
  shardOf,
  type UserAddress,
  userAddress,
} from "./address.ts";
import { answerRejection } from "./answers.ts";
import { ConnectionTable } from "./connections.ts";
import { requestOfCall, requestOfFrame, roomRequest } from "./frame-requests.ts";
import {
  type Attachment,
  type ConnectionInfo,
  type ConnectionNo,
  type LinkCall,
  readToShard,
  type ToShardHandler,
  ToEdgeWriter,
} from "./link.ts";
import type { ActorMessage } from "./messages.ts";
import { Progress } from "./progress.ts";
import type { Request, RoomRequest } from "./request.ts";
import { RoomActor, type RoomMessage } from "./room-actor.ts";
import { RoomTable } from "./room-table.ts";
import { Scheduler } from "./scheduler.ts";
import type { Report, ShardEnv, ShardSettings } from "./shard-env.ts";
import { WORKING_NONE, WORKING_STORE } from "./working-mark.ts";
import { UserActor } from "./user-actor.ts";

export interface ShardPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly journal: Journal;
  readonly projections: Projections;
  readonly codecs: readonly Codec[];
  readonly settings: ShardSettings;
  /** Runs soon, when what has arrived in this turn of the event loop has been taken in: it shares one commit. */
  readonly defer: (run: () => void) => void;
  /** To the edge. */
  readonly send: (block: Uint8Array<ArrayBuffer>) => void;
  readonly report: Report;
  /** Notes what is being handled where it survives this thread. */
  readonly working: (record: number) => void;
  /** This shard's number and how many there are. */
  readonly shard: number;
  readonly shards: number;
}

/** How often idle actors are looked for, milliseconds. */
const SWEEP_MS = 5_000;
/** How often a draining shard looks whether it is done, milliseconds. */
const DRAIN_POLL_MS = 10;

export class Shard implements ToShardHandler {
  readonly #ports: ShardPorts;
  readonly #env: ShardEnv;
  readonly #out = new ToEdgeWriter();
  readonly #connections: ConnectionTable;
  readonly #scheduler: Scheduler;
  readonly #progress = new Progress();
  readonly #rooms = new RoomTable();
  /** Monotonic time of the present block. */
  #nowMs = 0;
  readonly #users = new Map<string, UserActor>();
  #nextRecord = 1;
  #lastTopic = 0;
  #sweepTimer: Timer;
  #stopped = false;

  constructor(ports: ShardPorts, makeRoom: (env: ShardEnv, address: RoomAddress) => RoomActor = newRoom) {
    this.#ports = ports;
    this.#makeRoom = makeRoom;
    this.#connections = new ConnectionTable(ports.codecs, this.#out);
    this.#scheduler = new Scheduler(ports.defer, () => this.#settle());
    this.#env = {
      clock: ports.clock,
      random: ports.random,
      journal: ports.journal,
      projections: ports.projections,
      settings: ports.settings,
      codecs: ports.codecs,
      out: this.#out,
      scheduler: this.#scheduler,
      connections: this.#connections,
      report: ports.report,
      queued: { bytes: 0 },
      working: ports.working,
      newTopic: () => {
        this.#lastTopic += 1;
        return this.#lastTopic;
      },
      tell: (to, message) => this.#tell(to, message),
      complete: (request) => this.#complete(request),
      restart: (room, unanswered, first) => this.#restart(room, unanswered, first),
    };
    this.#sweepTimer = ports.clock.after(SWEEP_MS, () => this.#sweep());
  }

  readonly #makeRoom: (env: ShardEnv, address: RoomAddress) => RoomActor;

  get activations(): number {
    return this.#rooms.size + this.#users.size;
  }

  /** One block from the edge: its records in order. The turns follow when all blocks that are there have been taken in. */
  receive(block: Uint8Array): void {
    if (this.#stopped) return;
    this.#nowMs = this.#ports.clock.monotonicMs();
    this.#nextRecord = readToShard(block, this.#nextRecord, this);
    // Taken in; what goes wrong before their turn is not their doing.
    this.#ports.working(WORKING_NONE);
    this.#scheduler.wakeSettle();
  }

  /** After a loss without a known cause: one message per turn of the event loop, until this is called with `undefined`. */
  beCareful(nextTask: ((run: () => void) => void) | undefined): void {
    this.#scheduler.beCareful(nextTask);
  }

  /** Ends all actors at once, as a crash would: nothing is answered any more. For the simulation and for exit. */
  stop(): void {
    this.#stopped = true;
    this.#sweepTimer.cancel();
    for (const room of this.#rooms.values()) room.stop();
    for (const user of this.#users.values()) user.stop();
  }

  // ---------------------------------------------------------------------------------------------- records

  frame(record: number, no: ConnectionNo, frameNo: number, room: RoomId | undefined, data: Uint8Array): void {
    const connection = this.#connections.get(no);
    if (connection === undefined) {
      this.#finish(record);
      return;
    }
    this.#env.working(record);
    const decoded = connection.codec.decode(data);
    if (!decoded.ok) {
      this.#connections.send(connection, errorFrame(decoded.error, decoded.error.ref, undefined));
      this.#finish(record);
      return;
    }
    const request = requestOfFrame(record, connection, frameNo, room, decoded.value);
    if (request === undefined) this.#finish(record);
    else this.#deliver(request);
  }

  open(record: number, no: ConnectionNo, info: ConnectionInfo): void {
    this.#finish(record);
    const connection = this.#connections.open(no, info);
    if (info.home)
      this.#user(userAddress(info.principal.tenant, info.principal.userId)).deliver({ to: "opened", connection });
  }

  close(record: number, no: ConnectionNo, clean: boolean): void {
    this.#finish(record);
    const connection = this.#connections.close(no);
    if (connection?.info.home !== true) return;
    const { tenant, userId } = connection.info.principal;
    this.#user(userAddress(tenant, userId)).deliver({ to: "closed", connection, clean });
  }

  call(record: number, callNo: number, by: Principal, call: LinkCall): void {
    if (call.to === "connection") this.#resume(record, callNo, by, call);
    else if (call.to === "shard") this.#drain(record, callNo);
    else this.#deliver(requestOfCall(record, callNo, by, call));
  }

  actor(record: number, to: Address, message: ActorMessage): void {
    this.#finish(record);
    this.#hand(to, message);
  }

  attach(record: number, attachment: Attachment): void {
    this.#finish(record);
    this.#room({ kind: "room", tenant: attachment.tenant, id: attachment.room }).deliver({ to: "attach", attachment });
  }

  #finish(record: number): void {
    this.#progress.complete(record);
  }

  // ---------------------------------------------------------------------------------------------- requests

  #deliver(request: Request): void {
    const { tenant } = request.by;
    const accepted =
      request.to === "room"
        ? this.#activeRoom(tenant, request)
        : this.#user(userAddress(tenant, request.user)).deliver(request);
    if (!accepted) answerRejection(this.#env, request, { code: "overloaded", retryAfterMs: 500 });
  }

  #activeRoom(tenant: TenantId, request: RoomRequest): boolean {
    const active = this.#rooms.get(tenant, request.room);
    if (active === undefined && this.activations >= ACTIVATIONS_MAX) return false;
    const room = active ?? this.#activate(roomAddress(tenant, request.room));
    room.lastUsedMs = this.#nowMs;
    return room.deliver(request);
  }

  #room(address: RoomAddress): RoomActor {
    return this.#rooms.get(address.tenant, address.id) ?? this.#activate(address);
  }

  #activate(address: RoomAddress): RoomActor {
    const room = this.#makeRoom(this.#env, address);
    room.lastUsedMs = this.#ports.clock.monotonicMs();
    this.#rooms.set(address.tenant, address.id, room);
    return room;
  }

  #user(address: UserAddress): UserActor {
    const key = addressKey(address);
    let user = this.#users.get(key);
    if (user === undefined || user.stopped) {
      user = new UserActor(this.#env, address.tenant, address.id);
      this.#users.set(key, user);
    }
    user.lastUsedMs = this.#ports.clock.monotonicMs();
    return user;
  }

  #complete(request: Request): void {
    if (request.completed) return;
    request.completed = true;
    if (request.record > 0) this.#finish(request.record);
  }

  #restart(room: RoomActor, unanswered: readonly RoomRequest[], first: readonly RoomMessage[]): void {
    const address = { kind: "room", tenant: room.tenant, id: room.room } as const;
    if (this.#rooms.get(room.tenant, room.room) === room) this.#rooms.delete(room.tenant, room.room);
    const again: RoomRequest[] = [];
    for (const request of unanswered) {
      request.attempts += 1;
      if (request.attempts < REQUEST_ATTEMPTS_MAX) again.push(request);
      else answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: 1_000 });
    }
    if (again.length === 0 && first.length === 0) return;
    const next = this.#room(address);
    for (const message of first) next.deliver(message);
    for (const request of again) {
      if (!next.deliver(request)) answerRejection(this.#env, request, { code: "overloaded", retryAfterMs: 500 });
    }
  }

  /** One connection's rooms of this shard: each replays, the last one sends the positions. */
  #resume(record: number, callNo: number, by: Principal, call: Extract<LinkCall, { readonly to: "connection" }>): void {
    const connection = this.#connections.get(call.connection);
    const wanted = call.rooms;
    const positions: RoomPosition[] = [];
    const done = (): void => {
      this.#out.reply(callNo, { ok: true, value: positions });
      this.#finish(record);
    };
    if (connection === undefined || wanted.length === 0) return done();
    connection.replayBytesMax = call.replayBytesMax;
    const gather = {
      connection,
      add: (position: RoomPosition) => {
        positions.push(position);
        if (positions.length === wanted.length) done();
      },
    };
    for (const [room, lastSeq] of wanted) {
      const sequel = { kind: "resume", lastSeq, gather } as const;
      this.#deliver(
        roomRequest(0, { kind: "frame", connection, ref: undefined }, by, room, { kind: "check_read", by }, sequel),
      );
    }
  }

  // ---------------------------------------------------------------------------------------------- actors

  #tell(to: Address, message: ActorMessage): void {
    const shard = shardOf(to, this.#ports.shards);
    if (shard === this.#ports.shard) this.#hand(to, message);
    else this.#out.actor(shard, to, message);
  }

  /** Messages between actors are for those that are active: nobody is woken to be told that somebody types. */
  #hand(to: Address, message: ActorMessage): void {
    if (to.kind === "room") this.#rooms.get(to.tenant, to.id)?.deliver({ to: "actor", message });
    else this.#users.get(addressKey(to))?.deliver({ to: "actor", message });
  }

  #sweep(): void {
    this.#sweepTimer = this.#ports.clock.after(SWEEP_MS, () => this.#sweep());
    const now = this.#ports.clock.monotonicMs();
    for (const room of [...this.#rooms.values()]) {
      if (!room.isIdle) continue;
      // A name that is no room is not worth keeping; a real one stays for a while.
      if (now - room.lastUsedMs < (room.facts === undefined ? SWEEP_MS : ROOM_IDLE_MS_MAX)) continue;
      room.passivate();
      this.#rooms.delete(room.tenant, room.room);
    }
    for (const [key, user] of this.#users) {
      if (!user.isIdle || now - user.lastUsedMs < USER_IDLE_MS_MAX) continue;
      user.stop();
      this.#users.delete(key);
    }
    this.#scheduler.wakeSettle();
  }

  /** Before the process ends: answers once every room is idle and has left what it collected. */
  #drain(record: number, callNo: number): void {
    for (const room of this.#rooms.values()) room.marks.flushSent();
    const poll = (): void => {
      if ([...this.#rooms.values()].every((room) => room.isSettled)) {
        for (const room of this.#rooms.values()) room.passivate();
        this.#out.reply(callNo, { ok: true, value: true });
        this.#finish(record);
      } else {
        this.#ports.clock.after(DRAIN_POLL_MS, poll);
      }
      this.#scheduler.wakeSettle();
    };
    poll();
  }

  /** Answers leave before the next group is written: they rest on the one before. */
  #settle(): void {
    this.#out.progress(this.#progress.low);
    for (const record of this.#progress.takeAbove()) this.#out.done(record);
    if (!this.#out.isEmpty && !this.#stopped) this.#ports.send(this.#out.take());
    // Waiting for the disk is no sign of being stuck.
    this.#ports.working(WORKING_STORE);
    this.#ports.journal.flush();
    this.#ports.working(WORKING_NONE);
  }
}

function newRoom(env: ShardEnv, address: RoomAddress): RoomActor {
  return new RoomActor(env, address.tenant, address.id);
}
