/**
 * The one table of client frames: operation number, room, fields in their positional order. MessagePack reads it by
 * position, JSON by name. Invariant: numbers and positions are never reused or moved; new fields are appended.
 */
import type { RoomId } from "../base/ids.ts";
import {
  ATTACHMENTS_MAX,
  CLIENT_ID_LENGTH_MAX,
  CUSTOM_STATUS_LENGTH_MAX,
  CUSTOM_STATUS_MS_MAX,
  EMOJI_LENGTH_MAX,
  FILE_NAME_LENGTH_MAX,
  FILE_TYPES_MAX,
  ID_LENGTH_MAX,
  INVITE_LENGTH_MAX,
  MEDIA_TYPE_LENGTH_MAX,
  MENTIONS_MAX,
  MESSAGE_IDS_MAX,
  MODERATION_PATTERN_LENGTH_MAX,
  MODERATION_REASON_LENGTH_MAX,
  MODERATION_REPLACEMENT_LENGTH_MAX,
  MODERATION_RULE_ID_LENGTH_MAX,
  MODERATION_RULES_MAX,
  MODERATION_WORD_LENGTH_MAX,
  MODERATION_WORDS_MAX,
  PARTICIPANTS_MAX,
  POLL_OPTION_LENGTH_MAX,
  POLL_OPTIONS_MAX,
  POLL_QUESTION_LENGTH_MAX,
  PSEUDONYM_REASON_LENGTH_MAX,
  REASON_LENGTH_MAX,
  REF_LENGTH_MAX,
  REPORT_DETAILS_LENGTH_MAX,
  REPORT_REASON_LENGTH_MAX,
  ROOM_DESCRIPTION_LENGTH_MAX,
  ROOM_NAME_LENGTH_MAX,
  ROOMS_PER_CONNECTION_MAX,
  TAG_LENGTH_MAX,
  TAGS_MAX,
  TOKEN_LENGTH_MAX,
  URL_LENGTH_MAX,
} from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Unreadable } from "./codec.ts";
import { acceptFields, type Field, type Kind, Problem } from "./fields.ts";
import {
  type ClientFrame,
  type ClientFrameType,
  MESSAGE_TYPES,
  MODERATION_LEVELS,
  PRESENCE_STATUSES,
  ROLES,
  type Ref,
  ROOM_TYPES,
} from "./frames.ts";

export interface FrameSpec {
  readonly type: ClientFrameType;
  /** First element of the positional form. */
  readonly op: number;
  readonly room: "none" | "required" | "optional";
  /** From position 3 on: after operation, `ref` and room. */
  readonly fields: readonly Field[];
  /** What can only be said of several fields together. */
  readonly rule?: (frame: Readonly<Record<string, unknown>>) => Problem | undefined;
}

export type Schema = Readonly<Record<ClientFrameType, FrameSpec>>;

export interface SchemaOptions {
  /** Characters (code points) of a message's content. */
  readonly messageLengthMax: number;
}

const text = (charsMax: number, charsMin = 0): Kind => ({ kind: "string", charsMin, charsMax });
const list = (of: Kind, itemsMax: number, itemsMin = 0): Kind => ({ kind: "list", of, itemsMin, itemsMax });
const oneOf = (values: readonly string[]): Kind => ({ kind: "enum", values });
const required = (name: string, kind: Kind): Field => ({ name, kind, required: true });
const optional = (name: string, kind: Kind): Field => ({ name, kind, required: false });

const id: Kind = { kind: "id" };
const flag: Kind = { kind: "boolean" };
const seq: Kind = { kind: "uint", min: 0 };
const url: Kind = { kind: "url", charsMax: URL_LENGTH_MAX };
const attachment: Kind = {
  kind: "record",
  fields: [
    required("id", text(ID_LENGTH_MAX, 1)),
    required("type", text(MEDIA_TYPE_LENGTH_MAX, 1)),
    required("url", url),
    required("fileName", text(FILE_NAME_LENGTH_MAX, 1)),
    required("fileSize", { kind: "uint", min: 0 }),
    required("mimeType", text(MEDIA_TYPE_LENGTH_MAX, 1)),
    optional("thumbnailUrl", url),
  ],
};

/** What is shown says `isAnonymous`: who writes it as they read it must not be named for it. */
const anonymous: Field = { ...optional("anonymous", flag), aliases: ["isAnonymous"] };

const poll: Kind = {
  kind: "record",
  fields: [
    required("question", text(POLL_QUESTION_LENGTH_MAX, 1)),
    required(
      "options",
      list({ kind: "record", fields: [required("text", text(POLL_OPTION_LENGTH_MAX, 1))] }, POLL_OPTIONS_MAX),
    ),
    optional("multiple", flag),
    optional("maxChoices", { kind: "uint", min: 1 }),
    anonymous,
    optional("closesAt", { kind: "time" }),
  ],
};

