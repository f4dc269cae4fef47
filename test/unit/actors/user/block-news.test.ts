/** What the answer to a block, or to its end, holds: for whatever follows, through whatever node. */
import { expect, test } from "bun:test";
import { type Address, addressHash, directRoomId, roomAddress, userAddress } from "../../../../src/actors/address.ts";
import type { RoomId, TenantId, UserId } from "../../../../src/base/ids.ts";
import { BLOCK_NEWS_MAX, BLOCK_NEWS_MS_MAX, BLOCKS_KEPT_MS_MAX } from "../../../../src/base/limits.ts";
import { Placement } from "../../../../src/cluster/placement.ts";
import { SmallCluster } from "../../../support/small-cluster.ts";
import { SmallNode } from "../../../support/small-node.ts";

const TENANT = "acme" as TenantId;
const LINK_MS = 3;
const BUS_MS = 20;

const block = (whom: string, blocked: boolean) => ({ type: "block_user", userId: whom, blocked });
const direct = (other: string) => ({ type: "create_room", roomType: "direct", participants: [other] });
const roomOf = (one: string, other: string): RoomId => directRoomId(TENANT, one as UserId, other as UserId);
const message = (roomId: string) => ({ type: "send_message", roomId, content: "hello" });

function twoNodes(): SmallCluster {
  const cluster = new SmallCluster(["a", "b"], { linkDelayMs: LINK_MS });
  cluster.world.cluster.carry = () => [BUS_MS];
  return cluster;
}

function isOn(cluster: SmallCluster, node: string, address: Address): boolean {
  const view = cluster.node("a").clusterNode?.view;
  if (view === undefined) throw new Error("no view");
  return new Placement(view).owner(addressHash(address))?.id === node;
}

/** Names of two people: the actor of the first is with node `person`, and the room of both with node `room`. */
function pair(cluster: SmallCluster, person: string, room: string): readonly [string, string] {
  for (let i = 0; i < 1_000; i += 1) {
    const [ann, bob] = [`ann-${i}`, `bob-${i}`];
    if (!isOn(cluster, person, userAddress(TENANT, ann as UserId))) continue;
    if (isOn(cluster, room, roomAddress(TENANT, roomOf(ann, bob)))) return [ann, bob];
  }
  throw new Error("no such pair");
}

test("a block, and its end, hold for the next message through the other node", () => {
  for (const [person, room] of ["aa", "ab", "ba", "bb"]) {
    const cluster = twoNodes();
    const [ann, bob] = pair(cluster, person ?? "", room ?? "");
    const on = { a: cluster.node("a").connect(ann), b: cluster.node("b").connect(bob) };
    const roomId = roomOf(ann, bob);
    on.b.ack(direct(ann));
    for (let round = 0; round < 3; round += 1) {
      on.b.ack(message(roomId));
      on.a.ack(block(bob, true));
      expect(on.b.request(message(roomId))).toMatchObject({ type: "error", code: "forbidden" });
      on.a.ack(block(bob, false));
    }
    on.b.ack(message(roomId));
  }
});

test("once it was taken back the two may have a room that was refused before", () => {
  const node = new SmallNode();
  const [ann, bob] = [node.connect("ann"), node.connect("bob")];
  ann.ack(block("bob", true));
  expect(bob.request(direct("ann"))).toMatchObject({ type: "error", code: "forbidden" });
  ann.ack(block("bob", false));
  bob.ack(direct("ann"));
});

test("what a room was reading when it was told is read again", () => {
  const reads: (() => void)[] = [];
  let areHeld = false;
  const node = new SmallNode({
    wrapProjections: (projections) => {
      const read = projections.readDocument.bind(projections);
      projections.readDocument = (tenant, collection, id, done) => {
        // What it says is what was there when it was asked.
        read(tenant, collection, id, (answer) => {
          if (!areHeld || collection !== "blocks.ann") return done(answer);
          areHeld = false;
          reads.push(() => done(answer));
        });
      };
      return projections;
    },
  });
  const [ann, bob] = [node.connect("ann"), node.connect("bob")];
  bob.ack(direct("ann"));
  ann.ack(block("bob", true));
  node.run(BLOCKS_KEPT_MS_MAX + 1);
  areHeld = true;
  const said = bob.send(message(roomOf("ann", "bob")));
  node.runUntil(() => reads.length > 0);
  ann.ack(block("bob", false));
  for (const read of reads) node.process.enter(read);
  node.runUntil(() => bob.answerTo(said) !== undefined);
  expect(bob.answerTo(said)).toMatchObject({ type: "ack" });
});

test("a room that cannot be told for a moment is told then; for too long, and nobody says that it holds", () => {
  const cluster = twoNodes();
  const [ann, bob] = pair(cluster, "a", "b");
  const [a, b] = [cluster.node("a").connect(ann), cluster.node("b").connect(bob)];
  const roomId = roomOf(ann, bob);
  b.ack(direct(ann));
  const cut = (ms: number): void => {
    cluster.world.cluster.carry = () => [];
    cluster.world.queue.after(ms, () => {
      cluster.world.cluster.carry = () => [BUS_MS];
    });
  };
  cut(BLOCK_NEWS_MS_MAX / 4);
  a.ack(block(bob, true));
  expect(b.request(message(roomId))).toMatchObject({ type: "error", code: "forbidden" });
  cut(BLOCK_NEWS_MS_MAX + 1_000);
  expect(a.request(block(bob, false))).toMatchObject({ type: "error", code: "unavailable", temporary: true });
  cluster.run(1_000);
  a.ack(block(bob, false));
  b.ack(message(roomId));
});

test("rooms are told of so many changes of one person at a time, and of no more", () => {
  const cluster = twoNodes();
  const [ann] = pair(cluster, "a", "b");
  const a = cluster.node("a").connect(ann);
  cluster.world.cluster.carry = () => [];
  const isFar = (bob: string): boolean => isOn(cluster, "b", roomAddress(TENANT, roomOf(ann, bob)));
  const people = Array.from({ length: 10 * BLOCK_NEWS_MAX }, (_, i) => `bob-${i}`).filter(isFar);
  const waiting = people.slice(0, BLOCK_NEWS_MAX).map((bob) => a.send(block(bob, true)));
  cluster.run(100);
  expect(waiting.filter((ref) => a.answerTo(ref) !== undefined)).toEqual([]);
  expect(a.request(block(String(people[BLOCK_NEWS_MAX]), true))).toMatchObject({ type: "error", code: "overloaded" });
});
