import { beforeEach, describe, expect, test } from "bun:test";
import { messageIdOf, type MessageId, type Seq, seqOfMessageId, type UserId } from "../../../../src/base/ids.ts";
import { PINS_MAX, THREAD_FOLLOWERS_MAX, THREAD_PARTICIPANTS_MAX } from "../../../../src/base/limits.ts";
import { apply } from "../../../../src/domain/room/apply.ts";
import { emptyRoomState } from "../../../../src/domain/room/empty-state.ts";
import type { MessageOverlay } from "../../../../src/domain/room/state.ts";
import { followKey } from "../../../../src/domain/room/thread-items.ts";
import type { Principal } from "../../../../src/domain/principal.ts";
import type { SendMessage } from "../../../../src/domain/room/commands.ts";
import type { MessageSent } from "../../../../src/domain/room/events.ts";
import type { Attachment, MessageType } from "../../../../src/domain/room/vocabulary.ts";
import { accepted, digest, RoomDriver, rejection, type Settled, settingsOf, START_MS, user } from "./room-driver.ts";

const ANN = user("ann");
const BOB = user("bob");
const CLEO = user("cleo");

let room: RoomDriver;
beforeEach(() => {
  room = new RoomDriver();
  room.populate(settingsOf("public"), { ann: "owner", bob: "member", cleo: "member" });
});

function send(by: Principal, content: string, more: Partial<SendMessage> = {}): Settled {
  return room.run({ kind: "send_message", by, clientId: room.nextClientId(), content, messageType: "text", ...more });
}
function sent(by: Principal, content: string, more: Partial<SendMessage> = {}): MessageId {
  accepted(send(by, content, more));
  return messageIdOf(room.state.head);
}
function eventOf(decision: Settled): MessageSent {
  const [event] = accepted(decision);
  if (event?.kind !== "message_sent") throw new Error(`no message: ${JSON.stringify(event)}`);
  return event;
}
function remove(by: Principal, messageId: MessageId): Settled {
  return room.run({ kind: "delete_message", by, clientId: room.nextClientId(), messageId });
}
function pin(by: Principal, messageId: MessageId, kind: "pin_message" | "unpin_message" = "pin_message"): Settled {
  return room.run({ kind, by, clientId: room.nextClientId(), messageId });
}
function threadOf(messageId: MessageId) {
  return room.overlays.get(seqOfMessageId(messageId) as Seq)?.thread;
}

