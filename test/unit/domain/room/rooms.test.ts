import { describe, expect, test } from "bun:test";
import { itemKey, type UserId } from "../../../../src/base/ids.ts";
import { GROUP_MEMBERS_MAX, PARTICIPANTS_MAX, ROOM_NAME_LENGTH_MAX } from "../../../../src/base/limits.ts";
import type { Principal } from "../../../../src/domain/principal.ts";
import { emptyRoomState } from "../../../../src/domain/room/empty-state.ts";
import type { RoomSettings } from "../../../../src/domain/room/events.ts";
import { itemChange, lastChanges, type RowChange } from "../../../../src/domain/room/rows.ts";
import type { Role } from "../../../../src/domain/room/vocabulary.ts";
import { accepted, RoomDriver, rejection, type Settled, settingsOf, START_MS, user } from "./room-driver.ts";

const ANN = user("ann");
const BOB = user("bob");
const ROOT = user("root", "admin");

function create(
  room: RoomDriver,
  by: Principal,
  settings: RoomSettings,
  participants: readonly string[] = [],
): Settled {
  const clientId = room.nextClientId();
  return room.run({ kind: "create_room", by, clientId, settings, participants: participants as UserId[] });
}

function publicRoom(roles: Readonly<Record<string, Role>> = { ann: "owner", bob: "member" }, changes = {}): RoomDriver {
  const room = new RoomDriver();
  room.populate(settingsOf("public", changes), roles);
  return room;
}

