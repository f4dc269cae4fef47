/** What administrators ask of their tenant as a whole, as values that travel between an edge and the actors. */
import type { RoomId, UserId } from "../base/ids.ts";
import type { Rate } from "../base/token-bucket.ts";
import type { DayFigures } from "../domain/figures.ts";
import type { TenantModeration } from "../domain/moderation/rules.ts";
import type { TenantNotify } from "../domain/notify/preferences.ts";
import type { RoomType } from "../protocol/frames.ts";

/** Rate limits that a tenant's administrators set; they count where they are less than the installation's own. */
export interface TenantLimits {
  readonly user?: Rate;
  readonly tenant?: Rate;
  readonly room?: Rate;
}
/** `day`: 2026-01-31, in UTC. */
export interface FiguresOfDay {
  readonly day: string;
  readonly figures: DayFigures;
}
/** Who may not come in, whatever their token says. Times are milliseconds since 1970. */
export interface AccessEntry {
  /** `user:` and an id, or `token:` and the token's `jti`. */
  readonly key: string;
  /** Tokens that were issued before this are not valid any more. */
  readonly before?: number;
  /** No token is, until then; without an end for good. */
  readonly suspended?: { readonly until?: number };
  readonly by: UserId;
  readonly at: number;
  readonly reason?: string;
  /** Nobody can need it after this. */
  readonly keepUntil: number;
  /** Of one key the highest counts. */
  readonly version: number;
}
export type AccessChange =
  | { readonly kind: "revoke_user"; readonly userId: UserId; readonly before: number; readonly reason?: string }
  | {
      readonly kind: "revoke_token";
      readonly tokenId: string;
      /** When the token ends by itself. */
      readonly expiresAt?: number;
      readonly reason?: string;
    }
  | { readonly kind: "suspend"; readonly userId: UserId; readonly until?: number; readonly reason?: string }
  | { readonly kind: "reinstate"; readonly userId: UserId; readonly reason?: string };
/** What edges know of a tenant. */
export interface TenantAccess {
  readonly entries: readonly AccessEntry[];
  readonly limits: TenantLimits;
}
export interface AuditFilter {
  readonly action?: string;
  readonly by?: UserId;
  readonly userId?: UserId;
  readonly room?: RoomId;
  /** Milliseconds since 1970; `since` inclusive, `until` not. */
  readonly since?: number;
  readonly until?: number;
}
/** For administrators of a tenant. */
export type TenantAsk =
  | { readonly list: "rules"; readonly set?: TenantModeration; readonly expectedVersion?: number }
  | { readonly list: "limits"; readonly set?: TenantLimits; readonly expectedVersion?: number }
  | { readonly list: "access"; readonly change?: AccessChange }
  /** Of the newest days. */
  | { readonly list: "figures"; readonly days: number }
  /** What was done elsewhere, to be found in the audit log. */
  | { readonly list: "trace"; readonly set?: TenantTrace }
  /** Rooms where something waits for a moderator. */
  | { readonly list: "queue" }
  /** What was spent on the assistant today. */
  | { readonly list: "assistant" }
  | { readonly list: "notifications"; readonly set?: TenantNotify }
  | { readonly list: "note"; readonly action: string; readonly details: Readonly<Record<string, string>> }
  | { readonly list: "audit"; readonly after?: string; readonly limit: number; readonly filter?: AuditFilter };
/** A room where something waits for a moderator. */
export interface WaitingRoom {
  readonly roomId: RoomId;
  readonly name: string;
  readonly type: RoomType;
  readonly held: number;
  readonly reports: number;
  /** Of what waits longest, milliseconds since 1970. */
  readonly since: number;
}
/** Tokens and requests of one day. */
export interface Spent {
  readonly tokens: number;
  readonly requests: number;
}
export interface TenantReply {
  /** Of `queue`, what waits longest first; `isCut`: there is more than was looked at. */
  readonly waiting?: readonly WaitingRoom[];
  readonly isCut?: boolean;
  /** Of `assistant`: for answers, and for judging messages. */
  readonly spent?: { readonly day: string; readonly answers: Spent; readonly moderation: Spent };
  readonly trace?: TenantTrace;
  readonly notifications?: TenantNotify;
  readonly moderation?: TenantModeration;
  readonly limits?: TenantLimits;
  /** Of `access`: the changed entry, or all of them. */
  readonly entry?: AccessEntry;
  readonly entries?: readonly AccessEntry[];
  /** Of `figures`, the newest day first. */
  readonly days?: readonly FiguresOfDay[];
  readonly version?: number;
  /** The installation has a pre-publish hook. */
  readonly hookAvailable?: boolean;
  readonly items?: readonly { readonly id: string; readonly value: object }[];
  readonly hasMore?: boolean;
  /** Of `audit` with a filter: where the search stopped. */
  readonly after?: string;
}
/** Until when a tenant's administrators want to be able to ask, milliseconds since 1970. */
export interface TenantTrace {
  readonly untilMs: number;
}
