/**
 * The one writer of a database file, synchronous: commits a group of operations in one transaction.
 * Invariant: an outcome `written` is given only after COMMIT returned; after an error that leaves the disk's state in doubt
 * nothing is committed any more (`onFatal`: the process has to end, and the next one reads what is really there).
 */
import { type Database, SQLiteError } from "bun:sqlite";
import {
  STORAGE_DIRECT_BYTES_MIN,
  STORAGE_HEADS_CACHED_MAX,
  STORAGE_UNSETTLED_BYTES_MAX,
  STORAGE_VACUUM_BYTES_MAX,
  STORAGE_WAL_PAGES_MAX,
} from "../../base/limits.ts";
import type { AppendOutcome } from "../journal.ts";
import { FileCleaner } from "./file-cleaner.ts";
import { LogKeeper } from "./log-keeper.ts";
import { LogNumbers, LogNumberWriter } from "./log-numbers.ts";
import { LogReader } from "./log-reader.ts";
import { RecentReader } from "./recent-reader.ts";
import type { RecentSegments } from "./recent-segments.ts";
import { RowWriter } from "./row-writer.ts";
import { RecordWriter } from "./segment-record.ts";
import { Settler } from "./settler.ts";
import type { AppendOperation, WriteOperation, WriteOutcome } from "./write-operation.ts";

const PAGE_BYTES = 4_096;
/** Pages that a row change dirties, roughly: its leaf and an index's. */
const PAGES_PER_ROW = 2;
/** The same for a part of a log's front, or some of its segments. */
const PAGES_PER_UPKEEP = 64;

export interface SqliteWriterOptions {
  /** An error after which the disk's state is in doubt: the process must end. Called at most once, where the writer is. */
  readonly onFatal: (error: Error) => void;
  /** Bytes in batches from which on they are settled. Default: `STORAGE_UNSETTLED_BYTES_MAX`. */
  readonly unsettledBytesMax?: number;
  /** Bytes of a file that is made anew while the writer waits. Default: `STORAGE_VACUUM_BYTES_MAX`. */
  readonly vacuumBytesMax?: number;
}

/** A log that was written to. */
interface OpenLog {
  /** Its last sequence, with what this transaction adds. */
  head: number;
  /** It has a segment in this batch. */
  pendingIn: number;
}

export class SqliteWriter {
  readonly numbers: LogNumbers;
  readonly logs: LogReader;
  readonly db: Database;
  readonly #onFatal: (error: Error) => void;
  readonly #naming: LogNumberWriter;
  readonly #rows: RowWriter;
  readonly #recentReader: RecentReader;
  readonly #settler: Settler;
  readonly #keeper: LogKeeper;
  readonly #cleaner: FileCleaner;
  readonly #begin;
  readonly #commit;
  readonly #rollback;
  readonly #dataVersion;
  readonly #insertBatch;
  readonly #checkpoint;
  /** By number; emptied by a rollback. One look for each append. */
  readonly #open = new Map<number, OpenLog>();
  /** Small segments of this group, to become one batch row, and of how many logs. */
  readonly #pending = new RecordWriter();
  #pendingLogs = 0;
  readonly #direct = new RecordWriter();
  #newestBatch: number;
  #seenDataVersion: number;
  #walPages = 0;
  #dead = false;

  constructor(db: Database, options: SqliteWriterOptions) {
    this.db = db;
    this.#onFatal = options.onFatal;
    this.numbers = new LogNumbers(db);
    this.logs = new LogReader(db, this.numbers);
    this.#naming = new LogNumberWriter(db, this.numbers);
    this.#rows = new RowWriter(db, this.numbers, this.#naming);
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
    this.#rollback = db.prepare("ROLLBACK");
    this.#dataVersion = db.prepare<{ data_version: number }, []>("PRAGMA data_version");
    this.#insertBatch = db.prepare<unknown, [number, Uint8Array]>("INSERT INTO batch (id, bytes) VALUES (?, ?)");
    this.#checkpoint = db.prepare("PRAGMA wal_checkpoint(PASSIVE)");
    this.#recentReader = new RecentReader(db);
    const unsettledBytesMax = options.unsettledBytesMax ?? STORAGE_UNSETTLED_BYTES_MAX;
    this.#settler = new Settler(db, this.recent, this.logs, unsettledBytesMax);
    this.#keeper = new LogKeeper(db, this.numbers, (log) => this.#settler.settle(log));
    this.#cleaner = new FileCleaner(db, options.vacuumBytesMax ?? STORAGE_VACUUM_BYTES_MAX);
    this.#seenDataVersion = this.#readDataVersion();
    this.#newestBatch = this.#recentReader.refresh();
    this.#recentReader.release();
  }

