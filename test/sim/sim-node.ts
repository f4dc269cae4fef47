/**
 * One node: the production gateway and shards, put together as `src/server.ts` and `src/worker.ts` do, on simulated ports.
 * Shards crash, hang and come back; the whole node can stand still, or lose everything but its store. It is alone, or has a
 * seat among others.
 * Invariant: as with real threads, what a replaced shard still says is not listened to, and what it still writes is not undone.
 */
import type { RoomAddress } from "../../src/actors/address.ts";
import type { Call, ReplyOf } from "../../src/actors/calls.ts";
import { OWN_LINK } from "../../src/actors/edge-link.ts";
import type { ShardOrder } from "../../src/actors/link.ts";
import { obeyOrder } from "../../src/actors/shard-orders.ts";
import type { RoomActor } from "../../src/actors/room/room-actor.ts";
import { Shard } from "../../src/actors/shard.ts";
import type { ShardEnv, ShardSettings } from "../../src/actors/shard-env.ts";
import { type Lost, lossOf } from "../../src/actors/working-mark.ts";
import { SeededRandom } from "../../src/base/prng.ts";
import { err, type Result } from "../../src/base/result.ts";
import type { ClusterNode } from "../../src/node/cluster-node.ts";
import type { Principal } from "../../src/domain/principal.ts";
import type { FeedParts } from "../../src/feed/open-feed.ts";
import { openFeed } from "../../src/feed/open-feed.ts";
import type { TenantFeed } from "../../src/feed/tenant-feed.ts";
import type { Webhooks } from "../../src/feed/webhooks.ts";
import type { LogConsumer } from "../../src/followers/log-consumer.ts";
import type { Connection } from "../../src/edge/sockets/connection.ts";
import { Gateway } from "../../src/edge/sockets/gateway.ts";
import type { Socket } from "../../src/edge/ports.ts";
import type { Arrival } from "../../src/edge/sockets/socket-plugin.ts";
import type { EngineAsker } from "../../src/integrations/notify/engine-asker.ts";
import type { Outcome } from "../../src/integrations/webhooks/webhook-sender.ts";
import type { Codecs } from "../../src/protocol/codecs.ts";
import type { Rejection } from "../../src/protocol/errors.ts";
import type { Journal } from "../../src/storage/journal.ts";
import type { Disruption } from "./history.ts";
import type { Receivers } from "./receivers.ts";
import { SimAssistant } from "./sim-assistant.ts";
import { openHooks, SimFollowers } from "./sim-followers.ts";
import { joinCluster, type Seat, stopNode } from "./sim-member.ts";
import { Pipe, SimTopics, SimWire } from "./sim-network.ts";
import { SimProcess } from "./sim-process.ts";
import { SimJournal, SimProjections, type SimStore } from "./sim-store.ts";
import type { Trace } from "./trace.ts";
import type { EventQueue, VirtualClock } from "./virtual-clock.ts";

/** What all of a simulation shares. */
export interface World {
  readonly queue: EventQueue;
  readonly clock: VirtualClock;
  readonly store: SimStore;
  readonly trace: Trace;
  readonly random: SeededRandom;
  readonly codecs: Codecs;
  /** Bytes under way to one client; a client that lags by more can't catch up before this is raised. */
  backpressureMax: number;
  readonly disruptions: Disruption[];
  /** A name for the fences of one incarnation of a shard, as if each were on a node of its own. */
  readonly newOwner: () => string;
  /** Owners that went on after they had been given up. */
  readonly ghosts: Set<string>;
}

/** Calls of a room in trouble: `crash` ends the shard's thread in the middle of the turn. */
export interface RoomHost {
  crash(): void;
}

