import { beforeEach, describe, expect, test } from "bun:test";
import { messageIdOf, type MessageId, type Seq, type UserId } from "../../../../src/base/ids.ts";
import { ATTACHMENTS_MAX, EDIT_HISTORY_MAX, MENTIONS_MAX } from "../../../../src/base/limits.ts";
import type { Principal } from "../../../../src/domain/principal.ts";
import type { SendMessage } from "../../../../src/domain/room/commands.ts";
import { knownMessage } from "../../../../src/domain/room/message-rows.ts";
import {
  accepted,
  MESSAGE_LENGTH_MAX,
  RoomDriver,
  rejection,
  type Settled,
  settingsOf,
  START_MS,
  user,
} from "./room-driver.ts";

const ANN = user("ann");
const BOB = user("bob");

const POLL = { messageType: "poll", poll: { question: "Lunch?", options: [{ text: "yes" }, { text: "no" }] } } as const;

let room: RoomDriver;

beforeEach(() => {
  room = new RoomDriver();
  room.populate(settingsOf("public"), { ann: "owner", bob: "member" });
});

function send(by: Principal, content: string, more: Partial<SendMessage> = {}): Settled {
  return room.run({ kind: "send_message", by, clientId: room.nextClientId(), content, messageType: "text", ...more });
}

function sent(by: Principal, content: string, more: Partial<SendMessage> = {}): MessageId {
  accepted(send(by, content, more));
  return messageIdOf(room.state.head);
}

function edit(by: Principal, messageId: MessageId, content: string): Settled {
  return room.run({ kind: "edit_message", by, clientId: room.nextClientId(), messageId, content });
}

function remove(by: Principal, messageId: MessageId): Settled {
  return room.run({ kind: "delete_message", by, clientId: room.nextClientId(), messageId });
}

function react(by: Principal, messageId: MessageId, emoji: string, add = true): Settled {
  return room.run({ kind: "react", by, clientId: room.nextClientId(), messageId, emoji, add });
}

function overlayOf(messageId: MessageId) {
  return room.overlays.get(Number.parseInt(messageId.slice(4), 36) as Seq);
}

describe("sending a message", () => {
  test("gives it the next sequence and number, its author's name, and the room's time", () => {
    room.now = START_MS + 5;
    const [event] = accepted(send(BOB, "hello"));
    expect(event).toEqual({
      kind: "message_sent",
      seq: 4,
      timestamp: START_MS + 5,
      by: BOB.userId,
      clientId: "c1",
      bodyHash: expect.any(Number),
      messageNo: 1,
      messageType: "text",
      content: "hello",
      authorName: "Name of bob",
    });
  });

  test("never goes back in time, whatever the clock says", () => {
    sent(ANN, "one");
    room.now = START_MS - 3_600_000;
    expect(accepted(send(ANN, "two"))[0]?.timestamp).toBe(START_MS);
  });

  test("needs words, unless there are attachments", () => {
    expect(rejection(send(ANN, ""))).toBe("invalid_field content");
    expect(rejection(send(ANN, " \n\t\u00a0"))).toBe("invalid_field content");
    const file = {
      id: "f1",
      type: "file",
      url: "https://files/f1",
      fileName: "f",
      fileSize: 1,
      mimeType: "text/plain",
    };
    expect(accepted(send(ANN, "", { attachments: [file] }))[0]).toMatchObject({ attachments: [file] });
    const tooMany = Array.from({ length: ATTACHMENTS_MAX + 1 }, () => file);
    expect(rejection(send(ANN, "x", { attachments: tooMany }))).toBe("invalid_field attachments");
  });

  test("counts code points: at the limit it goes, one past it it does not", () => {
    expect(accepted(send(ANN, "😀".repeat(MESSAGE_LENGTH_MAX)))).toHaveLength(1);
    expect(rejection(send(ANN, "😀".repeat(MESSAGE_LENGTH_MAX + 1)))).toBe("content_too_long content");
    expect(rejection(send(ANN, `${"😀".repeat(MESSAGE_LENGTH_MAX - 1)}ab`))).toBe("content_too_long content");
    expect(rejection(send(ANN, "x".repeat(MESSAGE_LENGTH_MAX * 3)))).toBe("content_too_long content");
  });

  test("refuses half a character, which no store would give back", () => {
    expect(rejection(send(ANN, "half \ud83d"))).toBe("invalid_field content");
  });

  test("leaves messages of the engine to the engine", () => {
    expect(rejection(send(ANN, "x", { messageType: "system" }))).toBe("invalid_field messageType");
    expect(accepted(send(user("engine", "system"), "x", { messageType: "ai_response" }))).toHaveLength(1);
  });

  test("answers only to what has been written", () => {
    const first = sent(ANN, "first");
    expect(accepted(send(BOB, "yes", { replyTo: first }))[0]).toMatchObject({ replyTo: first });
    expect(rejection(send(BOB, "yes", { replyTo: messageIdOf(99) }))).toBe("message_not_found replyTo");
    expect(rejection(send(BOB, "yes", { replyTo: "nonsense" as MessageId }))).toBe("invalid_field replyTo");
  });

  test("notifies each mentioned member once, and neither the author nor strangers", () => {
    const mentions = ["bob", "ann", "bob", "stranger"] as UserId[];
    expect(send(ANN, "hi", { mentions })).toMatchObject({
      events: [{ mentions: ["bob", "ann"] }],
      effects: [{ kind: "notify", userIds: ["bob"], reason: "mention" }],
    });
    expect(send(ANN, "hi", { mentions: ["ann" as UserId] })).toMatchObject({ effects: [] });
    const tooMany = Array.from({ length: MENTIONS_MAX + 1 }, (_, i) => `u${i}` as UserId);
    expect(rejection(send(ANN, "hi", { mentions: tooMany }))).toBe("invalid_field mentions");
  });
});

