/** Two owners of one room's log: who writes, who gives way, and that those who listen hear of it also when nobody writes. */
import { expect, test } from "bun:test";
import { decodeEntries, encodeEntries } from "../../../../src/actors/log-codec.ts";
import type { Seq, UserId } from "../../../../src/base/ids.ts";
import { FENCE_RESPECT_MS } from "../../../../src/base/limits.ts";
import type { LogEvent } from "../../../../src/domain/room/events.ts";
import type { Segment } from "../../../../src/storage/journal.ts";
import type { MemoryLog } from "../../../../src/storage/memory/memory-store.ts";
import { message, type RoomScene, roomScene } from "../../../support/room-scene.ts";
import type { Append } from "../../../support/scripted-journal.ts";

/** Another owner takes the next place in the log: with a fence, or with a message of the fence that stands. */
function anotherWrites({ log }: RoomScene, kind: "fence" | "message"): void {
  const last = log.segments.at(-1) as Segment;
  const seq = last.lastSeq + 1;
  const { timestamp } = last;
  const epoch = kind === "fence" ? last.epoch + 1 : last.epoch;
  const event: LogEvent =
    kind === "fence"
      ? { kind: "fence", seq, timestamp, epoch, owner: "another" }
      : {
          kind: "message_sent",
          seq,
          timestamp,
          by: "ann" as UserId,
          clientId: `another-${seq}`,
          bodyHash: 1,
          messageNo: last.messageCount + 1,
          content: "by another",
          messageType: "text",
        };
  log.segments.push({
    ...last,
    firstSeq: seq,
    lastSeq: seq,
    epoch,
    messageCount: last.messageCount + (kind === "message" ? 1 : 0),
    batchId: `another-${seq}`,
    owner: "another",
    entries: encodeEntries([event]),
  });
}

const eventsOf = (log: MemoryLog): string[] =>
  log.segments.flatMap((segment) =>
    decodeEntries(segment.firstSeq, segment.entries).map((event) =>
      event.kind === "fence" ? `fence of ${event.owner}` : event.kind,
    ),
  );
const headOf = (log: MemoryLog): Seq => log.segments.at(-1)?.lastSeq ?? 0;

test("a room whose log was taken by another owner refuses what it had left to write, and takes a repetition", () => {
  const all = roomScene();
  const { node, ann, ben, log } = all;
  anotherWrites(all, "fence");
  anotherWrites(all, "message");
  const refs = [ann.send(message("one", { clientId: "c1" })), ann.send(message("two")), ben.send(message("three"))];
  node.run();
  for (const [i, ref] of refs.entries()) {
    expect((i < 2 ? ann : ben).answerTo(ref)).toMatchObject({ type: "error", code: "unavailable", temporary: true });
  }
  expect(headOf(log)).toBe(6);
  // Those who listen were told what the other one wrote.
  expect(ben.texts("room")).toEqual(["by another"]);
  // 7: our fence.
  expect(ann.ack(message("one", { clientId: "c1" }))).toMatchObject({ seq: 8 });
  node.run();
  for (const client of [ann, ben]) {
    expect(client.texts("room")).toEqual(["by another", "one"]);
    expect(client.faults()).toEqual([]);
  }
  expect(node.reports.filter((report) => report.startsWith("room_fenced"))).toHaveLength(1);
});

test("reading and listening go on in a room whose log was taken, without a write before its respect has ended", () => {
  const all = roomScene();
  const { node, ann, log } = all;
  anotherWrites(all, "fence");
  ann.request(message("one"));
  const cid = node.connect("cid");
  expect(cid.request({ type: "resume", rooms: { room: 4 } }).type).toBe("resumed");
  node.run(FENCE_RESPECT_MS - 1_000);
  expect(headOf(log)).toBe(5);
  node.run(1_000);
  expect(eventsOf(log).slice(4)).toEqual(["fence of another", "fence of small"]);
});

test("an activation that finds a former owner's append in its way reads again and answers everything that waited", () => {
  const all = roomScene();
  const { node, journal, ann, ben, log } = all;
  anotherWrites(all, "fence");
  const held: Append[] = [];
  node.stopShard(0);
  node.startShard(0);
  journal().onAppend = (append) => held.push(append);
  const ref = ann.send(message("one"));
  node.run();
  anotherWrites(all, "message");
  journal().onAppend = undefined;
  for (const append of held) append.write();
  node.run();
  // 5: the other's fence, 6: its message, 7: our fence.
  expect(ann.answerTo(ref)).toMatchObject({ type: "ack", seq: 8 });
  expect(eventsOf(log).slice(4)).toEqual(["fence of another", "message_sent", "fence of small", "message_sent"]);
  for (const client of [ann, ben]) {
    expect(client.texts("room")).toEqual(["by another", "one"]);
    expect(client.faults()).toEqual([]);
  }
});

