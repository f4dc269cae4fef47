/**
 * Requests that want an answer as a value (REST, command line), as the edge sends them to an actor: what a frame can't say
 * or what has no socket to answer on. The principal comes from the verified token; the address from the path.
 */
import type { ConnectionId, MessageId, RoomId, Seq, UserId } from "../base/ids.ts";
import type { AskReply } from "../domain/assistant/port.ts";
import type { Profile } from "../domain/user/profile.ts";
import type { RoomMutation } from "../domain/room/commands.ts";
import type {
  Attachment,
  ConnectionFrame,
  MessageView,
  PollView,
  PresenceStatus,
  Role,
  RoomEvent,
  RoomType,
  RoomView,
  UserRef,
} from "../protocol/frames.ts";
import type { StandingCollection } from "../domain/room/vocabulary.ts";
import type { KeepAsk, KeepReply, UserKeepAsk, UserKeepReply } from "./keeping-calls.ts";
import type {
  NotifyAsk,
  NotifyReply,
  NotifySettingsAsk,
  NotifySettingsReply,
  RoomNotifyAsk,
  RoomNotifyReply,
} from "./notify-calls.ts";
import type { ModerationAsk, ModerationReply } from "./moderation-calls.ts";
import type { Replayed, Route } from "./room/route-trace.ts";
import type { TenantAsk, TenantReply } from "./tenant-calls.ts";

interface AskRequest {
  readonly question: string;
  /** What it is about, in the asker's words. */
  readonly topic?: string;
  /** By which whoever asked can take the question back. */
  readonly askId?: string;
}
/**
 * Nobody waits for the answer to that question any more. It comes with a call that older nodes know and answer as ever: they take
 * nothing back, and come to no harm.
 */
interface TakeBack {
  readonly takeBack?: string;
}

/** Leaves the principal to the envelope: nobody can name another one in a body. */
type WithoutPrincipal<T> = T extends unknown ? Omit<T, "by"> : never;

export interface MutationReply {
  readonly seq: Seq;
  readonly timestamp: number;
  readonly duplicate: boolean;
  /** For messages. */
  readonly messageId?: MessageId;
  /** It waits for a moderator. */
  readonly held?: true;
  /** The message after the change: `send_message`, `edit_message`, `vote_poll`, `close_poll`. */
  readonly message?: MessageView;
  /** The room after the change: `create_room`, `update_room`, `join_room`, `leave_room`. */
  readonly room?: RoomView;
  /** `join_room`: one must ask here, has done so, and is no member yet. */
  readonly state?: "pending";
  /** `create_invite`. */
  readonly invite?: InviteView;
}
/** One ban or mute, with why and until when. */
export interface SanctionView {
  readonly userId: UserId;
  readonly by: UserId;
  readonly at: number;
  /** Absent: for ever. */
  readonly until?: number;
  readonly reason?: string;
}
export interface InviteView {
  /** Who is invited, or … */
  readonly userId?: UserId;
  /** … the code for whoever has it. */
  readonly invite?: string;
  readonly by: UserId;
  readonly at: number;
  readonly until: number;
  readonly uses: number;
  readonly maxUses?: number;
}
export interface JoinRequestView extends UserRef {
  readonly at: number;
  readonly message?: string;
}
export type StandingView = SanctionView | InviteView | JoinRequestView;
/** Somebody's invite, with what they may know of the room. */
export interface OwnInviteView {
  readonly roomId: RoomId;
  readonly name: string;
  readonly type: RoomType;
  readonly description?: string;
  readonly avatar?: string;
  readonly memberCount: number;
  readonly by: UserId;
  readonly at: number;
  readonly until: number;
}
export interface InvitePreview {
  readonly room: RoomView;
  readonly invite: InviteView;
}
export interface MemberView extends UserRef {
  readonly role: Role;
  readonly joinedAt: number;
  /** Is in the room now, and to be seen. */
  readonly isOnline: boolean;
}
/** Where a page of members by prefix ended, as its `next` says it. */
export const MEMBERS_PLACE = /^[ni]:[\x20-\x7e]{0,900}$/;

