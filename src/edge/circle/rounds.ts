/**
 * Questions to the edges of all nodes: gathers their answers. A node that does not answer in time is named: what it would have
 * said is not known. Invariant: each question ends, and each node's answer counts once.
 */
import type { Clock } from "../../base/clock.ts";
import { TRACE_QUESTIONS_MAX, TRACE_WAIT_MS } from "../../base/limits.ts";

export interface Answers<View> {
  readonly views: readonly View[];
  readonly silent: readonly string[];
}

interface Open<View> {
  readonly views: View[];
  readonly missing: Set<string>;
  readonly done: () => void;
}

export class Rounds<View extends { readonly node: string }> {
  readonly #clock: Clock;
  readonly #others: () => readonly string[];
  readonly #waitMs: number;
  readonly #open = new Map<number, Open<View>>();
  #asked = 0;

  /** `others`: the other nodes there are now. `waitMs`: how long they are waited for. */
  constructor(clock: Clock, others: () => readonly string[], waitMs: number = TRACE_WAIT_MS) {
    this.#clock = clock;
    this.#others = others;
    this.#waitMs = waitMs;
  }

  /** `say` tells the others the question with its number. `undefined`: too many ask at once. */
  ask(own: View, say: (ask: number) => void): Promise<Answers<View> | undefined> {
    const missing = new Set(this.#others());
    if (missing.size === 0) return Promise.resolve({ views: [own], silent: [] });
    if (this.#open.size >= TRACE_QUESTIONS_MAX) return Promise.resolve(undefined);
    this.#asked += 1;
    const ask = this.#asked;
    return new Promise((resolve) => {
      const views = [own];
      const done = (): void => {
        timer.cancel();
        this.#open.delete(ask);
        resolve({ views, silent: [...missing] });
      };
      const timer = this.#clock.after(this.#waitMs, done);
      this.#open.set(ask, { views, missing, done });
      say(ask);
    });
  }

  told(ask: number, view: View): void {
    const open = this.#open.get(ask);
    if (open === undefined || !open.missing.delete(view.node)) return;
    open.views.push(view);
    if (open.missing.size === 0) open.done();
  }
}
