/**
 * Failures as an operator is told of them: the first at once, those that follow at most every ten seconds, with how many there were.
 * Whoever uses it says never what was being done, nor for whom.
 */
import type { Clock } from "./clock.ts";
import { FAILURE_REPORT_MS } from "./limits.ts";

export interface Failures {
  /** Of the last one. */
  readonly why: string;
  /** Since they were told of last. */
  readonly failures: number;
}

export function failureReport(clock: Clock, tell: (failures: Failures) => void): (why: string) => void {
  let failures = 0;
  let toldMs = Number.NEGATIVE_INFINITY;
  return (why) => {
    failures += 1;
    const nowMs = clock.monotonicMs();
    if (nowMs - toldMs < FAILURE_REPORT_MS) return;
    toldMs = nowMs;
    tell({ why, failures });
    failures = 0;
  };
}
