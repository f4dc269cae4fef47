/** What a client makes of answers that come late. */
import { expect, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import type { RoomPosition } from "../../../src/protocol/frames.ts";
import { RoomView } from "../../sim/room-view.ts";

const at = (head: number): RoomPosition => ({ roomId: "room" as RoomId, head, typing: [], present: [] });
const gone: RoomPosition = { ...at(0), error: "room_not_found" };

test("a resume's error does not count when the room was joined by a younger question that was answered first", () => {
  const view = new RoomView("room" as RoomId);
  view.asked(1, 29);
  view.asked(1, 46);
  expect(view.positioned(1, 46, at(28))).toBe(true);
  expect(view.positioned(1, 29, gone)).toBe(false);
  expect([view.subscribed, view.head]).toEqual([true, 28]);
});

test("an error that answers the youngest question counts, and an older position does not undo it", () => {
  const view = new RoomView("room" as RoomId);
  expect(view.positioned(1, 1, at(5))).toBe(true);
  expect(view.positioned(1, 3, gone)).toBe(true);
  expect(view.positioned(1, 2, at(6))).toBe(false);
  expect(view.subscribed).toBe(false);
});

test("a refusal is out of date when a younger question was answered before it", () => {
  const view = new RoomView("room" as RoomId);
  view.positioned(1, 8, at(5));
  expect(view.refused(7)).toBe(false);
  expect(view.refused(9)).toBe(true);
});
