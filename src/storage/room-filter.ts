/** Which rooms a list shows by what their cards say: the same in every store. */
import type { RoomType } from "../domain/room/vocabulary.ts";
import type { RoomCard } from "./journal.ts";
import type { RoomListQuery, RoomScope } from "./projections.ts";

/** Rooms of these types are listed to everybody of the tenant: everybody may read and join them. */
export function isDiscoverable(type: RoomType): boolean {
  return type === "public" || type === "broadcast";
}

/** Whether a list of this scope has rooms of this type that the asker is no member of. */
export function isInScope(scope: RoomScope, type: RoomType): boolean {
  return scope === "all" ? type !== "direct" : scope === "visible" && isDiscoverable(type);
}

/** Whether the list leaves out archived rooms that the asker is no member of. */
export function hidesArchived({ scope, archived }: Pick<RoomListQuery, "scope" | "archived">): boolean {
  return scope === "visible" && archived !== true;
}

/** Whether a room may be listed to those who may see it. A deleted one never is. */
export function isListed(card: RoomCard, { type, tags, text }: Pick<RoomListQuery, "type" | "tags" | "text">): boolean {
  const { settings, deletedAt } = card;
  if (deletedAt !== undefined) return false;
  if (type !== undefined && settings.type !== type) return false;
  if (tags?.some((tag) => settings.tags?.includes(tag) !== true) === true) return false;
  return text === undefined || settings.name.toLowerCase().includes(text.toLowerCase());
}

/** The question can be answered only by looking at each room's card. */
export function needsCards({ tags, text }: RoomListQuery): boolean {
  return text !== undefined || (tags !== undefined && tags.length > 0);
}
