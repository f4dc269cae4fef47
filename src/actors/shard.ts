/**
 * One shard: hosts the room and user actors whose addresses hash to it, behind one link per edge that has to do with them.
 * Production and simulation construct this same class; only the ports differ.
 * Invariant: one activation per address; what one run of turns sends leaves as one block, and what it writes is one group commit.
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { RoomId, TenantId } from "../base/ids.ts";
import { RECEIPTS_MEMBERS_PER_SHARD_MAX } from "../base/limits.ts";
import type { Random } from "../base/prng.ts";
import type { NodeId } from "../cluster/membership.ts";
import type { View } from "../cluster/placement.ts";
import type { Assistant } from "../domain/assistant/port.ts";
import type { ModerationHook } from "../domain/moderation/hook.ts";
import type { ProfileSource } from "../domain/user/profile-source.ts";
import type { FiguresDelta } from "../domain/figures.ts";
import type { Principal } from "../domain/principal.ts";
import type { Codec } from "../protocol/codec.ts";
import { errorFrame } from "../protocol/error-frame.ts";
import type { Journal } from "../storage/journal.ts";
import type { Projections } from "../storage/projections.ts";
import { type Address, addressHash, roomAddress, shardOf, userAddress } from "./address.ts";
import type { Working } from "./actor.ts";
import { AnswerBeat } from "./room/answer-beat.ts";
import { BoardBudget } from "./room/board-budget.ts";
import { resumeConnection } from "./connection-resume.ts";
import { sendFrame, type ShardConnection } from "./connections.ts";
import { type EdgeLink, type LinkOwner, OWN_LINK } from "./edge-link.ts";
import { requestOfCall } from "./call-requests.ts";
import { requestOfFrame } from "./frame-requests.ts";
import { HandOver } from "./hand-over.ts";
import { HeadBeacon } from "./head-beacon.ts";
import { type HeadHint, HeadHints } from "./head-hints.ts";
import { WrittenFigures } from "./tenant/written-figures.ts";
import { HostedActors, type MakeRoom, SWEEP_MS } from "./hosted-actors.ts";
import type { Attachment, ConnectionNo, LinkCall } from "./link.ts";
import type { ActorMessage } from "./messages.ts";
import { Ownership } from "./ownership.ts";
import type { Request } from "./request.ts";
import { Scheduler } from "./scheduler.ts";
import type { ShardCounters, ShardLevels } from "./shard-counters.ts";
import { type PeerLink, ShardLinks } from "./shard-links.ts";
import type { Report, ShardEnv, ShardSettings } from "./shard-env.ts";
import { Retelling } from "./retelling.ts";
import { WORKING_NONE, WORKING_STORE } from "./working-mark.ts";
import { readAccess } from "./tenant/tenant-access.ts";
import { writeFigures } from "./tenant/tenant-figures.ts";
import { RouteTrace } from "./room/route-trace.ts";
import { TenantModerations } from "./tenant/tenant-moderation.ts";

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
  /** Which logs were written, and how far they reach now; told once in a while. Absent: nobody follows them. */
  readonly follow?: (hints: readonly HeadHint[]) => void;
  /** What was written, for tenants' figures; told once in a while. Absent: nobody counts. */
  readonly figures?: (deltas: readonly FiguresDelta[]) => void;
  /** Judges messages before they are published, where tenants want it. */
  readonly hook?: ModerationHook;
  /** Says how people are called. */
  readonly profiles?: ProfileSource;
  /** Counts what happens; absent: nothing does. */
  readonly counters?: ShardCounters;
  /** Gives up the bytes of uploads; absent: there are none. */
  readonly removeFiles?: ShardEnv["removeFiles"];
  readonly assistant?: Assistant;
  /** Notes what is being handled where it survives this thread. */
  readonly working: Working;
  /** This shard's number and how many there are. */
  readonly shard: number;
  readonly shards: number;
}

/** A loss between two nodes is noticed within this time, milliseconds. */
const HEADS_LOST_MS_MAX = 10_000;

/** When to ask again for what the store could not say, milliseconds. */
const ACCESS_RETRY_MS = 200;
/** The same for what this version does not know: nodes are brought up to date one after the other. */
const UNKNOWN_RETRY_MS = 5_000;

