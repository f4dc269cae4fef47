/**
 * Members by the beginning of their names, whatever the case: items of the collection `names`, one for each member with a name.
 * Invariant: ids are the folded name's characters as `encodeURIComponent` writes them, then a space and the user's id; so
 * their order is that of names, and a beginning of a name is a beginning of an id.
 */
import type { UserId } from "../../base/ids.ts";
import { NAME_INDEX_LENGTH_MAX } from "../../base/limits.ts";

export const NAMES = "names";

export function nameEntry(name: string, userId: UserId): string {
  return `${foldedName(name)} ${userId}`;
}

export function userOfEntry(id: string): UserId {
  return id.slice(id.indexOf(" ") + 1) as UserId;
}

/** A name, or the beginning of one, as it stands in entries. Characters beyond the bound tell nobody apart. */
export function foldedName(name: string): string {
  const folded = name.toWellFormed().normalize("NFKC").toLowerCase();
  return encodeURIComponent([...folded].slice(0, NAME_INDEX_LENGTH_MAX).join(""));
}