describe("a thread", () => {
  test("hangs on the message that was answered first, whichever of its replies is answered", () => {
    const root = sent(ANN, "root");
    const first = sent(BOB, "first", { replyTo: root });
    room.now = START_MS + 7;
    const second = eventOf(send(CLEO, "second", { replyTo: first }));
    expect(second).toMatchObject({ replyTo: first, thread: { root: seqOfMessageId(root), no: 2, count: 2 } });
    expect(threadOf(root)).toMatchObject({ count: 2, lastNo: 2, lastAt: START_MS + 7, participants: ["bob", "cleo"] });
    expect(threadOf(first)).toBeUndefined();
  });

  test("loses what is deleted of it and goes on counting; it stays when its root is deleted", () => {
    const root = sent(ANN, "root");
    const first = sent(BOB, "first", { replyTo: root });
    sent(BOB, "second", { replyTo: root });
    expect(accepted(remove(BOB, first))[0]).toMatchObject({ thread: { root: seqOfMessageId(root), count: 1 } });
    expect(threadOf(root)).toMatchObject({ count: 1, lastNo: 2 });
    accepted(remove(ANN, root));
    expect(eventOf(send(CLEO, "third", { replyTo: root })).thread).toMatchObject({ no: 3, count: 2 });
    expect(room.overlays.get(seqOfMessageId(root) as Seq)).toMatchObject({ deletedBy: "ann", thread: { count: 2 } });
  });

  test("is followed by the author of its root, by who replies and by members that are mentioned in it, each told once", () => {
    const root = sent(ANN, "root");
    expect(eventOf(send(BOB, "one", { replyTo: root })).thread?.followers).toEqual(["ann", "bob"] as UserId[]);
    const reply = send(BOB, "for @cleo and @stranger", { replyTo: root });
    expect(eventOf(reply).thread?.followers).toEqual(["cleo" as UserId]);
    expect(reply).toMatchObject({
      effects: [
        { kind: "notify", userIds: ["cleo"], reason: "mention" },
        { kind: "notify", userIds: ["ann"], reason: "reply" },
      ],
    });
    expect(eventOf(send(ANN, "two", { replyTo: root })).thread?.followers).toBeUndefined();
  });

  test("tells nobody of a reply who has left the room", () => {
    const root = sent(BOB, "root");
    accepted(room.run({ kind: "leave_room", by: BOB, clientId: room.nextClientId() }));
    expect(send(ANN, "one", { replyTo: root })).toMatchObject({ effects: [] });
  });

  test("names the first who reply, and keeps a bounded list of those that it tells", () => {
    const people = Array.from({ length: THREAD_FOLLOWERS_MAX + 2 }, (_, i) => user(`u${i}`));
    room = new RoomDriver();
    room.populate(settingsOf("public", { maxMembers: 1_000 }), {
      ann: "owner",
      ...Object.fromEntries(people.map(({ userId }) => [userId, "member" as const])),
    });
    const root = sent(ANN, "root");
    for (const person of people) sent(person, "me too", { replyTo: root });
    expect(threadOf(root)?.participants).toHaveLength(THREAD_PARTICIPANTS_MAX);
    expect(threadOf(root)?.followers).toHaveLength(THREAD_FOLLOWERS_MAX);
    expect(threadOf(root)?.count).toBe(people.length);
  });

  test("is asked of the store when its messages have left the cache", () => {
    room = new RoomDriver({ members: 10, messages: 1, items: 10 });
    room.populate(settingsOf("public"), { ann: "owner", bob: "member" });
    const root = sent(ANN, "root");
    const other = sent(ANN, "other");
    const first = sent(BOB, "first", { replyTo: root });
    sent(BOB, "aside", { replyTo: other });
    expect(eventOf(send(ANN, "second", { replyTo: first })).thread).toMatchObject({ no: 2, count: 2 });
  });

  test("is marked as read up to a reply or wholly, and only where it is", () => {
    const root = sent(ANN, "root");
    const first = sent(BOB, "first", { replyTo: root });
    sent(BOB, "second", { replyTo: root });
    const mark = (threadId: MessageId, messageId?: MessageId): Settled => {
      return room.run({ kind: "mark_thread_read", by: ANN, threadId, ...(messageId !== undefined && { messageId }) });
    };
    const seq = seqOfMessageId(root);
    expect(mark(root)).toMatchObject({ effects: [{ kind: "mark_thread_read", userId: "ann", root: seq, no: 2 }] });
    expect(mark(root, first)).toMatchObject({ effects: [{ root: seq, no: 1 }] });
    expect(rejection(mark(first))).toBe("message_not_found threadId");
    expect(rejection(mark(root, root))).toBe("message_not_found messageId");
    expect(rejection(mark(messageIdOf(1)))).toBe("message_not_found threadId");
  });
});

