/** What became of notifications, as values: for metrics, and for whoever asks why somebody was not told. */
import type { Seq, UserId } from "../../base/ids.ts";
import type { SkipReason } from "./verdict.ts";

/** `failed`: every way refused it, or could not. */
export type NotifyOutcome = "sent" | "failed" | SkipReason;

/** What became of some events for one person. */
export interface ToldOutcome {
  readonly atMs: number;
  /** `tenant/room`. */
  readonly key: string;
  readonly userId: UserId;
  readonly seqs: readonly Seq[];
  readonly outcome: NotifyOutcome;
}

/** Totals since whoever counts began. */
export interface NotifyCounts {
  /** By way: `sqs`, `sns`, `webhook`, `push`. */
  readonly sent: Readonly<Record<string, number>>;
  readonly failed: Readonly<Record<string, number>>;
  /** Events that somebody was not told, by why. */
  readonly skipped: Readonly<Record<string, number>>;
}

export const NOTHING_NOTIFIED: NotifyCounts = { sent: {}, failed: {}, skipped: {} };
