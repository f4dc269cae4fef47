/**
 * What the server sends with `stoa.v1.json`, as JSON Schema. Invariant: the compiler checks that each record has all fields
 * of its type in `frames.ts`, and the right ones optional.
 */
import { ERRORS } from "./errors.ts";
import type * as Wire from "./frames.ts";
import { MESSAGE_TYPES, MODERATION_LEVELS, PRESENCE_STATUSES, ROLES, ROOM_TYPES, RUN_STATES } from "./frames.ts";
import { BOOLEAN, COUNT, ID, type JsonSchema, listOf, mapOf, REF, refTo, SEQ, TEXT, TIME } from "./json-schema.ts";

type OptionalKey<T> = { [K in keyof T]-?: object extends Pick<T, K> ? K : never }[keyof T];
type Needed<T> = { readonly [K in Exclude<keyof T, OptionalKey<T> | "type">]: JsonSchema };
type Optional<T> = { readonly [K in OptionalKey<T>]: JsonSchema };

/** The compiler sees to it that no field is missing and that none is in the wrong half. */
function record<T>(needed: Needed<T>, optional: Optional<T>, type?: string): JsonSchema {
  return {
    type: "object",
    properties: { ...(type !== undefined && { type: { const: type } }), ...needed, ...optional },
    required: [...(type !== undefined ? ["type"] : []), ...Object.keys(needed)],
  };
}

type EventOf<T extends Wire.RoomEvent["type"]> = Extract<Wire.RoomEvent, { type: T }>;
type ChangeOf<K extends string> = Extract<EventOf<"message_updated">["change"], { kind: K }>;

const ROLE: JsonSchema = { enum: ROLES };
const STATUS: JsonSchema = { enum: PRESENCE_STATUSES };
const CODE: JsonSchema = { enum: Object.keys(ERRORS) };
const USER = refTo("UserRef");

const RUN = { state: { enum: RUN_STATES }, attempt: COUNT };

/** Records that frames have in common. */
export const SERVER_RECORDS: Readonly<Record<string, JsonSchema>> = {
  UserRef: record<Wire.UserRef>({ userId: ID }, { name: TEXT, avatar: TEXT }),
  Attachment: withType(
    record<Omit<Wire.Attachment, "type">>(
      { id: ID, url: TEXT, fileName: TEXT, fileSize: COUNT, mimeType: TEXT },
      { thumbnailUrl: TEXT },
    ),
    TEXT,
  ),
  Reaction: record<Wire.ReactionView>({ count: COUNT, users: listOf(ID) }, { mine: { const: true } }),
  Poll: record<Wire.PollView>(
    {
      question: TEXT,
      options: listOf(record<Wire.PollView["options"][number]>({ text: TEXT, votes: COUNT }, {})),
      choicesMax: COUNT,
      isAnonymous: BOOLEAN,
      isClosed: BOOLEAN,
      voters: COUNT,
    },
    { closesAt: TIME, mine: listOf(COUNT) },
  ),
  Thread: record<Wire.ThreadView>({ replyCount: COUNT, lastReplyAt: TIME, participants: listOf(ID) }, {}),
  ThreadCount: record<Wire.ThreadCount>({ roomId: ID, threadId: ID, unread: COUNT }, {}),
  Message: record<Wire.MessageView>(
    {
      messageId: ID,
      roomId: ID,
      seq: SEQ,
      messageNo: COUNT,
      authorId: ID,
      content: TEXT,
      messageType: { enum: MESSAGE_TYPES },
      timestamp: TIME,
    },
    {
      authorName: TEXT,
      authorAvatar: TEXT,
      clientId: TEXT,
      replyTo: ID,
      mentions: listOf(ID),
      attachments: listOf(refTo("Attachment")),
      editedAt: TIME,
      deletedAt: TIME,
      reactions: mapOf(refTo("Reaction")),
      isAnonymous: { const: true },
      poll: refTo("Poll"),
      threadId: ID,
      mentionsRoom: BOOLEAN,
      thread: refTo("Thread"),
      answer: refTo("Answer"),
    },
  ),
  Answer: record<Wire.AnswerView>(
    { ...RUN, task: TEXT, question: ID, askedBy: ID },
    { reason: TEXT, provider: TEXT, model: TEXT, sources: listOf(ID), sentiment: TEXT },
  ),
  Room: withType(
    record<Omit<Wire.RoomView, "type">>(
      {
        roomId: ID,
        name: TEXT,
        createdBy: ID,
        createdAt: TIME,
        memberCount: COUNT,
        maxMembers: COUNT,
        allowInvites: BOOLEAN,
        lastActivity: TIME,
      },
      {
        description: TEXT,
        avatar: TEXT,
        tags: listOf(TEXT),
        banner: TEXT,
        requireApproval: BOOLEAN,
        allowFileUploads: BOOLEAN,
        maxFileSize: COUNT,
        allowedFileTypes: listOf(TEXT),
        messageRetention: COUNT,
        enableAI: BOOLEAN,
        moderationLevel: { enum: MODERATION_LEVELS },
        slowModeSeconds: COUNT,
        allowAnonymous: BOOLEAN,
        isArchived: BOOLEAN,
      },
    ),
    { enum: ROOM_TYPES },
  ),
  RoomPosition: record<Wire.RoomPosition>(
    { roomId: ID, head: SEQ, typing: listOf(ID), present: listOf(ID) },
    {
      role: ROLE,
      unread: COUNT,
      readSeq: SEQ,
      missing: record<NonNullable<Wire.RoomPosition["missing"]>>({ from: SEQ, to: SEQ }, {}),
      error: CODE,
      presentCount: COUNT,
      memberCount: COUNT,
      mentions: COUNT,
      muted: record<NonNullable<Wire.RoomPosition["muted"]>>({}, { until: TIME }),
    },
  ),
};

