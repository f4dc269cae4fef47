import { describe, expect, test } from "bun:test";
import type { UserId } from "../../../../src/base/ids.ts";
import {
  INVITE_MS_DEFAULT,
  INVITE_MS_MAX,
  INVITE_USES_MAX,
  REASON_LENGTH_MAX,
  SANCTION_MS_MAX,
} from "../../../../src/base/limits.ts";
import type { Principal } from "../../../../src/domain/principal.ts";
import type { RoomCommand, RoomMutation } from "../../../../src/domain/room/commands.ts";
import type { RoomSettings } from "../../../../src/domain/room/events.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../src/domain/room/snapshot.ts";
import { banKey, codeKey, inviteKey, muteKey, requestKey } from "../../../../src/domain/room/standing-rows.ts";
import type { RoomType } from "../../../../src/domain/room/vocabulary.ts";
import { accepted, RoomDriver, rejection, type Settled, settingsOf, START_MS, user } from "./room-driver.ts";

const OLA = user("ola");
const ADA = user("ada");
const MOE = user("moe");
const MAX = user("max");
const MEG = user("meg");
const EVE = user("eve");
const ROOT = user("root", "admin");

type Without<T> = T extends unknown ? Omit<T, "clientId"> : never;

class Room {
  readonly driver = new RoomDriver();

  constructor(type: RoomType = "public", changes: Partial<RoomSettings> = {}) {
    const roles = { ola: "owner", ada: "admin", moe: "moderator", max: "member", meg: "member" } as const;
    this.driver.populate(settingsOf(type, changes), roles);
  }

  do(command: Without<RoomMutation>): Settled {
    return this.driver.run({ ...command, clientId: this.driver.nextClientId() } as RoomCommand);
  }

  refusal(command: Without<RoomMutation>): string {
    return rejection(this.do(command));
  }

  kinds(command: Without<RoomMutation>): string[] {
    return accepted(this.do(command)).map(({ kind }) => kind);
  }

  send(by: Principal): Settled {
    return this.do({ kind: "send_message", by, content: "hi", messageType: "text" });
  }

  join(by: Principal, invite?: string): Settled {
    return this.do({ kind: "join_room", by, ...(invite !== undefined && { invite }) });
  }

  /** Time goes on. */
  pass(ms: number): void {
    this.driver.now += ms;
  }

  isMember({ userId }: Principal): boolean {
    return this.driver.memberRows.has(userId);
  }
}

function retryAfter(decision: Settled): number | undefined {
  return decision.kind === "reject" ? decision.rejection.retryAfterMs : undefined;
}