const reason = required("reason", text(REPORT_REASON_LENGTH_MAX, 1));
const rule: Kind = {
  kind: "record",
  fields: [
    required("id", text(MODERATION_RULE_ID_LENGTH_MAX, 1)),
    required("action", oneOf(["flag", "replace", "hold", "reject"])),
    optional("words", list(text(MODERATION_WORD_LENGTH_MAX, 1), MODERATION_WORDS_MAX, 1)),
    optional("match", oneOf(["word", "part"])),
    optional("pattern", text(MODERATION_PATTERN_LENGTH_MAX, 1)),
    optional("reason", text(MODERATION_REASON_LENGTH_MAX, 1)),
    optional("replacement", text(MODERATION_REPLACEMENT_LENGTH_MAX)),
  ],
};

/** Every mutation begins with its idempotency key. */
const mutation: readonly Field[] = [optional("clientId", text(CLIENT_ID_LENGTH_MAX, 1)), optional("knownSeq", seq)];

const settings: readonly Field[] = [
  optional("name", text(ROOM_NAME_LENGTH_MAX)),
  optional("description", text(ROOM_DESCRIPTION_LENGTH_MAX)),
  optional("avatar", url),
  optional("maxMembers", { kind: "uint", min: 1 }),
  optional("allowInvites", flag),
  optional("tags", list(text(TAG_LENGTH_MAX, 1), TAGS_MAX)),
];
/** The end of `create_room` and `update_room`: appended to both. */
const laterSettings: readonly Field[] = [
  optional("banner", url),
  optional("requireApproval", flag),
  optional("allowFileUploads", flag),
  optional("maxFileSize", { kind: "uint", min: 1 }),
  optional("allowedFileTypes", list(text(MEDIA_TYPE_LENGTH_MAX, 1), FILE_TYPES_MAX)),
  optional("messageRetention", { kind: "uint", min: 0 }),
  optional("enableAI", flag),
  optional("moderationLevel", oneOf(MODERATION_LEVELS)),
  optional("slowModeSeconds", { kind: "uint", min: 0 }),
  optional("allowAnonymous", flag),
];

const atLeastOne: Kind = { kind: "uint", min: 1 };
const sanction: readonly Field[] = [optional("reason", text(REASON_LENGTH_MAX)), optional("durationMs", atLeastOne)];

/** A mutation that is about one person. */
function about(op: number, ...fields: readonly Field[]): Omit<FrameSpec, "type"> {
  return { op, room: "required", fields: [...mutation, required("userId", id), ...fields] };
}

