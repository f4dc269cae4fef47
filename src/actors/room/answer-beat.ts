/**
 * When answers of the assistant are shown and saved: on beats that all answers of a shard have in common, so that what is due at
 * the same time leaves in one block and is written in one commit.
 * Invariant: whoever waits is called within a beat after it is due, once; with nobody waiting there are no beats.
 */
import type { Clock, Timer } from "../../base/clock.ts";
import { AI_BEAT_MS, AI_PIECE_INTERVAL_MS, AI_PIECE_INTERVAL_MS_MAX } from "../../base/limits.ts";

export interface Beating {
  /** Monotonic time, milliseconds: not to be called before. */
  readonly dueMs: number;
  beat(): void;
}

export class AnswerBeat {
  /** That grow in all rooms of the shard. */
  answers = 0;
  readonly #clock: Clock;
  readonly #waiting = new Set<Beating>();
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The more answers grow, the less often each is shown: a write to a socket costs the same however long the piece. */
  get intervalMs(): number {
    return Math.min(AI_PIECE_INTERVAL_MS_MAX, Math.max(AI_PIECE_INTERVAL_MS, this.answers / 2));
  }

  wait(answer: Beating): void {
    this.#waiting.add(answer);
    this.#timer ??= this.#next();
  }

  forget(answer: Beating): void {
    this.#waiting.delete(answer);
  }

  #next(): Timer {
    return this.#clock.after(AI_BEAT_MS, () => {
      const nowMs = this.#clock.monotonicMs();
      const due = [...this.#waiting].filter(({ dueMs }) => dueMs <= nowMs);
      for (const answer of due) this.#waiting.delete(answer);
      for (const answer of due) answer.beat();
      this.#timer = this.#waiting.size === 0 ? undefined : this.#next();
    });
  }
}
