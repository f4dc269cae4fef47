/** Anonymous messages: one name per room and person, which tells nothing of the person. */
import { beforeEach, describe, expect, test } from "bun:test";
import { messageIdOf, type UserId } from "../../../../src/base/ids.ts";
import { PSEUDONYM_REASON_LENGTH_MAX } from "../../../../src/base/limits.ts";
import type { Principal } from "../../../../src/domain/principal.ts";
import type { SendMessage } from "../../../../src/domain/room/commands.ts";
import type { MessageSent } from "../../../../src/domain/room/events.ts";
import { pseudonymBanKey, pseudonymOf } from "../../../../src/domain/room/pseudonyms.ts";
import { accepted, RoomDriver, rejection, type Settled, settingsOf, START_MS, user } from "./room-driver.ts";

const [ANN, BOB, CLEO, MOD] = [user("ann"), user("bob"), user("cleo"), user("mod")];

let room: RoomDriver;

beforeEach(() => enter(true));

function enter(allowAnonymous: boolean): void {
  room = new RoomDriver({ members: 10, messages: 1, items: 1 });
  const roles = { ann: "owner", bob: "member", cleo: "member", mod: "moderator" } as const;
  room.populate(settingsOf("public", { allowAnonymous }), roles);
}

function whisper(by: Principal, more: Partial<SendMessage> = {}): Settled {
  const clientId = room.nextClientId();
  const base = { kind: "send_message", by, clientId, content: `psst ${clientId}`, messageType: "text" } as const;
  return room.run({ ...base, anonymous: true, ...more });
}

function whispered(by: Principal, more: Partial<SendMessage> = {}): MessageSent {
  const [event] = accepted(whisper(by, more));
  if (event?.kind !== "message_sent") throw new Error("nothing was sent");
  return event;
}

function ban(by: Principal, pseudonym: UserId, banned = true, reason?: string): Settled {
  const clientId = room.nextClientId();
  return room.run({
    kind: "ban_pseudonym",
    by,
    clientId,
    pseudonym,
    banned,
    ...(reason !== undefined && { reason }),
  });
}

describe("an anonymous message", () => {
  test("stands under a pseudonym that is always the same for one person, and another for each", () => {
    const first = whispered(BOB);
    expect(first.as).toMatch(/^anon_/);
    expect(first.authorName).toMatch(/^Guest [A-Z][a-z]+ \d+$/);
    expect(first).not.toHaveProperty("authorAvatar");
    const other = whispered(CLEO);
    expect(other.as).not.toBe(first.as as UserId);
    const again = whispered({ ...BOB, name: "Other Name", avatar: "https://a" });
    expect({ as: again.as, name: again.authorName }).toEqual({ as: first.as, name: first.authorName });
    expect([first.isFirstAs, again.isFirstAs]).toEqual([true, undefined]);
  });

  test("has nothing of the person in its name: the same person is called otherwise in another room", () => {
    const first = whispered(BOB);
    enter(true);
    room.now += 1;
    whispered(CLEO);
    expect(whispered(BOB).as).not.toBe(first.as as UserId);
    expect(JSON.stringify(pseudonymOf("abc"))).not.toContain("bob");
  });

  test("is changed and deleted by its author, under the pseudonym, and by nobody else but who may delete any", () => {
    const { seq, as } = whispered(BOB);
    const messageId = messageIdOf(seq);
    const edit = (by: Principal) =>
      room.run({ kind: "edit_message", by, clientId: room.nextClientId(), messageId, content: "new" });
    expect(rejection(edit(CLEO))).toBe("forbidden");
    expect(rejection(edit(MOD))).toBe("forbidden");
    expect(accepted(edit(BOB))[0]).toMatchObject({ as });
    expect(room.overlays.get(seq)?.history?.[0]).toMatchObject({ by: as });
    const remove = (by: Principal) =>
      room.run({ kind: "delete_message", by, clientId: room.nextClientId(), messageId });
    expect(rejection(remove(CLEO))).toBe("forbidden");
    expect(accepted(remove(BOB))[0]).toMatchObject({ as });
    expect(room.overlays.get(seq)).toMatchObject({ deletedAt: START_MS, deletedBy: as as UserId });
    expect(JSON.stringify(room.overlays.get(seq))).not.toContain("bob");
  });

  test("that a moderator wrote and deletes is deleted by the pseudonym", () => {
    const { seq, as } = whispered(MOD);
    accepted(room.run({ kind: "delete_message", by: MOD, clientId: "d", messageId: messageIdOf(seq) }));
    expect(room.overlays.get(seq)?.deletedBy).toBe(as);
    const other = whispered(BOB);
    accepted(room.run({ kind: "delete_message", by: MOD, clientId: "e", messageId: messageIdOf(other.seq) }));
    expect(room.overlays.get(other.seq)?.deletedBy).toBe(MOD.userId);
  });

  test("notifies in the pseudonym's name", () => {
    const mentions = [CLEO.userId];
    const decision = whisper(BOB, { mentions });
    expect(decision).toMatchObject({
      effects: [{ kind: "notify", userIds: mentions, as: expect.stringMatching(/^anon_/) }],
    });
  });

  test("may be a poll, closed under the pseudonym", () => {
    const poll = { question: "Who?", options: [{ text: "a" }, { text: "b" }] };
    const { seq, as } = whispered(BOB, { messageType: "poll", poll });
    const closed = room.run({ kind: "close_poll", by: BOB, clientId: "c", messageId: messageIdOf(seq) });
    expect(accepted(closed)[0]).toMatchObject({ kind: "poll_closed", as });
  });

  test("that waits for a moderator has the pseudonym that it is published under", () => {
    const rules = [{ id: "offers", action: "hold", words: ["offer"] }] as const;
    accepted(room.run({ kind: "set_moderation", by: ANN, clientId: "rules", rules }));
    const [held] = accepted(whisper(BOB, { content: "an offer" }));
    if (held?.kind !== "message_held") throw new Error("it was not held");
    expect(held.as).toMatch(/^anon_/);
    const heldId = messageIdOf(held.seq);
    const events = accepted(room.run({ kind: "resolve_held", by: MOD, clientId: "ok", heldId, approve: true }));
    const published = events.find((event) => event.kind === "message_sent");
    expect(published).toMatchObject({ by: BOB.userId, as: held.as, authorName: held.authorName });
    expect(published).not.toHaveProperty("isFirstAs");
    expect(whispered(BOB).as).toBe(held.as as UserId);
  });

  test("needs a room that takes them and a type of room that knows them", () => {
    enter(false);
    expect(rejection(whisper(BOB))).toBe("forbidden anonymous");
    room = new RoomDriver();
    room.populate(settingsOf("support", { allowAnonymous: true }), { ann: "owner", bob: "member" });
    expect(rejection(whisper(BOB))).toBe("forbidden");
  });
});

