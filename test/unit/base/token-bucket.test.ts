import { expect, test } from "bun:test";
import fc from "fast-check";
import { lesser, TokenBucket } from "../../../src/base/token-bucket.ts";

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

test("what is asked about only is not taken, and the level says what is there", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, 0);
  expect([bucket.waitMs(0, 3), bucket.level(0), bucket.fullInMs(0)]).toEqual([0, 3, 0]);
  bucket.take(0, 3);
  expect([bucket.waitMs(0), bucket.level(0), bucket.fullInMs(0)]).toEqual([100, 0, 300]);
  expect([bucket.level(99), bucket.level(100)]).toEqual([0, 1]);
});

test("what was given out elsewhere is paid back first, and never more than one brim of it", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 5 }, 0);
  bucket.owe(0, 7);
  expect([bucket.level(0), bucket.waitMs(0)]).toEqual([0, 300]);
  bucket.owe(0, 1_000);
  expect(bucket.waitMs(0)).toBe(600);
  expect([bucket.take(599), bucket.take(600)]).toEqual([1, 0]);
});

test("a lower rate takes effect at once, and what is above its brim is lost", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 10 }, 0);
  bucket.setRate({ perSecond: 1, burst: 2 }, 0);
  expect([bucket.take(0), bucket.take(0), bucket.take(0)]).toEqual([0, 0, 1_000]);
});

test("of two rates what both allow", () => {
  expect(lesser({ perSecond: 1, burst: 9 }, { perSecond: 2, burst: 3 })).toEqual({ perSecond: 1, burst: 3 });
  expect(lesser(undefined, { perSecond: 2, burst: 3 })).toEqual({ perSecond: 2, burst: 3 });
  expect(lesser(undefined, undefined)).toBeUndefined();
});
