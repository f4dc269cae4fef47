/** A room and its log: what may be said before a commit, and what happens to requests when the store answers otherwise. */
import { expect, spyOn, test } from "bun:test";
import { messageIdOf, type Seq } from "../../../../src/base/ids.ts";
import {
  MESSAGE_CACHE_MAX,
  SEGMENT_BYTES_MAX,
  SEGMENT_EVENTS_MAX,
  SNAPSHOT_EVENTS_MIN,
} from "../../../../src/base/limits.ts";
import { RowCache } from "../../../../src/domain/room/row-cache.ts";
import type { Segment } from "../../../../src/storage/journal.ts";
import { message, roomScene } from "../../../support/room-scene.ts";
import type { Append } from "../../../support/scripted-journal.ts";

const evict = RowCache.prototype.evict;

test("nothing is acked or shown before its commit; a duplicate waits for the commit of the original", () => {
  const { node, journal, ann, ben } = roomScene();
  const held: Append[] = [];
  journal().onAppend = (append) => held.push(append);
  const first = ann.send(message("hello", { clientId: "c" }));
  node.run();
  const again = ann.send(message("hello", { clientId: "c" }));
  const other = ann.send(message("another body", { clientId: "c" }));
  node.run();
  expect([first, again, other].map((ref) => ann.answerTo(ref))).toEqual([undefined, undefined, undefined]);
  expect(ben.texts("room")).toEqual([]);
  expect(held).toHaveLength(1);
  held[0]?.write();
  node.run();
  const ack = ann.answerTo(first);
  expect(ack).toMatchObject({ type: "ack", seq: 5 });
  expect(ann.answerTo(again)).toMatchObject({ type: "ack", seq: 5, messageId: ack?.["messageId"], duplicate: true });
  expect(ann.answerTo(other)).toMatchObject({ type: "error", code: "conflict" });
  expect(ben.texts("room")).toEqual(["hello"]);
});

test("what comes while an append is under way leaves as one segment, with answers in order", () => {
  const { node, journal, ann, log } = roomScene();
  const held: Append[] = [];
  journal().onAppend = (append) => held.push(append);
  const refs = Array.from({ length: 10 }, (_, i) => {
    const ref = ann.send(message(`${i}`));
    if (i === 0) node.run();
    return ref;
  });
  node.run();
  expect(held).toHaveLength(1);
  journal().onAppend = undefined;
  held[0]?.write();
  node.run();
  expect(log.segments.slice(-2).map(({ firstSeq, lastSeq }) => [firstSeq, lastSeq])).toEqual([
    [5, 5],
    [6, 14],
  ]);
  expect(refs.map((ref) => ann.answerTo(ref)?.["seq"])).toEqual(refs.map((_, i) => 5 + i));
});

test("no segment is larger than its bounds in events and in bytes", () => {
  const { node, ann, log } = roomScene();
  for (let i = 0; i < 3 * SEGMENT_EVENTS_MAX; i += 1) ann.send(message("x"));
  node.run();
  const before = log.segments.length;
  for (let i = 0; i < 60; i += 1) ann.send(message("y".repeat(5_000)));
  node.run();
  const sizes = log.segments.map(({ firstSeq, lastSeq }) => lastSeq - firstSeq + 1);
  expect(Math.max(...sizes)).toBe(SEGMENT_EVENTS_MAX);
  const large = log.segments.slice(before);
  expect(large.length).toBeGreaterThan(3);
  for (const segment of large) expect(segment.entries.length).toBeLessThanOrEqual(SEGMENT_BYTES_MAX);
  expect(
    log.segments.every((segment, i) => i === 0 || segment.firstSeq === (log.segments[i - 1]?.lastSeq ?? 0) + 1),
  ).toBe(true);
});

test("an append of unknown outcome that was written is found in its place, and acked once", () => {
  const { node, journal, ann, ben, log } = roomScene();
  let appends = 0;
  journal().onAppend = (append) => {
    appends += 1;
    append.write(appends === 1 ? "unknown" : undefined);
  };
  expect(ann.request(message("hello"))).toMatchObject({ type: "ack", seq: 5 });
  node.run(5_000);
  expect(appends).toBe(1);
  expect(ben.texts("room")).toEqual(["hello"]);
  expect(log.segments.at(-1)?.lastSeq).toBe(5);
});