describe("following a thread", () => {
  const follow = (by: Principal, threadId: MessageId, wanted: boolean, clientId = room.nextClientId()): Settled => {
    return room.run({ kind: "follow_thread", by, clientId, threadId, follow: wanted });
  };
  const itemOf = (name: string, root: MessageId) => {
    return room.itemRows.get(followKey(name as UserId, seqOfMessageId(root) as Seq)) ?? null;
  };
  const toldOf = (decision: Settled) => {
    const effects = decision.kind === "accept" ? decision.effects : [];
    return effects.flatMap((effect) => (effect.kind === "notify" && effect.reason === "reply" ? effect.userIds : []));
  };

  test("ends when they say so: they are told of no reply, and nothing of it is theirs any more", () => {
    const root = sent(ANN, "root");
    sent(BOB, "one", { replyTo: root });
    const left = follow(ANN, root, false);
    const seq = seqOfMessageId(root) as Seq;
    expect(accepted(left)).toMatchObject([{ kind: "thread_follow_changed", by: "ann", root: seq, follows: false }]);
    expect(left).toMatchObject({ effects: [{ kind: "thread_followed", userId: "ann", root: seq, follows: false }] });
    expect(threadOf(root)).toMatchObject({ count: 1, lastNo: 1, followers: ["bob"] });
    expect(itemOf("ann", root)).toBeNull();
    expect(toldOf(send(CLEO, "two", { replyTo: root }))).toEqual(["bob" as UserId]);
    expect(itemOf("ann", root)).toBeNull();
    expect(accepted(follow(ANN, root, false))).toEqual([]);
  });

  test("begins again where the thread is then, by a wish, by a reply and by a mention", () => {
    const root = sent(ANN, "root");
    sent(BOB, "one", { replyTo: root });
    sent(BOB, "two", { replyTo: root });
    const begun = follow(CLEO, root, true);
    expect(accepted(begun)).toMatchObject([{ kind: "thread_follow_changed", by: "cleo", follows: true, no: 2 }]);
    expect(begun).toMatchObject({ effects: [{ kind: "thread_followed", userId: "cleo", follows: true }] });
    expect([itemOf("cleo", root), threadOf(root)?.followers]).toEqual([{ no: 2 }, ["ann", "bob", "cleo"] as UserId[]]);
    expect(accepted(follow(CLEO, root, true))).toEqual([]);
    for (const person of [ANN, BOB, CLEO]) accepted(follow(person, root, false));
    expect(threadOf(root)?.followers).toEqual([]);
    sent(BOB, "three, @ann", { replyTo: root });
    expect(threadOf(root)?.followers).toEqual(["bob", "ann"] as UserId[]);
    expect([itemOf("ann", root), itemOf("bob", root), itemOf("cleo", root)]).toEqual([{ no: 2 }, { no: 3 }, null]);
  });

  test("is repeated under its key as it was done, whatever was done since", () => {
    const root = sent(ANN, "root");
    sent(BOB, "one", { replyTo: root });
    accepted(follow(ANN, root, false, "once"));
    accepted(follow(ANN, root, true));
    expect(follow(ANN, root, false, "once")).toMatchObject({ kind: "duplicate" });
    expect(rejection(follow(ANN, root, true, "once"))).toBe("conflict clientId");
    expect(threadOf(root)?.followers).toContain("ann" as UserId);
  });

  test("is for members, and of messages with replies", () => {
    const root = sent(ANN, "root");
    const reply = sent(BOB, "one", { replyTo: root });
    for (const id of [reply, messageIdOf(1), "nonsense" as MessageId]) {
      expect(rejection(follow(ANN, id, true))).toBe("message_not_found threadId");
      expect(rejection(follow(ANN, id, false))).toBe("message_not_found threadId");
    }
    expect(rejection(follow(user("stranger"), root, true))).toBe("forbidden");
  });

  test("beyond the bound of those who are told is counted, and told once there is room", () => {
    const people = Array.from({ length: THREAD_FOLLOWERS_MAX }, (_, i) => user(`u${i}`));
    room = new RoomDriver();
    room.populate(settingsOf("public", { maxMembers: 1_000 }), {
      ann: "owner",
      bob: "member",
      ...Object.fromEntries(people.map(({ userId }) => [userId, "member" as const])),
    });
    const root = sent(ANN, "root");
    for (const person of people.slice(1)) sent(person, "me too", { replyTo: root });
    expect(threadOf(root)?.followers).toHaveLength(THREAD_FOLLOWERS_MAX);
    accepted(follow(BOB, root, true));
    expect(threadOf(root)?.followers).toHaveLength(THREAD_FOLLOWERS_MAX);
    expect(itemOf("bob", root)).toEqual({ no: THREAD_FOLLOWERS_MAX - 1 });
    expect(accepted(follow(BOB, root, true))).toEqual([]);
    accepted(follow(ANN, root, false));
    const now = follow(BOB, root, true);
    expect(accepted(now)).toMatchObject([{ no: THREAD_FOLLOWERS_MAX - 1 }]);
    expect(now).toMatchObject({ effects: [] });
    expect(threadOf(root)?.followers).toContain("bob" as UserId);
  });

  test("is the same for whoever replays the log, and asks the store for what it has not", () => {
    room = new RoomDriver({ members: 10, messages: 1, items: 1 });
    room.populate(settingsOf("public"), { ann: "owner", bob: "member" });
    const [root, other] = [sent(ANN, "root"), sent(ANN, "other")];
    sent(BOB, "one", { replyTo: root });
    sent(BOB, "two", { replyTo: other });
    accepted(follow(ANN, root, false));
    const state = emptyRoomState();
    for (const event of room.log) apply(state, event);
    expect(digest(state)).toEqual(digest(room.state));
    expect(state.messages.get(seqOfMessageId(root) as Seq)?.overlay).toEqual(
      room.overlays.get(seqOfMessageId(root) as Seq) as MessageOverlay,
    );
  });
});