/** Where planted bugs go in. The defaults are production. */
export interface Parts {
  readonly makeRoom: (env: ShardEnv, address: RoomAddress, host: RoomHost) => RoomActor;
  readonly wrapJournal: (journal: Journal, store: SimStore) => Journal;
  readonly wrapSocket: (socket: Socket) => Socket;
  /** What Bun does with `closeOnBackpressureLimit`. */
  readonly closesSlowSockets: boolean;
  /** What a shard is told beside blocks of its own edge; `undefined`: it is not told. */
  readonly wrapOrder?: (order: ShardOrder) => ShardOrder | undefined;
  /** Of the thread that follows the logs. */
  readonly wrapConsumer?: (consumer: LogConsumer) => LogConsumer;
  /** What receivers of webhooks answer. */
  readonly wrapOutcome?: (outcome: Outcome) => Outcome;
  readonly wrapNotify?: (consumer: LogConsumer) => LogConsumer;
  /** What those are told who send notifications. */
  readonly tamperNotify?: (engine: EngineAsker) => void;
  /** Between the parts of the feed, wherever it is read. */
  readonly tamperFeed?: (feed: FeedParts) => void;
  /** Between what the node is made of, before it starts. */
  readonly tamper?: (gateway: Gateway, cluster: ClusterNode) => void;
}

export interface NodePlan {
  readonly shards: number;
  readonly linkDelayMsMax: number;
  readonly clientDelayMsMax: number;
  readonly settings: Omit<ShardSettings, "node">;
  /** Whom webhooks bring what happens; absent: nobody follows the logs. */
  readonly receivers?: Receivers;
}

/** What REST has of the feed, in the main thread. */
export interface FeedDesk {
  readonly feed: TenantFeed;
  readonly webhooks: Webhooks;
}

/** The client's end of a wire. */
export interface ClientEnd {
  received(data: Uint8Array): void;
  closed(code: number): void;
}

interface Incarnation {
  readonly process: SimProcess;
  readonly shard: Shard;
  readonly toEdge: Pipe;
  readonly toShard: Pipe;
  readonly owner: string;
  /** The record that it is handling, and of which link. */
  record: number;
  link: number;
  /** Links of the own edge whose beginning it has not seen: what it says belongs to the one before. */
  beginning: number;
  /** How often it was told that there is a new one. */
  begun: number;
}

const FIRST: Lost = { record: 0, link: OWN_LINK, explained: false };

/** After so long without a beat a supervisor gives a shard up, milliseconds. */
const STUCK_MS = 1_000;
const RESTART_MS_MAX = 60;
/** How long after a crash its sender's puts may still land, milliseconds. */
const AFTERMATH_MS = 6_000;
const FOLLOWERS_RESTART_MS_MAX = 500;
const RATE = { perSecond: 5_000, burst: 5_000 };

export class SimNode {
  readonly gateway: Gateway;
  readonly reports: string[] = [];
  readonly #world: World;
  readonly #plan: NodePlan;
  readonly #parts: Parts;
  readonly #process: SimProcess;
  readonly #topics: SimTopics;
  readonly #wires = new Set<SimWire>();
  readonly #running: (Incarnation | undefined)[];
  readonly #replaced = new Set<Incarnation>();
  readonly #name: string;
  readonly #cluster: ClusterNode | undefined;
  #isReady: boolean;
  #followers: SimFollowers | undefined;
  readonly #feed: FeedParts | undefined;
  readonly #desk: FeedDesk | undefined;

