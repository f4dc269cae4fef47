/**
 * One machine of a cluster: its wall clock, its way to the store, and the nodes that run on it, one after another.
 * Invariant: one node at a time; each run of an instance has a name of its own.
 */
import type { SeededRandom } from "../../src/base/prng.ts";
import type { NodeId } from "../../src/cluster/membership.ts";
import type { MemoryStore } from "../../src/storage/memory/memory-store.ts";
import type { ClusterNetwork } from "./cluster-network.ts";
import { type NodePlan, type Parts, SimNode, type World } from "./sim-node.ts";
import { HEALTHY_STORE, SimStore, type StoreFaults } from "./sim-store.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** How long after its awakening a node may be at work on what it had in hand, milliseconds. */
const AFTERMATH_MS = 6_000;

export interface MachineParts {
  readonly network: ClusterNetwork;
  readonly plan: NodePlan;
  readonly parts: Parts;
  readonly memory: MemoryStore;
  readonly random: SeededRandom;
  readonly wallMs: number;
  readonly overwrites: boolean;
}

export class SimMachine {
  readonly name: string;
  readonly clock: VirtualClock;
  readonly store: SimStore;
  readonly reports: string[] = [];
  readonly #world: World;
  readonly #given: MachineParts;
  #node: SimNode | undefined;
  #boots = 0;
  #startsAgain = false;

  constructor(name: string, world: World, given: MachineParts) {
    const { queue, trace } = world;
    this.name = name;
    this.#given = given;
    this.clock = new VirtualClock(queue, given.wallMs);
    this.store = new SimStore(queue, given.random, trace, HEALTHY_STORE, given.overwrites, given.memory);
    this.#world = {
      ...world,
      clock: this.clock,
      store: this.store,
      get backpressureMax() {
        return world.backpressureMax;
      },
    };
  }

  /** `undefined`: none runs now. */
  get node(): SimNode | undefined {
    return this.#node?.isDead === false ? this.#node : undefined;
  }

  get id(): NodeId | undefined {
    return this.node?.cluster?.view?.self;
  }

  /** Nothing more is about to happen here by itself. */
  get isSteady(): boolean {
    const { node } = this;
    if (this.#startsAgain || this.store.late > 0) return false;
    return node === undefined || (node.isReady && !node.isPaused && node.isHealthy);
  }

  /** Does nothing while a node runs here. */
  start(): void {
    const { network, plan, parts } = this.#given;
    this.#startsAgain = false;
    if (this.node !== undefined) return;
    this.#boots += 1;
    const id = `${this.name}.${this.#boots}` as NodeId;
    const seat = { id, instance: this.name, bus: network.newBus(), membership: network.newMembership() };
    this.#keepReports();
    this.#node = new SimNode(this.#world, plan, parts, seat);
  }

  /** Down for `downMs`, then there is another node under the same instance. */
  crash(downMs: number): void {
    const { node } = this;
    if (node === undefined || this.#startsAgain) return;
    node.crash();
    this.#startLater(downMs);
  }

  /** Leaves in good order; with `downMs` there is another node under the same instance after that time. */
  retire(downMs: number | undefined): void {
    this.node?.retire();
    if (downMs !== undefined) this.#startLater(downMs);
  }

  #startLater(downMs: number): void {
    this.#startsAgain = true;
    this.#world.queue.after(downMs, () => this.start());
  }

  pause(pauseMs: number, patienceMs: (() => number) | undefined): void {
    const { node } = this;
    if (node === undefined || node.isPaused) return;
    node.pause(patienceMs);
    const { queue, disruptions } = this.#world;
    // What it had in hand when it fell asleep others may refuse meanwhile, and it may carry out when it has the room again.
    disruptions.push({ fromMs: queue.nowMs, toMs: queue.nowMs + pauseMs + AFTERMATH_MS, hasCopies: true });
    queue.after(pauseMs, () => node.resume());
  }

  trouble(faults: StoreFaults): void {
    this.store.faults = faults;
  }

  heal(): void {
    this.store.faults = HEALTHY_STORE;
    this.store.unavailableUntilMs = 0;
  }

  #keepReports(): void {
    this.reports.push(...(this.#node?.reports ?? []));
  }
}
