/**
 * What one run leaves behind for judgement: what each client did and saw, in its own order, and the final log.
 * Invariant: plain data; nothing here knows how it came about or what would be right.
 */
import type { ItemKey, MessageId, RoomId, Seq, UserId } from "../../src/base/ids.ts";
import type { LogEvent } from "../../src/domain/room/events.ts";
import type { Notification } from "../../src/domain/notify/notification.ts";
import type { ItemValue, MemberRow, MessageOverlay } from "../../src/domain/room/state.ts";
import type { ErrorCode } from "../../src/protocol/errors.ts";
import type { ModerationNoticeFrame, ModerationRuleView, RoomEvent, RoomPosition } from "../../src/protocol/frames.ts";

export type RequestBody =
  | {
      readonly kind: "send_message";
      readonly content: string;
      readonly replyTo?: MessageId;
      readonly isPoll?: true;
      readonly isAnonymous?: true;
      readonly mentions?: readonly UserId[];
    }
  | { readonly kind: "vote_poll"; readonly messageId: MessageId; readonly choices: readonly number[] }
  | { readonly kind: "edit_message"; readonly messageId: MessageId; readonly content: string }
  | { readonly kind: "delete_message" | "pin_message" | "unpin_message" | "stop_answer"; readonly messageId: MessageId }
  | { readonly kind: "message_reaction"; readonly messageId: MessageId; readonly emoji: string; readonly add: boolean }
  | { readonly kind: "create_room"; readonly participants: readonly UserId[]; readonly isPrivate: boolean }
  | { readonly kind: "join_room" }
  | { readonly kind: "leave_room" }
  | { readonly kind: "create_invite" }
  | { readonly kind: "mark_read" | "mark_unread"; readonly seq: Seq }
  | { readonly kind: "add_member"; readonly userId: UserId }
  | { readonly kind: "remove_member"; readonly userId: UserId }
  | { readonly kind: "mute_member" | "ban_member"; readonly userId: UserId; readonly durationMs?: number }
  | { readonly kind: "unmute_member" | "unban_member"; readonly userId: UserId }
  | { readonly kind: "report_message"; readonly messageId: MessageId }
  | { readonly kind: "set_role"; readonly userId: UserId; readonly role: "moderator" | "member" }
  | { readonly kind: "set_moderation"; readonly rules: readonly ModerationRuleView[] }
  | { readonly kind: "resolve_held"; readonly heldId: MessageId; readonly approve: boolean };

export interface Try {
  readonly atMs: number;
  /** Number of the client's connection, 1, 2, 3 …; 0 for requests that come over HTTP. */
  readonly connection: number;
  readonly ref: number;
}

export type Answer = { readonly atMs: number; readonly ref: number } & (
  | {
      readonly kind: "ack";
      readonly seq: Seq;
      readonly messageId: MessageId | undefined;
      readonly duplicate: boolean;
      /** It waits for a moderator. */
      readonly held?: true;
    }
  | { readonly kind: "error"; readonly code: ErrorCode; readonly temporary: boolean }
);

/** One thing that a client wanted, over all its tries. */
export interface RequestHistory {
  readonly room: RoomId;
  readonly body: RequestBody;
  /** `undefined`: the edge gives one for each try. */
  readonly clientId: string | undefined;
  readonly probe: boolean;
  readonly tries: Try[];
  readonly answers: Answer[];
}

/** What a client asked and saw of one room, in order. */
export type Seen =
  | { readonly kind: "asked"; readonly connection: number; readonly ref: number; readonly since: Seq | undefined }
  | {
      readonly kind: "events";
      readonly connection: number;
      readonly after: Seq;
      readonly head: Seq;
      readonly events: readonly RoomEvent[];
    }
  /** The answer to a question with this `ref`. */
  | { readonly kind: "position"; readonly connection: number; readonly ref: number; readonly position: RoomPosition }
  | { readonly kind: "left"; readonly connection: number };

export interface ClientHistory {
  readonly name: string;
  readonly user: UserId;
  readonly requests: readonly RequestHistory[];
  readonly rooms: ReadonlyMap<RoomId, readonly Seen[]>;
  /** What it was told of messages that wait for a moderator, and of reports. */
  readonly notices: readonly ModerationNoticeFrame[];
  /** What broke the protocol at once: answers to nothing, frames out of place. */
  readonly faults: readonly string[];
  /** How it stood at the end, after everything had healed and fallen silent. */
  readonly final: ClientEnding | undefined;
}

export interface ClientEnding {
  readonly status: "online" | "offline";
  /** Rooms that it listens to. */
  readonly positions: readonly RoomPosition[];
  /** Of the `connection` frame of a last new connection. */
  readonly unread: Readonly<Record<RoomId, number>>;
  /** What it was shown when it asked which messages wait for a moderator; a string is the code of a refusal. */
  readonly queues: ReadonlyMap<RoomId, readonly QueuedMessage[] | string>;
}

export interface QueuedMessage {
  readonly heldId: MessageId;
  readonly author: UserId;
  readonly content: string;
}

export interface FinalSegment {
  readonly firstSeq: Seq;
  readonly lastSeq: Seq;
  readonly epoch: number;
  /** The activation that wrote it. */
  readonly writer: string;
  readonly messageCount: number;
  readonly events: readonly LogEvent[];
}

export interface FinalLog {
  readonly room: RoomId;
  readonly isPrivate: boolean;
  readonly segments: readonly FinalSegment[];
  /** Rows as the store has them. */
  readonly members: ReadonlyMap<UserId, MemberRow>;
  readonly overlays: ReadonlyMap<Seq, MessageOverlay>;
  readonly items: ReadonlyMap<ItemKey, ItemValue>;
}

export interface History {
  readonly clients: readonly ClientHistory[];
  readonly logs: readonly FinalLog[];
  readonly disruptions: readonly Disruption[];
  /** Programs that are to be brought everything. */
  readonly readers?: readonly Reader[];
  /** What people who were away were told, and what each was there for in the drill at the end. */
  readonly notices?: { readonly told: readonly Notification[]; readonly drill: ReadonlyMap<UserId, DrillPart> };
  /** Refusals that prove nothing: what was refused so may be done all the same by somebody who had a copy of it. */
  readonly doubtful?: ReadonlySet<ErrorCode>;
}

/** `due`: to be told; the others not: they have read it, have quiet hours, want nothing, or are there. */
export type DrillPart = "due" | "read" | "quiet" | "level" | "live";

/** A page of the feed as somebody was brought it. */
export interface Brought {
  readonly events: readonly { readonly room: RoomId; readonly seq: Seq; readonly type: RoomEvent["type"] }[];
  readonly missing: readonly { readonly room: RoomId | undefined; readonly from: number; readonly to: number }[];
  /** They said so, or tried to. */
  readonly isTaken: boolean;
}

export interface Reader {
  readonly name: string;
  /** In the order in which it came. */
  readonly brought: readonly Brought[];
}

/** A span in which a second writer may have been at work: a temporary refusal then is no proof that nothing was written. */
export interface Disruption {
  readonly fromMs: number;
  readonly toMs: number;
  /** It has its own copies of requests, and may carry them out when its successor has refused them, for whatever reason. */
  readonly hasCopies: boolean;
}

/** Marks name no event of the log. */
export function isMark(body: RequestBody): body is Extract<RequestBody, { kind: "mark_read" | "mark_unread" }> {
  return body.kind === "mark_read" || body.kind === "mark_unread";
}
