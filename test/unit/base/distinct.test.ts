import { expect, test } from "bun:test";
import { Distinct, DISTINCT_EXACT_MAX } from "../../../src/base/distinct.ts";

const some = (count: number, from = 0): Distinct => {
  const distinct = new Distinct();
  for (let i = 0; i < count; i += 1) distinct.add(`user_${from + i}`);
  return distinct;
};
const isNear = (found: number, count: number, part = 0.06): boolean => Math.abs(found - count) <= count * part;

test("the first ones are counted exactly, each once; one past the bound within a few percent", () => {
  const few = some(DISTINCT_EXACT_MAX);
  for (let i = 0; i < 50; i += 1) few.add(`user_${i}`);
  expect(few.count).toBe(DISTINCT_EXACT_MAX);
  expect(Array.isArray(few.data)).toBe(true);
  few.add("one more");
  expect(typeof few.data).toBe("string");
  expect(isNear(few.count, DISTINCT_EXACT_MAX + 1)).toBe(true);
});

test("however many there are, the count is within a few percent and takes the same room", () => {
  for (const count of [1_000, 5_000, 20_000, 200_000]) {
    const many = some(count);
    expect([count, isNear(many.count, count)]).toEqual([count, true]);
    expect(String(many.data).length).toBeLessThan(2_800);
  }
});

test("two counts are put together as if one had counted, in whatever form they are", () => {
  for (const [a, b, from] of [
    [100, 100, 50],
    [200, 200, 100],
    [3_000, 100, 2_950],
    [100, 3_000, 50],
    [5_000, 5_000, 2_500],
  ] as const) {
    const one = Distinct.of(some(a).data);
    one.merge(Distinct.of(some(b, from).data));
    const all = Math.max(a, from + b);
    if (all <= DISTINCT_EXACT_MAX) expect(one.count).toBe(all);
    else expect([all, isNear(one.count, all)]).toEqual([all, true]);
  }
  expect(Distinct.of(undefined).count).toBe(0);
});