describe("a pseudonym", () => {
  test("is banned by moderators, who learn nothing of the person, and may write again when they say so", () => {
    const { as = BOB.userId, authorName } = whispered(BOB);
    expect(rejection(ban(CLEO, as))).toBe("forbidden");
    const [event] = accepted(ban(MOD, as, true, "spam"));
    expect(event).toMatchObject({ kind: "pseudonym_changed", pseudonym: as, name: authorName, banned: true });
    expect(JSON.stringify(event)).not.toContain("bob");
    expect(room.itemRows.get(pseudonymBanKey(as))).toEqual({
      name: authorName,
      by: MOD.userId,
      at: START_MS,
      reason: "spam",
    });
    expect(accepted(ban(MOD, as))).toEqual([]);
    expect(rejection(whisper(BOB))).toBe("forbidden anonymous");
    whispered(CLEO);
    accepted(room.run({ kind: "send_message", by: BOB, clientId: "n", content: "in my name", messageType: "text" }));
    accepted(ban(MOD, as, false));
    expect(accepted(ban(MOD, as, false))).toEqual([]);
    expect(whispered(BOB).as).toBe(as);
  });

  test("stays banned when its person leaves and comes back", () => {
    const { as = BOB.userId } = whispered(BOB);
    accepted(ban(MOD, as));
    accepted(room.run({ kind: "leave_room", by: BOB, clientId: "l" }));
    accepted(room.run({ kind: "join_room", by: BOB, clientId: "j" }));
    expect(rejection(whisper(BOB))).toBe("forbidden anonymous");
  });

  test("that there is not, real people's ids included, is not found; and a reason has its limit", () => {
    whispered(BOB);
    expect(rejection(ban(MOD, "anon_x" as UserId))).toBe("user_not_found pseudonym");
    expect(rejection(ban(MOD, BOB.userId))).toBe("user_not_found pseudonym");
    expect(rejection(ban(ANN, BOB.userId, true, "x".repeat(PSEUDONYM_REASON_LENGTH_MAX + 1)))).toBe(
      "invalid_field reason",
    );
  });
});

describe("who is no person", () => {
  const [NOBODY, ASSISTANT_ID] = ["anon_nobody" as UserId, "assistant" as UserId];
  const asked = (kind: "ban_member" | "create_invite", userId: UserId): string =>
    rejection(room.run({ kind, by: MOD, clientId: room.nextClientId(), userId }));

  test("a pseudonym is not banned or invited as if it were somebody's id", () => {
    const { as: pseudonym = NOBODY } = whispered(BOB);
    expect(asked("ban_member", pseudonym)).toBe("invalid_field userId");
    expect(asked("create_invite", pseudonym)).toBe("invalid_field userId");
    const add = {
      kind: "add_member",
      by: MOD,
      clientId: room.nextClientId(),
      userId: pseudonym,
      role: "member",
    } as const;
    expect(rejection(room.run(add))).toBe("invalid_field userId");
    // Only those of this room are known; any other id may be a person's.
    const ban = { kind: "ban_member", by: MOD, clientId: room.nextClientId(), userId: NOBODY } as const;
    expect(accepted(room.run(ban))[0]?.kind).toBe("member_banned");
  });

  test("nor is the assistant, and no room is made with it", () => {
    expect(asked("ban_member", ASSISTANT_ID)).toBe("invalid_field userId");
    expect(asked("create_invite", ASSISTANT_ID)).toBe("invalid_field userId");
    const fresh = new RoomDriver({ members: 10, messages: 1, items: 1 });
    const settings = settingsOf("direct");
    const clientId = fresh.nextClientId();
    const made = fresh.run({ kind: "create_room", by: ANN, clientId, settings, participants: [ASSISTANT_ID] });
    expect(rejection(made)).toBe("invalid_field participants");
  });
});
