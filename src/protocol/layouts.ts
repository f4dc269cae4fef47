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

/** First element of a server frame. Client frames have theirs in `schema.ts`; the two never share a number. */
export const SERVER_OPS = {
  connection: 64,
  ack: 65,
  error: 66,
  pong: 67,
  reconnect: 68,
  events: 70,
  typing_indicator: 71,
  presence_update: 72,
  receipts: 73,
  notification: 74,
  resumed: 75,
  thread_unread: 80,
  member_count: 92,
  moderation_notice: 96,
  ai_response: 110,
} as const satisfies Record<ServerFrameType, number>;

/** First element of an event within `events`. */
export const EVENT_KINDS = {
  new_message: 1,
  message_updated: 2,
  message_deleted: 3,
  user_joined: 4,
  user_left: 5,
  member_updated: 6,
  room_updated: 7,
  room_deleted: 8,
  member_muted: 9,
  member_unmuted: 10,
  message_pinned: 16,
  message_unpinned: 17,
  pseudonym_updated: 21,
  ai_response: 30,
} as const satisfies Record<RoomEvent["type"], number>;

/** One position of a record: a plain value, or a record, a list or a map of records. */
export interface Slot {
  readonly name: string;
  readonly layout?: Layout;
  readonly many?: "list" | "map";
}
export type Layout = readonly Slot[];

type Part<T> = (keyof T & string) | (Slot & { readonly name: keyof T & string });

/** The compiler checks that each name is a field of the record. */
function layout<T>(...parts: readonly Part<T>[]): Layout {
  return parts.map((part) => (typeof part === "string" ? { name: part } : part));
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
);

/** After kind, sequence and timestamp. */
export const EVENT_LAYOUTS: Readonly<Record<RoomEvent["type"], Layout>> = {
  new_message: layout<EventOf<"new_message">>({ name: "message", layout: MESSAGE }),
  message_updated: layout<EventOf<"message_updated">>("messageId", "by", { name: "change", layout: CHANGE }),
  message_deleted: layout<EventOf<"message_deleted">>("messageId", "by"),
  message_pinned: layout<EventOf<"message_pinned">>("messageId", "by"),
  message_unpinned: layout<EventOf<"message_unpinned">>("messageId", "by"),
  user_joined: layout<EventOf<"user_joined">>({ name: "user", layout: USER }, "role", "by"),
  user_left: layout<EventOf<"user_left">>({ name: "user", layout: USER }, "by", "reason"),
  member_updated: layout<EventOf<"member_updated">>({ name: "user", layout: USER }, "role", "by"),
  room_updated: layout<EventOf<"room_updated">>({ name: "room", layout: ROOM }, "by"),
  pseudonym_updated: layout<EventOf<"pseudonym_updated">>(
    { name: "pseudonym", layout: USER },
    "banned",
    "by",
    "reason",
  ),
  ai_response: layout<EventOf<"ai_response">>(
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
  room_deleted: layout<EventOf<"room_deleted">>("by"),
  member_muted: layout<EventOf<"member_muted">>({ name: "user", layout: USER }, "by", "until"),
  member_unmuted: layout<EventOf<"member_unmuted">>({ name: "user", layout: USER }, "by"),
};

/** After operation, `ref` and room. `events` has `after`, `head` and a list of events. */
export const SERVER_LAYOUTS: Readonly<Record<Exclude<ServerFrameType, "events">, Layout>> = {
  connection: layout<ConnectionFrame>(
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
  ack: layout<AckFrame>(
    "messageId",
    "seq",
    "timestamp",
    "duplicate",
    { name: "position", layout: POSITION },
    "held",
    "state",
    "invite",
  ),
  error: layout<ErrorFrame>("code", "message", "temporary", "field", "retryAfterMs"),
  pong: layout<PongFrame>(),
  reconnect: layout<ReconnectFrame>("delayMs"),
  typing_indicator: layout<TypingFrame>({ name: "user", layout: USER }, "isTyping", "expiresInMs"),
  presence_update: layout<PresenceFrame>(
    { name: "user", layout: USER },
    "status",
    "customStatus",
    "lastSeen",
    "customStatusUntil",
  ),
  receipts: layout<ReceiptsFrame>(
    { name: "receipts", layout: layout<Receipt>("userId", "readSeq", "deliveredSeq"), many: "list" },
    { name: "seen", layout: layout<SeenStep>("seq", "readBy", "deliveredTo", "members"), many: "list" },
  ),
  notification: layout<NotificationFrame>("kind", "by", "messageId", "unread", "mentions", "readSeq", "content"),
  member_count: layout<MemberCountFrame>("memberCount"),
  ai_response: layout<AiResponseFrame>("messageId", "state", "attempt", "offset", "text"),
  moderation_notice: layout<ModerationNoticeFrame>("what", "heldId", "messageId", "reportId", "reason"),
  thread_unread: layout<ThreadUnreadFrame>("threadId", "unread"),
  resumed: layout<ResumedFrame>({ name: "rooms", layout: POSITION, many: "list" }),
};
