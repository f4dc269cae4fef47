/** Building the index anew: what it makes of what is there, of an interrupted run, and of a server that follows meanwhile. */
import { expect, test } from "bun:test";
import { encodeEntries } from "../../../src/actors/log-codec.ts";
import type { UserId } from "../../../src/base/ids.ts";
import type { LogEvent } from "../../../src/domain/room/events.ts";
import { Reindex } from "../../../src/followers/reindex.ts";
import { searchPositions } from "../../../src/followers/search-consumer.ts";
import { MemoryFollowStore } from "../../../src/storage/memory/memory-follow-store.ts";
import { MemoryJournal } from "../../../src/storage/memory/memory-journal.ts";
import { MemorySearchIndex } from "../../../src/storage/memory/memory-search-index.ts";
import { MemoryStore } from "../../../src/storage/memory/memory-store.ts";
import type { Hit } from "../../../src/storage/search-index.ts";
import { appendNow, ask, LOG, TENANT } from "../../conformance/harness.ts";

const by = "ada" as UserId;
const sent = (seq: number, content: string): LogEvent => {
  return { kind: "message_sent", seq, timestamp: seq, by, messageNo: seq, messageType: "text", content };
};

function rig() {
  const memory = new MemoryStore();
  const journal = new MemoryJournal(memory);
  const store = new MemoryFollowStore(memory);
  const index = new MemorySearchIndex();
  const pause = async (): Promise<void> => undefined;
  const append = (events: readonly LogEvent[]) => {
    const [firstSeq, lastSeq] = [events[0]?.seq ?? 0, events.at(-1)?.seq ?? 0];
    const about = { epoch: 1, owner: "n", batchId: `b${firstSeq}`, messageCount: lastSeq, timestamp: lastSeq };
    return appendNow(journal, LOG, { firstSeq, lastSeq, ...about, entries: encodeEntries(events) });
  };
  const find = async (word: string): Promise<readonly number[]> => {
    const terms = [{ words: [word], isPrefix: false }];
    const query = { tenant: TENANT, rooms: [LOG.room], terms, order: "newest", limit: 9_999 } as const;
    return (await ask<readonly Hit[]>((done) => index.search(query, done))).map(({ seq }) => seq);
  };
  return { journal, store, index, append, find, reindex: new Reindex({ storage: { journal, store }, index, pause }) };
}

test("what is there is thrown away, and every event is read once, edits and deletions included", async () => {
  const { append, find, index, reindex, store } = rig();
  await ask<true>((done) => {
    const message = { seq: 900, at: 1, author: by, type: "text", text: "leftover" } as const;
    index.write([{ log: LOG, changes: [{ kind: "put", message }] }], done);
  });
  for (let first = 1; first <= 6_000; first += 100) {
    await append(Array.from({ length: 100 }, (_, i) => sent(first + i, `word number${first + i}`)));
  }
  await append([
    { kind: "message_edited", seq: 6_001, timestamp: 1, by, target: 5, content: "changed" },
    { kind: "message_deleted", seq: 6_002, timestamp: 1, by, target: 6 },
  ]);
  let [events, messages] = [0, 0];
  await reindex.rebuild(LOG, false, (read, sentOnes) => {
    events += read;
    messages += sentOnes;
  });
  expect([events, messages]).toEqual([6_002, 6_000]);
  expect(await find("leftover")).toEqual([]);
  expect(await find("word")).toHaveLength(5_998);
  expect(await find("changed")).toEqual([5]);
  expect(await ask<readonly number[]>((done) => store.positions(searchPositions(index), [LOG], done))).toEqual([6_002]);
});

test("what the log says is gone for good stays away, whether it stands there still or not", async () => {
  const { append, find, reindex } = rig();
  await append([sent(1, "old"), sent(2, "old"), sent(3, "old but kept")]);
  await append([{ kind: "history_trimmed", seq: 4, timestamp: 1, by, through: 2, throughNo: 2 }, sent(5, "new")]);
  await reindex.rebuild(LOG, false, () => undefined);
  expect([await find("old"), await find("new")]).toEqual([[3], [5]]);
  await append([{ kind: "room_deleted", seq: 6, timestamp: 1, by }]);
  await reindex.rebuild(LOG, false, () => undefined);
  expect([await find("old"), await find("new")]).toEqual([[], []]);
});

test("a run that was interrupted goes on where it stood", async () => {
  const { append, find, index, reindex, store } = rig();
  await append([sent(1, "before"), sent(2, "before")]);
  await append([sent(3, "after")]);
  await ask<string>((done) => store.move(searchPositions(index), LOG, 0, 2, done));
  let events = 0;
  await reindex.rebuild(LOG, true, (read) => {
    events += read;
  });
  expect(events).toBe(1);
  expect(await find("after")).toEqual([3]);
});

test("a server that follows the same log moves the position as well, and nothing is left out", async () => {
  const { append, find, index, reindex, store } = rig();
  for (let first = 1; first <= 9_000; first += 100) {
    await append(Array.from({ length: 100 }, (_, i) => sent(first + i, "word")));
  }
  let meddled = 0;
  await reindex.rebuild(LOG, false, () => {
    // It read a stretch of its own, from where it believed the position to be, and was told.
    if (meddled > 2) return;
    meddled += 1;
    const back = 1_000 * meddled;
    store.positions(searchPositions(index), [LOG], (read) => {
      if (read.ok) store.move(searchPositions(index), LOG, read.value[0] ?? 0, back, () => undefined);
    });
  });
  expect(meddled).toBe(3);
  expect(await find("word")).toHaveLength(9_000);
  expect(await ask<readonly number[]>((done) => store.positions(searchPositions(index), [LOG], done))).toEqual([9_000]);
});

test("a store that never answers ends the run with a sentence", async () => {
  const { index, store } = rig();
  const journal = {
    readRange: (...[, , done]: Parameters<MemoryJournal["readRange"]>) =>
      queueMicrotask(() => done({ ok: false, error: "unavailable" })),
  };
  const reindex = new Reindex({ storage: { journal, store }, index, pause: async () => undefined });
  expect(reindex.rebuild(LOG, false, () => undefined)).rejects.toThrow("the store does not answer");
});
