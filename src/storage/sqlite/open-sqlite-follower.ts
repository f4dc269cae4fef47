/** What a follower of the logs needs of SQLite, in a thread or process that does not write the database. The file must exist. */
import type { FollowerStorage } from "../follow-store.ts";
import type { Done, LogKey, ReadRange, Segment } from "../journal.ts";
import { AnsweringReads } from "./answering-reads.ts";
import { openReaderDatabase } from "./schema.ts";
import { SqliteFollowStore } from "./sqlite-follow-store.ts";
import { SqliteReader } from "./sqlite-reader.ts";

export function openSqliteFollower(dir: string): FollowerStorage {
  const reader = new SqliteReader(openReaderDatabase(dir));
  const reads = new AnsweringReads((read) => reader.read(read), queueMicrotask);
  const store = new SqliteFollowStore(dir, reader, reads);
  return {
    journal: {
      readRange: (log: LogKey, range: ReadRange, done: Done<readonly Segment[]>) =>
        reads.answer(done, (recent) => reader.logs.range(log, range, recent)),
    },
    store,
    close: () => {
      store.close();
      reads.close();
      reader.close();
    },
  };
}
