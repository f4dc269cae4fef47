/**
 * The log port on DynamoDB.
 *
 * - A segment is one item, written by one conditional put: that is the whole lock. When the condition fails, the item that
 *   stands there tells whether it is mine. Without an answer the outcome is `unknown`, and the caller looks and repeats.
 * - Rows are not written in one step with their segment: they stand in it, and are carried to the rooms table afterwards
 *   (`row-flusher.ts`). Until then they are read from here. So reads through the journal that appended, or that has read
 *   the tail since, see the rows of all segments acknowledged before; and a row is never that of a segment that was fenced.
 * - An append that changes members or the card is answered when their rows are in the table, but no later than
 *   `DYNAMO_ROWS_WAIT_MS_MAX`: whoever is told that they joined finds the room in their list, on every node, as long as
 *   DynamoDB is healthy.
 * - After a crash the rows are there again as soon as the next owner has read the tail. Until then lists show the room as it
 *   was a second before the crash.
 */
import type { Clock } from "../../base/clock.ts";
import type { ItemKey, Seq, UserId } from "../../base/ids.ts";
import { DYNAMO_ITEM_BYTES_MAX, DYNAMO_ROWS_WAIT_MS_MAX } from "../../base/limits.ts";
import type { ItemValue, MemberRow, MessageOverlay } from "../../domain/room/state.ts";
import { idRangeOf, isWithin } from "../item-page.ts";
import type {
  AbsentItems,
  AppendOutcome,
  Cleanse,
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
import { answer } from "./answering.ts";
import type { ApiResult } from "./dynamo-api.ts";
import type { Incarnations } from "./incarnations.ts";
import type { ItemLists } from "./item-lists.ts";
import { logName } from "./keys.ts";
import { type LargeValues, partsIn } from "./large-values.ts";
import type { LogKeeper } from "./log-keeper.ts";
import type { LogStore, StoredSegment } from "./log-store.ts";
import type { OpenLogs } from "./open-logs.ts";
import type { PendingLog, PendingRows, Versioned } from "./pending-rows.ts";
import { type RowFlusher, rowsOf } from "./row-flusher.ts";
import type { RowStore } from "./row-store.ts";
import { packRows, ROWS, rowsId, SEGMENT_OVERHEAD_BYTES } from "./segment-item.ts";

export interface DynamoJournalParts {
  readonly clock: Clock;
  readonly logs: LogStore;
  readonly keeper: LogKeeper;
  readonly rows: RowStore;
  readonly itemLists: ItemLists;
  readonly values: LargeValues;
  readonly pending: PendingRows;
  readonly flusher: RowFlusher;
  readonly incarnations: Incarnations;
  readonly rowsPendingBytesMax: number;
  /** The list on which a log must stand before it is written to, for those who follow it; absent: nobody does. */
  readonly openLogs?: OpenLogs;
  /** Something happened that cannot: an item that is none of ours, an error of this code. */
  readonly failed: (error: unknown) => void;
}

interface Unsettled {
  readonly segment: Segment;
  readonly rows: readonly RowChange[];
  readonly bytes: number;
}

const NO_ROWS = new Uint8Array();
const NOTHING = { ok: true, value: {} } as const;

export class DynamoJournal implements Journal {
  readonly #parts: DynamoJournalParts;
  /** Per log the append that is under way: the next one waits for it. */
  readonly #appends = new Map<string, Promise<void>>();
  /** Per log the append whose outcome is unknown: whoever finds it in its place makes it written. */
  readonly #unsettled = new Map<string, Unsettled>();
  #closed = false;

  constructor(parts: DynamoJournalParts) {
    this.#parts = parts;
  }

  append(log: LogKey, segment: Segment, rows: readonly RowChange[], done: (outcome: AppendOutcome) => void): void {
    const name = logName(log);
    const before = this.#appends.get(name);
    const outcome =
      before === undefined ? this.#append(log, segment, rows) : before.then(() => this.#append(log, segment, rows));
    const settled = outcome
      .catch((error: unknown): AppendOutcome => {
        this.#parts.failed(error);
        return "unknown";
      })
      .then((known) => {
        if (this.#appends.get(name) === settled) this.#appends.delete(name);
        queueMicrotask(() => done(known));
      });
    this.#appends.set(name, settled);
  }

  flush(): void {
    // Each append is on its way already: DynamoDB has no group to commit.
  }

  readTail(log: LogKey, done: Done<LogTail>): void {
    answer(this.#readTail(log), done, this.#parts.failed);
  }

  readSegment(log: LogKey, firstSeq: Seq, done: Done<Segment | undefined>): void {
    const read = async (): Promise<ApiResult<Segment | undefined>> => {
      const found = await this.#parts.logs.segmentAt(log, firstSeq);
      if (!found.ok) return found;
      if (found.value !== undefined) this.#settle(log, found.value.segment);
      return { ok: true, value: found.value?.segment };
    };
    answer(read(), done, this.#parts.failed);
  }

  readRange(log: LogKey, range: ReadRange, done: Done<readonly Segment[]>): void {
    answer(this.#parts.logs.range(log, range), done, this.#parts.failed);
  }

  saveSnapshot(log: LogKey, snapshot: Snapshot, done: (saved: ReadResult<true>) => void): void {
    answer(this.#parts.logs.saveSnapshot(log, snapshot), done, this.#parts.failed);
  }

  readMembers(log: LogKey, users: readonly UserId[], done: Done<readonly (MemberRow | null)[]>): void {
    const pending = this.#parts.pending.log(log)?.members;
    const first = users.map((user) => pending?.get(user));
    const read = async (): Promise<ApiResult<readonly (MemberRow | null)[]>> => {
      const found = await this.#parts.rows.members(log, users);
      if (!found.ok) return found;
      return { ok: true, value: users.map((user, index) => newest(first[index], found.value.get(user)) ?? null) };
    };
    answer(read(), done, this.#parts.failed);
  }

  readOverlays(log: LogKey, seqs: readonly Seq[], done: Done<readonly (MessageOverlay | null)[]>): void {
    const pending = this.#parts.pending.log(log)?.overlays;
    const first = seqs.map((seq) => pending?.get(seq));
    const read = async (): Promise<ApiResult<readonly (MessageOverlay | null)[]>> => {
      const found = await this.#parts.rows.overlays(log, seqs);
      if (!found.ok) return found;
      return { ok: true, value: seqs.map((seq, index) => newest(first[index], found.value.get(seq)) ?? null) };
    };
    answer(read(), done, this.#parts.failed);
  }

  listMembers(log: LogKey, query: MemberQuery, done: Done<readonly MemberRow[]>): void {
    const pending = new Map(this.#parts.pending.log(log)?.members);
    answer(this.#listMembers(log, query, pending), done, this.#parts.failed);
  }

  readItems(log: LogKey, keys: readonly ItemKey[], done: Done<readonly (ItemValue | null)[]>): void {
    answer(this.#parts.itemLists.read(log, keys), done, this.#parts.failed);
  }

  scanItems(log: LogKey, page: ItemScan, done: Done<ScannedItems>): void {
    answer(this.#parts.itemLists.scan(log, page), done, this.#parts.failed);
  }

  listItems(log: LogKey, query: ItemQuery, done: Done<readonly ListedItem[]>): void {
    answer(this.#parts.itemLists.list(log, query), done, this.#parts.failed);
  }

  trim(log: LogKey, throughSeq: Seq, items: readonly ItemsOf[], done: (trimmed: ReadResult<true>) => void): void {
    answer(
      this.#flushed(log, () => this.#parts.keeper.trim(log, throughSeq, items)),
      done,
      this.#parts.failed,
    );
  }

  rewrite(log: LogKey, changes: readonly Rewrite[], cleanse: Cleanse, done: Done<boolean>): void {
    answer(this.#parts.keeper.rewrite(log, changes, cleanse), done, this.#parts.failed);
  }

  clean(log: LogKey | undefined, absent: readonly AbsentItems[], done: Done<"clean" | "too_large">): void {
    if (log === undefined) queueMicrotask(() => done({ ok: true, value: "clean" }));
    else
      answer(
        this.#flushed(log, () => this.#parts.keeper.clean(log, absent)),
        done,
        this.#parts.failed,
      );
  }

  /** What is under way is answered; then the last rows are written. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#appends.values());
    await this.#parts.flusher.close();
  }

  /** When the rows that wait here are in the table. */
  async #flushed<Value>(log: LogKey, act: () => Promise<ApiResult<Value>>): Promise<ApiResult<Value>> {
    const waiting = this.#parts.pending.log(log);
    if (waiting !== undefined && !(await this.#parts.flusher.now(waiting))) return { ok: false, error: "unavailable" };
    return act();
  }

  async #append(log: LogKey, segment: Segment, rows: readonly RowChange[]): Promise<AppendOutcome> {
    const { logs, values, pending, openLogs } = this.#parts;
    // Closed, or too many rows are waiting for a table that takes none: not written, and to be tried again.
    if (this.#closed) return "unknown";
    if (rows.length > 0 && pending.bytes > this.#parts.rowsPendingBytesMax) return "unknown";
    const room = DYNAMO_ITEM_BYTES_MAX - SEGMENT_OVERHEAD_BYTES - segment.entries.length;
    if (room < 0) return "full";
    if (openLogs?.isNoted(log) === false && !(await openLogs.note(log)).ok) return "unknown";
    const packed = rows.length === 0 ? NO_ROWS : packRows(rows);
    const stored = rows.length === 0 ? NOTHING : await values.store(log, rowsId(segment), ROWS, packed, room, "user");
    if (!stored.ok) return "unknown";
    const put = await logs.putSegment(log, segment, stored.value);
    const outcome = put.ok ? "written" : put.error === "condition" ? await this.#judge(log, segment) : "unknown";
    if (outcome === "unknown") this.#unsettled.set(logName(log), { segment, rows, bytes: packed.length });
    else this.#unsettled.delete(logName(log));
    if (outcome === "written") await this.#rowsWritten(this.#noteWritten(log, segment, rows, packed.length), rows);
    if (outcome === "fenced") await values.remove(log, partsIn(stored.value, ROWS));
    return outcome;
  }

  /** The place of an append whose outcome was unknown has been read. */
  #settle(log: LogKey, standing: Segment): void {
    const unsettled = this.#unsettled.get(logName(log));
    if (unsettled === undefined || unsettled.segment.firstSeq !== standing.firstSeq) return;
    this.#unsettled.delete(logName(log));
    const { segment, rows, bytes } = unsettled;
    if (segment.batchId === standing.batchId) this.#parts.flusher.soon(this.#noteWritten(log, segment, rows, bytes));
  }

  /** The place is taken: by me, at an earlier attempt, or by another. */
  async #judge(log: LogKey, { firstSeq, batchId }: Segment): Promise<AppendOutcome> {
    const standing = await this.#parts.logs.segmentAt(log, firstSeq);
    if (!standing.ok || standing.value === undefined) return "unknown";
    return standing.value.segment.batchId === batchId ? "written" : "fenced";
  }

  #noteWritten(log: LogKey, segment: Segment, rows: readonly RowChange[], bytes: number): PendingLog {
    const { pending, incarnations } = this.#parts;
    incarnations.note(log);
    const waiting = pending.logToAdd(log, segment.firstSeq - 1);
    waiting.add(segment, rows, bytes);
    return waiting;
  }

  /** Returns when the rows are in the table, as far as that is to be waited for. */
  async #rowsWritten(waiting: PendingLog, rows: readonly RowChange[]): Promise<void> {
    const { flusher, clock } = this.#parts;
    if (rows.every((row) => row.kind === "message" || row.kind === "item")) {
      flusher.soon(waiting);
      return;
    }
    const flushed = flusher.now(waiting);
    await new Promise<void>((resolve) => {
      const timer = clock.after(DYNAMO_ROWS_WAIT_MS_MAX, resolve);
      void flushed.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  async #readTail(log: LogKey): Promise<ApiResult<LogTail>> {
    const { logs, rows, incarnations } = this.#parts;
    // A new activation: what the former one did not learn stands in the tail or will never.
    this.#unsettled.delete(logName(log));
    const [snapshot, room] = await Promise.all([logs.snapshot(log), rows.room(log.tenant, log.room)]);
    if (!snapshot.ok) return snapshot;
    if (!room.ok) return room;
    const seq = snapshot.value?.seq ?? 0;
    // Up to here all rows are in the table. Of an incarnation that is over nobody has noted how far that is.
    const carried = room.value?.incarnation === log.incarnation ? room.value.head : 0;
    const found = await logs.segmentsFrom(log, Math.min(seq, carried) + 1);
    if (!found.ok) return found;
    if (found.value.length > 0 || snapshot.value !== undefined) incarnations.note(log);
    const caughtUp = await this.#catchUp(log, carried, found.value);
    if (!caughtUp.ok) return caughtUp;
    const segments = found.value.map((one) => one.segment).filter((one) => one.lastSeq > seq);
    return { ok: true, value: { snapshot: snapshot.value, segments } };
  }

  /** Rows whose owner died before they were written, or that another shard is about to write. */
  async #catchUp(log: LogKey, carried: Seq, segments: readonly StoredSegment[]): Promise<ApiResult<true>> {
    const { logs, pending, flusher } = this.#parts;
    const behind = segments.filter(({ segment }) => segment.lastSeq > carried);
    if (behind.length === 0) return { ok: true, value: true };
    const rows = await rowsOf(logs, log, behind);
    if (!rows.ok) return rows;
    const waiting = pending.logToAdd(log, carried);
    waiting.catchUp(carried, rows.value);
    flusher.soon(waiting);
    return { ok: true, value: true };
  }

  async #listMembers(
    log: LogKey,
    query: MemberQuery,
    pending: ReadonlyMap<UserId, Versioned<MemberRow | null>>,
  ): Promise<ApiResult<readonly MemberRow[]>> {
    const { limit } = query;
    const members: MemberRow[] = [];
    const range = idRangeOf(query);
    if (range === undefined) return { ok: true, value: members };
    const seen = new Set<UserId>();
    const note = (user: UserId, row: MemberRow | null | undefined): void => {
      seen.add(user);
      if (row != null && isWithin(range, user)) members.push(row);
    };
    let through: UserId | undefined;
    do {
      const page = await this.#parts.rows.memberPage(log, range, through, limit + pending.size + 1);
      if (!page.ok) return page;
      for (const [user, row] of page.value.rows) note(user, newest(pending.get(user), row));
      through = page.value.through;
    } while (through !== undefined && members.length < limit);
    // Beyond what was looked at, others may stand between.
    for (const [user, row] of pending) {
      if (!seen.has(user) && (through === undefined || user <= through)) note(user, row.value);
    }
    members.sort((a, b) => (a.userId < b.userId ? -1 : 1));
    return { ok: true, value: members.slice(0, limit) };
  }
}

function newest<Value>(a: Versioned<Value> | undefined, b: Versioned<Value> | undefined): Value | undefined {
  if (a === undefined || b === undefined) return (a ?? b)?.value;
  return a.version >= b.version ? a.value : b.value;
}
