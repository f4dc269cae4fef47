/**
 * Whether somebody is told of something now, and why not: one table, asked twice. First with what their own actor says, then with
 * what the room says right before it is sent; what is not known yet is in nobody's way.
 * Invariant: nobody who is connected is told, and nothing that was read.
 */
import type { Seq, UserId } from "../../base/ids.ts";
import type { Told } from "./audience.ts";
import { isMuted, levelOf, type Preferences, type RoomPreferences, type TenantNotify } from "./preferences.ts";
import { isQuiet } from "./quiet-hours.ts";

/** As their actor says. */
export interface PersonFacts {
  /** They have a connection, anywhere. */
  readonly isLive: boolean;
  /** Some way leads to them. */
  readonly isReachable: boolean;
  readonly isSuspended: boolean;
  readonly preferences: Preferences;
  readonly room: RoomPreferences;
  readonly blocked: ReadonlySet<UserId>;
  /** Up to here they were told before. */
  readonly notifiedSeq: Seq;
}

/** As the room says. */
export interface StandingFacts {
  readonly isMember: boolean;
  /** The invite holds. */
  readonly isInvited: boolean;
  readonly readSeq: Seq;
  /** By thread: the number of the last reply that they have read there. */
  readonly threadsRead: ReadonlyMap<Seq, number>;
  /** Messages that are there still. */
  readonly present: ReadonlySet<Seq>;
}

export interface Facts {
  readonly nowMs: number;
  readonly tenant: TenantNotify;
  readonly person: PersonFacts;
  readonly standing?: StandingFacts;
}

export type SkipReason =
  | "online"
  | "suspended"
  | "level"
  | "muted"
  | "quiet_hours"
  | "blocked"
  | "notified"
  | "unreachable"
  | "not_member"
  | "gone"
  | "read";

type Rule = readonly [SkipReason, (told: Told, facts: Facts) => boolean];

/** The first that holds is the reason. */
export const NOTIFY_RULES: readonly Rule[] = [
  ["online", (_, { person }) => person.isLive],
  ["suspended", (_, { person }) => person.isSuspended],
  ["level", (told, { tenant, person }) => !isWanted(told, tenant, person)],
  ["muted", (_, { person, nowMs }) => isMuted(person.preferences, nowMs) || isMuted(person.room, nowMs)],
  ["quiet_hours", (_, { person, nowMs }) => isQuietNow(person.preferences, nowMs)],
  ["blocked", ({ occasion }, { person }) => person.blocked.has(occasion.author)],
  ["notified", ({ occasion }, { person }) => occasion.seq <= person.notifiedSeq],
  ["unreachable", (_, { person }) => !person.isReachable],
  ["not_member", ({ occasion }, { standing }) => occasion.kind === "message" && standing?.isMember === false],
  ["gone", (told, { standing }) => standing !== undefined && isGone(told, standing)],
  ["read", (told, { standing }) => standing !== undefined && isRead(told, standing)],
];

export interface Judged {
  /** What they are told; empty: nothing. */
  readonly told: readonly Told[];
  /** The rest, with why not. */
  readonly skipped: readonly { readonly told: Told; readonly why: SkipReason }[];
}

export function judge(told: readonly Told[], facts: Facts): Judged {
  const kept: Told[] = [];
  const skipped: { told: Told; why: SkipReason }[] = [];
  for (const one of told) {
    const broken = NOTIFY_RULES.find(([, holds]) => holds(one, facts));
    if (broken === undefined) kept.push(one);
    else skipped.push({ told: one, why: broken[0] });
  }
  return { told: kept, skipped };
}

function isWanted({ reason }: Told, tenant: TenantNotify, { preferences, room }: PersonFacts): boolean {
  const level = levelOf(tenant, preferences, room);
  return level === "all" || (level === "mentions" && reason !== "message");
}

function isQuietNow({ quietHours }: Preferences, nowMs: number): boolean {
  return quietHours !== undefined && isQuiet(quietHours, nowMs);
}

function isGone({ occasion }: Told, { isInvited, present }: StandingFacts): boolean {
  return occasion.kind === "invite" ? !isInvited : !present.has(occasion.seq);
}

function isRead({ occasion }: Told, { readSeq, threadsRead }: StandingFacts): boolean {
  if (occasion.kind === "invite") return false;
  const { thread } = occasion;
  return occasion.seq <= readSeq || (thread !== undefined && (threadsRead.get(thread.root) ?? 0) >= thread.no);
}
