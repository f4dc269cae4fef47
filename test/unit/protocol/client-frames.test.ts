/** One suite for all codecs: what they accept, what they refuse, and how they say so. */
import { describe, expect, test } from "bun:test";
import {
  ATTACHMENTS_MAX,
  CLIENT_ID_LENGTH_MAX,
  CUSTOM_STATUS_LENGTH_MAX,
  EMOJI_LENGTH_MAX,
  FILE_NAME_LENGTH_MAX,
  FILE_TYPES_MAX,
  ID_LENGTH_MAX,
  INVITE_LENGTH_MAX,
  MEDIA_TYPE_LENGTH_MAX,
  MENTIONS_MAX,
  MESSAGE_IDS_MAX,
  PARTICIPANTS_MAX,
  POLL_OPTION_LENGTH_MAX,
  POLL_OPTIONS_MAX,
  POLL_QUESTION_LENGTH_MAX,
  PSEUDONYM_REASON_LENGTH_MAX,
  REASON_LENGTH_MAX,
  REF_LENGTH_MAX,
  ROOM_DESCRIPTION_LENGTH_MAX,
  ROOM_NAME_LENGTH_MAX,
  ROOMS_PER_CONNECTION_MAX,
  TAG_LENGTH_MAX,
  TAGS_MAX,
  TOKEN_LENGTH_MAX,
  URL_LENGTH_MAX,
} from "../../../src/base/limits.ts";
import type { ErrorCode } from "../../../src/protocol/errors.ts";
import { MESSAGE_TYPES, PRESENCE_STATUSES, ROOM_TYPES } from "../../../src/protocol/frames.ts";
import { createSpeakers, MESSAGE_LENGTH_MAX } from "./speakers.ts";

type Loose = Readonly<Record<string, unknown>>;

const chars = (count: number): string => "x".repeat(count);
const items = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);
const rooms = (count: number): Loose => Object.fromEntries(items(count, 7).map((seq, i) => [`r${i}`, seq]));

const attachment = { id: "a", type: "image", url: "https://a.b/c", fileName: "c", fileSize: 1, mimeType: "image/png" };
const send = { type: "send_message", ref: "r", roomId: "room", content: "hi" };
const create = { type: "create_room", ref: "r", roomId: "room" };
const update = { type: "update_room", ref: "r", roomId: "room" };
const keepOut = { type: "ban_member", ref: "r", roomId: "room", userId: "usr_2" };
const invite = { type: "create_invite", ref: "r", roomId: "room" };
const revoke = { type: "revoke_invite", ref: "r", roomId: "room", invite: "code" };
const join = { type: "join_room", ref: "r", roomId: "room" };
const react = { type: "message_reaction", ref: "r", roomId: "room", messageId: "msg_1", emoji: "👍" };
const edit = { type: "edit_message", ref: "r", roomId: "room", messageId: "msg_1", content: "hi" };
const remove = { type: "delete_message", ref: "r", roomId: "room", messageId: "msg_1" };
const read = { type: "mark_read", ref: "r", roomId: "room", seq: 3 };
const confirm = { type: "confirm_delivered", ref: "r", roomId: "room", seq: 3 };
const presence = { type: "set_presence", ref: "r", status: "online" };
const resume = { type: "resume", ref: "r", rooms: { room: 3 } };
const question = { question: "Where?", options: [{ text: "here" }, { text: "there" }] };
const ask = { type: "send_message", ref: "r", roomId: "room", content: "", messageType: "poll", poll: question };
const vote = { type: "vote_poll", ref: "r", roomId: "room", messageId: "msg_1", choices: [0] };
const ban = { type: "ban_pseudonym", ref: "r", roomId: "room", pseudonym: "anon_1" };
const auth = { type: "auth", ref: "r", token: "t" };

