import { describe, expect, test } from "bun:test";
import { messageIdOf, type MessageId, type UserId } from "../../../../src/base/ids.ts";
import type { Principal } from "../../../../src/domain/principal.ts";
import type { RoomCommand } from "../../../../src/domain/room/commands.ts";
import type { Action } from "../../../../src/domain/room/permissions.ts";
import type { Role, RoomType } from "../../../../src/domain/room/vocabulary.ts";
import { RoomDriver, settingsOf, user } from "./room-driver.ts";

/**
 * The rules in words of one letter each, written down a second time on purpose: who may, per room type.
 * o owner, a admin, m moderator, e plain member, s stranger of the tenant, T tenant admin who is a stranger, A tenant admin
 * who is a plain member. Two more follow from these: b a stranger who is banned, u a plain member who is muted.
 */
const TYPES = ["public", "private", "direct", "group", "announcement", "support", "broadcast"] as const;
const WHO_MAY: Readonly<Record<Action, readonly [string, string, string, string, string, string, string]>> = {
  //             public     private   direct  group    announcement support  broadcast
  read: /*    */ ["oamesTA", "oameTA", "oameA", "oameTA", "oameTA", "oameTA", "oamesTA"],
  join: /*    */ ["sT", "T", "", "T", "T", "T", "sT"],
  leave: /*   */ ["oameA", "oameA", "", "oameA", "oameA", "oameA", "oameA"],
  mark: /*    */ ["oameA", "oameA", "oameA", "oameA", "oameA", "oameA", "oameA"],
  write: /*   */ ["oameA", "oameA", "oameA", "oameA", "oamA", "oameA", "oaA"],
  react: /*   */ ["oameA", "oameA", "oameA", "oameA", "oameA", "oameA", "oameA"],
  edit_own: /**/ ["oameA", "oameA", "oameA", "oameA", "oamA", "oameA", "oaA"],
  edit_any: /**/ ["", "", "", "", "", "", ""],
  delete_own: /**/ ["oameTA", "oameTA", "oameA", "oameTA", "oamTA", "oameTA", "oaTA"],
  delete_any: /**/ ["oamTA", "oamTA", "", "oaTA", "oamTA", "TA", "oaTA"],
  update_room: /**/ ["oaTA", "oaTA", "", "oaTA", "oaTA", "oaTA", "oaTA"],
  invite: /*  */ ["oameTA", "oameTA", "", "oameTA", "oamTA", "oamTA", "oaTA"],
  add_member: /**/ ["oamTA", "oamTA", "", "oaTA", "oamTA", "oamTA", "oaTA"],
  remove_member: /**/ ["oamTA", "oamTA", "", "oaTA", "oamTA", "oamTA", "oaTA"],
  set_role: /**/ ["oaTA", "oaTA", "", "oTA", "oaTA", "oaTA", "oTA"],
  pin: ["oamTA", "oamTA", "oameA", "oameTA", "oamTA", "oamTA", "oaTA"],
  ban: ["oamTA", "oamTA", "", "oaTA", "oamTA", "oamTA", "oaTA"],
  mute: ["oamTA", "oamTA", "", "oaTA", "oamTA", "oamTA", "oaTA"],
  approve: ["oamTA", "oamTA", "", "oaTA", "oamTA", "oamTA", "oaTA"],
  transfer: ["oTA", "oTA", "", "oTA", "oTA", "oTA", "oTA"],
  archive: ["oaTA", "oaTA", "", "oTA", "oaTA", "oamTA", "oTA"],
  delete_room: ["oTA", "oTA", "", "oTA", "oTA", "TA", "oTA"],
  mention_room: ["oamA", "oamA", "", "oameA", "oamA", "oamA", "oaA"],
  poll: ["oameA", "oameA", "oameA", "oameA", "oamA", "oameA", "oaA"],
  anonymous: ["oameA", "oameA", "", "oameA", "", "", ""],
  see_deleted: ["oaTA", "oaTA", "", "oaTA", "oaTA", "TA", "oaTA"],
  moderate: ["oamTA", "oamTA", "", "oaTA", "oamTA", "oamTA", "oaTA"],
  report: ["oamesTA", "oameTA", "oameA", "oameTA", "oameTA", "oameTA", "oamesTA"],
  moderate_settings: ["oaTA", "oaTA", "", "oaTA", "oaTA", "oaTA", "oaTA"],
};

