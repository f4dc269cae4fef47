/** What decides whether counting is cheap: the interval, its two verdicts, and whose CPU time is whose. */
import { describe, expect, test } from "bun:test";
import { kindOf } from "../../../bench/metrics/group.ts";
import { intervalOf, isFound, isShown } from "../../../bench/metrics/interval.ts";
import { threadCpuOf } from "../../../bench/proc.ts";

const groupsOf = (...logs: readonly (readonly [base: number[], other: number[]])[]) =>
  logs.map(([base, other]) => ({ base: base.map(Math.exp), other: other.map(Math.exp) }));

describe("the interval", () => {
  test("of single pairs is Student's, around the mean of the logarithms, whatever the groups' levels are", () => {
    const { mean, low, high } = intervalOf(groupsOf([[1], [1.01]], [[2], [2.02]], [[3], [3.03]]));
    // Deviation 0.01, three pairs: 4.303 × 0.01 / √3.
    expect(Math.log1p(mean)).toBeCloseTo(0.02, 9);
    expect(Math.log1p(low)).toBeCloseTo(0.02 - 0.024_843, 5);
    expect(Math.log1p(high)).toBeCloseTo(0.02 + 0.024_843, 5);
  });

  test("of several in a group takes the scatter among them", () => {
    const { mean, low, high } = intervalOf(
      groupsOf(
        [
          [0, 0.02],
          [0.03, 0.05],
        ],
        [
          [1, 1.02],
          [1.03, 1.05],
        ],
      ),
    );
    // Each is 0.01 off its kind's level; five degrees of freedom; 2.571 × √(8 × 0.0001 / 5) × √(1/4 + 1/4).
    expect(Math.log1p(mean)).toBeCloseTo(0.03, 9);
    expect(Math.log1p(high) - Math.log1p(mean)).toBeCloseTo(0.022_996, 5);
    expect(Math.log1p(mean) - Math.log1p(low)).toBeCloseTo(0.022_996, 5);
  });

  test("has no end where there was one pair, so that nothing is shown by it", () => {
    const interval = intervalOf(groupsOf([[0], [0.001]]));
    expect([isShown(interval, 0.02), isFound(interval, 0.02)]).toEqual([false, false]);
  });

  test("goes on beyond the table of quantiles", () => {
    const many = groupsOf(...Array.from({ length: 40 }, (_, i) => [[i], [i + 0.01 * (i % 2)]] as [number[], number[]]));
    const { low, high } = intervalOf(many);
    // 2.042 × 0.005 064 / √40
    expect([Math.log1p(low), Math.log1p(high)].map((end) => end.toFixed(4))).toEqual(["0.0034", "0.0066"]);
  });
});

test("a cost is shown to be small by the interval's upper end, at the bound and not beyond it", () => {
  expect(isShown({ mean: 0.001, low: -0.02, high: 0.02 }, 0.02)).toBe(true);
  expect(isShown({ mean: 0.001, low: -0.02, high: 0.0201 }, 0.02)).toBe(false);
});

test("a cost is found when it is surely there, and not surely small", () => {
  expect(isFound({ mean: 0.03, low: 0.01, high: 0.05 }, 0.02)).toBe(true);
  expect(isFound({ mean: 0.03, low: -0.001, high: 0.06 }, 0.02)).toBe(false);
  expect(isFound({ mean: 0.012, low: 0.01, high: 0.015 }, 0.02)).toBe(false);
});

test("a process's threads are told apart by what they are for", () => {
  expect(kindOf(7, "bun", 7)).toBe("edge");
  expect(["Worker", "JITWorker", "HeapHelper", "mi-scavenger", "Bun Pool 0"].map((name) => kindOf(8, name, 7))).toEqual(
    [...["shard", "compilers", "collectors", "collectors", "other"]] as never,
  );
});

test("the time of a thread never falls, and is that of the one that works", () => {
  const before = threadCpuOf(process.pid).get(process.pid)?.ns ?? Number.NaN;
  const untilUs = process.cpuUsage().user + 30_000;
  while (process.cpuUsage().user < untilUs);
  expect(threadCpuOf(process.pid).get(process.pid)?.ns).toBeGreaterThan(before);
});
