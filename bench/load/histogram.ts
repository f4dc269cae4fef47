/** Counts of latencies: 5 µs steps up to 50 ms, 1 ms steps up to 20 s, one bucket beyond. Recording allocates nothing. */

const FINE_STEP_US = 5;
const FINE_US_MAX = 50_000;
const COARSE_STEP_US = 1_000;
const COARSE_US_MAX = 20_000_000;
const FINE_BUCKETS = FINE_US_MAX / FINE_STEP_US;

export class Histogram {
  readonly #fine = new Uint32Array(FINE_BUCKETS);
  readonly #coarse = new Uint32Array(COARSE_US_MAX / COARSE_STEP_US + 1);
  #count = 0;
  #highestUs = 0;

  record(latencyUs: number): void {
    this.#count += 1;
    if (latencyUs > this.#highestUs) this.#highestUs = latencyUs;
    if (latencyUs < FINE_US_MAX) {
      const bucket = latencyUs < 0 ? 0 : (latencyUs / FINE_STEP_US) | 0;
      this.#fine[bucket] = (this.#fine[bucket] ?? 0) + 1;
      return;
    }
    const bucket = Math.min(this.#coarse.length - 1, Math.floor(latencyUs / COARSE_STEP_US));
    this.#coarse[bucket] = (this.#coarse[bucket] ?? 0) + 1;
  }

  get count(): number {
    return this.#count;
  }

  get highestUs(): number {
    return this.#highestUs;
  }

  /** The upper edge of the bucket in which the `share` quantile lies, in µs; 0 when nothing was recorded. */
  quantileUs(share: number): number {
    let left = Math.ceil(this.#count * share);
    if (left === 0) return 0;
    for (let i = 0; i < this.#fine.length; i += 1) {
      left -= this.#fine[i] ?? 0;
      if (left <= 0) return (i + 1) * FINE_STEP_US;
    }
    for (let i = 0; i < this.#coarse.length; i += 1) {
      left -= this.#coarse[i] ?? 0;
      if (left <= 0) return (i + 1) * COARSE_STEP_US;
    }
    return this.#highestUs;
  }
}