const PEOPLE: Readonly<Record<string, { readonly principal: Principal; readonly role: Role | undefined }>> = {
  o: { principal: user("asker"), role: "owner" },
  a: { principal: user("asker"), role: "admin" },
  m: { principal: user("asker"), role: "moderator" },
  e: { principal: user("asker"), role: "member" },
  s: { principal: user("asker"), role: undefined },
  T: { principal: user("asker", "admin"), role: undefined },
  A: { principal: user("asker", "admin"), role: "member" },
  b: { principal: user("asker"), role: undefined },
  u: { principal: user("asker"), role: "member" },
};

/** What a muted person does not do. */
const SPEECH: ReadonlySet<Action> = new Set([
  "write",
  "react",
  "edit_own",
  "edit_any",
  "mention_room",
  "poll",
  "anonymous",
]);
/** What a banned person does not do where strangers may. */
const PRESENCE: ReadonlySet<Action> = new Set(["read", "join"]);
/** What leaves no event. */
const SILENT: ReadonlySet<Action> = new Set(["read", "mark", "see_deleted", "moderate"]);

/** Room with two owners, a plain member, somebody who asks to join, a message of the member's and one of the asker's. */
function roomFor(type: RoomType, role: Role | undefined, allowInvites: boolean, letter = "") {
  const driver = new RoomDriver();
  driver.populate(settingsOf(type, { allowInvites, allowAnonymous: true, maxMembers: 40 }), {
    founder: "owner",
    other: "member",
    ...(role !== undefined && { asker: role }),
  });
  const place = () => ({ seq: driver.state.head + 1, timestamp: driver.now, by: "founder" as UserId });
  driver.write({ kind: "join_requested", ...place(), by: "asking" as UserId });
  if (letter === "b") driver.write({ kind: "member_banned", ...place(), userId: "asker" as UserId });
  if (letter === "u") driver.write({ kind: "member_muted", ...place(), userId: "asker" as UserId });
  const messageOf = (by: string): MessageId => {
    const seq = driver.state.head + 1;
    const messageNo = driver.state.messageCount + 1;
    const event = { kind: "message_sent", messageType: "text", content: "hi", timestamp: driver.now } as const;
    driver.write({ ...event, seq, messageNo, by: by as UserId });
    return messageIdOf(seq);
  };
  return { driver, othersMessage: messageOf("other"), ownMessage: messageOf("asker") };
}

type Room = ReturnType<typeof roomFor>;

function commandFor(action: Action, by: Principal, { driver, othersMessage, ownMessage }: Room): RoomCommand {
  const base = { by, clientId: driver.nextClientId() };
  const other = "other" as UserId;
  const stranger = "stranger" as UserId;
  switch (action) {
    case "read":
      return { kind: "check_read", by };
    case "join":
      return { kind: "join_room", ...base };
    case "leave":
      return { kind: "leave_room", ...base };
    case "mark":
      return { kind: "mark_read", by, seq: 1 };
    case "write":
      return { kind: "send_message", ...base, content: "hello", messageType: "text" };
    case "react":
      return { kind: "react", ...base, messageId: othersMessage, emoji: "👍", add: true };
    case "edit_own":
      return { kind: "edit_message", ...base, messageId: ownMessage, content: "better" };
    case "edit_any":
      return { kind: "edit_message", ...base, messageId: othersMessage, content: "worse" };
    case "delete_own":
      return { kind: "delete_message", ...base, messageId: ownMessage };
    case "delete_any":
      return { kind: "delete_message", ...base, messageId: othersMessage };
    case "update_room":
      return { kind: "update_room", ...base, changes: { name: "another name" } };
    case "invite":
    case "add_member":
      return { kind: "add_member", ...base, userId: stranger, role: "member" };
    case "remove_member":
      return { kind: "remove_member", ...base, userId: other };
    case "set_role":
      return { kind: "set_role", ...base, userId: other, role: "moderator" };
    case "moderate":
      return { kind: "check_moderate", by, action: "moderate" };
    case "moderate_settings":
      return { kind: "set_moderation", ...base, rules: [{ id: "r", action: "flag", words: ["w"] }] };
    case "report":
      return { kind: "report", ...base, userId: other, reason: "rude" };
    case "pin":
      return { kind: "pin_message", ...base, messageId: othersMessage };
    case "ban":
      return { kind: "ban_member", ...base, userId: other };
    case "mute":
      return { kind: "mute_member", ...base, userId: other };
    case "approve":
      return { kind: "answer_request", ...base, userId: "asking" as UserId, approve: true };
    case "transfer":
      return { kind: "transfer_room", ...base, userId: other };
    case "archive":
      return { kind: "archive_room", ...base, archived: true };
    case "delete_room":
      return { kind: "delete_room", ...base };
    case "mention_room":
      return { kind: "send_message", ...base, content: "all", messageType: "text", mentionRoom: true };
    case "poll": {
      const poll = { question: "Well?", options: [{ text: "yes" }, { text: "no" }] };
      return { kind: "send_message", ...base, content: "", messageType: "poll", poll };
    }
    case "anonymous":
      return { kind: "send_message", ...base, content: "who", messageType: "text", anonymous: true };
    case "see_deleted":
      return { kind: "check_read", by, deleted: true };
  }
}

