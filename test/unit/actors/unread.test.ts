/** Unread counts on all of a user's devices: reading, marking as unread, mentions, and what comes where nobody listens. */
import { expect, test } from "bun:test";
import type { TenantId, UserId } from "../../../src/base/ids.ts";
import { noticing } from "../../support/noticing.ts";
import { unwrap } from "../../support/unwrap.ts";
import { at } from "../../support/json.ts";
import { type SmallClient, SmallNode } from "../../support/small-node.ts";
import type { Frame } from "../../support/wire.ts";

const SECOND_MS = 1_000;

function start(shards = 1): { node: SmallNode; ann: SmallClient; ben: SmallClient } {
  const node = new SmallNode({ shards });
  const ann = node.connect("ann");
  const ben = node.connect("ben");
  ann.create("room");
  ben.join("room");
  return { node, ann, ben };
}

const seqOf = (client: SmallClient, text: string): number => client.say("room", text)["seq"] as number;
const read = (client: SmallClient, seq: number) => client.ack({ type: "mark_read", roomId: "room", seq });
const unreadNotices = (client: SmallClient): readonly Frame[] =>
  client.of("notification").filter((frame) => frame["kind"] === "unread");
const greeting = (node: SmallNode, user: string): unknown => at(node.connect(user).frames[0], "unread");

async function roomOf(node: SmallNode, user: string): Promise<{ unread: number; mentions: number }> {
  const by = { tenant: "acme" as TenantId, userId: user as UserId, role: "user" } as const;
  const asked = node.gateway.call(by, { to: "room", room: "room" as never, kind: "get_room" });
  node.run();
  const { unread, mentions } = unwrap(await asked);
  return { unread, mentions };
}

test("marked as unread counts from that message on, for all, until the user reads on; receipts stay", async () => {
  const { node, ann, ben } = start();
  const seqs = ["1", "2", "3", "4"].map((text) => seqOf(ann, text)) as [number, number, number, number];
  read(ben, seqs[3]);
  expect(ben.ack({ type: "mark_unread", roomId: "room", seq: seqs[1] })["seq"]).toBe(seqs[3]);
  expect(await roomOf(node, "ben")).toEqual({ unread: 3, mentions: 0 });
  expect(greeting(node, "ben")).toEqual({ total: 3, rooms: { room: 3 } });
  read(ben, seqs[2]);
  expect(greeting(node, "ben")).toEqual({ total: 1, rooms: { room: 1 } });
  read(ben, seqs[3]);
  expect(greeting(node, "ben")).toEqual({ total: 0, rooms: {} });
  node.run(SECOND_MS);
  const told = ann.of("receipts").flatMap((frame) => frame["receipts"] as { readSeq: number }[]);
  expect(told.every(({ readSeq }) => readSeq === seqs[3])).toBe(true);
});

test("marked as unread survives the room's activation, and what was sent before does not read it again", async () => {
  const { node, ann, ben } = start();
  const first = seqOf(ann, "1");
  seqOf(ben, "2");
  ben.ack({ type: "mark_unread", roomId: "room", seq: first });
  node.restartShard(0);
  node.run(3 * SECOND_MS);
  expect(await roomOf(node, "ben")).toEqual({ unread: 2, mentions: 0 });
  expect(greeting(node, "ben")).toEqual({ total: 2, rooms: { room: 2 } });
  seqOf(node.connect("ben"), "3");
  node.run(SECOND_MS);
  expect(greeting(node, "ben")).toEqual({ total: 0, rooms: {} });
});

