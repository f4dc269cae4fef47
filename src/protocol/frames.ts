/**
 * The one typed union of what goes over the wire, in canonical (camelCase) form. The codecs express it: MessagePack as
 * positional arrays, JSON by name, the two dialects of JSON by renaming. `schema.ts` describes the client frames' fields.
 * Invariant: nothing here knows how a frame is encoded, stored or routed.
 */
import type { ConnectionId, MessageId, RoomId, Seq, UserId } from "../base/ids.ts";
import type { ErrorCode } from "./errors.ts";
import type { RoomRuleFrame } from "./room-frames.ts";

/** What a client calls a request; the reply carries it back unchanged. */
export type Ref = string | number;

export const ROOM_TYPES = ["public", "private", "direct", "group", "announcement", "support", "broadcast"] as const;
export type RoomType = (typeof ROOM_TYPES)[number];

export const ROLES = ["owner", "admin", "moderator", "member"] as const;
export type Role = (typeof ROLES)[number];

export const MODERATION_LEVELS = ["none", "basic", "strict"] as const;
export type ModerationLevel = (typeof MODERATION_LEVELS)[number];

export const MESSAGE_TYPES = ["text", "image", "file", "audio", "video", "poll", "system", "ai_response"] as const;
export type MessageType = (typeof MESSAGE_TYPES)[number];

export const PRESENCE_STATUSES = ["online", "away", "busy", "offline"] as const;
export type PresenceStatus = (typeof PRESENCE_STATUSES)[number];

export interface Attachment {
  readonly id: string;
  readonly type: string;
  readonly url: string;
  readonly fileName: string;
  readonly fileSize: number;
  readonly mimeType: string;
  readonly thumbnailUrl?: string;
}

// ---------------------------------------------------------------------------------------------- client to server

interface Request {
  readonly ref?: Ref;
}
interface RoomRequest extends Request {
  readonly roomId: RoomId;
}
/** A request that changes the room's log. */
export interface Mutation extends RoomRequest {
  /** Idempotency key, unique per user and room. */
  readonly clientId?: string;
  /** On a retry: the last sequence of the room that the client knew when it first tried. */
  readonly knownSeq?: Seq;
}

