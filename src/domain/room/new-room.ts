/** From what a caller says of a room that is to be made to its settings: one rule for frames and REST. */
import type { RoomSettings } from "./events.ts";
import { ROOM_TYPE_LIMITS } from "./room-types.ts";
import type { ModerationLevel, RoomType } from "./vocabulary.ts";

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
  readonly banner?: string | undefined;
  readonly requireApproval?: boolean | undefined;
  readonly allowFileUploads?: boolean | undefined;
  readonly maxFileSize?: number | undefined;
  readonly allowedFileTypes?: readonly string[] | undefined;
  readonly messageRetention?: number | undefined;
  readonly enableAI?: boolean | undefined;
  readonly moderationLevel?: ModerationLevel | undefined;
  readonly slowModeSeconds?: number | undefined;
  readonly allowAnonymous?: boolean | undefined;
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
    ...saidOf(room),
  };
}

/** What may be said and has no default of its own. */
const OPTIONAL_SETTINGS = [
  "description",
  "avatar",
  "tags",
  "banner",
  "requireApproval",
  "allowFileUploads",
  "maxFileSize",
  "allowedFileTypes",
  "messageRetention",
  "enableAI",
  "moderationLevel",
  "slowModeSeconds",
  "allowAnonymous",
] as const satisfies readonly (keyof RoomSettings)[];

/** Those that were said, and nothing else that a caller's object may hold. */
export function saidOf(
  room: Omit<NewRoomSettings, "type">,
): Partial<Pick<RoomSettings, (typeof OPTIONAL_SETTINGS)[number]>> {
  const said: Record<string, unknown> = {};
  for (const name of OPTIONAL_SETTINGS) if (room[name] !== undefined) said[name] = room[name];
  return said as Partial<RoomSettings>;
}

function typeOf({ type, isPrivate }: NewRoomSettings): RoomType {
  const asked = type ?? (isPrivate === false ? "public" : "private");
  if (asked === "group" && isPrivate === false) return "public";
  return asked === "public" && isPrivate === true ? "private" : asked;
}
