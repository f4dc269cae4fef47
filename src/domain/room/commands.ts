/** What may be asked of a room. Imperative names; each carries who asks, taken from the verified token. */
import type { ItemKey, MessageId, Seq, UserId } from "../../base/ids.ts";
import type { Principal } from "../principal.ts";
import type { RunOutcome } from "../assistant/runs.ts";
import type { ModerationRule } from "../moderation/rules.ts";
import type { RoomSettings } from "./events.ts";
import type { ReportAction } from "./moderation-events.ts";
import type { StandingCollection } from "./vocabulary.ts";
import type { Attachment, MessageType, Role } from "./vocabulary.ts";

interface CommandBase {
  readonly by: Principal;
}
/** A command that writes to the log. */
interface MutationBase extends CommandBase {
  /** Idempotency key within (room, user). The edge gives one when the client gave none. */
  readonly clientId: string;
  /** On a retry: the last sequence that the client knew when it first tried. */
  readonly knownSeq?: Seq;
}

export interface CreateRoom extends MutationBase {
  readonly kind: "create_room";
  readonly settings: RoomSettings;
  readonly participants: readonly UserId[];
}
/** Makes the user a member, or does nothing when they are. */
export interface JoinRoom extends MutationBase {
  readonly kind: "join_room";
  /** Code of an invite, without the room. */
  readonly invite?: string;
  /** To those who decide, where one must ask. */
  readonly message?: string;
}
export interface LeaveRoom extends MutationBase {
  readonly kind: "leave_room";
}
export interface UpdateRoom extends MutationBase {
  readonly kind: "update_room";
  readonly changes: Partial<Omit<RoomSettings, "type" | "isArchived">>;
}
export interface AddMember extends MutationBase {
  readonly kind: "add_member";
  readonly userId: UserId;
  readonly role: Role;
}
export interface RemoveMember extends MutationBase {
  readonly kind: "remove_member";
  readonly userId: UserId;
}
export interface SetRole extends MutationBase {
  readonly kind: "set_role";
  readonly userId: UserId;
  readonly role: Role;
}
/** The member becomes an owner, and the asker, if they are one, an admin. */
export interface TransferRoom extends MutationBase {
  readonly kind: "transfer_room";
  readonly userId: UserId;
}
export interface ArchiveRoom extends MutationBase {
  readonly kind: "archive_room";
  readonly archived: boolean;
}
export interface DeleteRoom extends MutationBase {
  readonly kind: "delete_room";
}
interface Sanction extends MutationBase {
  readonly userId: UserId;
  /** Absent: for ever. */
  readonly durationMs?: number;
  readonly reason?: string;
}
/** Also of people who are no members. */
export interface BanMember extends Sanction {
  readonly kind: "ban_member";
}
export interface UnbanMember extends MutationBase {
  readonly kind: "unban_member";
  readonly userId: UserId;
}
export interface MuteMember extends Sanction {
  readonly kind: "mute_member";
}
export interface UnmuteMember extends MutationBase {
  readonly kind: "unmute_member";
  readonly userId: UserId;
}
export interface CreateInvite extends MutationBase {
  readonly kind: "create_invite";
  /** Absent: for whoever has the code that is made. */
  readonly userId?: UserId;
  readonly durationMs?: number;
  /** Of a code; absent: without end. */
  readonly maxUses?: number;
}
export interface RevokeInvite extends MutationBase {
  readonly kind: "revoke_invite";
  readonly userId?: UserId;
  readonly code?: string;
}
/** The asker's own. */
export interface DeclineInvite extends MutationBase {
  readonly kind: "decline_invite";
}
export interface AnswerRequest extends MutationBase {
  readonly kind: "answer_request";
  readonly userId: UserId;
  readonly approve: boolean;
}
export interface SendMessage extends MutationBase {
  readonly kind: "send_message";
  readonly content: string;
  readonly messageType: MessageType;
  readonly replyTo?: MessageId;
  /** Absent: whom the text names as `@<id>`. */
  readonly mentions?: readonly UserId[];
  /** true: all members are meant, or the request is refused. Absent: when the text says so and the sender may. */
  readonly mentionRoom?: boolean;
  readonly attachments?: readonly Attachment[];
  /** With `messageType` poll. */
  readonly poll?: NewPoll;
  /** Shown under the author's pseudonym in this room. */
  readonly anonymous?: boolean;
}
/** A poll as its author asks for it. */
export interface NewPoll {
  readonly question: string;
  readonly options: readonly { readonly text: string }[];
  /** Several options may be chosen. */
  readonly multiple?: boolean;
  /** How many; all of them when only `multiple` is said. */
  readonly maxChoices?: number;
  /** Nobody is shown who chose what. */
  readonly anonymous?: boolean;
  /** Milliseconds since 1970. */
  readonly closesAt?: number;
}
export interface EditMessage extends MutationBase {
  readonly kind: "edit_message";
  readonly messageId: MessageId;
  readonly content: string;
}
export interface DeleteMessage extends MutationBase {
  readonly kind: "delete_message";
  readonly messageId: MessageId;
}
export interface React extends MutationBase {
  readonly kind: "react";
  readonly messageId: MessageId;
  readonly emoji: string;
  readonly add: boolean;
}
export interface PinMessage extends MutationBase {
  readonly kind: "pin_message" | "unpin_message";
  readonly messageId: MessageId;
}
/** The asker's own: whether they are told of replies in a thread, and have them counted. */
export interface FollowThread extends MutationBase {
  readonly kind: "follow_thread";
  readonly threadId: MessageId;
  readonly follow: boolean;
}
/** All choices of this person: they replace what was chosen before; none takes it back. */
export interface VotePoll extends MutationBase {
  readonly kind: "vote_poll";
  readonly messageId: MessageId;
  /** Places of options, counted from 0. */
  readonly choices: readonly number[];
}
export interface ClosePoll extends MutationBase {
  readonly kind: "close_poll";
  readonly messageId: MessageId;
}
/** Keeps a pseudonym from writing, or lets it write again. Whose it is nobody learns. */
export interface BanPseudonym extends MutationBase {
  readonly kind: "ban_pseudonym";
  readonly pseudonym: UserId;
  readonly banned: boolean;
  readonly reason?: string;
}
/** The room's own rules, all of them. */
export interface SetModeration extends MutationBase {
  readonly kind: "set_moderation";
  readonly rules: readonly ModerationRule[];
}
/** A message or a person, one of the two. */
export interface Report extends MutationBase {
  readonly kind: "report";
  readonly messageId?: MessageId;
  readonly userId?: UserId;
  readonly reason: string;
  readonly details?: string;
}
export interface ResolveReport extends MutationBase {
  readonly kind: "resolve_report";
  readonly reportId: string;
  readonly action: ReportAction;
  readonly reason?: string;
  /** Of a mute or ban; absent: for ever. */
  readonly durationMs?: number;
}
export interface ResolveHeld extends MutationBase {
  readonly kind: "resolve_held";
  readonly heldId: MessageId;
  readonly approve: boolean;
  readonly reason?: string;
}
/** An upload whose bytes the edge has looked at. No client can ask for it. */
export interface AddFile extends MutationBase {
  readonly kind: "add_file";
  readonly fileId: string;
  readonly fileName: string;
  readonly fileSize: number;
  /** By its bytes. */
  readonly mimeType: string;
  readonly url: string;
  readonly thumbnailUrl?: string;
}
/** Those of these that nobody refers to, and that were complete before this time. */
export interface DropFiles extends MutationBase {
  readonly kind: "drop_files";
  readonly files: readonly string[];
  /** Milliseconds since 1970. */
  readonly before: number;
  /** The engine's own: messages up to here are gone, and refer to nothing. */
  readonly upTo?: Seq;
}
/** May this user bring such a file? Changes nothing. */
export interface CheckUpload extends CommandBase {
  readonly kind: "check_upload";
  readonly fileName: string;
  readonly fileSize: number;
  readonly mimeType: string;
}
/** Ends an answer of the assistant where it is. */
export interface StopAnswer extends MutationBase {
  readonly kind: "stop_answer";
  readonly messageId: MessageId;
}
/** The engine's own, of an answer that grows: nobody else asks this, and nobody repeats it. What is new the context says. */
export interface ExtendAnswer extends CommandBase {
  readonly kind: "extend_answer";
  readonly target: Seq;
}
export interface RestartAnswer extends CommandBase {
  readonly kind: "restart_answer";
  readonly target: Seq;
}
export interface EndAnswer extends CommandBase {
  readonly kind: "end_answer";
  readonly target: Seq;
  readonly outcome: Omit<RunOutcome, "attempt">;
}
export type AnswerCommand = ExtendAnswer | RestartAnswer | EndAnswer;
/** May this user ask the assistant about the room? Changes nothing. */
export interface CheckAsk extends CommandBase {
  readonly kind: "check_ask";
}
/** Ephemeral: no log entry. */
export interface SetTyping extends CommandBase {
  readonly kind: "set_typing";
  readonly isTyping: boolean;
}
/** A row of its own beside the log; only forward. */
export interface MarkRead extends CommandBase {
  readonly kind: "mark_read";
  readonly seq?: Seq;
  readonly messageIds?: readonly MessageId[];
}
/** Counts go from this message again, until the user reads on. Receipts stay: what was read was read. */
export interface MarkUnread extends CommandBase {
  readonly kind: "mark_unread";
  readonly seq?: Seq;
  readonly messageId?: MessageId;
  /** The last marking's is known again: what is repeated under it changes nothing. */
  readonly key?: string;
}
export interface ConfirmDelivered extends CommandBase {
  readonly kind: "confirm_delivered";
  readonly seq: Seq;
}
/** A row of its own beside the log; only forward. */
export interface MarkThreadRead extends CommandBase {
  readonly kind: "mark_thread_read";
  /** The message that the thread hangs on. */
  readonly threadId: MessageId;
  /** Up to this reply; absent: all there are. */
  readonly messageId?: MessageId;
}
/** May this user read the room (subscribe, history, members)? Changes nothing. */
export interface CheckRead extends CommandBase {
  readonly kind: "check_read";
  /** Also what was deleted. */
  readonly deleted?: boolean;
}
/** May this user see the earlier versions of a message? Changes nothing. */
export interface CheckVersions extends CommandBase {
  readonly kind: "check_versions";
  readonly messageId: MessageId;
  /** Also when it was deleted. */
  readonly deleted?: boolean;
}
/** Does this user have an invite, or is this a code that holds? Changes nothing. */
export interface CheckInvite extends CommandBase {
  readonly kind: "check_invite";
  readonly code?: string;
}
/** May this user see who is banned, muted, invited, or asks to join? Changes nothing. */
export interface CheckStanding extends CommandBase {
  readonly kind: "check_standing";
  readonly collection: StandingCollection;
}