describe("a mention in the text", () => {
  const mentionsIn = (content: string): readonly string[] | undefined => eventOf(send(ANN, content)).mentions;

  test("is an id after an @ that begins a word, without the punctuation behind it", () => {
    expect(mentionsIn("@bob, look")).toEqual(["bob"]);
    expect(mentionsIn("(@bob) and @cleo! @bob?")).toEqual(["bob", "cleo"]);
    expect(mentionsIn("bob@cleo.example, a@bob, @@bob, @nobody, @")).toBeUndefined();
  });

  test("means the id with its punctuation where there is such a member", () => {
    room.populate(settingsOf("public"), { "bob.": "member" });
    expect(mentionsIn("@bob.")).toEqual(["bob."]);
  });

  test("does not count where a list says who is meant, be it empty", () => {
    expect(eventOf(send(ANN, "@bob", { mentions: [] })).mentions).toBeUndefined();
    expect(eventOf(send(ANN, "@bob", { mentions: ["cleo" as UserId] })).mentions).toEqual(["cleo" as UserId]);
  });

  test("of everybody counts for those who may; the field insists", () => {
    for (const word of ["@room", "@all!", "hello @here"]) expect(eventOf(send(ANN, word)).mentionsRoom).toBe(true);
    expect(eventOf(send(BOB, "@room")).mentionsRoom).toBeUndefined();
    expect(rejection(send(BOB, "x", { mentionRoom: true }))).toBe("forbidden");
    expect(send(ANN, "x", { mentionRoom: true })).toMatchObject({ effects: [{ kind: "notify_all", author: "ann" }] });
    expect(eventOf(send(ANN, "@room", { mentionRoom: false })).mentionsRoom).toBeUndefined();
    // It counts as a mention of each of them; what mentions nobody does not.
    const [{ messageNo }, before] = [eventOf(send(ANN, "@room")), room.state.mentionedAll];
    expect(before).toContain(messageNo);
    send(ANN, "no one in particular");
    expect(room.state.mentionedAll).toEqual(before);
  });
});

describe("pins", () => {
  test("are set and taken away by those who may, and forgotten with the message", () => {
    const id = sent(BOB, "x");
    expect(rejection(pin(BOB, id))).toBe("forbidden");
    accepted(pin(ANN, id));
    const pinned = { seq: room.state.head, by: ANN.userId, at: START_MS };
    expect(room.state.pins).toEqual(new Map([[seqOfMessageId(id) as Seq, pinned]]));
    expect(accepted(pin(ANN, id))).toEqual([]);
    accepted(pin(ANN, id, "unpin_message"));
    expect(accepted(pin(ANN, id, "unpin_message"))).toEqual([]);
    accepted(pin(ANN, id));
    accepted(remove(BOB, id));
    expect(room.state.pins.size).toBe(0);
    expect(rejection(pin(ANN, id))).toBe("already_deleted messageId");
    expect(rejection(pin(ANN, messageIdOf(1)))).toBe("message_not_found messageId");
  });

  test("are bounded", () => {
    const ids = Array.from({ length: PINS_MAX + 1 }, (_, i) => sent(ANN, `m${i}`));
    for (const id of ids.slice(0, PINS_MAX)) accepted(pin(ANN, id));
    const last = ids[PINS_MAX] as MessageId;
    expect(rejection(pin(ANN, last))).toBe("too_many_pins messageId");
    accepted(pin(ANN, ids[0] as MessageId, "unpin_message"));
    expect(accepted(pin(ANN, last))).toHaveLength(1);
  });
});

