/**
 * One log in the messages table: segments and the newest snapshot.
 * Invariant: every read is strong. A page of a query is no snapshot of the table, so a run of segments is only answered
 * when it is contiguous; where one is missing it is read again from there.
 */
import type { Seq } from "../../base/ids.ts";
import { DYNAMO_ITEM_BYTES_MAX } from "../../base/limits.ts";
import type { Random } from "../../base/prng.ts";
import type { LogKey, ReadRange, RowChange, Segment, Snapshot } from "../journal.ts";
import { cutRange } from "../range-cut.ts";
import type { ApiResult, DynamoApi, Query } from "./dynamo-api.ts";
import { type Item, keyOf, number, numberIn } from "./items.ts";
import { logPartition, segmentKey, SEQ_KEY_LAST, seqKey, snapshotKey } from "./keys.ts";
import { type LargeValues, partsIn } from "./large-values.ts";
import { ROWS, SEGMENT_OVERHEAD_BYTES, segmentItem, segmentOf, unpackRows } from "./segment-item.ts";

/** A segment and the item it came in: the rows in it are unpacked only when somebody needs them. */
export interface StoredSegment {
  readonly segment: Segment;
  readonly item: Item;
}

const UNAVAILABLE = { ok: false, error: "unavailable" } as const;
const READS_MAX = 4;
/** Segments of the first page of a range whose density nobody knows yet, and of any page. */
const PAGE_SEGMENTS_MIN = 16;
const PAGE_SEGMENTS_MAX = 256;
const SNAPSHOT = "bytes";

export class LogStore {
  readonly #api: DynamoApi;
  readonly #table: string;
  readonly #values: LargeValues;
  readonly #random: Random;

  constructor(api: DynamoApi, table: string, values: LargeValues, random: Random) {
    this.#api = api;
    this.#table = table;
    this.#values = values;
    this.#random = random;
  }

  /**
   * The one write that everything rests on: the place is free, or nothing happens.
   * Two segments never overlap, although the condition knows only the place: a writer goes on from the end of a segment
   * that it has seen, and whoever goes on from that end does so at the same place. So all ends, and all places, are agreed on.
   */
  async putSegment(log: LogKey, segment: Segment, rows: Item): Promise<ApiResult<unknown>> {
    const condition = { expression: "attribute_not_exists(pk)" };
    return this.#api.put(this.#table, segmentItem(log, segment, rows), condition);
  }

  async segmentAt(log: LogKey, firstSeq: Seq): Promise<ApiResult<StoredSegment | undefined>> {
    const got = await this.#api.get(this.#table, segmentKey(log, firstSeq));
    return got.ok ? { ok: true, value: got.value && stored(got.value) } : got;
  }

  /** All segments with an event at or after `from`. */
  async segmentsFrom(log: LogKey, from: Seq): Promise<ApiResult<readonly StoredSegment[]>> {
    const found: StoredSegment[] = [];
    for (let reads = 0; reads < READS_MAX; reads += 1) {
      const last = found.at(-1);
      const more = await this.#readFrom(log, last === undefined ? from : last.segment.lastSeq + 1);
      if (!more.ok) return more;
      // Nothing stands at the beginning: it may have come while the page was read. If not, it was removed long ago.
      if (reads === 0 && (more.value[0]?.segment.firstSeq ?? from) > from) continue;
      if (appendContiguous(found, more.value)) return { ok: true, value: found };
    }
    return UNAVAILABLE;
  }

  async range(log: LogKey, range: ReadRange): Promise<ApiResult<readonly Segment[]>> {
    for (let reads = 0; reads < READS_MAX; reads += 1) {
      const read = range.backward === true ? await this.#readBackward(log, range) : await this.#readForward(log, range);
      if (!read.ok) return read;
      const segments = read.value.map((one) => one.segment);
      const cut = cutRange(range.backward === true ? segments.toReversed() : segments, range);
      if (isContiguous(cut)) return { ok: true, value: cut };
    }
    return UNAVAILABLE;
  }

  /** The rows that stand in a segment's item. */
  async rowsOf(log: LogKey, { item }: StoredSegment): Promise<ApiResult<readonly RowChange[]>> {
    const bytes = await this.#values.load(log, item, ROWS);
    if (!bytes.ok) return bytes;
    return bytes.value === undefined ? UNAVAILABLE : { ok: true, value: unpackRows(bytes.value) };
  }

  async snapshot(log: LogKey): Promise<ApiResult<Snapshot | undefined>> {
    for (let reads = 0; reads < READS_MAX; reads += 1) {
      const got = await this.#api.get(this.#table, snapshotKey(log));
      if (!got.ok) return got;
      if (got.value === undefined) return { ok: true, value: undefined };
      const bytes = await this.#values.load(log, got.value, SNAPSHOT);
      if (!bytes.ok) return bytes;
      // Without its parts it was replaced between the two reads.
      if (bytes.value !== undefined)
        return { ok: true, value: { seq: numberIn(got.value, "seq") ?? 0, bytes: bytes.value } };
    }
    return UNAVAILABLE;
  }

