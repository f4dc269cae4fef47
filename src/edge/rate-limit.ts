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

  #fill(nowMs: number): void {
    if (nowMs <= this.#filledAtMs) return;
    const gained = ((nowMs - this.#filledAtMs) * this.#rate.perSecond) / 1000;
    this.#level = Math.min(this.#rate.burst, this.#level + gained);
    this.#filledAtMs = nowMs;
  }
}

/** Keys whose buckets are kept: some 10 MB at most. The longest unused goes first, which can only be generous to it. */
const KEYS_MAX = 50_000;

/** One bucket per key, made when it is first asked for. */
export class KeyedBuckets {
  readonly #rate: Rate;
  readonly #keysMax: number;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(rate: Rate, keysMax = KEYS_MAX) {
    this.#rate = rate;
    this.#keysMax = keysMax;
  }

  /** As `TokenBucket.take`. */
  take(key: string, nowMs: number): number {
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#rate, nowMs);
    // Moved to the end: a map keeps the order of insertion, so its first key is the longest unused.
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > this.#keysMax) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    return bucket.take(nowMs);
  }
}