describe("a ban", () => {
  test("takes the member away, tells them, and keeps them out until it ends", () => {
    const room = new Room();
    const banned = room.do({
      kind: "ban_member",
      by: MOE,
      userId: MAX.userId,
      reason: "spam",
      durationMs: 60_000,
    });
    expect(accepted(banned)).toMatchObject([
      { kind: "member_banned", userId: "max", by: "moe", until: START_MS + 60_000, reason: "spam" },
      { kind: "member_left", userId: "max", reason: "banned", role: "member" },
    ]);
    expect(banned).toMatchObject({ effects: [{ kind: "notify", userIds: ["max"], reason: "banned" }] });
    expect([room.isMember(MAX), room.driver.state.memberCount]).toEqual([false, 4]);
    room.pass(20_000);
    const refused = room.join(MAX);
    expect([rejection(refused), retryAfter(refused)]).toEqual(["banned", 40_000]);
    const reading = room.driver.run({ kind: "check_read", by: MAX });
    expect([rejection(reading), retryAfter(reading)]).toEqual(["banned", 40_000]);
    room.pass(39_999);
    expect(rejection(room.join(MAX))).toBe("banned");
    room.pass(1);
    expect(accepted(room.driver.run({ kind: "check_read", by: MAX }))).toEqual([]);
    expect(accepted(room.join(MAX))).toMatchObject([{ kind: "member_joined", userId: "max" }]);
  });

  test("without an end lasts until it is lifted, and goes with the room's snapshot", () => {
    const room = new Room();
    accepted(room.do({ kind: "ban_member", by: MOE, userId: EVE.userId }));
    room.pass(SANCTION_MS_MAX);
    room.driver.state = decodeSnapshot(encodeSnapshot(room.driver.state));
    const refused = room.join(EVE);
    expect([rejection(refused), retryAfter(refused)]).toEqual(["banned", undefined]);
    expect(room.kinds({ kind: "unban_member", by: MOE, userId: EVE.userId })).toEqual(["ban_lifted"]);
    expect(room.kinds({ kind: "unban_member", by: MOE, userId: EVE.userId })).toEqual([]);
    expect([room.driver.state.banCount, room.driver.itemRows.has(banKey(EVE.userId))]).toEqual([0, false]);
    accepted(room.join(EVE));
  });

  test("is replaced by the next one", () => {
    const room = new Room();
    accepted(room.do({ kind: "ban_member", by: MOE, userId: EVE.userId }));
    accepted(room.do({ kind: "ban_member", by: ADA, userId: EVE.userId, durationMs: 5 }));
    expect(room.driver.state.banCount).toBe(1);
    expect(room.driver.itemRows.get(banKey(EVE.userId))).toEqual({
      userId: "eve",
      by: "ada",
      at: START_MS,
      until: START_MS + 5,
    });
  });

  test("in a room that strangers do not see leaves nothing of it to see", () => {
    const room = new Room("private");
    accepted(room.do({ kind: "ban_member", by: MOE, userId: MAX.userId }));
    expect(rejection(room.join(MAX))).toBe("room_not_found");
  });

  test("does not reach people who stand as high, the last owner, oneself, or an administrator of the tenant", () => {
    const room = new Room();
    expect(room.refusal({ kind: "ban_member", by: MOE, userId: ADA.userId })).toBe("forbidden");
    expect(room.refusal({ kind: "ban_member", by: ADA, userId: OLA.userId })).toBe("forbidden");
    expect(room.refusal({ kind: "ban_member", by: MAX, userId: MEG.userId })).toBe("forbidden");
    expect(room.refusal({ kind: "ban_member", by: ROOT, userId: OLA.userId })).toBe("last_owner");
    expect(room.refusal({ kind: "ban_member", by: OLA, userId: OLA.userId })).toBe("invalid_field userId");
    accepted(room.do({ kind: "ban_member", by: MOE, userId: ROOT.userId }));
    expect(accepted(room.driver.run({ kind: "check_read", by: ROOT }))).toEqual([]);
    accepted(room.join(ROOT));
  });

  test("is in the way of whoever would bring the person in", () => {
    const room = new Room("public", { requireApproval: true });
    accepted(room.join(EVE));
    accepted(room.do({ kind: "ban_member", by: MOE, userId: EVE.userId }));
    expect(room.refusal({ kind: "answer_request", by: MOE, userId: EVE.userId, approve: true })).toBe("banned userId");
    expect(room.refusal({ kind: "add_member", by: MOE, userId: EVE.userId, role: "member" })).toBe("banned userId");
    expect(room.refusal({ kind: "create_invite", by: MOE, userId: EVE.userId })).toBe("banned userId");
    expect(room.kinds({ kind: "answer_request", by: MOE, userId: EVE.userId, approve: false })).toEqual([
      "join_request_ended",
    ]);
  });

  test("has bounds, named in what refuses them", () => {
    const room = new Room();
    const ban = (terms: { durationMs?: number; reason?: string }): Settled =>
      room.do({ kind: "ban_member", by: MOE, userId: EVE.userId, ...terms });
    for (const durationMs of [0, -1, 1.5, SANCTION_MS_MAX + 1]) {
      expect(rejection(ban({ durationMs }))).toBe("invalid_field durationMs");
    }
    expect(rejection(ban({ reason: "x".repeat(REASON_LENGTH_MAX + 1) }))).toBe("invalid_field reason");
    accepted(ban({ reason: "🚀".repeat(REASON_LENGTH_MAX), durationMs: SANCTION_MS_MAX }));
  });
});