export function createSchema({ messageLengthMax }: SchemaOptions): Schema {
  const content = (charsMin: number): Field =>
    required("content", { kind: "string", charsMin, charsMax: messageLengthMax, tooLong: "content_too_long" });
  const specs: { readonly [T in ClientFrameType]: Omit<FrameSpec, "type"> } = {
    auth: { op: 1, room: "none", fields: [required("token", text(TOKEN_LENGTH_MAX, 1))] },
    ping: { op: 2, room: "none", fields: [] },
    resume: {
      op: 3,
      room: "none",
      fields: [required("rooms", { kind: "positions", roomsMax: ROOMS_PER_CONNECTION_MAX })],
    },
    set_presence: {
      op: 4,
      room: "none",
      fields: [
        required("status", oneOf(PRESENCE_STATUSES)),
        optional("customStatus", text(CUSTOM_STATUS_LENGTH_MAX)),
        optional("expiresInMs", { kind: "uint", min: 1, max: CUSTOM_STATUS_MS_MAX }),
        optional("auto", flag),
      ],
      rule: autoIsOfDevice,
    },
    block_user: { op: 5, room: "none", fields: [required("userId", id), optional("blocked", flag)] },
    join_room: {
      op: 10,
      room: "required",
      fields: [
        ...mutation,
        optional("lastSeq", seq),
        optional("invite", text(INVITE_LENGTH_MAX, 1)),
        optional("message", text(REASON_LENGTH_MAX)),
      ],
    },
    leave_room: { op: 11, room: "required", fields: [...mutation, optional("membership", flag)] },
    update_room: { op: 13, room: "required", fields: [...mutation, ...settings, ...laterSettings] },
    add_member: about(14, optional("role", oneOf(ROLES))),
    remove_member: about(15),
    set_role: about(16, required("role", oneOf(ROLES))),
    transfer_room: about(17),
    archive_room: { op: 18, room: "required", fields: [...mutation, optional("archived", flag)] },
    delete_room: { op: 19, room: "required", fields: mutation },
    ban_member: about(100, ...sanction),
    unban_member: about(101),
    mute_member: about(102, ...sanction),
    unmute_member: about(103),
    create_invite: {
      op: 104,
      room: "required",
      fields: [
        ...mutation,
        optional("userId", id),
        optional("durationMs", atLeastOne),
        optional("maxUses", atLeastOne),
      ],
    },
    revoke_invite: {
      op: 105,
      room: "required",
      fields: [...mutation, optional("userId", id), optional("invite", text(INVITE_LENGTH_MAX, 1))],
      rule: userOrInvite,
    },
    decline_invite: { op: 106, room: "required", fields: mutation },
    answer_request: about(107, required("approve", flag)),
    create_room: {
      op: 12,
      room: "optional",
      fields: [
        ...mutation,
        optional("name", text(ROOM_NAME_LENGTH_MAX)),
        optional("description", text(ROOM_DESCRIPTION_LENGTH_MAX)),
        optional("roomType", oneOf(ROOM_TYPES)),
        optional("participants", list(id, PARTICIPANTS_MAX)),
        optional("isPrivate", flag),
        optional("avatar", url),
        optional("maxMembers", { kind: "uint", min: 1 }),
        optional("allowInvites", flag),
        optional("tags", list(text(TAG_LENGTH_MAX, 1), TAGS_MAX)),
        ...laterSettings,
      ],
    },
    send_message: {
      op: 20,
      room: "required",
      fields: [
        ...mutation,
        content(0),
        optional("messageType", oneOf(MESSAGE_TYPES)),
        optional("replyTo", id),
        optional("mentions", list(id, MENTIONS_MAX)),
        optional("attachments", list(attachment, ATTACHMENTS_MAX)),
        optional("mentionRoom", flag),
        optional("poll", poll),
        anonymous,
      ],
      rule: contentOrAttachment,
    },
    edit_message: { op: 21, room: "required", fields: [...mutation, required("messageId", id), content(1)] },
    delete_message: { op: 22, room: "required", fields: [...mutation, required("messageId", id)] },
    message_reaction: {
      op: 23,
      room: "required",
      fields: [
        ...mutation,
        required("messageId", id),
        { ...required("emoji", text(EMOJI_LENGTH_MAX, 1)), aliases: ["reaction"] },
        optional("action", oneOf(["add", "remove"])),
      ],
    },
    pin_message: { op: 24, room: "required", fields: [...mutation, required("messageId", id)] },
    mark_thread_read: { op: 26, room: "required", fields: [required("threadId", id), optional("messageId", id)] },
    follow_thread: {
      op: 27,
      room: "required",
      fields: [...mutation, required("threadId", id), optional("follow", flag)],
    },
    unpin_message: { op: 25, room: "required", fields: [...mutation, required("messageId", id)] },
    vote_poll: {
      op: 130,
      room: "required",
      fields: [...mutation, required("messageId", id), required("choices", list(seq, POLL_OPTIONS_MAX))],
    },
    close_poll: { op: 131, room: "required", fields: [...mutation, required("messageId", id)] },
    ban_pseudonym: {
      op: 132,
      room: "required",
      fields: [...mutation, required("pseudonym", id), optional("reason", text(PSEUDONYM_REASON_LENGTH_MAX))],
    },
    unban_pseudonym: { op: 133, room: "required", fields: [...mutation, required("pseudonym", id)] },
    stop_answer: { op: 150, room: "required", fields: [...mutation, required("messageId", id)] },
    typing_start: { op: 30, room: "required", fields: [] },
    typing_stop: { op: 31, room: "required", fields: [] },
    mark_read: {
      op: 32,
      room: "required",
      fields: [optional("seq", seq), optional("messageIds", list(id, MESSAGE_IDS_MAX, 1))],
      rule: seqOrMessageIds,
    },
    report_message: {
      op: 140,
      room: "required",
      fields: [...mutation, required("messageId", id), reason, optional("details", text(REPORT_DETAILS_LENGTH_MAX))],
    },
    report_user: {
      op: 141,
      room: "required",
      fields: [...mutation, required("userId", id), reason, optional("details", text(REPORT_DETAILS_LENGTH_MAX))],
    },
    resolve_report: {
      op: 142,
      room: "required",
      fields: [
        ...mutation,
        required("reportId", id),
        required("action", oneOf(["dismiss", "delete", "mute", "ban"])),
        optional("reason", text(REPORT_REASON_LENGTH_MAX)),
        optional("durationMs", atLeastOne),
      ],
    },
    resolve_held: {
      op: 143,
      room: "required",
      fields: [
        ...mutation,
        required("heldId", id),
        required("approve", flag),
        optional("reason", text(REPORT_REASON_LENGTH_MAX)),
      ],
    },
    set_moderation: {
      op: 144,
      room: "required",
      fields: [...mutation, required("rules", list(rule, MODERATION_RULES_MAX))],
    },
    confirm_delivered: { op: 33, room: "required", fields: [required("seq", seq)] },
    mark_unread: {
      op: 34,
      room: "required",
      fields: [optional("seq", seq), optional("messageId", id), optional("clientId", text(CLIENT_ID_LENGTH_MAX, 1))],
      rule: seqOrMessageId,
    },
  };
  return Object.fromEntries(Object.entries(specs).map(([type, spec]) => [type, { type, ...spec }])) as Schema;
}