  /** Kept when it is newer. The item that names the parts is the switch; parts of older ones go afterwards. */
  async saveSnapshot(log: LogKey, { seq, bytes }: Snapshot): Promise<ApiResult<true>> {
    const id = `snapshot.${seqKey(seq)}.${this.#random.token(8)}`;
    const inlineMax = DYNAMO_ITEM_BYTES_MAX - SEGMENT_OVERHEAD_BYTES;
    const value = await this.#values.store(log, id, SNAPSHOT, bytes, inlineMax, "background");
    if (!value.ok) return value;
    const item = { ...keyOf(snapshotKey(log)), seq: number(seq), ...value.value };
    const condition = { expression: "attribute_not_exists(pk) OR seq < :seq", values: { ":seq": number(seq) } };
    const put = await this.#api.put(this.#table, item, condition, "background");
    if (!put.ok) {
      if (put.error !== "condition") return put;
      await this.#values.remove(log, partsIn(item, SNAPSHOT));
      return { ok: true, value: true };
    }
    if (put.value !== undefined && partsIn(put.value, SNAPSHOT) !== undefined)
      await this.#values.sweep(log, "snapshot.", `snapshot.${seqKey(seq)}`);
    return { ok: true, value: true };
  }

  /** From the segment that holds `from` or the next one on; may have a gap. */
  async #readFrom(log: LogKey, from: Seq): Promise<ApiResult<readonly StoredSegment[]>> {
    const [holder, rest] = await Promise.all([
      this.#holderOf(log, from),
      this.#api.queryAll(this.#query(log, { from: seqKey(from), to: SEQ_KEY_LAST })),
    ]);
    if (!holder.ok) return holder;
    if (!rest.ok) return rest;
    return { ok: true, value: [...holder.value, ...rest.value.map(stored)] };
  }

  /** The segment that begins before `from` and ends at it or behind, if there is one. */
  async #holderOf(log: LogKey, from: Seq): Promise<ApiResult<readonly StoredSegment[]>> {
    if (from <= 1) return { ok: true, value: [] };
    const page = await this.#api.query(
      this.#query(log, { from: seqKey(0), to: seqKey(from - 1), backward: true, limit: 1 }),
    );
    if (!page.ok) return page;
    return { ok: true, value: page.value.items.map(stored).filter(({ segment }) => segment.lastSeq >= from) };
  }

  async #readForward(log: LogKey, range: ReadRange): Promise<ApiResult<readonly StoredSegment[]>> {
    const [holder, rest] = await Promise.all([
      this.#holderOf(log, range.from),
      this.#pages(this.#query(log, { from: seqKey(range.from), to: seqKey(range.to) }), range),
    ]);
    if (!holder.ok) return holder;
    return rest.ok ? { ok: true, value: [...holder.value, ...rest.value] } : rest;
  }

  async #readBackward(log: LogKey, range: ReadRange): Promise<ApiResult<readonly StoredSegment[]>> {
    const query = this.#query(log, { from: seqKey(0), to: seqKey(range.to), backward: true });
    const read = await this.#pages(query, range);
    return read.ok ? { ok: true, value: read.value.toReversed() } : read;
  }

  /** Pages until the range's limit of events is reached or it is left; how large a page must be is learnt from the first. */
  async #pages(query: Query, range: ReadRange): Promise<ApiResult<readonly StoredSegment[]>> {
    const found: StoredSegment[] = [];
    let events = 0;
    let start: Item | undefined;
    do {
      const limit = pageSize(found.length, events, range.eventsMax);
      const page = await this.#api.query({ ...query, limit, start });
      if (!page.ok) return page;
      for (const item of page.value.items) {
        const one = stored(item);
        found.push(one);
        events += Math.max(0, eventsWithin(one.segment, range));
        if (query.backward === true && one.segment.firstSeq <= range.from) return { ok: true, value: found };
      }
      start = page.value.next;
    } while (start !== undefined && events < range.eventsMax);
    return { ok: true, value: found };
  }

  #query(log: LogKey, rest: Pick<Query, "from" | "to" | "backward" | "limit">): Query {
    return { table: this.#table, pk: logPartition(log), ...rest };
  }
}

function stored(item: Item): StoredSegment {
  return { segment: segmentOf(item), item };
}

/** Adds `more` as far as it follows without a gap; false: there is a gap. */
function appendContiguous(found: StoredSegment[], more: readonly StoredSegment[]): boolean {
  for (const one of more) {
    const last = found.at(-1);
    if (last !== undefined && one.segment.firstSeq !== last.segment.lastSeq + 1) return false;
    found.push(one);
  }
  return true;
}

function isContiguous(segments: readonly Segment[]): boolean {
  return segments.every((one, index) => index === 0 || one.firstSeq === (segments[index - 1]?.lastSeq ?? 0) + 1);
}

function eventsWithin(segment: Segment, { from, to }: ReadRange): number {
  return Math.min(segment.lastSeq, to) - Math.max(segment.firstSeq, from) + 1;
}

function pageSize(segments: number, events: number, eventsMax: number): number {
  if (segments === 0) return Math.min(PAGE_SEGMENTS_MIN, Math.max(1, eventsMax));
  const perSegment = Math.max(1, events / segments);
  return Math.min(PAGE_SEGMENTS_MAX, Math.max(1, Math.ceil(((eventsMax - events) / perSegment) * 1.25)));
}
