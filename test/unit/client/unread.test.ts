/** Counts that a client keeps by itself, between what the server says. */
import { expect, test } from "bun:test";
import type { RoomId, Seq, UserId } from "../../../src/base/ids.ts";
import { Unread } from "../../../src/client/unread.ts";
import type { ConnectionFrame, MessageView } from "../../../src/protocol/frames.ts";

const ROOM = "room" as RoomId;
const connection = (rooms: Record<string, number>): ConnectionFrame => ({
  type: "connection",
  status: "connected",
  connectionId: "x:1" as ConnectionFrame["connectionId"],
  userId: "me" as UserId,
  heartbeatMs: 30_000,
  limits: { frameBytes: 1, messageLength: 1 },
  unread: { total: 0, rooms },
});
const message = (seq: number, authorId = "ann", mentions: readonly string[] = []): MessageView => ({
  messageId: `msg_${seq}` as MessageView["messageId"],
  roomId: ROOM,
  seq: seq as Seq,
  messageNo: seq,
  authorId: authorId as UserId,
  content: "",
  messageType: "text",
  timestamp: 0,
  mentions: mentions as readonly UserId[],
});

function counts() {
  const told: number[] = [];
  const unread = new Unread(({ unread: count }) => void told.push(count));
  unread.connected(connection({ [ROOM]: 3 }), () => false);
  unread.said({ roomId: ROOM, head: 10 as Seq, unread: 3, typing: [], present: [] }, 10);
  return { unread, told };
}

test("others' messages count, one's own say that all before is read", () => {
  const { unread } = counts();
  unread.message(message(11));
  unread.message(message(12, "ann", ["me"]));
  expect(unread.of(ROOM)).toEqual({ roomId: ROOM, unread: 5, mentions: 1, total: 5, totalMentions: 1 });
  unread.message(message(13, "me"));
  unread.message(message(14));
  expect(unread.of(ROOM)).toEqual({ roomId: ROOM, unread: 1, mentions: 0, total: 1, totalMentions: 0 });
});

test("reading up to a place leaves what is behind it; what the server counted is counted once", () => {
  const { unread } = counts();
  for (const seq of [9, 10, 11, 12, 13]) unread.message(message(seq));
  expect(unread.totals.total).toBe(6);
  unread.read(ROOM, 12 as Seq);
  expect(unread.totals.total).toBe(1);
});

test("after coming back the server's count is compared with what was missed, not added to it", () => {
  const { unread } = counts();
  unread.message(message(11));
  unread.connected(connection({ [ROOM]: 6 }), () => true);
  for (const seq of [12, 13]) unread.message(message(seq));
  expect([unread.totals.total, unread.agrees(ROOM)]).toEqual([6, true]);
  // Read on another device while this one was away.
  unread.connected(connection({}), () => true);
  expect(unread.agrees(ROOM)).toBe(false);
  unread.said({ roomId: ROOM, head: 13 as Seq, unread: 0, typing: [], present: [] }, 13);
  expect(unread.totals.total).toBe(0);
});
