/** Senders have read what they sent: in the room at once, in the totals of the `connection` frame within a second. */
import { expect, test } from "bun:test";
import { at } from "../../support/json.ts";
import { type SmallClient, SmallNode } from "../../support/small-node.ts";

const SECOND_MS = 1_000;

/** What the `connection` frame of a new connection says. */
function unreadOf(node: SmallNode, user: string): unknown {
  const client = node.connect(user);
  const unread = at(client.frames[0], "unread");
  client.close();
  node.run();
  return unread;
}

function roomOfTwo(node: SmallNode): { ann: SmallClient; ben: SmallClient } {
  const ann = node.connect("ann");
  const ben = node.connect("ben");
  ann.create("room");
  ben.join("room");
  return { ann, ben };
}

test("a second after the sender's last message, totals count nothing of their own as unread", () => {
  const node = new SmallNode();
  const { ann, ben } = roomOfTwo(node);
  for (let i = 0; i < 5; i += 1) ann.say("room", `${i}`);
  ann.close();
  node.run(SECOND_MS);
  expect(unreadOf(node, "ann")).toEqual({ total: 0, rooms: {} });
  expect(unreadOf(node, "ben")).toEqual({ total: 5, rooms: { room: 5 } });
  ben.say("room", "answer");
  node.run(SECOND_MS);
  expect(unreadOf(node, "ben")).toEqual({ total: 0, rooms: {} });
  expect(unreadOf(node, "ann")).toEqual({ total: 1, rooms: { room: 1 } });
});

test("who sends without a pause is marked every few seconds, not with every message", () => {
  const node = new SmallNode();
  const { ann } = roomOfTwo(node);
  const log = node.store.currentLog("acme" as never, "room" as never);
  let writes = 0;
  let before = 0;
  for (let i = 0; i < 100; i += 1) {
    ann.say("room", `${i}`);
    node.run(100);
    const readNo = log?.marks.get("ann" as never)?.readNo ?? 0;
    if (readNo !== before) writes += 1;
    before = readNo;
  }
  expect(writes).toBe(2);
});

test("after a kill the totals are right a second after the room is active again", () => {
  const node = new SmallNode();
  const { ann, ben } = roomOfTwo(node);
  ann.say("room", "hello");
  for (let i = 0; i < 900; i += 1) ben.send({ type: "send_message", roomId: "room", content: `${i}` });
  node.run(1);
  expect(node.store.currentLog("acme" as never, "room" as never)?.marks.get("ann" as never)).toBeUndefined();
  node.restartShard(0);
  node.run(SECOND_MS + 100);
  expect(unreadOf(node, "ben")).toEqual({ total: 0, rooms: {} });
  expect(unreadOf(node, "ann")).toEqual({ total: 900, rooms: { room: 900 } });
});

test("a snapshot is saved only when the marks of the senders before it are durable", () => {
  const node = new SmallNode();
  const { ann, ben } = roomOfTwo(node);
  ann.say("room", "first");
  for (let i = 0; i < 1_500; i += 1) ben.send({ type: "send_message", roomId: "room", content: `${i}` });
  const log = node.store.currentLog("acme" as never, "room" as never);
  node.runUntil(() => log?.snapshot !== undefined);
  expect(log?.snapshot?.seq).toBeGreaterThan(1_000);
  expect(log?.marks.get("ann" as never)?.readNo).toBe(1);
  expect(log?.marks.get("ben" as never)?.readSeq).toBeGreaterThanOrEqual(log?.snapshot?.seq ?? 0);
});