  constructor(world: World, plan: NodePlan, parts: Parts, seat?: Seat) {
    this.#world = world;
    this.#plan = plan;
    this.#parts = parts;
    this.#topics = new SimTopics(parts.closesSlowSockets);
    this.#process = new SimProcess(world.queue, world.clock);
    this.#name = seat?.id ?? "node";
    this.#isReady = seat === undefined;
    this.#cluster =
      seat &&
      joinCluster(seat, {
        process: this.#process,
        random: this.#newRandom(),
        shards: plan.shards,
        postToShard: (shard, order) => this.#order(shard, order),
        viewed: (view) => this.#followers?.viewed(view),
        report: this.#report,
      });
    this.gateway = new Gateway({
      clock: this.#process,
      random: this.#newRandom(),
      codecs: world.codecs,
      auth: { verifyToken: () => Promise.resolve(err({ code: "unauthorized" })) },
      broadcaster: this.#topics,
      shards: plan.shards,
      rate: RATE,
      defer: this.#process.defer,
      ...(this.#cluster !== undefined && { remote: this.#cluster.links }),
    });
    if (this.#cluster !== undefined) parts.tamper?.(this.gateway, this.#cluster);
    if (plan.receivers !== undefined) {
      const ask = <C extends Call>(by: Principal, call: C) => this.gateway.call(by, call);
      this.#feed = openFeed({ call: ask }, this.#process, () => this.#followers?.feedsChanged());
      parts.tamperFeed?.(this.#feed);
      this.#desk = { feed: this.#feed.feed, webhooks: openHooks(this.#feed, this.#process, this.#newRandom()) };
      this.#follow(plan.receivers);
    }
    this.#running = new Array<Incarnation | undefined>(plan.shards).fill(undefined);
    for (let shard = 0; shard < plan.shards; shard += 1) this.#start(shard, FIRST);
    this.#cluster?.start(this.gateway, () => {
      this.#isReady = true;
    });
  }

  get cluster(): ClusterNode | undefined {
    return this.#cluster;
  }

  get isPaused(): boolean {
    return this.#process.isPaused;
  }

  /** It takes new connections. */
  get isReady(): boolean {
    return this.#isReady && !this.isDead;
  }

  get isDead(): boolean {
    return this.#process.isDead;
  }

  /** All shards serve, and no former one is at work behind their back. */
  get isHealthy(): boolean {
    return this.#running.every((incarnation) => incarnation !== undefined) && this.#replaced.size === 0;
  }

  connect(arrival: Arrival, client: ClientEnd): SimWire {
    let connection: Connection | undefined;
    const wire: SimWire = new SimWire(
      this.#world.queue,
      this.#topics,
      {
        enterServer: this.#process.enter,
        serverReceived: (data) => connection && this.gateway.received(connection, data),
        serverClosed: (code) => {
          this.#wires.delete(wire);
          if (connection !== undefined) this.gateway.closed(connection, code);
        },
        clientReceived: (data) => client.received(data),
        clientClosed: (code) => client.closed(code),
      },
      { delayMs: this.#delays(this.#plan.clientDelayMsMax), backpressureMax: () => this.#world.backpressureMax },
    );
    this.#wires.add(wire);
    this.#process.enter(() => {
      connection = this.gateway.accept(arrival);
      connection.socket = this.#parts.wrapSocket(wire);
      this.gateway.opened(connection);
    });
    return wire;
  }

  /** As over HTTP. A dead node never answers. */
  call<C extends Call>(by: Principal, call: C, answer: (result: Result<ReplyOf<C>, Rejection>) => void): void {
    this.#process.enter(() => void this.gateway.call(by, call).then(answer));
  }

  /** As REST does, for programs. */
  atDesk(use: (desk: FeedDesk) => void): void {
    const desk = this.#desk;
    if (desk !== undefined) this.#process.enter(() => use(desk));
  }

  // ---------------------------------------------------------------------------------------------- who follows

