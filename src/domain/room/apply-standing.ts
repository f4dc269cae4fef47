/**
 * How events of people's standing (bans, mutes, invites, requests) change a room's state. Part of `apply`.
 * Invariant: as there, it depends on the state and the event alone; the counts are exact without the rows.
 */
import type {
  BanLifted,
  InviteEnded,
  InviteMade,
  JoinRequested,
  JoinRequestEnded,
  MemberBanned,
  MemberJoined,
  MemberMuted,
  MuteLifted,
} from "./events.ts";
import {
  banKey,
  type BanRow,
  codeKey,
  inviteKey,
  type InviteRow,
  type JoinRequestRow,
  muteKey,
  requestKey,
  standingRow,
} from "./standing-rows.ts";
import type { ItemKey } from "../../base/ids.ts";
import type { RoomState } from "./state.ts";

export type StandingEvent =
  | MemberBanned
  | BanLifted
  | MemberMuted
  | MuteLifted
  | InviteMade
  | InviteEnded
  | JoinRequested
  | JoinRequestEnded;

export function standingChanged(state: RoomState, event: StandingEvent): void {
  switch (event.kind) {
    case "member_banned":
      state.items.set(banKey(event.userId), banRow(event), event.seq);
      if (event.replaces !== true) state.banCount += 1;
      return;
    case "ban_lifted":
      state.items.set(banKey(event.userId), null, event.seq);
      state.banCount -= 1;
      return;
    case "member_muted":
      state.items.set(muteKey(event.userId), banRow(event), event.seq);
      if (event.replaces !== true) state.muteCount += 1;
      setMute(state, event, event.until ?? null);
      return;
    case "mute_lifted":
      state.items.set(muteKey(event.userId), null, event.seq);
      state.muteCount -= 1;
      setMute(state, event, undefined);
      return;
    case "invite_made":
      state.items.set(inviteKeyOf(event), inviteRow(event), event.seq);
      if (event.replaces !== true) state.inviteCount += 1;
      return;
    case "invite_ended":
      state.items.set(inviteKeyOf(event), null, event.seq);
      state.inviteCount -= 1;
      return;
    case "join_requested":
      state.items.set(requestKey(event.by), requestRow(event), event.seq);
      state.requestCount += 1;
      return;
    case "join_request_ended":
      state.items.set(requestKey(event.userId), null, event.seq);
      state.requestCount -= 1;
      return;
  }
}

/** What somebody's coming settles: their request, their invite, one use of a code. */
export function standingOfJoined(state: RoomState, event: MemberJoined): void {
  if (event.requested === true) {
    state.items.set(requestKey(event.userId), null, event.seq);
    state.requestCount -= 1;
  }
  if (event.invited === true) {
    state.items.set(inviteKey(event.userId), null, event.seq);
    state.inviteCount -= 1;
  }
  if (event.code !== undefined) {
    const key = codeKey(event.code);
    const row = standingRow<InviteRow>(state, key);
    // On replay the row may be unknown: the store has it with this change, since rows are written with their events.
    if (row != null) state.items.set(key, { ...row, uses: row.uses + 1 }, event.seq);
  }
}

/** Keys of the rows that somebody's coming changed. */
export function keysOfJoined(event: MemberJoined): readonly ItemKey[] {
  const keys: ItemKey[] = [];
  if (event.requested === true) keys.push(requestKey(event.userId));
  if (event.invited === true) keys.push(inviteKey(event.userId));
  if (event.code !== undefined) keys.push(codeKey(event.code));
  return keys;
}

export function keyOfStanding(event: StandingEvent): ItemKey {
  switch (event.kind) {
    case "member_banned":
    case "ban_lifted":
      return banKey(event.userId);
    case "member_muted":
    case "mute_lifted":
      return muteKey(event.userId);
    case "invite_made":
    case "invite_ended":
      return inviteKeyOf(event);
    case "join_requested":
      return requestKey(event.by);
    case "join_request_ended":
      return requestKey(event.userId);
  }
}

/** The member's row says it too: whoever writes is judged by their own row alone. */
function setMute(state: RoomState, { userId, seq }: MemberMuted | MuteLifted, until: number | null | undefined): void {
  const row = state.members.get(userId);
  if (row == null) return;
  const { mutedUntil: _former, ...rest } = row;
  state.members.set(userId, until === undefined ? rest : { ...rest, mutedUntil: until }, seq);
}

function inviteKeyOf(event: InviteMade | InviteEnded): ItemKey {
  return event.userId === undefined ? codeKey(event.code ?? "") : inviteKey(event.userId);
}

function banRow({ userId, by, timestamp, until, reason }: MemberBanned | MemberMuted): BanRow {
  return { userId, by, at: timestamp, ...(until !== undefined && { until }), ...(reason !== undefined && { reason }) };
}

function inviteRow({ userId, code, by, timestamp, until, usesMax }: InviteMade): InviteRow {
  return {
    ...(userId !== undefined && { userId }),
    ...(code !== undefined && { code }),
    by,
    at: timestamp,
    until,
    uses: 0,
    ...(usesMax !== undefined && { usesMax }),
  };
}

function requestRow({ by, timestamp, name, avatar, message }: JoinRequested): JoinRequestRow {
  return {
    userId: by,
    at: timestamp,
    ...(name !== undefined && { name }),
    ...(avatar !== undefined && { avatar }),
    ...(message !== undefined && { message }),
  };
}
