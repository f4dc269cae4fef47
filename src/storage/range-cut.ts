/** The cut that `Journal.readRange` promises, in one place for all adapters. */
import type { ReadRange, Segment } from "./journal.ts";

/**
 * Takes from `segments` those that overlap the range, up to and with the one that reaches `eventsMax` events within it.
 * `segments` comes ascending, or descending when `range.backward`; no more of it is taken than needed. Answers ascending.
 */
export function cutRange(segments: Iterable<Segment>, range: ReadRange): readonly Segment[] {
  const backward = range.backward === true;
  const taken: Segment[] = [];
  let events = 0;
  for (const segment of segments) {
    const from = Math.max(segment.firstSeq, range.from);
    const to = Math.min(segment.lastSeq, range.to);
    if (from > to) {
      if (backward ? segment.lastSeq < range.from : segment.firstSeq > range.to) break;
      continue;
    }
    taken.push(segment);
    events += to - from + 1;
    if (events >= range.eventsMax) break;
  }
  return backward ? taken.reverse() : taken;
}