describe("making a room", () => {
  test("writes the room, its owner and those who were named, each once", () => {
    const room = new RoomDriver();
    const decision = create(room, ANN, settingsOf("private"), ["bob", "ann", "bob", "cleo"]);
    expect(accepted(decision).map((event) => event.kind)).toEqual([
      "room_created",
      "member_joined",
      "member_joined",
      "member_joined",
    ]);
    expect(decision).toMatchObject({ effects: [{ kind: "notify", userIds: ["bob", "cleo"], reason: "invite" }] });
    expect(room.memberRows.get(ANN.userId)).toEqual({
      userId: ANN.userId,
      role: "owner",
      joinedSeq: 2,
      joinedAt: START_MS,
      joinedNo: 0,
      name: "Name of ann",
    });
    expect(room.memberRows.get(BOB.userId)?.role).toBe("member");
    expect(room.card).toEqual({
      settings: settingsOf("private"),
      createdBy: ANN.userId,
      createdAt: START_MS,
      memberCount: 3,
    });
    expect([room.state.memberCount, room.state.ownerCount]).toEqual([3, 1]);
  });

  test("by the engine itself makes nobody its owner; administrators of the tenant look after the room", () => {
    const room = new RoomDriver();
    const engine = user("system", "system");
    expect(accepted(create(room, engine, settingsOf("public"))).map((event) => event.kind)).toEqual(["room_created"]);
    expect([room.state.memberCount, room.state.ownerCount, room.memberRows.size]).toEqual([0, 0, 0]);
    expect(room.card).toMatchObject({ createdBy: "system", memberCount: 0 });
    accepted(room.run({ kind: "join_room", by: BOB, clientId: room.nextClientId() }));
    expect(room.state.memberCount).toBe(1);
    const promote = (by: Principal): Settled =>
      room.run({ kind: "set_role", by, clientId: room.nextClientId(), userId: BOB.userId, role: "owner" });
    expect(rejection(promote(BOB))).toBe("forbidden");
    accepted(promote(ROOT));
    expect([room.state.ownerCount, room.memberRows.get(BOB.userId)?.role]).toEqual([1, "owner"]);
    expect(rejection(room.run({ kind: "leave_room", by: BOB, clientId: room.nextClientId() }))).toBe("last_owner");
  });

  test("by the engine itself makes exactly those members who are named", () => {
    const room = new RoomDriver();
    const engine = user("system", "system");
    expect(create(room, engine, settingsOf("direct"), ["ann"])).toMatchObject({ rejection: { field: "participants" } });
    accepted(create(room, engine, settingsOf("direct"), ["ann", "bob"]));
    expect([...room.memberRows.keys()].sort()).toEqual([ANN.userId, BOB.userId]);
    expect([room.state.memberCount, room.state.ownerCount]).toEqual([2, 2]);
  });

  test("is done once, except by the two of a direct room", () => {
    const room = new RoomDriver();
    accepted(create(room, ANN, settingsOf("public")));
    expect(rejection(create(room, ANN, settingsOf("public")))).toBe("room_exists");
    const direct = new RoomDriver();
    accepted(create(direct, ANN, settingsOf("direct"), ["bob"]));
    expect(direct.state.ownerCount).toBe(2);
    expect(accepted(create(direct, BOB, settingsOf("direct"), ["ann"]))).toEqual([]);
    expect(rejection(create(direct, user("eve"), settingsOf("direct"), ["ann"]))).toBe("room_exists");
  });

  test("checks how many people belong in a room of its type", () => {
    const make = (settings: RoomSettings, others: number): Settled =>
      create(
        new RoomDriver(),
        ANN,
        settings,
        Array.from({ length: others }, (_, i) => `u${i}`),
      );
    expect(rejection(make(settingsOf("direct"), 0))).toBe("invalid_field participants");
    expect(rejection(make(settingsOf("direct"), 2))).toBe("invalid_field participants");
    expect(accepted(make(settingsOf("group"), GROUP_MEMBERS_MAX - 1))).toHaveLength(GROUP_MEMBERS_MAX + 1);
    expect(rejection(make(settingsOf("group"), GROUP_MEMBERS_MAX))).toBe("room_full participants");
    expect(rejection(make(settingsOf("group", { maxMembers: GROUP_MEMBERS_MAX + 1 }), 1))).toBe(
      "invalid_field maxMembers",
    );
    expect(rejection(make(settingsOf("group", { maxMembers: 1 }), 0))).toBe("invalid_field maxMembers");
    expect(rejection(make(settingsOf("public", { maxMembers: 2.5 }), 0))).toBe("invalid_field maxMembers");
    expect(rejection(make(settingsOf("public", { maxMembers: 1_000 }), PARTICIPANTS_MAX + 1))).toBe(
      "invalid_field participants",
    );
    expect(accepted(make(settingsOf("public", { maxMembers: 1_000 }), PARTICIPANTS_MAX))).toHaveLength(
      PARTICIPANTS_MAX + 2,
    );
  });

  test("bounds its texts", () => {
    const name = "x".repeat(ROOM_NAME_LENGTH_MAX);
    expect(accepted(create(new RoomDriver(), ANN, settingsOf("public", { name })))).toHaveLength(2);
    expect(rejection(create(new RoomDriver(), ANN, settingsOf("public", { name: `${name}x` })))).toBe(
      "invalid_field name",
    );
    expect(rejection(create(new RoomDriver(), ANN, settingsOf("public", { tags: ["\ud800"] })))).toBe(
      "invalid_field tags",
    );
  });

  test("comes first: nothing else is possible in a room that does not exist", () => {
    const room = new RoomDriver();
    expect(rejection(room.run({ kind: "join_room", by: ANN, clientId: "j" }))).toBe("room_not_found");
    expect(rejection(room.run({ kind: "check_read", by: user("engine", "system") }))).toBe("room_not_found");
  });
});

describe("changing a room", () => {
  test("writes all settings, or nothing when they are so already", () => {
    const room = publicRoom();
    const update = (changes: Partial<RoomSettings>): Settled =>
      room.run({ kind: "update_room", by: ANN, clientId: room.nextClientId(), changes });
    expect(accepted(update({ name: "a public room" }))).toEqual([]);
    expect(accepted(update({ tags: ["x"] }))).toMatchObject([{ settings: { ...settingsOf("public"), tags: ["x"] } }]);
    expect(accepted(update({ tags: ["x"] }))).toEqual([]);
    expect(room.card?.settings.tags).toEqual(["x"]);
    expect(rejection(update({ maxMembers: 1 }))).toBe("invalid_field maxMembers");
    expect(accepted(update({ maxMembers: 2 }))).toHaveLength(1);
    accepted(update({ ["type" as never]: "broadcast" }));
    expect(room.state.settings?.type).toBe("public");
  });
});

