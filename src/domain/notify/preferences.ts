/**
 * What somebody wants to be told of while they are away: for all of their rooms, for one room, and what their tenant says where
 * they say nothing. Invariant: of the three the most particular counts; a mute counts wherever it stands.
 */
import type { QuietHours } from "./quiet-hours.ts";

export const NOTIFY_LEVELS = ["all", "mentions", "none"] as const;
/** `mentions`: what is meant for them (mentions, direct messages, threads that they follow, invites). */
export type NotifyLevel = (typeof NOTIFY_LEVELS)[number];

/** Of one room. */
export interface RoomPreferences {
  /** Absent: as for all rooms. */
  readonly level?: NotifyLevel;
  /** Nothing until then, milliseconds since 1970. */
  readonly muteUntil?: number;
}

/** Of all rooms. */
export interface Preferences extends RoomPreferences {
  readonly quietHours?: QuietHours;
}

/** What a tenant's administrators decide. */
export interface TenantNotify {
  readonly level: NotifyLevel;
  /** What was written leaves the engine with the notification. */
  readonly withText: boolean;
}

export const TENANT_NOTIFY_DEFAULT: TenantNotify = { level: "mentions", withText: true };

export function levelOf(tenant: TenantNotify, person: Preferences, room: RoomPreferences): NotifyLevel {
  return room.level ?? person.level ?? tenant.level;
}

export function isMuted({ muteUntil }: RoomPreferences, nowMs: number): boolean {
  return muteUntil !== undefined && muteUntil > nowMs;
}
