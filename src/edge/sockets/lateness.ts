/** How late a thread comes to what it was to do: what everything else in it waits for, too. */
import type { Clock, Timer } from "../../base/clock.ts";

const LOOK_MS = 1_000;

export class Lateness {
  /** Of the last look, milliseconds. */
  ms = 0;
  readonly #clock: Clock;
  #timer: Timer;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#timer = this.#next();
  }

  stop(): void {
    this.#timer.cancel();
  }

  #next(): Timer {
    const dueMs = this.#clock.monotonicMs() + LOOK_MS;
    return this.#clock.after(LOOK_MS, () => {
      this.ms = Math.max(0, this.#clock.monotonicMs() - dueMs);
      this.#timer = this.#next();
    });
  }
}