/** Where `type` is a field of the record, not the name of a frame or event. */
function withType(schema: JsonSchema, type: JsonSchema): JsonSchema {
  const { properties, required } = schema as { properties: object; required: readonly string[] };
  return { ...schema, properties: { type, ...properties }, required: ["type", ...required] };
}

/** The compiler checks that these are the kinds there are. */
const NOTIFICATION_KINDS = Object.keys({
  mention: 0,
  invite: 0,
  unread: 0,
  announcement: 0,
  reply: 0,
  join_request: 0,
  request_approved: 0,
  request_denied: 0,
  banned: 0,
  invite_ended: 0,
} satisfies Record<Wire.NotificationFrame["kind"], 0>);

const DURABLE = { seq: SEQ, timestamp: TIME };
const PERSON = { user: USER, by: ID, ...DURABLE };
const CHANGE: JsonSchema = {
  oneOf: [
    record<ChangeOf<"content">>({ kind: { const: "content" }, content: TEXT }, {}),
    record<ChangeOf<"reaction">>({ kind: { const: "reaction" }, emoji: TEXT, added: BOOLEAN, count: COUNT }, {}),
    record<ChangeOf<"poll">>(
      {
        kind: { const: "poll" },
        poll: record<Wire.PollResults>({ votes: listOf(COUNT), voters: COUNT, isClosed: BOOLEAN }, {}),
      },
      {},
    ),
    record<ChangeOf<"thread">>(
      { kind: { const: "thread" }, thread: record<Wire.ThreadChange>({ replyCount: COUNT }, { lastReplyAt: TIME }) },
      {},
    ),
  ],
};

/** Events of a room, as they stand in an `events` frame. */
export const EVENT_SCHEMAS: { readonly [T in Wire.RoomEvent["type"]]: JsonSchema } = {
  new_message: record<EventOf<"new_message">>({ message: refTo("Message"), ...DURABLE }, {}, "new_message"),
  message_updated: record<EventOf<"message_updated">>(
    { messageId: ID, change: CHANGE, ...DURABLE },
    { by: ID },
    "message_updated",
  ),
  message_deleted: record<EventOf<"message_deleted">>({ messageId: ID, by: ID, ...DURABLE }, {}, "message_deleted"),
  message_pinned: record<EventOf<"message_pinned">>({ messageId: ID, by: ID, ...DURABLE }, {}, "message_pinned"),
  message_unpinned: record<EventOf<"message_unpinned">>({ messageId: ID, by: ID, ...DURABLE }, {}, "message_unpinned"),
  user_joined: record<EventOf<"user_joined">>({ role: ROLE, ...PERSON }, {}, "user_joined"),
  user_left: record<EventOf<"user_left">>(
    { reason: { enum: ["left", "removed", "banned"] }, ...PERSON },
    {},
    "user_left",
  ),
  member_updated: record<EventOf<"member_updated">>({ role: ROLE, ...PERSON }, {}, "member_updated"),
  room_updated: record<EventOf<"room_updated">>({ room: refTo("Room"), by: ID, ...DURABLE }, {}, "room_updated"),
  pseudonym_updated: record<EventOf<"pseudonym_updated">>(
    { pseudonym: USER, banned: BOOLEAN, by: ID, ...DURABLE },
    { reason: TEXT },
    "pseudonym_updated",
  ),
  ai_response: record<EventOf<"ai_response">>(
    { messageId: ID, content: TEXT, ...RUN, ...DURABLE },
    { by: ID, reason: TEXT, provider: TEXT, model: TEXT, sources: listOf(ID), sentiment: TEXT },
    "ai_response",
  ),
  room_deleted: record<EventOf<"room_deleted">>({ by: ID, ...DURABLE }, {}, "room_deleted"),
  member_muted: record<EventOf<"member_muted">>(PERSON, { until: TIME }, "member_muted"),
  member_unmuted: record<EventOf<"member_unmuted">>(PERSON, {}, "member_unmuted"),
};

