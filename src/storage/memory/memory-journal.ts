/**
 * The log in memory, for the simulation and for tests. Deterministic: what `schedule` gets is one step, applied and
 * answered when it runs, so that its owner can delay, reorder or lose steps.
 */
import { type ItemKey, itemKey, itemNames, type Seq, type UserId } from "../../base/ids.ts";
import type { ItemValue, MemberRow, MessageOverlay } from "../../domain/room/state.ts";
import type {
  AppendOutcome,
  Done,
  ItemQuery,
  ItemScan,
  ItemsOf,
  Journal,
  ListedItem,
  LogKey,
  LogTail,
  MemberQuery,
  ReadRange,
  ReadResult,
  Rewrite,
  RowChange,
  ScannedItems,
  Segment,
  Snapshot,
} from "../journal.ts";
import { pageOf } from "../item-page.ts";
import { cutRange } from "../range-cut.ts";
import type { MemoryLog, MemoryStore } from "./memory-store.ts";

export type Schedule = (run: () => void) => void;

export class MemoryJournal implements Journal {
  readonly #store: MemoryStore;
  readonly #schedule: Schedule;

  constructor(store: MemoryStore, schedule: Schedule = queueMicrotask) {
    this.#store = store;
    this.#schedule = schedule;
  }

  append(log: LogKey, segment: Segment, rows: readonly RowChange[], done: (outcome: AppendOutcome) => void): void {
    this.#schedule(() => done(this.#write(log, segment, rows)));
  }

  flush(): void {
    // Every append is a step of its own: there is no group to commit.
  }

  readTail(log: LogKey, done: Done<LogTail>): void {
    this.#answer(done, () => {
      const stored = this.#store.log(log);
      const after = stored?.snapshot?.seq ?? 0;
      return { snapshot: stored?.snapshot, segments: stored?.segments.filter((s) => s.lastSeq > after) ?? [] };
    });
  }

  readSegment(log: LogKey, firstSeq: Seq, done: Done<Segment | undefined>): void {
    this.#answer(done, () => {
      const stored = this.#store.log(log);
      if (stored === undefined) return undefined;
      const place = placeOf(stored, firstSeq);
      return place.taken ? stored.segments[place.index] : undefined;
    });
  }

  readRange(log: LogKey, range: ReadRange, done: Done<readonly Segment[]>): void {
    this.#answer(done, () => {
      const segments = this.#store.log(log)?.segments ?? [];
      return cutRange(range.backward === true ? segments.toReversed() : segments, range);
    });
  }

  saveSnapshot(log: LogKey, snapshot: Snapshot, done: (saved: ReadResult<true>) => void): void {
    this.#schedule(() => {
      const stored = this.#store.logToWrite(log);
      if (stored.snapshot === undefined || stored.snapshot.seq < snapshot.seq) {
        stored.snapshot = { seq: snapshot.seq, bytes: snapshot.bytes.slice() };
      }
      done({ ok: true, value: true });
    });
  }

  readMembers(log: LogKey, users: readonly UserId[], done: Done<readonly (MemberRow | null)[]>): void {
    this.#answer(done, () => users.map((user) => this.#store.log(log)?.members.get(user) ?? null));
  }

  readOverlays(log: LogKey, seqs: readonly Seq[], done: Done<readonly (MessageOverlay | null)[]>): void {
    this.#answer(done, () => seqs.map((seq) => this.#store.log(log)?.overlays.get(seq) ?? null));
  }

  listMembers(log: LogKey, query: MemberQuery, done: Done<readonly MemberRow[]>): void {
    this.#answer(done, () => {
      const rows = [...(this.#store.log(log)?.members.values() ?? [])];
      return pageOf(
        rows.map((row) => ({ id: row.userId, row })),
        query,
      ).map(({ row }) => row);
    });
  }

  readItems(log: LogKey, keys: readonly ItemKey[], done: Done<readonly (ItemValue | null)[]>): void {
    this.#answer(done, () => keys.map((key) => this.#store.log(log)?.items.get(key) ?? null));
  }

  scanItems(log: LogKey, { after, limit }: ItemScan, done: Done<ScannedItems>): void {
    this.#answer(done, () => {
      const rows = [...(this.#store.log(log)?.items ?? [])].filter(([key]) => after === undefined || key > after);
      const items = rows.sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, limit);
      return { items, next: items.length < limit ? undefined : items.at(-1)?.[0] };
    });
  }

  listItems(log: LogKey, query: ItemQuery, done: Done<readonly ListedItem[]>): void {
    this.#answer(done, () => {
      const found: ListedItem[] = [];
      for (const [key, value] of this.#store.log(log)?.items ?? []) {
        const { collection, id } = itemNames(key);
        if (collection === query.collection) found.push({ id, value });
      }
      return pageOf(found, query);
    });
  }

  trim(log: LogKey, throughSeq: Seq, items: readonly ItemsOf[], done: (trimmed: ReadResult<true>) => void): void {
    this.#schedule(() => {
      const stored = this.#store.log(log);
      if (stored !== undefined) trimLog(stored, throughSeq, items);
      done({ ok: true, value: true });
    });
  }

  rewrite(log: LogKey, changes: readonly Rewrite[], _: unknown, done: Done<boolean>): void {
    this.#answer(done, () => {
      const { segments = [] } = this.#store.log(log) ?? {};
      const written = changes.map(({ segment, before }) => {
        const at = segments.findIndex((one) => one.firstSeq === segment.firstSeq && one.batchId === segment.batchId);
        const standing = segments[at];
        if (standing === undefined || Buffer.compare(standing.entries, before) !== 0) return false;
        segments.splice(at, 1, { ...standing, entries: segment.entries.slice() });
        return true;
      });
      return written.every(Boolean);
    });
  }

  clean(_: LogKey | undefined, _absent: unknown, done: Done<"clean" | "too_large">): void {
    this.#answer(done, () => "clean" as const);
  }

  #write(log: LogKey, segment: Segment, rows: readonly RowChange[]): AppendOutcome {
    const stored = this.#store.logToWrite(log);
    const place = placeOf(stored, segment.firstSeq);
    const standing = stored.segments[place.index];
    if (place.taken && standing !== undefined) return standing.batchId === segment.batchId ? "written" : "fenced";
    // Copied only now: whoever changes the bytes before the answer shall see what comes of it.
    stored.segments.splice(place.index, 0, { ...segment, entries: segment.entries.slice() });
    for (const row of rows) applyRow(stored, row);
    return "written";
  }

  #answer<Value>(done: Done<Value>, read: () => Value): void {
    this.#schedule(() => done({ ok: true, value: read() }));
  }
}