export interface AuthFrame extends Request {
  readonly type: "auth";
  readonly token: string;
}
export interface PingFrame extends Request {
  readonly type: "ping";
}
export interface JoinRoomFrame extends Mutation {
  readonly type: "join_room";
  /** Last sequence seen: the answer is followed by what came since. */
  readonly lastSeq?: Seq;
  /** Code of an invite, with its room or without. */
  readonly invite?: string;
  /** To those who decide, where one must ask to join. */
  readonly message?: string;
}
export interface LeaveRoomFrame extends Mutation {
  readonly type: "leave_room";
  /** true: the user leaves the room; otherwise only this connection unsubscribes. */
  readonly membership?: boolean;
}
export interface CreateRoomFrame extends Omit<Mutation, "roomId"> {
  readonly type: "create_room";
  /** Absent: the server makes one. */
  readonly roomId?: RoomId;
  readonly name?: string;
  readonly description?: string;
  readonly roomType?: RoomType;
  readonly participants?: readonly UserId[];
  readonly isPrivate?: boolean;
  readonly avatar?: string;
  readonly maxMembers?: number;
  readonly allowInvites?: boolean;
  readonly tags?: readonly string[];
  readonly banner?: string;
  readonly requireApproval?: boolean;
  readonly allowFileUploads?: boolean;
  /** Bytes. */
  readonly maxFileSize?: number;
  readonly allowedFileTypes?: readonly string[];
  /** Days; 0: for ever. */
  readonly messageRetention?: number;
  readonly enableAI?: boolean;
  readonly moderationLevel?: ModerationLevel;
  readonly slowModeSeconds?: number;
  readonly allowAnonymous?: boolean;
}
/** Absent fields stay as they are. */
export interface UpdateRoomFrame extends Mutation {
  readonly type: "update_room";
  readonly name?: string;
  readonly description?: string;
  readonly avatar?: string;
  readonly maxMembers?: number;
  readonly allowInvites?: boolean;
  readonly tags?: readonly string[];
  readonly banner?: string;
  readonly requireApproval?: boolean;
  readonly allowFileUploads?: boolean;
  /** Bytes. */
  readonly maxFileSize?: number;
  readonly allowedFileTypes?: readonly string[];
  /** Days; 0: for ever. */
  readonly messageRetention?: number;
  readonly enableAI?: boolean;
  readonly moderationLevel?: ModerationLevel;
  readonly slowModeSeconds?: number;
  readonly allowAnonymous?: boolean;
}
export interface SendMessageFrame extends Mutation {
  readonly type: "send_message";
  readonly content: string;
  readonly messageType?: MessageType;
  readonly replyTo?: MessageId;
  /** Absent: whom the text names as `@<id>`. */
  readonly mentions?: readonly UserId[];
  readonly attachments?: readonly Attachment[];
  /** true: all members are meant, or the message is refused. Absent: `@room`, `@all` and `@here` in the text count, if one may. */
  readonly mentionRoom?: boolean;
  /** With `messageType` poll, which is the default with it. */
  readonly poll?: NewPoll;
  /** Shown under the author's pseudonym in this room. */
  readonly anonymous?: boolean;
}
export interface NewPoll {
  readonly question: string;
  readonly options: readonly { readonly text: string }[];
  /** Several options may be chosen. */
  readonly multiple?: boolean;
  /** How many; all of them when only `multiple` is said. */
  readonly maxChoices?: number;
  /** Nobody is ever shown who chose what. */
  readonly anonymous?: boolean;
  /** Milliseconds since 1970; in JSON also ISO 8601. */
  readonly closesAt?: number;
}
/** All choices of the sender: they replace the ones before, and none takes the vote back. */
export interface VotePollFrame extends Mutation {
  readonly type: "vote_poll";
  readonly messageId: MessageId;
  readonly choices: readonly number[];
}
export interface ClosePollFrame extends Mutation {
  readonly type: "close_poll";
  readonly messageId: MessageId;
}
export interface BanPseudonymFrame extends Mutation {
  readonly type: "ban_pseudonym";
  readonly pseudonym: UserId;
  readonly reason?: string;
}
export interface UnbanPseudonymFrame extends Mutation {
  readonly type: "unban_pseudonym";
  readonly pseudonym: UserId;
}
export interface EditMessageFrame extends Mutation {
  readonly type: "edit_message";
  readonly messageId: MessageId;
  readonly content: string;
}
export interface DeleteMessageFrame extends Mutation {
  readonly type: "delete_message";
  readonly messageId: MessageId;
}
export interface PinMessageFrame extends Mutation {
  readonly type: "pin_message" | "unpin_message";
  readonly messageId: MessageId;
}
export interface MessageReactionFrame extends Mutation {
  readonly type: "message_reaction";
  readonly messageId: MessageId;
  readonly emoji: string;
  /** Default `add`. */
  readonly action?: "add" | "remove";
}
export interface TypingStartFrame extends RoomRequest {
  readonly type: "typing_start";
}
export interface TypingStopFrame extends RoomRequest {
  readonly type: "typing_stop";
}
/** By sequence or by message ids (the highest counts); one of the two is required. */
export interface MarkReadFrame extends RoomRequest {
  readonly type: "mark_read";
  readonly seq?: Seq;
  readonly messageIds?: readonly MessageId[];
}
/** Up to a reply; without `messageId` all that there are. */
export interface MarkThreadReadFrame extends RoomRequest {
  readonly type: "mark_thread_read";
  readonly threadId: MessageId;
  readonly messageId?: MessageId;
}
/** The user's own: they are told of replies in the thread and have them counted, or do so no more. */
export interface FollowThreadFrame extends Mutation {
  readonly type: "follow_thread";
  readonly threadId: MessageId;
  /** Default true. */
  readonly follow?: boolean;
}
/** Counts go from this message again until the user reads on; `seq` or `messageId` is required. Receipts stay. */
export interface MarkUnreadFrame extends RoomRequest {
  readonly type: "mark_unread";
  readonly seq?: Seq;
  readonly messageId?: MessageId;
  readonly clientId?: string;
}
/** A client's word that it has everything up to `seq`. */
export interface ConfirmFrame extends RoomRequest {
  readonly type: "confirm_delivered";
  readonly seq: Seq;
}
/** A message that a moderator should look at. */
export interface ReportMessageFrame extends Mutation {
  readonly type: "report_message";
  readonly messageId: MessageId;
  readonly reason: string;
  readonly details?: string;
}
/** A member as such. */
export interface ReportUserFrame extends Mutation {
  readonly type: "report_user";
  readonly userId: UserId;
  readonly reason: string;
  readonly details?: string;
}
export interface ResolveReportFrame extends Mutation {
  readonly type: "resolve_report";
  readonly reportId: string;
  readonly action: "dismiss" | "delete" | "mute" | "ban";
  readonly reason?: string;
  /** Of a mute or ban; absent: for ever. */
  readonly durationMs?: number;
}
/** Publishes a held message, or refuses it for good. */
export interface ResolveHeldFrame extends Mutation {
  readonly type: "resolve_held";
  readonly heldId: MessageId;
  readonly approve: boolean;
  readonly reason?: string;
}
/** All rules of the room, in the place of those before. */
export interface SetModerationFrame extends Mutation {
  readonly type: "set_moderation";
  readonly rules: readonly ModerationRuleView[];
}
export interface ModerationRuleView {
  readonly id: string;
  readonly action: "flag" | "replace" | "hold" | "reject";
  readonly words?: readonly string[];
  readonly match?: "word" | "part";
  readonly pattern?: string;
  readonly reason?: string;
  readonly replacement?: string;
}
/** Ends an answer of the assistant where it is: for whoever asked, and for moderators. */
export interface StopAnswerFrame extends Mutation {
  readonly type: "stop_answer";
  readonly messageId: MessageId;
}
export interface SetPresenceFrame extends Request {
  readonly type: "set_presence";
  readonly status: PresenceStatus;
  readonly customStatus?: string;
  /** How long the custom status lasts. Absent: until it is changed. */
  readonly expiresInMs?: number;
  /**
   * The device noticed by itself that nobody uses it (`away`) or that somebody does again (`online`). Says nothing of what
   * the person chose; the device that was used last counts.
   */
  readonly auto?: boolean;
}
/** That person's direct messages are refused, and what they mention or invite to is not told. */
export interface BlockUserFrame extends Request {
  readonly type: "block_user";
  readonly userId: UserId;
  /** Default true; false takes it back. */
  readonly blocked?: boolean;
}
export interface ResumeFrame extends Request {
  readonly type: "resume";
  /** Per room the last sequence that this client has. */
  readonly rooms: Readonly<Record<RoomId, Seq>>;
}

