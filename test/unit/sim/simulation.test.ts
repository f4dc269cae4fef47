/** The simulated machine: time, pipes and processes behave as said, and a seed is one and the same run. */
import { expect, test } from "bun:test";
import { Pipe } from "../../sim/sim-network.ts";
import { SimProcess } from "../../sim/sim-process.ts";
import { runSeed } from "../../sim/scenario.ts";
import { EventQueue, VirtualClock } from "../../sim/virtual-clock.ts";

function runAll(queue: EventQueue): void {
  while (queue.runNext(1_000_000));
}

test("steps run by time, and those of one instant in the order in which they were set", () => {
  const queue = new EventQueue();
  const ran: string[] = [];
  for (const [name, atMs] of [
    ["c", 5],
    ["a", 1],
    ["d", 5],
    ["b", 3],
    ["e", 9],
  ] as const) {
    queue.at(atMs, () => ran.push(`${name}${queue.nowMs}`));
  }
  runAll(queue);
  expect(ran).toEqual(["a1", "b3", "c5", "d5", "e9"]);
});

test("a cancelled step does not run", () => {
  const queue = new EventQueue();
  let ran = false;
  queue
    .after(1, () => {
      ran = true;
    })
    .cancel();
  runAll(queue);
  expect(ran).toBe(false);
});

test("the wall clock jumps, durations do not notice", () => {
  const queue = new EventQueue();
  const clock = new VirtualClock(queue, 1_000_000);
  clock.jumpWall(-500_000);
  queue.after(10, () => undefined);
  queue.runNext(10);
  expect([clock.wallMs(), clock.monotonicMs()]).toEqual([500_010, 10]);
});

test("a pipe keeps its order whatever its delays, and loses what is in flight when it is cut", () => {
  const queue = new EventQueue();
  const delays = [30, 1, 5, 1];
  const pipe = new Pipe(queue, () => delays.shift() ?? 0);
  const arrived: number[] = [];
  for (const item of [1, 2, 3]) pipe.send(() => arrived.push(item));
  runAll(queue);
  pipe.send(() => arrived.push(4));
  pipe.cut();
  runAll(queue);
  expect(arrived).toEqual([1, 2, 3]);
});

test("a paused process does later what it was given, a dead one nothing", () => {
  const queue = new EventQueue();
  const process = new SimProcess(queue, new VirtualClock(queue, 0));
  const done: string[] = [];
  process.pause();
  process.enter(() => done.push("first"));
  process.after(5, () => done.push("timer"));
  queue.runNext(10);
  expect(done).toEqual([]);
  process.resume();
  expect(done).toEqual(["first", "timer"]);
  process.kill();
  process.enter(() => done.push("never"));
  expect(done).toEqual(["first", "timer"]);
});

test("the same seed is the same run, another seed another one", async () => {
  const [one, again, other] = [await runSeed(7), await runSeed(7), await runSeed(8)];
  expect(again.traceHash).toBe(one.traceHash);
  expect(other.traceHash).not.toBe(one.traceHash);
});
