/** Builds the SQLite adapters of one shard: with the writer in this thread, or connected to the one that all shards share. */
import type { MessagePort } from "node:worker_threads";
import type { Journal } from "../journal.ts";
import type { Projections } from "../projections.ts";
import { AnsweringReads } from "./answering-reads.ts";
import { DocumentReader } from "./document-reader.ts";
import { PersonalReader } from "./personal-reader.ts";
import { RemoteWriteQueue } from "./remote-write-queue.ts";
import { RoomListReader } from "./room-list-reader.ts";
import { openReaderDatabase, openWriterDatabase } from "./schema.ts";
import { SharedRoomsReader } from "./shared-rooms-reader.ts";
import { SqliteJournal } from "./sqlite-journal.ts";
import { SqliteProjections } from "./sqlite-projections.ts";
import { SqliteReader } from "./sqlite-reader.ts";
import { SqliteWriter, type SqliteWriterOptions } from "./sqlite-writer.ts";
import { LocalWriteQueue, type WriteQueue } from "./write-queue.ts";

export interface SqliteStorage {
  readonly journal: Journal;
  readonly projections: Projections;
  /** Commits what waits and closes this thread's connection. */
  close(): Promise<void>;
}

export interface SqliteOptions extends SqliteWriterOptions {
  /** The data folder; the file within is made when it is missing. */
  readonly dir: string;
  /** Writes go to the writer's thread over this port (`startSqliteWriter`); without it this thread writes itself. */
  readonly port?: MessagePort;
}

export function openSqlite(options: SqliteOptions): SqliteStorage {
  const { dir, port } = options;
  if (port === undefined) {
    const writer = new SqliteWriter(openWriterDatabase(dir), options);
    return assemble(new LocalWriteQueue(writer), writer, () => undefined);
  }
  const reader = new SqliteReader(openReaderDatabase(dir));
  return assemble(new RemoteWriteQueue(port), reader, () => reader.close());
}

export function assemble(
  queue: WriteQueue,
  source: SqliteWriter | SqliteReader,
  closeReader: () => void,
): SqliteStorage {
  const reads = new AnsweringReads((read) => source.read(read), queueMicrotask);
  const rooms = new RoomListReader(source.db, source.numbers, source.logs);
  return {
    journal: new SqliteJournal(queue, reads, source.logs),
    projections: new SqliteProjections(
      queue,
      reads,
      rooms,
      new DocumentReader(source.db, source.numbers),
      new SharedRoomsReader(source.db, source.numbers),
      new PersonalReader(source.db, source.numbers),
    ),
    close: async () => {
      reads.close();
      await queue.close();
      closeReader();
    },
  };
}
