/**
 * A place in a tenant's feed: everything before it was read. Opaque to those who keep it, but for its order within one feed.
 * `sinceMs` goes with it: what happened before is passed over, wherever it stands.
 */
import type { Seq } from "../base/ids.ts";

export interface FeedCursor {
  /** The entry that is read next, from 1 on; all before it is read. */
  readonly entry: number;
  /** Of that entry the first range that is not read to its end, … */
  readonly range: number;
  /** … and how far that one is read; 0: not at all. */
  readonly seq: Seq;
  /** Milliseconds since 1970; 0: everything. */
  readonly sinceMs: number;
}

export const FEED_START: FeedCursor = { entry: 1, range: 0, seq: 0, sinceMs: 0 };

const TEXT = /^([0-9a-z]{1,11})-([0-9a-z]{1,5})-([0-9a-z]{1,11})-([0-9a-z]{1,11})$/;

export function cursorText({ entry, range, seq, sinceMs }: FeedCursor): string {
  return [entry, range, seq, sinceMs].map((number) => number.toString(36)).join("-");
}

/** `undefined`: it is none of ours. */
export function parseCursor(text: string): FeedCursor | undefined {
  const match = TEXT.exec(text);
  if (match === null) return undefined;
  const [entry = 0, range = 0, seq = 0, sinceMs = 0] = match.slice(1).map((part) => Number.parseInt(part, 36));
  if (entry < 1 || ![entry, range, seq, sinceMs].every(Number.isSafeInteger)) return undefined;
  return { entry, range, seq, sinceMs };
}
