/**
 * What it costs that rooms move: many rooms on three nodes, some of them in use; a fourth node joins and, later, leaves in
 * order. Counted are the requests to the store that name an idle room or its owner, and how long busy rooms stood still.
 */
import { SeededRandom } from "../../src/base/prng.ts";
import type { NodeId } from "../../src/cluster/membership.ts";
import type { Options } from "../options.ts";
import type { MovedScenario } from "../scenarios.ts";
import { type Cluster, withNodes } from "./cluster.ts";
import type { StoreCounts } from "./counting-store.ts";
import { nodeIdOf, ownersOf } from "./placing.ts";
import { Longest, Talker } from "./talker.ts";

const NODES = 3;
/** Of the making of idle rooms: the test server sets its pace. */
const CREATE_MS_MAX = 180_000;
const QUICK_CREATE_MS_MAX = 10_000;
const QUICK_ROOMS = 300;
const QUICK_ACTIVE = 50;
/** Rooms that are made at the same time, and of one owner. */
const CREATORS = 16;
/** Busy rooms of one connection. */
const ROOMS_PER_TALKER = 5;
/** "Every second or so": each message is a segment and, at most once a second, the room's row; the test server sets the limit. */
const PERIOD_MS_MIN = 2_000;
/** Where it begins; a server that cannot take more is not asked for more: waiting for it would hide the moves. */
const PERIOD_MS_MAX = 9_000;
const PERIOD_STEP = 1.5;
const CALM_WAIT_MS = 500;
const LOOK_MS = 2_000;
/** Rows follow their log, and what they still have to do is no cost of moving. */
const SETTLE_MS_MAX = 60_000;
const SETTLED_LOOKS = 2;
/** Compilers tier up meanwhile. */
const WARM_MS = 6_000;
const QUICK_WARM_MS = 2_000;
const QUIET_MS = 5_000;
/** After the node is ready, or gone: whatever follows from it has to fall into the phase. */
const AFTER_MS = 6_000;
const COMPLAINTS_MAX = 20;

export interface Phase {
  readonly name: "before" | "join" | "leave";
  readonly seconds: number;
  readonly requests: number;
  readonly idleRequests: number;
  readonly idleExamples: readonly string[];
  readonly operations: Readonly<Record<string, number>>;
  /** Rooms that have another owner at its end. */
  readonly idleMoved: number;
  readonly activeMoved: number;
  readonly acks: number;
  readonly retries: number;
  /** From a message's due time to its ack, retries included. */
  readonly longestWaitMs: number;
  /** Between two acks of a room; the pause until the next message is due is in it. */
  readonly longestGapMs: number;
}

export interface MovedResult {
  readonly idleRooms: number;
  readonly activeRooms: number;
  readonly createMs: number;
  /** Between two messages of an active room. */
  readonly periodMs: number;
  readonly phases: readonly Phase[];
  readonly faults: number;
  readonly complaints: readonly string[];
}

export function runMoved(scenario: MovedScenario, options: Options): Promise<MovedResult> {
  return withNodes("stoa", NODES, options.dataDir, (cluster) => {
    const active = options.quick ? QUICK_ACTIVE : scenario.active;
    const idle = (options.quick ? QUICK_ROOMS : scenario.rooms) - active;
    const limitMs = options.quick ? QUICK_CREATE_MS_MAX : CREATE_MS_MAX;
    const warmMs = options.quick ? QUICK_WARM_MS : WARM_MS;
    return new Moves(cluster).run(idle, active, limitMs, warmMs, new SeededRandom(options.seed));
  });
}