describe("earlier versions", () => {
  test("are for the author and for moderators; of a deleted message for those who may see what was deleted", () => {
    room = new RoomDriver();
    room.populate(settingsOf("public"), { ann: "owner", moe: "moderator", bob: "member", cleo: "member" });
    const id = sent(BOB, "x");
    const outcome = (by: Principal, deleted?: boolean): string => {
      const asked = { kind: "check_versions", by, messageId: id, ...(deleted !== undefined && { deleted }) } as const;
      const decision = room.run(asked);
      return decision.kind === "reject" ? decision.rejection.code : decision.kind;
    };
    const everyone = [ANN, user("moe"), BOB, CLEO];
    expect(everyone.map((by) => outcome(by))).toEqual(["accept", "accept", "accept", "forbidden"]);
    accepted(remove(BOB, id));
    expect(everyone.map((by) => outcome(by))).toEqual([
      "already_deleted",
      "already_deleted",
      "already_deleted",
      "forbidden",
    ]);
    expect(everyone.map((by) => outcome(by, true))).toEqual(["accept", "forbidden", "forbidden", "forbidden"]);
  });
});

describe("attachments", () => {
  const file = (mimeType: string, more: Partial<Attachment> = {}): Attachment => {
    return { id: "f1", type: "file", url: "/f1", fileName: "a.PDF", fileSize: 10, mimeType, ...more };
  };
  const attach = (messageType: MessageType, ...attachments: Attachment[]): Settled => {
    return send(ANN, "", { messageType, attachments });
  };

  test("fit the type of their message", () => {
    const fitting: [MessageType, string][] = [
      ["image", "image/png"],
      ["audio", "Audio/ogg"],
      ["video", "video/mp4"],
      ["file", "application/pdf"],
    ];
    for (const [type, mimeType] of fitting) {
      expect(accepted(attach(type, file(mimeType)))).toHaveLength(1);
      expect(rejection(send(ANN, "see", { messageType: type }))).toBe("invalid_field attachments");
    }
    for (const [type, said] of [
      ["image", "A message of type image has an attachment of a media type image/…."],
      ["file", "A message of type file has an attachment."],
    ] as const) {
      expect(send(ANN, "see", { messageType: type })).toMatchObject({ rejection: { message: said } });
    }
    expect(rejection(attach("image", file("video/mp4")))).toBe("invalid_field attachments");
    expect(accepted(attach("image", file("video/mp4"), file("image/gif")))).toHaveLength(1);
  });

  test("keep to what the room's settings allow, which the refusal names", () => {
    const within = (changes: Parameters<typeof settingsOf>[1], attachment: Attachment): Settled => {
      room = new RoomDriver();
      room.populate(settingsOf("public", changes), { ann: "owner" });
      return attach("file", attachment);
    };
    const refusal = (decision: Settled): unknown => (decision.kind === "reject" ? decision.rejection : decision.kind);
    expect(refusal(within({ allowFileUploads: false }, file("a/b")))).toMatchObject({
      code: "forbidden",
      field: "attachments",
    });
    expect(accepted(within({ maxFileSize: 10 }, file("a/b")))).toHaveLength(1);
    expect(refusal(within({ maxFileSize: 9 }, file("a/b")))).toMatchObject({
      code: "file_too_large",
      field: "attachments",
      message: expect.stringContaining("9 bytes"),
    });
    for (const type of ["pdf", ".pdf", "application/pdf", "application/*"]) {
      const allowed = { allowedFileTypes: [type] };
      expect(accepted(within(allowed, file("application/pdf; x=1")))).toHaveLength(1);
      expect(rejection(within(allowed, file("text/plain", { fileName: "pdf" })))).toBe("invalid_field attachments");
      const second = file("text/plain", { id: "f2", fileName: "b.txt" });
      room = new RoomDriver();
      room.populate(settingsOf("public", allowed), { ann: "owner" });
      expect(rejection(attach("file", file("application/pdf"), second))).toBe("invalid_field attachments");
    }
    for (const [allowed, mimeType, isFitting] of [
      ["image/*", "image/png", true],
      ["IMAGE/*", "Image/PNG", true],
      ["image/*", "imagery/png", false],
      ["image/png", "image/png2", false],
      ["image/png", "image/pn", false],
    ] as const) {
      const { kind } = within({ allowedFileTypes: [allowed] }, file(mimeType, { fileName: "a" }));
      expect([allowed, mimeType, kind]).toEqual([allowed, mimeType, isFitting ? "accept" : "reject"]);
    }
    expect(refusal(within({ allowedFileTypes: [] }, file("a/b")))).toMatchObject({
      message: "Attachments of these types are allowed in this room: none.",
    });
  });
});
