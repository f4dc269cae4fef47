/**
 * Time of the simulation: a queue of steps, run one after another. Nothing happens between two steps.
 * Invariant: steps run in the order of their time, those of one instant in the order in which they were set; `nowMs` never falls.
 */
import type { Clock, Timer } from "../../src/base/clock.ts";

interface Step {
  readonly atMs: number;
  readonly order: number;
  /** `undefined`: cancelled. */
  run: (() => void) | undefined;
}

/** A binary heap by time and order. */
export class EventQueue {
  readonly #heap: Step[] = [];
  #nowMs = 0;
  #orders = 0;
  #steps = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Steps run so far. */
  get steps(): number {
    return this.#steps;
  }

  at(atMs: number, run: () => void): Timer {
    this.#orders += 1;
    const step: Step = { atMs: Math.max(atMs, this.#nowMs), order: this.#orders, run };
    this.#push(step);
    return {
      cancel: () => {
        step.run = undefined;
      },
    };
  }

  after(delayMs: number, run: () => void): Timer {
    return this.at(this.#nowMs + delayMs, run);
  }

  /** Runs the next step; false when there is none at or before `untilMs`, which is then the present. */
  runNext(untilMs: number): boolean {
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= untilMs; next = this.#heap[0]) {
      this.#pop();
      const { run } = next;
      if (run === undefined) continue;
      next.run = undefined;
      this.#nowMs = next.atMs;
      this.#steps += 1;
      run();
      return true;
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
    return false;
  }

  #push(step: Step): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(step);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = heap[parent] as Step;
      if (!isBefore(step, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = step;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, left)) child += 1;
      const below = heap[child] as Step;
      if (!isBefore(below, last)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Step, b: Step): boolean {
  return a.atMs !== b.atMs ? a.atMs < b.atMs : a.order < b.order;
}

/** The machine's clock as its processes see it. The wall clock may be set to anything; durations never notice. */
export class VirtualClock implements Clock {
  readonly #queue: EventQueue;
  #wallAtStartMs: number;

  constructor(queue: EventQueue, wallAtStartMs: number) {
    this.#queue = queue;
    this.#wallAtStartMs = wallAtStartMs;
  }

  jumpWall(byMs: number): void {
    this.#wallAtStartMs += byMs;
  }

  wallMs(): number {
    return Math.floor(this.#wallAtStartMs + this.#queue.nowMs);
  }

  monotonicMs(): number {
    return this.#queue.nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#queue.after(delayMs, run);
  }
}