describe("a mute", () => {
  test("keeps a member from writing and from nothing else, until it ends", () => {
    const room = new Room();
    const mine = accepted(room.send(MAX))[0];
    const messageId = "msg_6" as never;
    expect(mine?.seq).toBe(7);
    accepted(room.do({ kind: "mute_member", by: MOE, userId: MAX.userId, durationMs: 1_000 }));
    const refused = room.send(MAX);
    expect([rejection(refused), retryAfter(refused)]).toEqual(["muted", 1_000]);
    expect(room.refusal({ kind: "edit_message", by: MAX, messageId, content: "no" })).toBe("muted");
    expect(room.refusal({ kind: "react", by: MAX, messageId, emoji: "👍", add: true })).toBe("muted");
    expect(rejection(room.driver.run({ kind: "set_typing", by: MAX, isTyping: true }))).toBe("muted");
    expect(room.driver.run({ kind: "mark_read", by: MAX, seq: 3 }).kind).toBe("accept");
    expect(room.driver.run({ kind: "check_read", by: MAX }).kind).toBe("accept");
    accepted(room.send(MEG));
    room.pass(1_000);
    accepted(room.send(MAX));
  });

  test("outlives leaving and coming back", () => {
    const room = new Room();
    accepted(room.do({ kind: "mute_member", by: MOE, userId: MAX.userId }));
    accepted(room.do({ kind: "leave_room", by: MAX }));
    expect(accepted(room.join(MAX))).toMatchObject([{ kind: "member_joined", mutedUntil: null }]);
    const refused = room.send(MAX);
    expect([rejection(refused), retryAfter(refused)]).toEqual(["muted", undefined]);
    expect(room.kinds({ kind: "unmute_member", by: MOE, userId: MAX.userId })).toEqual(["mute_lifted"]);
    accepted(room.send(MAX));
    expect(room.driver.itemRows.has(muteKey(MAX.userId))).toBe(false);
  });

  test("is not lifted by the one whom it is for, nor put on people who stand as high", () => {
    const room = new Room();
    accepted(room.do({ kind: "mute_member", by: ADA, userId: MOE.userId }));
    expect(room.refusal({ kind: "unmute_member", by: MOE, userId: MOE.userId })).toBe("forbidden");
    expect(room.refusal({ kind: "mute_member", by: MOE, userId: ADA.userId })).toBe("forbidden");
    expect(room.refusal({ kind: "mute_member", by: MOE, userId: EVE.userId })).toBe("user_not_found userId");
  });
});