  /** Runs a read on this connection; nothing of a group under way is visible, since groups are committed in one go. */
  read<Value>(read: (recent: RecentSegments) => Value): Value {
    this.#noticeOtherWriters();
    return read(this.recent);
  }

  /** What is in batches only, as committed. */
  get recent(): RecentSegments {
    return this.#recentReader.segments;
  }

  /** One outcome per operation, in their order. A fenced append leaves the others of the group alone. */
  commit(operations: readonly WriteOperation[]): readonly WriteOutcome[] {
    if (this.#dead) return operations.map(() => "unknown");
    const outcomes: WriteOutcome[] = [];
    try {
      this.#begin.run();
      this.#noticeOtherWriters();
      for (const operation of operations) outcomes.push(this.#write(operation));
      if (this.#pending.length > 0) this.#insertBatch.run(this.#nextBatch, this.#pending.bytes);
      this.#settler.step(this.#newestBatch, this.#pendingLogs);
      this.#commit.run();
    } catch (error) {
      const outcome = this.#rolledBack(error);
      return operations.map(() => outcome);
    }
    this.#committed();
    if (!operations.some(({ kind }) => kind === "clean")) return outcomes;
    const cleaned = this.#clean();
    return outcomes.map((outcome, index) => (operations[index]?.kind === "clean" ? cleaned : outcome));
  }

  /**
   * Copies the write-ahead log into the database file when it has grown: to be called after the answers have gone.
   * Errors show here: a checkpoint within COMMIT would swallow them.
   */
  get isCheckpointDue(): boolean {
    return this.#walPages >= STORAGE_WAL_PAGES_MAX && !this.#dead;
  }

  checkpointIfDue(): void {
    if (!this.isCheckpointDue) return;
    this.#walPages = 0;
    try {
      this.#checkpoint.run();
    } catch (error) {
      // A full disk leaves the log as it is; the next attempt begins anew.
      if (outcomeOf(error) === undefined) this.#die(error);
    }
  }

  close(): void {
    this.#dead = true;
    this.db.close();
  }

  #write(operation: WriteOperation): WriteOutcome {
    switch (operation.kind) {
      case "append":
        return this.#append(operation);
      case "snapshot":
        this.#rows.snapshot(operation.log, operation.snapshot);
        this.#walPages += pagesOf(operation.snapshot.bytes.length);
        return "written";
      case "marks":
        this.#rows.marks(operation.marks);
        this.#walPages += operation.marks.length;
        return "written";
      case "user":
        this.#rows.person(operation.tenant, operation.userId, operation.json);
        this.#walPages += 1;
        return "written";
      case "document":
        this.#walPages += pagesOf(operation.json?.length ?? 0);
        return this.#rows.document(operation) ? "written" : "fenced";
      case "trim":
      case "rewrite":
      case "forget":
        this.#walPages += PAGES_PER_UPKEEP;
        return this.#keeper.do(operation) ? "written" : "fenced";
      case "clean":
        return "written";
    }
  }

  #append(operation: AppendOperation): AppendOutcome {
    const { segment } = operation;
    const log = this.#naming.log(operation.log);
    const open = this.#openLog(log);
    const isPending = open.pendingIn === this.#nextBatch;
    if (segment.firstSeq <= open.head) return this.#judgeTaken(log, isPending, operation);
    if (segment.entries.length < STORAGE_DIRECT_BYTES_MIN || isPending) {
      this.#pending.append(log, segment);
      if (!isPending) this.#pendingLogs += 1;
      open.pendingIn = this.#nextBatch;
    } else {
      this.#settler.settle(log);
      this.#direct.reset();
      this.#direct.append(log, segment);
      const { firstSeq, lastSeq, messageCount, timestamp } = segment;
      this.#settler.insert(log, firstSeq, lastSeq, messageCount, timestamp, this.#direct.bytes);
      this.#walPages += pagesOf(segment.entries.length);
    }
    open.head = segment.lastSeq;
    for (const row of operation.rows) this.#rows.row(log, operation.log, row);
    this.#walPages += operation.rows.length * PAGES_PER_ROW;
    return "written";
  }

  #judgeTaken(log: number, isPending: boolean, operation: AppendOperation): AppendOutcome {
    const { firstSeq, batchId } = operation.segment;
    const standing = isPending
      ? (this.#pending.find(log, firstSeq) ?? this.logs.segmentAt(log, firstSeq, this.recent))
      : this.logs.segmentAt(log, firstSeq, this.recent);
    return standing?.batchId === batchId ? "written" : "fenced";
  }

  #openLog(log: number): OpenLog {
    const known = this.#open.get(log);
    if (known !== undefined) return known;
    const recent = this.recent.newest(log)?.lastSeq ?? 0;
    const open = { head: Math.max(recent, this.logs.settledHead(log)?.lastSeq ?? 0), pendingIn: 0 };
    this.#open.set(log, open);
    return open;
  }

