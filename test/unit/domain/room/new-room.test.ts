/** The settings of a new room, the same for frames and REST. */
import { expect, test } from "bun:test";
import { type NewRoomSettings, settingsOfNewRoom } from "../../../../src/domain/room/new-room.ts";
import { ROOM_TYPE_LIMITS } from "../../../../src/domain/room/room-types.ts";

const typeOf = (room: NewRoomSettings): string => settingsOfNewRoom(room).type;

test("a room is public only when that was asked for, and never against isPrivate", () => {
  expect(typeOf({})).toBe("private");
  expect(typeOf({ isPrivate: true })).toBe("private");
  expect(typeOf({ isPrivate: false })).toBe("public");
  expect(typeOf({ type: "public" })).toBe("public");
  expect(typeOf({ type: "public", isPrivate: true })).toBe("private");
  expect(typeOf({ type: "group" })).toBe("group");
  expect(typeOf({ type: "group", isPrivate: false })).toBe("public");
  expect(typeOf({ type: "announcement", isPrivate: true })).toBe("announcement");
});

test("what is not said gets the default of the room's type, what is said stays", () => {
  expect(settingsOfNewRoom({ type: "group" })).toEqual({
    type: "group",
    name: "",
    maxMembers: ROOM_TYPE_LIMITS.group.membersDefault,
    allowInvites: true,
  });
  const said = { name: "A", description: "B", avatar: "https://c", tags: ["d"], maxMembers: 7, allowInvites: false };
  expect(settingsOfNewRoom({ type: "public", ...said })).toEqual({ type: "public", ...said });
});
