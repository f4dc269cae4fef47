/** What decides whether counting is cheap: the interval, its two verdicts, and whose CPU time is whose. */
import { describe, expect, test } from "bun:test";
import { kindOf } from "../../../bench/metrics/group.ts";
import { intervalOf, isFound, isShown } from "../../../bench/metrics/interval.ts";
import { threadCpuOf } from "../../../bench/proc.ts";

describe("the interval", () => {
  test("is Student's, around the mean of the logarithms", () => {
    const interval = intervalOf([Math.exp(0.01), Math.exp(0.02), Math.exp(0.03)]);
    // Deviation 0.01, three looks: 4.303 × 0.01 / √3.
    expect(Math.log1p(interval.mean)).toBeCloseTo(0.02, 9);
    expect(Math.log1p(interval.low)).toBeCloseTo(0.02 - 0.024_843, 5);
    expect(Math.log1p(interval.high)).toBeCloseTo(0.02 + 0.024_843, 5);
  });

  test("has no end where there was one look, so that nothing is shown by it", () => {
    const interval = intervalOf([1.001]);
    expect([isShown(interval, 0.02), isFound(interval, 0.02)]).toEqual([false, false]);
  });

  test("of looks that say the same is as narrow as a point", () => {
    const { low, high } = intervalOf([1.02, 1.02, 1.02, 1.02]);
    expect([low, high].map((end) => end.toFixed(6))).toEqual(["0.020000", "0.020000"]);
  });

  test("grows with the scatter and beyond the table of quantiles goes on", () => {
    const calm = Array.from({ length: 40 }, (_, i) => 1 + 0.001 * (i % 2));
    const wild = Array.from({ length: 40 }, (_, i) => 1 + 0.1 * (i % 2));
    expect(intervalOf(calm).high).toBeLessThan(intervalOf(wild).high);
    expect(intervalOf(wild).low).toBeGreaterThan(0);
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