test("a repetition under the last marking's key changes nothing, whatever was read meanwhile; another key marks again", async () => {
  const { node, ann, ben } = start();
  const phone = node.connect("ben");
  const first = seqOf(ann, "1");
  const second = seqOf(ann, "2");
  read(ben, second);
  const mark = { type: "mark_unread", roomId: "room", seq: first, clientId: "mark 1" };
  ben.ack(mark);
  // Two in one breath are one.
  ben.send(mark);
  ben.ack(mark);
  expect(await roomOf(node, "ben")).toEqual({ unread: 2, mentions: 0 });
  read(phone, second);
  ben.ack(mark);
  expect(await roomOf(node, "ben")).toEqual({ unread: 0, mentions: 0 });
  node.restartShard(0);
  node.run(3 * SECOND_MS);
  const again = node.connect("ben");
  again.ack(mark);
  expect(await roomOf(node, "ben")).toEqual({ unread: 0, mentions: 0 });
  again.ack({ ...mark, clientId: "mark 2" });
  expect(await roomOf(node, "ben")).toEqual({ unread: 2, mentions: 0 });
  // Only the last one is known again.
  again.ack(mark);
  read(again, second);
  const { clientId: _clientId, ...unnamed } = mark;
  again.ack(unnamed);
  expect(await roomOf(node, "ben")).toEqual({ unread: 2, mentions: 0 });
});

test("what was unread when it was asked for is not unread again when that is repeated after it was read", async () => {
  const { node, ann, ben } = start();
  const seq = seqOf(ann, "1");
  const mark = { type: "mark_unread", roomId: "room", seq, clientId: "mark 1" };
  ben.ack(mark);
  expect(await roomOf(node, "ben")).toEqual({ unread: 1, mentions: 0 });
  read(ben, seq);
  ben.ack(mark);
  expect(await roomOf(node, "ben")).toEqual({ unread: 0, mentions: 0 });
  expect(greeting(node, "ben")).toEqual({ total: 0, rooms: {} });
  ben.ack({ ...mark, clientId: "mark 2" });
  expect(await roomOf(node, "ben")).toEqual({ unread: 1, mentions: 0 });
});

test("to mark as unread what is unread anyway changes nothing; a message that is not there is not found", () => {
  const { ann, ben } = start();
  const seq = seqOf(ann, "1");
  ben.ack({ type: "mark_unread", roomId: "room", seq });
  expect(ben.request({ type: "mark_unread", roomId: "room", seq: seq + 1 })).toMatchObject({
    code: "message_not_found",
    field: "seq",
  });
  expect(ben.request({ type: "mark_unread", roomId: "room" })).toMatchObject({ code: "missing_field", field: "seq" });
  expect(ben.request({ type: "mark_unread", roomId: "room", messageId: "x" })).toMatchObject({
    code: "invalid_field",
    field: "messageId",
  });
});

test("two devices that read at once leave the mark at the further place, and each hears of the other", () => {
  const { node, ann, ben } = start();
  const phone = node.connect("ben");
  const [first, , third] = ["1", "2", "3"].map((text) => seqOf(ann, text)) as [number, number, number];
  ben.send({ type: "mark_read", roomId: "room", seq: third });
  phone.send({ type: "mark_read", roomId: "room", seq: first });
  node.run(SECOND_MS);
  expect(greeting(node, "ben")).toEqual({ total: 0, rooms: {} });
  expect(unreadNotices(phone).at(-1)).toMatchObject({ roomId: "room", unread: 0, readSeq: third });
});

test("a reader that races a sender has read what they named, and not what came meanwhile", async () => {
  const { node, ann, ben } = start();
  const first = seqOf(ann, "1");
  ann.send({ type: "send_message", roomId: "room", content: "2" });
  ben.send({ type: "mark_read", roomId: "room", seq: first });
  ann.send({ type: "send_message", roomId: "room", content: "3" });
  node.run(SECOND_MS);
  expect(await roomOf(node, "ben")).toEqual({ unread: 2, mentions: 0 });
});

