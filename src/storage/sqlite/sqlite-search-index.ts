/** The search index in its own SQLite file. One writes it at a time; what is written together is one transaction. */
import { type Database, SQLiteError } from "bun:sqlite";
import type { Seq } from "../../base/ids.ts";
import type { Done, LogKey, ReadResult } from "../journal.ts";
import type { Hit, IndexBatch, SearchIndex, SearchQuery } from "../search-index.ts";
import { SearchNames } from "./search-names.ts";
import { SearchReader } from "./search-reader.ts";
import { openSearchDatabase } from "./search-schema.ts";
import { SearchWriter } from "./search-writer.ts";

/** How often a checkpoint is tried again that a reader in another process is in the way of. */
const CHECKPOINTS_MAX = 20;
const CHECKPOINT_PAUSE_MS = 50;
const TROUBLE_INTERVAL_MS = 60_000;

export class SqliteSearchIndex implements SearchIndex {
  readonly id: string;
  readonly #db: Database;
  readonly #writer: SearchWriter;
  readonly #reader: SearchReader;
  readonly #onTrouble: (what: string) => void;
  #troubleMs = Number.NEGATIVE_INFINITY;

  /** `onTrouble`: hears why SQLite failed, once a minute at most; whoever asked is answered `unavailable`. */
  constructor(dir: string, onTrouble: (what: string) => void = () => undefined) {
    this.#onTrouble = onTrouble;
    this.#db = openSearchDatabase(dir);
    this.id = this.#db.prepare<{ id: string }, []>("SELECT id FROM about").get()?.id ?? "";
    const names = new SearchNames(this.#db);
    this.#writer = new SearchWriter(this.#db, names);
    this.#reader = new SearchReader(this.#db, names);
  }

  write(batches: readonly IndexBatch[], done: (written: ReadResult<true>) => void): void {
    this.#answer<true>(done, () => {
      this.#writer.write(batches);
      return true;
    });
  }

  forget(log: LogKey, seqs: readonly Seq[], done: (forgotten: ReadResult<true>) => void): void {
    try {
      this.#writer.forget(log, seqs);
    } catch (error) {
      return this.#failed(error, done);
    }
    this.#checkpoint(done, CHECKPOINTS_MAX);
  }

  /** Step by step, so that searches have their turn. */
  forgetFront(log: LogKey, upTo: Seq, done: (forgotten: ReadResult<true>) => void): void {
    try {
      if (!this.#writer.forgetFront(log, upTo)) {
        setImmediate(() => this.forgetFront(log, upTo, done));
        return;
      }
    } catch (error) {
      return this.#failed(error, done);
    }
    this.#checkpoint(done, CHECKPOINTS_MAX);
  }

  search(query: SearchQuery, done: Done<readonly Hit[]>): void {
    this.#answer(done, () => this.#reader.search(query));
  }

  close(): void {
    this.#db.close();
  }

  #checkpoint(done: (result: ReadResult<true>) => void, attempts: number): void {
    try {
      if (this.#writer.checkpoint()) return queueMicrotask(() => done({ ok: true, value: true }));
    } catch (error) {
      return this.#failed(error, done);
    }
    if (attempts <= 1) return queueMicrotask(() => done({ ok: false, error: "unavailable" }));
    setTimeout(() => this.#checkpoint(done, attempts - 1), CHECKPOINT_PAUSE_MS);
  }

  #answer<Value>(done: Done<Value>, run: () => Value): void {
    let result: ReadResult<Value>;
    try {
      result = { ok: true, value: run() };
    } catch (error) {
      return this.#failed(error, done);
    }
    queueMicrotask(() => done(result));
  }

  #failed<Value>(error: unknown, done: Done<Value>): void {
    if (!(error instanceof SQLiteError)) throw error;
    const nowMs = performance.now();
    if (nowMs - this.#troubleMs > TROUBLE_INTERVAL_MS) {
      this.#troubleMs = nowMs;
      this.#onTrouble(`${error.code}: ${error.message}`);
    }
    queueMicrotask(() => done({ ok: false, error: "unavailable" }));
  }
}
