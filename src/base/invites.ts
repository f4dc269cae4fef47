/**
 * Codes of invites as people pass them on: `CODE.ROOM`. The code's letters and digits are made by the engine, and its secret;
 * what follows the first dot is the room's id, so that a code alone leads to its room.
 */
import { parseId, type RoomId } from "./ids.ts";

export function inviteOf(room: RoomId, code: string): string {
  return `${code}.${room}`;
}

/** `undefined`: it names no room. */
export function readInvite(invite: string): { readonly code: string; readonly room: RoomId } | undefined {
  const at = invite.indexOf(".");
  const room = at < 1 ? undefined : parseId<RoomId>(invite.slice(at + 1));
  return room === undefined ? undefined : { code: invite.slice(0, at), room };
}

/** The code alone, of a code with its room or without. */
export function codeOf(invite: string): string {
  const at = invite.indexOf(".");
  return at < 0 ? invite : invite.slice(0, at);
}
