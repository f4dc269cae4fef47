/** Polls: what may be asked, who may vote when, and results that are exact. */
import { beforeEach, describe, expect, test } from "bun:test";
import { messageIdOf, type MessageId, type Seq } from "../../../../src/base/ids.ts";
import {
  POLL_OPEN_MS_MAX,
  POLL_OPTION_LENGTH_MAX,
  POLL_OPTIONS_MAX,
  POLL_QUESTION_LENGTH_MAX,
} from "../../../../src/base/limits.ts";
import type { Principal } from "../../../../src/domain/principal.ts";
import type { NewPoll } from "../../../../src/domain/room/commands.ts";
import { voteKey } from "../../../../src/domain/room/polls.ts";
import { accepted, RoomDriver, rejection, type Settled, settingsOf, START_MS, user } from "./room-driver.ts";

const [ANN, BOB, CLEO, MOD] = [user("ann"), user("bob"), user("cleo"), user("mod")];
const OPTIONS = [{ text: "here" }, { text: "there" }, { text: "nowhere" }];

let room: RoomDriver;

beforeEach(() => {
  room = new RoomDriver();
  room.populate(settingsOf("public"), { ann: "owner", bob: "member", cleo: "member", mod: "moderator" });
});

function ask(by: Principal, changes: Partial<NewPoll> = {}): Settled {
  const poll = { question: "Where?", options: OPTIONS, ...changes };
  return room.run({ kind: "send_message", by, clientId: room.nextClientId(), content: "", messageType: "poll", poll });
}

function asked(changes: Partial<NewPoll> = {}): MessageId {
  accepted(ask(BOB, changes));
  return messageIdOf(room.state.head);
}

function vote(by: Principal, messageId: MessageId, ...choices: number[]): Settled {
  return room.run({ kind: "vote_poll", by, clientId: room.nextClientId(), messageId, choices });
}

function close(by: Principal, messageId: MessageId): Settled {
  return room.run({ kind: "close_poll", by, clientId: room.nextClientId(), messageId });
}

function resultsOf(messageId: MessageId) {
  return room.overlays.get(Number.parseInt(messageId.slice(4), 36) as Seq)?.poll;
}

describe("asking", () => {
  test("puts the poll into the message, and its question where there are no other words", () => {
    expect(accepted(ask(BOB, { multiple: true, anonymous: true, closesAt: START_MS + 1 }))[0]).toMatchObject({
      content: "Where?",
      messageType: "poll",
      poll: {
        question: "Where?",
        options: ["here", "there", "nowhere"],
        choicesMax: 3,
        anonymous: true,
        closesAt: START_MS + 1,
      },
    });
    expect(accepted(ask(BOB))[0]).toMatchObject({ poll: { choicesMax: 1, anonymous: false } });
    expect(accepted(ask(BOB, { maxChoices: 2 }))[0]).toMatchObject({ poll: { choicesMax: 2 } });
  });

  test("needs a question, and two to twenty different options", () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => ({ text: `o${i}` }));
    for (const changes of [
      { question: " " },
      { question: "x".repeat(POLL_QUESTION_LENGTH_MAX + 1) },
      { options: many(1) },
      { options: many(POLL_OPTIONS_MAX + 1) },
      { options: [{ text: "a" }, { text: " a" }] },
      { options: [{ text: "a" }, { text: "" }] },
      { options: [{ text: "a" }, { text: "x".repeat(POLL_OPTION_LENGTH_MAX + 1) }] },
      { options: [{ text: "a" }, { text: "half \ud83d" }] },
      { maxChoices: 0 },
      { maxChoices: 4 },
      { maxChoices: 2, multiple: false },
      { closesAt: START_MS },
      { closesAt: START_MS + POLL_OPEN_MS_MAX + 1 },
    ]) {
      expect(rejection(ask(BOB, changes))).toBe("invalid_field poll");
    }
    accepted(ask(BOB, { question: "😀".repeat(POLL_QUESTION_LENGTH_MAX), options: many(POLL_OPTIONS_MAX) }));
    accepted(ask(BOB, { options: [{ text: "a" }, { text: "x".repeat(POLL_OPTION_LENGTH_MAX) }] }));
  });

  test("goes with the type poll and with no other", () => {
    const base = { kind: "send_message", by: BOB, content: "Where?" } as const;
    expect(rejection(room.run({ ...base, clientId: "a", messageType: "poll" }))).toBe("missing_field poll");
    const poll = { question: "Where?", options: OPTIONS };
    expect(rejection(room.run({ ...base, clientId: "b", messageType: "text", poll }))).toBe(
      "invalid_field messageType",
    );
  });

  test("may those whom the room's type lets make polls", () => {
    room = new RoomDriver();
    room.populate(settingsOf("announcement"), { ann: "owner", bob: "member", mod: "moderator" });
    expect(rejection(ask(BOB))).toBe("forbidden");
    accepted(ask(MOD));
    accepted(vote(BOB, messageIdOf(room.state.head), 1));
  });
});

