/**
 * What the providers' thread tells the shard's, and when: the first piece of an answer at once, those that follow it no more often
 * than listeners are shown them, and what is due of all answers at about the same time in one block.
 * Invariant: what is said of one run is in order; nothing is said of a run that was stopped or has ended.
 */
import type { Clock, Timer } from "../base/clock.ts";
import { AI_BLOCK_INTERVAL_MS, AI_BLOCK_PIECES_MAX, AI_PACE_SLACK_MS } from "../base/limits.ts";
import { pieceIntervalMs } from "../base/piece-interval.ts";
import type { EngineEnd } from "./run-engine.ts";

export type ProviderNews =
  | { readonly kind: "began"; readonly id: number }
  | { readonly kind: "piece"; readonly id: number; readonly text: string }
  | { readonly kind: "ended"; readonly id: number; readonly end: EngineEnd };

interface Run {
  readonly id: number;
  /** A provider began, and nothing of it was told yet. */
  hasBegun: boolean;
  text: string;
  end: EngineEnd | undefined;
  /** Monotonic time, milliseconds: not to be told before. */
  dueMs: number;
}

export class PacedNews {
  readonly #clock: Clock;
  readonly #soon: (run: () => void) => void;
  readonly #post: (block: readonly ProviderNews[]) => void;
  readonly #runs = new Map<number, Run>();
  /** There is something to tell of them. */
  readonly #waiting = new Set<Run>();
  #timer: Timer | undefined;
  #wakeMs = Number.POSITIVE_INFINITY;
  #postedMs = Number.NEGATIVE_INFINITY;

  /** `soon` runs a function when what has arrived was taken in. */
  constructor(clock: Clock, soon: (run: () => void) => void, post: (block: readonly ProviderNews[]) => void) {
    this.#clock = clock;
    this.#soon = soon;
    this.#post = post;
  }

  began(id: number): void {
    const run = this.#run(id);
    // What came of another provider before is void.
    run.text = "";
    run.hasBegun = true;
    this.#tell(run, Number.NEGATIVE_INFINITY);
  }

  piece(id: number, text: string): void {
    const run = this.#run(id);
    run.text += text;
    if (!this.#waiting.has(run)) this.#tell(run, run.dueMs);
  }

  ended(id: number, end: EngineEnd): void {
    const run = this.#run(id);
    run.end = end;
    this.#tell(run, this.#postedMs + AI_BLOCK_INTERVAL_MS);
  }

  /** Nobody wants to hear more of it. */
  forget(id: number): void {
    const run = this.#runs.get(id);
    if (run === undefined) return;
    this.#runs.delete(id);
    this.#waiting.delete(run);
  }

  #run(id: number): Run {
    let run = this.#runs.get(id);
    if (run === undefined) {
      run = { id, hasBegun: false, text: "", end: undefined, dueMs: Number.NEGATIVE_INFINITY };
      this.#runs.set(id, run);
    }
    return run;
  }

  #tell(run: Run, dueMs: number): void {
    run.dueMs = Math.min(run.dueMs, dueMs);
    this.#waiting.add(run);
    this.#wake(run.dueMs);
  }

  #wake(atMs: number): void {
    if (atMs >= this.#wakeMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#wakeMs = atMs;
    const waitMs = atMs - this.#clock.monotonicMs();
    if (waitMs > 0) this.#timer = this.#clock.after(waitMs, () => this.#flush());
    else {
      // Nothing is earlier than that.
      this.#wakeMs = Number.NEGATIVE_INFINITY;
      this.#soon(() => this.#flush());
    }
  }

  #flush(): void {
    this.#timer = undefined;
    this.#wakeMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.monotonicMs();
    const takenUpToMs = nowMs + AI_BLOCK_INTERVAL_MS;
    const block: ProviderNews[] = [];
    let nextMs = Number.POSITIVE_INFINITY;
    let pieces = 0;
    for (const run of this.#waiting) {
      const isFirst = run.dueMs === Number.NEGATIVE_INFINITY;
      if (run.dueMs > takenUpToMs || (pieces >= AI_BLOCK_PIECES_MAX && !isFirst)) {
        nextMs = Math.min(nextMs, Math.max(run.dueMs, takenUpToMs));
        continue;
      }
      pieces += 1;
      this.#waiting.delete(run);
      this.#say(run, block);
      // Whoever is taken a little early now is not early the next time.
      run.dueMs = takenUpToMs + pieceIntervalMs(this.#runs.size) + AI_PACE_SLACK_MS;
    }
    if (block.length > 0) {
      this.#postedMs = nowMs;
      this.#post(block);
    }
    this.#wake(nextMs);
  }

  #say(run: Run, block: ProviderNews[]): void {
    const { id, text, end } = run;
    if (run.hasBegun) block.push({ kind: "began", id });
    if (text !== "") block.push({ kind: "piece", id, text });
    run.hasBegun = false;
    run.text = "";
    if (end === undefined) return;
    block.push({ kind: "ended", id, end });
    this.#runs.delete(id);
  }
}
