/** A connection for reading in a thread that does not write: each read is one transaction on what is committed by then. */
import type { Database } from "bun:sqlite";
import { LogNumbers } from "./log-numbers.ts";
import { LogReader } from "./log-reader.ts";
import { RecentReader } from "./recent-reader.ts";
import type { RecentSegments } from "./recent-segments.ts";

export class SqliteReader {
  readonly numbers: LogNumbers;
  readonly logs: LogReader;
  readonly db: Database;
  readonly #recent: RecentReader;
  readonly #begin;
  readonly #end;

  constructor(db: Database) {
    this.db = db;
    this.numbers = new LogNumbers(db);
    this.logs = new LogReader(db, this.numbers);
    this.#recent = new RecentReader(db);
    this.#begin = db.prepare("BEGIN");
    this.#end = db.prepare("COMMIT");
  }

  read<Value>(read: (recent: RecentSegments) => Value): Value {
    this.#begin.run();
    try {
      this.#recent.refresh();
      return read(this.#recent.segments);
    } finally {
      // A transaction that stayed open would keep the write-ahead log from being emptied.
      this.#end.run();
    }
  }

  close(): void {
    this.db.close();
  }
}