describe("voting", () => {
  test("counts each person's last vote, whole", () => {
    const id = asked({ multiple: true });
    expect(accepted(vote(ANN, id, 2, 0))[0]).toMatchObject({ choices: [0, 2], votes: [1, 0, 1], voters: 1 });
    expect(accepted(vote(BOB, id, 0))[0]).toMatchObject({ votes: [2, 0, 1], voters: 2 });
    expect(accepted(vote(ANN, id, 0, 2))).toEqual([]);
    expect(accepted(vote(ANN, id, 1))[0]).toMatchObject({ votes: [1, 1, 0], voters: 2 });
    expect(accepted(vote(ANN, id))[0]).toMatchObject({ choices: [], votes: [1, 0, 0], voters: 1 });
    expect(accepted(vote(ANN, id))).toEqual([]);
    expect(resultsOf(id)).toEqual({ votes: [1, 0, 0], voters: 1 });
    const seq = room.messageSeqs.at(-1) ?? 0;
    expect(room.itemRows.get(voteKey(seq, BOB.userId))).toEqual({ choices: [0], at: START_MS });
    expect(room.itemRows.has(voteKey(seq, ANN.userId))).toBe(false);
  });

  test("is for options that are there, as many as may be chosen", () => {
    const id = asked();
    expect(rejection(vote(BOB, id, 0, 1))).toBe("invalid_field choices");
    expect(rejection(vote(BOB, id, 3))).toBe("invalid_field choices");
    expect(rejection(vote(BOB, id, -1))).toBe("invalid_field choices");
    expect(rejection(vote(BOB, id, 0.5))).toBe("invalid_field choices");
    const two = asked({ maxChoices: 2 });
    expect(rejection(vote(BOB, two, 1, 1))).toBe("invalid_field choices");
    expect(rejection(vote(BOB, two, 0, 1, 2))).toBe("invalid_field choices");
    accepted(vote(BOB, two, 0, 1));
  });

  test("is for members, and for polls that are there", () => {
    const id = asked();
    expect(rejection(vote(user("stranger"), id, 0))).toBe("forbidden");
    expect(rejection(vote(BOB, messageIdOf(1), 0))).toBe("message_not_found messageId");
    accepted(room.run({ kind: "send_message", by: BOB, clientId: "t", content: "text", messageType: "text" }));
    expect(rejection(vote(BOB, messageIdOf(room.state.head), 0))).toBe("not_a_poll messageId");
    accepted(room.run({ kind: "delete_message", by: BOB, clientId: "d", messageId: id }));
    expect(rejection(vote(BOB, id, 0))).toBe("already_deleted messageId");
  });

  test("goes on from the rows when nothing is cached", () => {
    room = new RoomDriver({ members: 1, messages: 1, items: 1 });
    room.populate(settingsOf("public"), { ann: "owner", bob: "member", cleo: "member" });
    const [first, second] = [asked(), asked()];
    for (const by of [ANN, BOB, CLEO]) for (const id of [first, second]) accepted(vote(by, id, 0));
    expect(accepted(vote(ANN, first, 1))[0]).toMatchObject({ votes: [2, 1, 0], voters: 3 });
    expect(resultsOf(second)).toEqual({ votes: [3, 0, 0], voters: 3 });
  });
});

describe("closing", () => {
  test("is done by who asked and by moderators; then nobody votes", () => {
    const [own, other] = [asked(), asked()];
    accepted(vote(CLEO, own, 1));
    expect(rejection(close(CLEO, own))).toBe("forbidden");
    expect(accepted(close(BOB, own))[0]).toMatchObject({ votes: [0, 1, 0], voters: 1 });
    expect(accepted(close(MOD, other))).toHaveLength(1);
    expect(accepted(close(MOD, other))).toEqual([]);
    expect(rejection(vote(ANN, own, 0))).toBe("poll_closed messageId");
    expect(rejection(vote(CLEO, own))).toBe("poll_closed messageId");
    expect(resultsOf(own)).toEqual({ votes: [0, 1, 0], voters: 1, closedAt: START_MS });
  });

  test("comes by itself at its time, and does not end when the clock goes back", () => {
    const id = asked({ closesAt: START_MS + 1_000 });
    room.now = START_MS + 999;
    accepted(vote(ANN, id, 0));
    room.now = START_MS + 1_000;
    expect(rejection(vote(BOB, id, 0))).toBe("poll_closed messageId");
    expect(accepted(close(BOB, id))).toEqual([]);
    accepted(room.run({ kind: "send_message", by: BOB, clientId: "t", content: "later", messageType: "text" }));
    room.now = START_MS;
    expect(rejection(vote(BOB, id, 0))).toBe("poll_closed messageId");
  });
});
