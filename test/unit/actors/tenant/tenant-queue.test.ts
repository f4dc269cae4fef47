/** Rooms where something waits for a moderator: what waits longest first, up to a bound, and never rooms of two. */
import { expect, test } from "bun:test";
import { queueOf } from "../../../../src/actors/tenant/tenant-queue.ts";
import type { RoomId, UserId } from "../../../../src/base/ids.ts";
import { QUEUE_ITEMS_MAX } from "../../../../src/base/limits.ts";
import type { RoomType } from "../../../../src/domain/room/vocabulary.ts";
import type { PersonalItem } from "../../../../src/storage/projections.ts";

function item(room: string, value: object, type: RoomType = "public"): PersonalItem {
  const settings = { name: `Room ${room}`, type, maxMembers: 10, allowInvites: true };
  const card = { settings, createdBy: "ann" as UserId, createdAt: 1, memberCount: 2 };
  return { room: room as RoomId, card, id: "x", value };
}

test("rooms come with what they have, what waits longest first", () => {
  const held = [item("a", { heldAt: 50 }), item("a", { heldAt: 40 })];
  const reports = [item("a", { openedAt: 60 }), item("b", { openedAt: 10 })];
  expect(queueOf(held, reports)).toEqual({
    waiting: [
      { roomId: "b" as RoomId, name: "Room b", type: "public", held: 0, reports: 1, since: 10 },
      { roomId: "a" as RoomId, name: "Room a", type: "public", held: 2, reports: 1, since: 40 },
    ],
    isCut: false,
  });
});

test("what is between two people is not shown", () => {
  expect(queueOf([], [item("d", { openedAt: 1 }, "direct")]).waiting).toEqual([]);
});

test("so many are counted, and that there is one more is said", () => {
  const many = (count: number) => Array.from({ length: count }, () => item("a", { heldAt: 1 }));
  expect(queueOf(many(QUEUE_ITEMS_MAX), [])).toMatchObject({ waiting: [{ held: QUEUE_ITEMS_MAX }], isCut: false });
  expect(queueOf(many(QUEUE_ITEMS_MAX + 1), [])).toMatchObject({ waiting: [{ held: QUEUE_ITEMS_MAX }], isCut: true });
  expect(queueOf([], many(QUEUE_ITEMS_MAX + 1))).toMatchObject({ isCut: true });
});