class Moves {
  readonly #cluster: Cluster;
  readonly #talkers: Talker[] = [];
  readonly #phases: Phase[] = [];
  #idle: readonly string[] = [];
  #active: readonly string[] = [];
  #nodes: readonly NodeId[] = [];
  #longest = new Longest();
  #periodMs = PERIOD_MS_MAX;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async run(
    idle: number,
    active: number,
    createMsMax: number,
    warmMs: number,
    random: SeededRandom,
  ): Promise<MovedResult> {
    const beganMs = performance.now();
    this.#idle = await this.#createIdle(idle, beganMs + createMsMax);
    const createMs = performance.now() - beganMs;
    this.#active = Array.from({ length: active }, (_, i) => `busy-${i}`);
    await this.#createActive(beganMs + 2 * createMsMax);
    for (const talker of this.#talkers)
      talker.talk(
        () => this.#periodMs,
        () => random.next(),
      );
    this.#nodes = await Promise.all(this.#cluster.servers.map(nodeIdOf));
    await Bun.sleep(warmMs);
    await this.#settle();
    await this.#phase("before", async () => {
      await Bun.sleep(QUIET_MS);
      return this.#nodes;
    });
    const before = this.#nodes;
    const fourth = await this.#phase("join", async () => {
      const server = await this.#cluster.add("stoa-4");
      await Bun.sleep(AFTER_MS);
      this.#nodes = [...before, await nodeIdOf(server)];
      return server;
    });
    await this.#phase("leave", async () => {
      await fourth.stop();
      await Bun.sleep(AFTER_MS);
      this.#nodes = before;
    });
    await Promise.all(this.#talkers.map((talker) => talker.finish()));
    const faults = this.#talkers.reduce((sum, talker) => sum + talker.faults, 0);
    const complaints = this.#talkers.flatMap((talker) => talker.complaints).slice(0, COMPLAINTS_MAX);
    const rooms = { idleRooms: this.#idle.length, activeRooms: active };
    return { ...rooms, createMs, periodMs: this.#periodMs, phases: this.#phases, faults, complaints };
  }

  /** Those that were made in time. Their makers are gone afterwards: nobody listens to an idle room. */
  async #createIdle(rooms: number, deadlineMs: number): Promise<readonly string[]> {
    const made = await Promise.all(
      Array.from({ length: CREATORS }, async (_, i) => {
        const names = Array.from({ length: rooms }, (__, room) => room)
          .filter((room) => room % CREATORS === i)
          .map((room) => `idle-${room}`);
        const maker = await Talker.start(this.#portOf(i), `idle-maker-${i}`, names, () => this.#longest);
        const count = await maker.create(deadlineMs);
        maker.close();
        return names.slice(0, count);
      }),
    );
    return made.flat();
  }

  async #createActive(deadlineMs: number): Promise<void> {
    for (let at = 0; at < this.#active.length; at += ROOMS_PER_TALKER) {
      const names = this.#active.slice(at, at + ROOMS_PER_TALKER);
      const place = this.#talkers.length;
      this.#talkers.push(await Talker.start(this.#portOf(place), `busy-${place}`, names, () => this.#longest));
    }
    let count = 0;
    for (let at = 0; at < this.#talkers.length; at += CREATORS) {
      const some = this.#talkers.slice(at, at + CREATORS);
      const made = await Promise.all(some.map((talker) => talker.create(deadlineMs)));
      count += made.reduce((sum, rooms) => sum + rooms, 0);
    }
    if (count < this.#active.length) throw new Error(`only ${count} of ${this.#active.length} busy rooms were made`);
  }

  #portOf(i: number): number {
    return this.#cluster.servers[i % NODES]?.port ?? 0;
  }

  #cut(): Promise<StoreCounts> {
    const { dynamo } = this.#cluster;
    if (dynamo === undefined) throw new Error("there is no DynamoDB server");
    return dynamo.cut();
  }

  /** Until nothing has been asked for idle rooms for a while, and the active ones are answered without waiting. */
  async #settle(): Promise<void> {
    const deadlineMs = performance.now() + SETTLE_MS_MAX;
    let isEnough = false;
    await this.#cut();
    for (let quiet = 0; quiet < SETTLED_LOOKS && performance.now() < deadlineMs; ) {
      this.#longest = new Longest();
      await Bun.sleep(LOOK_MS);
      for (const talker of this.#talkers) talker.lookAtUnanswered();
      const isCalm = this.#longest.waitMs < CALM_WAIT_MS && (await this.#cut()).idle === 0;
      quiet = isCalm ? quiet + 1 : 0;
      isEnough ||= !isCalm || this.#periodMs === PERIOD_MS_MIN;
      if (!isCalm) this.#periodMs = Math.min(PERIOD_MS_MAX, PERIOD_STEP * this.#periodMs);
      else if (!isEnough) {
        this.#periodMs = Math.max(PERIOD_MS_MIN, this.#periodMs / PERIOD_STEP);
        quiet = 0;
      }
    }
  }

  async #phase<Value>(name: Phase["name"], act: () => Promise<Value>): Promise<Value> {
    const nodes = this.#nodes;
    await this.#cut();
    this.#longest = new Longest();
    const beganMs = performance.now();
    const value = await act();
    for (const talker of this.#talkers) talker.lookAtUnanswered();
    const { waitMs, gapMs, acks, retries } = this.#longest;
    const { requests, idle, operations, examples } = await this.#cut();
    this.#phases.push({
      name,
      seconds: (performance.now() - beganMs) / 1000,
      requests,
      idleRequests: idle,
      idleExamples: examples,
      operations,
      idleMoved: this.#moved(this.#idle, nodes),
      activeMoved: this.#moved(this.#active, nodes),
      acks,
      retries,
      longestWaitMs: waitMs,
      longestGapMs: gapMs,
    });
    return value;
  }

  #moved(rooms: readonly string[], before: readonly NodeId[]): number {
    const now = ownersOf(this.#nodes, rooms);
    return ownersOf(before, rooms).filter((owner, i) => before[owner] !== this.#nodes[now[i] ?? 0]).length;
  }
}
