/**
 * Positions of the server frames' fields in MessagePack, for every record that goes out. Invariant: numbers and positions
 * are never reused or moved; new fields are appended, and a reader ignores those that it does not know.
 */
import type {
  AckFrame,
  AiResponseFrame,
  AnswerView,
  Attachment,
  ConnectionFrame,
  ErrorFrame,
  MemberCountFrame,
  MessageView,
  ModerationNoticeFrame,
  NotificationFrame,
  PollResults,
  PollView,
  PongFrame,
  PresenceFrame,
  ReactionView,
  ReceiptsFrame,
  ReconnectFrame,
  ResumedFrame,
  RoomEvent,
  RoomPosition,
  RoomView,
  SeenStep,
  ServerFrameType,
  ThreadChange,
  ThreadCount,
  ThreadUnreadFrame,
  ThreadView,
  TypingFrame,
  UserRef,
} from "./frames.ts";

/** One position of a record: a plain value, or a record, a list or a map of records. */
export interface Slot {
  readonly name: string;
  readonly layout?: Layout;
  readonly many?: "list" | "map";
}
export type Layout = readonly Slot[];

/** Of a frame, or of an event within `events`: the number that it begins with, and what follows. */
export interface Numbered {
  readonly no: number;
  readonly layout: Layout;
}

type Part<T> = (keyof T & string) | (Slot & { readonly name: keyof T & string });

/** The compiler checks that each name is a field of the record. */
function layout<T>(...parts: readonly Part<T>[]): Layout {
  return parts.map((part) => (typeof part === "string" ? { name: part } : part));
}

function numbered<T>(no: number, ...parts: readonly Part<T>[]): Numbered {
  return { no, layout: layout(...parts) };
}

type Change = Extract<RoomEvent, { type: "message_updated" }>["change"];
type AnyChange = { [K in Change extends infer C ? (C extends Change ? keyof C : never) : never]: unknown };
type Receipt = ReceiptsFrame["receipts"][number];
type EventOf<T extends RoomEvent["type"]> = Extract<RoomEvent, { type: T }>;

export const USER = layout<UserRef>("userId", "name", "avatar");
export const ATTACHMENT = layout<Attachment>("id", "type", "url", "fileName", "fileSize", "mimeType", "thumbnailUrl");
const REACTION = layout<ReactionView>("count", "users", "mine");
const POLL = layout<PollView>(
  "question",
  { name: "options", layout: layout<PollView["options"][number]>("text", "votes"), many: "list" },
  "choicesMax",
  "isAnonymous",
  "closesAt",
  "isClosed",
  "voters",
  "mine",
);
/** Without room, sequence and timestamp: those of the frame and the event around it. */
export const MESSAGE = layout<MessageView>(
  "messageId",
  "messageNo",
  "authorId",
  "content",
  "messageType",
  "authorName",
  "authorAvatar",
  "clientId",
  "replyTo",
  "mentions",
  { name: "attachments", layout: ATTACHMENT, many: "list" },
  "editedAt",
  "deletedAt",
  { name: "reactions", layout: REACTION, many: "map" },
  "isAnonymous",
  { name: "poll", layout: POLL },
  "threadId",
  "mentionsRoom",
  { name: "thread", layout: layout<ThreadView>("replyCount", "lastReplyAt", "participants") },
  {
    name: "answer",
    layout: layout<AnswerView>(
      "state",
      "attempt",
      "task",
      "question",
      "askedBy",
      "reason",
      "provider",
      "model",
      "sources",
      "sentiment",
    ),
  },
);
const CHANGE = layout<AnyChange>(
  "kind",
  "content",
  "emoji",
  "added",
  "count",
  { name: "poll", layout: layout<PollResults>("votes", "voters", "isClosed") },
  { name: "thread", layout: layout<ThreadChange>("replyCount", "lastReplyAt") },
);
const ROOM = layout<RoomView>(
  "roomId",
  "type",
  "name",
  "description",
  "avatar",
  "tags",
  "createdBy",
  "createdAt",
  "memberCount",
  "maxMembers",
  "allowInvites",
  "lastActivity",
  "banner",
  "requireApproval",
  "allowFileUploads",
  "maxFileSize",
  "allowedFileTypes",
  "messageRetention",
  "enableAI",
  "moderationLevel",
  "slowModeSeconds",
  "allowAnonymous",
  "isArchived",
);
const POSITION = layout<RoomPosition>(
  "roomId",
  "head",
  "role",
  "unread",
  "readSeq",
  "typing",
  "present",
  { name: "missing", layout: layout<NonNullable<RoomPosition["missing"]>>("from", "to") },
  "error",
  "presentCount",
  "memberCount",
  "mentions",
  { name: "muted", layout: layout<NonNullable<RoomPosition["muted"]>>("until") },
);