describe("editing a message", () => {
  test("keeps the version before, up to the limit", () => {
    const id = sent(BOB, "v0");
    for (let i = 1; i <= EDIT_HISTORY_MAX + 2; i += 1) accepted(edit(BOB, id, `v${i}`));
    const overlay = overlayOf(id);
    expect(overlay?.content).toBe(`v${EDIT_HISTORY_MAX + 2}`);
    expect(overlay?.editedAt).toBe(START_MS);
    expect(overlay?.history).toHaveLength(EDIT_HISTORY_MAX);
    expect(overlay?.history?.[0]).toEqual({ content: "v2", until: START_MS, by: BOB.userId });
  });

  test("to the text it has writes nothing", () => {
    const id = sent(BOB, "same");
    expect(accepted(edit(BOB, id, "same"))).toEqual([]);
    accepted(edit(BOB, id, "other"));
    expect(accepted(edit(BOB, id, "other"))).toEqual([]);
    expect(accepted(edit(BOB, id, "same"))).toHaveLength(1);
  });

  test("is refused for what is deleted, not a message, not there, or not text", () => {
    const id = sent(BOB, "x");
    accepted(remove(BOB, id));
    expect(rejection(edit(BOB, id, "y"))).toBe("already_deleted messageId");
    expect(rejection(edit(BOB, messageIdOf(1), "y"))).toBe("message_not_found messageId");
    expect(rejection(edit(BOB, messageIdOf(999), "y"))).toBe("message_not_found messageId");
    expect(rejection(edit(BOB, "zzz" as MessageId, "y"))).toBe("message_not_found messageId");
    expect(rejection(edit(BOB, sent(BOB, "lunch?", POLL), "y"))).toBe("forbidden");
    expect(rejection(edit(BOB, sent(BOB, "x"), " "))).toBe("invalid_field content");
  });

  test("follows the rules for content", () => {
    const id = sent(BOB, "x");
    expect(rejection(edit(BOB, id, "x".repeat(MESSAGE_LENGTH_MAX + 1)))).toBe("content_too_long content");
  });
});

describe("deleting a message", () => {
  test("takes its text and its reactions from everybody, once; what it said stays for those who look into it", () => {
    const id = sent(BOB, "x");
    accepted(edit(BOB, id, "y"));
    accepted(react(ANN, id, "👍"));
    accepted(remove(ANN, id));
    expect(overlayOf(id)).toEqual({
      deletedAt: START_MS,
      deletedBy: ANN.userId,
      content: "y",
      editedAt: START_MS,
      history: [{ content: "x", until: START_MS, by: BOB.userId }],
    });
    expect(rejection(remove(BOB, id))).toBe("already_deleted messageId");
    expect(rejection(react(BOB, id, "👍"))).toBe("already_deleted messageId");
  });
});

describe("finding a message", () => {
  test("takes no read while it is recent and unchanged, nor while its changes are cached", () => {
    const id = sent(BOB, "x");
    room.reads = 0;
    accepted(edit(BOB, id, "y"));
    accepted(react(ANN, id, "👍"));
    expect(knownMessage(room.state, room.state.head - 2)?.overlay.content).toBe("y");
    expect(room.reads).toBe(0);
  });

  test("takes no read for what cannot be there", () => {
    expect(knownMessage(room.state, room.state.head + 1)).toBeNull();
    expect(knownMessage(room.state, 0)).toBeNull();
    expect(knownMessage(room.state, 1)).toBeNull();
  });

  test("asks the store again when a changed message has left the cache", () => {
    room = new RoomDriver({ members: 10, messages: 1 });
    room.populate(settingsOf("public"), { ann: "owner", bob: "member" });
    const first = sent(BOB, "first");
    const second = sent(BOB, "second");
    accepted(edit(BOB, first, "first, changed"));
    accepted(edit(BOB, second, "second, changed"));
    expect(knownMessage(room.state, 4)).toBeUndefined();
    expect(accepted(edit(BOB, first, "first, changed"))).toEqual([]);
  });
});
