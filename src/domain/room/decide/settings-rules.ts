/** What a room's settings may be: shared by making a room and changing it. */
import {
  ID_LENGTH_MAX,
  ROOM_DESCRIPTION_LENGTH_MAX,
  ROOM_NAME_LENGTH_MAX,
  ROOM_TAGS_MAX,
} from "../../../base/limits.ts";
import type { Decision } from "../decision.ts";
import type { RoomSettings } from "../events.ts";
import { ROOM_TYPE_LIMITS } from "../room-types.ts";
import { reject } from "./answer.ts";

/** `undefined`: they are fine. */
export function refuseSettings(settings: RoomSettings): Decision | undefined {
  const { type, name, description, tags, maxMembers } = settings;
  if (!isText(name, ROOM_NAME_LENGTH_MAX)) return tooLong("name", ROOM_NAME_LENGTH_MAX);
  if (description !== undefined && !isText(description, ROOM_DESCRIPTION_LENGTH_MAX)) {
    return tooLong("description", ROOM_DESCRIPTION_LENGTH_MAX);
  }
  if (tags !== undefined) {
    if (tags.length > ROOM_TAGS_MAX)
      return reject("invalid_field", `A room has at most ${ROOM_TAGS_MAX} tags.`, "tags");
    if (!tags.every((tag) => isText(tag, ID_LENGTH_MAX))) return tooLong("tags", ID_LENGTH_MAX);
  }
  const { membersMin, membersMax } = ROOM_TYPE_LIMITS[type];
  if (!Number.isInteger(maxMembers) || maxMembers < membersMin || maxMembers > membersMax) {
    const message = `maxMembers of a ${type} room is a whole number from ${membersMin} to ${membersMax}.`;
    return reject("invalid_field", message, "maxMembers");
  }
  return undefined;
}

function isText(text: string, lengthMax: number): boolean {
  return text.length <= lengthMax && text.isWellFormed();
}

function tooLong(field: string, lengthMax: number): Decision {
  return reject("invalid_field", `${field} is valid Unicode of at most ${lengthMax} characters.`, field);
}
