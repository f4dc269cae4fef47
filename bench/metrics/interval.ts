/** How sure one can be of a difference between two kinds of things that were measured side by side, in groups. Pure. */

/** Two-sided 95 % of Student's t, by degrees of freedom from 1 on. */
const T_95 = [
  ...[12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131],
  ...[2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042],
];
/** Beyond the table: a little more than it is, so that nothing looks surer than it is. */
const T_95_BEYOND = 2.042;

/** What was measured side by side: costs of the ones and of the others, as many in each group. */
export interface Group {
  readonly base: readonly number[];
  readonly other: readonly number[];
}
/** By how much the others cost more. Shares: 0.02 is two percent. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/**
 * In logarithms, so that twice as much and half as much lie equally far from nothing. Each group has a level of its own, all have
 * the same difference; what is left over is the scatter from one to the next. Where nothing is left over that could say
 * how large it is, the interval has no end.
 */
export function intervalOf(groups: readonly Group[]): Interval {
  const logs = groups.map(({ base, other }) => ({ base: base.map(Math.log), other: other.map(Math.log) }));
  const difference = mean(logs.map(({ base, other }) => mean(other) - mean(base)));
  const left = logs.flatMap(({ base, other }) => {
    const level = mean([...base, ...other]);
    return [...base.map((log) => log - level + difference / 2), ...other.map((log) => log - level - difference / 2)];
  });
  const freedom = left.length - groups.length - 1;
  if (freedom < 1) return { mean: Math.expm1(difference), low: -1, high: Number.POSITIVE_INFINITY };
  const variance = left.reduce((sum, each) => sum + each ** 2, 0) / freedom;
  // As many ones as others: half of all each.
  const half = (T_95[freedom - 1] ?? T_95_BEYOND) * Math.sqrt((variance * 4) / left.length);
  return { mean: Math.expm1(difference), low: Math.expm1(difference - half), high: Math.expm1(difference + half) };
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
}

/** It costs no more than `most`, and that is not by chance. */
export function isShown({ high }: Interval, most: number): boolean {
  return high <= most;
}

/** It costs something, and not demonstrably little: what the measure must say where something is known to have been added. */
export function isFound({ low, high }: Interval, most: number): boolean {
  return low > 0 && high > most;
}
