/** How sure one can be of a difference, from a few independent looks at it. Pure. */

/** Two-sided 95 % of Student's t, by degrees of freedom from 1 on. */
const T_95 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131];
/** Beyond the table: a little more than it is, so that nothing looks surer than it is. */
const T_95_BEYOND = 2.131;

/** Shares: 0.02 is two percent more. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Of the factors by which something grew, one from each group; in logarithms, so that twice as much and half as much lie equally far
 * from nothing. With one look nothing is known about the scatter: the interval has no end.
 */
export function intervalOf(factors: readonly number[]): Interval {
  const logs = factors.map(Math.log);
  const mean = logs.reduce((sum, each) => sum + each, 0) / logs.length;
  const freedom = logs.length - 1;
  if (freedom < 1) return { mean: Math.expm1(mean), low: -1, high: Number.POSITIVE_INFINITY };
  const variance = logs.reduce((sum, each) => sum + (each - mean) ** 2, 0) / freedom;
  const half = (T_95[freedom - 1] ?? T_95_BEYOND) * Math.sqrt(variance / logs.length);
  return { mean: Math.expm1(mean), low: Math.expm1(mean - half), high: Math.expm1(mean + half) };
}

/** It costs no more than `most`, and that is not by chance. */
export function isShown({ high }: Interval, most: number): boolean {
  return high <= most;
}

/** It costs something, and not demonstrably little: what the measure must say where something is known to have been added. */
export function isFound({ low, high }: Interval, most: number): boolean {
  return low > 0 && high > most;
}
