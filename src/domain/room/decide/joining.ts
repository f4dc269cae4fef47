/** Coming in: by oneself, with an invite, by asking, or because somebody brings one in. */
import type { ItemKey, UserId } from "../../../base/ids.ts";
import { JOIN_REQUESTS_MAX, REASON_LENGTH_MAX } from "../../../base/limits.ts";
import type { AddMember, AnswerRequest, JoinRoom } from "../commands.ts";
import type { Decision } from "../decision.ts";
import type { JoinRequested, MemberJoined } from "../events.ts";
import { isAllowed, LEVEL, PERMISSIONS } from "../permissions.ts";
import {
  banKey,
  codeKey,
  holds,
  inviteKey,
  isOpen,
  type JoinRequestRow,
  muteKey,
  requestKey,
  standingRow,
} from "../standing-rows.ts";
import type { Role } from "../vocabulary.ts";
import {
  accept,
  type DecideContext,
  eventBase,
  type LiveRoom,
  levelIn,
  needItems,
  needMember,
  refuse,
  reject,
  ROOM_NOT_FOUND,
  UNCHANGED,
} from "./answer.ts";
import { banOf, refuseBanned, roomArchived } from "./gates.ts";
import { bannedPerson, inviteOver, inviteRow, refuseBringing, refuseInvite } from "./invites.ts";
import { mayRule, roleTooHigh } from "./membership.ts";
import { refuseNobody } from "./nobody.ts";
import { muteOf, tooMany } from "./sanctions.ts";
import { refuseText } from "./values.ts";

export function decideJoin(state: LiveRoom, command: JoinRoom, bodyHash: number, context: DecideContext): Decision {
  const { by } = command;
  const row = state.members.get(by.userId);
  if (row === undefined) return needMember(by.userId);
  if (row !== null) return UNCHANGED;
  const lacking = lackingRows(state, by.userId, command.invite);
  if (lacking !== undefined) return lacking;
  const { type, isArchived, requireApproval } = state.settings;
  const banned = refuseBanned(state, by, context.now);
  // Of a room that only members see, one who was put out sees nothing any more.
  if (banned !== undefined) return isAllowed(type, "read", by, undefined) ? banned : ROOM_NOT_FOUND;
  const code = command.invite === undefined ? null : (inviteRow(state, codeKey(command.invite)) ?? null);
  const isInvited = isOpen(inviteRow(state, inviteKey(by.userId)) ?? null, context.now);
  const hasCode = isOpen(code, context.now);
  if (!isInvited && !hasCode) {
    if (command.invite !== undefined) return refuseInvite(state, by, code, context.now);
    const refusal = refuse(state, by, "join");
    if (refusal !== undefined) return refusal;
  }
  if (isArchived === true) return roomArchived();
  const mustAsk = requireApproval === true && !isInvited && !hasCode && by.role !== "system";
  if (mustAsk && !isAllowed(type, "approve", by, undefined)) return decideAsk(state, command, bodyHash, context);
  if (state.memberCount >= state.settings.maxMembers) return reject("room_full");
  const event: MemberJoined = {
    ...joined(state, command, by.userId, "member", bodyHash, context),
    ...(by.name !== undefined && { name: by.name }),
    ...(by.avatar !== undefined && { avatar: by.avatar }),
    // An invite of one's own is used before a code that others may use, too.
    ...(hasCode && !isInvited && command.invite !== undefined && { code: command.invite }),
  };
  return accept([event], event.invited === true ? inviteOver(by.userId) : []);
}

/** Accepted also when it was asked before: the answer is that it waits. */
function decideAsk(state: LiveRoom, command: JoinRoom, bodyHash: number, context: DecideContext): Decision {
  const { by, message } = command;
  const refused = refuseText("message", message, REASON_LENGTH_MAX);
  if (refused !== undefined) return refused;
  if (requestOf(state, by.userId) !== null) return UNCHANGED;
  if (state.requestCount >= JOIN_REQUESTS_MAX) return tooMany("requests to join", JOIN_REQUESTS_MAX);
  const event: JoinRequested = {
    kind: "join_requested",
    seq: state.head + 1,
    ...eventBase(state, command, bodyHash, context),
    ...(by.name !== undefined && { name: by.name }),
    ...(by.avatar !== undefined && { avatar: by.avatar }),
    ...(message !== undefined && { message }),
  };
  const deciders = staffWhoMayApprove(state);
  return accept([event], deciders.length === 0 ? [] : [{ kind: "notify", userIds: deciders, reason: "join_request" }]);
}

