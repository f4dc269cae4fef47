/** What the SDK's users see: options, what is told, what is asked. Types only. */
import type { MessageId, RoomId, Seq, UserId } from "../base/ids.ts";
import type { ErrorCode } from "../protocol/errors.ts";
import type { ChatError } from "./chat-error.ts";
import type {
  AckFrame,
  ClientFrame,
  ConnectionFrame,
  ErrorFrame,
  MessageView,
  NotificationFrame,
  PresenceFrame,
  PresenceStatus,
  ReceiptsFrame,
  Role,
  RoomEvent,
  RoomPosition,
  RoomView,
  SeenStep,
  ServerFrame,
  ThreadCount,
  TypingFrame,
  UserRef,
} from "../protocol/frames.ts";

export type TransportName = "websocket" | "sse" | "poll";

export interface ClientOptions {
  /** The server's address, `https://chat.example.org`. */
  readonly url: string;
  /** Asked for a new one before each connection, and before the present one ends. */
  readonly token: string | (() => string | Promise<string>);
  /** Default `msgpack`; `json` is easier to read in a browser's tools. Without WebSockets it is JSON always. */
  readonly encoding?: "msgpack" | "json";
  /** Tried in this order while one of them does not get through. Default: all three. */
  readonly transports?: readonly TransportName[];
  /** Keeps what was not sent yet over a reload: `localStorage`, or like it. */
  readonly storage?: OutboxStorage;
  /**
   * Whose messages are kept there. Default: tenant and user, as the token says, once there is a connection. With it, what was not
   * sent is in `pending` at once, without a network, too.
   */
  readonly account?: string;
  /** Tells the server what has arrived, at most every five seconds per room. Default true. */
  readonly confirms?: boolean;
  /** Where the platform has none of its own, or tests bring theirs. */
  readonly fetch?: typeof fetch;
  readonly WebSocket?: WebSocketMaker;
}

export type WebSocketMaker = new (url: string, protocols: string[]) => SocketLike;
/** What is used of a WebSocket. */
export interface SocketLike {
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number): void;
}

/** `localStorage`, or what has the same methods; they may answer later (React Native's `AsyncStorage`, a database). */
export interface OutboxStorage {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, value: string): void | Promise<void>;
  removeItem(key: string): void | Promise<void>;
  /** Absent: the object's own keys, as those of `localStorage`. */
  getAllKeys?(): readonly string[] | Promise<readonly string[]>;
}

export interface Status {
  /** `closed`: for good, until `connect` is called again. */
  readonly state: "connecting" | "open" | "waiting" | "closed";
  readonly transport?: TransportName;
  /** `waiting`: until the next attempt, milliseconds. */
  readonly retryInMs?: number;
  /** Of the connection that ended, where there was one. */
  readonly code?: number;
}

/** A message or another change that is on its way. */
export interface Pending {
  readonly clientId: string;
  readonly frame: MutationFrame;
  /** Wall clock, milliseconds since 1970: when it was asked for. */
  readonly at: number;
}

/** What the server refused for good: kept until it is tried again or discarded. */
export interface Failed extends Pending {
  readonly error: { readonly code: ChatError["code"]; readonly message: string };
}

export interface Totals {
  /** Of all rooms. */
  readonly total: number;
  readonly totalMentions: number;
}
export interface UnreadCount extends Totals {
  readonly roomId: RoomId;
  readonly unread: number;
  readonly mentions: number;
}