test("an activation that never wrote gives way, too, to whoever fenced the log since it was read", () => {
  const all = roomScene();
  const { node, journal, ann, log } = all;
  anotherWrites(all, "fence");
  const held: Append[] = [];
  node.stopShard(0);
  node.startShard(0);
  journal().onAppend = (append) => held.push(append);
  const ref = ann.send(message("one"));
  node.run();
  anotherWrites(all, "fence");
  journal().onAppend = undefined;
  for (const append of held) append.write();
  node.run();
  expect(ann.answerTo(ref)).toMatchObject({ type: "error", code: "unavailable", temporary: true });
  expect(eventsOf(log).slice(4)).toEqual(["fence of another", "fence of another"]);
  node.run(FENCE_RESPECT_MS);
  expect(eventsOf(log).slice(6)).toEqual(["fence of small"]);
  expect(ann.faults()).toEqual([]);
});

test("a room that is listened to is fenced at once when another owner wrote its last fence, and a late append is heard of", () => {
  const all = roomScene();
  const { node, journal, ann, ben, log } = all;
  anotherWrites(all, "fence");
  const held: Append[] = [];
  node.stopShard(0);
  node.startShard(0);
  journal().onAppend = (append) => held.push(append);
  node.run();
  expect(held).toHaveLength(1);
  anotherWrites(all, "message");
  journal().onAppend = undefined;
  held[0]?.write();
  node.run();
  expect(eventsOf(log).slice(4)).toEqual(["fence of another", "message_sent", "fence of small"]);
  for (const client of [ann, ben]) {
    expect(client.texts("room")).toEqual(["by another"]);
    expect(client.rooms.get("room")?.head).toBe(7);
    expect(client.faults()).toEqual([]);
  }
});

test("what needs no write does not wait for the fence of those who listen; what needs one does", () => {
  const all = roomScene();
  const { node, journal, ann, ben } = all;
  anotherWrites(all, "fence");
  const held: Append[] = [];
  node.stopShard(0);
  node.startShard(0);
  journal().onAppend = (append) => held.push(append);
  node.run();
  expect(held.map(({ segment }) => segment.firstSeq)).toEqual([6]);
  expect(ben.request({ type: "join_room", roomId: "room", lastSeq: 4 })).toMatchObject({
    type: "ack",
    position: { head: 5 },
  });
  expect(ann.request({ type: "resume", rooms: { room: 5 } }).type).toBe("resumed");
  const ref = ann.send(message("one"));
  node.run();
  expect(ann.answerTo(ref)).toBeUndefined();
  journal().onAppend = undefined;
  for (const append of held) append.write();
  node.run();
  expect(ann.answerTo(ref)).toMatchObject({ type: "ack", seq: 7 });
  expect([ann, ben].flatMap((client) => client.faults())).toEqual([]);
});

test("nothing is written for those who only read, nor for those who listen when the last fence is this owner's", () => {
  const all = roomScene();
  const { node, ann, ben, log } = all;
  node.restartShard(0);
  node.run();
  ann.join("room");
  expect(headOf(log)).toBe(4);
  for (const client of [ann, ben]) client.socket.end(1000);
  anotherWrites(all, "fence");
  node.restartShard(0);
  const cid = node.connect("cid");
  expect(cid.request(message("from outside")).type).toBe("error");
  node.run(10_000);
  expect(headOf(log)).toBe(5);
  expect(cid.ack({ type: "join_room", roomId: "room" })).toMatchObject({ position: { head: 7 } });
});

test("a full store is not asked for that fence over and over", () => {
  const all = roomScene();
  const { node, journal, ann, log } = all;
  anotherWrites(all, "fence");
  let appends = 0;
  node.stopShard(0);
  node.startShard(0);
  journal().onAppend = (append) => {
    appends += 1;
    append.answer("full");
  };
  node.run(11_000);
  expect(appends).toBe(3);
  journal().onAppend = undefined;
  node.run(5_000);
  expect(eventsOf(log).slice(4)).toEqual(["fence of another", "fence of small"]);
  expect(ann.faults()).toEqual([]);
});
