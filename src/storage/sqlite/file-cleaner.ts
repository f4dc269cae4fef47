/**
 * Makes the database file anew, so that what was removed or overwritten is in none of its bytes: not in free pages, not in the
 * gaps of pages in use, not in the write-ahead log. The writer writes nothing else meanwhile; others go on reading.
 */
import type { Database } from "bun:sqlite";
import type { WriteOutcome } from "./write-operation.ts";

export class FileCleaner {
  readonly #bytesMax: number;
  readonly #db: Database;
  readonly #size;
  readonly #insertBatch;
  readonly #deleteBatches;

  constructor(db: Database, bytesMax: number) {
    this.#db = db;
    this.#bytesMax = bytesMax;
    this.#size = db.prepare<{ bytes: number }, []>(
      `SELECT (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size) AS bytes`,
    );
    this.#insertBatch = db.prepare<unknown, [number, Uint8Array]>("INSERT INTO batch (id, bytes) VALUES (?, ?)");
    this.#deleteBatches = db.prepare<unknown, [number]>("DELETE FROM batch WHERE id < ?");
  }

  /** Within a transaction in which all of them are settled. An empty one stays, so that ids only grow. */
  replaceBatches(id: number): void {
    this.#insertBatch.run(id, new Uint8Array());
    this.#deleteBatches.run(id);
  }

  /** `fenced`: too large. `unknown`: somebody reads or writes just now; to be tried again. */
  rebuild(): WriteOutcome {
    if ((this.#size.get()?.bytes ?? 0) > this.#bytesMax) return "fenced";
    this.#db.run("VACUUM");
    const { busy } = this.#db.prepare<{ busy: number }, []>("PRAGMA wal_checkpoint(TRUNCATE)").get() ?? { busy: 1 };
    return busy === 0 ? "written" : "unknown";
  }
}
