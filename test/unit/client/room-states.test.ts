/** What a page shows of rooms beside messages, folded out of what frames say. */
import { expect, test } from "bun:test";
import type { RoomId, Seq, UserId } from "../../../src/base/ids.ts";
import { Emitter } from "../../../src/client/emitter.ts";
import { RoomStates } from "../../../src/client/room-states.ts";
import type { ClientEvents, RoomState } from "../../../src/client/types.ts";
import type {
  ConnectionFrame,
  MessageView,
  RoomEvent,
  RoomPosition,
  ServerFrame,
} from "../../../src/protocol/frames.ts";

const ROOM = "room" as RoomId;
const PRESENT_MAX = 1_000;
const READERS_MAX = 200;
const PEOPLE_MAX = 5_000;

function states() {
  const emitter = new Emitter<ClientEvents>();
  const told: RoomState[] = [];
  const made = new RoomStates(emitter, (roomId) => ({ roomId, unread: 0, mentions: 0, total: 0, totalMentions: 0 }));
  emitter.on("room", (state) => told.push(state));
  emitter.emit("connected", { userId: "me" as UserId } as ConnectionFrame);
  const frame = (one: object): void => emitter.emit("frame", one as ServerFrame);
  const position = (one: Partial<RoomPosition> = {}): void =>
    emitter.emit("position", { roomId: ROOM, head: 1 as Seq, typing: [], present: [], ...one });
  return { emitter, states: made, told, frame, position, room: () => made.of(ROOM) };
}
const idsOf = (people: readonly { readonly userId: UserId }[]): string[] => people.map(({ userId }) => String(userId));
const ids = (count: number): UserId[] => Array.from({ length: count }, (_, i) => `u${i}` as UserId);
const presence = (userId: string, status: string) => ({
  type: "presence_update",
  roomId: ROOM,
  user: { userId },
  status,
  lastSeen: 5,
});
const typing = (userId: string, expiresInMs: number, isTyping = true) => ({
  type: "typing_indicator",
  roomId: ROOM,
  user: { userId, name: userId.toUpperCase() },
  isTyping,
  expiresInMs,
});

test("a snapshot and its lists are the same objects until something of them changes; changes of one turn are told once", async () => {
  const { room, position, frame, told } = states();
  position({ present: ["ann"] as UserId[], role: "member" });
  const before = room();
  expect(before).toMatchObject({ isListening: true, role: "member", presentCount: 2 });
  frame({ type: "receipts", roomId: ROOM, receipts: [{ userId: "ann", readSeq: 4, deliveredSeq: 5 }] });
  frame({ type: "member_count", roomId: ROOM, memberCount: 70 });
  const after = room();
  expect(after).not.toBe(before);
  expect(after.present).toBe(before.present);
  expect(after).toMatchObject({ memberCount: 70, readers: [{ userId: "ann", readSeq: 4, deliveredSeq: 5 }] });
  await Promise.resolve();
  expect(told).toEqual([after]);
});

test("a position names who is there; presence that was known stays, whoever is not named has gone", () => {
  const { room, position, frame } = states();
  position({ present: ["ann", "ben"] as UserId[] });
  frame(presence("ann", "busy"));
  position({ present: ["ann"] as UserId[] });
  expect(room().present.map(({ userId, status }) => [String(userId), status])).toEqual([
    ["ann", "busy"],
    ["me", "online"],
  ]);
  frame(presence("ann", "offline"));
  expect([idsOf(room().present), room().presentCount]).toEqual([["me"], 1]);
  // In a large room not all are named.
  position({ present: ["ann"] as UserId[], presentCount: 400 });
  frame(presence("cid", "online"));
  expect(room().presentCount).toBe(401);
});

