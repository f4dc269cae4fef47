/**
 * A thread or process of the simulation: everything that enters it can be stopped for a while or for ever.
 * Invariant: nothing of a dead process runs; what a paused one was given runs at its resumption, in the order given.
 */
import type { Clock, Timer } from "../../src/base/clock.ts";
import type { EventQueue, VirtualClock } from "./virtual-clock.ts";

/** How long `defer` waits: the event loop has other things to do first. */
const DEFER_MS = 0.01;

export class SimProcess implements Clock {
  readonly #queue: EventQueue;
  readonly #clock: VirtualClock;
  #state: "running" | "paused" | "dead" = "running";
  #backlog: (() => void)[] = [];

  constructor(queue: EventQueue, clock: VirtualClock) {
    this.#queue = queue;
    this.#clock = clock;
  }

  get isDead(): boolean {
    return this.#state === "dead";
  }

  get isPaused(): boolean {
    return this.#state === "paused";
  }

  readonly enter = (run: () => void): void => {
    if (this.#state === "running") run();
    else if (this.#state === "paused") this.#backlog.push(run);
  };

  pause(): void {
    if (this.#state === "running") this.#state = "paused";
  }

  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const run of backlog) this.enter(run);
  }

  kill(): void {
    this.#state = "dead";
    this.#backlog = [];
  }

  readonly defer = (run: () => void): void => {
    this.#queue.after(DEFER_MS, () => this.enter(run));
  };

  wallMs(): number {
    return this.#clock.wallMs();
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#clock.after(delayMs, () => this.enter(run));
  }
}