/** A valid frame, one field's value at the bound, and one past it; the code when it is not `invalid_field`. */
const BOUNDS: readonly (readonly [frame: Loose, field: string, atBound: unknown, past: unknown, code?: ErrorCode])[] = [
  [send, "content", chars(MESSAGE_LENGTH_MAX), chars(MESSAGE_LENGTH_MAX + 1), "content_too_long"],
  [send, "content", "🚀".repeat(MESSAGE_LENGTH_MAX), "🚀".repeat(MESSAGE_LENGTH_MAX + 1), "content_too_long"],
  [edit, "content", chars(MESSAGE_LENGTH_MAX), chars(MESSAGE_LENGTH_MAX + 1), "content_too_long"],
  [edit, "content", "x", ""],
  [send, "clientId", chars(CLIENT_ID_LENGTH_MAX), chars(CLIENT_ID_LENGTH_MAX + 1)],
  [send, "clientId", "x", ""],
  [send, "knownSeq", Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER + 1],
  [send, "knownSeq", 0, -1],
  [send, "replyTo", chars(ID_LENGTH_MAX), chars(ID_LENGTH_MAX + 1)],
  [send, "mentions", items(MENTIONS_MAX, "u"), items(MENTIONS_MAX + 1, "u")],
  [send, "mentions", ["u"], ["u", "not an id"]],
  [send, "attachments", items(ATTACHMENTS_MAX, attachment), items(ATTACHMENTS_MAX + 1, attachment)],
  ...(
    [
      ["id", ID_LENGTH_MAX],
      ["type", MEDIA_TYPE_LENGTH_MAX],
      ["fileName", FILE_NAME_LENGTH_MAX],
      ["mimeType", MEDIA_TYPE_LENGTH_MAX],
    ] as const
  ).map(([name, max]) => {
    const value = (length: number): unknown => [{ ...attachment, [name]: chars(length) }];
    return [send, "attachments", value(max), value(max + 1)] as const;
  }),
  [send, "attachments", [{ ...attachment, fileSize: 0 }], [{ ...attachment, fileSize: -1 }]],
  [send, "attachments", [{ ...attachment, url: "/files/1" }], [{ ...attachment, url: "javascript:alert(1)" }]],
  [send, "attachments", [{ ...attachment, thumbnailUrl: "/t" }], [{ ...attachment, thumbnailUrl: "//host/t" }]],
  [send, "attachments", [{ ...attachment, url: "/f\\" }], [{ ...attachment, url: "/\\host/f" }]],
  [create, "name", chars(ROOM_NAME_LENGTH_MAX), chars(ROOM_NAME_LENGTH_MAX + 1)],
  [create, "description", chars(ROOM_DESCRIPTION_LENGTH_MAX), chars(ROOM_DESCRIPTION_LENGTH_MAX + 1)],
  [create, "participants", items(PARTICIPANTS_MAX, "u"), items(PARTICIPANTS_MAX + 1, "u")],
  [create, "avatar", `/${chars(URL_LENGTH_MAX - 1)}`, `/${chars(URL_LENGTH_MAX)}`],
  [create, "maxMembers", 1, 0],
  [create, "tags", items(TAGS_MAX, chars(TAG_LENGTH_MAX)), items(TAGS_MAX + 1, "t")],
  [create, "tags", ["t"], [chars(TAG_LENGTH_MAX + 1)]],
  [update, "name", chars(ROOM_NAME_LENGTH_MAX), chars(ROOM_NAME_LENGTH_MAX + 1)],
  [update, "banner", `/${chars(URL_LENGTH_MAX - 1)}`, `/${chars(URL_LENGTH_MAX)}`],
  [update, "maxFileSize", 1, 0],
  [update, "allowedFileTypes", items(FILE_TYPES_MAX, ".a"), items(FILE_TYPES_MAX + 1, ".a")],
  [update, "allowedFileTypes", [chars(MEDIA_TYPE_LENGTH_MAX)], [chars(MEDIA_TYPE_LENGTH_MAX + 1)]],
  [update, "messageRetention", 0, -1],
  [update, "slowModeSeconds", 0, -1],
  [join, "invite", chars(INVITE_LENGTH_MAX), chars(INVITE_LENGTH_MAX + 1)],
  [join, "message", chars(REASON_LENGTH_MAX), chars(REASON_LENGTH_MAX + 1)],
  [keepOut, "reason", chars(REASON_LENGTH_MAX), chars(REASON_LENGTH_MAX + 1)],
  [keepOut, "durationMs", 1, 0],
  [keepOut, "userId", chars(ID_LENGTH_MAX), chars(ID_LENGTH_MAX + 1)],
  [invite, "durationMs", 1, 0],
  [invite, "maxUses", 1, 0],
  [revoke, "invite", chars(INVITE_LENGTH_MAX), chars(INVITE_LENGTH_MAX + 1)],
  [join, "lastSeq", 0, 0.5],
  [join, "roomId", chars(ID_LENGTH_MAX), chars(ID_LENGTH_MAX + 1)],
  [react, "emoji", chars(EMOJI_LENGTH_MAX), chars(EMOJI_LENGTH_MAX + 1)],
  [react, "emoji", "x", ""],
  [read, "messageIds", items(MESSAGE_IDS_MAX, "m"), items(MESSAGE_IDS_MAX + 1, "m")],
  [read, "messageIds", ["m"], []],
  [presence, "customStatus", chars(CUSTOM_STATUS_LENGTH_MAX), chars(CUSTOM_STATUS_LENGTH_MAX + 1)],
  [ask, "poll", { ...question, question: "?" }, { ...question, question: "" }],
  [
    ask,
    "poll",
    { ...question, question: chars(POLL_QUESTION_LENGTH_MAX) },
    { ...question, question: chars(POLL_QUESTION_LENGTH_MAX + 1) },
  ],
  [
    ask,
    "poll",
    { ...question, options: items(POLL_OPTIONS_MAX, { text: chars(POLL_OPTION_LENGTH_MAX) }) },
    { ...question, options: items(POLL_OPTIONS_MAX + 1, { text: "o" }) },
  ],
  [ask, "poll", question, { ...question, options: [{ text: chars(POLL_OPTION_LENGTH_MAX + 1) }] }],
  [ask, "poll", { ...question, maxChoices: 1 }, { ...question, maxChoices: 0 }],
  [ask, "poll", { ...question, closesAt: 0 }, { ...question, closesAt: -1 }],
  [vote, "choices", items(POLL_OPTIONS_MAX, 0), items(POLL_OPTIONS_MAX + 1, 0)],
  [vote, "choices", [], [-1]],
  [ban, "reason", chars(PSEUDONYM_REASON_LENGTH_MAX), chars(PSEUDONYM_REASON_LENGTH_MAX + 1)],
  [resume, "rooms", rooms(ROOMS_PER_CONNECTION_MAX), rooms(ROOMS_PER_CONNECTION_MAX + 1), "too_many_rooms"],
  [resume, "rooms", { room: 0 }, { room: -1 }],
  [resume, "rooms", {}, { "no room": 1 }],
  [auth, "token", chars(TOKEN_LENGTH_MAX), chars(TOKEN_LENGTH_MAX + 1)],
];

