import { expect, test } from "bun:test";
import fc from "fast-check";
import { RATE_KEYS_MAX, RATE_SHARE_KEYS_MAX } from "../../../../src/base/limits.ts";
import {
  FORGET_MS,
  SHARE_MS,
  type SharedBucket,
  SharedBuckets,
  type Usage,
} from "../../../../src/edge/rates/shared-buckets.ts";
import { EventQueue, VirtualClock } from "../../../sim/virtual-clock.ts";

const RATE = { perSecond: 10, burst: 80 };

/** Nodes that hear each other after `delayMs`. */
function nodes(count: number, delayMs = 20) {
  const queue = new EventQueue();
  const clock = new VirtualClock(queue, 0);
  const told: Usage[] = [];
  const all: SharedBuckets[] = Array.from(
    { length: count },
    (_, i) =>
      new SharedBuckets({
        clock,
        rateOf: () => RATE,
        tell: (usage) => {
          told.push(usage);
          clock.after(delayMs, () => {
            for (const [other, node] of all.entries()) if (other !== i) node.heard(usage);
          });
        },
      }),
  );
  const run = (ms: number): void => {
    const untilMs = queue.nowMs + ms;
    while (queue.runNext(untilMs));
  };
  return { all, clock, told, run };
}

function takeAll(node: SharedBuckets | undefined, key: string, nowMs: number): number {
  const bucket = node?.of(key) as SharedBucket;
  let taken = 0;
  while (bucket.waitMs(nowMs) === 0) {
    node?.take(bucket, nowMs);
    taken += 1;
  }
  return taken;
}

test("an eighth of the brim is told to the others, one less is not, and they owe it", () => {
  const { all, clock, told, run } = nodes(2);
  const [here, there] = all;
  const bucket = here?.of("u/t/ann") as SharedBucket;
  for (let i = 0; i < 9; i += 1) here?.take(bucket, clock.monotonicMs());
  run(SHARE_MS * 2);
  expect(told).toEqual([]);
  here?.take(bucket, clock.monotonicMs());
  run(SHARE_MS);
  expect(told).toEqual([[["u/t/ann", 10]]]);
  run(20);
  expect(there?.of("u/t/ann").level(clock.monotonicMs())).toBe(70);
});

test("what was given out so long ago that it has been filled up again is not told", () => {
  const { all, clock, told, run } = nodes(2);
  const bucket = all[0]?.of("k") as SharedBucket;
  for (let i = 0; i < 9; i += 1) all[0]?.take(bucket, clock.monotonicMs());
  run(8_001);
  for (let i = 0; i < 9; i += 1) all[0]?.take(bucket, clock.monotonicMs());
  run(1_000);
  expect(told).toEqual([]);
});

test("whoever floods through three nodes gets what one would give, and each node's brim once", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 20, max: 120 }), (count, seconds) => {
      const { all, clock, run } = nodes(count);
      let given = 0;
      for (let step = 0; step < seconds * 10; step += 1) {
        for (const node of all) given += takeAll(node, "u/t/ann", clock.monotonicMs());
        run(100);
      }
      expect(given).toBeLessThanOrEqual(count * RATE.burst + RATE.perSecond * seconds + count * RATE.perSecond);
      expect(given).toBeGreaterThanOrEqual(RATE.perSecond * (seconds - 8));
    }),
    { numRuns: 20 },
  );
});

test("a node that is alone counts nothing for others", () => {
  const queue = new EventQueue();
  const clock = new VirtualClock(queue, 0);
  const alone = new SharedBuckets({ clock, rateOf: () => RATE });
  expect(takeAll(alone, "k", 0)).toBe(80);
  expect(alone.of("k").untold).toBe(0);
});

test("as many keys as are allowed are told at once, the rest with the next notice", () => {
  const { all, clock, told, run } = nodes(2);
  for (let i = 0; i <= RATE_SHARE_KEYS_MAX; i += 1) {
    all[0]?.take(all[0].of(`u/t/${i}`), clock.monotonicMs(), 20);
  }
  run(SHARE_MS);
  expect(told.map(({ length }) => length)).toEqual([RATE_SHARE_KEYS_MAX]);
  run(SHARE_MS);
  expect(told.map(({ length }) => length)).toEqual([RATE_SHARE_KEYS_MAX, 1]);
});

test("beyond the bound the longest unused is forgotten, and one that is held is not", () => {
  const { all, clock } = nodes(1);
  const node = all[0] as SharedBuckets;
  const held = node.hold("held");
  node.take(held, clock.monotonicMs(), 80);
  for (let i = 0; i < RATE_KEYS_MAX - 1; i += 1) node.of(`k${i}`);
  expect(node.size).toBe(RATE_KEYS_MAX);
  node.take(node.of("k0"), clock.monotonicMs(), 5);
  node.of("one more");
  node.of("and another");
  expect(node.size).toBeLessThanOrEqual(RATE_KEYS_MAX + 1);
  expect(node.of("held")).toBe(held);
  expect(node.of("k0").level(clock.monotonicMs())).toBe(75);
  node.letGo(held);
  expect(held.holders).toBe(0);
});

test("what a new bucket would say as well is forgotten: not what is held, lacks something, or has something left to tell", () => {
  const { all, clock, run } = nodes(2);
  const node = all[0] as SharedBuckets;
  const [held, taken, spent] = [node.hold("held"), node.of("taken"), node.of("spent")];
  node.of("full");
  node.take(taken, clock.monotonicMs(), 9);
  node.take(spent, clock.monotonicMs(), 80);
  run(FORGET_MS);
  expect(node.size).toBe(3);
  run(1_000);
  // Full again, and the other node has not been told of it.
  expect([taken.fullInMs(clock.monotonicMs()), node.of("taken")]).toEqual([0, taken]);
  run(9_000);
  expect(node.size).toBe(1);
  expect(node.of("held")).toBe(held);
  node.letGo(held);
  run(2 * FORGET_MS);
  expect(node.size).toBe(0);
});

test("where all are held, none is forgotten; whoever is behind them is found by the next looks", () => {
  const { all } = nodes(1);
  const node = all[0] as SharedBuckets;
  const held = Array.from({ length: 20 }, (_, i) => node.hold(`held ${i}`));
  for (let i = held.length; i < RATE_KEYS_MAX; i += 1) node.of(`k${i}`);
  node.of("one more");
  expect(node.size).toBe(RATE_KEYS_MAX + 1);
  // Those that were looked at stand at the end now.
  node.of("two more");
  expect(node.size).toBe(RATE_KEYS_MAX + 1);
  expect(held.every((bucket, i) => node.of(`held ${i}`) === bucket)).toBe(true);
});
