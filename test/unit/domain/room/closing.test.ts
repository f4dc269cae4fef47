import { describe, expect, test } from "bun:test";
import type { UserId } from "../../../../src/base/ids.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../src/domain/room/snapshot.ts";
import type { RoomType } from "../../../../src/domain/room/vocabulary.ts";
import { accepted, RoomDriver, rejection, settingsOf, user } from "./room-driver.ts";

const OLA = user("ola");
const MAX = user("max");
const EVE = user("eve");
const ROOT = user("root", "admin");

function roomOf(type: RoomType = "public"): RoomDriver {
  const room = new RoomDriver();
  room.populate(settingsOf(type), { ola: "owner", ada: "admin", max: "member" });
  return room;
}

function base(room: RoomDriver, by = OLA) {
  return { by, clientId: room.nextClientId() };
}

describe("giving a room away", () => {
  test("makes the member its owner and the former one an admin, in one step without a moment without an owner", () => {
    const room = roomOf();
    const events = accepted(room.run({ kind: "transfer_room", ...base(room), userId: MAX.userId }));
    expect(events).toMatchObject([
      { kind: "member_changed", userId: "max", role: "owner", previousRole: "member" },
      { kind: "member_changed", userId: "ola", role: "admin", previousRole: "owner" },
    ]);
    expect(room.state.ownerCount).toBe(1);
    expect(rejection(room.run({ kind: "leave_room", ...base(room, MAX) }))).toBe("last_owner");
    accepted(room.run({ kind: "leave_room", ...base(room) }));
  });

  test("is for owners, to members; administrators of the tenant may name another owner", () => {
    const room = roomOf();
    const give = (by: typeof OLA, to: string) =>
      room.run({ kind: "transfer_room", ...base(room, by), userId: to as UserId });
    expect(rejection(give(user("ada"), "max"))).toBe("forbidden");
    expect(rejection(give(OLA, "eve"))).toBe("user_not_found userId");
    expect(rejection(give(OLA, "ola"))).toBe("invalid_field userId");
    expect(accepted(give(ROOT, "max"))).toHaveLength(1);
    expect(room.state.ownerCount).toBe(2);
  });
});

describe("an archived room", () => {
  test("is read and left, not written to, changed or joined, until it is opened again", () => {
    const room = roomOf();
    const archive = (archived: boolean) => room.run({ kind: "archive_room", ...base(room), archived });
    expect(accepted(archive(true))).toMatchObject([{ kind: "room_updated", settings: { isArchived: true } }]);
    expect(accepted(archive(true))).toEqual([]);
    expect(room.card?.settings.isArchived).toBe(true);
    const send = { kind: "send_message", content: "hi", messageType: "text" } as const;
    expect(rejection(room.run({ ...send, ...base(room) }))).toBe("room_archived");
    expect(rejection(room.run({ kind: "update_room", ...base(room), changes: { name: "new" } }))).toBe("room_archived");
    expect(rejection(room.run({ kind: "join_room", ...base(room, EVE) }))).toBe("room_archived");
    expect(rejection(room.run({ kind: "set_typing", by: MAX, isTyping: true }))).toBe("room_archived");
    expect(rejection(room.run({ kind: "add_member", ...base(room), userId: EVE.userId, role: "member" }))).toBe(
      "room_archived",
    );
    expect(accepted(room.run({ kind: "join_room", ...base(room, MAX) }))).toEqual([]);
    expect(room.run({ kind: "check_read", by: EVE }).kind).toBe("accept");
    expect(room.run({ kind: "mark_read", by: MAX, seq: 1 }).kind).toBe("accept");
    accepted(room.run({ kind: "leave_room", ...base(room, MAX) }));
    expect(accepted(archive(false))[0]).toMatchObject({ kind: "room_updated", settings: settingsOf("public") });
    accepted(room.run({ ...send, ...base(room) }));
    accepted(room.run({ kind: "join_room", ...base(room, EVE) }));
  });

  test("does not show itself to people who may not see it", () => {
    const room = roomOf("private");
    accepted(room.run({ kind: "archive_room", ...base(room), archived: true }));
    const send = { kind: "send_message", content: "hi", messageType: "text" } as const;
    expect(rejection(room.run({ ...send, ...base(room, EVE) }))).toBe("room_not_found");
    expect(rejection(room.run({ kind: "join_room", ...base(room, EVE) }))).toBe("room_not_found");
  });

  test("is not opened or closed by changing settings", () => {
    const room = roomOf();
    const changes = { isArchived: true, name: "other" } as object;
    expect(accepted(room.run({ kind: "update_room", ...base(room), changes }))).toMatchObject([
      { settings: { name: "other" } },
    ]);
    expect(room.state.settings?.isArchived).toBeUndefined();
  });
});

describe("a deleted room", () => {
  test("is none for everybody, also after a restart, and its name is not given again", () => {
    const room = roomOf();
    expect(rejection(room.run({ kind: "delete_room", ...base(room, user("ada")) }))).toBe("forbidden");
    const deletion = { kind: "delete_room", ...base(room) } as const;
    expect(accepted(room.run(deletion))).toMatchObject([{ kind: "room_deleted", by: "ola" }]);
    expect(room.card?.deletedAt).toBe(room.now);
    for (const restart of [false, true]) {
      if (restart) room.state = decodeSnapshot(encodeSnapshot(room.state));
      expect(room.run(deletion).kind).toBe("duplicate");
      for (const by of [OLA, MAX, EVE, ROOT]) {
        expect(rejection(room.run({ kind: "check_read", by }))).toBe("room_not_found");
        expect(rejection(room.run({ kind: "join_room", ...base(room, by) }))).toBe("room_not_found");
        expect(rejection(room.run({ kind: "delete_room", ...base(room, by) }))).toBe("room_not_found");
      }
      const again = { kind: "create_room", ...base(room), settings: settingsOf("public"), participants: [] } as const;
      expect(rejection(room.run(again))).toBe("room_exists");
    }
  });

  test("of support stays as a record, but for administrators of the tenant", () => {
    const room = roomOf("support");
    expect(rejection(room.run({ kind: "delete_room", ...base(room) }))).toBe("forbidden");
    accepted(room.run({ kind: "delete_room", ...base(room, ROOT) }));
  });
});
