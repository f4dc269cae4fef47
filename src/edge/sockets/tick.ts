/**
 * When to hand over what was gathered: at once while little arrives, and every few milliseconds under load, so that one
 * commit, one block between threads and one write per client carry many messages instead of one.
 * Pure: the caller brings the time.
 */

/** Frames per millisecond from which waiting pays, and from which it pays to wait longer. */
const BUSY_PER_MS = 1;
const VERY_BUSY_PER_MS = 6;
const BUSY_DELAY_MS = 2;
const VERY_BUSY_DELAY_MS = 4;
/** A gap between two hand-overs counts as no shorter than this, so that two frames in a row are not yet very busy. */
const INTERVAL_MS_MIN = 1;

export class Tick {
  #lastMs = Number.NEGATIVE_INFINITY;
  #perMs = 0;

  /** `frames` were handed over at `nowMs` (monotonic). */
  handedOver(frames: number, nowMs: number): void {
    this.#perMs = frames / Math.max(INTERVAL_MS_MIN, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }

  /** How long the next hand-over waits, milliseconds. */
  get delayMs(): number {
    if (this.#perMs < BUSY_PER_MS) return 0;
    return this.#perMs < VERY_BUSY_PER_MS ? BUSY_DELAY_MS : VERY_BUSY_DELAY_MS;
  }
}
