/**
 * The rows of moderation: held messages, reports, who reported what, when people in slow mode spoke last, the audit log.
 * Invariant: what is listed has ids in the order in which it is listed.
 */
import { type ItemKey, itemKey, itemNames, type Seq, type UserId } from "../../base/ids.ts";
import { REPORTERS_KEPT_MAX } from "../../base/limits.ts";
import type { Finding } from "../moderation/rules.ts";
import type { HeldCommand, ReportAction, Reported } from "./moderation-events.ts";
import type { ItemValue } from "./state.ts";
import { seqId } from "./thread-items.ts";

export const HELD = "held";
export const REPORTS = "reports";
export const AUDIT = "audit";
/** Ids of open reports begin with the one, those of resolved reports with the other. */
export const OPEN = "o";
export const RESOLVED = "d";

/** On whose list over all rooms everything stands that waits for a moderator. No person's id has a `/`. */
export const MODERATORS = "/moderators" as UserId;

/** Held messages and open reports. */
export function waitsForModerators(key: ItemKey): boolean {
  const { collection, id } = itemNames(key);
  return collection === HELD || (collection === REPORTS && id.startsWith(OPEN));
}

export interface HeldItem {
  readonly seq: Seq;
  readonly heldAt: number;
  readonly author: UserId;
  readonly as?: UserId;
  readonly authorName?: string;
  readonly authorAvatar?: string;
  readonly clientId?: string;
  readonly message: HeldCommand;
  readonly finding: Finding;
}
export interface ReportItem {
  readonly reportId: string;
  readonly messageSeq?: Seq;
  readonly userId: UserId;
  readonly userAs?: UserId;
  readonly excerpt?: string;
  readonly openedAt: number;
  /** How many people and rules. */
  readonly count: number;
  /** The first ones. */
  readonly reporters: readonly Reporter[];
  readonly resolved?: {
    readonly by: UserId;
    readonly at: number;
    readonly action: ReportAction;
    readonly reason?: string;
  };
}
export interface Reporter {
  /** Absent: a rule. */
  readonly by?: UserId;
  readonly at: number;
  readonly reason: string;
  readonly details?: string;
  readonly finding?: Finding;
}
/** When somebody reported lately, the oldest first. */
export interface ReporterItem {
  readonly at: readonly number[];
}
export interface SlowItem {
  readonly at: number;
}

export function heldKey(seq: Seq): ItemKey {
  return itemKey(HELD, seqId(seq));
}

/** Of what is reported: all reports of one message, or of one person, are one. */
export function reportIdOf(messageSeq: Seq | undefined, userId: UserId): string {
  return messageSeq === undefined ? `u${userId}` : `m${seqId(messageSeq)}`;
}

export function openReportKey(reportId: string): ItemKey {
  return itemKey(REPORTS, OPEN + reportId);
}

export function resolvedReportKey(seq: Seq): ItemKey {
  return itemKey(REPORTS, RESOLVED + seqId(seq));
}

/** That this person has reported it: no id has a `#`. */
export function reportedKey(reportId: string, by: UserId): ItemKey {
  return itemKey("reported", `${reportId}#${by}`);
}

export function reporterKey(by: UserId): ItemKey {
  return itemKey("reporters", by);
}

export function slowKey(userId: UserId): ItemKey {
  return itemKey("slow", userId);
}

/** The open report with one more who reported. */
export function reportItemOf(event: Reported, open: ReportItem | undefined): ReportItem {
  const { messageSeq, userId, userAs, excerpt, reason, details, finding, timestamp: at } = event;
  const reporter: Reporter = {
    ...(finding === undefined && { by: event.by }),
    at,
    reason,
    ...(details !== undefined && { details }),
    ...(finding !== undefined && { finding }),
  };
  if (open !== undefined) {
    const reporters = open.reporters.length < REPORTERS_KEPT_MAX ? [...open.reporters, reporter] : open.reporters;
    return { ...open, count: open.count + 1, reporters };
  }
  return {
    reportId: reportIdOf(messageSeq, userId),
    ...(messageSeq !== undefined && { messageSeq }),
    userId,
    ...(userAs !== undefined && { userAs }),
    ...(excerpt !== undefined && { excerpt }),
    openedAt: at,
    count: 1,
    reporters: [reporter],
  };
}

/** Items of a collection are of its shape: only `apply` writes them. */
export function itemAs<Item extends ItemValue>(value: ItemValue | null | undefined): Item | null | undefined {
  return value as Item | null | undefined;
}
