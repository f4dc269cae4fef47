/**
 * Where a room keeps its threads, as items: `t<root>` has the replies of one thread, `f.<user>` the threads that one member
 * follows, each with the number of the last reply that they wrote, or that there was when they came.
 */
import { type ItemKey, itemKey, type Seq, type UserId } from "../../base/ids.ts";

/** What stands in an item of `followsOf`. */
export interface ThreadFollow {
  readonly no: number;
}

export function repliesOf(root: Seq): string {
  return `t${root}`;
}

export function followsOf(userId: UserId): string {
  return `f.${userId}`;
}

export function followKey(userId: UserId, root: Seq): ItemKey {
  return itemKey(followsOf(userId), seqId(root));
}

/** Sixteen digits: the order of the ids is that of the sequences. */
export function seqId(seq: Seq): string {
  return String(seq).padStart(16, "0");
}
