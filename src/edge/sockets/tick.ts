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
/** Load is what goes on for so long: a few frames that happen to come together are none, and each of them would wait for it. */
const SPAN_MS = 16;

export class Tick {
  /** The last span that is over, and the one that goes on: when each began, and what was handed over in it. */
  #beforeMs = Number.NEGATIVE_INFINITY;
  #before = 0;
  #beganMs = Number.NEGATIVE_INFINITY;
  #frames = 0;

  /** `frames` were handed over at `nowMs` (monotonic). */
  handedOver(frames: number, nowMs: number): void {
    this.#frames += frames;
    if (nowMs - this.#beganMs < SPAN_MS) return;
    this.#beforeMs = this.#beganMs;
    this.#before = this.#frames;
    this.#beganMs = nowMs;
    this.#frames = 0;
  }

  /** How long to wait after the first frame that comes at `nowMs`, milliseconds. The silence before it counts. */
  delayMs(nowMs: number): number {
    const perMs = (this.#before + this.#frames + 1) / Math.max(SPAN_MS, nowMs - this.#beforeMs);
    if (perMs < BUSY_PER_MS) return 0;
    return perMs < VERY_BUSY_PER_MS ? BUSY_DELAY_MS : VERY_BUSY_DELAY_MS;
  }
}
