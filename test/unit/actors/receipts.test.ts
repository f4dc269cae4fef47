/** Who has read what, as the room's listeners are told: named in small rooms, counted in large ones; and what is asked. */
import { expect, test } from "bun:test";
import type { ReceiptState, ReceiptsView, RoomCalls } from "../../../src/actors/calls.ts";
import type { RoomId, Seq, TenantId, UserId } from "../../../src/base/ids.ts";
import { noticing } from "../../support/noticing.ts";
import { unwrap } from "../../support/unwrap.ts";
import { type SmallClient, SmallNode } from "../../support/small-node.ts";

const ROOM = "room" as RoomId;

/** Ann makes the room; others are members without being there. */
function roomOf(node: SmallNode, others: readonly string[]): SmallClient {
  const ann = node.connect("ann");
  ann.create("room", { participants: others });
  return ann;
}

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `m${String(i).padStart(3, "0")}`);
const seqOf = (client: SmallClient, text: string): Seq => client.say("room", text)["seq"] as Seq;
const read = (client: SmallClient, seq: Seq) => client.ack({ type: "mark_read", roomId: "room", seq });

async function receipts(
  node: SmallNode,
  seq: Seq,
  page: { state?: ReceiptState; after?: string; limit?: number } = {},
) {
  const { state = "read", after, limit = 100 } = page;
  const from = after === undefined ? {} : { after: after as UserId };
  const by = { tenant: "acme" as TenantId, userId: "ann" as UserId, role: "user" } as const;
  const asked = node.gateway.call(by, { to: "room", room: ROOM, kind: "receipts", seq, state, limit, ...from });
  node.run();
  return unwrap(await asked) as ReceiptsView;
}

async function history(node: SmallNode): Promise<RoomCalls["history"]["reply"]> {
  const by = { tenant: "acme" as TenantId, userId: "ann" as UserId, role: "user" } as const;
  const asked = node.gateway.call(by, { to: "room", room: ROOM, kind: "history", limit: 10 });
  node.run();
  return unwrap(await asked);
}

test("in a small room watermarks are told by name, a frame a second at most", () => {
  const node = new SmallNode();
  const ann = roomOf(node, []);
  const [ben, cat] = [node.connect("ben"), node.connect("cat")];
  ben.join("room");
  cat.join("room");
  const first = seqOf(ann, "one");
  const second = seqOf(ann, "two");
  read(ben, second);
  node.run(10);
  read(cat, first);
  cat.ack({ type: "confirm_delivered", roomId: "room", seq: second });
  node.run(1_100);
  expect(ann.of("receipts").map((frame) => frame["receipts"])).toEqual([
    [{ userId: "ben", readSeq: second, deliveredSeq: second }],
    [{ userId: "cat", readSeq: first, deliveredSeq: second }],
  ]);
  expect(ann.of("receipts").some((frame) => "seen" in frame)).toBe(false);
});

test("in a room of more than 100 the newest messages are counted, one frame a second, whoever reads", () => {
  const node = new SmallNode();
  const ann = roomOf(node, names(150));
  const readers = names(30).map((name) => node.connect(name));
  const first = seqOf(ann, "one");
  const second = seqOf(ann, "two");
  for (const [i, reader] of readers.entries()) {
    reader.send({ type: "mark_read", roomId: "room", seq: i < 10 ? second : first });
    node.run(100);
  }
  node.run(1_100);
  const frames = ann.of("receipts");
  expect(frames.length).toBeLessThanOrEqual(5);
  // 151 members: ann, who wrote both, and 150 others.
  expect(frames.at(-1)).toEqual({
    type: "receipts",
    roomId: "room",
    receipts: [],
    seen: [
      { seq: first, readBy: 31, deliveredTo: 31, members: 151 },
      { seq: second, readBy: 11, deliveredTo: 11, members: 151 },
    ],
  });
});

