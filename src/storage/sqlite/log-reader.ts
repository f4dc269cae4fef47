/**
 * Reads of one log, synchronous: its settled runs, then what is in batches only. Used by the reading side of the adapters and
 * by the writer, which must know what stands in a place.
 */
import type { Database } from "bun:sqlite";
import { type ItemKey, itemKey, itemNames, type Seq, type UserId } from "../../base/ids.ts";
import type { ItemValue, MemberRow, MessageOverlay } from "../../domain/room/state.ts";
import { idRangeOf } from "../item-page.ts";
import type {
  ItemQuery,
  ItemScan,
  ListedItem,
  LogKey,
  LogTail,
  MemberQuery,
  ReadRange,
  ScannedItems,
  Segment,
  Snapshot,
} from "../journal.ts";
import { cutRange } from "../range-cut.ts";
import type { LogNumbers } from "./log-numbers.ts";
import type { RecentSegments } from "./recent-segments.ts";
import { recordsOf, segmentOf } from "./segment-record.ts";

/** The lower half of a run's place. What is above would be another log's. */
const PLACE_SEQ_MAX = 0xffff_ffff;
/** Runs fetched at once: of the usual size they hold a page of history. */
const RUNS_PER_READ = 8;

export interface LogHead {
  readonly lastSeq: Seq;
  readonly messageCount: number;
  readonly timestamp: number;
}

interface ItemRow {
  readonly id: string;
  readonly row: string;
}

const ITEMS =
  "SELECT id, row FROM item WHERE log = ? AND collection = ? AND id BETWEEN ? AND ? AND id <> ? ORDER BY id";

export class LogReader {
  readonly #numbers: LogNumbers;
  readonly #head;
  readonly #runAtOrBefore;
  readonly #runsUp;
  readonly #runsDown;
  readonly #snapshot;
  readonly #member;
  readonly #members;
  readonly #overlay;
  readonly #item;
  readonly #itemsUp;
  readonly #itemsDown;
  readonly #itemScan;

