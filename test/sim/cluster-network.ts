/**
 * What lies between simulated nodes: one bus and one registry, with the troubles that real ones have. Who talks to whom, what
 * gets lost on the way, and who is not told of whom.
 * Invariant: once healed, every message arrives once and in order, and every question is answered at once.
 */
import type { SeededRandom } from "../../src/base/prng.ts";
import type { Bus } from "../../src/cluster/bus.ts";
import { MemoryBus } from "../../src/cluster/memory/memory-bus.ts";
import { MemoryCluster, type SavedRegistry, type Way } from "../../src/cluster/memory/memory-cluster.ts";
import { MemoryMembership } from "../../src/cluster/memory/memory-membership.ts";
import type { Membership, NodeId } from "../../src/cluster/membership.ts";
import type { Trace } from "./trace.ts";
import { type EventQueue, VirtualClock } from "./virtual-clock.ts";

/** Chances from 0 to 1, per message or question. */
export interface NetworkFaults {
  readonly busDelayMsMax: number;
  readonly lost: number;
  readonly twice: number;
  /** It may overtake others and be overtaken by them. */
  readonly outOfOrder: number;
  readonly outOfOrderMsMax: number;
  readonly registryDelayMsMax: number;
  readonly registryLost: number;
}

export const HEALTHY_NETWORK: NetworkFaults = {
  busDelayMsMax: 2,
  lost: 0,
  twice: 0,
  outOfOrder: 0,
  outOfOrderMsMax: 0,
  registryDelayMsMax: 2,
  registryLost: 0,
};

/** In which direction a node's questions to the registry get lost. */
export type RegistryCut = "questions" | "answers";

export class ClusterNetwork {
  faults: NetworkFaults = HEALTHY_NETWORK;
  readonly #queue: EventQueue;
  readonly #random: SeededRandom;
  readonly #trace: Trace;
  readonly #cluster: MemoryCluster;
  /** `from>to`: until when nothing gets through. */
  readonly #cutUntilMs = new Map<string, number>();
  readonly #registryCuts = new Map<NodeId, { readonly untilMs: number; readonly cut: RegistryCut }>();
  /** `reader>node`: until when the registry does not tell `reader` of `node`. */
  readonly #hiddenUntilMs = new Map<string, number>();
  /** When the last message that keeps its order arrives, by direction. */
  readonly #lastMs = new Map<string, number>();
  readonly #busDown = new Set<NodeId>();
  #restored = 0;
  #isHealed = false;

  constructor(queue: EventQueue, random: SeededRandom, trace: Trace) {
    this.#queue = queue;
    this.#random = random;
    this.#trace = trace;
    this.#cluster = new MemoryCluster(new VirtualClock(queue, 0));
    this.#cluster.carry = (from, to, bytes) => this.#carry(from, to, bytes);
    this.#cluster.reach = (node) => this.#reach(node);
  }

