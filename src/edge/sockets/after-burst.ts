/**
 * Notices when many connections have come or gone and it has become quiet: what that left behind is given back then, a fifth of
 * what each of them takes. The garbage collector finds it by itself, too, but maybe only under the next load.
 */
import type { Clock, Timer } from "../../base/clock.ts";
import type { EdgeCounters } from "../figures/edge-counters.ts";

type Counters = Pick<EdgeCounters, "connectionsOpened" | "connectionsClosed" | "framesReceived">;

export const LOOK_MS = 1_000;
/** Connections that came or went since the last time; of many that are open, as large a part of them. */
export const BURST_MIN = 500;
const BURST_PART = 4;
/** Each thousand of them stops a thread for 2 ms: of more, it is left to the collector. */
export const COLLECTED_MAX = 25_000;
/** Frames in `LOOK_MS`: more than that, and the garbage collector has work anyway. */
export const QUIET_FRAMES_MAX = 200;

export class AfterBurst {
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #quiet: () => void;
  #timer: Timer;
  #handled = 0;
  #changes = 0;
  #frames = 0;

  constructor(clock: Clock, counters: Counters, quiet: () => void) {
    this.#clock = clock;
    this.#counters = counters;
    this.#quiet = quiet;
    this.#timer = clock.after(LOOK_MS, () => this.#look());
  }

  stop(): void {
    this.#timer.cancel();
  }

  #look(): void {
    this.#timer = this.#clock.after(LOOK_MS, () => this.#look());
    const { connectionsOpened, connectionsClosed, framesReceived } = this.#counters;
    const changes = connectionsOpened + connectionsClosed;
    const isQuiet = changes - this.#changes < BURST_MIN / 10 && framesReceived - this.#frames <= QUIET_FRAMES_MAX;
    this.#changes = changes;
    this.#frames = framesReceived;
    const open = connectionsOpened - connectionsClosed;
    const isBurst = changes - this.#handled >= Math.max(BURST_MIN, open / BURST_PART);
    if (!isQuiet || !isBurst || open > COLLECTED_MAX) return;
    this.#handled = changes;
    this.#quiet();
  }
}