  #follow(receivers: Receivers): void {
    this.#followers = new SimFollowers({
      ...{ world: this.#world, receivers, isClustered: this.#cluster !== undefined, report: this.#report },
      call: (by, call, answer) => this.call(by, call, answer),
      enter: this.#process.enter,
      streamed: (tenant) => this.#feed?.bell.ring(tenant),
      wrapConsumer: this.#parts.wrapConsumer,
      wrapOutcome: this.#parts.wrapOutcome,
      tamperFeed: this.#parts.tamperFeed,
      wrapNotify: this.#parts.wrapNotify,
      tamperNotify: this.#parts.tamperNotify,
    });
    const view = this.#cluster?.view;
    if (view !== undefined) this.#followers.viewed(view);
  }

  /** The thread that follows the logs ends, and there is another one a little later. */
  crashFollowers(): void {
    const { queue, random, trace } = this.#world;
    const { receivers } = this.#plan;
    if (receivers === undefined || this.#followers === undefined || this.isDead || this.isPaused) return;
    trace.note(queue.nowMs, `${this.#name} loses who follows the logs`);
    this.#followers.kill();
    this.#followers = undefined;
    queue.after(random.next() * FOLLOWERS_RESTART_MS_MAX, () =>
      this.#process.enter(() => {
        if (this.#followers === undefined) this.#follow(receivers);
      }),
    );
  }

  // ---------------------------------------------------------------------------------------------- shards

  #start(shard: number, lost: Lost): void {
    const { queue, clock, store, codecs, trace } = this.#world;
    const process = new SimProcess(queue, clock);
    const toEdge = new Pipe(queue, this.#delays(this.#plan.linkDelayMsMax));
    const toShard = new Pipe(queue, this.#delays(this.#plan.linkDelayMsMax));
    const owner = this.#world.newOwner();
    const host: RoomHost = { crash: () => this.crashShard(shard) };
    const built = new Shard(
      {
        clock: process,
        random: this.#newRandom(),
        journal: this.#parts.wrapJournal(new SimJournal(store, process), store),
        projections: new SimProjections(store, process),
        codecs,
        settings: { ...this.#plan.settings, node: owner },
        defer: process.defer,
        send: (block, link) =>
          toEdge.send(() =>
            this.#process.enter(() => {
              if (this.#running[shard] !== incarnation) return;
              if (link !== OWN_LINK) this.#cluster?.links.shardSaid(link, block);
              else if (incarnation.beginning === 0) this.gateway.receiveBlock(shard, block);
            }),
          ),
        report: this.#report,
        ...(this.#plan.receivers !== undefined && {
          follow: (hints) =>
            toEdge.send(() =>
              this.#process.enter(() => {
                if (this.#running[shard] === incarnation) this.#followers?.hinted(hints);
              }),
            ),
        }),
        assistant: new SimAssistant(process, this.#newRandom()),
        working: (record, link) => {
          if (process.isDead) return;
          incarnation.record = record;
          incarnation.link = link;
        },
        shard,
        shards: this.#plan.shards,
      },
      (env, address) => this.#parts.makeRoom(env, address, host),
    );
    const counts = { record: 0, link: OWN_LINK, beginning: 0, begun: 0 };
    const incarnation: Incarnation = { process, shard: built, toEdge, toShard, owner, ...counts };
    this.#running[shard] = incarnation;
    trace.note(queue.nowMs, `${this.#name} shard ${shard} up as ${owner}`);
    const view = this.#cluster?.view;
    if (view !== undefined) this.#order(shard, { kind: "view", view });
    const post = (block: Uint8Array<ArrayBuffer>): void =>
      toShard.send(() => process.enter(() => incarnation.shard.receive(block)));
    this.gateway.shardUp(shard, post, lost.link === OWN_LINK ? lost.record : 0);
    this.#cluster?.links.shardUp(shard, lost);
  }

  /** As the supervisor passes it on. */
  #order(shard: number, ordered: ShardOrder): void {
    const { wrapOrder } = this.#parts;
    const order = wrapOrder === undefined ? ordered : wrapOrder(ordered);
    const incarnation = this.#running[shard];
    if (order === undefined || incarnation === undefined) return;
    if (order.kind === "link") {
      incarnation.beginning += 1;
      incarnation.begun += 1;
    }
    incarnation.toShard.send(() => incarnation.process.enter(() => this.#obey(incarnation, order)));
  }

  #obey(incarnation: Incarnation, order: ShardOrder): void {
    const { shard, toEdge } = incarnation;
    const begun = (): void => {
      incarnation.beginning -= 1;
    };
    obeyOrder(shard, order, { linked: () => toEdge.send(() => this.#process.enter(begun)) });
  }

  /** The thread ends now; its supervisor learns it a little later and starts another one. */
  crashShard(shard: number): void {
    const { queue, random, trace } = this.#world;
    const incarnation = this.#running[shard];
    if (incarnation === undefined || incarnation.process.isDead || this.isPaused) return;
    trace.note(queue.nowMs, `${this.#name} shard ${shard} crashes in record ${incarnation.record}`);
    this.#noteDisruption(AFTERMATH_MS);
    this.#end(incarnation);
    // What it had posted may reach the edge before the news of its end, or not at all.
    if (random.next() < 0.5) incarnation.toEdge.cut();
    queue.after(random.next() * 5, () => this.#process.enter(() => this.#replace(shard, incarnation)));
  }

  /** The thread stands still, is given up when that takes too long, and goes on behind its successor's back for a while. */
  pauseShard(shard: number, pauseMs: number, afterlifeMs: number): void {
    const { queue, trace } = this.#world;
    const incarnation = this.#running[shard];
    if (incarnation === undefined || incarnation.process.isDead || incarnation.process.isPaused) return;
    trace.note(queue.nowMs, `${this.#name} shard ${shard} pauses for ${pauseMs}`);
    incarnation.process.pause();
    if (pauseMs < STUCK_MS) {
      queue.after(pauseMs, () => this.#goOn(incarnation));
      return;
    }
    this.#noteDisruption(pauseMs + afterlifeMs + AFTERMATH_MS, true);
    queue.after(STUCK_MS, () => this.#process.enter(() => this.#replace(shard, incarnation)));
    this.#replaced.add(incarnation);
    queue.after(pauseMs, () => {
      trace.note(queue.nowMs, `${this.#name} shard ${shard}'s former thread goes on`);
      this.#world.ghosts.add(incarnation.owner);
      this.#goOn(incarnation);
    });
    queue.after(pauseMs + afterlifeMs, () => {
      this.#end(incarnation);
      this.#replaced.delete(incarnation);
    });
  }

  #replace(shard: number, incarnation: Incarnation): void {
    const { queue, random } = this.#world;
    if (this.#running[shard] !== incarnation) return;
    this.#running[shard] = undefined;
    this.gateway.shardDown(shard);
    this.#followers?.sweep();
    const lost = lossOf(incarnation, incarnation.begun);
    queue.after(random.next() * RESTART_MS_MAX, () => this.#process.enter(() => this.#start(shard, lost)));
  }

  /** A thread does not run while its process stands still. */
  #goOn(incarnation: Incarnation): void {
    if (!this.isPaused) incarnation.process.resume();
  }

  // ---------------------------------------------------------------------------------------------- the node

  /** As by SIGSTOP: nothing of it runs until `resume`; what others send it waits. Clients may lose patience. */
  pause(patienceMs: (() => number) | undefined): void {
    const { queue, trace } = this.#world;
    trace.note(queue.nowMs, `${this.#name} pauses`);
    this.#process.pause();
    this.#followers?.pause();
    for (const incarnation of [...this.#running, ...this.#replaced]) incarnation?.process.pause();
    if (patienceMs === undefined) return;
    for (const wire of this.#wires) queue.after(patienceMs(), () => this.isPaused && wire.cut(0, 1));
  }

  resume(): void {
    const { queue, trace, random } = this.#world;
    if (!this.isPaused) return;
    trace.note(queue.nowMs, `${this.#name} goes on`);
    const edgeFirst = random.next() < 0.5;
    if (edgeFirst) this.#process.resume();
    for (const incarnation of [...this.#running, ...this.#replaced]) incarnation?.process.resume();
    this.#process.resume();
    this.#followers?.resume();
  }

  /** As on SIGTERM: gives its rooms away, sends its clients away, ends. */
  retire(): void {
    const { queue, trace } = this.#world;
    const cluster = this.#cluster;
    if (cluster === undefined || !this.isReady || this.isPaused) return;
    trace.note(queue.nowMs, `${this.#name} retires`);
    this.#isReady = false;
    void stopNode(this.#process, this.gateway, cluster).then(() => this.#endAll());
  }

  /** Power off: sockets, threads and memory are gone. */
  crash(): void {
    const { queue, random, trace } = this.#world;
    trace.note(queue.nowMs, `${this.#name} crashes`);
    this.#noteDisruption(AFTERMATH_MS);
    this.#endAll();
    for (const wire of this.#wires) wire.cut(0, random.next() * 20);
  }

  #endAll(): void {
    this.#process.kill();
    this.#followers?.kill();
    this.gateway.stop();
    for (const incarnation of [...this.#running, ...this.#replaced]) {
      if (incarnation !== undefined) this.#end(incarnation);
    }
  }

  readonly #report = (event: string, details: Readonly<Record<string, string | number>>): void => {
    const line = `${this.#name}: ${event} ${JSON.stringify(details)}`;
    this.reports.push(line);
    this.#world.trace.note(this.#world.queue.nowMs, line);
  };

  #end(incarnation: Incarnation): void {
    incarnation.process.kill();
    incarnation.shard.stop();
  }

  #noteDisruption(durationMs: number, hasCopies = false): void {
    const { nowMs } = this.#world.queue;
    this.#world.disruptions.push({ fromMs: nowMs, toMs: nowMs + durationMs, hasCopies });
  }

  #delays(delayMsMax: number): () => number {
    const { random } = this.#world;
    return () => 0.02 + random.next() ** 3 * delayMsMax;
  }

  #newRandom(): SeededRandom {
    return new SeededRandom(this.#world.random.below(0xffff_ffff));
  }
}
