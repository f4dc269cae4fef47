/**
 * One seed from its first step to its verdict: build, disturb, heal, fall silent, judge.
 * Invariant: everything that happens follows from the seed and the parts; two runs of one seed are the same run.
 */
import type { RoomId, TenantId, UserId } from "../../src/base/ids.ts";
import { SeededRandom } from "../../src/base/prng.ts";
import { createCodecs } from "../../src/protocol/codecs.ts";
import type { MessageId } from "../../src/base/ids.ts";
import { checkHistory, type Violation } from "./history-checker.ts";
import type { History, RequestBody } from "./history.ts";
import { finalLog, writeOldRoom } from "./final-log.ts";
import { type Profile, profileOf } from "./profile.ts";
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
/** Longer than senders' own marks wait and than the grace period of presence. */
const QUIET_MS = 9_000;
/** Longer than a room stays active without anybody. */
const DESERTED_MS = 140_000;
const PRODUCTION: Parts = {
  makeRoom: (env, address, host) => new SimRoom(env, address, host),
  wrapJournal: (journal) => journal,
  wrapSocket: (socket) => socket,
  closesSlowSockets: true,
};
const codecs = createCodecs();

export function runSeed(seed: number, plant: Plant = {}, show?: (line: string) => void): Promise<Outcome> {
  return new Scenario(profileOf(seed), plant, show).run();
}

class Scenario {
  readonly #profile: Profile;
  readonly #random: SeededRandom;
  readonly #world: World;
  readonly #parts: Parts;
  readonly #plan: NodePlan;
  readonly #rooms: readonly RoomId[];
  readonly #clients: readonly SimClient[];
  readonly #violations: Violation[] = [];
  readonly #reports: string[] = [];
  #node: SimNode | undefined;
  #left: number;
  #contents = 0;

