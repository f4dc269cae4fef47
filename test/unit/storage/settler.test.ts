/** What is kept in batches, in the file and in memory, stays within its bound however long a writer runs. */
import { expect, test } from "bun:test";
import { RecentReader } from "../../../src/storage/sqlite/recent-reader.ts";
import { openReaderDatabase, openWriterDatabase } from "../../../src/storage/sqlite/schema.ts";
import { SqliteWriter } from "../../../src/storage/sqlite/sqlite-writer.ts";
import type { WriteOperation } from "../../../src/storage/sqlite/write-operation.ts";
import { bytesOf, logOf, segment } from "../../conformance/harness.ts";
import { failOnFatal, temporaryFolder } from "../../support/temporary-folder.ts";

test("small segments leave the batches again, and small ones of a room end in one row", () => {
  const unsettledBytesMax = 100_000;
  const folder = temporaryFolder();
  const db = openWriterDatabase(folder.path);
  const writer = new SqliteWriter(db, { onFatal: failOnFatal, unsettledBytesMax });
  const readerDb = openReaderDatabase(folder.path);
  const reader = new RecentReader(readerDb);
  const count = (table: string) =>
    db.prepare<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? Number.NaN;
  let unsettledMost = 0;
  let batchesMost = 0;
  let readerMost = 0;
  for (let seq = 1; seq <= 600; seq += 1) {
    const operations = Array.from({ length: 20 }, (_, index): WriteOperation => {
      const one = segment(seq, 1, { entries: bytesOf(seq, 100) });
      return { kind: "append", log: logOf(`room-${index}`), segment: one, rows: [] };
    });
    expect(new Set(writer.commit(operations))).toEqual(new Set(["written"]));
    writer.checkpointIfDue();
    reader.refresh();
    unsettledMost = Math.max(unsettledMost, writer.recent.bytes);
    batchesMost = Math.max(batchesMost, count("batch"));
    readerMost = Math.max(readerMost, reader.segments.bytes);
  }
  // A group is about 3,500 bytes, so the bound is 29 groups; a sweep goes on for some more while it works.
  expect(unsettledMost).toBeLessThan(2 * unsettledBytesMax);
  expect(batchesMost).toBeLessThan(100);
  expect(readerMost).toBeLessThan(10 * unsettledBytesMax);
  expect(count("run")).toBeLessThan((600 * 20) / 10);
  readerDb.close();
  writer.close();
  folder.remove();
});
