/** How the documents are called that say what is on legal hold: the edge places them, rooms ask for them before anything goes. */
import type { RoomId, UserId } from "./ids.ts";

export const HOLDS = "holds";
export const TENANT_HOLD = "tenant";
/** What the names of people's holds begin with. */
export const PERSON_HOLDS = "user.";

export function roomHold(room: RoomId): string {
  return `room.${encodeURIComponent(room)}`;
}

export function personHold(userId: UserId): string {
  return `${PERSON_HOLDS}${encodeURIComponent(userId)}`;
}

/** Whose the bytes of a file are, its name does not say: while the tenant holds what a person wrote, none of them go. */
export function areFilesHeld(held: {
  readonly tenant: boolean;
  readonly room: boolean;
  readonly anyPerson: boolean;
}): boolean {
  return held.tenant || held.room || held.anyPerson;
}