  constructor(profile: Profile, plant: Plant, show?: (line: string) => void) {
    const { seed, shards, linkDelayMsMax, clientDelayMsMax, backpressureMax } = profile;
    this.#profile = profile;
    this.#random = new SeededRandom(seed);
    this.#left = profile.requests;
    this.#parts = { ...PRODUCTION, ...plant.parts };
    const queue = new EventQueue();
    const trace = new Trace(show);
    this.#world = {
      queue,
      clock: new VirtualClock(queue, WALL_START_MS),
      store: new SimStore(queue, this.#newRandom(), trace, HEALTHY_STORE, plant.overwrites),
      trace,
      random: this.#newRandom(),
      codecs,
      backpressureMax,
      disruptions: [],
    };
    const settings = {
      node: "sim",
      messageLengthMax: 5_000,
      typingTimeoutMs: 3_000,
      typingTimeoutSnakeMs: 10_000,
      presenceGraceMs: 3_000,
      heartbeatMs: 30_000,
    };
    this.#plan = { shards, linkDelayMsMax, clientDelayMsMax, settings };
    this.#rooms = Array.from({ length: profile.rooms }, (_, i) => `room-${i}` as RoomId);
    this.#clients = Array.from({ length: profile.clients }, (_, i) => {
      const userId = `user-${i}` as UserId;
      const principal = { tenant: TENANT, userId, name: `User ${i}`, role: "user" } as const;
      return new SimClient(this.#world, this.#newRandom(), { name: `c${i}`, principal, node: () => this.#liveNode() });
    });
  }

  async run(): Promise<Outcome> {
    const { seed, oldEvents, isDeserted } = this.#profile;
    const { store, queue, trace } = this.#world;
    const users = this.#clients.map((client) => client.user);
    if (oldEvents > 0) writeOldRoom(store.memory, TENANT, this.#rooms[0] as RoomId, users, oldEvents, WALL_START_MS);
    this.#startNode();
    for (const client of this.#clients) client.connect();
    this.#found();
    await this.#runFor(300);
    store.faults = this.#profile.store;
    for (const client of this.#clients) this.#act(client);
    this.#planDisasters();
    await this.#runUntil(() => this.#left <= 0, 120_000);
    if (isDeserted) await this.#desert();
    await this.#heal();
    const logs = this.#rooms.map((room) => finalLog(store.memory, TENANT, room));
    const clients = this.#clients.map((client) => client.history);
    const history: History = { clients, logs, disruptions: this.#world.disruptions };
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
      // Answers to calls are promises: they are passed on before the next step.
      await undefined;
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

  // ---------------------------------------------------------------------------------------------- people

  /** The first client makes the rooms, everybody joins. */
  #found(): void {
    const [first, ...others] = this.#clients as [SimClient, ...SimClient[]];
    for (const [i, room] of this.#rooms.entries()) {
      if (i === 0 && this.#profile.oldEvents > 0) {
        for (const client of this.#clients) client.join(room);
        continue;
      }
      const isPrivate = i > 0 && i === this.#rooms.length - 1;
      first.view(room).wanted = true;
      const invited = isPrivate ? others.slice(0, -1).map((client) => client.user) : [];
      first.request(room, { kind: "create_room", participants: invited, isPrivate });
      for (const client of others) if (!isPrivate || invited.includes(client.user)) client.join(room);
    }
  }

  #act(client: SimClient): void {
    if (this.#left <= 0) return;
    this.#world.queue.after(this.#random.next() * this.#profile.thinkMsMax, () => {
      if (client.isConnected && client.openRequests < 6) this.#actOnce(client);
      this.#act(client);
    });
  }

  #actOnce(client: SimClient): void {
    const room = this.#rooms[this.#random.below(this.#rooms.length)] as RoomId;
    const view = client.view(room);
    this.#left -= 1;
    if (!view.wanted) {
      client.join(room);
      return;
    }
    const dice = this.#random.next();
    if (dice < 0.55) this.#send(client, room);
    else if (dice < 0.78) this.#change(client, room);
    else if (dice < 0.85) client.request(room, { kind: "mark_read", seq: this.#random.below((view.head ?? 0) + 1) });
    else if (dice < 0.88)
      client.tell({ type: this.#random.next() < 0.5 ? "typing_start" : "typing_stop", roomId: room });
    else if (dice < 0.91) client.unsubscribe(room);
    else if (dice < 0.94) this.#comeOrGo(client, room);
    else if (dice < 0.96) client.join(room);
    else if (dice < 0.98) this.#repeatSomething(client);
    else client.setStatus(client.status === "online" ? "offline" : "online");
  }

  #send(client: SimClient, room: RoomId): void {
    const body = { kind: "send_message", content: this.#content(client) } as const;
    const dice = this.#random.next();
    if (dice < 0.08) {
      client.request(room, body, { clientId: undefined });
      return;
    }
    const clientId = client.newKey();
    client.request(room, body, { clientId });
    // A nervous client: the same once more, before anybody can have answered; or another text under the same key.
    if (dice < 0.2) client.request(room, body, { clientId });
    else if (dice < 0.22) client.request(room, { ...body, content: this.#content(client) }, { clientId });
  }

  #content(client: SimClient): string {
    this.#contents += 1;
    return `${client.name} says ${this.#contents}`;
  }

  #change(client: SimClient, room: RoomId): void {
    const { messages } = client.view(room);
    const message = messages[this.#random.below(messages.length)];
    if (message === undefined) return this.#send(client, room);
    const messageId: MessageId = message.id;
    const dice = this.#random.next();
    if (dice < 0.35) client.request(room, { kind: "edit_message", messageId, content: this.#content(client) });
    else if (dice < 0.5) client.request(room, { kind: "delete_message", messageId });
    else client.request(room, { kind: "message_reaction", messageId, emoji: "+1", add: this.#random.next() < 0.6 });
  }

  #comeOrGo(client: SimClient, room: RoomId): void {
    const owner = this.#clients[0] as SimClient;
    const isPrivate = room === this.#rooms.at(-1);
    if (!isPrivate) {
      if (client !== owner) client.request(room, { kind: "leave_room" });
      return;
    }
    const other = this.#clients[1 + this.#random.below(this.#clients.length - 1)] as SimClient;
    const kind = this.#random.next() < 0.5 ? "add_member" : "remove_member";
    owner.request(room, { kind, userId: other.user });
  }

  /** A request of long ago comes again, as a delayed frame of an old connection would. */
  #repeatSomething(client: SimClient): void {
    const past = client.requests[this.#random.below(client.requests.length)];
    if (past === undefined || past.clientId === undefined || past.body.kind === "create_room") return;
    const body: RequestBody = past.body;
    if (body.kind === "join_room") client.view(past.room).wanted = true;
    client.request(past.room, body, { clientId: past.clientId });
  }

  // ---------------------------------------------------------------------------------------------- disasters

  #planDisasters(): void {
    const p = this.#profile;
    const { queue, clock, store } = this.#world;
    const durationMs = Math.max(400, (p.requests * p.thinkMsMax) / 2 / p.clients);
    const times = (count: number, run: () => void): void => {
      for (let i = 0; i < count; i += 1) queue.after(this.#random.next() * durationMs, run);
    };
    const client = (): SimClient => this.#clients[this.#random.below(this.#clients.length)] as SimClient;
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
    times(p.wallJumps, () => clock.jumpWall((this.#random.next() - 0.5) * 2 * HOUR_MS));
    times(p.poison, () => {
      const content = this.#random.next() < 0.5 ? CRASHING_CONTENT : THROWING_CONTENT;
      const poisoner = client();
      const room = this.#rooms[0] as RoomId;
      if (poisoner.isConnected)
        poisoner.request(room, { kind: "send_message", content: `${content} ${this.#content(poisoner)}` });
    });
  }

  /** Everybody leaves in good order, the rooms fall asleep, everybody comes back. */
  async #desert(): Promise<void> {
    for (const client of this.#clients) client.goAway();
    await this.#runFor(DESERTED_MS);
    for (const client of this.#clients) client.comeBack();
    await this.#runFor(200);
    this.#left = 20;
    for (const client of this.#clients) this.#act(client);
    await this.#runUntil(() => this.#left <= 0, 20_000);
  }

  // ---------------------------------------------------------------------------------------------- the end

  async #heal(): Promise<void> {
    const { store } = this.#world;
    const settled = (): boolean => this.#clients.every((client) => client.isSettled);
    store.faults = HEALTHY_STORE;
    store.unavailableUntilMs = 0;
    this.#world.backpressureMax = Number.POSITIVE_INFINITY;
    await this.#runUntil(() => this.#liveNode()?.isHealthy === true && store.late === 0, SETTLE_MS_MAX);
    if (!(await this.#runUntil(settled, SETTLE_MS_MAX))) this.#complain("settle");
    for (const client of this.#clients) {
      // What it chose may have been lost with a connection.
      if (client.isConnected) client.setStatus(client.status);
      for (const view of client.rooms.values()) {
        if (view.subscribed)
          client.request(
            view.room,
            { kind: "send_message", content: this.#content(client) },
            { clientId: client.newKey(), probe: true },
          );
      }
    }
    if (!(await this.#runUntil(settled, PROBE_MS_MAX))) this.#complain("answer probes");
    await this.#runFor(QUIET_MS);
    for (const client of this.#clients) if (client.isSettled) client.takePositions();
    if (!(await this.#runUntil(settled, SETTLE_MS_MAX))) this.#complain("answer the last resume");
    for (const client of this.#clients) client.goAway();
    await this.#runFor(50);
    for (const client of this.#clients) client.comeBack();
    if (!(await this.#runUntil(settled, SETTLE_MS_MAX))) this.#complain("take up new connections");
    for (const client of this.#clients) client.takeUnread();
  }

  #complain(failure: string): void {
    const stuck = this.#clients.filter((client) => !client.isSettled).map((client) => client.describe());
    this.#violations.push({ rule: "liveness", message: `healed, but did not ${failure}: ${stuck.join("; ")}` });
  }
}
