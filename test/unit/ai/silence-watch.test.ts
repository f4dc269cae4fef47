/** When a provider that says nothing is given up. Virtual time. */
import { beforeEach, expect, test } from "bun:test";
import { SilenceWatch } from "../../../src/ai/silence-watch.ts";
import { SmallWorld } from "../../support/small-shard.ts";

const SILENCE_MS = 1_000;
const ALL_MS = 5_000;

let world: SmallWorld;
let lateMs: number[];
let watch: SilenceWatch;

beforeEach(() => {
  world = new SmallWorld();
  lateMs = [];
  const beganMs = world.clock.monotonicMs();
  watch = new SilenceWatch(world.clock, SILENCE_MS, ALL_MS, () => lateMs.push(world.clock.monotonicMs() - beganMs));
});

function runUntilEnd(): void {
  world.run(10 * ALL_MS);
}

test("whoever never says anything is given up after the silence, once", () => {
  world.run(SILENCE_MS - 1);
  expect(lateMs).toEqual([]);
  runUntilEnd();
  expect(lateMs).toEqual([SILENCE_MS]);
});

test("the silence begins with the last word", () => {
  world.run(700);
  watch.heard();
  world.run(700);
  watch.heard();
  runUntilEnd();
  expect(lateMs).toEqual([1_400 + SILENCE_MS]);
});

test("whoever goes on and on is given up when all of the time is over", () => {
  for (let i = 0; i < 49; i += 1) {
    world.run(100);
    watch.heard();
  }
  runUntilEnd();
  expect(lateMs).toEqual([ALL_MS]);
});

test("nobody is given up any more after the end, whenever it was", () => {
  world.run(700);
  watch.heard();
  // The first timer has rung, and another one waits.
  world.run(700);
  watch.cancel();
  runUntilEnd();
  expect(lateMs).toEqual([]);
});