function trimLog(log: MemoryLog, throughSeq: Seq, items: readonly ItemsOf[]): void {
  const newest = log.segments.at(-1);
  if (newest === undefined || newest.firstSeq <= throughSeq || (log.snapshot?.seq ?? 0) < throughSeq) return;
  let removedThrough = 0;
  for (let first = log.segments[0]; first !== undefined && first.lastSeq <= throughSeq; first = log.segments[0]) {
    removedThrough = first.lastSeq;
    log.segments.shift();
  }
  for (const seq of [...log.overlays.keys()]) if (seq <= removedThrough) log.overlays.delete(seq);
  for (const { collection, ids } of items) {
    for (const key of [...log.items.keys()]) {
      const names = itemNames(key);
      if (names.collection === collection && (ids === undefined || ids.includes(names.id))) log.items.delete(key);
    }
  }
}

function applyRow(log: MemoryLog, row: RowChange): void {
  switch (row.kind) {
    case "member":
      if (row.row === null) log.members.delete(row.userId);
      else log.members.set(row.userId, row.row);
      return;
    case "message":
      log.overlays.set(row.seq, row.overlay);
      return;
    case "item": {
      const key = itemKey(row.collection, row.id);
      if (row.value === null) log.items.delete(key);
      else log.items.set(key, row.value);
      return;
    }
    case "room":
      log.card = row.card;
  }
}

/** Index of the segment that stands at `firstSeq`, or of the first one behind it. */
function placeOf(log: MemoryLog, firstSeq: Seq): { readonly index: number; readonly taken: boolean } {
  let low = 0;
  let high = log.segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = log.segments[middle];
    if (at !== undefined && at.firstSeq < firstSeq) low = middle + 1;
    else high = middle;
  }
  return { index: low, taken: log.segments[low]?.firstSeq === firstSeq };
}
