/**
 * What a whole room, or one person in it, may not do for now, whatever the table says: an archived room is only read, a
 * muted person only reads. Bans are judged where people come and where strangers read.
 * Invariant: a request of people who may not read the room passes, so that the rules after it tell them nothing.
 */
import type { UserId } from "../../../base/ids.ts";
import type { Principal } from "../../principal.ts";
import type { RoomMutation } from "../commands.ts";
import type { Decision } from "../decision.ts";
import { isAllowed, TENANT_ADMIN_COUNTS } from "../permissions.ts";
import { banKey, type BanRow, holds, standingRow } from "../standing-rows.ts";
import type { MemberRow, RoomState } from "../state.ts";
import { type DecideContext, type LiveRoom, needItems, needMember, reject } from "./answer.ts";

interface Gate {
  /** It is done in archived rooms too. */
  readonly archived: boolean;
  /** By muted people too. */
  readonly muted: boolean;
}
const FREE: Gate = { archived: true, muted: true };
/** It needs a room in use. */
const IN_USE: Gate = { archived: false, muted: true };
/** It is a way to be heard. */
const SPEECH: Gate = { archived: false, muted: false };

const GATES: Readonly<Record<RoomMutation["kind"], Gate>> = {
  create_room: FREE,
  // Whoever is a member only wants to listen; the rule of joining looks at the rest.
  join_room: FREE,
  leave_room: FREE,
  update_room: IN_USE,
  add_member: IN_USE,
  remove_member: FREE,
  set_role: FREE,
  transfer_room: FREE,
  archive_room: FREE,
  delete_room: FREE,
  ban_member: FREE,
  unban_member: FREE,
  mute_member: FREE,
  unmute_member: FREE,
  create_invite: IN_USE,
  revoke_invite: FREE,
  decline_invite: FREE,
  answer_request: IN_USE,
  send_message: SPEECH,
  edit_message: SPEECH,
  delete_message: FREE,
  react: SPEECH,
  pin_message: IN_USE,
  unpin_message: IN_USE,
  // What one hears of a room is one's own.
  follow_thread: FREE,
  vote_poll: SPEECH,
  close_poll: IN_USE,
  ban_pseudonym: FREE,
  stop_answer: FREE,
  set_moderation: IN_USE,
  report: FREE,
  resolve_report: FREE,
  resolve_held: IN_USE,
  add_file: SPEECH,
  drop_files: FREE,
};

/** `undefined`: nothing is in the way. */
export function refuseAtGate(state: LiveRoom, command: RoomMutation, context: DecideContext): Decision | undefined {
  if (state.muteCount === 0 && state.settings.isArchived !== true) return undefined;
  return refuseFor(state, command.by, GATES[command.kind], context.now);
}

/** For what is no mutation and shows a person as about to speak. */
export function refuseSpeech(state: LiveRoom, by: Principal, context: DecideContext): Decision | undefined {
  if (state.muteCount === 0 && state.settings.isArchived !== true) return undefined;
  return refuseFor(state, by, SPEECH, context.now);
}

function refuseFor(state: LiveRoom, by: Principal, gate: Gate, now: number): Decision | undefined {
  const { type, isArchived } = state.settings;
  const stopsArchived = isArchived === true && !gate.archived;
  const stopsMuted = state.muteCount > 0 && !gate.muted && isBound(state, by);
  if (by.role === "system" || (!stopsArchived && !stopsMuted)) return undefined;
  const row = state.members.get(by.userId);
  if (row === undefined) return needMember(by.userId);
  if (stopsArchived && isAllowed(type, "read", by, row?.role)) return roomArchived();
  if (stopsMuted && row !== null && isMuted(row, now)) {
    return reject("muted", "You are muted in this room.", undefined, retryAfter(row.mutedUntil ?? undefined, now));
  }
  return undefined;
}

export function roomArchived(): Decision {
  return reject("room_archived");
}

/** Bans and mutes are for people whom the room's own roles rule over. */
function isBound(state: Pick<LiveRoom, "settings">, by: Principal): boolean {
  return by.role === "user" || (by.role === "admin" && !TENANT_ADMIN_COUNTS[state.settings.type]);
}

function isMuted({ mutedUntil }: MemberRow, now: number): boolean {
  return mutedUntil === null || (mutedUntil !== undefined && mutedUntil > now);
}

/** Of a member who may not write now: with when that ends, where it ends by itself. */
export function muteOf(state: RoomState, by: Principal, now: number): { readonly until?: number } | undefined {
  const { settings } = state;
  const row = state.members.get(by.userId);
  if (row == null || settings === undefined || !isMuted(row, now) || !isBound({ settings }, by)) return undefined;
  return row.mutedUntil == null ? {} : { until: row.mutedUntil };
}

/** `undefined`: this person, who is no member, is not banned. */
export function refuseBanned(state: LiveRoom, by: Principal, now: number): Decision | undefined {
  if (!isBound(state, by)) return undefined;
  const ban = banOf(state, by.userId);
  if (ban === undefined) return needItems(banKey(by.userId));
  return ban !== null && holds(ban, now)
    ? reject("banned", "You are banned from this room.", undefined, retryAfter(ban.until, now))
    : undefined;
}

/** `undefined`: not known. */
export function banOf(state: LiveRoom, userId: UserId): BanRow | null | undefined {
  return state.banCount === 0 ? null : standingRow<BanRow>(state, banKey(userId));
}

function retryAfter(until: number | undefined, now: number): number | undefined {
  return until === undefined ? undefined : until - now;
}