/** What the server sends. */
export const SERVER_SCHEMAS: { readonly [T in Wire.ServerFrameType]: JsonSchema } = {
  connection: record<Wire.ConnectionFrame>(
    {
      status: { const: "connected" },
      connectionId: TEXT,
      userId: ID,
      heartbeatMs: COUNT,
      limits: record<Wire.ConnectionFrame["limits"]>({ frameBytes: COUNT, messageLength: COUNT }, {}),
      unread: record<Wire.ConnectionFrame["unread"]>(
        { total: COUNT, rooms: mapOf(COUNT) },
        { mentions: COUNT, mentionRooms: mapOf(COUNT), threads: listOf(refTo("ThreadCount")) },
      ),
    },
    { invites: COUNT },
    "connection",
  ),
  ack: record<Wire.AckFrame>(
    { ref: REF },
    {
      roomId: ID,
      messageId: ID,
      seq: SEQ,
      timestamp: TIME,
      duplicate: BOOLEAN,
      position: refTo("RoomPosition"),
      held: BOOLEAN,
      state: { const: "pending" },
      invite: TEXT,
    },
    "ack",
  ),
  error: record<Wire.ErrorFrame>(
    { code: CODE, message: TEXT, temporary: BOOLEAN },
    { ref: REF, roomId: ID, field: TEXT, retryAfterMs: COUNT },
    "error",
  ),
  events: record<Wire.EventsFrame>(
    { roomId: ID, after: SEQ, head: SEQ, events: listOf(refTo("RoomEvent")) },
    {},
    "events",
  ),
  typing_indicator: record<Wire.TypingFrame>(
    { roomId: ID, user: USER, isTyping: BOOLEAN, expiresInMs: COUNT },
    {},
    "typing_indicator",
  ),
  presence_update: record<Wire.PresenceFrame>(
    { user: USER, status: STATUS, lastSeen: TIME },
    { roomId: ID, customStatus: TEXT, customStatusUntil: TIME },
    "presence_update",
  ),
  receipts: record<Wire.ReceiptsFrame>(
    {
      roomId: ID,
      receipts: listOf(
        record<Wire.ReceiptsFrame["receipts"][number]>({ userId: ID, readSeq: SEQ, deliveredSeq: SEQ }, {}),
      ),
    },
    { seen: listOf(record<Wire.SeenStep>({ seq: SEQ, readBy: COUNT, deliveredTo: COUNT, members: COUNT }, {})) },
    "receipts",
  ),
  notification: record<Wire.NotificationFrame>(
    { kind: { enum: NOTIFICATION_KINDS }, roomId: ID },
    { by: ID, messageId: ID, unread: COUNT, mentions: COUNT, readSeq: SEQ, content: TEXT },
    "notification",
  ),
  member_count: record<Wire.MemberCountFrame>({ roomId: ID, memberCount: COUNT }, {}, "member_count"),
  ai_response: record<Wire.AiResponseFrame>(
    { roomId: ID, messageId: ID, state: { const: "streaming" }, attempt: COUNT, offset: COUNT, text: TEXT },
    {},
    "ai_response",
  ),
  moderation_notice: record<Wire.ModerationNoticeFrame>(
    { roomId: ID, what: { enum: ["held", "reported", "approved", "rejected"] } },
    { heldId: ID, messageId: ID, reportId: TEXT, reason: TEXT },
    "moderation_notice",
  ),
  thread_unread: record<Wire.ThreadUnreadFrame>({ roomId: ID, threadId: ID, unread: COUNT }, {}, "thread_unread"),
  resumed: record<Wire.ResumedFrame>({ rooms: listOf(refTo("RoomPosition")) }, { ref: REF }, "resumed"),
  reconnect: record<Wire.ReconnectFrame>({ delayMs: COUNT }, {}, "reconnect"),
  pong: record<Wire.PongFrame>({}, { ref: REF }, "pong"),
};
