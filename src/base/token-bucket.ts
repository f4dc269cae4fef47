/**
 * How much somebody may ask: a bucket that fills steadily up to a brim. Pure: the clock is the caller's.
 * Invariant: over any span of t seconds no more than `burst + perSecond × t` units are given out.
 */

export interface Rate {
  readonly perSecond: number;
  /** The brim: what may be taken at once after a pause. */
  readonly burst: number;
}

/** Of two bounds what both allow. */
export function lesser(one: Rate | undefined, other: Rate | undefined): Rate | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return { perSecond: Math.min(one.perSecond, other.perSecond), burst: Math.min(one.burst, other.burst) };
}

export class TokenBucket {
  #rate: Rate;
  #level: number;
  #filledAtMs: number;

  /** `nowMs` is monotonic time. A new bucket is full. */
  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate;
    this.#level = rate.burst;
    this.#filledAtMs = nowMs;
  }

  get rate(): Rate {
    return this.#rate;
  }

  /** Another rate from now on; what is above its brim is lost. */
  setRate(rate: Rate, nowMs: number): void {
    this.#fill(nowMs);
    this.#rate = rate;
    this.#level = Math.min(this.#level, rate.burst);
  }

  /** Whole units that are there. */
  level(nowMs: number): number {
    this.#fill(nowMs);
    return Math.max(0, Math.floor(this.#level));
  }

  /** Milliseconds until it is full. */
  fullInMs(nowMs: number): number {
    this.#fill(nowMs);
    return Math.ceil(((this.#rate.burst - this.#level) * 1000) / this.#rate.perSecond);
  }

  /**
   * 0: `units` are there; otherwise the milliseconds until they will be. Nothing is taken.
   * More than the brim can never be had: that answers with the time to fill up to the brim.
   */
  waitMs(nowMs: number, units = 1): number {
    this.#fill(nowMs);
    if (this.#level >= units) return 0;
    const lacking = Math.min(units, this.#rate.burst) - this.#level;
    return Math.max(1, Math.ceil((lacking * 1000) / this.#rate.perSecond));
  }

  /** Takes `units` and returns 0, or takes nothing and returns what `waitMs` says. */
  take(nowMs: number, units = 1): number {
    const waitMs = this.waitMs(nowMs, units);
    if (waitMs === 0) this.#level -= units;
    return waitMs;
  }

  /** Takes what was given out elsewhere, also below nothing: it is paid back before anything is given here. */
  owe(nowMs: number, units: number): void {
    this.#fill(nowMs);
    this.#level = Math.max(-this.#rate.burst, this.#level - units);
  }

  #fill(nowMs: number): void {
    if (nowMs <= this.#filledAtMs) return;
    const gained = ((nowMs - this.#filledAtMs) * this.#rate.perSecond) / 1000;
    this.#level = Math.min(this.#rate.burst, this.#level + gained);
    this.#filledAtMs = nowMs;
  }
}