export type ClientFrame =
  | AuthFrame
  | PingFrame
  | JoinRoomFrame
  | LeaveRoomFrame
  | CreateRoomFrame
  | UpdateRoomFrame
  | RoomRuleFrame
  | SendMessageFrame
  | EditMessageFrame
  | DeleteMessageFrame
  | PinMessageFrame
  | MessageReactionFrame
  | TypingStartFrame
  | TypingStopFrame
  | MarkReadFrame
  | MarkThreadReadFrame
  | FollowThreadFrame
  | MarkUnreadFrame
  | ConfirmFrame
  | ReportMessageFrame
  | ReportUserFrame
  | ResolveReportFrame
  | ResolveHeldFrame
  | SetModerationFrame
  | VotePollFrame
  | ClosePollFrame
  | BanPseudonymFrame
  | UnbanPseudonymFrame
  | StopAnswerFrame
  | SetPresenceFrame
  | BlockUserFrame
  | ResumeFrame;
export type ClientFrameType = ClientFrame["type"];

// ---------------------------------------------------------------------------------------------- server to client

export interface UserRef {
  readonly userId: UserId;
  readonly name?: string;
  readonly avatar?: string;
}

/** A message as people see it: its first version with all later changes applied. */
export interface MessageView {
  readonly messageId: MessageId;
  readonly roomId: RoomId;
  readonly seq: Seq;
  /** How many messages the room had with this one: unread counts are differences of it. */
  readonly messageNo: number;
  readonly authorId: UserId;
  readonly authorName?: string;
  readonly authorAvatar?: string;
  readonly content: string;
  readonly messageType: MessageType;
  /** Milliseconds since 1970; REST and the JSON dialects write ISO 8601. */
  readonly timestamp: number;
  readonly clientId?: string;
  readonly replyTo?: MessageId;
  readonly mentions?: readonly UserId[];
  readonly attachments?: readonly Attachment[];
  readonly editedAt?: number;
  readonly deletedAt?: number;
  /** By emoji. */
  readonly reactions?: Readonly<Record<string, ReactionView>>;
  /** `authorId` and `authorName` are a pseudonym of this room. */
  readonly isAnonymous?: true;
  readonly poll?: PollView;
  /** Of a reply: the message that its thread hangs on. */
  readonly threadId?: MessageId;
  /** All members are meant. */
  readonly mentionsRoom?: boolean;
  /** The replies to it. */
  readonly thread?: ThreadView;
  /** Of type `ai_response`: what it answers, and how far it is. `content` is the text so far. */
  readonly answer?: AnswerView;
}

