/**
 * Polls: what they ask stands in the message, their results in its overlay, each person's choices in a row of its own.
 * Invariant: results are those of all votes in the log so far. A poll that is closed stays so, whatever the clock says.
 */
import { type ItemKey, itemKey, type Seq, type UserId } from "../../base/ids.ts";
import type { MessageOverlay, PollTally } from "./state.ts";
import type { Poll } from "./vocabulary.ts";

/** One person's vote, as a row. */
export interface VoteRow {
  /** Places of options, ascending. */
  readonly choices: readonly number[];
  /** Milliseconds since 1970. */
  readonly at: number;
}

export function voteCollection(target: Seq): string {
  return `v${target}`;
}

export function voteKey(target: Seq, user: UserId): ItemKey {
  return itemKey(voteCollection(target), user);
}

export function pollTally(poll: Poll, overlay: MessageOverlay | null): PollTally {
  return overlay?.poll ?? { votes: poll.options.map(() => 0), voters: 0 };
}

/** `now`: milliseconds since 1970, never before the room's last event. */
export function isPollClosed(poll: Poll, overlay: MessageOverlay | null, now: number): boolean {
  return overlay?.poll?.closedAt !== undefined || (poll.closesAt !== undefined && now >= poll.closesAt);
}

/** Characters of its texts. */
export function pollLength({ question, options }: Poll): number {
  return options.reduce((sum, option) => sum + option.length, question.length);
}
