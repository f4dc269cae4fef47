/** Bringing people in who decide for themselves: invites of one person, and codes for whoever has them. */
import type { ItemKey, UserId } from "../../../base/ids.ts";
import { INVITE_MS_DEFAULT, INVITE_MS_MAX, INVITE_USES_MAX, INVITES_MAX } from "../../../base/limits.ts";
import type { Principal } from "../../principal.ts";
import type { CheckInvite, CreateInvite, DeclineInvite, RevokeInvite } from "../commands.ts";
import type { Decision, RoomEffect } from "../decision.ts";
import type { InviteEnded, InviteMade } from "../events.ts";
import { isAllowed } from "../permissions.ts";
import { banKey, codeKey, holds, inviteKey, type InviteRow, isOpen, standingRow } from "../standing-rows.ts";
import {
  accept,
  type DecideContext,
  eventBase,
  type LiveRoom,
  needItems,
  needMember,
  refuse,
  reject,
  ROOM_NOT_FOUND,
  UNCHANGED,
} from "./answer.ts";
import { banOf } from "./gates.ts";
import { refuseNobody } from "./nobody.ts";
import { tooMany } from "./sanctions.ts";
import { refuseDuration, refuseWhole } from "./values.ts";

/**
 * `undefined`: the asker may bring people in: by standing, or because members may here. Where moderators decide who joins,
 * nobody gets around them.
 */
export function refuseBringing(state: LiveRoom, by: Principal): Decision | undefined {
  const refusal = refuse(state, by, "add_member");
  if (refusal?.kind !== "reject" || !state.settings.allowInvites) return refusal;
  const refused = refuse(state, by, "invite");
  return refused === undefined && state.settings.requireApproval === true ? refuse(state, by, "approve") : refused;
}

export function decideCreateInvite(
  state: LiveRoom,
  command: CreateInvite,
  bodyHash: number,
  context: DecideContext,
): Decision {
  const { by, userId, durationMs, maxUses } = command;
  const refusal =
    refuseBringing(state, by) ??
    refuseDuration(durationMs, INVITE_MS_MAX) ??
    refuseWhole("maxUses", maxUses, INVITE_USES_MAX);
  if (refusal !== undefined) return refusal;
  const base = eventBase(state, command, bodyHash, context);
  const invite: InviteMade = {
    kind: "invite_made",
    seq: state.head + 1,
    ...base,
    until: base.timestamp + (durationMs ?? INVITE_MS_DEFAULT),
  };
  if (userId === undefined) {
    if (state.inviteCount >= INVITES_MAX) return tooMany("invites", INVITES_MAX);
    return accept([{ ...invite, code: context.token(), ...(maxUses !== undefined && { usesMax: maxUses }) }]);
  }
  if (maxUses !== undefined) return reject("invalid_field", "An invite of one person is used once.", "maxUses");
  const row = state.members.get(userId);
  if (row === undefined) return needMember(userId);
  if (row !== null) return UNCHANGED;
  const nobody = refuseNobody(state, userId);
  if (nobody !== undefined) return nobody;
  const ban = banOf(state, userId);
  if (ban === undefined) return needItems(banKey(userId));
  if (ban !== null && holds(ban, context.now)) return bannedPerson();
  const key = inviteKey(userId);
  const former = inviteRow(state, key);
  if (former === undefined) return needItems(key);
  if (former === null && state.inviteCount >= INVITES_MAX) return tooMany("invites", INVITES_MAX);
  return accept(
    [{ ...invite, userId, ...(former !== null && { replaces: true }) }],
    [{ kind: "notify", userIds: [userId], reason: "invite" }],
  );
}

/** By whoever made it, or decides who joins. */
export function decideRevokeInvite(
  state: LiveRoom,
  command: RevokeInvite,
  bodyHash: number,
  context: DecideContext,
): Decision {
  const { by, userId, code } = command;
  const refusal = refuse(state, by, "read");
  if (refusal !== undefined) return refusal;
  if (userId === undefined && code === undefined) return reject("missing_field", "userId or code is required.", "code");
  const key = userId === undefined ? codeKey(code ?? "") : inviteKey(userId);
  const row = inviteRow(state, key);
  if (row === undefined) return needItems(key);
  if (row?.by !== by.userId) {
    const refused = refuse(state, by, "approve");
    if (refused !== undefined) return refused;
  }
  if (row === null) return reject("invite_not_found");
  return accept([ended(state, command, row, "revoked", bodyHash, context)], inviteOver(row.userId));
}

export function decideDeclineInvite(
  state: LiveRoom,
  command: DeclineInvite,
  bodyHash: number,
  context: DecideContext,
): Decision {
  const { by } = command;
  const row = inviteRow(state, inviteKey(by.userId));
  if (row === undefined) return needItems(inviteKey(by.userId));
  if (row === null) return inviteNotFound(state, by);
  return accept([ended(state, command, row, "declined", bodyHash, context)], inviteOver(by.userId));
}

/** On all devices of whoever was invited. */
export function inviteOver(userId: UserId | undefined): readonly RoomEffect[] {
  return userId === undefined ? [] : [{ kind: "notify", userIds: [userId], reason: "invite_ended" }];
}

/** May this person see what they are invited to? */
export function decideCheckInvite(state: LiveRoom, command: CheckInvite, context: DecideContext): Decision {
  const { by, code } = command;
  const key = code === undefined ? inviteKey(by.userId) : codeKey(code);
  const row = inviteRow(state, key);
  if (row === undefined) return needItems(key);
  return isOpen(row, context.now) ? UNCHANGED : refuseInvite(state, by, row, context.now);
}

/** Whoever has a code that was good, or was invited, is told that it is over; all others nothing, not even of the room. */
export function refuseInvite(state: LiveRoom, by: Principal, row: InviteRow | null, now: number): Decision {
  if (row === null) return inviteNotFound(state, by);
  return reject(
    "invite_ended",
    holds(row, now) ? "This invite was used as often as it may be." : "This invite has expired.",
  );
}

/** `undefined`: not known. */
export function inviteRow(state: LiveRoom, key: ItemKey): InviteRow | null | undefined {
  return state.inviteCount === 0 ? null : standingRow<InviteRow>(state, key);
}

/** People who may not read the room are not told that there is one. */
function inviteNotFound(state: LiveRoom, by: Principal): Decision {
  const row = state.members.get(by.userId);
  if (row === undefined) return needMember(by.userId);
  return isAllowed(state.settings.type, "read", by, row?.role) ? reject("invite_not_found") : ROOM_NOT_FOUND;
}

export function bannedPerson(): Decision {
  return reject("banned", "This person is banned from the room; lift the ban first.", "userId");
}

function ended(
  state: LiveRoom,
  command: RevokeInvite | DeclineInvite,
  { userId, code }: InviteRow,
  reason: InviteEnded["reason"],
  bodyHash: number,
  context: DecideContext,
): InviteEnded {
  return {
    kind: "invite_ended",
    seq: state.head + 1,
    ...eventBase(state, command, bodyHash, context),
    ...(userId !== undefined && { userId }),
    ...(code !== undefined && { code }),
    reason,
  };
}
