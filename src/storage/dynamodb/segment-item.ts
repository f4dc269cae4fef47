/**
 * A segment as one item, with the rows that its events changed, so that they can be written again after a crash.
 * Invariant: what any version wrote can be read for ever; attributes are added, never given another meaning.
 */
import type { LogKey, RowChange, Segment } from "../journal.ts";
import {
  binary,
  bytesIn,
  fromJsonBytes,
  type Item,
  jsonBytes,
  keyOf,
  number,
  numberIn,
  text,
  textIn,
} from "./items.ts";
import { segmentKey, seqKey } from "./keys.ts";

/** What keys, names and the small attributes take, at most. */
export const SEGMENT_OVERHEAD_BYTES = 2_000;
/** The attribute that holds the rows, if there are any. */
export const ROWS = "rows";

/** `rows`: the attributes that hold them, inline or in parts. */
export function segmentItem(log: LogKey, segment: Segment, rows: Item): Item {
  const { entries } = segment;
  return {
    ...keyOf(segmentKey(log, segment.firstSeq)),
    lastSeq: number(segment.lastSeq),
    epoch: number(segment.epoch),
    owner: text(segment.owner),
    batchId: text(segment.batchId),
    messageCount: number(segment.messageCount),
    timestamp: number(segment.timestamp),
    // Some servers refuse empty values.
    ...(entries.length > 0 && { entries: binary(entries) }),
    ...rows,
  };
}

/** Throws on an item that is no segment. */
export function segmentOf(item: Item): Segment {
  return {
    firstSeq: Number(demand(item, "sk", textIn)),
    lastSeq: demand(item, "lastSeq", numberIn),
    epoch: demand(item, "epoch", numberIn),
    owner: demand(item, "owner", textIn),
    batchId: demand(item, "batchId", textIn),
    messageCount: demand(item, "messageCount", numberIn),
    timestamp: demand(item, "timestamp", numberIn),
    entries: bytesIn(item, "entries") ?? new Uint8Array(),
  };
}

export function packRows(rows: readonly RowChange[]): Uint8Array {
  return jsonBytes(rows);
}

export function unpackRows(bytes: Uint8Array): readonly RowChange[] {
  return bytes.length === 0 ? [] : fromJsonBytes<readonly RowChange[]>(bytes);
}

/** Names the parts of rows that are too large for their segment. */
export function rowsId(segment: Segment): string {
  return `rows.${seqKey(segment.firstSeq)}.${segment.batchId}`;
}

function demand<Value>(item: Item, name: string, read: (item: Item, name: string) => Value | undefined): Value {
  const value = read(item, name);
  if (value === undefined) throw new Error(`a segment without ${name}`);
  return value;
}