/** By the kind of an event; its sequence and timestamp stand before what is said here. */
export const EVENT_LAYOUTS: Readonly<Record<RoomEvent["type"], Numbered>> = {
  new_message: numbered<EventOf<"new_message">>(1, { name: "message", layout: MESSAGE }),
  message_updated: numbered<EventOf<"message_updated">>(2, "messageId", "by", { name: "change", layout: CHANGE }),
  message_deleted: numbered<EventOf<"message_deleted">>(3, "messageId", "by"),
  user_joined: numbered<EventOf<"user_joined">>(4, { name: "user", layout: USER }, "role", "by"),
  user_left: numbered<EventOf<"user_left">>(5, { name: "user", layout: USER }, "by", "reason"),
  member_updated: numbered<EventOf<"member_updated">>(6, { name: "user", layout: USER }, "role", "by"),
  room_updated: numbered<EventOf<"room_updated">>(7, { name: "room", layout: ROOM }, "by"),
  room_deleted: numbered<EventOf<"room_deleted">>(8, "by"),
  member_muted: numbered<EventOf<"member_muted">>(9, { name: "user", layout: USER }, "by", "until"),
  member_unmuted: numbered<EventOf<"member_unmuted">>(10, { name: "user", layout: USER }, "by"),
  message_pinned: numbered<EventOf<"message_pinned">>(16, "messageId", "by"),
  message_unpinned: numbered<EventOf<"message_unpinned">>(17, "messageId", "by"),
  pseudonym_updated: numbered<EventOf<"pseudonym_updated">>(
    21,
    { name: "pseudonym", layout: USER },
    "banned",
    "by",
    "reason",
  ),
  ai_response: numbered<EventOf<"ai_response">>(
    30,
    "messageId",
    "state",
    "attempt",
    "content",
    "by",
    "reason",
    "provider",
    "model",
    "sources",
    "sentiment",
  ),
};

/**
 * By the operation of a frame; its `ref` and room stand before what is said here. Client frames have their numbers in
 * `schema.ts`; the two never share one. `events` has `after`, `head` and a list of events.
 */
export const SERVER_LAYOUTS: Readonly<Record<ServerFrameType, Numbered>> = {
  connection: numbered<ConnectionFrame>(
    64,
    "status",
    "connectionId",
    "userId",
    "heartbeatMs",
    { name: "limits", layout: layout<ConnectionFrame["limits"]>("frameBytes", "messageLength") },
    {
      name: "unread",
      layout: layout<ConnectionFrame["unread"]>("total", "rooms", "mentions", "mentionRooms", {
        name: "threads",
        layout: layout<ThreadCount>("roomId", "threadId", "unread"),
        many: "list",
      }),
    },
    "invites",
  ),
  ack: numbered<AckFrame>(
    65,
    "messageId",
    "seq",
    "timestamp",
    "duplicate",
    { name: "position", layout: POSITION },
    "held",
    "state",
    "invite",
  ),
  error: numbered<ErrorFrame>(66, "code", "message", "temporary", "field", "retryAfterMs"),
  pong: numbered<PongFrame>(67),
  reconnect: numbered<ReconnectFrame>(68, "delayMs"),
  events: numbered(70),
  typing_indicator: numbered<TypingFrame>(71, { name: "user", layout: USER }, "isTyping", "expiresInMs"),
  presence_update: numbered<PresenceFrame>(
    72,
    { name: "user", layout: USER },
    "status",
    "customStatus",
    "lastSeen",
    "customStatusUntil",
  ),
  receipts: numbered<ReceiptsFrame>(
    73,
    { name: "receipts", layout: layout<Receipt>("userId", "readSeq", "deliveredSeq"), many: "list" },
    { name: "seen", layout: layout<SeenStep>("seq", "readBy", "deliveredTo", "members"), many: "list" },
  ),
  notification: numbered<NotificationFrame>(74, "kind", "by", "messageId", "unread", "mentions", "readSeq", "content"),
  resumed: numbered<ResumedFrame>(75, { name: "rooms", layout: POSITION, many: "list" }),
  thread_unread: numbered<ThreadUnreadFrame>(80, "threadId", "unread"),
  member_count: numbered<MemberCountFrame>(92, "memberCount"),
  moderation_notice: numbered<ModerationNoticeFrame>(96, "what", "heldId", "messageId", "reportId", "reason"),
  ai_response: numbered<AiResponseFrame>(110, "messageId", "state", "attempt", "offset", "text"),
};
