/** What the package `stoa-chat` has at its name: the client, what it throws, and the types that an app names. */
// biome-ignore lint/performance/noBarrelFile: a package has one module at its name; nothing in this repository imports it
export { ChatError } from "./chat-error.ts";
export { type JoinOptions, type MessageOptions, StoaClient } from "./client.ts";
export type {
  Ack,
  ClientEvents,
  ClientOptions,
  Failed,
  MessagesPage,
  MessagesQuery,
  OutboxStorage,
  Pending,
  Presence,
  Reader,
  RoomEntry,
  RoomState,
  SeenBy,
  Status,
  Totals,
  TransportName,
  UnreadCount,
} from "./types.ts";
export type {
  Attachment,
  MessageView,
  NotificationFrame,
  PollView,
  PresenceStatus,
  ReactionView,
  Role,
  RoomEvent,
  RoomType,
  RoomView,
  ThreadCount,
  UserRef,
} from "../protocol/frames.ts";