  constructor(db: Database, numbers: LogNumbers) {
    this.#numbers = numbers;
    this.#head = db.prepare<LogHead, [number]>(
      "SELECT last_seq AS lastSeq, message_count AS messageCount, timestamp FROM head WHERE log = ?",
    );
    this.#runAtOrBefore = db.prepare<{ firstSeq: Seq }, [number, Seq]>(
      `SELECT place & 4294967295 AS firstSeq FROM run
       WHERE place BETWEEN (?1 << 32) AND ((?1 << 32) | ?2) ORDER BY place DESC LIMIT 1`,
    );
    this.#runsUp = db.prepare<{ firstSeq: Seq; bytes: Uint8Array }, [number, Seq]>(
      `SELECT place & 4294967295 AS firstSeq, bytes FROM run
       WHERE place BETWEEN ((?1 << 32) | ?2) AND ((?1 << 32) | 4294967295) ORDER BY place LIMIT ${RUNS_PER_READ}`,
    );
    this.#runsDown = db.prepare<{ firstSeq: Seq; bytes: Uint8Array }, [number, Seq]>(
      `SELECT place & 4294967295 AS firstSeq, bytes FROM run
       WHERE place BETWEEN (?1 << 32) AND ((?1 << 32) | ?2) ORDER BY place DESC LIMIT ${RUNS_PER_READ}`,
    );
    this.#snapshot = db.prepare<Snapshot, [number]>("SELECT seq, bytes FROM snapshot WHERE log = ?");
    this.#member = db.prepare<{ row: string }, [number, UserId]>(
      "SELECT row FROM member WHERE log = ? AND user_id = ?",
    );
    this.#members = db.prepare<{ row: string }, [number, string, string, string, number]>(
      "SELECT row FROM member WHERE log = ? AND user_id BETWEEN ? AND ? AND user_id <> ? ORDER BY user_id LIMIT ?",
    );
    this.#overlay = db.prepare<{ row: string }, [number, Seq]>("SELECT row FROM overlay WHERE log = ? AND seq = ?");
    this.#item = db.prepare<{ row: string }, [number, string, string]>(
      "SELECT row FROM item WHERE log = ? AND collection = ? AND id = ?",
    );
    this.#itemsUp = db.prepare<ItemRow, [number, string, string, string, string, number]>(`${ITEMS} LIMIT ?`);
    this.#itemsDown = db.prepare<ItemRow, [number, string, string, string, string, number]>(`${ITEMS} DESC LIMIT ?`);
    this.#itemScan = db.prepare<ItemRow & { readonly collection: string }, [number, string, string, number]>(
      "SELECT collection, id, row FROM item WHERE log = ? AND (collection, id) > (?, ?) ORDER BY collection, id LIMIT ?",
    );
  }

  /** The head of the settled part; `undefined`: nothing is settled. */
  settledHead(log: number): LogHead | undefined {
    return this.#head.get(log) ?? undefined;
  }

  tail(key: LogKey, recent: RecentSegments): LogTail {
    const log = this.#numbers.log(key);
    if (log === undefined) return { snapshot: undefined, segments: [] };
    const snapshot = this.#snapshot.get(log) ?? undefined;
    const after = snapshot === undefined ? 0 : snapshot.seq;
    return { snapshot, segments: [...this.#ascending(log, after + 1, recent)] };
  }

  segment(key: LogKey, firstSeq: Seq, recent: RecentSegments): Segment | undefined {
    const log = this.#numbers.log(key);
    return log === undefined ? undefined : this.segmentAt(log, firstSeq, recent);
  }

  segmentAt(log: number, firstSeq: Seq, recent: RecentSegments): Segment | undefined {
    const unsettled = recent.at(log, firstSeq);
    if (unsettled !== undefined) return segmentOf(unsettled);
    const row = this.#runsDown.all(log, Math.min(firstSeq, PLACE_SEQ_MAX))[0];
    const settled = row && recordsOf(row.bytes).find((record) => record.firstSeq === firstSeq);
    return settled && segmentOf(settled);
  }

  range(key: LogKey, range: ReadRange, recent: RecentSegments): readonly Segment[] {
    const log = this.#numbers.log(key);
    if (log === undefined) return [];
    const segments =
      range.backward === true ? this.#descending(log, range.to, recent) : this.#ascending(log, range.from, recent);
    return cutRange(segments, range);
  }

  members(key: LogKey, users: readonly UserId[]): readonly (MemberRow | null)[] {
    const log = this.#numbers.log(key);
    return users.map((user) => (log === undefined ? null : this.memberOf(log, user)));
  }

  memberOf(log: number, user: UserId): MemberRow | null {
    const row = this.#member.get(log, user);
    return row === null ? null : (JSON.parse(row.row) as MemberRow);
  }

  memberPage(key: LogKey, query: MemberQuery): readonly MemberRow[] {
    const log = this.#numbers.log(key);
    const range = idRangeOf(query);
    if (log === undefined || range === undefined) return [];
    return this.#members
      .all(log, range.from, range.to, range.except, query.limit)
      .map(({ row }) => JSON.parse(row) as MemberRow);
  }

  overlays(key: LogKey, seqs: readonly Seq[]): readonly (MessageOverlay | null)[] {
    const log = this.#numbers.log(key);
    return seqs.map((seq) => {
      const row = log === undefined ? null : this.#overlay.get(log, seq);
      return row === null ? null : (JSON.parse(row.row) as MessageOverlay);
    });
  }

  items(key: LogKey, keys: readonly ItemKey[]): readonly (ItemValue | null)[] {
    const log = this.#numbers.log(key);
    return keys.map((item) => {
      const { collection, id } = itemNames(item);
      const row = log === undefined ? null : this.#item.get(log, collection, id);
      return row === null ? null : (JSON.parse(row.row) as ItemValue);
    });
  }

  itemScan(key: LogKey, { after, limit }: ItemScan): ScannedItems {
    const log = this.#numbers.log(key);
    if (log === undefined) return { items: [], next: undefined };
    const { collection, id } = after === undefined ? { collection: "", id: "" } : itemNames(after);
    const rows = this.#itemScan.all(log, collection, id, limit);
    const items = rows.map((row) => [itemKey(row.collection, row.id), JSON.parse(row.row) as ItemValue] as const);
    return { items, next: rows.length < limit ? undefined : items.at(-1)?.[0] };
  }

  itemPage(key: LogKey, query: ItemQuery): readonly ListedItem[] {
    const log = this.#numbers.log(key);
    const range = idRangeOf(query);
    if (log === undefined || range === undefined) return [];
    const page = query.backward === true ? this.#itemsDown : this.#itemsUp;
    const rows = page.all(log, query.collection, range.from, range.to, range.except, query.limit);
    return rows.map(({ id, row }) => ({ id, value: JSON.parse(row) as ItemValue }));
  }

  /** Segments with an event at or after `from`. */
  *#ascending(log: number, from: Seq, recent: RecentSegments): Generator<Segment> {
    let settled = 0;
    let next = this.#runAtOrBefore.get(log, Math.min(from, PLACE_SEQ_MAX))?.firstSeq ?? from;
    for (;;) {
      const rows = this.#runsUp.all(log, next);
      for (const row of rows) {
        for (const record of recordsOf(row.bytes)) {
          settled = record.lastSeq;
          if (record.lastSeq >= from) yield segmentOf(record);
        }
        next = row.firstSeq + 1;
      }
      if (rows.length < RUNS_PER_READ) break;
    }
    for (const record of recent.of(log)) {
      if (record.firstSeq > settled && record.lastSeq >= from) yield segmentOf(record);
    }
  }

  /** Segments with an event at or before `to`, newest first. */
  *#descending(log: number, to: Seq, recent: RecentSegments): Generator<Segment> {
    const settled = this.settledHead(log)?.lastSeq ?? 0;
    for (const record of recent.of(log).toReversed()) {
      if (record.firstSeq > settled && record.firstSeq <= to) yield segmentOf(record);
    }
    let next = Math.min(to, PLACE_SEQ_MAX);
    for (;;) {
      const rows = this.#runsDown.all(log, next);
      for (const row of rows) {
        for (const record of recordsOf(row.bytes).reverse()) {
          if (record.firstSeq <= to) yield segmentOf(record);
        }
        next = row.firstSeq - 1;
      }
      if (rows.length < RUNS_PER_READ) return;
    }
  }
}