  newBus(): Bus {
    return new MemoryBus(this.#cluster);
  }

  newMembership(): Membership {
    const inner = new MemoryMembership(this.#cluster);
    return {
      beat: (self, options, done) =>
        inner.beat(self, options, (beat) => {
          if (!beat.ok) return done(beat);
          const nodes = beat.reading.nodes.filter(({ id }) => !isBefore(this.#queue, this.#hiddenUntilMs, self.id, id));
          done({ ok: true, reading: { ...beat.reading, nodes } });
        }),
      leave: (self, done) => inner.leave(self, done),
    };
  }

  // ---------------------------------------------------------------------------------------------- disasters

  /** One direction. */
  cut(from: NodeId, to: NodeId, durationMs: number): void {
    this.#note(`${from} is cut off from ${to} for ${durationMs.toFixed(0)}`);
    this.#cutUntilMs.set(`${from}>${to}`, this.#queue.nowMs + durationMs);
  }

  cutRegistry(node: NodeId, cut: RegistryCut, durationMs: number): void {
    this.#note(`the registry's ${cut} of ${node} get lost for ${durationMs.toFixed(0)}`);
    this.#registryCuts.set(node, { untilMs: this.#queue.nowMs + durationMs, cut });
  }

  busDown(node: NodeId, durationMs: number): void {
    if (this.#busDown.has(node)) return;
    this.#note(`the bus of ${node} is down for ${durationMs.toFixed(0)}`);
    this.#busDown.add(node);
    this.#cluster.setBusUp(node, false);
    this.#queue.after(durationMs, () => this.#busUp(node));
  }

  /** `reader` holds `node` for gone. */
  hide(node: NodeId, reader: NodeId, durationMs: number): void {
    this.#note(`${reader} is not told of ${node} for ${durationMs.toFixed(0)}`);
    this.#hiddenUntilMs.set(`${reader}>${node}`, this.#queue.nowMs + durationMs);
  }

  /** Bus and registry for everybody. */
  silence(durationMs: number): void {
    this.#note(`bus and registry are silent for ${durationMs.toFixed(0)}`);
    this.#cluster.silence(true);
    this.#queue.after(durationMs, () => this.#cluster.silence(false));
  }

  flush(): void {
    this.#note("the registry is emptied");
    this.#cluster.flush();
  }

  /** The registry falls back after `delayMs` to what it is now; `isNoticed`: and has another generation then. */
  rollBackLater(delayMs: number, isNoticed: boolean): void {
    const saved = this.#cluster.saveRegistry();
    this.#queue.after(delayMs, () => {
      if (this.#isHealed) return;
      this.#note(`the registry is rolled back by ${delayMs.toFixed(0)}${isNoticed ? ", with another generation" : ""}`);
      this.#restored += 1;
      const generation = isNoticed ? { generation: `restored-${this.#restored}` } : {};
      const registry: SavedRegistry = { ...saved, ...generation };
      this.#cluster.rollBack(registry);
    });
  }

  heal(): void {
    this.#note("the network is healed");
    this.#isHealed = true;
    this.faults = HEALTHY_NETWORK;
    this.#cutUntilMs.clear();
    this.#registryCuts.clear();
    this.#hiddenUntilMs.clear();
    this.#cluster.silence(false);
    for (const node of [...this.#busDown]) this.#busUp(node);
  }

  #busUp(node: NodeId): void {
    if (this.#busDown.delete(node)) this.#cluster.setBusUp(node, true);
  }

  // ---------------------------------------------------------------------------------------------- ways

  #carry(from: NodeId, to: NodeId, bytes: number): readonly number[] {
    const { faults } = this;
    const delays: number[] = [];
    if (!isBefore(this.#queue, this.#cutUntilMs, from, to) && this.#random.next() >= faults.lost) {
      delays.push(this.#delayMs(from, to));
      if (this.#random.next() < faults.twice) delays.push(this.#delayMs(from, to));
    }
    this.#note(`${from} => ${to}: ${bytes} bytes, ${delays.length} times`);
    return delays;
  }

  #delayMs(from: NodeId, to: NodeId): number {
    const { busDelayMsMax, outOfOrder, outOfOrderMsMax } = this.faults;
    if (this.#random.next() < outOfOrder) return this.#random.next() * outOfOrderMsMax;
    const key = `${from}>${to}`;
    const atMs = this.#queue.nowMs + 0.1 + this.#random.next() ** 3 * busDelayMsMax;
    const orderedMs = Math.max(atMs, this.#lastMs.get(key) ?? 0);
    this.#lastMs.set(key, orderedMs);
    return orderedMs - this.#queue.nowMs;
  }

  #reach(node: NodeId | undefined): Way {
    const { registryDelayMsMax, registryLost } = this.faults;
    const thereMs = 0.1 + this.#random.next() ** 3 * registryDelayMsMax;
    const backMs = 0.1 + this.#random.next() ** 3 * registryDelayMsMax;
    const cut = node === undefined ? undefined : this.#registryCuts.get(node);
    const isCut = cut !== undefined && this.#queue.nowMs < cut.untilMs;
    const isLost = this.#random.next() < registryLost;
    const losesQuestions = isCut ? cut.cut === "questions" : isLost && this.#random.next() < 0.5;
    if (losesQuestions) return { thereMs: undefined, backMs: undefined };
    return isCut || isLost ? { thereMs, backMs: undefined } : { thereMs, backMs };
  }

  #note(what: string): void {
    this.#trace.note(this.#queue.nowMs, what);
  }
}

function isBefore(queue: EventQueue, untilMs: ReadonlyMap<string, number>, from: NodeId, to: NodeId): boolean {
  return queue.nowMs < (untilMs.get(`${from}>${to}`) ?? 0);
}
