/** Reads are synchronous, answers are not: runs a read at once and answers later, or `unavailable` when SQLite fails. */
import { SQLiteError } from "bun:sqlite";
import type { Done } from "../journal.ts";
import type { RecentSegments } from "./recent-segments.ts";

/** Runs a read on a consistent view of the database. */
export type ReadScope = <Value>(read: (recent: RecentSegments) => Value) => Value;

export class AnsweringReads {
  readonly #scope: ReadScope;
  readonly #schedule: (run: () => void) => void;
  #isClosed = false;

  constructor(scope: ReadScope, schedule: (run: () => void) => void) {
    this.#scope = scope;
    this.#schedule = schedule;
  }

  answer<Value>(done: Done<Value>, read: (recent: RecentSegments) => Value): void {
    if (this.#isClosed) {
      this.#schedule(() => done({ ok: false, error: "unavailable" }));
      return;
    }
    try {
      const value = this.#scope(read);
      this.#schedule(() => done({ ok: true, value }));
    } catch (error) {
      if (!(error instanceof SQLiteError)) throw error;
      this.#schedule(() => done({ ok: false, error: "unavailable" }));
    }
  }

  close(): void {
    this.#isClosed = true;
  }
}
