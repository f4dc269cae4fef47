/** What becomes of a room as a whole: another owner, an end to writing, an end. */
import type { ArchiveRoom, DeleteRoom, TransferRoom } from "../commands.ts";
import type { Decision } from "../decision.ts";
import type { DomainEvent, RoomSettings } from "../events.ts";
import {
  accept,
  type DecideContext,
  eventBase,
  type LiveRoom,
  needHold,
  needMember,
  refuse,
  reject,
  UNCHANGED,
} from "./answer.ts";
import { notAMember } from "./membership.ts";

/** The member becomes an owner; the owner who gives the room away stays as an admin. */
export function decideTransfer(
  state: LiveRoom,
  command: TransferRoom,
  bodyHash: number,
  context: DecideContext,
): Decision {
  const { by, userId } = command;
  const refusal = refuse(state, by, "transfer");
  if (refusal !== undefined) return refusal;
  if (userId === by.userId) return reject("invalid_field", "A room is given to somebody else.", "userId");
  const own = state.members.get(by.userId);
  if (own === undefined) return needMember(by.userId);
  const row = state.members.get(userId);
  if (row === undefined) return needMember(userId);
  if (row === null) return notAMember();
  const base = eventBase(state, command, bodyHash, context);
  const events: DomainEvent[] = [];
  const change = (who: typeof row, role: "owner" | "admin"): void => {
    const seq = state.head + 1 + events.length;
    events.push({ kind: "member_changed", seq, ...base, userId: who.userId, role, previousRole: who.role });
  };
  // First the new one: the room is not without an owner in between.
  if (row.role !== "owner") change(row, "owner");
  if (own?.role === "owner") change(own, "admin");
  return events.length === 0 ? UNCHANGED : accept(events);
}

export function decideArchive(
  state: LiveRoom,
  command: ArchiveRoom,
  bodyHash: number,
  context: DecideContext,
): Decision {
  const refusal = refuse(state, command.by, "archive");
  if (refusal !== undefined) return refusal;
  const { isArchived = false, ...others } = state.settings;
  if (isArchived === command.archived) return UNCHANGED;
  const settings: RoomSettings = command.archived ? { ...others, isArchived: true } : others;
  const base = eventBase(state, command, bodyHash, context);
  return accept([{ kind: "room_updated", seq: state.head + 1, ...base, settings }]);
}

export function decideDeleteRoom(
  state: LiveRoom,
  command: DeleteRoom,
  bodyHash: number,
  context: DecideContext,
): Decision {
  const refusal = refuse(state, command.by, "delete_room") ?? refuseHeld(context);
  if (refusal !== undefined) return refusal;
  return accept(
    [{ kind: "room_deleted", seq: state.head + 1, ...eventBase(state, command, bodyHash, context) }],
    [{ kind: "remove_files", files: "all" }],
  );
}

/** `undefined`: nothing holds the room. Its log would stay, but nobody could read it as they do, nor take it out as it is. */
function refuseHeld({ hold = "none" }: DecideContext): Decision | undefined {
  switch (hold) {
    case "unknown":
      return needHold();
    case "none":
      return undefined;
    case "room":
      return reject("on_hold", "This room is on legal hold: it cannot be deleted. It can be archived.");
    case "tenant":
      return reject("on_hold", "Your tenant is on legal hold: its rooms cannot be deleted. They can be archived.");
  }
}
