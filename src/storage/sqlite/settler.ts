/**
 * Moves small segments from the batches to their rooms' runs, a little within each commit, one room after the other in the
 * order of the tables; when all rooms have had their turn, the batches that were there at the start are deleted.
 * Invariant: a batch is deleted only in a transaction after those that settled all of it; `run` stays a prefix of each log.
 */
import type { Database } from "bun:sqlite";
import { STORAGE_RUN_BYTES_MAX } from "../../base/limits.ts";
import type { LogReader } from "./log-reader.ts";
import type { RecentSegments } from "./recent-segments.ts";
import { type RecordRef, RecordWriter } from "./segment-record.ts";

/** Segments settled by one commit, beside twice what it brought itself. */
const STEP_SEGMENTS_MIN = 64;
/** Batches deleted by one commit: each has pages to free. */
const STEP_BATCHES = 32;

type Sweep =
  | { readonly phase: "settle"; readonly logs: Uint32Array; readonly upTo: number; next: number }
  | { readonly phase: "delete"; readonly upTo: number };

export class Settler {
  readonly #recent: RecentSegments;
  readonly #logs: LogReader;
  readonly #unsettledBytesMax: number;
  readonly #insertRun;
  readonly #setHead;
  readonly #deleteBatches;
  readonly #packed = new RecordWriter();
  #sweep: Sweep | undefined;
  #settledNow: number[] = [];

  constructor(db: Database, recent: RecentSegments, logs: LogReader, unsettledBytesMax: number) {
    this.#recent = recent;
    this.#logs = logs;
    this.#unsettledBytesMax = unsettledBytesMax;
    this.#insertRun = db.prepare<unknown, [number, number, Uint8Array]>(
      "INSERT INTO run (place, bytes) VALUES ((?1 << 32) | ?2, ?3)",
    );
    this.#setHead = db.prepare<unknown, [number, number, number, number]>(
      `INSERT INTO head (log, last_seq, message_count, timestamp) VALUES (?, ?, ?, ?)
       ON CONFLICT (log) DO UPDATE SET last_seq = excluded.last_seq, message_count = excluded.message_count,
         timestamp = excluded.timestamp`,
    );
    this.#deleteBatches = db.prepare<unknown, [number, number]>(
      "DELETE FROM batch WHERE id IN (SELECT id FROM batch WHERE id <= ? ORDER BY id LIMIT ?)",
    );
  }

  /** A part of the sweep, within the writer's transaction. `newestBatch` is the last one committed before it. */
  step(newestBatch: number, segmentsBrought: number): void {
    if (this.#sweep === undefined) {
      if (this.#recent.bytes < this.#unsettledBytesMax) return;
      this.#sweep = {
        phase: "settle",
        logs: Uint32Array.from(this.#recent.logs()).sort(),
        upTo: newestBatch - 1,
        next: 0,
      };
    }
    const sweep = this.#sweep;
    if (sweep.phase === "delete") {
      if (this.#deleteBatches.run(sweep.upTo, STEP_BATCHES).changes === 0) this.#sweep = undefined;
      return;
    }
    let budget = STEP_SEGMENTS_MIN + 2 * segmentsBrought;
    while (budget > 0 && sweep.next < sweep.logs.length) {
      const log = sweep.logs[sweep.next];
      if (log !== undefined) budget -= this.settle(log);
      sweep.next += 1;
    }
    if (sweep.next === sweep.logs.length) this.#sweep = { phase: "delete", upTo: sweep.upTo };
  }

  /** Settles all recent segments of one log. Answers how many. */
  settle(log: number): number {
    const settledSeq = this.#logs.settledHead(log)?.lastSeq ?? 0;
    const records = this.#recent.of(log).filter((record) => record.firstSeq > settledSeq);
    this.#settledNow.push(log);
    let first: RecordRef | undefined;
    for (const record of records) {
      if (first !== undefined && this.#packed.length + record.end - record.offset > STORAGE_RUN_BYTES_MAX) {
        this.#insertRun.run(log, first.firstSeq, this.#packed.bytes);
        first = undefined;
      }
      if (first === undefined) {
        first = record;
        this.#packed.reset();
      }
      this.#packed.appendRecord(record);
    }
    const last = records.at(-1);
    if (first === undefined || last === undefined) return 0;
    this.#insertRun.run(log, first.firstSeq, this.#packed.bytes);
    this.#setHead.run(log, last.lastSeq, last.messageCount, last.timestamp);
    return records.length;
  }

  /** A run made of one packed segment, for those that are large. What the log has in batches must be settled before. */
  insert(
    log: number,
    firstSeq: number,
    lastSeq: number,
    messageCount: number,
    timestamp: number,
    packed: Uint8Array,
  ): void {
    this.#insertRun.run(log, firstSeq, packed);
    this.#setHead.run(log, lastSeq, messageCount, timestamp);
  }

  committed(): void {
    for (const log of this.#settledNow) this.#recent.forget(log);
    this.#settledNow = [];
  }

  /** The batches of the sweep are gone. */
  restart(): void {
    this.#sweep = undefined;
  }

  /** Nothing of this transaction holds; a sweep begins anew when it is due. */
  rolledBack(): void {
    this.#settledNow = [];
    this.#sweep = undefined;
  }
}
