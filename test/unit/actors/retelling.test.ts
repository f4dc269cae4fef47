/** What actors told one another is told again when it may have been lost; nothing is told for no reason. */
import { expect, test } from "bun:test";
import { Retelling } from "../../../src/actors/retelling.ts";
import { RETELLING_MS } from "../../../src/base/limits.ts";
import type { NodeId } from "../../../src/cluster/membership.ts";
import { EventQueue, VirtualClock } from "../../sim/virtual-clock.ts";

function scene(): { retelling: Retelling; run: (ms: number) => void; told: string[][] } {
  const queue = new EventQueue();
  const told: string[][] = [];
  const nodes = ["a", "b", "c"] as NodeId[];
  const retelling = new Retelling(new VirtualClock(queue, 0), (isMeant) => told.push(nodes.filter(isMeant)));
  const run = (ms: number): void => {
    const untilMs = queue.nowMs + ms;
    while (queue.runNext(untilMs));
  };
  return { retelling, run, told };
}

test("doubts that come together are one telling, of those who may not have heard", () => {
  const { retelling, run, told } = scene();
  run(10 * RETELLING_MS);
  expect(told).toEqual([]);
  retelling.doubt("a" as NodeId);
  run(RETELLING_MS - 1);
  expect(told).toEqual([]);
  run(1);
  expect(told).toEqual([["a"]]);
  run(10 * RETELLING_MS);
  expect(told).toEqual([["a"]]);
});

test("a doubt that comes while one waits is followed by a telling of its own, not too soon after it", () => {
  const { retelling, run, told } = scene();
  retelling.doubt("a" as NodeId);
  run(RETELLING_MS - 1);
  retelling.doubt("b" as NodeId);
  retelling.doubt("c" as NodeId);
  run(RETELLING_MS - 1);
  expect(told).toEqual([["a"]]);
  run(2);
  expect(told).toEqual([["a"], ["b", "c"]]);
});

test("who doubts everybody tells everybody, and who has stopped tells nobody", () => {
  const { retelling, run, told } = scene();
  retelling.doubt();
  run(RETELLING_MS);
  expect(told).toEqual([["a", "b", "c"]]);
  retelling.doubt();
  retelling.stop();
  run(10 * RETELLING_MS);
  expect(told).toHaveLength(1);
});
