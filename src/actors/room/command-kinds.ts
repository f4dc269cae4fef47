/** What sort of thing a command is, and its decision: what a room's actor treats alike, whatever the command. Pure. */
import type { RoomCommand } from "../../domain/room/commands.ts";
import type { Decision, RoomEffect } from "../../domain/room/decision.ts";

/** It would change the log, or a member's row beside it, or says of something that would that it is not to be done. */
export function needsOwner(command: RoomCommand, decision: Decision): boolean {
  if (isVerdict(command, decision) || decision.kind === "consult") return true;
  if (decision.kind !== "accept") return false;
  const { events, effects } = decision;
  return events.length > 0 || effects.some(({ kind }) => isMark(kind));
}

const MARKS: ReadonlySet<string> = new Set<RoomCommand["kind"] | RoomEffect["kind"]>([
  "mark_read",
  "mark_unread",
  "mark_thread_read",
  "mark_delivered",
  "confirm_delivered",
]);

/** A mark is answered when its row is durable. */
export function isMark(kind: RoomCommand["kind"] | RoomEffect["kind"]): boolean {
  return MARKS.has(kind);
}

/** The tenant's rules are about it. */
export function isPublishing({ kind }: RoomCommand): boolean {
  return kind === "send_message" || kind === "edit_message";
}

/** It leaves the log as it is, for good. A member who joins once more only wants to listen. */
export function isVerdict(command: RoomCommand, decision: Decision): boolean {
  if (!("clientId" in command)) return false;
  if (decision.kind === "reject") return true;
  return decision.kind === "accept" && decision.events.length === 0 && command.kind !== "join_room";
}
