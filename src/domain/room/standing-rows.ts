/**
 * Rows of people's standing in a room beyond membership: who is banned, muted, invited, and who asked to join.
 * Invariant: each is the last event of its kind about its person, and an ended one stays until somebody takes it away:
 * whether it holds is judged by the clock of the decision.
 */
import { type ItemKey, itemKey, type UserId } from "../../base/ids.ts";
import type { ItemValue, RoomState } from "./state.ts";
import type { StandingCollection } from "./vocabulary.ts";

/** Milliseconds since 1970; absent: for ever. */
interface Ending {
  readonly until?: number;
}
export interface BanRow extends Ending {
  readonly userId: UserId;
  readonly by: UserId;
  readonly at: number;
  readonly reason?: string;
}
export type MuteRow = BanRow;
export interface InviteRow {
  /** Who is invited; absent: whoever has the code. */
  readonly userId?: UserId;
  readonly code?: string;
  readonly by: UserId;
  readonly at: number;
  readonly until: number;
  /** Of a code: how often it was used, and may be. */
  readonly uses: number;
  readonly usesMax?: number;
}
export interface JoinRequestRow {
  readonly userId: UserId;
  readonly at: number;
  readonly name?: string;
  readonly avatar?: string;
  readonly message?: string;
}

const STANDING = {
  bans: "bans",
  mutes: "mutes",
  invites: "invites",
  requests: "requests",
} as const satisfies Record<StandingCollection, StandingCollection>;

export function banKey(userId: UserId): ItemKey {
  return itemKey(STANDING.bans, encodeURIComponent(userId));
}
export function muteKey(userId: UserId): ItemKey {
  return itemKey(STANDING.mutes, encodeURIComponent(userId));
}
export function requestKey(userId: UserId): ItemKey {
  return itemKey(STANDING.requests, encodeURIComponent(userId));
}
export const INVITES = STANDING.invites;
/** Of one person's invite. */
export function inviteKey(userId: UserId): ItemKey {
  return itemKey(INVITES, invitedId(userId));
}
export function invitedId(userId: UserId): string {
  return `u.${encodeURIComponent(userId)}`;
}
/** Of the invite with this code. What no code looks like is a key all the same, of which there is nothing. */
export function codeKey(code: string): ItemKey {
  return itemKey(STANDING.invites, `c.${encodeURIComponent(code)}`);
}

/** `undefined`: not known, ask the store. `null`: there is none. */
export function standingRow<Row extends ItemValue>(state: RoomState, key: ItemKey): Row | null | undefined {
  // What stands under a collection's keys is of its shape: only `apply-standing.ts` writes there.
  return state.items.get(key) as Row | null | undefined;
}

export function holds(row: Ending | null, now: number): boolean {
  return row !== null && (row.until === undefined || row.until > now);
}

export function isOpen(row: InviteRow | null, now: number): row is InviteRow {
  return row !== null && holds(row, now) && (row.usesMax === undefined || row.uses < row.usesMax);
}
