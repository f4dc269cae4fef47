/**
 * One seed from its first step to its verdict: build, disturb, heal, fall silent, judge.
 * Invariant: everything that happens follows from the seed and the parts; two runs of one seed are the same run.
 */
import type { RoomId, TenantId, UserId } from "../../src/base/ids.ts";
import { SeededRandom } from "../../src/base/prng.ts";
import { createCodecs } from "../../src/protocol/codecs.ts";
import { Crowd } from "./crowd.ts";
import { checkHistory, type Violation } from "./history-checker.ts";
import { FeedPrograms } from "./feed-programs.ts";
import type { DrillPart, FinalLog, History, Reader } from "./history.ts";
import { finalLog, writeOldRoom } from "./final-log.ts";
import { drill } from "./notice-drill.ts";
import { type Profile, profileOf } from "./profile.ts";
import { HEALTHY_RECEIVERS, Receivers } from "./receivers.ts";
import { RETENTION_DAYS, retain } from "./sim-keeper.ts";
import { SimClient } from "./sim-client.ts";
import { type NodePlan, type Parts, SimNode, type World } from "./sim-node.ts";
import { CRASHING_CONTENT, SimRoom, THROWING_CONTENT } from "./sim-room.ts";
import { HEALTHY_STORE, SimStore } from "./sim-store.ts";
import { Trace } from "./trace.ts";
import { EventQueue, VirtualClock } from "./virtual-clock.ts";

export interface Plant {
  readonly parts?: Partial<Parts>;
  readonly overwrites?: boolean;
}

export interface Outcome {
  readonly seed: number;
  readonly traceHash: string;
  readonly steps: number;
  readonly requests: number;
  readonly events: number;
  readonly violations: readonly Violation[];
  readonly reports: readonly string[];
}

const TENANT = "acme" as TenantId;
const WALL_START_MS = Date.UTC(2030, 0, 1);
const HOUR_MS = 3_600_000;
/** After healing: for reconnecting, for repeating, for probes. */
const SETTLE_MS_MAX = 30_000;
const PROBE_MS_MAX = 10_000;
/** Whoever listens has heard of everything after so long, also where nobody writes: longer than a full store is left alone. */
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
export const PRODUCTION: Parts = {
  makeRoom: (env, address, host) => new SimRoom(env, address, host),
  wrapJournal: (journal) => journal,
  wrapSocket: (socket) => socket,
  closesSlowSockets: true,
};
const codecs = createCodecs();

export function runSeed(seed: number, plant: Plant = {}, show?: (line: string) => void): Promise<Outcome> {
  return new Scenario(profileOf(seed), plant, show).run();
}

/** Nothing waits any more but for the next step. */
export function allPassedOn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

class Scenario {
  readonly #profile: Profile;
  readonly #random: SeededRandom;
  readonly #world: World;
  readonly #parts: Parts;
  readonly #plan: NodePlan;
  readonly #crowd: Crowd;
  readonly #violations: Violation[] = [];
  readonly #reports: string[] = [];
  readonly #receivers: Receivers | undefined;
  readonly #programs: FeedPrograms | undefined;
  #node: SimNode | undefined;
  #drilled: ReadonlyMap<UserId, DrillPart> = new Map();