test("who types is dropped when the server's time is over, by a message, or when they stop; oneself is not shown", async () => {
  const { room, frame, emitter } = states();
  frame(typing("ann", 20));
  frame(typing("ben", 60_000));
  frame(typing("me", 60_000));
  frame(typing("cid", 60_000));
  expect(room().typing.map(({ name }) => name)).toEqual(["ANN", "BEN", "CID"]);
  frame(typing("cid", 0, false));
  const message = { authorId: "ben", seq: 7 } as unknown as MessageView;
  emitter.emit("event", { roomId: ROOM, event: { type: "new_message", seq: 7 as Seq, timestamp: 0, message } });
  while (room().typing.length > 0) await Bun.sleep(5);
  // Whoever writes has read what was before.
  expect(room().readers).toEqual([{ userId: "ben" as UserId, readSeq: 7 as Seq, deliveredSeq: 7 as Seq }]);
});

test("readers only go forward; in large rooms they are counted", () => {
  const { states: made, frame } = states();
  const reads = (userId: string, readSeq: number): void =>
    frame({ type: "receipts", roomId: ROOM, receipts: [{ userId, readSeq, deliveredSeq: readSeq }] });
  for (const [user, seq] of [
    ["ann", 5],
    ["ann", 3],
    ["me", 9],
  ] as const)
    reads(user, seq);
  expect(made.seenBy(ROOM, 5 as Seq)).toEqual({ count: 1, users: [{ userId: "ann" as UserId }] });
  expect(made.seenBy(ROOM, 6 as Seq).count).toBe(0);
  frame({
    type: "receipts",
    roomId: ROOM,
    receipts: [],
    seen: [{ seq: 8, readBy: 40, deliveredTo: 50, members: 300 }],
  });
  expect(made.seenBy(ROOM, 6 as Seq)).toEqual({ count: 40, users: [], members: 300 });
});

test("people present, readers and names are bounded", () => {
  const { states: made, room, frame, position } = states();
  position();
  for (const userId of ids(PRESENT_MAX)) frame(presence(userId, "online"));
  expect([room().present.length, room().presentCount]).toEqual([PRESENT_MAX, PRESENT_MAX + 1]);
  for (const userId of ids(READERS_MAX + 1)) made.hasRead(ROOM, userId, 1);
  expect(room().readers).toHaveLength(READERS_MAX);
  for (const userId of ids(PEOPLE_MAX)) made.people.learn({ userId, name: "x" });
  expect(made.people.of("u0" as UserId).name).toBe("x");
  made.people.learn({ userId: "one more" as UserId, name: "y" });
  expect(made.people.of("u0" as UserId)).toEqual({ userId: "u0" as UserId });
});

test("whoever may not write is told until when: by a position after a reload, by events while one listens", () => {
  const { room, emitter, position, told } = states();
  const user = { userId: "me" as UserId };
  const heard = (event: object): void => {
    const by = "ann" as UserId;
    emitter.emit("event", { roomId: ROOM, event: { user, by, seq: 2, timestamp: 0, ...event } as RoomEvent });
  };
  position({ muted: { until: 90_000 } });
  const before = room();
  expect(before.muted).toEqual({ until: 90_000 });
  heard({ type: "member_muted", user: { userId: "ben" } });
  expect(room()).toBe(before);
  heard({ type: "member_unmuted" });
  expect(room()).not.toHaveProperty("muted");
  heard({ type: "member_muted" });
  expect(room().muted).toEqual({});
  heard({ type: "member_muted", until: 70_000 });
  expect(room().muted).toEqual({ until: 70_000 });
  position();
  expect(room()).not.toHaveProperty("muted");
  expect(told).toEqual([]);
});

test("whoever has left the room is neither present nor a reader, and a room that one left is empty", () => {
  const { room, emitter, frame, position } = states();
  position({ present: ["ann"] as UserId[] });
  frame({ type: "receipts", roomId: ROOM, receipts: [{ userId: "ann", readSeq: 5, deliveredSeq: 5 }] });
  const user = { userId: "ann" as UserId };
  const left = { type: "user_left", seq: 8 as Seq, timestamp: 0, user, by: user.userId, reason: "left" } as const;
  emitter.emit("event", { roomId: ROOM, event: left });
  expect([idsOf(room().present), room().readers]).toEqual([["me"], []]);
  emitter.emit("left", { roomId: ROOM, code: "forbidden" });
  expect(room()).toMatchObject({ isListening: false, present: [], presentCount: 0 });
});
