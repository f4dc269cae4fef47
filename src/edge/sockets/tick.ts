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
/** What arrived in less counts as if it had taken so long. */
const SPAN_MS_MIN = 1;

export class Tick {
  #beforeMs = Number.NEGATIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;
  #frames = 0;

  /** `frames` were handed over at `nowMs` (monotonic). */
  handedOver(frames: number, nowMs: number): void {
    this.#beforeMs = this.#lastMs;
    this.#lastMs = nowMs;
    this.#frames = frames;
  }

  /**
   * How long to wait after the first frame that comes at `nowMs`, milliseconds. The silence before it counts: two frames in a row
   * some time ago are no load.
   */
  delayMs(nowMs: number): number {
    const perMs = (this.#frames + 1) / Math.max(SPAN_MS_MIN, nowMs - this.#beforeMs);
    if (perMs < BUSY_PER_MS) return 0;
    return perMs < VERY_BUSY_PER_MS ? BUSY_DELAY_MS : VERY_BUSY_DELAY_MS;
  }
}
