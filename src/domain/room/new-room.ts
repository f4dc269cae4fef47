/** From what a caller says of a room that is to be made to its settings: one rule for frames and REST. */
import type { RoomSettings } from "./events.ts";
import { ROOM_TYPE_LIMITS } from "./room-types.ts";
import type { RoomType } from "./vocabulary.ts";

/** Absent fields get their defaults. */
export interface NewRoomSettings {
  readonly type?: RoomType | undefined;
  readonly isPrivate?: boolean | undefined;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly avatar?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly maxMembers?: number | undefined;
  readonly allowInvites?: boolean | undefined;
}

/**
 * Nobody else sees a room unless that was asked for: without a type it is private, and `isPrivate` wins over `public`. A group
 * that says that it is not private is open to everybody, which is what a public room is.
 */
export function settingsOfNewRoom(room: NewRoomSettings): RoomSettings {
  const type = typeOf(room);
  return {
    type,
    name: room.name ?? "",
    maxMembers: room.maxMembers ?? ROOM_TYPE_LIMITS[type].membersDefault,
    allowInvites: room.allowInvites ?? true,
    ...(room.description !== undefined && { description: room.description }),
    ...(room.avatar !== undefined && { avatar: room.avatar }),
    ...(room.tags !== undefined && { tags: room.tags }),
  };
}

function typeOf({ type, isPrivate }: NewRoomSettings): RoomType {
  const asked = type ?? (isPrivate === false ? "public" : "private");
  if (asked === "group" && isPrivate === false) return "public";
  return asked === "public" && isPrivate === true ? "private" : asked;
}