export const RUN_STATES = ["streaming", "complete", "cancelled", "failed"] as const;
export type RunState = (typeof RUN_STATES)[number];
/** How an answer of the assistant is, or ended. */
interface AnswerOutcome {
  readonly state: RunState;
  /** 1, and one more each time that what came before is void. */
  readonly attempt: number;
  /** Why it ended so, or is not whole. */
  readonly reason?: string;
  readonly provider?: string;
  readonly model?: string;
  /** Messages that the provider was given. */
  readonly sources?: readonly MessageId[];
  /** Of the task `sentiment`. */
  readonly sentiment?: string;
}
export interface AnswerView extends AnswerOutcome {
  readonly task: string;
  /** The message that asked, and its author. */
  readonly question: MessageId;
  readonly askedBy: UserId;
}

export interface ReactionView {
  readonly count: number;
  /** Some of them: all in a room of up to `REACTION_NAMES_SHOWN` people. */
  readonly users: readonly UserId[];
  /** The reader is one of them; only in what is read by one person, such as history. */
  readonly mine?: true;
}

/** A poll with its results. An option is named by its place, counted from 0. */
export interface PollView {
  readonly question: string;
  readonly options: readonly { readonly text: string; readonly votes: number }[];
  /** How many options one person may choose. */
  readonly choicesMax: number;
  /** Nobody is ever shown who chose what. */
  readonly isAnonymous: boolean;
  readonly closesAt?: number;
  readonly isClosed: boolean;
  /** How many people have a choice. */
  readonly voters: number;
  /** What the reader chose; only in what is read by one person, such as history. */
  readonly mine?: readonly number[];
}
export interface PollResults {
  /** Per option, in the order of the options. */
  readonly votes: readonly number[];
  readonly voters: number;
  readonly isClosed: boolean;
}

export interface ThreadChange {
  readonly replyCount: number;
  /** Absent when a reply was deleted. */
  readonly lastReplyAt?: number;
}
/** What a message shows of the thread that hangs on it. */
export interface ThreadView {
  readonly replyCount: number;
  readonly lastReplyAt: number;
  /** The first ones who replied. */
  readonly participants: readonly UserId[];
}

interface Durable {
  readonly seq: Seq;
  readonly timestamp: number;
}
/** Durable events of a room, in the order of the log. */
export type RoomEvent =
  | ({ readonly type: "new_message"; readonly message: MessageView } & Durable)
  | ({
      readonly type: "message_updated";
      readonly messageId: MessageId;
      /** Absent where the change is not one person's, or nobody is to know whose: results of a poll, replies. */
      readonly by?: UserId;
      /**
       * What changed: the text, one person's reaction, the results of a poll after all that this commit brought, or the thread
       * that hangs on the message. The last follows the reply, or its deletion, with the same `seq`.
       */
      readonly change:
        | { readonly kind: "content"; readonly content: string }
        | { readonly kind: "reaction"; readonly emoji: string; readonly added: boolean; readonly count: number }
        | { readonly kind: "poll"; readonly poll: PollResults }
        | { readonly kind: "thread"; readonly thread: ThreadChange };
    } & Durable)
  | ({ readonly type: "message_deleted"; readonly messageId: MessageId; readonly by: UserId } & Durable)
  | ({
      readonly type: "message_pinned" | "message_unpinned";
      readonly messageId: MessageId;
      readonly by: UserId;
    } & Durable)
  | ({ readonly type: "user_joined"; readonly user: UserRef; readonly role: Role; readonly by: UserId } & Durable)
  | ({
      readonly type: "user_left";
      readonly user: UserRef;
      readonly by: UserId;
      readonly reason: "left" | "removed" | "banned";
    } & Durable)
  | ({ readonly type: "member_updated"; readonly user: UserRef; readonly role: Role; readonly by: UserId } & Durable)
  | ({ readonly type: "room_updated"; readonly room: RoomView; readonly by: UserId } & Durable)
  /** A pseudonym may write no more, or again. */
  | ({
      readonly type: "pseudonym_updated";
      readonly pseudonym: UserRef;
      readonly banned: boolean;
      readonly by: UserId;
      readonly reason?: string;
    } & Durable)
  /** The last that is heard of the room. */
  | ({ readonly type: "room_deleted"; readonly by: UserId } & Durable)
  /** An answer of the assistant ended (then `content` is all of it), or begins anew (then `content` is empty). */
  | ({
      readonly type: "ai_response";
      readonly messageId: MessageId;
      readonly content: string;
      /** Who stopped it. */
      readonly by?: UserId;
    } & AnswerOutcome &
      Durable)
  | ({
      readonly type: "member_muted";
      readonly user: UserRef;
      readonly by: UserId;
      /** Absent: for ever. */
      readonly until?: number;
    } & Durable)
  | ({ readonly type: "member_unmuted"; readonly user: UserRef; readonly by: UserId } & Durable);

