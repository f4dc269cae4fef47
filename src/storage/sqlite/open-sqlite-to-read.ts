/** The SQLite adapters of a process that only reads, beside a server or without one: it takes no lock and changes nothing. */
import { assemble, type SqliteStorage } from "./open-sqlite.ts";
import { noData, openReaderDatabase } from "./schema.ts";
import { SqliteReader } from "./sqlite-reader.ts";
import type { WriteDone, WriteQueue } from "./write-queue.ts";

/** Throws when there is no database, or one of another version. Every write is answered `unknown`. */
export function openSqliteToRead(dir: string): SqliteStorage {
  const missing = noData(dir);
  if (missing !== undefined) throw new Error(missing);
  const reader = new SqliteReader(openReaderDatabase(dir));
  return assemble(new NoWrites(), reader, () => reader.close());
}

class NoWrites implements WriteQueue {
  add(_operation: unknown, done: WriteDone): void {
    queueMicrotask(() => done("unknown"));
  }

  flush(): void {
    // Nothing ever waits.
  }

  hurry(): void {
    // Nothing ever waits.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