describe("an invite", () => {
  test("lets the one whom it is for into a room that they would not see", () => {
    const room = new Room("private", { allowInvites: true });
    expect(rejection(room.join(EVE))).toBe("room_not_found");
    const made = room.do({ kind: "create_invite", by: MAX, userId: EVE.userId });
    expect(made).toMatchObject({ effects: [{ kind: "notify", userIds: ["eve"], reason: "invite" }] });
    expect(room.driver.run({ kind: "check_invite", by: EVE }).kind).toBe("accept");
    expect(rejection(room.driver.run({ kind: "check_read", by: EVE }))).toBe("room_not_found");
    expect(accepted(room.join(EVE))).toMatchObject([{ kind: "member_joined", userId: "eve", invited: true }]);
    expect([room.driver.state.inviteCount, room.driver.itemRows.has(inviteKey(EVE.userId))]).toEqual([0, false]);
    accepted(room.do({ kind: "leave_room", by: EVE }));
    expect(rejection(room.join(EVE))).toBe("room_not_found");
  });

  test("of a code that is used up or expired says so to whoever has it, and to nobody who guesses", () => {
    const room = new Room("private");
    const codeOf = (settled: Settled): string => (accepted(settled)[0] as { code: string }).code;
    const code = codeOf(room.do({ kind: "create_invite", by: MOE, maxUses: 1 }));
    const join = (invite: string) => room.refusal({ kind: "join_room", by: EVE, invite });
    const look = (invite: string) => room.driver.run({ kind: "check_invite", by: EVE, code: invite });
    accepted(room.do({ kind: "join_room", by: user("una"), invite: code }));
    expect(join(code)).toBe("invite_ended");
    expect(look(code)).toMatchObject({ rejection: { code: "invite_ended", message: expect.stringContaining("used") } });
    const other = codeOf(room.do({ kind: "create_invite", by: MOE }));
    room.pass(INVITE_MS_DEFAULT);
    expect(look(other)).toMatchObject({ rejection: { message: "This invite has expired." } });
    for (const guess of [`${code}x`, "", "u.eve"]) expect([guess, join(guess)]).toEqual([guess, "room_not_found"]);
    accepted(room.do({ kind: "revoke_invite", by: MOE, code }));
    expect(join(code)).toBe("room_not_found");
    accepted(room.do({ kind: "ban_member", by: MOE, userId: EVE.userId }));
    expect(join(other)).toBe("room_not_found");
  });

  test("ends by itself, when it is declined, and when it is revoked", () => {
    const room = new Room("private", { allowInvites: true });
    const invite = (): Settled => room.do({ kind: "create_invite", by: MAX, userId: EVE.userId });
    accepted(invite());
    room.pass(INVITE_MS_DEFAULT);
    expect(rejection(room.join(EVE))).toBe("room_not_found");
    expect(room.driver.run({ kind: "check_invite", by: EVE })).toMatchObject({ rejection: { code: "invite_ended" } });
    accepted(invite());
    expect(room.driver.state.inviteCount).toBe(1);
    expect(room.kinds({ kind: "decline_invite", by: EVE })).toEqual(["invite_ended"]);
    expect(rejection(room.join(EVE))).toBe("room_not_found");
    expect(room.refusal({ kind: "decline_invite", by: EVE })).toBe("room_not_found");
    accepted(invite());
    expect(room.refusal({ kind: "revoke_invite", by: MEG, userId: EVE.userId })).toBe("forbidden");
    expect(room.kinds({ kind: "revoke_invite", by: MAX, userId: EVE.userId })).toEqual(["invite_ended"]);
    expect(rejection(room.join(EVE))).toBe("room_not_found");
    accepted(invite());
    expect(room.kinds({ kind: "revoke_invite", by: MOE, userId: EVE.userId })).toEqual(["invite_ended"]);
    expect(room.refusal({ kind: "revoke_invite", by: MOE, userId: EVE.userId })).toBe("invite_not_found");
    expect(room.driver.state.inviteCount).toBe(0);
  });

  test("as a code lets in whoever has it, so many times", () => {
    const room = new Room("private", { allowInvites: true });
    const [made] = accepted(room.do({ kind: "create_invite", by: MAX, maxUses: 2 }));
    const code = made?.kind === "invite_made" ? (made.code ?? "") : "";
    expect(code).not.toBe("");
    expect(rejection(room.join(EVE, "wrong"))).toBe("room_not_found");
    expect(room.driver.run({ kind: "check_invite", by: EVE, code }).kind).toBe("accept");
    for (const id of ["one", "two"]) accepted(room.join(user(id), code));
    expect(room.driver.itemRows.get(codeKey(code))).toMatchObject({ uses: 2, usesMax: 2 });
    expect(rejection(room.join(EVE, code))).toBe("invite_ended");
  });

  test("is made by those who may bring people in, and not where members may not", () => {
    const closed = new Room("private", { allowInvites: false });
    expect(closed.refusal({ kind: "create_invite", by: MAX })).toBe("forbidden");
    accepted(closed.do({ kind: "create_invite", by: MOE }));
    const asked = new Room("private", { allowInvites: true, requireApproval: true });
    expect(asked.refusal({ kind: "create_invite", by: MAX })).toBe("forbidden");
    expect(asked.refusal({ kind: "add_member", by: MAX, userId: EVE.userId, role: "member" })).toBe("forbidden");
    accepted(asked.do({ kind: "create_invite", by: MOE, userId: EVE.userId }));
    accepted(asked.join(EVE));
    expect(asked.isMember(EVE)).toBe(true);
  });

  test("has bounds, named in what refuses them", () => {
    const room = new Room("public", { allowInvites: true });
    const make = (terms: { userId?: UserId; durationMs?: number; maxUses?: number }): Settled =>
      room.do({ kind: "create_invite", by: MAX, ...terms });
    expect(rejection(make({ durationMs: INVITE_MS_MAX + 1 }))).toBe("invalid_field durationMs");
    expect(rejection(make({ maxUses: 0 }))).toBe("invalid_field maxUses");
    expect(rejection(make({ maxUses: INVITE_USES_MAX + 1 }))).toBe("invalid_field maxUses");
    expect(rejection(make({ userId: EVE.userId, maxUses: 2 }))).toBe("invalid_field maxUses");
    expect(accepted(make({ userId: MEG.userId }))).toEqual([]);
    accepted(make({ durationMs: INVITE_MS_MAX, maxUses: INVITE_USES_MAX }));
  });
});