describe("membership", () => {
  test("joining twice writes once", () => {
    const room = publicRoom();
    const join = () => accepted(room.run({ kind: "join_room", by: user("cleo"), clientId: room.nextClientId() }));
    expect(join()).toMatchObject([{ kind: "member_joined", userId: "cleo", role: "member", name: "Name of cleo" }]);
    expect(join()).toEqual([]);
  });

  test("notes how many messages there were, so that they do not count as unread", () => {
    const room = publicRoom();
    for (const clientId of ["1", "2"]) {
      accepted(room.run({ kind: "send_message", by: ANN, clientId, content: "x", messageType: "text" }));
    }
    accepted(room.run({ kind: "join_room", by: user("cleo"), clientId: "3" }));
    expect(room.memberRows.get("cleo" as UserId)).toMatchObject({ joinedNo: 2, joinedSeq: 6 });
  });

  test("ends at the room's bound, for joining and for being added", () => {
    const room = publicRoom({ ann: "owner", bob: "member" }, { maxMembers: 3 });
    accepted(room.run({ kind: "join_room", by: user("cleo"), clientId: "1" }));
    expect(rejection(room.run({ kind: "join_room", by: user("dora"), clientId: "2" }))).toBe("room_full");
    const add = { kind: "add_member", by: ANN, userId: "dora" as UserId, role: "member" } as const;
    expect(rejection(room.run({ ...add, clientId: "3" }))).toBe("room_full");
    expect(accepted(room.run({ ...add, userId: BOB.userId, clientId: "4" }))).toEqual([]);
  });

  test("says what role was left, and forgets the row", () => {
    const room = publicRoom();
    expect(accepted(room.run({ kind: "leave_room", by: BOB, clientId: "1" }))).toMatchObject([
      { kind: "member_left", userId: "bob", role: "member", reason: "left" },
    ]);
    expect(room.memberRows.has(BOB.userId)).toBe(false);
    expect(
      rejection(room.run({ kind: "send_message", by: BOB, clientId: "2", content: "x", messageType: "text" })),
    ).toBe("forbidden");
  });

  test("keeps the last owner, who can neither leave nor be removed nor step down", () => {
    const room = publicRoom();
    const owner = { userId: ANN.userId };
    expect(rejection(room.run({ kind: "leave_room", by: ANN, clientId: "1" }))).toBe("last_owner");
    expect(rejection(room.run({ kind: "remove_member", by: ROOT, clientId: "2", ...owner }))).toBe("last_owner");
    expect(rejection(room.run({ kind: "set_role", by: ANN, clientId: "3", ...owner, role: "admin" }))).toBe(
      "last_owner",
    );
    accepted(room.run({ kind: "set_role", by: ANN, clientId: "4", userId: BOB.userId, role: "owner" }));
    expect(room.state.ownerCount).toBe(2);
    expect(accepted(room.run({ kind: "set_role", by: ANN, clientId: "5", ...owner, role: "admin" }))).toMatchObject([
      { kind: "member_changed", role: "admin", previousRole: "owner" },
    ]);
    expect(room.state.ownerCount).toBe(1);
    expect(accepted(room.run({ kind: "leave_room", by: ANN, clientId: "6" }))).toHaveLength(1);
  });

  test("nobody below an owner rules over equals or gives roles as high as their own", () => {
    const room = publicRoom({ ann: "owner", max: "admin", mia: "admin", mo: "moderator", bob: "member" });
    const set = (by: string, userId: string, role: Role): Settled =>
      room.run({ kind: "set_role", by: user(by), clientId: room.nextClientId(), userId: userId as UserId, role });
    const remove = (by: string, userId: string): Settled =>
      room.run({ kind: "remove_member", by: user(by), clientId: room.nextClientId(), userId: userId as UserId });
    expect(rejection(set("max", "mia", "member"))).toBe("forbidden");
    expect(rejection(set("max", "ann", "member"))).toBe("forbidden");
    expect(rejection(set("max", "bob", "admin"))).toBe("forbidden role");
    expect(rejection(set("max", "max", "owner"))).toBe("forbidden");
    expect(accepted(set("max", "bob", "moderator"))).toHaveLength(1);
    expect(accepted(set("max", "max", "member"))).toHaveLength(1);
    expect(rejection(remove("mo", "bob"))).toBe("forbidden");
    expect(rejection(remove("mo", "mia"))).toBe("forbidden");
    expect(accepted(remove("mo", "max"))).toMatchObject([{ reason: "removed", role: "member" }]);
    expect(rejection(remove("mo", "nobody"))).toBe("user_not_found userId");
    expect(accepted(remove("mo", "mo"))).toMatchObject([{ reason: "left" }]);
    const add = { kind: "add_member", by: user("mia"), userId: "new" as UserId } as const;
    expect(rejection(room.run({ ...add, clientId: "a1", role: "admin" }))).toBe("forbidden role");
    expect(room.run({ ...add, clientId: "a2", role: "moderator" })).toMatchObject({
      effects: [{ kind: "notify", userIds: ["new"], reason: "invite" }],
    });
  });
});

