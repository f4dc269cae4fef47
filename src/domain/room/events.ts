/**
 * The entries of a room's log: what its members must agree on. A room's state is what replaying them gives.
 * Invariant: a stored event is never changed in meaning; a new version gets a new `kind` or optional fields.
 */
import type { ItemKey, MessageId, Seq, UserId } from "../../base/ids.ts";
import type { RunStart } from "../assistant/runs.ts";
import type { AnswerEvent } from "./answer-events.ts";
import type { ModerationEvent } from "./moderation-events.ts";
import type { Attachment, MessageType, ModerationLevel, Poll, Role, RoomType } from "./vocabulary.ts";

export interface Common {
  readonly seq: Seq;
  /** Milliseconds since 1970; never lower than the event's before. */
  readonly timestamp: number;
  /** Who did it. The engine's own events (fences) carry the node's name in `owner` and no `by`. */
  readonly by: UserId;
  /** Shown to people instead of `by`: the pseudonym of an anonymous message's author. See `shown-author.ts`. */
  readonly as?: UserId;
  /** The request's idempotency key. Two events of one request share it; the first one's sequence is the answer. */
  readonly clientId?: string;
  /** Hash of what the request asked, so that the same key with another body is told apart. */
  readonly bodyHash?: number;
}

/** A new owner's mark: after it, no append of an older epoch succeeds. Invisible to clients. */
export interface Fence {
  readonly kind: "fence";
  readonly seq: Seq;
  readonly timestamp: number;
  readonly epoch: number;
  readonly owner: string;
}
export interface RoomSettings {
  readonly type: RoomType;
  readonly name: string;
  readonly description?: string;
  readonly avatar?: string;
  readonly tags?: readonly string[];
  readonly maxMembers: number;
  readonly allowInvites: boolean;
  // What follows is absent in logs of the first days, and where nobody said anything.
  readonly banner?: string;
  /** Who wants to join asks, and moderators decide. */
  readonly requireApproval?: boolean;
  /** Absent: they may. */
  readonly allowFileUploads?: boolean;
  /** Bytes; absent: the server's own bound. */
  readonly maxFileSize?: number;
  /** Media types (`image/*` for all of a kind) or endings (`.pdf`). Absent or empty: all. */
  readonly allowedFileTypes?: readonly string[];
  /** Days; absent or 0: for ever. */
  readonly messageRetention?: number;
  readonly enableAI?: boolean;
  readonly moderationLevel?: ModerationLevel;
  /** Between two messages of one member; absent or 0: as they like. */
  readonly slowModeSeconds?: number;
  readonly allowAnonymous?: boolean;
  /** To be read only. Set by `archive_room`, not with the others. */
  readonly isArchived?: boolean;
}
export interface RoomCreated extends Common {
  readonly kind: "room_created";
  readonly settings: RoomSettings;
}
export interface RoomUpdated extends Common {
  readonly kind: "room_updated";
  /** All settings after the change. */
  readonly settings: RoomSettings;
}
export interface MemberJoined extends Common {
  readonly kind: "member_joined";
  readonly userId: UserId;
  readonly role: Role;
  readonly name?: string;
  readonly avatar?: string;
  /** The room was too large to show it to all: they are told how many members there are. */
  readonly quiet?: true;
  /** They had asked to join, which is answered with this. */
  readonly requested?: true;
  /** They had an invite of their own, which is used up with this. */
  readonly invited?: true;
  /** Of the invite that they came with. */
  readonly code?: string;
  /** They were muted when they left, and still are; `null`: for ever. */
  readonly mutedUntil?: number | null;
}
export interface MemberLeft extends Common {
  readonly kind: "member_left";
  readonly userId: UserId;
  /** The role that they had: owners are counted on replay without their rows. */
  readonly role: Role;
  readonly reason: "left" | "removed" | "banned";
  /** The name that they had: they are listed by it. */
  readonly name?: string;
  readonly quiet?: true;
}
export interface MemberChanged extends Common {
  readonly kind: "member_changed";
  readonly userId: UserId;
  readonly role: Role;
  /** The role before: owners are counted on replay without their rows. */
  readonly previousRole: Role;
}
export interface MessageSent extends Common {
  readonly kind: "message_sent";
  readonly messageNo: number;
  readonly messageType: MessageType;
  readonly content: string;
  readonly authorName?: string;
  readonly authorAvatar?: string;
  readonly replyTo?: MessageId;
  /** Members of the room, each once. */
  readonly mentions?: readonly UserId[];
  readonly attachments?: readonly Attachment[];
  /** The room had no pseudonym for this author before. */
  readonly isFirstAs?: true;
  readonly poll?: Poll;
  /** All members are meant. */
  readonly mentionsRoom?: boolean;
  readonly thread?: ThreadPlace;
  /** It is an answer of the assistant, whose text comes later. */
  readonly run?: RunStart;
}
/** Where a reply stands in its thread. Replies from before there were threads have none. */
export interface ThreadPlace {
  /** The message that the thread hangs on; never a reply itself. */
  readonly root: Seq;
  /** 1 for the first reply; deleted ones keep their number. */
  readonly no: number;
  /** Replies with this one, without those that were deleted. */
  readonly count: number;
  /** Who follows the thread from this reply on. */
  readonly followers?: readonly UserId[];
}
/** `by` follows a thread, or does so no more. Invisible to clients; in the log a kind that older nodes read (`log-codec-threads.ts`). */
export interface ThreadFollowChanged extends Common {
  readonly kind: "thread_follow_changed";
  readonly root: Seq;
  readonly follows: boolean;
  /** Replies up to here count as read by them. */
  readonly no: number;
}
export interface MessageEdited extends Common {
  readonly kind: "message_edited";
  readonly target: Seq;
  readonly content: string;
  /** It quoted somebody who was erased: its former versions are gone, and nobody edited it. */
  readonly erased?: true;
}
export interface MessageDeleted extends Common {
  readonly kind: "message_deleted";
  readonly target: Seq;
  /** Its author was erased: nothing of what it said is kept for anybody. It may have been deleted before. */
  readonly erased?: true;
  /** When it was a reply: the thread, and the replies that are left. */
  readonly thread?: { readonly root: Seq; readonly count: number };
  /** Uploads that it referred to. */
  readonly files?: readonly string[];
}
/** An upload is complete, and was looked at: messages may refer to it from here on. */
export interface FileAdded extends Common {
  readonly kind: "file_added";
  readonly fileId: string;
  readonly fileName: string;
  readonly fileSize: number;
  readonly mimeType: string;
  readonly url: string;
  readonly thumbnailUrl?: string;
}
/** Nobody referred to them. */
export interface FilesRemoved extends Common {
  readonly kind: "files_removed";
  readonly files: readonly string[];
}
export interface MessagePinned extends Common {
  readonly kind: "message_pinned" | "message_unpinned";
  readonly target: Seq;
}
export interface ReactionChanged extends Common {
  readonly kind: "reaction_changed";
  readonly target: Seq;
  readonly emoji: string;
  readonly added: boolean;
  /** How many people show this emoji on the message after the event. */
  readonly count: number;
}