test("what one device reads or marks as unread, the others hear at once, also those that listen", () => {
  for (const shards of [1, 3]) {
    const { node, ann, ben } = start(shards);
    const [tablet, phone] = [node.connect("ben"), node.connect("ben")];
    tablet.join("room");
    const first = seqOf(ann, "1");
    const second = seqOf(ann, "2");
    node.run(1_500);
    const before = [ben, tablet, phone].map((device) => unreadNotices(device).length);
    read(ben, second);
    node.run(20);
    const notice = { type: "notification", kind: "unread", roomId: "room", unread: 0, readSeq: second };
    expect([ben, tablet, phone].map((device, i) => unreadNotices(device).slice(before[i]))).toEqual([
      [],
      [notice],
      [notice],
    ]);
    phone.ack({ type: "mark_unread", roomId: "room", seq: first });
    node.run(20);
    expect(unreadNotices(ben).at(-1)).toEqual({ ...notice, unread: 2 });
    expect(unreadNotices(tablet).at(-1)).toEqual({ ...notice, unread: 2 });
  }
});

test("who is connected and does not listen hears of new messages, once a second at most", () => {
  for (const shards of [1, 3]) {
    const { node, ann, ben } = start(shards);
    const phone = node.connect("ben");
    for (let i = 0; i < 35; i += 1) {
      ann.say("room", `${i}`);
      node.run(100);
    }
    node.run(2 * SECOND_MS);
    expect(unreadNotices(phone).length).toBeGreaterThanOrEqual(3);
    expect(unreadNotices(phone).length).toBeLessThanOrEqual(6);
    expect(unreadNotices(phone).at(-1)).toMatchObject({ roomId: "room", unread: 35 });
    expect(unreadNotices(phone).at(-1)?.["readSeq"]).toBe(0);
    // Those who listen count for themselves.
    expect(unreadNotices(ben)).toEqual([]);
    expect(unreadNotices(ann)).toEqual([]);
  }
});

test("a second device is told also when it came first, or when all members listen with another one", () => {
  const node = new SmallNode();
  const phone = node.connect("ann");
  const ann = node.connect("ann");
  ann.create("room");
  ann.say("room", "from the desk");
  node.run(SECOND_MS);
  expect(unreadNotices(phone).at(-1)).toMatchObject({ unread: 0 });
  expect(unreadNotices(ann)).toEqual([]);
  phone.close();
  node.run(SECOND_MS);
  const tablet = node.connect("ann");
  ann.say("room", "again");
  node.run(SECOND_MS);
  expect(unreadNotices(tablet).at(-1)).toMatchObject({ roomId: "room", unread: 0 });
});

test("a member without a connection is not activated, and a room where all listen looks for nobody", () => {
  let lists = 0;
  const node = new SmallNode({
    wrapJournal: (journal) =>
      noticing(journal, (method) => {
        if (method === "listMembers") lists += 1;
      }),
  });
  const ann = node.connect("ann");
  ann.create("alone");
  ann.say("alone", "hello");
  node.run(3 * SECOND_MS);
  expect(lists).toBe(0);
  const before = node.shard(0)?.activations;
  ann.create("room", { participants: ["away"] });
  ann.say("room", "hello");
  node.run(3 * SECOND_MS);
  expect(lists).toBe(1);
  expect(node.shard(0)?.activations).toBe((before ?? 0) + 1);
});

test("in a room of more than 200 each round tells the next members, until all were told of the last message", () => {
  const node = new SmallNode();
  const ann = node.connect("ann");
  const others = Array.from({ length: 199 }, (_, i) => `m${String(i).padStart(3, "0")}`);
  ann.create("room", { participants: others });
  const extra = ["z1", "z2"].map((name) => node.connect(name));
  for (const client of extra) {
    client.join("room");
    client.ack({ type: "leave_room", roomId: "room" });
  }
  const early = node.connect("m005");
  ann.say("room", "hello");
  node.run(200);
  expect([unreadNotices(early).length, ...extra.map((client) => unreadNotices(client).length)]).toEqual([1, 0, 0]);
  node.run(1_200);
  expect([early, ...extra].map((client) => unreadNotices(client).length)).toEqual([1, 1, 1]);
  node.run(5 * SECOND_MS);
  expect([early, ...extra].map((client) => unreadNotices(client).length)).toEqual([1, 1, 1]);
});

