/**
 * The reactions to a message: per emoji a count and some names in the message's overlay, and a row for each person's own.
 * Invariant: `count` is exact at any size. Whoever reacted is in `users`, in `old`, or has a row, and nobody else is.
 */
import { type ItemKey, itemKey, type Seq, type UserId } from "../../base/ids.ts";
import { REACTION_NAMES_SHOWN } from "../../base/limits.ts";
import type { ReactionChanged } from "./events.ts";
import type { MessageOverlay, ReactionTally, RoomState } from "./state.ts";

/** A person's reaction, as a row. */
export interface ReactionRow {
  /** Milliseconds since 1970. */
  readonly at: number;
}

const NOBODY: ReactionTally = { count: 0, users: [] };

/** Rows of former versions have the list of all names instead of a tally. */
export function tallyOf(overlay: MessageOverlay, emoji: string): ReactionTally {
  const { reactions } = overlay;
  const kept = reactions !== undefined && Object.hasOwn(reactions, emoji) ? reactions[emoji] : undefined;
  if (kept === undefined) return NOBODY;
  if (!isList(kept)) return kept;
  const old = kept.slice(REACTION_NAMES_SHOWN);
  return { count: kept.length, users: kept.slice(0, REACTION_NAMES_SHOWN), ...(old.length > 0 && { old }) };
}

export function emojiOf(overlay: MessageOverlay): readonly string[] {
  return Object.keys(overlay.reactions ?? {});
}

export function reactionCollection(target: Seq): string {
  return `r${target}`;
}

/** An encoded emoji has no `|`, so that the first one ends it. */
export function reactionPrefix(emoji: string): string {
  return `${encodeURIComponent(emoji)}|`;
}

export function reactionKey(target: Seq, emoji: string, user: UserId): ItemKey {
  return itemKey(reactionCollection(target), reactionPrefix(emoji) + user);
}

/** `undefined`: only the person's row says. Most messages have few reactions, whose names are all here. */
export function isAmong({ count, users, old }: ReactionTally, user: UserId): boolean | undefined {
  if (users.includes(user) || old?.includes(user) === true) return true;
  return count === users.length + (old?.length ?? 0) ? false : undefined;
}

/** `undefined`: ask the store for the row `key`. */
export function hasReacted(state: RoomState, tally: ReactionTally, key: ItemKey, user: UserId): boolean | undefined {
  const named = isAmong(tally, user);
  if (named !== undefined) return named;
  const row = state.items.get(key);
  return row === undefined ? undefined : row !== null;
}

/** The overlay's reactions after the event. */
export function changedReactions(
  overlay: MessageOverlay,
  { emoji, by, added, count }: ReactionChanged,
): NonNullable<MessageOverlay["reactions"]> {
  const { [emoji]: _changed, ...others } = overlay.reactions ?? {};
  if (count === 0) return others;
  const before = tallyOf(overlay, emoji);
  const users = before.users.filter((user) => user !== by);
  const old = before.old?.filter((user) => user !== by) ?? [];
  if (added && users.length < REACTION_NAMES_SHOWN) users.push(by);
  // The place of the emoji among the others stays.
  return { ...overlay.reactions, [emoji]: { count, users, ...(old.length > 0 && { old }) } };
}

function isList(kept: ReactionTally | readonly UserId[]): kept is readonly UserId[] {
  return Array.isArray(kept);
}
