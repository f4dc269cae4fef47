/** What `decide` answers: data that the actor carries out. */
import type { ItemKey, MessageId, Seq, UserId } from "../../base/ids.ts";
import type { HookQuestion } from "../moderation/hook.ts";
import type { DomainEvent } from "./events.ts";

/** Why not. `code` is one of the wire's error codes; the domain keeps its own list so that it depends on nothing. */
export interface RoomRejection {
  readonly code:
    | "invalid_field"
    | "missing_field"
    | "content_too_long"
    | "forbidden"
    | "room_not_found"
    | "message_not_found"
    | "user_not_found"
    | "invite_not_found"
    | "invite_ended"
    | "request_not_found"
    | "banned"
    | "muted"
    | "room_archived"
    | "too_many"
    | "room_exists"
    | "room_full"
    | "already_deleted"
    | "last_owner"
    | "on_hold"
    | "too_many_reactions"
    | "too_many_pins"
    | "file_too_large"
    | "poll_closed"
    | "not_a_poll"
    | "not_running"
    | "ai_disabled"
    | "conflict"
    | "retry_expired"
    | "message_rejected"
    | "slow_mode"
    | "already_reported"
    | "report_not_found"
    | "held_not_found"
    | "rate_limited"
    | "overloaded";
  readonly message?: string;
  readonly field?: string;
  /** Of temporary ones, and where what is in the way ends. */
  readonly retryAfterMs?: number;
}

/** What people are told of who may not be looking. */
export type NotifyReason =
  | "mention"
  | "invite"
  | "invite_ended"
  | "reply"
  | "join_request"
  | "request_approved"
  | "request_denied"
  | "banned";

/** Rows that `decide` lacks. The request waits for them while others go on, then `decide` runs again. */
export interface RowKeys {
  readonly members: readonly UserId[];
  readonly messages: readonly Seq[];
  readonly items?: readonly ItemKey[];
  readonly blocks?: BlockWish;
  /** Whether the room is on legal hold. */
  readonly hold?: true;
}

/** Has one of these people blocked this one? */
export interface BlockWish {
  readonly user: UserId;
  /** Absent: the other members. */
  readonly by?: readonly UserId[];
}
/** The answer, and when it was found (wall clock). */
export interface BlockMark {
  readonly isBlocked: boolean;
  readonly at: number;
}

/** What holds a room from being deleted. */
export type RoomHold = "none" | "room" | "tenant";

/** What else is to happen: notifications after the commit, the rest at once. */
export type RoomEffect =
  | { readonly kind: "typing"; readonly userId: UserId; readonly name: string | undefined; readonly isTyping: boolean }
  | { readonly kind: "mark_read"; readonly userId: UserId; readonly seq: Seq }
  /** `seq`: of the first message that is unread again. */
  | { readonly kind: "mark_unread"; readonly userId: UserId; readonly seq: Seq; readonly key?: string }
  | { readonly kind: "mark_delivered"; readonly userId: UserId; readonly seq: Seq }
  | {
      readonly kind: "mark_thread_read";
      readonly userId: UserId;
      readonly root: Seq;
      /** The reply up to which it is read, and the last one that there is. */
      readonly no: number;
      readonly lastNo: number;
      /** Whoever does not has nothing counted. */
      readonly follows: boolean;
    }
  /** Nothing of it is unread by them; of a thread that they have left, nothing ever is. */
  | { readonly kind: "thread_followed"; readonly userId: UserId; readonly root: Seq; readonly follows: boolean }
  | {
      readonly kind: "notify";
      readonly userIds: readonly UserId[];
      readonly reason: NotifyReason;
      /** Shown instead of the asker, who is anonymous. */
      readonly as?: UserId;
      /** The message; absent: the first event. */
      readonly seq?: Seq;
    }
  /** Everybody who is a member then, but its author. */
  | {
      readonly kind: "notify_all";
      readonly reason: "mention";
      readonly author: UserId;
      readonly as?: UserId;
      readonly seq?: Seq;
    }
  /** The bytes of uploads that nobody can refer to any more. */
  | { readonly kind: "remove_files"; readonly files: readonly string[] | "all" }
  /** The assistant is to answer the message `question` with the message `seq`. */
  | { readonly kind: "answer"; readonly seq: Seq; readonly question: Seq }
  | { readonly kind: "moderation"; readonly userIds: readonly UserId[]; readonly notice: ModerationNotice };

/** What moderators, or the author, are told beside the log. */
export interface ModerationNotice {
  readonly kind: "held" | "approved" | "rejected" | "reported";
  readonly heldId?: MessageId;
  readonly messageId?: MessageId;
  readonly reportId?: string;
  readonly reason?: string;
}

export type Decision =
  /** `events` may be empty: nothing to write (an ephemeral command, or a change that is there already). */
  | { readonly kind: "accept"; readonly events: readonly DomainEvent[]; readonly effects: readonly RoomEffect[] }
  /** Done before as event `seq`: answer as then, but not before `seq` is committed. */
  | { readonly kind: "duplicate"; readonly seq: Seq; readonly timestamp: number }
  | { readonly kind: "reject"; readonly rejection: RoomRejection }
  | { readonly kind: "need"; readonly keys: RowKeys }
  /** The pre-publish hook is asked; then `decide` runs again with its verdict. */
  | { readonly kind: "consult"; readonly question: Omit<HookQuestion, "tenant" | "room"> };
