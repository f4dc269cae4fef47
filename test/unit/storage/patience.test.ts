/** Writes that may wait for others: when they are committed, and in whose company. The real file. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { LocalWriteQueue } from "../../../src/storage/sqlite/write-queue.ts";
import { openWriterDatabase } from "../../../src/storage/sqlite/schema.ts";
import { SqliteWriter } from "../../../src/storage/sqlite/sqlite-writer.ts";
import { userWrite, type WriteOperation } from "../../../src/storage/sqlite/write-operation.ts";
import { TENANT, user } from "../../conformance/harness.ts";
import { failOnFatal, temporaryFolder } from "../../support/temporary-folder.ts";

/** Longer than a test. */
const LONG_MS = 600_000;

const write = (name: string): WriteOperation => userWrite(TENANT, { userId: user(name), lastSeen: 1 });

let folder: ReturnType<typeof temporaryFolder>;
let queue: LocalWriteQueue;
let groups: number[];
let answered: string[];

beforeEach(() => {
  folder = temporaryFolder();
  groups = [];
  answered = [];
  class CountingWriter extends SqliteWriter {
    override commit(operations: readonly WriteOperation[]): ReturnType<SqliteWriter["commit"]> {
      groups.push(operations.length);
      return super.commit(operations);
    }
  }
  queue = new LocalWriteQueue(new CountingWriter(openWriterDatabase(folder.path), { onFatal: failOnFatal }));
});

afterEach(async () => {
  await queue.close();
  folder.remove();
});

function add(name: string, patienceMs?: number): Promise<void> {
  return new Promise((resolve) => {
    queue.add(
      write(name),
      (outcome) => {
        answered.push(`${name} ${outcome}`);
        resolve();
      },
      patienceMs,
    );
  });
}

test("what has patience waits, and goes with the first write that has none; that one is answered first", async () => {
  const patient = [add("ann", LONG_MS), add("bob", LONG_MS)];
  queue.flush();
  expect(groups).toEqual([]);
  const urgent = add("cat");
  queue.flush();
  expect(groups).toEqual([3]);
  await Promise.all([...patient, urgent]);
  expect(answered).toEqual(["cat written", "ann written", "bob written"]);
});

test("alone it is committed when its patience is over, the shortest counts", async () => {
  const [long, short] = [add("ann", LONG_MS), add("bob", 1)];
  queue.flush();
  expect(groups).toEqual([]);
  await Promise.all([long, short]);
  expect(groups).toEqual([2]);
});

test("in a hurry it goes with the next flush, or with the end of the turn", async () => {
  const first = add("ann", LONG_MS);
  queue.hurry();
  queue.flush();
  expect(groups).toEqual([1]);
  await first;
  const second = add("bob", LONG_MS);
  queue.hurry();
  await second;
  expect(groups).toEqual([1, 1]);
});

test("closing commits it", async () => {
  const added = add("ann", LONG_MS);
  await queue.close();
  await added;
  expect(groups).toEqual([1]);
});
