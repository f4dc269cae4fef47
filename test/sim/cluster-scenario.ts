/**
 * One seed of several nodes from its first step to its verdict: build, disturb, heal, fall silent, judge.
 * Invariant: everything that happens follows from the seed and the parts; two runs of one seed are the same run.
 */
import type { RoomId, TenantId, UserId } from "../../src/base/ids.ts";
import { SeededRandom } from "../../src/base/prng.ts";
import type { ErrorCode } from "../../src/protocol/errors.ts";
import { createCodecs } from "../../src/protocol/codecs.ts";
import { MemoryStore } from "../../src/storage/memory/memory-store.ts";
import { ClusterDisasters } from "./cluster-disasters.ts";
import { ClusterNetwork } from "./cluster-network.ts";
import { type ClusterProfile, clusterProfileOf } from "./cluster-profile.ts";
import { Crowd } from "./crowd.ts";
import { finalLog, writeOldRoom } from "./final-log.ts";
import { checkHistory, type Violation } from "./history-checker.ts";
import { FeedPrograms } from "./feed-programs.ts";
import type { DrillPart, FinalLog, History, Reader } from "./history.ts";
import { HEALTHY_RECEIVERS, Receivers } from "./receivers.ts";
import { drill } from "./notice-drill.ts";
import { allPassedOn, type Outcome, type Plant, PRODUCTION } from "./scenario.ts";
import { sayLastWords } from "./last-words.ts";
import { RETENTION_DAYS } from "./sim-keeper.ts";
import { SimClient } from "./sim-client.ts";
import { SimMachine } from "./sim-machine.ts";
import type { NodePlan, SimNode, World } from "./sim-node.ts";
import { HEALTHY_STORE, SimStore } from "./sim-store.ts";
import { Trace } from "./trace.ts";
import { EventQueue, VirtualClock } from "./virtual-clock.ts";

const TENANT = "acme" as TenantId;
const WALL_START_MS = Date.UTC(2030, 0, 1);
/** The longest pause may have just begun. */
const STEADY_MS_MAX = 80_000;
/** For all nodes to know one another: longer than a registration lasts that nobody renews. */
const AGREE_MS_MAX = 15_000;
/** After healing: for reconnecting, for repeating. */
const SETTLE_MS_MAX = 30_000;
const PROBE_MS_MAX = 10_000;
/** Whoever listens has heard of everything after so long, also where nobody writes. */
const HEARD_MS_MAX = 6_000;
/** Longer than senders' own marks wait and than the grace period of presence. */
const QUIET_MS = 9_000;
/** For answers to what is asked last. */
const QUEUES_MS = 1_000;
/** For whoever follows the logs: longer than the longest pause after failures. */
const BROUGHT_MS_MAX = 60_000;
const BROUGHT_LOOK_MS = 200;
/** Longer than a room stays active without anybody. */
const DESERTED_MS = 140_000;
const SKEW_MS_MAX = 60_000;
/** A name without a log has no place that a fence could take: a former owner may still make the room. */
const DOUBTFUL: ReadonlySet<ErrorCode> = new Set(["room_not_found"]);
const codecs = createCodecs();

export function runClusterSeed(seed: number, plant: Plant = {}, show?: (line: string) => void): Promise<Outcome> {
  return new ClusterScenario(clusterProfileOf(seed), plant, show).run();
}

class ClusterScenario {
  readonly #profile: ClusterProfile;
  readonly #random: SeededRandom;
  readonly #world: World;
  readonly #memory = new MemoryStore();
  readonly #network: ClusterNetwork;
  readonly #machines: SimMachine[] = [];
  readonly #crowd: Crowd;
  readonly #violations: Violation[] = [];
  readonly #plant: Plant;
  readonly #plan: NodePlan;
  readonly #receivers: Receivers | undefined;
  readonly #programs: FeedPrograms | undefined;
  #drilled: ReadonlyMap<UserId, DrillPart> = new Map();

