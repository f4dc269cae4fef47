/** Going, and who stands how high. Coming in is `joining.ts`. */
import type { LeaveRoom, RemoveMember, SetRole } from "../commands.ts";
import type { Decision } from "../decision.ts";
import type { MemberLeft } from "../events.ts";
import { isAllowed, LEVEL } from "../permissions.ts";
import { requestKey } from "../standing-rows.ts";
import type { MemberRow } from "../state.ts";
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

export function decideLeave(
  state: LiveRoom,
  command: LeaveRoom | RemoveMember,
  bodyHash: number,
  context: DecideContext,
): Decision {
  const { by } = command;
  const row = state.members.get(by.userId);
  if (row === undefined) return needMember(by.userId);
  if (row === null) return decideWithdraw(state, command, bodyHash, context);
  const refusal = refuse(state, by, "leave");
  if (refusal !== undefined) return refusal;
  if (isLastOwner(state, row)) return reject("last_owner");
  return accept([departure(state, command, row, "left", bodyHash, context)]);
}

/** Who leaves and is no member takes back their request to join, if there is one. */
function decideWithdraw(
  state: LiveRoom,
  command: LeaveRoom | RemoveMember,
  bodyHash: number,
  context: DecideContext,
): Decision {
  const { userId } = command.by;
  if (!isAllowed(state.settings.type, "read", command.by, undefined)) return ROOM_NOT_FOUND;
  const request = state.requestCount === 0 ? null : state.items.get(requestKey(userId));
  if (request === undefined) return needItems(requestKey(userId));
  if (request === null) return UNCHANGED;
  const base = eventBase(state, command, bodyHash, context);
  return accept([{ kind: "join_request_ended", seq: state.head + 1, ...base, userId, reason: "withdrawn" }]);
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
  if (row === null) return notAMember();
  if (!mayRule(levelIn(state, by), LEVEL[row.role])) {
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
  if (row === null) return notAMember();
  if (row.role === role) return UNCHANGED;
  const level = levelIn(state, by);
  const stepsDown = userId === by.userId && LEVEL[role] < LEVEL[row.role];
  if (!stepsDown) {
    if (!mayRule(level, LEVEL[row.role])) {
      return reject("forbidden", `Changing a member with the role ${row.role} needs a higher role.`);
    }
    if (!mayRule(level, LEVEL[role])) return reject("forbidden", roleTooHigh(role), "role");
  }
  if (isLastOwner(state, row)) return reject("last_owner");
  const base = eventBase(state, command, bodyHash, context);
  return accept([{ kind: "member_changed", seq: state.head + 1, ...base, userId, role, previousRole: row.role }]);
}

/** Owners and those above them rule over every role, theirs included; the others over lower ones only. */
export function mayRule(level: number, otherLevel: number): boolean {
  return level >= LEVEL.owner || otherLevel < level;
}

export function isLastOwner(state: LiveRoom, row: MemberRow): boolean {
  return row.role === "owner" && state.ownerCount <= 1;
}

export function roleTooHigh(role: string): string {
  return `Giving the role ${role} needs a higher role.`;
}

export function notAMember(): Decision {
  return reject("user_not_found", "This person is not a member of the room.", "userId");
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
