/**
 * Tells a client that is a little too fast from one that floods: by how many of its frames were refused. The first is told to
 * wait a moment, as often as it likes; the second is not read from for longer, and closed when that does not help.
 * Pure: the clock is the caller's.
 */
import { FLOOD_BURSTS, FLOOD_FORGIVEN_MS, FLOOD_PAUSE_MS, FLOODS_MAX } from "../../base/limits.ts";
import { type Rate, TokenBucket } from "../../base/token-bucket.ts";

export type FloodVerdict =
  /** Too fast, no more. */
  { readonly kind: "wait" } | { readonly kind: "pause"; readonly ms: number } | { readonly kind: "close" };

const WAIT: FloodVerdict = { kind: "wait" };

export class Flood {
  readonly #rate: Rate;
  #allowed: TokenBucket;
  #floods = 0;
  #pausedUntilMs = 0;

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate;
    this.#allowed = allowance(rate, nowMs);
  }

  /** A frame was refused, since the connection's own bucket was empty. */
  refused(nowMs: number): FloodVerdict {
    // It was read before the pause.
    if (nowMs < this.#pausedUntilMs) return { kind: "pause", ms: this.#pausedUntilMs - nowMs };
    if (this.#allowed.take(nowMs) === 0) return WAIT;
    if (nowMs - this.#pausedUntilMs >= FLOOD_FORGIVEN_MS) this.#floods = 0;
    this.#floods += 1;
    if (this.#floods > FLOODS_MAX) return { kind: "close" };
    this.#pausedUntilMs = nowMs + FLOOD_PAUSE_MS;
    this.#allowed = allowance(this.#rate, nowMs);
    return { kind: "pause", ms: FLOOD_PAUSE_MS };
  }
}

function allowance({ perSecond, burst }: Rate, nowMs: number): TokenBucket {
  return new TokenBucket({ perSecond, burst: FLOOD_BURSTS * burst }, nowMs);
}