  constructor(profile: ClusterProfile, plant: Plant, show?: (line: string) => void) {
    const { seed, shards, linkDelayMsMax, clientDelayMsMax, backpressureMax } = profile;
    this.#profile = profile;
    this.#plant = plant;
    this.#random = new SeededRandom(seed);
    const queue = new EventQueue();
    const trace = new Trace(show);
    let owners = 0;
    this.#world = {
      queue,
      clock: new VirtualClock(queue, WALL_START_MS),
      // Nobody's: each machine has its own way.
      store: new SimStore(queue, this.#newRandom(), trace, HEALTHY_STORE, false, this.#memory),
      trace,
      random: this.#newRandom(),
      codecs,
      backpressureMax,
      disruptions: [],
      ghosts: new Set(),
      newOwner: () => {
        owners += 1;
        return `owner-${owners}`;
      },
    };
    const settings = {
      messageLengthMax: 5_000,
      typingTimeoutMs: 3_000,
      typingTimeoutSnakeMs: 10_000,
      presenceGraceMs: 3_000,
      heartbeatMs: 30_000,
      ...(profile.retentions > 0 && { messageRetentionDays: RETENTION_DAYS }),
    };
    this.#plan = { shards, linkDelayMsMax, clientDelayMsMax, settings };
    this.#network = new ClusterNetwork(queue, this.#newRandom(), trace);
    if (profile.isFollowed) {
      this.#receivers = new Receivers(queue, this.#newRandom(), trace);
      this.#plan = { ...this.#plan, receivers: this.#receivers };
      const random = this.#newRandom();
      const node = (): SimNode | undefined => {
        const open = this.#machines.filter(takesClients);
        return open[random.below(Math.max(1, open.length))]?.node;
      };
      this.#programs = new FeedPrograms({ queue, random, receivers: this.#receivers, tenant: TENANT, node });
    }
    for (let i = 0; i < profile.nodes; i += 1) this.#addMachine();
    const rooms = Array.from({ length: profile.rooms }, (_, i) => `room-${i}` as RoomId);
    const clients = Array.from({ length: profile.clients }, (_, i) => this.#newClient(i));
    this.#crowd = new Crowd(queue, this.#newRandom(), profile, clients, rooms);
  }

  async run(): Promise<Outcome> {
    const { seed, requests, stores, network } = this.#profile;
    const { queue, trace } = this.#world;
    await this.#found();
    this.#network.faults = network;
    for (const [i, machine] of this.#machines.entries()) machine.trouble(stores[i % stores.length] ?? HEALTHY_STORE);
    this.#programs?.start();
    if (this.#receivers !== undefined) this.#receivers.faults = this.#profile.receivers;
    this.#crowd.act(requests);
    const disasters = new ClusterDisasters({
      profile: this.#profile,
      queue,
      random: this.#newRandom(),
      network: this.#network,
      machines: this.#machines,
      crowd: this.#crowd,
      addMachine: () => this.#addMachine(),
      programs: this.#programs,
    });
    const endMs = disasters.plan();
    await this.#runUntil(() => this.#crowd.isDone, 240_000);
    await this.#runFor(Math.max(0, endMs - queue.nowMs));
    if (this.#profile.isDeserted) await this.#desert();
    await this.#calm();
    await this.#sayLastWords();
    await this.#finish();
    const logs = this.#crowd.rooms.map((room) => finalLog(this.#memory, TENANT, room));
    const readers = this.#receivers === undefined ? [] : await this.#bring(this.#receivers, logs);
    const clients = this.#crowd.clients.map((client) => client.history);
    // Another node may have, or get, a copy of what one refuses for now, at any time.
    const disruptions = [...this.#world.disruptions, { fromMs: 0, toMs: Number.POSITIVE_INFINITY, hasCopies: false }];
    const told = this.#receivers && { notices: { told: this.#receivers.notices.told, drill: this.#drilled } };
    const history: History = { clients, logs, disruptions, doubtful: DOUBTFUL, readers, ...told };
    return {
      seed,
      traceHash: trace.hash,
      steps: queue.steps,
      requests: clients.reduce((sum, client) => sum + client.requests.length, 0),
      events: logs.reduce((sum, log) => sum + (log.segments.at(-1)?.lastSeq ?? 0), 0),
      violations: [...this.#violations, ...checkHistory(history)],
      reports: this.#machines.flatMap((machine) => [...machine.reports, ...(machine.node?.reports ?? [])]),
    };
  }

  // ---------------------------------------------------------------------------------------------- time

  async #runFor(durationMs: number): Promise<void> {
    await this.#runUntil(() => false, durationMs);
  }

  /** true: `done` became true within the time. */
  async #runUntil(done: () => boolean, durationMsMax: number): Promise<boolean> {
    const { queue } = this.#world;
    const untilMs = queue.nowMs + durationMsMax;
    while (!done()) {
      if (!queue.runNext(untilMs)) return done();
      // Answers to calls are promises: they are passed on before the next step. Whoever follows the logs has long chains of them.
      await (this.#profile.isFollowed ? allPassedOn() : undefined);
    }
    return true;
  }

  #newRandom(): SeededRandom {
    return new SeededRandom(this.#random.below(0xffff_ffff));
  }

  // ---------------------------------------------------------------------------------------------- parts

  #addMachine(): SimMachine {
    const skewMs = (this.#random.next() - 0.5) * 2 * this.#profile.skewMsMax;
    const machine = new SimMachine(`m${this.#machines.length}`, this.#world, {
      network: this.#network,
      plan: this.#plan,
      parts: { ...PRODUCTION, ...this.#plant.parts },
      memory: this.#memory,
      random: this.#newRandom(),
      wallMs: WALL_START_MS + skewMs,
      overwrites: this.#plant.overwrites ?? false,
    });
    this.#machines.push(machine);
    return machine;
  }

  #newClient(i: number): SimClient {
    const userId = `user-${i}` as UserId;
    const principal = { tenant: TENANT, userId, name: `User ${i}`, role: "user" } as const;
    const random = this.#newRandom();
    let home = this.#machines[i % this.#machines.length];
    const node = (): SimNode | undefined => {
      const isStaying = random.next() >= this.#profile.roaming;
      if (isStaying && home !== undefined && takesClients(home)) return home.node;
      const open = this.#machines.filter(takesClients);
      home = open[random.below(open.length)] ?? home;
      return home !== undefined && takesClients(home) ? home.node : undefined;
    };
    return new SimClient(this.#world, this.#newRandom(), { name: `c${i}`, principal, node });
  }

  // ---------------------------------------------------------------------------------------------- beginning

  async #found(): Promise<void> {
    const users = this.#crowd.clients.map((client) => client.user);
    writeOldRoom(this.#memory, TENANT, this.#crowd.rooms[0] as RoomId, users, this.#profile, WALL_START_MS);
    for (const machine of this.#machines) machine.start();
    if (!(await this.#runUntil(() => this.#agree(), AGREE_MS_MAX))) this.#complainOfViews();
    for (const client of this.#crowd.clients) client.connect();
    this.#crowd.found();
    await this.#runFor(300);
  }

  /** Everybody leaves in good order, the rooms fall asleep, everybody comes back. */
  async #desert(): Promise<void> {
    for (const client of this.#crowd.clients) client.goAway();
    await this.#runFor(DESERTED_MS);
    for (const client of this.#crowd.clients) client.comeBack();
    await this.#runFor(200);
    this.#crowd.act(20);
    await this.#runUntil(() => this.#crowd.isDone, 20_000);
  }

  // ---------------------------------------------------------------------------------------------- the end

  /** Everything works again; those who are there have what they wanted. */
  async #calm(): Promise<void> {
    this.#network.heal();
    for (const machine of this.#machines) machine.heal();
    if (this.#receivers !== undefined) this.#receivers.faults = HEALTHY_RECEIVERS;
    this.#world.backpressureMax = Number.POSITIVE_INFINITY;
    if (!(await this.#runUntil(() => this.#machines.every((one) => one.isSteady), STEADY_MS_MAX)))
      this.#complain("come to rest");
    if (!(await this.#runUntil(() => this.#agree(), AGREE_MS_MAX))) this.#complainOfViews();
    await this.#settle("settle");
  }

  async #sayLastWords(): Promise<void> {
    const { lastWords } = this.#profile;
    if (lastWords === "none") return;
    const parts = { random: this.#newRandom(), network: this.#network, machines: this.#machines };
    await sayLastWords(lastWords, { ...parts, crowd: this.#crowd, runFor: (ms) => this.#runFor(ms) });
    await this.#calm();
  }

  async #finish(): Promise<void> {
    const { clients } = this.#crowd;
    await this.#runFor(HEARD_MS_MAX);
    this.#checkHeard();
    for (const client of clients) if (client.isAway) client.comeBack();
    await this.#settle("settle once all are back");
    await this.#drill();
    for (const client of clients) {
      // What it chose may have been lost with a connection.
      if (client.isConnected) client.setStatus(client.status);
      for (const view of client.rooms.values()) {
        if (view.subscribed)
          client.request(
            view.room,
            { kind: "send_message", content: this.#crowd.content(client) },
            { clientId: client.newKey(), probe: true },
          );
      }
    }
    await this.#settle("answer probes", PROBE_MS_MAX);
    await this.#runFor(QUIET_MS);
    for (const client of clients) if (client.isSettled) client.takePositions();
    await this.#settle("answer the last resume");
    for (const client of clients) client.goAway();
    await this.#runFor(50);
    for (const client of clients) client.comeBack();
    await this.#settle("take up new connections");
    for (const client of clients) client.takeUnread();
    if (!this.#profile.isModerated) return;
    for (const client of clients) client.takeQueues(this.#crowd.rooms);
    await this.#runFor(QUEUES_MS);
  }

  async #drill(): Promise<void> {
    // Clocks that are an hour apart take what was said for too old.
    if (this.#receivers === undefined || this.#profile.skewMsMax > SKEW_MS_MAX || this.#profile.wallJumps > 0) return;
    this.#drilled = await drill({
      ...{ crowd: this.#crowd, notices: this.#receivers.notices, random: this.#newRandom() },
      wallMs: () => this.#world.clock.wallMs(),
      runFor: (ms) => this.#runFor(ms),
      settle: (what) => this.#settle(what),
    });
  }

  /** Whoever is to be brought everything has it in bounded time; what is lacking the checker says. */
  async #bring(receivers: Receivers, logs: readonly FinalLog[]): Promise<readonly Reader[]> {
    const { queue } = this.#world;
    this.#programs?.switchOn();
    const untilMs = queue.nowMs + BROUGHT_MS_MAX;
    while (!receivers.haveAll(logs) && queue.nowMs < untilMs) await this.#runFor(BROUGHT_LOOK_MS);
    this.#programs?.stop();
    return receivers.readers;
  }

  async #settle(what: string, withinMs = SETTLE_MS_MAX): Promise<void> {
    const settled = (): boolean => this.#crowd.clients.every((client) => client.isAway || client.isSettled);
    if (!(await this.#runUntil(settled, withinMs))) this.#complain(what);
  }

  /** Every node knows every other one and no more, and reaches it. */
  #agree(): boolean {
    const nodes = this.#machines.flatMap(({ node }) => (node === undefined ? [] : [node]));
    const ids = nodes.map(({ cluster }) => cluster?.view?.self).sort();
    return nodes.every(({ cluster }) => {
      const view = cluster?.view;
      if (view === undefined || view.isolated || view.unreachable.length > 0) return false;
      return view.nodes.length === ids.length && view.nodes.every(({ id }, i) => id === ids[i]);
    });
  }

  /** Nobody has written since: who listens knows all that there is. Save what a thread wrote after it was given up. */
  #checkHeard(): void {
    for (const { name, rooms } of this.#crowd.clients) {
      for (const { room, subscribed, head = 0 } of rooms.values()) {
        const unheard = this.#memory.currentLog(TENANT, room)?.segments.filter(({ lastSeq }) => lastSeq > head) ?? [];
        if (!subscribed || unheard.every(({ owner }) => this.#world.ghosts.has(owner))) continue;
        const logHead = unheard.at(-1)?.lastSeq;
        this.#violations.push({
          rule: "10 quiet",
          message: `${name} ${room}: has heard up to ${head}, the log ${logHead}`,
        });
      }
    }
  }

  #complain(failure: string): void {
    const stuck = this.#crowd.clients.filter((client) => !client.isSettled).map((client) => client.describe());
    this.#violations.push({ rule: "liveness", message: `healed, but did not ${failure}: ${stuck.join("; ")}` });
  }

  #complainOfViews(): void {
    const views = this.#machines.map(({ name, node }) => {
      const view = node?.cluster?.view;
      if (view === undefined) return `${name} none`;
      const { nodes, unreachable, isolated } = view;
      return `${view.self} sees [${nodes.map(({ id }) => id)}] without [${unreachable}]${isolated ? ", isolated" : ""}`;
    });
    this.#violations.push({ rule: "liveness", message: `healed, but did not agree: ${views.join("; ")}` });
  }
}

function takesClients({ node }: SimMachine): boolean {
  return node?.isReady === true && !node.isPaused;
}
