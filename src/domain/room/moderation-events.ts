/** What moderation writes into a room's log. None of it is shown to members; what follows from it is. */
import type { MessageId, Seq, UserId } from "../../base/ids.ts";
import type { Finding, ModerationRule } from "../moderation/rules.ts";
import type { SendMessage } from "./commands.ts";
import type { Common } from "./events.ts";

/** The room has these rules from here on. */
export interface ModerationChanged extends Common {
  readonly kind: "moderation_changed";
  readonly rules: readonly ModerationRule[];
}

/** What was asked, so that it can be done later. */
export type HeldCommand = Omit<SendMessage, "kind" | "by" | "clientId" | "knownSeq">;

/** A message that waits for a moderator. It has a sequence number, by which it is named, and is no message yet. */
export interface MessageHeld extends Common {
  readonly kind: "message_held";
  readonly message: HeldCommand;
  readonly authorName?: string;
  readonly authorAvatar?: string;
  /** The room had no pseudonym for this author before. */
  readonly isFirstAs?: true;
  readonly finding: Finding;
}

/** When it was approved, its message follows. */
export interface HeldResolved extends Common {
  readonly kind: "held_resolved";
  readonly heldSeq: Seq;
  readonly author: UserId;
  /** The author's pseudonym. */
  readonly userAs?: UserId;
  readonly approved: boolean;
  readonly reason?: string;
}

export const REPORT_ACTIONS = ["dismiss", "delete", "mute", "ban"] as const;
export type ReportAction = (typeof REPORT_ACTIONS)[number];

/** Somebody, or a rule, wants a moderator to look at a message or a person. */
export interface Reported extends Common {
  readonly kind: "reported";
  /** The message; absent: the person as such. */
  readonly messageSeq?: Seq;
  /** The person, or the message's author. */
  readonly userId: UserId;
  /** The author's pseudonym, which is all that moderators see. */
  readonly userAs?: UserId;
  readonly reason: string;
  readonly details?: string;
  /** How the message read when it was reported, cut short. */
  readonly excerpt?: string;
  /** Present when a rule did it; then `by` is the author. */
  readonly finding?: Finding;
  /** There is no open report of the same. */
  readonly first: boolean;
}

export interface ReportResolved extends Common {
  readonly kind: "report_resolved";
  /** See `reportIdOf`. */
  readonly report: string;
  readonly action: ReportAction;
  readonly userId: UserId;
  readonly userAs?: UserId;
  readonly messageId?: MessageId;
  readonly reason?: string;
}

export type ModerationEvent = ModerationChanged | MessageHeld | HeldResolved | Reported | ReportResolved;