describe("marks, typing and reading", () => {
  test("marks go to the highest message named, never past the head", () => {
    const room = publicRoom();
    const mark = (more: object): Settled => room.run({ kind: "mark_read", by: BOB, ...more });
    expect(mark({ seq: 2 })).toMatchObject({ events: [], effects: [{ kind: "mark_read", userId: "bob", seq: 2 }] });
    expect(mark({ seq: 99 })).toMatchObject({ effects: [{ seq: 3 }] });
    expect(mark({ messageIds: ["msg_1", "msg_2"] })).toMatchObject({ effects: [{ seq: 2 }] });
    expect(rejection(mark({ messageIds: ["msg_1", "what"] }))).toBe("invalid_field messageIds");
    expect(rejection(mark({ seq: -1 }))).toBe("invalid_field seq");
    expect(rejection(mark({}))).toBe("missing_field seq");
    expect(rejection(mark({ messageIds: [] }))).toBe("missing_field seq");
    expect(room.run({ kind: "confirm_delivered", by: BOB, seq: 50 })).toMatchObject({
      effects: [{ kind: "mark_delivered", seq: 3 }],
    });
  });

  test("typing is an effect and no event", () => {
    const room = publicRoom();
    expect(room.run({ kind: "set_typing", by: BOB, isTyping: true })).toEqual({
      kind: "accept",
      events: [],
      effects: [{ kind: "typing", userId: BOB.userId, name: "Name of bob", isTyping: true }],
    });
  });
});

describe("rows of one batch", () => {
  test("keep the last change per key", () => {
    const member = (id: string, row: null = null): RowChange => ({ kind: "member", userId: id as UserId, row });
    const message = (seq: number, content: string): RowChange => ({ kind: "message", seq, overlay: { content } });
    const changes = [member("a"), message(1, "x"), member("b"), message(1, "y"), member("a")];
    expect(lastChanges(changes)).toEqual([member("b"), message(1, "y"), member("a")]);
    expect(lastChanges([member("a")])).toEqual([member("a")]);
    const item = (collection: string, id: string, no: number): RowChange => {
      return { kind: "item", collection, id, value: { no } };
    };
    const items = [item("a", "b", 1), item("a", "c", 2), item("b", "b", 3), item("a", "b", 4)];
    expect(lastChanges(items)).toEqual([item("a", "c", 2), item("b", "b", 3), item("a", "b", 4)]);
  });

  test("have the item as the state has it, and none that the state does not know", () => {
    const state = emptyRoomState();
    state.items.set(itemKey("pins", "a/b"), { no: 1 }, 1);
    state.items.set(itemKey("pins", "c"), null, 1);
    expect(itemChange(state, itemKey("pins", "a/b"))).toEqual({
      kind: "item",
      collection: "pins",
      id: "a/b",
      value: { no: 1 },
    });
    expect(itemChange(state, itemKey("pins", "c"))).toMatchObject({ value: null });
    expect(() => itemChange(state, itemKey("pins", "d"))).toThrow();
  });
});
