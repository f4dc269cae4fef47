import { describe, expect, test } from "bun:test";
import {
  FILE_SIZE_MAX,
  FILE_TYPES_MAX,
  MEDIA_TYPE_LENGTH_MAX,
  RETENTION_DAYS_MAX,
  ROOM_DESCRIPTION_LENGTH_MAX,
  ROOM_NAME_LENGTH_MAX,
  SLOW_MODE_SECONDS_MAX,
  TAG_LENGTH_MAX,
  TAGS_MAX,
  URL_LENGTH_MAX,
} from "../../../../src/base/limits.ts";
import type { RoomSettings } from "../../../../src/domain/room/events.ts";
import { accepted, RoomDriver, rejection, type Settled, settingsOf, user } from "./room-driver.ts";

type Changes = Partial<Omit<RoomSettings, "type" | "isArchived">>;

function roomOf(): RoomDriver {
  const room = new RoomDriver();
  room.populate(settingsOf("public"), { ola: "owner", moe: "moderator" });
  return room;
}

function change(room: RoomDriver, changes: object, by = user("ola")): Settled {
  return room.run({ kind: "update_room", by, clientId: room.nextClientId(), changes: changes as Changes });
}

const link = (length: number): string => `/${"x".repeat(length - 1)}`;
const many = (count: number, text: (i: number) => string): string[] => Array.from({ length: count }, (_, i) => text(i));

/** Each setting: what is taken at its bound, and what is not. */
const BOUNDS: readonly (readonly [name: keyof Changes, fine: readonly unknown[], wrong: readonly unknown[]])[] = [
  ["name", ["x".repeat(ROOM_NAME_LENGTH_MAX), "🚀".repeat(ROOM_NAME_LENGTH_MAX)], ["x".repeat(121), "\ud800"]],
  ["description", ["x".repeat(ROOM_DESCRIPTION_LENGTH_MAX), ""], ["x".repeat(ROOM_DESCRIPTION_LENGTH_MAX + 1)]],
  [
    "avatar",
    [link(URL_LENGTH_MAX), "https://a.b", ""],
    [link(URL_LENGTH_MAX + 1), "javascript:alert(1)", "//host", "/\\host"],
  ],
  ["banner", [link(URL_LENGTH_MAX), "https://a.b", ""], [link(URL_LENGTH_MAX + 1), "data:x", "x y"]],
  [
    "tags",
    [many(TAGS_MAX, (i) => `t${i}`), []],
    [many(TAGS_MAX + 1, () => "t"), ["x".repeat(TAG_LENGTH_MAX + 1)], [""]],
  ],
  ["maxMembers", [2], [1, 0, 1_000_001]],
  ["maxFileSize", [1, FILE_SIZE_MAX], [0, FILE_SIZE_MAX + 1, 1.5]],
  [
    "allowedFileTypes",
    [["image/*", "image/png", ".pdf"], many(FILE_TYPES_MAX, (i) => `.${i}`), []],
    [many(FILE_TYPES_MAX + 1, () => ".a"), ["pdf"], ["image/"], [`.${"x".repeat(MEDIA_TYPE_LENGTH_MAX)}`]],
  ],
  ["messageRetention", [0, RETENTION_DAYS_MAX], [-1, RETENTION_DAYS_MAX + 1]],
  ["moderationLevel", ["none", "basic", "strict"], ["severe"]],
  ["slowModeSeconds", [0, SLOW_MODE_SECONDS_MAX], [-1, SLOW_MODE_SECONDS_MAX + 1]],
];

describe("a room's settings", () => {
  test("are taken at their bounds and refused by name beyond them, when changed and when the room is made", () => {
    for (const [name, fine, wrong] of BOUNDS) {
      for (const value of fine) {
        const room = roomOf();
        change(room, { [name]: name === "tags" || name === "allowedFileTypes" ? ["x"] : value });
        accepted(change(room, { [name]: value }));
        expect(room.state.settings?.[name]).toEqual(value as never);
      }
      for (const value of wrong) {
        expect(rejection(change(roomOf(), { [name]: value }))).toBe(`invalid_field ${name}`);
        const made = new RoomDriver().run({
          kind: "create_room",
          by: user("ola"),
          clientId: "c",
          settings: settingsOf("public", { [name]: value } as object),
          participants: [],
        });
        if (name !== "maxMembers") expect(rejection(made)).toBe(`invalid_field ${name}`);
      }
    }
  });

  test("that are flags are true or false", () => {
    for (const name of ["allowInvites", "requireApproval", "allowFileUploads", "enableAI", "allowAnonymous"]) {
      const room = roomOf();
      accepted(change(room, { [name]: true }));
      accepted(change(room, { [name]: false }));
      expect(rejection(change(room, { [name]: "yes" }))).toBe(`invalid_field ${name}`);
    }
  });

  test("are written only when something changes, and never the type", () => {
    const room = roomOf();
    accepted(change(room, { tags: ["a", "b"], banner: "/b" }));
    expect(accepted(change(room, { tags: ["a", "b"], banner: "/b" }))).toEqual([]);
    expect(accepted(change(room, { tags: ["b", "a"] }))).toHaveLength(1);
    accepted(change(room, { type: "private", name: "n" }));
    expect(room.state.settings?.type).toBe("public");
  });
});
