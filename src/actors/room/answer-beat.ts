/**
 * When answers of the assistant are shown and saved: on beats that all answers of a shard have in common, so that what is due at
 * the same time leaves in one block and is written in one commit.
 * Invariant: whoever waits is called once, with the first beat after it is due; there are no beats that nobody waits for.
 */
import type { Clock, Timer } from "../../base/clock.ts";
import { AI_BEAT_MS } from "../../base/limits.ts";
import { pieceIntervalMs } from "../../base/piece-interval.ts";

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
  /** For the earliest of those that wait. */
  #timer: Timer | undefined;
  #beatMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The more answers grow, the less often each is shown. */
  get intervalMs(): number {
    return pieceIntervalMs(this.answers);
  }

  wait(answer: Beating): void {
    this.#waiting.add(answer);
    this.#set(answer.dueMs);
  }

  forget(answer: Beating): void {
    this.#waiting.delete(answer);
  }

  #set(dueMs: number): void {
    const beatMs = Math.ceil(dueMs / AI_BEAT_MS) * AI_BEAT_MS;
    if (beatMs >= this.#beatMs) return;
    this.#timer?.cancel();
    this.#beatMs = beatMs;
    this.#timer = this.#clock.after(Math.max(1, beatMs - this.#clock.monotonicMs()), () => this.#beat());
  }

  #beat(): void {
    this.#timer = undefined;
    this.#beatMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.monotonicMs();
    const due = [...this.#waiting].filter(({ dueMs }) => dueMs <= nowMs);
    for (const answer of due) this.#waiting.delete(answer);
    for (const answer of due) answer.beat();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { dueMs } of this.#waiting) nextMs = Math.min(nextMs, dueMs);
    this.#set(nextMs);
  }
}