  constructor(profile: Profile, plant: Plant, show?: (line: string) => void) {
    const { seed, shards, linkDelayMsMax, clientDelayMsMax, backpressureMax } = profile;
    this.#profile = profile;
    this.#random = new SeededRandom(seed);
    this.#parts = { ...PRODUCTION, ...plant.parts };
    const queue = new EventQueue();
    const trace = new Trace(show);
    let owners = 0;
    this.#world = {
      queue,
      clock: new VirtualClock(queue, WALL_START_MS),
      store: new SimStore(queue, this.#newRandom(), trace, HEALTHY_STORE, plant.overwrites),
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
    if (profile.isFollowed) {
      this.#receivers = new Receivers(queue, this.#newRandom(), trace);
      this.#plan = { ...this.#plan, receivers: this.#receivers };
      const programs = { queue, random: this.#newRandom(), receivers: this.#receivers, tenant: TENANT };
      this.#programs = new FeedPrograms({ ...programs, node: () => this.#liveNode() });
    }
    const rooms = Array.from({ length: profile.rooms }, (_, i) => `room-${i}` as RoomId);
    const clients = Array.from({ length: profile.clients }, (_, i) => {
      const userId = `user-${i}` as UserId;
      const principal = { tenant: TENANT, userId, name: `User ${i}`, role: "user" } as const;
      return new SimClient(this.#world, this.#newRandom(), { name: `c${i}`, principal, node: () => this.#liveNode() });
    });
    this.#crowd = new Crowd(queue, this.#newRandom(), profile, clients, rooms);
  }

  async run(): Promise<Outcome> {
    const { seed, isDeserted } = this.#profile;
    const { store, queue, trace } = this.#world;
    const users = this.#crowd.clients.map((client) => client.user);
    writeOldRoom(store.memory, TENANT, this.#crowd.rooms[0] as RoomId, users, this.#profile, WALL_START_MS);
    this.#startNode();
    for (const client of this.#crowd.clients) client.connect();
    this.#crowd.found();
    await this.#runFor(300);
    store.faults = this.#profile.store;
    this.#programs?.start();
    if (this.#receivers !== undefined) this.#receivers.faults = this.#profile.receivers;
    this.#crowd.act(this.#profile.requests);
    const disastersEndMs = this.#planDisasters();
    await this.#runUntil(() => this.#crowd.isDone, 120_000);
    await this.#runFor(Math.max(0, disastersEndMs - queue.nowMs));
    if (isDeserted) await this.#desert();
    await this.#heal();
    const logs = this.#crowd.rooms.map((room) => finalLog(store.memory, TENANT, room));
    const readers = await this.#bring(logs);
    const clients = this.#crowd.clients.map((client) => client.history);
    const told = this.#receivers && { notices: { told: this.#receivers.notices.told, drill: this.#drilled } };
    const history: History = { clients, logs, disruptions: this.#world.disruptions, readers, ...told };
    return {
      seed,
      traceHash: trace.hash,
      steps: queue.steps,
      requests: clients.reduce((sum, client) => sum + client.requests.length, 0),
      events: logs.reduce((sum, log) => sum + (log.segments.at(-1)?.lastSeq ?? 0), 0),
      violations: [...this.#violations, ...checkHistory(history)],
      reports: [...this.#reports, ...(this.#node?.reports ?? [])],
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

  // ---------------------------------------------------------------------------------------------- node

  #liveNode(): SimNode | undefined {
    return this.#node?.isDead === false ? this.#node : undefined;
  }

  #startNode(): void {
    this.#node = new SimNode(this.#world, this.#plan, this.#parts);
  }

  #crashNode(): void {
    const node = this.#liveNode();
    if (node === undefined) return;
    node.crash();
    this.#reports.push(...node.reports);
    this.#world.queue.after(20 + this.#random.next() * 1_500, () => this.#startNode());
  }

  // ---------------------------------------------------------------------------------------------- disasters

  /** Returns when the last one has begun. */
  #planDisasters(): number {
    const p = this.#profile;
    const { queue, clock, store } = this.#world;
    const durationMs = Math.max(400, (p.requests * p.thinkMsMax) / 2 / p.clients);
    const times = (count: number, run: () => void): void => {
      for (let i = 0; i < count; i += 1) queue.after(this.#random.next() * durationMs, run);
    };
    const client = (): SimClient => this.#crowd.clients[this.#random.below(this.#crowd.clients.length)] as SimClient;
    const shard = (): number => this.#random.below(p.shards);
    times(p.connectionCuts, () => client().wire?.cut(this.#random.next() * 400, this.#random.next() * 200));
    times(p.stalls, () => client().wire?.stall(this.#random.next() * 1_500));
    times(p.shardCrashes, () => this.#liveNode()?.crashShard(shard()));
    times(p.shardPauses, () =>
      this.#liveNode()?.pauseShard(shard(), this.#random.next() ** 2 * 4_000, this.#random.next() * 2_000),
    );
    times(p.nodeCrashes, () => this.#crashNode());
    times(p.storeOutages, () => {
      store.unavailableUntilMs = queue.nowMs + this.#random.next() * 2_000;
    });
    times(p.isFollowed ? p.followerCrashes : 0, () => this.#liveNode()?.crashFollowers());
    times(p.isFollowed ? p.feedChanges : 0, () => this.#programs?.disturb());
    times(p.wallJumps, () => clock.jumpWall((this.#random.next() - 0.5) * 2 * HOUR_MS));
    times(p.oldEvents > 0 ? p.retentions : 0, () => {
      const node = this.#liveNode();
      if (node !== undefined) retain(node, clock, TENANT, this.#crowd.rooms[0] as RoomId);
    });
    times(p.poison, () => {
      const content = this.#random.next() < 0.5 ? CRASHING_CONTENT : THROWING_CONTENT;
      const poisoner = client();
      const room = this.#crowd.rooms[0] as RoomId;
      if (poisoner.isConnected)
        poisoner.request(room, { kind: "send_message", content: `${content} ${this.#crowd.content(poisoner)}` });
    });
    return queue.nowMs + durationMs;
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

  async #heal(): Promise<void> {
    const { store } = this.#world;
    const settled = (): boolean => this.#crowd.clients.every((client) => client.isSettled);
    store.faults = HEALTHY_STORE;
    store.unavailableUntilMs = 0;
    if (this.#receivers !== undefined) this.#receivers.faults = HEALTHY_RECEIVERS;
    this.#world.backpressureMax = Number.POSITIVE_INFINITY;
    await this.#runUntil(() => this.#liveNode()?.isHealthy === true && store.late === 0, SETTLE_MS_MAX);
    if (!(await this.#runUntil(settled, SETTLE_MS_MAX))) this.#complain("settle");
    await this.#runFor(HEARD_MS_MAX);
    this.#checkHeard();
    await this.#drill();
    for (const client of this.#crowd.clients) {
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
    if (!(await this.#runUntil(settled, PROBE_MS_MAX))) this.#complain("answer probes");
    await this.#runFor(QUIET_MS);
    for (const client of this.#crowd.clients) if (client.isSettled) client.takePositions();
    if (!(await this.#runUntil(settled, SETTLE_MS_MAX))) this.#complain("answer the last resume");
    for (const client of this.#crowd.clients) client.goAway();
    await this.#runFor(50);
    for (const client of this.#crowd.clients) client.comeBack();
    if (!(await this.#runUntil(settled, SETTLE_MS_MAX))) this.#complain("take up new connections");
    for (const client of this.#crowd.clients) client.takeUnread();
    if (!this.#profile.isModerated) return;
    for (const client of this.#crowd.clients) client.takeQueues(this.#crowd.rooms);
    await this.#runFor(QUEUES_MS);
  }

  async #drill(): Promise<void> {
    if (this.#receivers === undefined) return;
    const settled = (): boolean => this.#crowd.clients.every((client) => client.isAway || client.isSettled);
    this.#drilled = await drill({
      ...{ crowd: this.#crowd, notices: this.#receivers.notices, random: this.#newRandom() },
      wallMs: () => this.#world.clock.wallMs(),
      runFor: (ms) => this.#runFor(ms),
      settle: async (what) => {
        if (!(await this.#runUntil(settled, SETTLE_MS_MAX))) this.#complain(what);
      },
    });
  }

  /** Whoever is to be brought everything has it in bounded time; what is lacking the checker says. */
  async #bring(logs: readonly FinalLog[]): Promise<readonly Reader[]> {
    const receivers = this.#receivers;
    if (receivers === undefined) return [];
    const { queue } = this.#world;
    this.#programs?.switchOn();
    const untilMs = queue.nowMs + BROUGHT_MS_MAX;
    while (!receivers.haveAll(logs) && queue.nowMs < untilMs) await this.#runFor(BROUGHT_LOOK_MS);
    this.#programs?.stop();
    return receivers.readers;
  }

  /**
   * Nobody has written since: who listens knows all that there is. Save what a thread wrote that was given up and went on:
   * on one node there is nobody who would tell of it before the next event, and real threads are ended for good.
   */
  #checkHeard(): void {
    const { store, ghosts } = this.#world;
    for (const { name, rooms } of this.#crowd.clients) {
      for (const { room, subscribed, head = 0 } of rooms.values()) {
        const unheard = store.memory.currentLog(TENANT, room)?.segments.filter(({ lastSeq }) => lastSeq > head) ?? [];
        if (!subscribed || unheard.every(({ owner }) => ghosts.has(owner))) continue;
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
}
