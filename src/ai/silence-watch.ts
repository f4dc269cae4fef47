/**
 * Notices that a provider says nothing any more, or has taken all of its time.
 * Invariant: rings once at most, and never after `cancel`. One timer, set anew when it rings: pieces come far more often than silence does.
 */
import type { Clock, Timer } from "../base/clock.ts";

export class SilenceWatch {
  readonly #clock: Clock;
  readonly #silenceMs: number;
  /** Monotonic, milliseconds. */
  readonly #endMs: number;
  readonly #late: () => void;
  #heardMs: number;
  #timer: Timer;

  /** `late` after so long without a word, and when all of the time is over. */
  constructor(clock: Clock, silenceMs: number, leftMs: number, late: () => void) {
    this.#clock = clock;
    this.#silenceMs = silenceMs;
    this.#late = late;
    this.#heardMs = clock.monotonicMs();
    this.#endMs = this.#heardMs + leftMs;
    this.#timer = this.#set();
  }

  heard(): void {
    this.#heardMs = this.#clock.monotonicMs();
  }

  cancel(): void {
    this.#timer.cancel();
  }

  get #leftMs(): number {
    return Math.min(this.#heardMs + this.#silenceMs, this.#endMs) - this.#clock.monotonicMs();
  }

  #set(): Timer {
    return this.#clock.after(Math.max(0, this.#leftMs), () => {
      if (this.#leftMs > 0) this.#timer = this.#set();
      else this.#late();
    });
  }
}