test("mentions are counted, told at once, and gone when they are read", async () => {
  const { node, ann, ben } = start();
  ben.ack({ type: "leave_room", roomId: "room" });
  ann.say("room", "nothing");
  node.run(SECOND_MS);
  const mention = (content: string) =>
    ann.ack({ type: "send_message", roomId: "room", content, mentions: ["ben", "ann", "stranger", "ben"] });
  mention("@ben");
  node.run(20);
  expect(unreadNotices(ben).at(-1)).toMatchObject({ unread: 2, mentions: 1 });
  const last = mention("@ben again")["seq"] as number;
  expect(await roomOf(node, "ben")).toEqual({ unread: 3, mentions: 2 });
  expect(await roomOf(node, "ann")).toEqual({ unread: 0, mentions: 0 });
  expect(greeting(node, "ben")).toEqual({ total: 3, rooms: { room: 3 }, mentions: 2, mentionRooms: { room: 2 } });
  expect(at(node.connect("ben").join("room"), "position")).toMatchObject({ unread: 3, mentions: 2 });
  read(ben, last - 1);
  expect(await roomOf(node, "ben")).toEqual({ unread: 1, mentions: 1 });
  read(ben, last);
  expect(greeting(node, "ben")).toEqual({ total: 0, rooms: {} });
  ben.ack({ type: "mark_unread", roomId: "room", seq: last });
  expect(greeting(node, "ben")).toEqual({ total: 1, rooms: { room: 1 }, mentions: 1, mentionRooms: { room: 1 } });
});

test("who mentions all mentions each member, but not themselves", async () => {
  const { node, ann, ben } = start();
  ben.ack({ type: "leave_room", roomId: "room" });
  ann.ack({ type: "send_message", roomId: "room", content: "@room", mentionRoom: true });
  node.run(20);
  expect(await roomOf(node, "ben")).toEqual({ unread: 1, mentions: 1 });
  expect(await roomOf(node, "ann")).toEqual({ unread: 0, mentions: 0 });
  expect(unreadNotices(ben).at(-1)).toMatchObject({ unread: 1, mentions: 1 });
  node.restartShard(0);
  expect(greeting(node, "ben")).toEqual({ total: 1, rooms: { room: 1 }, mentions: 1, mentionRooms: { room: 1 } });
});

test("mentions are there after the shard was lost and the log replayed", async () => {
  const { node, ann } = start();
  ann.ack({ type: "send_message", roomId: "room", content: "@ben", mentions: ["ben"] });
  node.restartShard(0);
  node.run(SECOND_MS);
  ann.ack({ type: "send_message", roomId: "room", content: "@ben", mentions: ["ben"] });
  expect(await roomOf(node, "ben")).toEqual({ unread: 2, mentions: 2 });
});

test("who sent by a call has read it wherever it is counted, once that is answered and not a second later", async () => {
  const { node } = start();
  const command = { kind: "send_message", clientId: "c1", content: "mine", messageType: "text" } as const;
  const ann = { tenant: "acme" as TenantId, userId: "ann" as UserId, role: "user" } as const;
  let answeredMs: number | undefined;
  const sent = node.gateway.call(ann, { to: "room", room: "room" as never, kind: "mutate", command });
  void sent.then(() => {
    answeredMs ??= node.queue.nowMs;
  });
  const beganMs = node.queue.nowMs;
  while (answeredMs === undefined && node.queue.nowMs < beganMs + SECOND_MS / 2) {
    node.run(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(answeredMs).toBeDefined();
  unwrap(await sent);
  expect(greeting(node, "ann")).toMatchObject({ total: 0 });
  expect(greeting(node, "ben")).toMatchObject({ total: 1 });
});