export interface RoomView {
  readonly roomId: RoomId;
  readonly type: RoomType;
  readonly name: string;
  readonly description?: string;
  readonly avatar?: string;
  readonly tags?: readonly string[];
  readonly createdBy: UserId;
  readonly createdAt: number;
  readonly memberCount: number;
  readonly maxMembers: number;
  readonly allowInvites: boolean;
  readonly lastActivity: number;
  readonly banner?: string;
  readonly requireApproval?: boolean;
  readonly allowFileUploads?: boolean;
  /** Bytes. */
  readonly maxFileSize?: number;
  readonly allowedFileTypes?: readonly string[];
  /** Days; 0: for ever. */
  readonly messageRetention?: number;
  readonly enableAI?: boolean;
  readonly moderationLevel?: ModerationLevel;
  readonly slowModeSeconds?: number;
  readonly allowAnonymous?: boolean;
  /** Read only. */
  readonly isArchived?: boolean;
}

/** Where a connection stands in a room after `join_room`, `create_room` or `resume`. */
export interface RoomPosition {
  readonly roomId: RoomId;
  readonly head: Seq;
  readonly role?: Role;
  /** In the answer to `join_room` and `create_room`; after a resume the counts of the `connection` frame hold. */
  readonly unread?: number;
  readonly readSeq?: Seq;
  readonly typing: readonly UserId[];
  readonly present: readonly UserId[];
  /** Present when not all could be replayed: the client reads `from`…`to` (inclusive) over REST. */
  readonly missing?: { readonly from: Seq; readonly to: Seq };
  /** Present instead of a position when the room can't be resumed: gone, or no longer a member. */
  readonly error?: ErrorCode;
  /** How many are present, when `present` does not name all of them. */
  readonly presentCount?: number;
  /** In a large room: `member_count` frames go on from here. */
  readonly memberCount?: number;
  /** With `unread`: how many of them mention the user, where any do. */
  readonly mentions?: number;
  /** Present while the user may not write there. `until`: when that ends by itself, milliseconds since 1970. */
  readonly muted?: { readonly until?: number };
}