export interface Presence extends UserRef {
  readonly status: PresenceStatus;
  readonly customStatus?: string;
  /** Wall clock, milliseconds since 1970. */
  readonly lastSeen?: number;
}
export interface Reader {
  readonly userId: UserId;
  /** They have read everything up to here, and have everything up to there. */
  readonly readSeq: Seq;
  readonly deliveredSeq: Seq;
}
/** What is known of a room beside its messages. Never changed: there is another one after each change. */
export interface RoomState {
  readonly roomId: RoomId;
  /** This client hears what happens there. */
  readonly isListening: boolean;
  readonly role?: Role;
  /** One may not write there. `until`: when that ends by itself, milliseconds since 1970; it is still here then. */
  readonly muted?: { readonly until?: number };
  /** In large rooms: how many members there are. */
  readonly memberCount?: number;
  /** Who is there, as far as they are named; in large rooms `presentCount` is more. */
  readonly present: readonly Presence[];
  readonly presentCount: number;
  /** Who else is typing. */
  readonly typing: readonly UserRef[];
  /** How far others are, in rooms of up to 100. */
  readonly readers: readonly Reader[];
  /** In larger rooms: how many have the newest messages. */
  readonly seen: readonly SeenStep[];
  readonly unread: number;
  readonly mentions: number;
}
/** By whom a message was read: named in rooms of up to 100, counted in larger ones. */
export interface SeenBy {
  readonly count: number;
  readonly users: readonly UserRef[];
  /** In large rooms: out of so many. */
  readonly members?: number;
}

/** A room in the list of one's own. */
export interface RoomEntry extends RoomView {
  /** Of a direct room: the other person. */
  readonly peer?: { readonly userId: UserId; readonly displayName: string | null; readonly avatar: string | null };
  readonly unread: number;
  readonly mentions: number;
}

/** `before`, `after`: a message id or a sequence. */
export interface MessagesQuery {
  readonly before?: string | number;
  readonly after?: string | number;
  /** At most 100, default 50. */
  readonly limit?: number;
}
export interface MessagesPage {
  /** The oldest first. */
  readonly messages: readonly MessageView[];
  /** In the direction in which it was asked. */
  readonly hasMore: boolean;
}

/** What `on` tells, by name. */
export interface ClientEvents {
  readonly status: Status;
  /** The connection is open; nothing that was missed has arrived yet. */
  readonly connected: ConnectionFrame;
  /** Durable events of a room: each once, in the room's order, without a gap. */
  readonly event: { readonly roomId: RoomId; readonly event: RoomEvent };
  /** Of these, new messages. */
  readonly message: { readonly roomId: RoomId; readonly message: MessageView };
  /** Where one stands in a room after joining or coming back, with who is present and typing. */
  readonly position: RoomPosition;
  /** One is not, or no longer, in this room. */
  readonly left: { readonly roomId: RoomId; readonly code: ErrorCode };
  /** Events that nobody has any more: they were before what the room keeps. */
  readonly gap: { readonly roomId: RoomId; readonly from: Seq; readonly to: Seq };
  readonly typing: TypingFrame;
  readonly presence: PresenceFrame;
  readonly receipts: ReceiptsFrame;
  readonly notification: NotificationFrame;
  readonly unread: UnreadCount;
  /** What is on its way has changed: all of it. */
  readonly pending: readonly Pending[];
  /** What was refused has changed: all of it. */
  readonly failed: readonly Failed[];
  /** Something of a room beside its messages: presence, typing, receipts, counts. Once a turn. */
  readonly room: RoomState;
  /** The list of one's own rooms, after `loadRooms`. */
  readonly rooms: readonly RoomEntry[];
  /** Threads that one follows with replies not read. */
  readonly threads: readonly ThreadCount[];
  /** An error that answers no request. */
  readonly problem: ErrorFrame;
  /** Every frame as it comes. */
  readonly frame: ServerFrame;
}

/** Client frames that change something for good: they are repeated until they are answered. */
export type MutationFrame = Extract<ClientFrame, { readonly clientId?: string }>;
/** The others: asked once, while the connection is open. */
export type OtherFrame = Exclude<ClientFrame, MutationFrame>;

/** Ids are texts to whoever writes them. */
type Plain<Value> = Value extends RoomId | UserId | MessageId
  ? string
  : Value extends readonly (infer Item)[]
    ? readonly Plain<Item>[]
    : Value;
/** A frame without what the SDK fills in. */
export type Wish<Frame> = Frame extends unknown
  ? {
      readonly [Name in keyof Frame as Name extends "ref" | "clientId" | "knownSeq" ? never : Name]: Plain<Frame[Name]>;
    }
  : never;
export type Ack = Omit<AckFrame, "type" | "ref">;
