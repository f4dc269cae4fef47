/** Percentiles of few numbers, and of counts by bucket. 0 where there is nothing: charts draw it so. */
import { COMMIT_BUCKETS_MS } from "../../actors/shard-counters.ts";

/** Of numbers in ascending order; `share` between 0 and 1. */
export function percentile(ascending: readonly number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.ceil(ascending.length * share) - 1)] ?? 0;
}

/** Within its bucket by proportion, as those who read histograms do. What is beyond the last bound counts as the bound. */
export function bucketPercentile(counts: readonly number[], share: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total <= 0) return 0;
  const wanted = total * share;
  let below = 0;
  for (const [place, count] of counts.entries()) {
    const upper = COMMIT_BUCKETS_MS[place];
    if (upper === undefined) break;
    if (below + count >= wanted && count > 0) {
      const lower = COMMIT_BUCKETS_MS[place - 1] ?? 0;
      return lower + ((upper - lower) * (wanted - below)) / count;
    }
    below += count;
  }
  return COMMIT_BUCKETS_MS.at(-1) ?? 0;
}
