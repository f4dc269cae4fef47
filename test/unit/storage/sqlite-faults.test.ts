/** What SQLite storage does when the disk is full, the process is killed, the writer is lost or the file is not ours. */
import { expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { join } from "node:path";
import { MessageChannel } from "node:worker_threads";
import type { LogTail } from "../../../src/storage/journal.ts";
import { openSqlite } from "../../../src/storage/sqlite/open-sqlite.ts";
import { RemoteWriteQueue } from "../../../src/storage/sqlite/remote-write-queue.ts";
import { DATABASE_FILE, openReaderDatabase, openWriterDatabase } from "../../../src/storage/sqlite/schema.ts";
import { SqliteWriter } from "../../../src/storage/sqlite/sqlite-writer.ts";
import type { WriteOperation, WriteOutcome } from "../../../src/storage/sqlite/write-operation.ts";
import { userWrite } from "../../../src/storage/sqlite/write-operation.ts";
import { startSqliteWriter } from "../../../src/storage/sqlite/writer-host.ts";
import { appendNow, ask, bytesOf, LOG, logOf, segment, TENANT, user } from "../../conformance/harness.ts";
import { failOnFatal, temporaryFolder } from "../../support/temporary-folder.ts";

const appendOf = (firstSeq: number, size: number): WriteOperation => ({
  kind: "append",
  log: LOG,
  segment: segment(firstSeq, 1, { entries: bytesOf(firstSeq, size) }),
  rows: [],
});

for (const size of [1_000, 8_000]) {
  test(`a full disk answers full, keeps reads going and heals (segments of ${size} bytes)`, () => {
    const folder = temporaryFolder();
    const db = openWriterDatabase(folder.path);
    const writer = new SqliteWriter(db, { onFatal: failOnFatal, unsettledBytesMax: 20_000 });
    expect(writer.commit([appendOf(1, size)])).toEqual(["written"]);
    const pages = db.prepare<{ page_count: number }, []>("PRAGMA page_count").get()?.page_count ?? 0;
    db.run(`PRAGMA max_page_count = ${pages + 30}`);
    let seq = 2;
    let outcome: readonly WriteOutcome[] = [];
    while (seq < 1_000) {
      outcome = writer.commit([appendOf(seq, size)]);
      if (outcome[0] !== "written") break;
      seq += 1;
    }
    expect(outcome).toEqual(["full"]);
    // The whole group is full: nothing of it is there.
    expect(writer.commit([appendOf(seq, 200_000), userWrite(TENANT, { userId: user("ada"), lastSeen: 1 })])).toEqual([
      "full",
      "full",
    ]);
    const read = () => writer.read((recent) => writer.logs.tail(LOG, recent)).segments;
    expect(read()).toHaveLength(seq - 1);
    db.run("PRAGMA max_page_count = 1000000");
    expect(writer.commit([appendOf(seq, size), appendOf(seq + 1, size)])).toEqual(["written", "written"]);
    expect(read().map((one) => one.firstSeq)).toEqual(Array.from({ length: seq + 1 }, (_, index) => index + 1));
    writer.close();
    folder.remove();
  });
}

test("a lock held by another process gives unknown, and the same batch is written when it is free", () => {
  const folder = temporaryFolder();
  const writer = new SqliteWriter(openWriterDatabase(folder.path), { onFatal: failOnFatal });
  const other = new Database(join(folder.path, DATABASE_FILE));
  other.run("BEGIN IMMEDIATE");
  expect(writer.commit([appendOf(1, 10)])).toEqual(["unknown"]);
  other.run("ROLLBACK");
  expect(writer.commit([appendOf(1, 10)])).toEqual(["written"]);
  other.close();
  writer.close();
  folder.remove();
});

test("an error that leaves the disk in doubt is fatal once, and nothing is written after it", () => {
  const folder = temporaryFolder();
  const errors: Error[] = [];
  const db = openWriterDatabase(folder.path);
  const writer = new SqliteWriter(db, { onFatal: (error) => errors.push(error) });
  // The writer does not expect to be refused: to it this is as unexplained as a failing disk.
  db.run("PRAGMA query_only = 1");
  expect(writer.commit([appendOf(1, 10)])).toEqual(["unknown"]);
  db.run("PRAGMA query_only = 0");
  expect(writer.commit([appendOf(1, 10)])).toEqual(["unknown"]);
  expect(errors).toHaveLength(1);
  writer.close();
  const again = new SqliteWriter(openWriterDatabase(folder.path), { onFatal: failOnFatal });
  expect(again.read((recent) => again.logs.tail(LOG, recent)).segments).toEqual([]);
  again.close();
  folder.remove();
});

test("everything acknowledged before kill -9 is there afterwards", async () => {
  for (const mode of ["local", "remote"]) {
    const folder = temporaryFolder();
    const script = join(import.meta.dir, "../../support/append-until-killed.ts");
    const child = Bun.spawn([process.execPath, script, folder.path, mode], { stdout: "pipe", stderr: "inherit" });
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of child.stdout) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > 20_000) child.kill("SIGKILL");
    }
    await child.exited;
    expect(child.signalCode).toBe("SIGKILL");
    const acked = text.split("\n").slice(0, -1);
    expect(acked.length).toBeGreaterThan(500);
    const storage = openSqlite({ dir: folder.path, onFatal: failOnFatal });
    const lasts = new Map<string, number>();
    for (const line of acked) {
      const [room = "", seq] = line.split(" ");
      lasts.set(room, Number(seq));
    }
    for (const [room, last] of lasts) {
      const { segments } = await ask<LogTail>((done) => storage.journal.readTail(logOf(room), done));
      // At most the one append that was under way stands behind what was acknowledged.
      expect(segments.length - last).toBeLessThanOrEqual(1);
      expect(segments.slice(0, last).map((one) => one.batchId)).toEqual(
        Array.from({ length: last }, (_, index) => `batch-${index + 1}`),
      );
    }
    await storage.close();
    folder.remove();
  }
}, 30_000);

