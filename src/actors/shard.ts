/**
 * One shard: hosts the room and user actors whose addresses hash to it, behind one link per edge that has to do with them.
 * Production and simulation construct this same class; only the ports differ.
 * Invariant: one activation per address; what one run of turns sends leaves as one block, and what it writes is one group commit.
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { RoomId, TenantId, UserId } from "../base/ids.ts";
import { ACTIVATIONS_MAX, REQUEST_ATTEMPTS_MAX, ROOM_IDLE_MS_MAX, USER_IDLE_MS_MAX } from "../base/limits.ts";
import type { Random } from "../base/prng.ts";
import type { NodeId } from "../cluster/membership.ts";
import type { View } from "../cluster/placement.ts";
import type { ModerationHook } from "../domain/moderation/hook.ts";
import type { Principal } from "../domain/principal.ts";
import type { Codec } from "../protocol/codec.ts";
import { errorFrame } from "../protocol/error-frame.ts";
import type { RoomPosition } from "../protocol/frames.ts";
import type { Journal } from "../storage/journal.ts";
import type { Projections } from "../storage/projections.ts";
import {
  type Address,
  addressHash,
  type RoomAddress,
  roomAddress,
  shardOf,
  type UserAddress,
  userAddress,
} from "./address.ts";
import type { Working } from "./actor.ts";
import { ActorTable } from "./actor-table.ts";
import { answerRejection } from "./answers.ts";
import { sendFrame, type ShardConnection } from "./connections.ts";
import { type EdgeLink, type LinkOwner, OWN_LINK } from "./edge-link.ts";
import { requestOfCall, requestOfFrame, roomRequest } from "./frame-requests.ts";
import { HeadBeacon } from "./head-beacon.ts";
import type { Attachment, ConnectionNo, LinkCall } from "./link.ts";
import type { ActorMessage } from "./messages.ts";
import { Ownership } from "./ownership.ts";
import type { Request, RoomRequest } from "./request.ts";
import { RoomActor, type RoomMessage } from "./room-actor.ts";
import { Scheduler } from "./scheduler.ts";
import { type PeerLink, ShardLinks } from "./shard-links.ts";
import type { Report, ShardEnv, ShardSettings } from "./shard-env.ts";
import { Retelling } from "./retelling.ts";
import { WORKING_NONE, WORKING_STORE } from "./working-mark.ts";
import { TenantModerations } from "./tenant-moderation.ts";
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
  /** To the edge at the other end of the link; 0: this node's own. */
  readonly send: (block: Uint8Array<ArrayBuffer>, link: number) => void;
  readonly report: Report;
  /** Judges messages before they are published, where tenants want it. */
  readonly hook?: ModerationHook;
  /** Notes what is being handled where it survives this thread. */
  readonly working: Working;
  /** This shard's number and how many there are. */
  readonly shard: number;
  readonly shards: number;
}

/** How often idle actors are looked for, milliseconds. */
const SWEEP_MS = 5_000;
/** A loss between two nodes is noticed within this time, milliseconds. */
const HEADS_LOST_MS_MAX = 10_000;
/** How often it looks whether rooms that are another node's now have done what was under way, milliseconds. */
const HAND_OVER_POLL_MS = 100;
/** How often a draining shard looks whether it is done, milliseconds. */
const DRAIN_POLL_MS = 10;

export class Shard implements LinkOwner {
  readonly #ports: ShardPorts;
  readonly #env: ShardEnv;
  readonly #links: ShardLinks;
  readonly #ownership = new Ownership();
  readonly #beacon: HeadBeacon;
  readonly #retelling: Retelling;
  readonly #scheduler: Scheduler;
  readonly #rooms = new ActorTable<RoomId, RoomActor>();
  /** Monotonic time of the present block. */
  #nowMs = 0;
  readonly #users = new ActorTable<UserId, UserActor>();
  #lapses = 0;
  /** Nodes that could be told of heads. */
  #reachable: ReadonlySet<NodeId> = new Set();
  /** Another node's now, and not idle yet. */
  readonly #leaving = new Set<RoomActor>();
  #handOverTimer: Timer | undefined;
  #sweepTimer: Timer;
  #stopped = false;