/** A valid frame, one field, and values of the wrong type or kind for it. */
const WRONG: readonly (readonly [frame: Loose, field: string, values: readonly unknown[]])[] = [
  [send, "content", [1, true, ["x"], { a: 1 }]],
  [send, "anonymous", ["yes", 1, [true]]],
  [ask, "poll", ["Where?", 1, [1, 2], { ...question, multiple: 1 }, { ...question, closesAt: "tomorrow" }]],
  [ask, "poll", ["2025-09-29", "2025-09-29T10:25:00", true].map((closesAt) => ({ ...question, closesAt }))],
  [vote, "choices", [0, "0", { 0: 0 }, ["0"], [0.5]]],
  [ban, "pseudonym", ["", "a b", 1]],
  [send, "messageType", ["txt", 1, ["text"]]],
  [send, "replyTo", ["", "a b", 1, "a/b"]],
  [send, "mentions", ["usr_1", { 0: "usr_1" }, [1]]],
  [send, "attachments", [attachment, ["x"], [1]]],
  [send, "clientId", [1, ["x"]]],
  [send, "knownSeq", ["1", 1.5, 2 ** 60]],
  [send, "roomId", [1, "", "a b", ["room"], { room: 1 }]],
  [create, "name", [1]],
  [create, "description", [1]],
  [create, "roomType", ["secret", 1]],
  [create, "participants", ["u", [""]]],
  [create, "isPrivate", ["false", 0]],
  [create, "avatar", ["data:text/html,x", 1]],
  [create, "maxMembers", ["1", 1.5]],
  [create, "allowInvites", [1]],
  [create, "tags", ["t", [""], [1]]],
  [create, "roomId", [1, "a#b"]],
  [update, "requireApproval", ["yes"]],
  [update, "allowFileUploads", [1]],
  [update, "enableAI", ["true"]],
  [update, "moderationLevel", ["severe", 1]],
  [update, "allowAnonymous", [0]],
  [join, "invite", [1, ""]],
  [{ ...keepOut, type: "mute_member" }, "durationMs", ["1", 1.5, -1]],
  [{ ...keepOut, type: "add_member" }, "role", ["boss", 1]],
  [{ ...keepOut, type: "set_role", role: "admin" }, "role", ["boss", 1]],
  [{ ...keepOut, type: "transfer_room" }, "userId", ["", "a b", 1]],
  [{ ...invite, type: "archive_room" }, "archived", [1, "true"]],
  [{ ...keepOut, type: "answer_request", approve: true }, "approve", [1, "true"]],
  [join, "lastSeq", ["3", -1]],
  [{ type: "leave_room", ref: "r", roomId: "room" }, "membership", [1, "true"]],
  [edit, "messageId", [1, ""]],
  [edit, "content", [1]],
  [remove, "messageId", [1, "a b"]],
  [react, "messageId", [1]],
  [react, "emoji", [1]],
  [react, "action", ["toggle", 1]],
  [read, "seq", [-1, "3"]],
  [read, "messageIds", ["m", [1]]],
  [confirm, "seq", [-1, "3"]],
  [presence, "status", ["here", 1]],
  [presence, "customStatus", [1]],
  [resume, "rooms", [["room"], "room", { room: "3" }, { room: null }]],
  [auth, "token", [1, ""]],
];