test("nobody listens, nobody asks: nothing is counted, and no member is read", () => {
  let lists = 0;
  const node = new SmallNode({
    wrapJournal: (journal) =>
      noticing(journal, (method) => {
        if (method === "listMembers") lists += 1;
      }),
  });
  const ann = roomOf(node, names(150));
  const seq = seqOf(ann, "one");
  ann.ack({ type: "leave_room", roomId: "room" });
  node.run(1_500);
  const before = lists;
  const reader = node.connect("m000");
  read(reader, seq);
  node.run(5_000);
  expect(lists).toBe(before);
});

test("a message's readers are counted and named by page: who has read it, who has it, who does not", async () => {
  const node = new SmallNode();
  const ann = roomOf(node, names(6));
  const seq = seqOf(ann, "hello");
  const [m0, m1, m2] = names(3).map((name) => node.connect(name)) as [SmallClient, SmallClient, SmallClient];
  read(m0, seq);
  read(m1, seq);
  m2.ack({ type: "confirm_delivered", roomId: "room", seq });
  const counts = { readBy: 3, deliveredTo: 4, members: 7 };
  const ids = ({ users }: ReceiptsView): string[] => users.map(({ userId }) => userId);
  const first = await receipts(node, seq, { limit: 2 });
  expect({ ...first, users: ids(first) }).toEqual({ ...counts, users: ["ann", "m000"], hasMore: true });
  const next = await receipts(node, seq, { limit: 2, after: "m000" });
  expect({ ...next, users: ids(next) }).toEqual({ ...counts, users: ["m001"], hasMore: false });
  expect(ids(await receipts(node, seq, { state: "delivered" }))).toEqual(["m002"]);
  expect(ids(await receipts(node, seq, { state: "pending" }))).toEqual(["m003", "m004", "m005"]);
  const last = seqOf(ann, "later");
  expect(await receipts(node, last)).toMatchObject({ readBy: 1, deliveredTo: 1, members: 7 });
});

test("what is counted follows members who come and go, and marks that come while members are read", async () => {
  const node = new SmallNode();
  const ann = roomOf(node, names(4));
  const seq = seqOf(ann, "hello");
  const m0 = node.connect("m000");
  const by = { tenant: "acme" as TenantId, userId: "ann" as UserId, role: "user" } as const;
  // Asked and marked in one breath: the mark is written while the members are read.
  const asked = node.gateway.call(by, { to: "room", room: ROOM, kind: "receipts", seq, state: "read", limit: 9 });
  m0.send({ type: "mark_read", roomId: "room", seq });
  node.run();
  await asked;
  expect(await receipts(node, seq)).toMatchObject({ readBy: 2, members: 5 });
  m0.ack({ type: "leave_room", roomId: "room", membership: true });
  expect(await receipts(node, seq)).toMatchObject({ readBy: 1, members: 4 });
  const late = node.connect("late");
  late.join("room");
  expect(await receipts(node, seq)).toMatchObject({ readBy: 1, members: 4 });
  expect(await receipts(node, seqOf(ann, "after"))).toMatchObject({ readBy: 1, members: 5 });
});

test("what is no message has no receipts", async () => {
  const node = new SmallNode();
  const ann = roomOf(node, []);
  const seq = seqOf(ann, "hello");
  for (const other of [seq - 1, seq + 1, 0]) {
    expect(receipts(node, other)).rejects.toThrow("message_not_found");
  }
  await Promise.resolve();
});

test("history names the readers of each message, up to 100 members", async () => {
  const node = new SmallNode();
  const ann = roomOf(node, names(99));
  const ben = node.connect("m000");
  const first = seqOf(ann, "one");
  seqOf(ann, "two");
  read(ben, first);
  expect((await history(node)).readBy).toEqual([["ann", "m000"], ["ann"]] as UserId[][]);
  node.connect("one-more").join("room");
  expect(await history(node)).not.toHaveProperty("readBy");
});
