/**
 * How much one connection or user may ask: a bucket that fills steadily up to a brim. Pure: the clock is the caller's.
 * Invariant: over any span of t seconds no more than `burst + perSecond × t` units are given out.
 */

export interface Rate {
  readonly perSecond: number;
  /** The brim: what may be taken at once after a pause. */
  readonly burst: number;
}

export class TokenBucket {
  readonly #rate: Rate;
  #level: number;
  #filledAtMs: number;

  /** `nowMs` is monotonic time. A new bucket is full. */
  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate;
    this.#level = rate.burst;
    this.#filledAtMs = nowMs;
  }

  /**
   * Takes `units` and returns 0, or takes nothing and returns the milliseconds until they will be there.
   * More than the brim can never be had: that answers with the time to fill up from empty.
   */
  take(nowMs: number, units = 1): number {
    this.#fill(nowMs);
    if (this.#level >= units) {
      this.#level -= units;
      return 0;
    }
    const lacking = Math.min(units, this.#rate.burst) - this.#level;
    return Math.max(1, Math.ceil((lacking * 1000) / this.#rate.perSecond));
  }

  /** Nothing was taken for so long that a new bucket would be the same. */
  isFull(nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#level >= this.#rate.burst;
  }

  #fill(nowMs: number): void {
    if (nowMs <= this.#filledAtMs) return;
    const gained = ((nowMs - this.#filledAtMs) * this.#rate.perSecond) / 1000;
    this.#level = Math.min(this.#rate.burst, this.#level + gained);
    this.#filledAtMs = nowMs;
  }
}