export class Shard implements LinkOwner {
  readonly #ports: ShardPorts;
  readonly #env: ShardEnv;
  readonly #links: ShardLinks;
  readonly #ownership = new Ownership();
  readonly #beacon: HeadBeacon;
  readonly #hints: HeadHints | undefined;
  readonly #figures: WrittenFigures | undefined;
  readonly #retelling: Retelling;
  readonly #scheduler: Scheduler;
  readonly #actors: HostedActors;
  readonly #handOver: HandOver;
  #lapses = 0;
  /** Nodes that could be told of heads. */
  #reachable: ReadonlySet<NodeId> = new Set();
  #sweepTimer: Timer;
  #stopped = false;

  constructor(ports: ShardPorts, makeRoom?: MakeRoom) {
    this.#ports = ports;
    this.#links = new ShardLinks(ports.codecs, this);
    this.#beacon = new HeadBeacon({
      clock: ports.clock,
      send: (block) => {
        this.#links.own.out.heads(block);
        this.#scheduler.wakeSettle();
      },
      isAlone: () => this.#ownership.isAlone,
      find: (tenant, room) => this.#actors.rooms.get(tenant, room),
      outdated: (room) => this.#handOver.reread(room),
    });
    this.#hints = ports.follow && new HeadHints(ports.clock, ports.follow);
    this.#figures = ports.figures && new WrittenFigures(ports.clock, ports.figures);
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
      counters: ports.counters,
      queued: { bytes: 0 },
      growing: new AnswerBeat(ports.clock),
      working: ports.working,
      routes: new RouteTrace(ports.clock),
      boards: new BoardBudget(RECEIPTS_MEMBERS_PER_SHARD_MAX),
      tenants: new TenantModerations(ports.projections, () => ports.clock.wallMs(), ports.settings.roomRate),
      hasHook: ports.hook !== undefined,
      profiles: ports.profiles,
      assistant: ports.assistant,
      consult: (question, done) => {
        if (ports.hook === undefined) done({ outcome: "publish" });
        else ports.hook.judge(question, done);
      },
      removeFiles: ports.removeFiles ?? (() => undefined),
      tell: (to, message) => this.#tell(to, message),
      complete: (request) => this.#complete(request),
      wrote: (room, events) => {
        this.#hints?.wrote(room);
        this.#figures?.committed(room, events);
        if (this.#ownership.isAmongOthers) this.#beacon.wrote(room);
      },
      restart: (room, unanswered, first, failed) => this.#actors.restart(room, unanswered, first, failed),
    };
    this.#actors = new HostedActors(this.#env, makeRoom);
    this.#handOver = new HandOver(ports.clock, this.#actors, this.#ownership, () => this.#scheduler.wakeSettle());
    this.#sweepTimer = ports.clock.after(SWEEP_MS, () => this.#sweep());
  }

  /** How it is now; `lateMs`: how late its thread came to ask. */
  levels(lateMs: number): ShardLevels {
    return {
      rooms: this.#actors.rooms.size,
      users: this.#actors.users.size,
      queuedBytes: this.#env.queued.bytes,
      waitingActors: this.#scheduler.waiting,
      lateMs,
    };
  }

  get activations(): number {
    return this.#actors.count;
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
    this.#links.broke(node);
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
    this.#actors.nowMs = this.#ports.clock.monotonicMs();
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
    this.#handOver.stop();
    this.#beacon.stop();
    this.#hints?.stop();
    this.#figures?.stop();
    this.#retelling.stop();
    this.#actors.stop();
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
    this.#env.working(record, link.mark);
    const decoded = connection.codec.decode(data);
    if (!decoded.ok) {
      sendFrame(connection, errorFrame(decoded.error, decoded.error.ref, undefined));
      link.finish(record);
      return;
    }
    const request = requestOfFrame(record, connection, frameNo, room, decoded.value);
    if (request === undefined) link.finish(record);
    else this.#actors.deliver(request);
  }

  opened(connection: ShardConnection): void {
    if (!connection.introduced.home) return;
    const { tenant, userId } = connection.principal;
    this.#actors.user(userAddress(tenant, userId)).deliver({ to: "opened", connection });
  }

  closed(connection: ShardConnection, clean: boolean): void {
    if (!connection.introduced.home) return;
    const { tenant, userId } = connection.principal;
    this.#actors.users.get(tenant, userId)?.deliver({ to: "closed", connection, clean });
  }

  call(link: EdgeLink, record: number, callNo: number, by: Principal, call: LinkCall): void {
    if (call.to === "connection")
      resumeConnection({ link, record, callNo, by, call }, this.#env.clock, (request) => this.#actors.deliver(request));
    else if (call.to !== "shard") this.#ask(link, record, callNo, requestOfCall(link, record, callNo, by, call));
    else if (call.kind === "drain") this.#drain(link, record, callNo);
    else if (call.kind === "access") this.#tellAccess(link, record, callNo, call.tenant);
    else if (call.kind === "figures") this.#addFigures(link, record, callNo, call.delta);
    else {
      this.#env.tenants.outdate(call.tenant);
      link.reply(callNo, { ok: true, value: true });
      link.finish(record);
    }
  }

  #ask(link: EdgeLink, record: number, callNo: number, request: Request | undefined): void {
    if (request !== undefined) return this.#actors.deliver(request);
    link.reply(callNo, { ok: false, error: { code: "unavailable", retryAfterMs: UNKNOWN_RETRY_MS } });
    link.finish(record);
  }

  actor(to: Address, message: ActorMessage): void {
    this.#actors.hand(to, message);
  }

  attach(link: EdgeLink, { tenant, room, lastSeq, connections, departed = [] }: Attachment): void {
    const known = connections.map((no) => link.connections.get(no)).filter((connection) => connection !== undefined);
    this.#actors.room(roomAddress(tenant, room)).deliver({ to: "attach", link, connections: known, lastSeq, departed });
  }

  // ---------------------------------------------------------------------------------------------- requests

  #complete(request: Request): void {
    if (request.completed) return;
    request.completed = true;
    if (this.#env.counters !== undefined) this.#env.counters.requests += 1;
    if (request.record > 0) request.link.finish(request.record);
  }

  // ---------------------------------------------------------------------------------------------- actors

  #tell(to: Address, message: ActorMessage): void {
    if (this.#isHere(to)) this.#actors.hand(to, message);
    else this.#links.own.out.actor(to, message);
  }

  #isHere(address: Address): boolean {
    const { shard, shards } = this.#ports;
    if (this.#ownership.isAlone) return shardOf(address, shards) === shard;
    const hash = addressHash(address);
    return hash % shards === shard && this.#ownership.isHere(hash);
  }

  /** Who listens where, and how they wish to be seen. `isMeant`: of the address's owner. */
  #tellAgain(isMeant: (owner: NodeId | undefined) => boolean): void {
    const isTold = (address: Address): boolean => isMeant(this.#ownership.owner(addressHash(address)));
    for (const room of this.#actors.rooms.values()) room.audience.tellAgain(isTold);
    for (const user of this.#actors.users.values()) user.showAgain(isTold);
    this.#scheduler.wakeSettle();
  }

  #sweep(): void {
    this.#sweepTimer = this.#ports.clock.after(SWEEP_MS, () => this.#sweep());
    this.#actors.sweep();
    this.#scheduler.wakeSettle();
  }

  /** Before the process ends: answers once every room is idle and has left what it collected. */
  #drain(link: EdgeLink, record: number, callNo: number): void {
    this.#handOver.drain(() => {
      this.#beacon.tellNow();
      for (const room of this.#actors.rooms.values()) room.passivate();
      link.reply(callNo, { ok: true, value: true });
      link.finish(record);
    });
  }

  #addFigures(link: EdgeLink, record: number, callNo: number, delta: FiguresDelta): void {
    writeFigures(this.#ports.projections, delta, (written) => {
      link.reply(callNo, { ok: true, value: written });
      link.finish(record);
      this.#scheduler.wakeSettle();
    });
  }

  #tellAccess(link: EdgeLink, record: number, callNo: number, tenant: TenantId): void {
    readAccess(this.#ports.projections, tenant, (read) => {
      link.reply(callNo, read.ok ? read : { ok: false, error: { code: "unavailable", retryAfterMs: ACCESS_RETRY_MS } });
      link.finish(record);
      this.#scheduler.wakeSettle();
    });
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
    this.#handOver.viewChanged(hasLapsed);
  }

  /** Answers leave before the next group is written: they rest on the one before. */
  #settle(): void {
    if (!this.#stopped) this.#links.flush(this.#ports.send);
    this.#env.counters?.settling();
    // Waiting for the disk is no sign of being stuck.
    this.#ports.working(WORKING_STORE, OWN_LINK);
    this.#ports.journal.flush();
    this.#ports.working(WORKING_NONE, OWN_LINK);
  }
}