/** May this user see what is for moderators? Changes nothing. */
export interface CheckModerate extends CommandBase {
  readonly kind: "check_moderate";
  readonly action: "moderate" | "moderate_settings" | "ban";
}

/** What the engine itself does to rooms that have been there for long. */
export interface Keep extends CommandBase {
  readonly kind: "keep";
  readonly act: KeepAct;
}
export type KeepAct =
  | { readonly do: "look" }
  /** Ends a segment; `throughNo` messages stand up to there. */
  | { readonly do: "trim"; readonly throughSeq: Seq; readonly throughNo: number }
  /** The person leaves, whatever their role; if they are the last owner, `heir` is one first. */
  | { readonly do: "erase_member"; readonly userId: UserId; readonly heir?: UserId }
  /** Messages of this person; others are left alone. */
  | { readonly do: "erase_messages"; readonly userId: UserId; readonly targets: readonly Seq[] }
  /** What replies to this person's messages quote of them. */
  | { readonly do: "erase_quotes"; readonly targets: readonly Seq[] }
  | { readonly do: "erase_rows"; readonly userId: UserId; readonly keys: readonly ItemKey[] };

export type RoomMutation =
  | CreateRoom
  | JoinRoom
  | LeaveRoom
  | UpdateRoom
  | AddMember
  | RemoveMember
  | SetRole
  | TransferRoom
  | ArchiveRoom
  | DeleteRoom
  | BanMember
  | UnbanMember
  | MuteMember
  | UnmuteMember
  | CreateInvite
  | RevokeInvite
  | DeclineInvite
  | AnswerRequest
  | SendMessage
  | EditMessage
  | DeleteMessage
  | React
  | PinMessage
  | SetModeration
  | Report
  | ResolveReport
  | ResolveHeld
  | FollowThread
  | VotePoll
  | ClosePoll
  | BanPseudonym
  | AddFile
  | DropFiles
  | StopAnswer;
export type RoomCommand =
  | RoomMutation
  | AnswerCommand
  | CheckAsk
  | SetTyping
  | MarkRead
  | MarkThreadRead
  | MarkUnread
  | ConfirmDelivered
  | CheckRead
  | CheckVersions
  | CheckModerate
  | CheckInvite
  | CheckStanding
  | CheckUpload
  | Keep;
