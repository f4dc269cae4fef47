/** The instruments of the scenarios with several nodes. */
import { describe, expect, test } from "bun:test";
import type { LinkOwner } from "../../../bench/load/link.ts";
import { Link } from "../../../bench/load/link.ts";
import { Route } from "../../../bench/load/route.ts";
import { ownersOf } from "../../../bench/nodes/placing.ts";
import { Longest } from "../../../bench/nodes/talker.ts";
import type { NodeId } from "../../../src/cluster/membership.ts";

const NOBODY: LinkOwner = {
  upgraded: () => undefined,
  frame: () => undefined,
  readDone: () => undefined,
  failed: () => undefined,
};

function roomOfThree(room: number): readonly [Link, Link, Link] {
  const first = 3 * room;
  return [
    new Link(NOBODY, first, room, first),
    new Link(NOBODY, first + 1, room, first),
    new Link(NOBODY, first + 2, room, first),
  ];
}

describe("the way between nodes", () => {
  test("is timed from the witness to the receiver, once for each message", () => {
    const route = new Route(2);
    const [sender, witness, receiver] = roomOfThree(1);
    for (const number of [1, 2, 3]) {
      const dueUs = number * 1_000;
      route.delivered(witness, number, dueUs, dueUs + 100);
      route.delivered(sender, number, dueUs, dueUs + 200);
      route.delivered(receiver, number, dueUs, dueUs + 4_099);
    }
    expect(route.cross.count).toBe(3);
    expect(route.cross.quantileUs(0.99)).toBe(4_000);
    expect(route.receipt.count).toBe(3);
    expect(route.receipt.quantileUs(0.99)).toBe(4_100);
  });

  test("counts a receiver that is ahead of the witness as no time, and not what came before the cut", () => {
    const route = new Route(1);
    const [, witness, receiver] = roomOfThree(0);
    route.delivered(witness, 1, 0, 10);
    route.delivered(receiver, 1, 0, 9_000);
    route.cut();
    route.delivered(receiver, 2, 0, 100);
    route.delivered(witness, 2, 0, 900);
    expect(route.cross.count).toBe(1);
    expect(route.cross.highestUs).toBe(0);
  });

  test("keeps messages of different rooms apart", () => {
    const route = new Route(2);
    route.delivered(roomOfThree(0)[1], 1, 0, 10);
    route.delivered(roomOfThree(1)[2], 1, 0, 20);
    expect(route.cross.count).toBe(0);
  });
});

describe("the placing of rooms", () => {
  test("names an owner among the nodes for each room, in whatever order they are given", () => {
    const [a, b, c] = ["n-1.aaaa", "n-2.bbbb", "n-3.cccc"] as NodeId[] as [NodeId, NodeId, NodeId];
    const rooms = Array.from({ length: 300 }, (_, i) => `bench-${i}`);
    const owners = ownersOf([a, b, c], rooms).map((place) => [a, b, c][place]);
    const again = ownersOf([c, a, b], rooms).map((place) => [c, a, b][place]);
    expect(again).toEqual(owners);
    for (const node of [a, b, c]) expect(owners.filter((owner) => owner === node).length).toBeGreaterThan(50);
  });
});

describe("the longest wait", () => {
  test("is the largest of what was acked and of what still waits", () => {
    const longest = new Longest();
    longest.acked(20, 1_020);
    longest.waited(700, 900);
    longest.acked(30, 1_010);
    expect(longest).toMatchObject({ acks: 2, waitMs: 700, gapMs: 1_020 });
  });
});
