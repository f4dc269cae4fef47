/** The log's bytes: every event comes back as it was, and what is unknown is refused. */
import { expect, test } from "bun:test";
import { decode, encode } from "@msgpack/msgpack";
import { decodeEntries, encodeEntries } from "../../../src/actors/log-codec.ts";
import { itemKey, messageIdOf, type UserId } from "../../../src/base/ids.ts";
import type { LogEvent } from "../../../src/domain/room/events.ts";

const ANN = "ann" as UserId;
const BEN = "ben" as UserId;
const AT = 1_750_000_000_123;
const common = { timestamp: AT, by: ANN, clientId: "c-1", bodyHash: 0xffff_ffff };
const bare = { timestamp: AT, by: ANN };
const settings = { type: "group", name: "Ünïcødé 🙂", maxMembers: 50, allowInvites: false } as const;

/** One of each kind with everything it may have, and one with as little as it may have. */
const KINDS: readonly LogEvent[] = [
  { kind: "fence", seq: 7, timestamp: AT, epoch: 3, owner: "node-1" },
  {
    kind: "room_created",
    seq: 8,
    ...common,
    settings: { ...settings, description: "d", avatar: "https://a", tags: ["x", "y"] },
  },
  { kind: "room_updated", seq: 9, ...common, settings },
  { kind: "member_joined", seq: 10, ...common, userId: BEN, role: "moderator", name: "Ben", avatar: "https://b" },
  { kind: "member_joined", seq: 11, ...bare, userId: BEN, role: "member" },
  { kind: "member_changed", seq: 12, ...common, userId: BEN, role: "admin", previousRole: "moderator" },
  { kind: "member_left", seq: 13, ...common, userId: BEN, role: "admin", reason: "banned" },
  {
    kind: "message_sent",
    seq: 14,
    ...common,
    messageNo: 2 ** 33,
    messageType: "image",
    content: "hello 🙂",
    authorName: "Ann",
    authorAvatar: "https://c",
    replyTo: messageIdOf(3),
    mentions: [BEN],
    attachments: [
      {
        id: "1",
        type: "image",
        url: "https://d",
        fileName: "d",
        fileSize: 1,
        mimeType: "image/png",
        thumbnailUrl: "https://t",
      },
    ],
  },
  { kind: "member_joined", seq: 10, ...common, userId: BEN, role: "member", name: "Ben", quiet: true },
  { kind: "member_left", seq: 13, ...common, userId: BEN, role: "admin", reason: "left", name: "Ben" },
  { kind: "member_left", seq: 13, ...bare, userId: BEN, role: "member", reason: "removed", quiet: true },
  {
    kind: "member_joined",
    seq: 10,
    ...common,
    userId: BEN,
    role: "member",
    requested: true,
    invited: true,
    code: "code",
    mutedUntil: AT,
  },
  { kind: "member_joined", seq: 10, ...bare, userId: BEN, role: "member", mutedUntil: null, quiet: true },
  { kind: "member_joined", seq: 10, ...bare, userId: BEN, role: "member", code: "code" },
  { kind: "room_deleted", seq: 11, ...common },
  { kind: "member_banned", seq: 12, ...common, userId: BEN, until: AT, reason: "spam", replaces: true },
  { kind: "member_banned", seq: 12, ...bare, userId: BEN },
  { kind: "member_banned", seq: 12, ...bare, userId: BEN, stranger: true },
  { kind: "ban_lifted", seq: 13, ...common, userId: BEN },
  { kind: "member_muted", seq: 14, ...common, userId: BEN, until: AT, reason: "spam", replaces: true },
  { kind: "member_muted", seq: 14, ...bare, userId: BEN },
  { kind: "mute_lifted", seq: 15, ...common, userId: BEN },
  { kind: "invite_made", seq: 16, ...common, userId: BEN, until: AT, replaces: true },
  { kind: "invite_made", seq: 16, ...bare, code: "code", until: AT, usesMax: 3 },
  { kind: "invite_ended", seq: 17, ...common, userId: BEN, reason: "declined" },
  { kind: "invite_ended", seq: 17, ...bare, code: "code", reason: "revoked" },
  { kind: "join_requested", seq: 18, ...common, name: "Ben", avatar: "https://b", message: "please" },
  { kind: "join_requested", seq: 18, ...bare },
  { kind: "join_request_ended", seq: 19, ...common, userId: BEN, reason: "denied" },
  { kind: "join_request_ended", seq: 19, ...bare, userId: BEN, reason: "withdrawn" },
  { kind: "message_sent", seq: 15, ...bare, messageNo: 1, messageType: "text", content: "" },
  { kind: "message_sent", seq: 16, ...bare, messageNo: 1, messageType: "text", content: "x", mentions: [BEN] },
  { kind: "message_edited", seq: 17, ...common, target: 14, content: "edited" },
  { kind: "message_deleted", seq: 18, ...common, target: 14 },
  { kind: "reaction_changed", seq: 19, ...common, target: 15, emoji: "🎉", added: true, count: 12 },
  { kind: "reaction_changed", seq: 20, ...bare, target: 15, emoji: "🎉", added: false, count: 0 },
  {
    kind: "message_sent",
    seq: 21,
    ...common,
    messageNo: 3,
    messageType: "poll",
    content: "Where?",
    as: "anon_1" as UserId,
    isFirstAs: true,
    poll: { question: "Where?", options: ["here", "there"], choicesMax: 2, anonymous: true, closesAt: AT },
  },
  {
    kind: "message_sent",
    seq: 22,
    ...bare,
    messageNo: 4,
    messageType: "poll",
    content: "Where?",
    poll: { question: "Where?", options: ["here", "there"], choicesMax: 1, anonymous: false },
  },
  { kind: "message_edited", seq: 23, ...bare, target: 21, content: "edited", as: "anon_1" as UserId },
  { kind: "message_deleted", seq: 24, ...bare, target: 21, as: "anon_1" as UserId },
  {
    kind: "moderation_changed",
    seq: 25,
    ...common,
    rules: [
      { id: "ads", action: "hold", words: ["buy", "sell"], match: "part", reason: "No advertising." },
      { id: "card", action: "replace", pattern: "\\d{16}", replacement: "[card]" },
    ],
  },
  {
    kind: "message_held",
    seq: 26,
    ...common,
    message: { content: "buy", messageType: "text", mentions: [BEN], replyTo: messageIdOf(3) },
    authorName: "Ann",
    authorAvatar: "https://c",
    finding: { source: "rule", rule: "ads", action: "hold", reason: "No advertising." },
  },
  {
    kind: "message_held",
    seq: 27,
    ...bare,
    message: { content: "buy", messageType: "text" },
    finding: { source: "hook", rule: "hook", action: "hold", reason: "Unsure." },
    as: "anon_1" as UserId,
    isFirstAs: true,
  },
  { kind: "held_resolved", seq: 28, ...common, heldSeq: 27, author: BEN, userAs: BEN, approved: false, reason: "No." },
  { kind: "held_resolved", seq: 29, ...bare, heldSeq: 26, author: BEN, approved: true },
  {
    kind: "reported",
    seq: 30,
    ...common,
    messageSeq: 21,
    userId: BEN,
    userAs: "anon_1" as UserId,
    reason: "Rude",
    details: "Again.",
    excerpt: "Where?",
    finding: { source: "level", rule: "links", action: "flag", reason: "Links." },
    first: true,
  },
  { kind: "reported", seq: 31, ...bare, userId: BEN, reason: "Rude", first: false },
  {
    kind: "report_resolved",
    seq: 32,
    ...common,
    report: "m0000000000000021",
    action: "delete",
    userId: BEN,
    userAs: "anon_1" as UserId,
    messageId: messageIdOf(21),
    reason: "No insults.",
  },
  { kind: "report_resolved", seq: 33, ...bare, report: "uben", action: "dismiss", userId: BEN },
  { kind: "poll_voted", seq: 25, ...common, target: 22, choices: [1], votes: [0, 1], voters: 1 },
  { kind: "poll_voted", seq: 26, ...bare, target: 22, choices: [], votes: [0, 0], voters: 0 },
  { kind: "poll_closed", seq: 27, ...common, target: 22, votes: [0, 0], voters: 0 },
  { kind: "poll_closed", seq: 28, ...bare, target: 21, votes: [3, 1], voters: 4, as: "anon_1" as UserId },
  {
    kind: "pseudonym_changed",
    seq: 29,
    ...common,
    pseudonym: "anon_1" as UserId,
    name: "Guest Heron 42",
    banned: true,
    reason: "spam",
  },
  {
    kind: "pseudonym_changed",
    seq: 30,
    ...bare,
    pseudonym: "anon_1" as UserId,
    name: "Guest Heron 42",
    banned: false,
  },
  { kind: "rows_erased", seq: 31, ...common, userId: BEN, items: [[itemKey("requests", "ben"), null]] },
  { kind: "thread_follow_changed", seq: 32, ...common, root: 14, follows: false, no: 3 },
  { kind: "thread_follow_changed", seq: 33, ...bare, root: 14, follows: true, no: 4 },
];

