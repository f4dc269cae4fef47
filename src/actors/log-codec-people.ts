/**
 * The positions of the log's events about people: who came and went, roles, bans, mutes, invites, requests to join; after the fields
 * that all events have. Part of `log-codec.ts`. Invariant: as there, positions are never moved; new ones are appended.
 */
import type { UserId } from "../base/ids.ts";
import type { StandingEvent } from "../domain/room/apply-standing.ts";
import type { Common, MemberChanged, MemberJoined, MemberLeft } from "../domain/room/events.ts";
import type { Role } from "../domain/room/vocabulary.ts";

type PeopleEvent = StandingEvent | MemberJoined | MemberLeft | MemberChanged;

/** By kind number: `KIND` in `log-codec.ts`. */
const NUMBER = {
  member_joined: 3,
  member_left: 4,
  member_changed: 5,
  member_banned: 11,
  ban_lifted: 12,
  member_muted: 13,
  mute_lifted: 14,
  invite_made: 15,
  invite_ended: 16,
  join_requested: 17,
  join_request_ended: 18,
} as const satisfies Record<PeopleEvent["kind"], number>;

export function peopleFields(event: PeopleEvent): unknown[] {
  switch (event.kind) {
    case "member_joined":
      return joinedFields(event);
    case "member_banned":
      return [event.userId, event.until, event.reason, event.replaces, event.stranger];
    case "member_muted":
      return [event.userId, event.until, event.reason, event.replaces];
    case "ban_lifted":
    case "mute_lifted":
      return [event.userId];
    case "invite_made":
      return [event.userId, event.code, event.until, event.usesMax, event.replaces];
    case "invite_ended":
      return [event.userId, event.code, event.reason];
    case "join_requested":
      return [event.name, event.avatar, event.message];
    case "join_request_ended":
      return [event.userId, event.reason];
    case "member_left":
      if (event.name === undefined && event.quiet === undefined) return [event.userId, event.reason, event.role];
      return [event.userId, event.reason, event.role, event.name, event.quiet];
    case "member_changed":
      return [event.userId, event.role, event.previousRole];
  }
}

function joinedFields(event: MemberJoined): unknown[] {
  const { userId, role, name, avatar, quiet, requested, invited, code, mutedUntil } = event;
  const fields: unknown[] = [userId, role, name, avatar];
  const hasMore = requested !== undefined || invited !== undefined || code !== undefined || mutedUntil !== undefined;
  if (quiet !== undefined || hasMore) fields.push(quiet);
  // `null` means for ever, so what is absent must not be nil.
  if (hasMore) fields.push(requested, invited, code, mutedUntil === undefined ? false : mutedUntil);
  return fields;
}

/** `common` is what all events have, read already. */
export function peopleEvent(common: Omit<Common, "as">, row: readonly unknown[]): PeopleEvent {
  switch (row[0]) {
    case NUMBER.member_joined:
      return {
        kind: "member_joined",
        ...common,
        userId: row[5] as UserId,
        role: row[6] as Role,
        ...(row[7] != null && { name: row[7] as string }),
        ...(row[8] != null && { avatar: row[8] as string }),
        ...(row[9] != null && { quiet: true }),
        ...(row[10] === true && { requested: true as const }),
        ...(row[11] === true && { invited: true as const }),
        ...(row[12] != null && { code: row[12] as string }),
        ...(row.length > 13 && row[13] !== false && { mutedUntil: row[13] as number | null }),
      };
    case NUMBER.member_banned:
      return { kind: "member_banned", ...sanctionOf(row, common), ...(row[9] === true && { stranger: true as const }) };
    case NUMBER.member_muted:
      return { kind: "member_muted", ...sanctionOf(row, common) };
    case NUMBER.ban_lifted:
      return { kind: "ban_lifted", ...common, userId: row[5] as UserId };
    case NUMBER.mute_lifted:
      return { kind: "mute_lifted", ...common, userId: row[5] as UserId };
    case NUMBER.invite_made:
      return {
        kind: "invite_made",
        ...common,
        ...(row[5] != null && { userId: row[5] as UserId }),
        ...(row[6] != null && { code: row[6] as string }),
        until: row[7] as number,
        ...(row[8] != null && { usesMax: row[8] as number }),
        ...(row[9] === true && { replaces: true as const }),
      };
    case NUMBER.invite_ended:
      return {
        kind: "invite_ended",
        ...common,
        ...(row[5] != null && { userId: row[5] as UserId }),
        ...(row[6] != null && { code: row[6] as string }),
        reason: row[7] as "declined" | "revoked",
      };
    case NUMBER.join_requested:
      return {
        kind: "join_requested",
        ...common,
        ...(row[5] != null && { name: row[5] as string }),
        ...(row[6] != null && { avatar: row[6] as string }),
        ...(row[7] != null && { message: row[7] as string }),
      };
    case NUMBER.join_request_ended:
      return {
        kind: "join_request_ended",
        ...common,
        userId: row[5] as UserId,
        reason: row[6] as "denied" | "withdrawn",
      };
    case NUMBER.member_left:
      return {
        kind: "member_left",
        ...common,
        userId: row[5] as UserId,
        reason: row[6] as "left" | "removed" | "banned",
        role: row[7] as Role,
        ...(row[8] != null && { name: row[8] as string }),
        ...(row[9] != null && { quiet: true }),
      };
    case NUMBER.member_changed:
      return {
        kind: "member_changed",
        ...common,
        userId: row[5] as UserId,
        role: row[6] as Role,
        previousRole: row[7] as Role,
      };
    default:
      throw new Error(`log event of unknown kind ${String(row[0])}`);
  }
}

/** What bans and mutes have in common. */
function sanctionOf<Common extends object>(row: readonly unknown[], common: Common) {
  return {
    ...common,
    userId: row[5] as UserId,
    ...(row[6] != null && { until: row[6] as number }),
    ...(row[7] != null && { reason: row[7] as string }),
    ...(row[8] === true && { replaces: true as const }),
  };
}
