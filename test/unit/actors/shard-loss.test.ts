/** What subscribers see when the worker of their rooms is lost: nothing twice, nothing missing, nobody there who is gone. */
import { expect, test } from "bun:test";
import { roomAddress, shardOf, userAddress } from "../../../src/actors/address.ts";
import { RoomActor, type RoomMessage } from "../../../src/actors/room/room-actor.ts";
import type { RoomId, TenantId, UserId } from "../../../src/base/ids.ts";
import { at, listAt } from "../../support/json.ts";
import { type SmallClient, SmallNode } from "../../support/small-node.ts";

const TENANT = "acme" as TenantId;
const ROOM = "room" as RoomId;

test("events that were committed and not told are told once, also when the next worker is lost as well", () => {
  const node = new SmallNode();
  const ann = node.connect("ann");
  const ben = node.connect("ben");
  ann.create("room");
  ben.join("room");
  ann.say("room", "one");
  // Committed, and lost on its way out.
  ann.send({ type: "send_message", roomId: "room", content: "two", clientId: "two" });
  const log = node.store.currentLog(TENANT, ROOM);
  const before = log?.segments.length ?? 0;
  node.runUntil(() => (log?.segments.length ?? 0) > before);
  node.restartShard(0);
  node.run();
  expect(ben.texts("room")).toEqual(["one", "two"]);
  node.restartShard(0);
  node.run();
  node.restartShard(0);
  node.run();
  ann.say("room", "three");
  node.run();
  for (const client of [ann, ben]) {
    expect(client.texts("room")).toEqual(["one", "two", "three"]);
    expect(client.faults()).toEqual([]);
  }
});

test("who is removed in the commit that was not told gets nothing that came after it", () => {
  const node = new SmallNode();
  const ann = node.connect("ann");
  const ben = node.connect("ben");
  ann.create("room", { roomType: "private", participants: ["ben"] });
  ben.join("room");
  const segments = node.store.currentLog(TENANT, ROOM)?.segments ?? [];
  const before = segments.length;
  ben.send({ type: "leave_room", roomId: "room", membership: true });
  ann.send({ type: "send_message", roomId: "room", content: "secret" });
  node.runUntil(() => segments.length > before);
  node.restartShard(0);
  node.run();
  expect(ann.texts("room")).toEqual(["secret"]);
  expect(ben.texts("room")).toEqual([]);
  ann.say("room", "more");
  node.run();
  expect(ben.texts("room")).toEqual([]);
});

const GRACE_MS = 10_000;
/** Who others think is gone, in the order told. */
const offline = (client: SmallClient): unknown[] =>
  client
    .of("presence_update")
    .filter((frame) => frame["status"] === "offline")
    .map((frame) => at(frame, "user.userId"));
const presentIn = (node: SmallNode, user: string): unknown => {
  const client = node.connect(user);
  const present = [...listAt(client.join("room"), "position.present")].sort();
  client.close();
  node.run();
  return present;
};

test("who left before others were told of them is shown as gone, also when the word of it is lost", () => {
  const linkDelayMs = 10;
  const node = new SmallNode({ shards: 2, linkDelayMs });
  const shardOfRoom = shardOf(roomAddress(TENANT, ROOM), 2);
  const name = ["ben", "cid", "dee", "eve", "fay"].find(
    (user) => shardOf(userAddress(TENANT, user as UserId), 2) !== shardOfRoom,
  );
  if (name === undefined) throw new Error("nobody lives apart from the room");
  const ann = node.connect("ann");
  ann.create("room");
  const guest = node.connect(name);
  node.run(200);
  const shownAs = (): unknown[] =>
    ann
      .of("presence_update")
      .filter((frame) => at(frame, "user.userId") === name)
      .map((frame) => frame["status"]);
  guest.join("room");
  guest.send({ type: "leave_room", roomId: "room" });
  // The word of the coming is on its way to the room, the word of the leaving on its way to the person's own actor.
  node.run(3.5 * linkDelayMs);
  node.restartShard(1 - shardOfRoom);
  node.run(200);
  expect(shownAs()).toEqual(["online"]);
  node.run(GRACE_MS + 3_000);
  expect(shownAs()).toEqual(["online", "offline"]);
});