test("an append of unknown outcome that is not there is put again, byte for byte, until there is an answer", () => {
  const { node, journal, ann, ben } = roomScene();
  const seen: Segment[] = [];
  journal().onAppend = (append) => {
    seen.push(append.segment);
    if (seen.length < 4) append.answer("unknown");
    else append.write();
  };
  const ref = ann.send(message("hello"));
  node.run(20);
  // More comes in meanwhile; it is not for this segment.
  const later = ann.send(message("later"));
  node.runUntil(() => ann.answerTo(later) !== undefined);
  expect(ann.answerTo(ref)).toMatchObject({ type: "ack", seq: 5 });
  expect(ann.answerTo(later)).toMatchObject({ type: "ack", seq: 6 });
  for (const segment of seen.slice(1, 4)) expect(segment).toEqual(seen[0] as Segment);
  expect(ben.texts("room")).toEqual(["hello", "later"]);
});

test("a retry whose ack was lost gets the same sequence from the next activation", () => {
  const { node, ann, ben } = roomScene();
  const seq = ann.ack(message("hello", { clientId: "c" }))["seq"];
  node.restartShard(0);
  expect(ann.ack(message("hello", { clientId: "c" }))).toMatchObject({ seq, duplicate: true });
  expect(ann.request(message("other", { clientId: "c" }))).toMatchObject({ code: "conflict" });
  node.run();
  expect(ben.texts("room")).toEqual(["hello"]);
});

test("a full store refuses what waits and is tried again with what comes later; reading goes on", () => {
  const { node, journal, ann, ben } = roomScene();
  ann.say("room", "before");
  journal().onAppend = (append) => append.answer("full");
  const refs = [ann.send(message("one")), ben.send(message("two"))];
  node.run();
  expect(ann.answerTo(refs[0] ?? "")).toMatchObject({ type: "error", code: "storage_full", temporary: true });
  expect(ben.answerTo(refs[1] ?? "")).toMatchObject({ type: "error", code: "storage_full" });
  const reader = node.connect("cid");
  expect(reader.request({ type: "resume", rooms: { room: 4 } }).type).toBe("resumed");
  expect(reader.texts("room")).toEqual(["before"]);
  journal().onAppend = undefined;
  expect(ann.ack(message("after")).type).toBe("ack");
  node.run();
  expect(ben.texts("room")).toEqual(["before", "after"]);
  expect(ben.faults()).toEqual([]);
});

test("a request that waits for rows holds back its sender's later ones, and nobody else's", () => {
  const { node, journal, ann, ben, log } = roomScene();
  for (let i = 0; i < SNAPSHOT_EVENTS_MIN; i += 1) ann.send(message("x"));
  node.runUntil(() => log.snapshot !== undefined);
  // An activation that starts from a snapshot knows nobody's membership.
  node.restartShard(0);
  node.run();
  const reads: (() => void)[] = [];
  journal().onReadMembers = (read) => reads.push(read);
  const first = ann.send(message("one"));
  const second = ann.send(message("two"));
  const bens = ben.send(message("ben's"));
  node.run();
  expect(reads).toHaveLength(2);
  journal().onReadMembers = undefined;
  reads[1]?.();
  node.run();
  expect(ben.answerTo(bens)?.type).toBe("ack");
  expect([first, second].map((ref) => ann.answerTo(ref))).toEqual([undefined, undefined]);
  reads[0]?.();
  node.run();
  expect(Number(ann.answerTo(second)?.["seq"])).toBe(Number(ann.answerTo(first)?.["seq"]) + 1);
  expect(ann.texts("room").slice(-3)).toEqual(["ben's", "one", "two"]);
});

test("rows of more messages than are kept leave with the commit that brought them; a message alone looks for none", () => {
  const looked: RowCache<unknown, unknown>[] = [];
  const spy = spyOn(RowCache.prototype, "evict").mockImplementation(function (this: RowCache<unknown, unknown>, seq) {
    looked.push(this);
    evict.call(this, seq);
  });
  try {
    const { node, ann } = roomScene();
    looked.length = 0;
    const first = ann.request(message("first"));
    expect(looked).toEqual([]);
    const firstSeq = Number(first?.["seq"]);
    for (let i = 1; i <= MESSAGE_CACHE_MAX + 5; i += 1) ann.request(message(`${i}`));
    expect(looked).toEqual([]);
    for (let i = 0; i < MESSAGE_CACHE_MAX + 5; i += 1) {
      const messageId = messageIdOf((firstSeq + i) as Seq);
      expect(
        ann.request({ type: "message_reaction", roomId: "room", messageId, emoji: "👍", action: "add" }),
      ).toMatchObject({ type: "ack" });
    }
    node.run();
    expect(Math.max(...new Set(looked).values().map(({ size }) => size))).toBe(MESSAGE_CACHE_MAX);
  } finally {
    spy.mockRestore();
  }
});