export function decideAddMember(
  state: LiveRoom,
  command: AddMember,
  bodyHash: number,
  context: DecideContext,
): Decision {
  const { by, userId, role } = command;
  const refusal = role === "member" ? refuseBringing(state, by) : refuse(state, by, "add_member");
  if (refusal !== undefined) return refusal;
  if (role !== "member" && !mayRule(levelIn(state, by), LEVEL[role]))
    return reject("forbidden", roleTooHigh(role), "role");
  const row = state.members.get(userId);
  if (row === undefined) return needMember(userId);
  if (row !== null) return UNCHANGED;
  const lacking = refuseNobody(state, userId) ?? lackingRows(state, userId, undefined);
  if (lacking !== undefined) return lacking;
  const ban = banOf(state, userId) ?? null;
  if (ban !== null && holds(ban, context.now)) return bannedPerson();
  if (state.memberCount >= state.settings.maxMembers) return reject("room_full");
  return accept(
    [joined(state, command, userId, role, bodyHash, context)],
    [{ kind: "notify", userIds: [userId], reason: "invite" }],
  );
}

export function decideAnswerRequest(
  state: LiveRoom,
  command: AnswerRequest,
  bodyHash: number,
  context: DecideContext,
): Decision {
  const { by, userId, approve } = command;
  const refusal = refuse(state, by, "approve");
  if (refusal !== undefined) return refusal;
  const lacking = lackingRows(state, userId, undefined);
  if (lacking !== undefined) return lacking;
  const request = requestOf(state, userId) ?? null;
  if (request === null) return reject("request_not_found");
  if (!approve) {
    const base = eventBase(state, command, bodyHash, context);
    return accept(
      [{ kind: "join_request_ended", seq: state.head + 1, ...base, userId, reason: "denied" }],
      [{ kind: "notify", userIds: [userId], reason: "request_denied" }],
    );
  }
  const ban = banOf(state, userId) ?? null;
  if (ban !== null && holds(ban, context.now)) return bannedPerson();
  if (state.memberCount >= state.settings.maxMembers) return reject("room_full");
  const { name, avatar } = request;
  return accept(
    [
      {
        ...joined(state, command, userId, "member", bodyHash, context),
        ...(name !== undefined && { name }),
        ...(avatar !== undefined && { avatar }),
      },
    ],
    [{ kind: "notify", userIds: [userId], reason: "request_approved" }],
  );
}

/** `undefined`: not known. */
function requestOf(state: LiveRoom, userId: UserId): JoinRequestRow | null | undefined {
  return state.requestCount === 0 ? null : standingRow<JoinRequestRow>(state, requestKey(userId));
}

/** `undefined`: all that bears on this person's coming is known. Where a room has no such rows none is asked for. */
function lackingRows(state: LiveRoom, userId: UserId, code: string | undefined): Decision | undefined {
  const keys: ItemKey[] = [];
  if (banOf(state, userId) === undefined) keys.push(banKey(userId));
  if (muteOf(state, userId) === undefined) keys.push(muteKey(userId));
  if (requestOf(state, userId) === undefined) keys.push(requestKey(userId));
  if (inviteRow(state, inviteKey(userId)) === undefined) keys.push(inviteKey(userId));
  if (code !== undefined && inviteRow(state, codeKey(code)) === undefined) keys.push(codeKey(code));
  return keys.length === 0 ? undefined : needItems(...keys);
}

/** With everything that their coming settles; the rows about them are known. */
function joined(
  state: LiveRoom,
  command: JoinRoom | AddMember | AnswerRequest,
  userId: UserId,
  role: Role,
  bodyHash: number,
  context: DecideContext,
): MemberJoined {
  const mute = muteOf(state, userId) ?? null;
  return {
    kind: "member_joined",
    seq: state.head + 1,
    ...eventBase(state, command, bodyHash, context),
    userId,
    role,
    ...((requestOf(state, userId) ?? null) !== null && { requested: true }),
    ...((inviteRow(state, inviteKey(userId)) ?? null) !== null && { invited: true }),
    ...(mute !== null && holds(mute, context.now) && { mutedUntil: mute.until ?? null }),
  };
}

/** Those of whom it is known that they may not are left out. */
function staffWhoMayApprove({ settings, staff, members }: LiveRoom): UserId[] {
  const minimum = LEVEL[PERMISSIONS[settings.type].approve];
  return staff.filter((userId) => LEVEL[members.get(userId)?.role ?? "owner"] >= minimum);
}