export interface PresentView extends UserRef {
  readonly status: PresenceStatus;
  readonly customStatus?: string;
}
/** A deleted message with what it said last, and who deleted it. */
export interface DeletedMessageView extends MessageView {
  readonly deletedBy?: UserId;
}
export interface VersionView {
  readonly content: string;
  /** When it was written; absent where only the log knows. */
  readonly timestamp?: number;
  /** When the next one replaced it; absent for the present one. */
  readonly until?: number;
}
/**
 * To follow a thread or not, in place of marking it. It comes with a call that older nodes know: one that passes the wish over has
 * only marked the thread, and says by its answer that it did no more.
 */
export interface FollowWish {
  readonly follow: boolean;
  readonly clientId: string;
  readonly knownSeq?: Seq;
}
export interface ThreadMarked {
  readonly threadId: MessageId;
  readonly unread: number;
}
export interface ThreadFollowed extends MutationReply {
  readonly threadId: MessageId;
  readonly isFollowing: boolean;
}

/** A thread that somebody follows, by the message that it hangs on. */
export interface ThreadEntry {
  readonly message: MessageView;
  readonly unread: number;
}
export interface PinView {
  readonly message: MessageView;
  readonly pinnedBy: UserId;
  readonly pinnedAt: number;
}
export interface ReactionEntry {
  readonly userId: UserId;
  /** `null` where a former version did not keep it. */
  readonly reactedAt: number | null;
}
export interface VoterEntry {
  readonly userId: UserId;
  readonly choices: readonly number[];
  readonly votedAt: number;
}
export interface PseudonymBanEntry {
  readonly pseudonym: UserId;
  readonly name: string;
  readonly by: UserId;
  readonly at: number;
  readonly reason?: string;
}
export interface RoomListEntry extends RoomView {
  readonly isJoined: boolean;
  /** Of a direct room of the asker's: the other person. */
  readonly peer?: UserRef;
  /** All that were ever written. */
  readonly messageCount: number;
  readonly unread: number;
  readonly mentions: number;
}
/** Whom to name: who has read a message, who has it and has not read it, who has not got it. */
export type ReceiptState = "read" | "delivered" | "pending";
export interface ReceiptsView {
  readonly readBy: number;
  readonly deliveredTo: number;
  /** Those who were members when it was sent, and still are. */
  readonly members: number;
  /** In the order of their ids. */
  readonly users: readonly UserRef[];
  readonly hasMore: boolean;
}
export interface MarkedView {
  readonly readSeq: Seq;
  readonly unread: number;
  readonly mentions: number;
}

