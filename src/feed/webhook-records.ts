/** What is kept of a webhook, and what is said of one: data alone. Times are milliseconds since 1970. */
import type { TenantId, UserId } from "../base/ids.ts";
import type { Result } from "../base/result.ts";
import type { Rejection } from "../protocol/errors.ts";
import type { FeedFilter } from "./feed-reader.ts";

export interface Webhook extends FeedFilter {
  readonly url: string;
  readonly secret: string;
  /** The one before signs, too, until then (milliseconds since 1970). */
  readonly former?: { readonly secret: string; readonly untilMs: number };
  readonly description?: string;
  readonly isPaused?: true;
  /** The engine has given up. */
  readonly disabled?: { readonly reason: string; readonly atMs: number };
  readonly by: UserId;
  readonly createdMs: number;
  readonly changedMs: number;
}

/** How far deliveries are. */
export interface WebhookPlace {
  readonly cursor: string;
  /** By lot, whoever set it to a place; absent: it is where deliveries brought it. */
  readonly setBy?: string;
  /** Events that were taken. */
  readonly delivered: number;
  /** Events that were given up, and kept as dead letters. */
  readonly dead: number;
  readonly lastMs?: number;
  /** Since when nothing was taken, and why. */
  readonly failing?: { readonly sinceMs: number; readonly attempts: number; readonly why: string };
}

/** Events that nobody took: where they stand, not what they say. */
export interface DeadLetter {
  readonly from: string;
  readonly to: string;
  readonly events: number;
  readonly attempts: number;
  readonly why: string;
  readonly atMs: number;
}

export interface WebhookState {
  readonly id: string;
  readonly hook: Webhook;
  readonly place: WebhookPlace;
}

export interface WebhookWish extends FeedFilter {
  readonly url?: string;
  readonly description?: string;
  readonly isPaused?: boolean;
}

/** What came of asking a receiver at once. */
export interface Probed {
  readonly isTaken: boolean;
  /** A status, or why there is none. */
  readonly answer: string;
  readonly ms: number;
  /** That were taken. */
  readonly events: number;
}

/** Asks receivers at once, for administrators. */
export interface WebhookProbes {
  ping(tenant: TenantId, id: string): Promise<Result<Probed, Rejection>>;
  replayDead(tenant: TenantId, id: string, letter: string): Promise<Result<Probed, Rejection>>;
}
