/** A notification in few words: what it says with text and without, and that it is never longer than a phone shows. */
import { describe, expect, test } from "bun:test";
import { messageIdOf, type RoomId, type Seq, type TenantId, type UserId } from "../../../../src/base/ids.ts";
import { NOTIFY_BODY_LENGTH_MAX, NOTIFY_TITLE_LENGTH_MAX } from "../../../../src/base/limits.ts";
import type { Told } from "../../../../src/domain/notify/audience.ts";
import { notificationOf, type Spoken, type Wording } from "../../../../src/domain/notify/notification.ts";

const ann = "ann" as UserId;
const told = (reason: Told["reason"], seq: Seq): Told => ({
  reason,
  occasion: {
    ...{ seq, at: 1_000 + seq, kind: reason === "invite" ? "invite" : "message" },
    ...{ by: ann, author: ann, users: [], everybody: false },
  },
});
const spoken = (seq: Seq, content: string, messageType = "text"): readonly [Seq, Spoken] => [
  seq,
  { messageId: messageIdOf(seq), authorName: "Ann", content, messageType },
];
const wording = (more: Partial<Wording> = {}): Wording => ({
  ...{ id: "n1", collapseKey: "c1", tenantId: "acme" as TenantId, userId: "ben" as UserId },
  ...{ roomId: "talk" as RoomId, roomName: "Talk", roomType: "group", withText: true },
  spoken: new Map([spoken(5, "hello\n  there"), spoken(6, "again")]),
  ...more,
});

test("one message says who and what, on one line", () => {
  expect(notificationOf([told("mention", 5)], wording())).toEqual({
    ...{ id: "n1", collapseKey: "c1", tenantId: "acme" as TenantId, userId: "ben" as UserId },
    ...{ roomId: "talk" as RoomId, roomName: "Talk", roomType: "group", reason: "mention", count: 1 },
    ...{ title: "Talk", body: "Ann: hello there", author: ann, authorName: "Ann" },
    ...{ messageId: messageIdOf(5), fromSeq: 5, toSeq: 5, at: 1_005 },
  });
});

test("several are one: the last one's words, how many, the strongest reason, from where to where", () => {
  const { body, count, reason, fromSeq, toSeq, messageId } = notificationOf(
    [told("mention", 5), told("message", 6)],
    wording(),
  );
  expect({ body, count, reason, fromSeq, toSeq, messageId }).toEqual({
    ...{ body: "Ann: again (2 new)", count: 2, reason: "mention" },
    ...{ fromSeq: 5, toSeq: 6, messageId: messageIdOf(6) },
  });
});

test("of a room of two the title is the other one", () => {
  const { title, body } = notificationOf([told("direct", 6)], wording({ roomType: "direct", roomName: "" }));
  expect([title, body]).toEqual(["Ann", "again"]);
});

describe("without text", () => {
  const cases: readonly (readonly [Told["reason"], string])[] = [
    ["mention", "Ann mentioned you"],
    ["mention_all", "Ann mentioned everybody"],
    ["reply", "Ann replied"],
    ["direct", "Ann sent a message"],
    ["message", "Ann sent a message"],
    ["invite", "Ann invites you"],
  ];
  for (const [reason, says] of cases) {
    test(`${reason}: ${says}`, () => {
      const made = notificationOf([told(reason, 5)], wording({ withText: false }));
      expect(made.body).toBe(says);
      expect(JSON.stringify(made)).not.toContain("hello");
    });
  }
  test("several are counted", () => {
    const made = notificationOf([told("mention", 5), told("message", 6)], wording({ withText: false }));
    expect(made.body).toBe("2 new messages");
  });
});

test("what has no text says what it is", () => {
  const image = wording({ spoken: new Map([spoken(5, "", "image")]) });
  expect(notificationOf([told("message", 5)], image).body).toBe("Ann sent an image");
});

test("title and body are cut behind their bounds, and between letters", () => {
  const say = (text: string, roomName: string) =>
    notificationOf([told("message", 5)], wording({ roomName, spoken: new Map([spoken(5, text)]) }));
  const fits = "x".repeat(NOTIFY_BODY_LENGTH_MAX - "Ann: ".length);
  expect(say(fits, "R".repeat(NOTIFY_TITLE_LENGTH_MAX))).toMatchObject({
    body: `Ann: ${fits}`,
    title: "R".repeat(NOTIFY_TITLE_LENGTH_MAX),
  });
  const long = say(`${fits}😀😀`, "R".repeat(NOTIFY_TITLE_LENGTH_MAX + 1));
  expect([...long.body]).toHaveLength(NOTIFY_BODY_LENGTH_MAX);
  expect([...long.title]).toHaveLength(NOTIFY_TITLE_LENGTH_MAX);
  expect(long.body.isWellFormed()).toBe(true);
});
