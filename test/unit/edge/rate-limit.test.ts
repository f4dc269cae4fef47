import { expect, test } from "bun:test";
import fc from "fast-check";
import { KeyedBuckets, TokenBucket } from "../../../src/edge/rate-limit.ts";

test("the burst can be taken at once, and one more can not", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, 0);
  expect([bucket.take(0), bucket.take(0), bucket.take(0)]).toEqual([0, 0, 0]);
  expect(bucket.take(0)).toBe(100);
});

test("the time that is named is enough, and a millisecond less is not", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 1 }, 0);
  bucket.take(0);
  const waitMs = bucket.take(0);
  expect(bucket.take(waitMs - 1)).toBeGreaterThan(0);
  expect(bucket.take(waitMs)).toBe(0);
});

test("a refused request takes nothing", () => {
  const bucket = new TokenBucket({ perSecond: 1, burst: 2 }, 0);
  expect(bucket.take(0, 3)).toBeGreaterThan(0);
  expect(bucket.take(0, 2)).toBe(0);
});

test("a clock that stands still or goes back gives nothing", () => {
  const bucket = new TokenBucket({ perSecond: 1000, burst: 1 }, 100);
  bucket.take(100);
  expect(bucket.take(50)).toBeGreaterThan(0);
});

test("whatever is asked, no more than burst + rate × time is given", () => {
  const requests = fc.array(fc.tuple(fc.nat(200), fc.integer({ min: 1, max: 5 })), { maxLength: 200 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 50 }),
      requests,
      (perSecond, burst, steps) => {
        const bucket = new TokenBucket({ perSecond, burst }, 0);
        let nowMs = 0;
        let given = 0;
        for (const [delayMs, units] of steps) {
          nowMs += delayMs;
          if (bucket.take(nowMs, units) === 0) given += units;
          expect(given).toBeLessThanOrEqual(burst + (perSecond * nowMs) / 1000 + 1e-6);
        }
      },
    ),
  );
});

test("each key has its own bucket, and beyond the bound the longest unused is forgotten", () => {
  const buckets = new KeyedBuckets({ perSecond: 1, burst: 1 }, 2);
  expect([buckets.take("a", 0), buckets.take("b", 0)]).toEqual([0, 0]);
  expect(buckets.take("a", 0)).toBeGreaterThan(0);
  expect(buckets.take("c", 0)).toBe(0);
  expect(buckets.take("a", 0)).toBeGreaterThan(0);
  expect(buckets.take("b", 0)).toBe(0);
});
