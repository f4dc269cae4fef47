/**
 * Time as a parameter: nothing else in the engine asks the machine for the time, so that the simulation can own it.
 */

/** A timer that was set; cancelling one that has fired does nothing. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall clock, milliseconds since 1970. May jump both ways: for timestamps that people see, never for durations. */
  wallMs(): number;
  /** Milliseconds since an arbitrary start; never falls. For time-outs, ages and rates. */
  monotonicMs(): number;
  /** Runs `run` once, `delayMs` or a little more from now. */
  after(delayMs: number, run: () => void): Timer;
}

/** The machine's own clock. Its timers do not keep the process alive. */
export class SystemClock implements Clock {
  wallMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  after(delayMs: number, run: () => void): Timer {
    const handle = setTimeout(run, delayMs);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  }
}
