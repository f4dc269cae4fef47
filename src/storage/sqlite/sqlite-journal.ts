/** The log port on SQLite: writes go through a queue to the one writer, reads to this thread's connection. */
import type { ItemKey, Seq, UserId } from "../../base/ids.ts";
import type { ItemValue, MemberRow, MessageOverlay } from "../../domain/room/state.ts";
import type {
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
  PatienceMs,
  ReadRange,
  ReadResult,
  Rewrite,
  RowChange,
  ScannedItems,
  Segment,
  Snapshot,
} from "../journal.ts";
import type { AnsweringReads } from "./answering-reads.ts";
import type { LogReader } from "./log-reader.ts";
import { rowWrites, savedResult } from "./write-operation.ts";
import type { WriteQueue } from "./write-queue.ts";

export class SqliteJournal implements Journal {
  readonly #queue: WriteQueue;
  readonly #reads: AnsweringReads;
  readonly #logs: LogReader;

  constructor(queue: WriteQueue, reads: AnsweringReads, logs: LogReader) {
    this.#queue = queue;
    this.#reads = reads;
    this.#logs = logs;
  }

  append(
    log: LogKey,
    segment: Segment,
    rows: readonly RowChange[],
    done: (outcome: AppendOutcome) => void,
    patienceMs?: PatienceMs,
  ): void {
    this.#queue.add({ kind: "append", log, segment, rows: rowWrites(rows) }, done, patienceMs);
  }

  flush(): void {
    this.#queue.flush();
  }

  hurry(): void {
    this.#queue.hurry();
  }

  readTail(log: LogKey, done: Done<LogTail>): void {
    this.#reads.answer(done, (recent) => this.#logs.tail(log, recent));
  }

  readSegment(log: LogKey, firstSeq: Seq, done: Done<Segment | undefined>): void {
    this.#reads.answer(done, (recent) => this.#logs.segment(log, firstSeq, recent));
  }

  readRange(log: LogKey, range: ReadRange, done: Done<readonly Segment[]>): void {
    this.#reads.answer(done, (recent) => this.#logs.range(log, range, recent));
  }

  saveSnapshot(log: LogKey, snapshot: Snapshot, done: (saved: ReadResult<true>) => void): void {
    this.#queue.add({ kind: "snapshot", log, snapshot }, (outcome) => done(savedResult(outcome)));
  }

  readMembers(log: LogKey, users: readonly UserId[], done: Done<readonly (MemberRow | null)[]>): void {
    this.#reads.answer(done, () => this.#logs.members(log, users));
  }

  readOverlays(log: LogKey, seqs: readonly Seq[], done: Done<readonly (MessageOverlay | null)[]>): void {
    this.#reads.answer(done, () => this.#logs.overlays(log, seqs));
  }

  listMembers(log: LogKey, query: MemberQuery, done: Done<readonly MemberRow[]>): void {
    this.#reads.answer(done, () => this.#logs.memberPage(log, query));
  }

  readItems(log: LogKey, keys: readonly ItemKey[], done: Done<readonly (ItemValue | null)[]>): void {
    this.#reads.answer(done, () => this.#logs.items(log, keys));
  }

  listItems(log: LogKey, query: ItemQuery, done: Done<readonly ListedItem[]>): void {
    this.#reads.answer(done, () => this.#logs.itemPage(log, query));
  }

  scanItems(log: LogKey, page: ItemScan, done: Done<ScannedItems>): void {
    this.#reads.answer(done, () => this.#logs.itemScan(log, page));
  }

  trim(log: LogKey, throughSeq: Seq, items: readonly ItemsOf[], done: (trimmed: ReadResult<true>) => void): void {
    this.#queue.add({ kind: "trim", log, throughSeq, items }, (outcome) => done(savedResult(outcome)));
  }

  /** No copies of rows stand with segments here. */
  rewrite(log: LogKey, changes: readonly Rewrite[], _: Cleanse, done: Done<boolean>): void {
    this.#queue.add({ kind: "rewrite", log, changes }, (outcome) => {
      done(outcome === "fenced" ? { ok: true, value: false } : savedResult(outcome));
    });
  }

  clean(log: LogKey | undefined, _: unknown, done: Done<"clean" | "too_large">): void {
    // Of one log alone there is nothing to do: its bytes are in the same file as all others.
    if (log !== undefined) return this.#reads.answer(done, () => "clean" as const);
    this.#queue.add({ kind: "clean" }, (outcome) => {
      if (outcome === "written") done({ ok: true, value: "clean" });
      else done(outcome === "fenced" ? { ok: true, value: "too_large" } : { ok: false, error: "unavailable" });
    });
  }
}