  /** The one that this group becomes. */
  get #nextBatch(): number {
    return this.#newestBatch + 1;
  }

  #committed(): void {
    // First what was settled, then what came: a log's records must stay in order.
    this.#settler.committed();
    if (this.#pending.length > 0) {
      this.#newestBatch += 1;
      this.recent.addBatch(new Uint8Array(this.#pending.bytes));
      // Once into the batch, once when it is settled.
      this.#walPages += 2 * pagesOf(this.#pending.length);
    }
    this.#clearPending();
    if (this.#open.size >= STORAGE_HEADS_CACHED_MAX) this.#open.clear();
  }

  /** Batches first: what was settled from them is in them still. */
  #clean(): WriteOutcome {
    try {
      this.#begin.run();
      this.#noticeOtherWriters();
      for (const log of [...this.recent.logs()]) this.#settler.settle(log);
      this.#cleaner.replaceBatches(this.#newestBatch + 1);
      this.#commit.run();
    } catch (error) {
      return this.#rolledBack(error);
    }
    this.#settler.committed();
    this.#settler.restart();
    this.#newestBatch += 1;
    this.#walPages = 0;
    try {
      return this.#cleaner.rebuild();
    } catch (error) {
      const outcome = outcomeOf(error);
      if (outcome === undefined) this.#die(error);
      return "unknown";
    }
  }

  /** What happened to the whole group; ends the process's writing when nobody can know. */
  #rolledBack(error: unknown): WriteOutcome {
    const outcome = outcomeOf(error);
    try {
      if (this.db.inTransaction) this.#rollback.run();
    } catch (rollbackError) {
      this.#die(rollbackError);
      return "unknown";
    }
    this.#settler.rolledBack();
    this.#clearPending();
    this.#open.clear();
    this.numbers.clear();
    if (outcome === undefined) this.#die(error);
    return outcome ?? "unknown";
  }

  #clearPending(): void {
    this.#pending.reset();
    this.#pendingLogs = 0;
  }

  /** Another process wrote to the file: what is remembered of it is worth nothing. The log itself keeps both of us right. */
  #noticeOtherWriters(): void {
    const version = this.#readDataVersion();
    if (version === this.#seenDataVersion) return;
    this.#seenDataVersion = version;
    this.#open.clear();
    this.#settler.rolledBack();
    this.#newestBatch = this.#recentReader.reload();
    this.#recentReader.release();
  }

  #readDataVersion(): number {
    return this.#dataVersion.get()?.data_version ?? 0;
  }

  #die(error: unknown): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#onFatal(error instanceof Error ? error : new Error(String(error)));
  }
}

/**
 * `full` and `unknown` (the lock was not to be had: certainly not written, and to be tried again) are expected; everything
 * else, above all an error of fsync, is not: after it the disk may or may not hold what was written.
 */
function outcomeOf(error: unknown): "full" | "unknown" | undefined {
  if (!(error instanceof SQLiteError)) return undefined;
  if (error.code === "SQLITE_FULL") return "full";
  return error.code?.startsWith("SQLITE_BUSY") === true ? "unknown" : undefined;
}

function pagesOf(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES) + 1;
}