const EVENTS: readonly LogEvent[] = KINDS.map((event, index) => ({ ...event, seq: 7 + index }));

test("events of every kind come back as they were, numbered from the segment's first sequence", () => {
  expect(decodeEntries(7, encodeEntries(EVENTS))).toEqual([...EVENTS]);
  for (const event of EVENTS) expect(decodeEntries(event.seq, encodeEntries([event]))).toEqual([event]);
});

test("that somebody follows a thread is to versions which do not know of it a row of the room, with its place and its person", () => {
  for (const [follows, row] of [
    [true, { no: 4 }],
    [false, null],
  ] as const) {
    const event: LogEvent = { kind: "thread_follow_changed", seq: 9, ...common, root: 14, follows, no: 4 };
    const rowsErased = [81, AT, ANN, "c-1", 0xffff_ffff, ANN, [[itemKey("f.ann", "0000000000000014"), row]]];
    const [, entry] = decode(encodeEntries([event])) as [number, unknown[]];
    expect(entry.slice(0, 7)).toEqual(rowsErased);
    // What such a version wrote is nobody's following.
    expect(decodeEntries(9, encode([1, rowsErased]))).toEqual([
      { kind: "rows_erased", seq: 9, ...common, userId: ANN, items: [[itemKey("f.ann", "0000000000000014"), row]] },
    ]);
  }
});

test("entries of an unknown version, an unknown kind and no entries at all are refused", () => {
  expect(() => decodeEntries(1, encode([2, [6, AT, "ann"]]))).toThrow("version 2");
  expect(() => decodeEntries(1, encode([1, [99, AT, "ann"]]))).toThrow("unknown kind 99");
  expect(() => decodeEntries(1, new Uint8Array(0))).toThrow();
});

test("encoded entries are the caller's: encoding more changes nothing in them", () => {
  const first = encodeEntries(EVENTS);
  const copy = first.slice();
  for (let i = 0; i < 200; i += 1) encodeEntries(EVENTS);
  expect(first).toEqual(copy);
});