for (const shards of [1, 2, 3, 4]) {
  const suffix = `(${shards} shards)`;
  const gathered = (): {
    node: SmallNode;
    ann: SmallClient;
    people: SmallClient[];
    lose: (between: () => void) => void;
  } => {
    const node = new SmallNode({ shards });
    const ann = node.connect("ann");
    ann.create("room");
    // Enough of them that some live with the room and some elsewhere.
    const people = ["ben", "cid", "dee", "eve"].map((name) => node.connect(name));
    for (const person of people) person.join("room");
    node.run();
    const lose = (between: () => void): void => {
      for (let shard = 0; shard < shards; shard += 1) node.stopShard(shard);
      between();
      node.run();
      for (let shard = 0; shard < shards; shard += 1) node.startShard(shard);
      node.run();
    };
    return { node, ann, people, lose };
  };

  test(`who closes while the shards are down is shown as gone within two seconds ${suffix}`, () => {
    const { node, ann, people, lose } = gathered();
    lose(() => {
      for (const person of people) person.close();
    });
    node.run(2_000);
    expect(offline(ann).sort()).toEqual(["ben", "cid", "dee", "eve"]);
    expect(presentIn(node, "fay")).toEqual(["ann"]);
  });

  test(`who is lost while the shards are down is shown as gone after the grace period, not before ${suffix}`, () => {
    const { node, ann, people, lose } = gathered();
    lose(() => {
      for (const person of people) person.close(false);
    });
    node.run(GRACE_MS - 1_000);
    expect(offline(ann)).toEqual([]);
    // One of them is back in time.
    const ben = node.connect("ben");
    ben.join("room");
    node.run(4_000);
    expect(offline(ann).sort()).toEqual(["cid", "dee", "eve"]);
    expect(presentIn(node, "fay")).toEqual(["ann", "ben"]);
  });

  for (let lost = 0; lost < shards; lost += 1) {
    test(`who was lost shortly before shard ${lost} was is shown as gone all the same ${suffix}`, () => {
      const { node, ann, people } = gathered();
      for (const person of people) person.close(false);
      node.run(3_000);
      node.restartShard(lost);
      node.run(GRACE_MS);
      expect([...new Set(offline(ann))].sort()).toEqual(["ben", "cid", "dee", "eve"]);
      expect(presentIn(node, "fay")).toEqual(["ann"]);
    });

    test(`who closes while shard ${lost} is down is shown as gone ${suffix}`, () => {
      const { node, ann, people } = gathered();
      node.stopShard(lost);
      for (const person of people) person.close();
      node.run();
      node.startShard(lost);
      // A room that is alive waits for the word of users whose shard was lost.
      node.run(GRACE_MS + 2_000);
      expect([...new Set(offline(ann))].sort()).toEqual(["ben", "cid", "dee", "eve"]);
      expect(presentIn(node, "fay")).toEqual(["ann"]);
    });
  }
}

test("a room that failed takes back whom its former activation showed", () => {
  const node = new SmallNode({ makeRoom: (env, { tenant, id }) => new FaultyRoom(env, tenant, id) });
  const ann = node.connect("ann");
  const ben = node.connect("ben");
  ann.create("room");
  ben.join("room");
  node.run();
  ben.close(false);
  node.run(1_000);
  expect(ann.request({ type: "send_message", roomId: "room", content: "fail!" })).toMatchObject({ code: "internal" });
  node.run(GRACE_MS);
  expect(offline(ann)).toEqual(["ben"]);
  expect(ann.faults()).toEqual([]);
});

class FaultyRoom extends RoomActor {
  protected override receive(message: RoomMessage): void {
    if (message.to === "room" && message.command.kind === "send_message" && message.command.content === "fail!") {
      throw new Error("a fault of the test");
    }
    super.receive(message);
  }
}