/** Request and reply of every call, by kind. `room` calls go to the room's actor, `user` calls to the asker's own. */
export interface RoomCalls {
  readonly mutate: {
    readonly request: { readonly command: WithoutPrincipal<RoomMutation> };
    readonly reply: MutationReply;
  };
  readonly get_room: {
    readonly request: object;
    readonly reply: {
      readonly room: RoomView;
      readonly role: Role | null;
      /** Of a direct room of the asker's: the other person. */
      readonly peer?: UserRef;
      readonly unread: number;
      readonly mentions: number;
    };
  };
  readonly history: {
    /** Neither: the newest. `before` and `after` are exclusive. */
    readonly request: { readonly before?: Seq; readonly after?: Seq; readonly limit: number };
    /**
     * Ascending by sequence. `hasMore`: in the direction asked. `readBy`, beside the messages: who has read each; absent in
     * rooms of more than `RECEIPTS_NAMED_MEMBERS_MAX`.
     */
    readonly reply: {
      readonly messages: readonly MessageView[];
      readonly hasMore: boolean;
      readonly readBy?: readonly (readonly UserId[])[];
      /** The page is at the beginning of what there is, and what came before was removed by retention. */
      readonly removed?: true;
    };
  };
  /** What happened in the room after a sequence, in order: what listeners were told, as it may be shown now. */
  readonly events: {
    readonly request: { readonly after: Seq; readonly limit: number };
    /** Everything of (`after`, `to`] that is for clients, but for `missing`, which is kept no more. `head`: the room's last sequence. */
    readonly reply: {
      readonly events: readonly RoomEvent[];
      readonly to: Seq;
      readonly head: Seq;
      readonly missing?: { readonly from: Seq; readonly to: Seq };
    };
  };
  readonly message: {
    /** `deleted`: also what it said, if it was deleted. */
    readonly request: { readonly messageId: MessageId; readonly deleted?: boolean };
    readonly reply: { readonly message: DeletedMessageView };
  };
  /** Those of them that are there, as they are now, in the order asked. */
  readonly messages: {
    readonly request: { readonly seqs: readonly Seq[] } & TakeBack;
    readonly reply: { readonly messages: readonly MessageView[] };
  };
  readonly versions: {
    /** `deleted`: also when the message was deleted. */
    readonly request: { readonly messageId: MessageId; readonly deleted?: boolean };
    /** The oldest first, the present one last. Not complete: some between the first and the others are in the log alone. */
    readonly reply: {
      readonly messageId: MessageId;
      readonly versions: readonly VersionView[];
      readonly isComplete: boolean;
    };
  };
  /** The newest pin first. */
  readonly pins: { readonly request: object; readonly reply: { readonly pins: readonly PinView[] } };
  readonly thread: {
    /** Neither `before` nor `after`: from the first reply on. Both are exclusive. */
    readonly request: {
      readonly messageId: MessageId;
      readonly before?: Seq;
      readonly after?: Seq;
      readonly limit: number;
    };
    /** The message that the thread hangs on, and replies in their order. `hasMore`: in the direction asked. */
    readonly reply: {
      readonly message: MessageView;
      readonly replies: readonly MessageView[];
      readonly hasMore: boolean;
      readonly isFollowing: boolean;
      readonly unread: number;
    };
  };
  /** Those of the room that the asker follows; the one that hangs on the newest message first. */
  readonly threads: {
    readonly request: { readonly before?: Seq; readonly limit: number };
    readonly reply: { readonly threads: readonly ThreadEntry[]; readonly hasMore: boolean };
  };
  readonly mark_thread_read: {
    readonly request: { readonly threadId: MessageId; readonly messageId?: MessageId; readonly wish?: FollowWish };
    readonly reply: ThreadMarked | ThreadFollowed;
  };
  /** Who shows this emoji, in the order of their ids. */
  readonly reactions: {
    readonly request: {
      readonly messageId: MessageId;
      readonly emoji: string;
      readonly after?: UserId;
      readonly limit: number;
    };
    readonly reply: {
      readonly emoji: string;
      readonly count: number;
      readonly users: readonly ReactionEntry[];
      readonly hasMore: boolean;
    };
  };
  /** Who chose what in a poll that is not anonymous, in the order of their ids. */
  readonly voters: {
    readonly request: { readonly messageId: MessageId; readonly after?: UserId; readonly limit: number };
    readonly reply: { readonly poll: PollView; readonly voters: readonly VoterEntry[]; readonly hasMore: boolean };
  };
  readonly pseudonym_bans: {
    readonly request: { readonly after?: UserId; readonly limit: number };
    readonly reply: { readonly bans: readonly PseudonymBanEntry[]; readonly hasMore: boolean };
  };
  /** Who is banned, muted, invited, or asks to join; only those that hold now. */
  readonly standing: {
    readonly request: { readonly collection: StandingCollection; readonly after?: string; readonly limit: number };
    /** `after`: where the next page begins; `null` when there is none. */
    readonly reply: { readonly entries: readonly StandingView[]; readonly after: string | null };
  };
  /** What one's own invite, or a code, is for. */
  readonly view_invite: { readonly request: { readonly code?: string }; readonly reply: InvitePreview };
  /** A question to the assistant about the room; nobody else sees the answer. */
  readonly ask: { readonly request: AskRequest; readonly reply: AskReply };
  readonly members: {
    /** Without `prefix` in the order of their ids, `after` one. With it those whose name or id begins so, `after` a page's `next`. */
    readonly request: { readonly after?: string; readonly prefix?: string; readonly limit: number };
    /** `total`: all of the room's. Without `next` there are no more. */
    readonly reply: { readonly members: readonly MemberView[]; readonly total: number; readonly next?: string };
  };
  /** May the asker bring such a file? */
  readonly check_upload: {
    readonly request: { readonly fileName: string; readonly fileSize: number; readonly mimeType: string };
    readonly reply: { readonly files: readonly [] };
  };
  /** What these uploads are, in this order; `null` for those that are not there, or not for the asker. */
  readonly files: {
    readonly request: { readonly ids: readonly string[] };
    readonly reply: { readonly files: readonly (Attachment | null)[] };
  };
  /** Who is there now, in the order of their ids. `count`: all of them. */
  readonly present: {
    readonly request: { readonly after?: UserId; readonly limit: number };
    readonly reply: { readonly present: readonly PresentView[]; readonly count: number; readonly hasMore: boolean };
  };
  /** What is for moderators: rules, queues, the audit log, and a rule on trial. */
  readonly moderation: {
    readonly request: { readonly ask: ModerationAsk };
    readonly reply: ModerationReply;
  };
  /** For the engine itself. */
  readonly keep: { readonly request: { readonly ask: KeepAsk }; readonly reply: KeepReply };
  readonly notify: { readonly request: { readonly ask: RoomNotifyAsk }; readonly reply: RoomNotifyReply };
  readonly typing: { readonly request: { readonly isTyping: boolean }; readonly reply: object };
  readonly mark_read: {
    readonly request: { readonly seq?: Seq; readonly messageIds?: readonly MessageId[] };
    readonly reply: MarkedView;
  };
  readonly mark_unread: {
    readonly request: { readonly seq?: Seq; readonly messageId?: MessageId; readonly clientId?: string };
    readonly reply: MarkedView;
  };
  /** Who has read one message, in numbers and a page of names. */
  readonly receipts: {
    readonly request: {
      readonly seq: Seq;
      readonly state: ReceiptState;
      readonly after?: UserId;
      readonly limit: number;
    };
    readonly reply: ReceiptsView;
  };
  /** What this room knows of a message's way to one person. For administrators of the tenant. */
  readonly trace: {
    readonly request: { readonly messageId: MessageId; readonly userId: UserId };
    readonly reply: TraceView;
  };
}
export interface TraceView {
  readonly messageId: MessageId;
  readonly seq: Seq;
  /** The event's own time. */
  readonly committedAt: number;
  /** The node and activation that wrote it, and the fence it was written behind. */
  readonly writtenBy: string;
  readonly epoch: number;
  /** The node that has the room now. */
  readonly node: string;
  readonly isDeleted: boolean;
  /** The person wrote it, under their name. */
  readonly isOwn: boolean;
  /** At that moment; `unknown`: too much has happened since. */
  readonly membership: "member" | "not_member" | "unknown";
  /** When they came and went, as far as it matters. */
  readonly joinedSeq?: Seq;
  readonly leftSeq?: Seq;
  readonly isBanned: boolean;
  readonly deliveredSeq: Seq;
  readonly readSeq: Seq;
  /** They were named, or all were: a notification went to their other connections. */
  readonly notice?: "mention" | "mention_all";
  /** They do not want to hear of the author. */
  readonly isBlocking: boolean;
  /** While they were away they were told of the room up to there, and when; absent: never. */
  readonly toldUpTo?: { readonly seq: Seq; readonly atMs: number };
  /** What was committed since then, milliseconds since 1970, was noted here if it was sent; 0: nothing is noted now. */
  readonly notedFromMs: number;
  readonly routes: readonly Route[];
  readonly replays: readonly Replayed[];
}
/** What edges did before the person's actor was asked. */
export interface Ended {
  readonly connections: number;
  readonly nodes: readonly string[];
}
export interface UserCalls {
  /**
   * For administrators: ends the connections of `user` at all nodes but those that have ended theirs and said how many there were, and notes the
   * act; the number of all of them.
   */
  readonly disconnect: {
    readonly request: { readonly userId: UserId; readonly ended?: Ended; readonly reason?: string };
    readonly reply: { readonly connections: number };
  };
  /** A question to the assistant about no room. */
  readonly ask_assistant: { readonly request: AskRequest; readonly reply: AskReply };
  readonly tenant: { readonly request: { readonly ask: TenantAsk }; readonly reply: TenantReply };
  /** For the engine itself. */
  readonly keep: { readonly request: { readonly ask: UserKeepAsk }; readonly reply: UserKeepReply };
  readonly notify: { readonly request: { readonly ask: NotifyAsk }; readonly reply: NotifyReply };
  /** What the asker wants to be told of while they are away, and where. */
  readonly notify_settings: {
    readonly request: { readonly ask: NotifySettingsAsk };
    readonly reply: NotifySettingsReply;
  };
  readonly list_rooms: {
    readonly request: {
      readonly scope: "member" | "visible" | "all";
      readonly type?: RoomType;
      readonly tags?: readonly string[];
      readonly text?: string;
      /** Archived ones, too, that the asker is no member of; absent: `all` has them, `visible` has not. */
      readonly archived?: true;
      /** Who the other one is of each direct room: a read more for each of them. */
      readonly peers?: true;
      readonly limit: number;
      readonly offset: number;
    };
    readonly reply: { readonly rooms: readonly RoomListEntry[]; readonly total: number };
  };
  readonly unread_counts: {
    readonly request: TakeBack;
    readonly reply: ConnectionFrame["unread"];
  };
  /** Invites of the asker that hold, in all rooms. */
  readonly list_invites: {
    /** `after`: the last room of the page before. */
    readonly request: { readonly after?: RoomId; readonly limit: number };
    readonly reply: { readonly invites: readonly OwnInviteView[]; readonly after: RoomId | null };
  };
  /** Threads that the asker follows, in all rooms: those of the room that was active last come first. */
  readonly list_threads: {
    /** `after`: what the page before gave as `next`. */
    readonly request: { readonly after?: string; readonly limit: number };
    readonly reply: { readonly threads: readonly ThreadEntry[]; readonly next: string | null };
  };
  /** For each of the others the rooms that they share with the asker, the first ones: without one they may not see each other. */
  readonly shared_rooms: {
    readonly request: { readonly others: readonly UserId[] };
    readonly reply: { readonly rooms: readonly (readonly RoomId[])[] };
  };
  /**
   * Of `user`, whoever asks: the edge says who may. `settled`, of the asker: what their token says of them is known then, and a profile service was asked, where there is one.
   */
  readonly get_presence: {
    readonly request: { readonly userId: UserId; readonly settled?: true };
    readonly reply: PresenceView;
  };
  /** Absent parts stay as they are; a name or picture of `null` is that of the token again. */
  readonly update_profile: {
    readonly request: {
      readonly name?: string | null;
      readonly avatar?: string | null;
      readonly status?: PresenceStatus;
      readonly customStatus?: string;
      readonly expiresInMs?: number;
    };
    readonly reply: PresenceView;
  };
  /**
   * What the client of one of the asker's connections says over another node than the connection's own: frames, in order, and
   * whether it goes. `post` names the request, so that its repetition is not taken for another one.
   */
  readonly relay: {
    readonly request: {
      readonly connectionId: ConnectionId;
      readonly post: string;
      readonly frames: readonly string[];
      readonly goes: boolean;
    };
    readonly reply: object;
  };
  /** Of the asker's own block list. */
  readonly block_user: {
    readonly request: { readonly whom: UserId; readonly blocked: boolean };
    readonly reply: object;
  };
  readonly list_blocks: {
    readonly request: { readonly after?: UserId; readonly limit: number };
    readonly reply: { readonly blocks: readonly BlockedView[] };
  };
  /** One more upload of so many bytes, if the day's share allows it. */
  readonly reserve_upload: {
    readonly request: { readonly bytes: number; readonly bytesPerDayMax: number };
    readonly reply: object;
  };
  readonly set_presence: {
    readonly request: {
      readonly status: PresenceStatus;
      readonly customStatus?: string;
      readonly expiresInMs?: number;
    };
    readonly reply: PresenceView;
  };
}
export interface BlockedView {
  readonly userId: UserId;
  /** Milliseconds since 1970. */
  readonly blockedAt: number;
}
/** One person, as their own actor knows them. */
export interface PresenceView extends UserRef {
  readonly status: PresenceStatus;
  readonly customStatus?: string;
  readonly customStatusUntil?: number;
  /** Milliseconds since 1970; `null`: was never here. */
  readonly lastSeen: number | null;
  readonly devices: number;
  /** Where others are shown that they are there, the first ones. */
  readonly rooms: readonly RoomId[];
  /** What of name and picture goes before their tokens: what they chose, or a profile service says. */
  readonly own: Profile;
}

export type RoomCallKind = keyof RoomCalls;
export type UserCallKind = keyof UserCalls;
export type Call =
  | {
      [K in RoomCallKind]: { readonly to: "room"; readonly room: RoomId; readonly kind: K } & RoomCalls[K]["request"];
    }[RoomCallKind]
  | {
      [K in UserCallKind]: { readonly to: "user"; readonly user: UserId; readonly kind: K } & UserCalls[K]["request"];
    }[UserCallKind];

/** The reply type of a call. */
export type ReplyOf<C extends Call> = C extends { readonly to: "room"; readonly kind: infer K extends RoomCallKind }
  ? RoomCalls[K]["reply"]
  : C extends { readonly to: "user"; readonly kind: infer K extends UserCallKind }
    ? UserCalls[K]["reply"]
    : never;
