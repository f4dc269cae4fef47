/** What only the SQLite index has: ids made of times, numbers of names, bounds of what one search looks at. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import { SEARCH_CANDIDATES_MAX, SEARCH_ROOMS_IN_QUERY_MAX, SEARCH_SCAN_MAX } from "../../../src/base/limits.ts";
import type { LogKey } from "../../../src/storage/journal.ts";
import type { Hit, IndexChange, SearchQuery } from "../../../src/storage/search-index.ts";
import { idBase } from "../../../src/storage/sqlite/search-names.ts";
import { SqliteSearchIndex } from "../../../src/storage/sqlite/sqlite-search-index.ts";
import { ask, LOG, logOf, TENANT, user } from "../../conformance/harness.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const AT = 1_750_000_000_000;
let folder: ReturnType<typeof temporaryFolder>;
let index: SqliteSearchIndex;
beforeEach(() => {
  folder = temporaryFolder();
  index = new SqliteSearchIndex(folder.path);
});
afterEach(() => {
  index.close();
  folder.remove();
});

function write(log: LogKey, from: number, count: number, at: (seq: number) => number, text = "word", to = index) {
  const changes = Array.from({ length: count }, (_, i): IndexChange => {
    const seq = from + i;
    return { kind: "put", message: { seq, at: at(seq), author: user("ada"), type: "text", text } };
  });
  return ask<true>((done) => to.write([{ log, changes }], done));
}

async function find(rest: Partial<SearchQuery> = {}): Promise<readonly number[]> {
  const terms = [{ words: ["word"], isPrefix: false }];
  const query: SearchQuery = { tenant: TENANT, rooms: [LOG.room], terms, order: "newest", limit: 9_999, ...rest };
  return (await ask<readonly Hit[]>((done) => index.search(query, done))).map(({ seq }) => seq);
}

test("more messages of one millisecond than it has ids, and times before all ids, are kept all the same", async () => {
  await write(LOG, 1, 5_000, () => AT);
  await write(LOG, 5_001, 5_000, () => -1);
  await write(LOG, 10_001, 10, () => AT + 1);
  expect(new Set(await find({ limit: 99_999 })).size).toBe(10_010);
  expect(idBase(AT + 1)).toBeGreaterThan(idBase(AT));
  expect(Number.isSafeInteger(idBase(Date.UTC(2087, 0, 1)))).toBe(true);
});

test("another process that forgets and writes gives names other numbers, which this one notices", async () => {
  const other = new SqliteSearchIndex(folder.path);
  await write(LOG, 1, 3, (seq) => AT + seq);
  await ask<true>((done) => other.forgetFront(LOG, Number.MAX_SAFE_INTEGER, done));
  await write(logOf("another"), 1, 1, (seq) => AT + seq, "word", other);
  await write(LOG, 4, 2, (seq) => AT + seq);
  expect(await find()).toEqual([5, 4]);
  expect(await find({ rooms: ["another" as RoomId] })).toEqual([1]);
  other.close();
});

test("relevance is that of the newest matches, a bounded number of them", async () => {
  await write(LOG, 1, 1, (seq) => AT + seq, "word word word");
  await write(LOG, 2, SEARCH_CANDIDATES_MAX - 1, (seq) => AT + seq, "word and other things");
  expect((await find({ order: "relevance" }))[0]).toBe(1);
  await write(LOG, SEARCH_CANDIDATES_MAX + 1, 1, (seq) => AT + seq, "word and other things");
  expect(await find({ order: "relevance" })).not.toContain(1);
});

test("a search that its rooms leave little looks at a bounded number of messages", async () => {
  const rooms = Array.from({ length: SEARCH_ROOMS_IN_QUERY_MAX + 1 }, (_, i) => logOf(`mine-${i}`));
  for (const log of rooms) await write(log, 1, 1, () => AT);
  const foreign = logOf("foreign");
  await write(foreign, 1, SEARCH_SCAN_MAX - rooms.length, (seq) => AT + seq);
  const query = { rooms: rooms.map(({ room }) => room) };
  expect(await find(query)).toHaveLength(rooms.length);
  await write(foreign, SEARCH_SCAN_MAX, 1, (seq) => AT + seq);
  expect(await find(query)).toHaveLength(rooms.length - 1);
  // With one room less they are part of what the index is asked, which skips to them.
  expect(await find({ rooms: query.rooms.slice(1) })).toHaveLength(rooms.length - 1);
}, 20_000);