const REQUIRED: readonly (readonly [frame: Loose, fields: readonly string[]])[] = [
  [send, ["roomId", "content"]],
  [join, ["roomId"]],
  [keepOut, ["roomId", "userId"]],
  [revoke, ["roomId"]],
  [{ ...keepOut, type: "set_role", role: "admin" }, ["userId", "role"]],
  [{ ...keepOut, type: "answer_request", approve: true }, ["userId", "approve"]],
  [{ type: "revoke_invite", ref: "r", roomId: "room", userId: "u" }, ["userId"]],
  [{ type: "leave_room", ref: "r", roomId: "room" }, ["roomId"]],
  [edit, ["roomId", "messageId", "content"]],
  [remove, ["roomId", "messageId"]],
  [react, ["roomId", "messageId", "emoji"]],
  [{ type: "typing_start", ref: "r", roomId: "room" }, ["roomId"]],
  [{ type: "typing_stop", ref: "r", roomId: "room" }, ["roomId"]],
  [read, ["roomId", "seq"]],
  [confirm, ["roomId", "seq"]],
  [presence, ["status"]],
  [resume, ["rooms"]],
  [auth, ["token"]],
];

for (const { name, codec, say, spell } of createSpeakers()) {
  describe(name, () => {
    const refusal = (frame: Loose): unknown => {
      const result = codec.decode(say(frame));
      return result.ok ? `accepted ${JSON.stringify(frame).slice(0, 200)}` : result.error;
    };

    test("a field at its bound is accepted and one past it is refused by name", () => {
      for (const [frame, field, atBound, past, code] of BOUNDS) {
        const result = codec.decode(say({ ...frame, [field]: atBound }));
        expect(result).toStrictEqual({ ok: true, value: { ...frame, [field]: atBound } } as never);
        expect(refusal({ ...frame, [field]: past })).toMatchObject({ code: code ?? "invalid_field", field, ref: "r" });
      }
    });

    test("a value of the wrong type is refused with the field's name", () => {
      for (const [frame, field, values] of WRONG) {
        for (const value of values) {
          expect(refusal({ ...frame, [field]: value })).toMatchObject({ code: "invalid_field", field, ref: "r" });
        }
      }
    });

    test("a missing or null required field is refused with its name", () => {
      for (const [frame, fields] of REQUIRED) {
        for (const field of fields) {
          for (const absent of [undefined, null]) {
            expect(refusal({ ...frame, [field]: absent })).toMatchObject({ code: "missing_field", field, ref: "r" });
          }
        }
      }
    });

    test("null means absent for an optional field", () => {
      const frame = { ...send, replyTo: null, mentions: null, clientId: null };
      expect(codec.decode(say(frame))).toStrictEqual({ ok: true, value: send } as never);
    });

    test("the sentence of an error names the field as the client spelled it, and the limit or the choices", () => {
      const message = (frame: Loose): string => {
        const result = codec.decode(say(frame));
        return result.ok ? "accepted" : (result.error.message ?? "");
      };
      expect(message({ ...send, messageType: "txt" })).toBe(
        `${spell("messageType")} must be one of ${MESSAGE_TYPES.join(", ")}.`,
      );
      expect(message({ ...create, roomType: "x" })).toContain(ROOM_TYPES.join(", "));
      expect(message({ ...presence, status: "x" })).toContain(PRESENCE_STATUSES.join(", "));
      expect(message({ ...send, content: chars(41) })).toBe("content has 41 characters; at most 40 are allowed.");
      expect(message({ ...send, attachments: [{ ...attachment, fileName: 1 }] })).toBe(
        `attachments[0].${spell("fileName")} must be a string.`,
      );
    });

    test("content may be empty only when something is attached", () => {
      expect(refusal({ ...send, content: "" })).toMatchObject({ code: "invalid_field", field: "content", ref: "r" });
      const withFile = { ...send, content: "", attachments: [attachment] };
      expect(codec.decode(say(withFile))).toStrictEqual({ ok: true, value: withFile } as never);
    });

    test("a room to be created may do without an id, and no other frame", () => {
      const { roomId: _, ...nameless } = create;
      expect(codec.decode(say(nameless))).toStrictEqual({ ok: true, value: nameless } as never);
      expect(codec.decode(say(create))).toStrictEqual({ ok: true, value: create } as never);
      const header = { type: "create_room" as const, ref: "r", roomId: undefined };
      expect(codec.peek(say(nameless))).toStrictEqual({ ok: true, value: header });
    });

    test("peek reads type, ref and room, and leaves the rest to decode", () => {
      const peeked = (frame: Loose): unknown => codec.peek(say(frame));
      const header = { type: "send_message", ref: "r", roomId: "room" };
      expect(peeked({ ...send, content: 5 })).toStrictEqual({ ok: true, value: header } as never);
      expect(peeked(send)).toStrictEqual({ ok: true, value: header } as never);
      expect(peeked({ type: "ping" })).toStrictEqual({
        ok: true,
        value: { type: "ping", ref: undefined, roomId: undefined },
      } as never);
      expect(peeked({ ...send, roomId: undefined })).toMatchObject({
        error: { code: "missing_field", field: "roomId", ref: "r" },
      });
      expect(peeked({ ...send, roomId: "a b" })).toMatchObject({
        error: { code: "invalid_field", field: "roomId", ref: "r" },
      });
    });

    test("ref is a string up to its bound or a safe whole number", () => {
      for (const ref of [0, 1, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, "", chars(REF_LENGTH_MAX)]) {
        expect(codec.decode(say({ type: "ping", ref }))).toStrictEqual({ ok: true, value: { type: "ping", ref } });
      }
      for (const ref of [1.5, 2 ** 60, true, ["r"], { a: 1 }, chars(REF_LENGTH_MAX + 1)]) {
        for (const result of [codec.decode(say({ type: "ping", ref })), codec.peek(say({ type: "ping", ref }))]) {
          expect(result).toMatchObject({ ok: false, error: { code: "invalid_field", field: "ref" } });
        }
      }
    });
  });
}