  constructor(ports: ShardPorts, makeRoom: (env: ShardEnv, address: RoomAddress) => RoomActor = newRoom) {
    this.#ports = ports;
    this.#makeRoom = makeRoom;
    this.#links = new ShardLinks(ports.codecs, this);
    this.#beacon = new HeadBeacon({
      clock: ports.clock,
      send: (block) => {
        this.#links.own.out.heads(block);
        this.#scheduler.wakeSettle();
      },
      isAlone: () => this.#ownership.isAlone,
      find: (tenant, room) => this.#rooms.get(tenant, room),
      outdated: (room) => this.#reread(room),
    });
    this.#retelling = new Retelling(ports.clock, (isMeant) => this.#tellAgain(isMeant));
    this.#scheduler = new Scheduler(ports.defer, () => this.#settle());
    this.#env = {
      clock: ports.clock,
      random: ports.random,
      journal: ports.journal,
      projections: ports.projections,
      settings: ports.settings,
      codecs: ports.codecs,
      scheduler: this.#scheduler,
      ownership: this.#ownership,
      report: ports.report,
      queued: { bytes: 0 },
      working: ports.working,
      tenants: new TenantModerations(ports.projections, () => ports.clock.wallMs()),
      hasHook: ports.hook !== undefined,
      consult: (question, done) => {
        if (ports.hook === undefined) done({ outcome: "publish" });
        else ports.hook.judge(question, done);
      },
      tell: (to, message) => this.#tell(to, message),
      complete: (request) => this.#complete(request),
      wrote: (room) => {
        if (this.#ownership.isAmongOthers) this.#beacon.wrote(room);
      },
      restart: (room, unanswered, first, failed) => this.#restart(room, unanswered, first, failed),
    };
    this.#sweepTimer = ports.clock.after(SWEEP_MS, () => this.#sweep());
  }

  readonly #makeRoom: (env: ShardEnv, address: RoomAddress) => RoomActor;

  get activations(): number {
    return this.#rooms.size + this.#users.size;
  }

  /** One block from the own edge: its records in order. The turns follow when all blocks that are there have been taken in. */
  receive(block: Uint8Array): void {
    this.#takeIn(() => this.#links.receiveOwn(block));
  }

  /** One block from the edge of another node. The first one of a new generation may be empty. */
  receivePeer(link: PeerLink, block: Uint8Array): void {
    this.#takeIn(() => this.#links.receivePeer(link, block));
  }

  /** The own edge's link begins anew: what it is sent from now on, and sends, is of the new one, and counted anew. */
  beginLink(): void {
    this.#links.beginOwn();
    this.#retelling.doubt();
  }

  /** Something got lost between this node and that one. */
  lost(node: NodeId): void {
    this.#retelling.doubt(node);
    this.#beacon.tellAgain(HEADS_LOST_MS_MAX);
  }

  /** Heads of rooms that another node wrote to. */
  heads(block: Uint8Array): void {
    this.#takeIn(() => this.#beacon.heard(block));
  }

  /** Who is there now, and so which rooms and people should be here. */
  setView(view: View): void {
    this.#takeIn(() => this.#applyView(view));
  }

  #takeIn(take: () => void): void {
    if (this.#stopped) return;
    this.#nowMs = this.#ports.clock.monotonicMs();
    take();
    // Taken in; what goes wrong before their turn is not their doing.
    this.#ports.working(WORKING_NONE, OWN_LINK);
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
    this.#handOverTimer?.cancel();
    this.#beacon.stop();
    this.#retelling.stop();
    for (const room of this.#rooms.values()) room.stop();
    for (const user of this.#users.values()) user.stop();
  }

  // ---------------------------------------------------------------------------------------------- records

  frame(
    link: EdgeLink,
    record: number,
    no: ConnectionNo,
    frameNo: number,
    room: RoomId | undefined,
    data: Uint8Array,
  ): void {
    const connection = link.connections.get(no);
    if (connection === undefined) {
      // Never so while the link is whole. Rather than wait for an answer that nobody gives, its client comes back.
      this.#env.report("connection_unknown", { link: link.no });
      link.out.close(no, "reconnect");
      link.finish(record);
      return;
    }
    this.#env.working(record, link.no);
    const decoded = connection.codec.decode(data);
    if (!decoded.ok) {
      sendFrame(connection, errorFrame(decoded.error, decoded.error.ref, undefined));
      link.finish(record);
      return;
    }
    const request = requestOfFrame(record, connection, frameNo, room, decoded.value);
    if (request === undefined) link.finish(record);
    else this.#deliver(request);
  }

  opened(connection: ShardConnection): void {
    const { info } = connection;
    if (info.home)
      this.#user(userAddress(info.principal.tenant, info.principal.userId)).deliver({ to: "opened", connection });
  }

  closed(connection: ShardConnection, clean: boolean): void {
    if (!connection.info.home) return;
    const { tenant, userId } = connection.info.principal;
    this.#users.get(tenant, userId)?.deliver({ to: "closed", connection, clean });
  }

  call(link: EdgeLink, record: number, callNo: number, by: Principal, call: LinkCall): void {
    if (call.to === "connection") this.#resume(link, record, callNo, by, call);
    else if (call.to === "shard") this.#drain(link, record, callNo);
    else this.#deliver(requestOfCall(link, record, callNo, by, call));
  }

  actor(to: Address, message: ActorMessage): void {
    this.#hand(to, message);
  }

  attach(link: EdgeLink, { tenant, room, lastSeq, connections, departed = [] }: Attachment): void {
    const known = connections.map((no) => link.connections.get(no)).filter((connection) => connection !== undefined);
    this.#room(roomAddress(tenant, room)).deliver({ to: "attach", link, connections: known, lastSeq, departed });
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
    let user = this.#users.get(address.tenant, address.id);
    if (user === undefined || user.stopped) {
      user = new UserActor(this.#env, address.tenant, address.id);
      this.#users.set(address.tenant, address.id, user);
    }
    user.lastUsedMs = this.#ports.clock.monotonicMs();
    return user;
  }

  #complete(request: Request): void {
    if (request.completed) return;
    request.completed = true;
    if (request.record > 0) request.link.finish(request.record);
  }

  #restart(room: RoomActor, unanswered: readonly RoomRequest[], first: readonly RoomMessage[], failed: boolean): void {
    const address = { kind: "room", tenant: room.tenant, id: room.room } as const;
    if (this.#rooms.get(room.tenant, room.room) === room) this.#rooms.delete(room.tenant, room.room);
    const again: RoomRequest[] = [];
    for (const request of unanswered) {
      if (failed) request.attempts += 1;
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
  #resume(
    link: EdgeLink,
    record: number,
    callNo: number,
    by: Principal,
    call: Extract<LinkCall, { readonly to: "connection" }>,
  ): void {
    const connection = link.connections.get(call.connection);
    const wanted = call.rooms;
    const positions: RoomPosition[] = [];
    const done = (): void => {
      link.reply(callNo, { ok: true, value: positions });
      link.finish(record);
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
        roomRequest(
          link,
          0,
          { kind: "frame", connection, ref: undefined },
          by,
          room,
          { kind: "check_read", by },
          sequel,
        ),
      );
    }
  }

  // ---------------------------------------------------------------------------------------------- actors

  #tell(to: Address, message: ActorMessage): void {
    if (this.#isHere(to)) this.#hand(to, message);
    else this.#links.own.out.actor(to, message);
  }

  #isHere(address: Address): boolean {
    const { shard, shards } = this.#ports;
    if (this.#ownership.isAlone) return shardOf(address, shards) === shard;
    const hash = addressHash(address);
    return hash % shards === shard && this.#ownership.isHere(hash);
  }

  /** Messages between actors are for those that are active: nobody is woken to be told that somebody types. */
  #hand(to: Address, message: ActorMessage): void {
    if (to.kind === "room") this.#rooms.get(to.tenant, to.id)?.deliver({ to: "actor", message });
    else this.#users.get(to.tenant, to.id)?.deliver({ to: "actor", message });
  }

  /** Who listens where, and how they wish to be seen. `isMeant`: of the address's owner. */
  #tellAgain(isMeant: (owner: NodeId | undefined) => boolean): void {
    const isTold = (address: Address): boolean => isMeant(this.#ownership.owner(addressHash(address)));
    for (const room of this.#rooms.values()) room.audience.tellAgain(isTold);
    for (const user of this.#users.values()) user.showAgain(isTold);
    this.#scheduler.wakeSettle();
  }

  #sweep(): void {
    this.#sweepTimer = this.#ports.clock.after(SWEEP_MS, () => this.#sweep());
    const now = this.#ports.clock.monotonicMs();
    for (const room of [...this.#rooms.values()]) {
      if (!room.isIdle) continue;
      // A name that is no room, or another node's, is not worth keeping; a real one stays for a while.
      const isKept = room.facts !== undefined && this.#ownership.isOwn(room.hash);
      if (now - room.lastUsedMs < (isKept ? ROOM_IDLE_MS_MAX : SWEEP_MS)) continue;
      room.passivate();
      this.#rooms.delete(room.tenant, room.room);
    }
    for (const user of this.#users.values()) {
      if (!user.isIdle || now - user.lastUsedMs < (user.isHere ? USER_IDLE_MS_MAX : SWEEP_MS)) continue;
      user.stop();
      this.#users.delete(user.tenant, user.userId);
    }
    this.#scheduler.wakeSettle();
  }

  /** Before the process ends: answers once every room is idle and has left what it collected. */
  #drain(link: EdgeLink, record: number, callNo: number): void {
    for (const room of this.#rooms.values()) room.marks.flushSent();
    const poll = (): void => {
      if ([...this.#rooms.values()].every((room) => room.isSettled)) {
        this.#beacon.tellNow();
        for (const room of this.#rooms.values()) room.passivate();
        link.reply(callNo, { ok: true, value: true });
        link.finish(record);
      } else {
        this.#ports.clock.after(DRAIN_POLL_MS, poll);
      }
      this.#scheduler.wakeSettle();
    };
    poll();
  }

  // ---------------------------------------------------------------------------------------------- views

  #applyView(view: View): void {
    const nodes = new Set<NodeId>(view.nodes.map(({ id }) => id));
    const before = this.#reachable;
    const unreachable = new Set(view.unreachable);
    this.#reachable = new Set([...nodes].filter((node) => !unreachable.has(node)));
    if ([...this.#reachable].some((node) => !before.has(node))) this.#beacon.tellAgain(Number.POSITIVE_INFINITY);
    this.#ownership.setView(view);
    this.#links.keepOnly(nodes);
    this.#retelling.doubt();
    const hasLapsed = view.lapses > this.#lapses;
    this.#lapses = view.lapses;
    for (const room of [...this.#rooms.values()]) {
      if (!room.fitsView() || hasLapsed) this.#reread(room);
      else if (!this.#ownership.isHere(room.hash)) this.#leave(room);
      else room.lookOnce();
    }
    this.#handOver();
  }

  /** What the room knows may be out of date. */
  #reread(room: RoomActor): void {
    if (!room.isIdle) return room.reread();
    room.stop();
    this.#rooms.delete(room.tenant, room.room);
  }

  #leave(room: RoomActor): void {
    if (this.#leaving.has(room)) return;
    this.#leaving.add(room);
    room.marks.flushSent();
  }

  /** Rooms that another node has now end here when what was under way is done and nobody listens any more. */
  #handOver(): void {
    this.#handOverTimer?.cancel();
    this.#handOverTimer = undefined;
    for (const room of this.#leaving) {
      if (room.stopped) {
        this.#leaving.delete(room);
      } else if (this.#ownership.isHere(room.hash)) {
        // Somebody else may have had it meanwhile.
        this.#leaving.delete(room);
        this.#reread(room);
      } else if (room.isIdle) {
        this.#leaving.delete(room);
        room.passivate();
        this.#rooms.delete(room.tenant, room.room);
      }
    }
    if (this.#leaving.size === 0) return;
    this.#handOverTimer = this.#ports.clock.after(HAND_OVER_POLL_MS, () => {
      this.#handOver();
      this.#scheduler.wakeSettle();
    });
  }

  /** Answers leave before the next group is written: they rest on the one before. */
  #settle(): void {
    if (!this.#stopped) this.#links.flush(this.#ports.send);
    // Waiting for the disk is no sign of being stuck.
    this.#ports.working(WORKING_STORE, OWN_LINK);
    this.#ports.journal.flush();
    this.#ports.working(WORKING_NONE, OWN_LINK);
  }
}

function newRoom(env: ShardEnv, address: RoomAddress): RoomActor {
  return new RoomActor(env, address.tenant, address.id);
}
