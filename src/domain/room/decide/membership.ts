/** Coming, going, and who stands how high. */
import type { AddMember, JoinRoom, LeaveRoom, RemoveMember, SetRole } from "../commands.ts";
import type { Decision } from "../decision.ts";
import type { MemberJoined, MemberLeft } from "../events.ts";
import { isAllowed, LEVEL } from "../permissions.ts";
import type { MemberRow } from "../state.ts";
import {
  accept,
  type DecideContext,
  eventBase,
  type LiveRoom,
  levelIn,
  needMember,
  refuse,
  reject,
  ROOM_NOT_FOUND,
  UNCHANGED,
} from "./answer.ts";

export function decideJoin(state: LiveRoom, command: JoinRoom, bodyHash: number, context: DecideContext): Decision {
  const { by } = command;
  const row = state.members.get(by.userId);
  if (row === undefined) return needMember(by.userId);
  if (row !== null) return UNCHANGED;
  const refusal = refuse(state, by, "join");
  if (refusal !== undefined) return refusal;
  if (state.memberCount >= state.settings.maxMembers) return reject("room_full");
  const event: MemberJoined = {
    kind: "member_joined",
    seq: state.head + 1,
    ...eventBase(state, command, bodyHash, context),
    userId: by.userId,
    role: "member",
    ...(by.name !== undefined && { name: by.name }),
    ...(by.avatar !== undefined && { avatar: by.avatar }),
  };
  return accept([event]);
}

export function decideLeave(
  state: LiveRoom,
  command: LeaveRoom | RemoveMember,
  bodyHash: number,
  context: DecideContext,
): Decision {
  const { by } = command;
  const row = state.members.get(by.userId);
  if (row === undefined) return needMember(by.userId);
  if (row === null) return isAllowed(state.settings.type, "read", by, undefined) ? UNCHANGED : ROOM_NOT_FOUND;
  const refusal = refuse(state, by, "leave");
  if (refusal !== undefined) return refusal;
  if (isLastOwner(state, row)) return reject("last_owner");
  return accept([departure(state, command, row, "left", bodyHash, context)]);
}

export function decideAddMember(
  state: LiveRoom,
  command: AddMember,
  bodyHash: number,
  context: DecideContext,
): Decision {
  const { by, userId, role } = command;
  let refusal = refuse(state, by, "add_member");
  if (refusal?.kind === "reject" && state.settings.allowInvites && role === "member")
    refusal = refuse(state, by, "invite");
  if (refusal !== undefined) return refusal;
  if (role !== "member" && !mayGrant(levelIn(state, by), LEVEL[role]))
    return reject("forbidden", roleTooHigh(role), "role");
  const row = state.members.get(userId);
  if (row === undefined) return needMember(userId);
  if (row !== null) return UNCHANGED;
  if (state.memberCount >= state.settings.maxMembers) return reject("room_full");
  const event: MemberJoined = {
    kind: "member_joined",
    seq: state.head + 1,
    ...eventBase(state, command, bodyHash, context),
    userId,
    role,
  };
  return accept([event], [{ kind: "notify", userIds: [userId], reason: "invite" }]);
}

export function decideRemoveMember(
  state: LiveRoom,
  command: RemoveMember,
  bodyHash: number,
  context: DecideContext,
): Decision {
  const { by, userId } = command;
  if (userId === by.userId) return decideLeave(state, command, bodyHash, context);
  const refusal = refuse(state, by, "remove_member");
  if (refusal !== undefined) return refusal;
  const row = state.members.get(userId);
  if (row === undefined) return needMember(userId);
  if (row === null) return reject("user_not_found", "This person is not a member of the room.", "userId");
  if (!mayGrant(levelIn(state, by), LEVEL[row.role])) {
    return reject("forbidden", `Removing a member with the role ${row.role} needs a higher role.`);
  }
  if (isLastOwner(state, row)) return reject("last_owner");
  return accept([departure(state, command, row, "removed", bodyHash, context)]);
}

export function decideSetRole(state: LiveRoom, command: SetRole, bodyHash: number, context: DecideContext): Decision {
  const { by, userId, role } = command;
  const refusal = refuse(state, by, "set_role");
  if (refusal !== undefined) return refusal;
  const row = state.members.get(userId);
  if (row === undefined) return needMember(userId);
  if (row === null) return reject("user_not_found", "This person is not a member of the room.", "userId");
  if (row.role === role) return UNCHANGED;
  const level = levelIn(state, by);
  const stepsDown = userId === by.userId && LEVEL[role] < LEVEL[row.role];
  if (!stepsDown) {
    if (!mayGrant(level, LEVEL[row.role])) {
      return reject("forbidden", `Changing a member with the role ${row.role} needs a higher role.`);
    }
    if (!mayGrant(level, LEVEL[role])) return reject("forbidden", roleTooHigh(role), "role");
  }
  if (isLastOwner(state, row)) return reject("last_owner");
  const base = eventBase(state, command, bodyHash, context);
  return accept([{ kind: "member_changed", seq: state.head + 1, ...base, userId, role, previousRole: row.role }]);
}

/** Owners and those above them rule over every role, theirs included; the others over lower ones only. */
function mayGrant(level: number, otherLevel: number): boolean {
  return level >= LEVEL.owner || otherLevel < level;
}

function isLastOwner(state: LiveRoom, row: MemberRow): boolean {
  return row.role === "owner" && state.ownerCount <= 1;
}

function roleTooHigh(role: string): string {
  return `Giving the role ${role} needs a higher role.`;
}

function departure(
  state: LiveRoom,
  command: LeaveRoom | RemoveMember,
  row: MemberRow,
  reason: MemberLeft["reason"],
  bodyHash: number,
  context: DecideContext,
): MemberLeft {
  const base = eventBase(state, command, bodyHash, context);
  return { kind: "member_left", seq: state.head + 1, ...base, userId: row.userId, role: row.role, reason };
}