test("what waits for a lost writer is unknown, and another one goes on", async () => {
  const first = new MessageChannel();
  const queue = new RemoteWriteQueue(first.port1);
  const waiting = new Promise<WriteOutcome>((resolve) => queue.add(appendOf(1, 10), resolve));
  queue.flush();
  const unsent = new Promise<WriteOutcome>((resolve) => queue.add(appendOf(2, 10), resolve));
  queue.detach();
  expect(await Promise.all([waiting, unsent])).toEqual(["unknown", "unknown"]);
  expect(await new Promise<WriteOutcome>((resolve) => queue.add(appendOf(2, 10), resolve))).toBe("unknown");

  const folder = temporaryFolder();
  const host = await startSqliteWriter({ dir: folder.path, onFatal: failOnFatal });
  queue.attach(host.connect());
  expect(await new Promise<WriteOutcome>((resolve) => queue.add(appendOf(1, 10), resolve))).toBe("written");
  await queue.close();
  await host.stop();
  first.port2.close();
  folder.remove();
});

test("a closed storage answers unavailable and unknown", async () => {
  const folder = temporaryFolder();
  const storage = openSqlite({ dir: folder.path, onFatal: failOnFatal });
  await storage.close();
  expect(await appendNow(storage.journal, LOG, segment(1))).toBe("unknown");
  const answer = ask<LogTail>((done) => storage.journal.readTail(LOG, done));
  expect(answer).rejects.toThrow("unavailable");
  await answer.catch(() => undefined);
  folder.remove();
});

test("a file of a newer version is refused, for writing and for reading", () => {
  const folder = temporaryFolder();
  const db = openWriterDatabase(folder.path);
  db.run("PRAGMA user_version = 99");
  db.close();
  expect(() => openWriterDatabase(folder.path)).toThrow("newer Stoa (schema 99;");
  expect(() => openReaderDatabase(folder.path)).toThrow("newer Stoa (schema 99;");
  folder.remove();
});

test("the file is opened with a write-ahead log and full synchronisation", () => {
  const folder = temporaryFolder();
  const db = openWriterDatabase(folder.path);
  expect(db.prepare("PRAGMA journal_mode").values()).toEqual([["wal"]]);
  expect(db.prepare("PRAGMA synchronous").values()).toEqual([[2]]);
  db.close();
  folder.remove();
});
