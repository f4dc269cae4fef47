/** Reactions: counts that are exact at any size, and names of the first. */
import { beforeEach, describe, expect, test } from "bun:test";
import { messageIdOf, type MessageId, type Seq, type UserId } from "../../../../src/base/ids.ts";
import { EMOJI_LENGTH_MAX, REACTION_NAMES_SHOWN, REACTIONS_PER_MESSAGE_MAX } from "../../../../src/base/limits.ts";
import type { Principal } from "../../../../src/domain/principal.ts";
import { reactionKey, tallyOf } from "../../../../src/domain/room/reactions.ts";
import type { MessageOverlay } from "../../../../src/domain/room/state.ts";
import { accepted, RoomDriver, rejection, type Settled, settingsOf, START_MS, user } from "./room-driver.ts";

const ANN = user("ann");
const BOB = user("bob");
const CROWD = 1_200;

let room: RoomDriver;
let id: MessageId;
let seq: Seq;

function enter(bounds?: ConstructorParameters<typeof RoomDriver>[0]): void {
  room = new RoomDriver(bounds);
  const crowd = Array.from({ length: CROWD }, (_, i) => [`u${i}`, "member"] as const);
  room.populate(settingsOf("public", { maxMembers: 10_000 }), {
    ann: "owner",
    bob: "member",
    ...Object.fromEntries(crowd),
  });
  send();
}

function send(): void {
  accepted(
    room.run({ kind: "send_message", by: ANN, clientId: room.nextClientId(), content: "x", messageType: "text" }),
  );
  seq = room.state.head;
  id = messageIdOf(seq);
}

function react(by: Principal, emoji: string, add = true): Settled {
  return room.run({ kind: "react", by, clientId: room.nextClientId(), messageId: id, emoji, add });
}

function overlay(): MessageOverlay {
  return room.overlays.get(seq) ?? {};
}

/** As a row of a former version has it. */
function keepOldRow(reactions: Record<string, readonly UserId[]>): void {
  room.overlays.set(seq, { reactions });
  const row = room.state.messages.get(seq);
  if (row == null) throw new Error("the message is not known");
  room.state.messages.set(seq, { ...row, overlay: { reactions } }, room.state.head);
  room.state.recent.touch(seq);
}

const crowdOf = (count: number): UserId[] => Array.from({ length: count }, (_, i) => `u${i}` as UserId);

beforeEach(() => enter());

describe("reacting to a message", () => {
  test("counts each person once per emoji and forgets who takes it back", () => {
    expect(accepted(react(ANN, "👍"))[0]).toMatchObject({ emoji: "👍", added: true, count: 1 });
    expect(accepted(react(ANN, "👍"))).toEqual([]);
    expect(accepted(react(BOB, "👍"))[0]).toMatchObject({ count: 2 });
    expect(accepted(react(BOB, "🎉"))[0]).toMatchObject({ count: 1 });
    expect(overlay().reactions).toEqual({
      "👍": { count: 2, users: [ANN.userId, BOB.userId] },
      "🎉": { count: 1, users: [BOB.userId] },
    });
    expect(room.itemRows.get(reactionKey(seq, "🎉", BOB.userId))).toEqual({ at: START_MS });
    expect(accepted(react(BOB, "🎉", false))[0]).toMatchObject({ added: false, count: 0 });
    expect(accepted(react(BOB, "🎉", false))).toEqual([]);
    expect(overlay().reactions).toEqual({ "👍": { count: 2, users: [ANN.userId, BOB.userId] } });
    expect(room.itemRows.has(reactionKey(seq, "🎉", BOB.userId))).toBe(false);
  });

  test("takes names of an object's own parts as plain text", () => {
    expect(accepted(react(ANN, "constructor"))[0]).toMatchObject({ count: 1 });
    expect(overlay().reactions).toEqual({ constructor: { count: 1, users: [ANN.userId] } } as never);
    expect(rejection(react(ANN, "__proto__"))).toBe("invalid_field emoji");
  });

  test("is bounded in length and in different emoji", () => {
    expect(rejection(react(ANN, " "))).toBe("invalid_field emoji");
    expect(rejection(react(ANN, "x".repeat(EMOJI_LENGTH_MAX + 1)))).toBe("invalid_field emoji");
    for (let i = 0; i < REACTIONS_PER_MESSAGE_MAX; i += 1) accepted(react(ANN, `:e${i}:`));
    expect(rejection(react(ANN, ":one_more:"))).toBe("too_many_reactions");
    expect(accepted(react(BOB, ":e0:"))).toHaveLength(1);
  });

  test("takes no read while all who reacted are named", () => {
    room.reads = 0;
    for (const userId of crowdOf(REACTION_NAMES_SHOWN)) accepted(react(user(userId), "👍"));
    accepted(react(user("u3"), "👍", false));
    expect(accepted(react(user("u3"), "👍", false))).toEqual([]);
    expect(room.reads).toBe(0);
  });

  test("counts a crowd exactly, names the first, and asks the store who else is one of them", () => {
    enter({ members: 10, messages: 10, items: 10 });
    for (const userId of crowdOf(CROWD)) accepted(react(user(userId), "👍"));
    expect(tallyOf(overlay(), "👍")).toEqual({ count: CROWD, users: crowdOf(REACTION_NAMES_SHOWN) });
    const last = user(`u${CROWD - 1}`);
    expect(accepted(react(last, "👍"))).toEqual([]);
    expect(accepted(react(last, "👍", false))[0]).toMatchObject({ count: CROWD - 1 });
    expect(accepted(react(last, "👍", false))).toEqual([]);
    expect(accepted(react(user("u0"), "👍", false))[0]).toMatchObject({ count: CROWD - 2 });
    expect(accepted(react(BOB, "👍"))[0]).toMatchObject({ count: CROWD - 1 });
    expect(tallyOf(overlay(), "👍").users).toEqual([...crowdOf(REACTION_NAMES_SHOWN).slice(1), BOB.userId]);
    for (const userId of crowdOf(CROWD)) accepted(react(user(userId), "👍", false));
    expect(accepted(react(BOB, "👍", false))[0]).toMatchObject({ count: 0 });
    expect(overlay().reactions).toEqual({});
    expect([...room.itemRows.keys()]).toEqual([]);
  });
});

describe("a row that has the list of all names", () => {
  test("is read, and goes on being exact when it is changed", () => {
    const names = crowdOf(REACTION_NAMES_SHOWN + 5);
    accepted(react(BOB, "🎉"));
    room.itemRows.clear();
    keepOldRow({ "👍": names, "🎉": [BOB.userId] });
    const [first, last] = [user("u0"), user(`u${REACTION_NAMES_SHOWN + 4}`)];
    expect(accepted(react(first, "👍"))).toEqual([]);
    expect(accepted(react(last, "👍"))).toEqual([]);
    expect(accepted(react(BOB, "👍"))[0]).toMatchObject({ count: names.length + 1 });
    expect(tallyOf(overlay(), "👍")).toEqual({
      count: names.length + 1,
      users: names.slice(0, REACTION_NAMES_SHOWN),
      old: names.slice(REACTION_NAMES_SHOWN),
    });
    expect(accepted(react(last, "👍"))).toEqual([]);
    for (const [index, name] of names.entries()) {
      expect(accepted(react(user(name), "👍", false))[0]).toMatchObject({ count: names.length - index });
    }
    expect(accepted(react(BOB, "👍", false))[0]).toMatchObject({ count: 0 });
    expect(overlay().reactions).toEqual({ "🎉": [BOB.userId] });
  });
});