/** A person's vote: it replaces theirs before. Whoever it is of, people are only shown the results. */
export interface PollVoted extends Common {
  readonly kind: "poll_voted";
  readonly target: Seq;
  /** Places of options, ascending; none: taken back. */
  readonly choices: readonly number[];
  /** Votes per option, and people with a choice, after the event. */
  readonly votes: readonly number[];
  readonly voters: number;
}
export interface PollClosed extends Common {
  readonly kind: "poll_closed";
  readonly target: Seq;
  readonly votes: readonly number[];
  readonly voters: number;
}
export interface PseudonymChanged extends Common {
  readonly kind: "pseudonym_changed";
  readonly pseudonym: UserId;
  readonly name: string;
  readonly banned: boolean;
  readonly reason?: string;
}
/**
 * Retention: what came up to `through` is gone, or about to be, with `throughNo` messages. From here on nobody is shown it.
 * Invisible to clients.
 */
export interface HistoryTrimmed extends Common {
  readonly kind: "history_trimmed";
  readonly through: Seq;
  readonly throughNo: number;
}
/** Rows of the room as they are without the words and names of a person who was erased. Invisible to clients. */
export interface RowsErased extends Common {
  readonly kind: "rows_erased";
  readonly userId: UserId;
  readonly items: readonly (readonly [ItemKey, object | null])[];
}
/** Nobody comes back from it: what follows in the log means nothing, and the name is not given again. */
export interface RoomDeleted extends Common {
  readonly kind: "room_deleted";
}
interface Sanction extends Common {
  readonly userId: UserId;
  /** Milliseconds since 1970; absent: for ever. */
  readonly until?: number;
  readonly reason?: string;
  /** There was one for this person before: they are counted on replay without their rows. */
  readonly replaces?: true;
}
/** Keeps a person out. One who was a member leaves with the event that follows. */
export interface MemberBanned extends Sanction {
  readonly kind: "member_banned";
  /** Who is no member may be listening where strangers read, and ends that with this. */
  readonly stranger?: true;
}
export interface BanLifted extends Common {
  readonly kind: "ban_lifted";
  readonly userId: UserId;
}
/** The member reads on, and does not write. */
export interface MemberMuted extends Sanction {
  readonly kind: "member_muted";
}
export interface MuteLifted extends Common {
  readonly kind: "mute_lifted";
  readonly userId: UserId;
}
/** For one person, or for whoever has the code. */
export interface InviteMade extends Common {
  readonly kind: "invite_made";
  readonly userId?: UserId;
  readonly code?: string;
  readonly until: number;
  readonly usesMax?: number;
  readonly replaces?: true;
}
export interface InviteEnded extends Common {
  readonly kind: "invite_ended";
  readonly userId?: UserId;
  readonly code?: string;
  readonly reason: "declined" | "revoked";
}
/** `by` asks to join. */
export interface JoinRequested extends Common {
  readonly kind: "join_requested";
  readonly name?: string;
  readonly avatar?: string;
  readonly message?: string;
}
/** Without their joining: then `member_joined` says it. */
export interface JoinRequestEnded extends Common {
  readonly kind: "join_request_ended";
  readonly userId: UserId;
  readonly reason: "denied" | "withdrawn";
}

export type DomainEvent =
  | RoomCreated
  | RoomUpdated
  | MemberJoined
  | MemberLeft
  | MemberChanged
  | RoomDeleted
  | MemberBanned
  | BanLifted
  | MemberMuted
  | MuteLifted
  | InviteMade
  | InviteEnded
  | JoinRequested
  | JoinRequestEnded
  | MessageSent
  | MessageEdited
  | MessageDeleted
  | ThreadFollowChanged
  | ReactionChanged
  | MessagePinned
  | ModerationEvent
  | AnswerEvent
  | PollVoted
  | PollClosed
  | PseudonymChanged
  | FileAdded
  | FilesRemoved
  | HistoryTrimmed
  | RowsErased;
export type LogEvent = Fence | DomainEvent;