describe("a request to join", () => {
  test("is made by joining where moderators decide, once, and they are told", () => {
    const room = new Room("public", { requireApproval: true });
    const asked = room.do({ kind: "join_room", by: EVE, message: "please" });
    expect(accepted(asked)).toMatchObject([{ kind: "join_requested", by: "eve", message: "please" }]);
    expect(asked).toMatchObject({ effects: [{ reason: "join_request", userIds: ["ola", "ada", "moe"] }] });
    expect(accepted(room.join(EVE))).toEqual([]);
    expect([room.isMember(EVE), room.driver.state.requestCount]).toEqual([false, 1]);
    expect(rejection(room.send(EVE))).toBe("forbidden");
  });

  test("is approved with their name, or denied; they are told, and may ask again", () => {
    const room = new Room("public", { requireApproval: true });
    accepted(room.join(EVE));
    expect(room.refusal({ kind: "answer_request", by: MAX, userId: EVE.userId, approve: true })).toBe("forbidden");
    const denied = room.do({ kind: "answer_request", by: MOE, userId: EVE.userId, approve: false });
    expect(denied).toMatchObject({ effects: [{ reason: "request_denied", userIds: ["eve"] }] });
    expect(room.refusal({ kind: "answer_request", by: MOE, userId: EVE.userId, approve: true })).toBe(
      "request_not_found",
    );
    accepted(room.join(EVE));
    const approved = room.do({ kind: "answer_request", by: MOE, userId: EVE.userId, approve: true });
    expect(accepted(approved)).toMatchObject([
      { kind: "member_joined", userId: "eve", by: "moe", name: "Name of eve", requested: true },
    ]);
    expect(approved).toMatchObject({ effects: [{ reason: "request_approved", userIds: ["eve"] }] });
    expect([room.driver.state.requestCount, room.driver.itemRows.has(requestKey(EVE.userId))]).toEqual([0, false]);
  });

  test("is taken back by leaving, and settled by whatever lets the person in", () => {
    const room = new Room("public", { requireApproval: true });
    accepted(room.join(EVE));
    expect(room.kinds({ kind: "leave_room", by: EVE })).toEqual(["join_request_ended"]);
    expect(room.kinds({ kind: "leave_room", by: EVE })).toEqual([]);
    accepted(room.join(EVE));
    accepted(room.do({ kind: "add_member", by: MOE, userId: EVE.userId, role: "member" }));
    expect([room.isMember(EVE), room.driver.state.requestCount]).toEqual([true, 0]);
  });

  test("is not needed by administrators of the tenant, and not granted beyond the room's size", () => {
    const room = new Room("public", { requireApproval: true, maxMembers: 6 });
    accepted(room.join(EVE));
    accepted(room.join(ROOT));
    expect(room.isMember(ROOT)).toBe(true);
    expect(room.refusal({ kind: "answer_request", by: MOE, userId: EVE.userId, approve: true })).toBe("room_full");
  });
});
