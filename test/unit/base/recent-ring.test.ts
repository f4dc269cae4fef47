import { describe, expect, test } from "bun:test";
import { RecentRing } from "../../../src/base/recent-ring.ts";

describe("a ring of the newest", () => {
  const ring = (size: number): RecentRing<{ readonly atMs: number }> => new RecentRing(size, 100);
  const timesOf = (of: RecentRing<{ readonly atMs: number }>, nowMs: number) =>
    [...of.from(nowMs)].map(({ atMs }) => atMs);

  test("keeps as many as it may, and with one more forgets the oldest", () => {
    const three = ring(3);
    for (const atMs of [1, 2, 3]) three.push({ atMs });
    expect(timesOf(three, 10)).toEqual([1, 2, 3]);
    three.push({ atMs: 4 });
    expect(timesOf(three, 10)).toEqual([2, 3, 4]);
    for (const atMs of [5, 6, 7, 8]) three.push({ atMs });
    expect(timesOf(three, 10)).toEqual([6, 7, 8]);
    expect(three.size).toBe(3);
  });

  test("gives nothing that is too old", () => {
    const three = ring(3);
    for (const atMs of [1, 50]) three.push({ atMs });
    expect(timesOf(three, 101)).toEqual([1, 50]);
    expect(timesOf(three, 102)).toEqual([50]);
  });

  test("says since when it has all", () => {
    const two = ring(2);
    expect(two.keptFromMs(150)).toBe(50);
    two.push({ atMs: 120 });
    expect(two.keptFromMs(150)).toBe(50);
    two.push({ atMs: 130 });
    two.push({ atMs: 140 });
    expect(two.keptFromMs(150)).toBe(130);
  });
});
