import { describe, expect, test } from "bun:test";
import { ID_LENGTH_MAX, ITEM_KEY_BYTES_MAX, LARGE_ROOM_MEMBERS } from "../../../../src/base/limits.ts";
import type { UserId } from "../../../../src/base/ids.ts";
import { foldedName, NAMES, nameEntry, userOfEntry } from "../../../../src/domain/room/name-index.ts";
import { accepted, RoomDriver, settingsOf, user } from "./room-driver.ts";

const entries = (room: RoomDriver) => [...room.itemRows.keys()].filter((key) => key.startsWith(`${NAMES}/`)).sort();

describe("the index of members by their names", () => {
  test("has one entry for each member with a name, and none for who has left", () => {
    const room = new RoomDriver();
    room.populate(settingsOf("public"), { ann: "owner" });
    for (const id of ["bob", "cleo"]) {
      accepted(room.run({ kind: "join_room", by: user(id), clientId: room.nextClientId() }));
    }
    expect(entries(room)).toEqual(["names/name%20of%20bob bob", "names/name%20of%20cleo cleo"]);
    const [left] = accepted(room.run({ kind: "leave_room", by: user("bob"), clientId: room.nextClientId() }));
    expect(left).toMatchObject({ kind: "member_left", name: "Name of bob" });
    const by = user("ann");
    const cleo = "cleo" as UserId;
    accepted(room.run({ kind: "remove_member", by, userId: cleo, clientId: room.nextClientId() }));
    expect(entries(room)).toEqual([]);
  });

  test("finds a name by its beginning whatever the case, the script and the form of its letters", () => {
    const found = (name: string, beginning: string) => nameEntry(name, "u" as UserId).startsWith(foldedName(beginning));
    expect(found("Zoë Müller", "zoë m")).toBe(true);
    expect(found("Zoe\u0308 Müller", "ZOË")).toBe(true);
    expect(found("ÀÉ|x", "àé|")).toBe(true);
    expect(found("\ud83d\ude00 smile", "\ud83d\ude00")).toBe(true);
    expect(found("Ann", "anna")).toBe(false);
    expect(found("broken \ud83d", "broken \ud83d")).toBe(true);
  });

  test("says whose entry it is, whatever is in a name or an id, and fits every store", () => {
    for (const [name, id] of [
      ["a b|", "c|d"],
      ["", "x"],
      ["\ud83d\ude00".repeat(500), "i".repeat(ID_LENGTH_MAX)],
    ] as const) {
      const entry = nameEntry(name, id as UserId);
      expect(userOfEntry(entry) as string).toBe(id);
      expect(entry).toMatch(/^[\x20-\x7e]+$/);
      expect(NAMES.length + 1 + entry.length).toBeLessThanOrEqual(ITEM_KEY_BYTES_MAX);
    }
  });
});

describe("a room with many members", () => {
  test("marks who comes and goes as not to be shown from the bound on, whoever does it", () => {
    const room = new RoomDriver();
    room.populate(settingsOf("public", { maxMembers: 100_000 }), { ann: "owner" });
    const isQuiet = (events: ReturnType<typeof accepted>) => events.map((event) => "quiet" in event && event.quiet);
    const join = (id: string) =>
      isQuiet(accepted(room.run({ kind: "join_room", by: user(id), clientId: room.nextClientId() })));
    for (let i = 1; i < LARGE_ROOM_MEMBERS; i += 1) expect(join(`m${i}`)).toEqual([false]);
    expect(join("more")).toEqual([true]);
    const by = user("ann");
    const added = { userId: "added" as UserId, role: "member" as const };
    const add = room.run({ kind: "add_member", by, ...added, clientId: room.nextClientId() });
    expect(isQuiet(accepted(add))).toEqual([true]);
    const remove = room.run({ kind: "remove_member", by, userId: added.userId, clientId: room.nextClientId() });
    expect(isQuiet(accepted(remove))).toEqual([true]);
    const leave = (id: string) =>
      isQuiet(accepted(room.run({ kind: "leave_room", by: user(id), clientId: room.nextClientId() })));
    expect([leave("m1"), leave("m2"), leave("m3")]).toEqual([[true], [true], [false]]);
  });
});