describe("the permission table", () => {
  for (const [column, type] of TYPES.entries()) {
    test(`is what decide does in a ${type} room, for everyone and every action`, () => {
      for (const [action, cells] of Object.entries(WHO_MAY) as [Action, readonly string[]][]) {
        for (const [letter, { principal, role }] of Object.entries(PEOPLE)) {
          // Who is in the room already joins without effect; a stranger who leaves changes nothing.
          if (action === "join" && role !== undefined) continue;
          const like = letter === "b" ? "s" : letter === "u" ? "e" : letter;
          const maySee = (WHO_MAY.read[column] ?? "").includes(like);
          const isMoot = action === "leave" && role === undefined && maySee;
          const room = roomFor(type, role, action === "invite", letter);
          const headBefore = room.driver.state.head;
          const decision = room.driver.run(commandFor(action, principal, room));
          const answer = decision.kind === "reject" ? decision.rejection.code : decision.kind;
          const isAllowed = (cells[column] ?? "").includes(like);
          let expected = isAllowed || isMoot ? "accept" : maySee ? "forbidden" : "room_not_found";
          if (letter === "b" && maySee && PRESENCE.has(action)) expected = "banned";
          // Who may not see the room's deleted messages may not read it either.
          if (letter === "b" && maySee && action === "see_deleted") expected = "banned";
          if (letter === "u" && SPEECH.has(action)) expected = "muted";
          expect(`${action} ${letter}: ${answer}`).toBe(`${action} ${letter}: ${expected}`);
          const writes = expected === "accept" && !isMoot && !SILENT.has(action);
          expect(room.driver.state.head > headBefore).toBe(writes);
        }
      }
    });

    test(`does not bind the engine itself in a ${type} room`, () => {
      for (const action of Object.keys(WHO_MAY) as Action[]) {
        // It is no member that could leave; and this direct room has more seats than settings may say, for those who join.
        if (action === "leave" || (action === "update_room" && type === "direct")) continue;
        const room = roomFor(type, undefined, false);
        const decision = room.driver.run(commandFor(action, user("asker", "system"), room));
        expect(`${action} ${decision.kind}`).toBe(`${action} accept`);
      }
    });
  }

  test("refusals say which role is needed", () => {
    const messageOf = (type: RoomType, action: Action, letter: string): string | undefined => {
      const person = PEOPLE[letter];
      if (person === undefined) throw new Error(`nobody is called ${letter}`);
      const room = roomFor(type, person.role, false);
      const decision = room.driver.run(commandFor(action, person.principal, room));
      return decision.kind === "reject" ? decision.rejection.message : undefined;
    };
    expect(messageOf("announcement", "write", "e")).toBe("To write here one needs the role moderator or a higher one.");
    expect(messageOf("public", "write", "s")).toBe("Only members may write here; join first.");
    expect(messageOf("broadcast", "write", "s")).toBe("To write here one must be a member with the role admin.");
    expect(messageOf("support", "delete_any", "o")).toBe(
      "Only an administrator of the tenant may delete another person's message.",
    );
    expect(messageOf("direct", "leave", "o")).toBe("Nobody may leave this room (room type direct).");
  });
});