export interface ConnectionFrame {
  readonly type: "connection";
  readonly status: "connected";
  readonly connectionId: ConnectionId;
  readonly userId: UserId;
  readonly heartbeatMs: number;
  readonly limits: { readonly frameBytes: number; readonly messageLength: number };
  readonly unread: {
    readonly total: number;
    /** Rooms with something unread, and how much. */
    readonly rooms: Readonly<Record<RoomId, number>>;
    /** Unread messages that mention the user: all of them, and by room. Absent where there are none. */
    readonly mentions?: number;
    readonly mentionRooms?: Readonly<Record<RoomId, number>>;
    /** Threads that the user follows with replies not read, 100 at most. Absent where there are none. */
    readonly threads?: readonly ThreadCount[];
  };
  /** Invites that wait for the user's answer; 100 stands for all beyond. Absent where there are none. */
  readonly invites?: number;
}
export interface ThreadCount {
  readonly roomId: RoomId;
  readonly threadId: MessageId;
  readonly unread: number;
}
/** The one positive answer to a request that carried `ref`. */
export interface AckFrame {
  readonly type: "ack";
  readonly ref: Ref;
  readonly roomId?: RoomId;
  readonly messageId?: MessageId;
  readonly seq?: Seq;
  readonly timestamp?: number;
  /** The request had been done before; this is what it was answered then. */
  readonly duplicate?: boolean;
  /** Answer to `join_room` and `create_room`. */
  readonly position?: RoomPosition;
  /** The message waits for a moderator; `messageId` names it until then. */
  readonly held?: boolean;
  /** Answer to `join_room`: one must ask here, has done so, and is no member yet. */
  readonly state?: "pending";
  /** Answer to `create_invite`: the code to pass on. */
  readonly invite?: string;
}
export interface ErrorFrame {
  readonly type: "error";
  readonly ref?: Ref;
  readonly roomId?: RoomId;
  readonly code: ErrorCode;
  readonly message: string;
  readonly temporary: boolean;
  readonly field?: string;
  readonly retryAfterMs?: number;
}
/** Events of one room that were committed together. They follow `after` without a gap of events meant for clients. */
export interface EventsFrame {
  readonly type: "events";
  readonly roomId: RoomId;
  readonly after: Seq;
  /** The room's sequence after this frame: at least that of the last event (fences take numbers too). */
  readonly head: Seq;
  readonly events: readonly RoomEvent[];
}
export interface TypingFrame {
  readonly type: "typing_indicator";
  readonly roomId: RoomId;
  readonly user: UserRef;
  readonly isTyping: boolean;
  /** When to stop showing it if nothing more comes. */
  readonly expiresInMs: number;
}
export interface PresenceFrame {
  readonly type: "presence_update";
  readonly roomId?: RoomId;
  readonly user: UserRef;
  readonly status: PresenceStatus;
  readonly customStatus?: string;
  readonly lastSeen: number;
  /** When the custom status ends. */
  readonly customStatusUntil?: number;
}
/** How many members have a message: of those who were members when it was sent and still are. */
export interface SeenStep {
  readonly seq: Seq;
  readonly readBy: number;
  readonly deliveredTo: number;
  readonly members: number;
}
/** Coalesced watermarks of a room's readers; in large rooms `receipts` is empty and `seen` counts them. */
export interface ReceiptsFrame {
  readonly type: "receipts";
  readonly roomId: RoomId;
  readonly receipts: readonly {
    readonly userId: UserId;
    readonly readSeq: Seq;
    readonly deliveredSeq: Seq;
  }[];
  /** The newest messages, ascending. One that is not named has the counts of the next one that is. */
  readonly seen?: readonly SeenStep[];
}
/** How many members a large room has now, where coming and going is no event. Coalesced. */
export interface MemberCountFrame {
  readonly type: "member_count";
  readonly roomId: RoomId;
  readonly memberCount: number;
}
/**
 * Part of an answer of the assistant that grows: `text` stands at `offset` (UTF-16 units) of the text of this `attempt`. Who
 * begins to listen gets all of it from offset 0.
 */
export interface AiResponseFrame {
  readonly type: "ai_response";
  readonly roomId: RoomId;
  readonly messageId: MessageId;
  readonly state: "streaming";
  readonly attempt: number;
  readonly offset: number;
  readonly text: string;
}
export interface NotificationFrame {
  readonly type: "notification";
  readonly kind:
    | "mention"
    | "invite"
    | "invite_ended"
    | "unread"
    | "announcement"
    | "reply"
    | "join_request"
    | "request_approved"
    | "request_denied"
    | "banned";
  readonly roomId: RoomId;
  readonly by?: UserId;
  readonly messageId?: MessageId;
  readonly unread?: number;
  /** With `unread`: how many of them mention the user, where any do. */
  readonly mentions?: number;
  /** With `unread`: how far the user has read, on whatever device. */
  readonly readSeq?: Seq;
  /** With `announcement`: what it says. */
  readonly content?: string;
}
/** For moderators: there is something to look at. For the author of a held message: what became of it. */
export interface ModerationNoticeFrame {
  readonly type: "moderation_notice";
  readonly roomId: RoomId;
  readonly what: "held" | "reported" | "approved" | "rejected";
  readonly heldId?: MessageId;
  /** The reported message, or the one that was published. */
  readonly messageId?: MessageId;
  readonly reportId?: string;
  readonly reason?: string;
}
/** One of the user's other connections marked a thread as read. */
export interface ThreadUnreadFrame {
  readonly type: "thread_unread";
  readonly roomId: RoomId;
  readonly threadId: MessageId;
  readonly unread: number;
}
export interface ResumedFrame {
  readonly type: "resumed";
  readonly ref?: Ref;
  readonly rooms: readonly RoomPosition[];
}
export interface ReconnectFrame {
  readonly type: "reconnect";
  readonly delayMs: number;
}
export interface PongFrame {
  readonly type: "pong";
  readonly ref?: Ref;
}

export type ServerFrame =
  | ConnectionFrame
  | AckFrame
  | ErrorFrame
  | EventsFrame
  | TypingFrame
  | PresenceFrame
  | ReceiptsFrame
  | NotificationFrame
  | MemberCountFrame
  | AiResponseFrame
  | ModerationNoticeFrame
  | ThreadUnreadFrame
  | ResumedFrame
  | ReconnectFrame
  | PongFrame;
export type ServerFrameType = ServerFrame["type"];