function contentOrAttachment(frame: Readonly<Record<string, unknown>>): Problem | undefined {
  if (frame["content"] !== "") return undefined;
  const { attachments } = frame;
  if (frame["poll"] !== undefined || (Array.isArray(attachments) && attachments.length > 0)) return undefined;
  return new Problem("invalid_field", ["content"], "must not be empty when nothing is attached.");
}

function autoIsOfDevice({ auto, status, customStatus }: Readonly<Record<string, unknown>>): Problem | undefined {
  if (auto !== true) return undefined;
  if (status !== "away" && status !== "online") {
    return new Problem("invalid_field", ["status"], "is away or online when a device says it by itself.");
  }
  return customStatus === undefined
    ? undefined
    : new Problem("invalid_field", ["customStatus"], "is chosen by a person, not by a device.");
}

function userOrInvite(frame: Readonly<Record<string, unknown>>): Problem | undefined {
  if (frame["userId"] !== undefined || frame["invite"] !== undefined) return undefined;
  return new Problem("missing_field", ["userId"], "or invite is required.");
}

function seqOrMessageIds(frame: Readonly<Record<string, unknown>>): Problem | undefined {
  if (frame["seq"] !== undefined || frame["messageIds"] !== undefined) return undefined;
  return new Problem("missing_field", ["seq"], "or messageIds is required.");
}

function seqOrMessageId(frame: Readonly<Record<string, unknown>>): Problem | undefined {
  if (frame["seq"] !== undefined || frame["messageId"] !== undefined) return undefined;
  return new Problem("missing_field", ["seq"], "or messageId is required.");
}

export function isRef(value: unknown): value is Ref {
  return typeof value === "string" ? value.length <= REF_LENGTH_MAX : Number.isSafeInteger(value);
}

/** How a codec spells a field's canonical name in sentences for its clients. */
export type Spelling = (name: string) => string;

/** Checks a frame whose header is read; `values` are in the order of the spec's fields. */
export function buildClientFrame(
  spec: FrameSpec,
  ref: Ref | undefined,
  roomId: RoomId | undefined,
  values: readonly unknown[],
  spell: Spelling,
): Result<ClientFrame, Unreadable> {
  const frame: Record<string, unknown> = { type: spec.type };
  if (ref !== undefined) frame["ref"] = ref;
  if (spec.room !== "none") {
    if (roomId !== undefined) frame["roomId"] = roomId;
    else if (spec.room === "required") return err(missingRoom(ref, spell));
  }
  const problem = acceptFields(spec.fields, values, frame) ?? spec.rule?.(frame);
  return problem === undefined ? ok(frame as unknown as ClientFrame) : err(unreadable(problem, ref, spell));
}

export function missingRoom(ref: Ref | undefined, spell: Spelling): Unreadable {
  return unreadable(new Problem("missing_field", ["roomId"], "is required."), ref, spell);
}

export function invalidRoom(ref: Ref | undefined, spell: Spelling): Unreadable {
  const text = "must be an id: 1 to 128 letters, digits or _ . : @ | + = , ~ $ ! * -";
  return unreadable(new Problem("invalid_field", ["roomId"], text), ref, spell);
}

export function invalidRef(): Unreadable {
  const message = `ref must be a string of at most ${REF_LENGTH_MAX} characters or a whole number.`;
  return { code: "invalid_field", field: "ref", message };
}

export function unreadableFrame(message: string, ref?: Ref): Unreadable {
  return { code: "invalid_frame", message, ...(ref === undefined ? {} : { ref }) };
}

export function unknownType(name: string, ref: Ref | undefined): Unreadable {
  const message = `Unknown frame type ${name}. See the list of client frames in the protocol's documentation.`;
  return { code: "unknown_type", field: "type", message, ...(ref === undefined ? {} : { ref }) };
}

function unreadable(problem: Problem, ref: Ref | undefined, spell: Spelling): Unreadable {
  const field = String(problem.path[0]);
  let path = "";
  for (const part of problem.path) {
    if (typeof part === "number") path += `[${part}]`;
    else path += path === "" ? spell(part) : `.${spell(part)}`;
  }
  return {
    code: problem.code,
    field,
    message: `${path} ${problem.text}`,
    ...(ref === undefined ? {} : { ref }),
  };
}
