/**
 * Threads in a log's entries: where a reply stands, and who follows.
 * That somebody follows or not is written as what older versions read: rows of the room as they are after it (81, which once was of
 * erasures alone), with fields behind it that they pass over. A kind that they do not know would close the room to them, while
 * both run side by side. They keep the item, and count nobody as told or not told by it.
 */
import type { Seq, UserId } from "../base/ids.ts";
import type { Common, MessageDeleted, ThreadFollowChanged, ThreadPlace } from "../domain/room/events.ts";
import { followKey } from "../domain/room/thread-items.ts";

/** That of `rows_erased`. */
export const FOLLOW_KIND = 81;

export function threadPlaceOf(row: readonly unknown[]): ThreadPlace {
  const place = { root: row[0] as Seq, no: row[1] as number, count: row[2] as number };
  return row[3] == null ? place : { ...place, followers: row[3] as UserId[] };
}

export function threadLeftOf(row: readonly unknown[]): NonNullable<MessageDeleted["thread"]> {
  return { root: row[0] as Seq, count: row[1] as number };
}

/** The first two as `rows_erased` has them. */
export function followFields({ by, root, follows, no }: ThreadFollowChanged): readonly unknown[] {
  return [by, [[followKey(by, root), follows ? { no } : null]], [root, follows, no]];
}

/** `undefined`: rows of somebody who was erased. */
export function followEvent(common: Common, row: readonly unknown[]): ThreadFollowChanged | undefined {
  const place = row[7];
  if (place == null) return undefined;
  const [root, follows, no] = place as readonly [Seq, boolean, number];
  return { kind: "thread_follow_changed", ...common, root, follows, no };
}
