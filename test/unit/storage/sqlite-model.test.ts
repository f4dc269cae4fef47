/** SQLite against the memory adapter as its model: random work on both, the same answers from both. */
import { expect, setDefaultTimeout, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import { SeededRandom } from "../../../src/base/prng.ts";
import type { AppendOutcome, LogTail, Segment } from "../../../src/storage/journal.ts";
import { MemoryJournal } from "../../../src/storage/memory/memory-journal.ts";
import { MemoryProjections } from "../../../src/storage/memory/memory-projections.ts";
import type { UnreadCount } from "../../../src/storage/projections.ts";
import { MemoryStore } from "../../../src/storage/memory/memory-store.ts";
import { openSqlite, type SqliteStorage } from "../../../src/storage/sqlite/open-sqlite.ts";
import { startSqliteWriter } from "../../../src/storage/sqlite/writer-host.ts";
import { append, ask, bytesOf, card, logOf, member, plain, segment, TENANT, user } from "../../conformance/harness.ts";
import { failOnFatal, temporaryFolder } from "../../support/temporary-folder.ts";

// Each commit waits for the disk, which others may keep busy.
setDefaultTimeout(60_000);
const ROOMS = 12;
const USER = user("ada");

/** One shard's writes go to both; the answers of `readers` are compared with the model's. */
class Comparison {
  readonly #store = new MemoryStore();
  readonly #model = new MemoryJournal(this.#store);
  readonly #modelLists = new MemoryProjections(this.#store);
  readonly #random: SeededRandom;
  readonly #heads = new Map<string, number>();
  /** First sequence of each room's newest segment. */
  readonly #places = new Map<string, number>();

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  /** A group of appends, now and then one for a place that is taken. */
  async group(storage: SqliteStorage): Promise<void> {
    const outcomes: [Promise<AppendOutcome>, Promise<AppendOutcome>][] = [];
    const used = new Set<string>();
    for (let index = this.#random.below(8); index >= 0; index -= 1) {
      const room = `room-${this.#random.below(ROOMS)}`;
      if (used.has(room)) continue;
      used.add(room);
      const head = this.#heads.get(room) ?? 0;
      const taken = this.#random.below(10) === 0 ? this.#places.get(room) : undefined;
      const one = segment(taken ?? head + 1, 1 + this.#random.below(4), {
        batchId: this.#random.token(12),
        entries: bytesOf(head, this.#random.below(8) === 0 ? 7_000 : this.#random.below(900)),
      });
      const rows = head === 0 ? [card("group", room), member("ada")] : [];
      const log = logOf(room);
      outcomes.push([append(this.#model, log, one, rows), append(storage.journal, log, one, rows)]);
      const [model] = outcomes[outcomes.length - 1] ?? [];
      if ((await model) !== "written") continue;
      this.#heads.set(room, one.lastSeq);
      this.#places.set(room, one.firstSeq);
    }
    storage.journal.flush();
    for (const [model, sqlite] of outcomes) expect(await sqlite).toBe(await model);
  }

  async compare(storage: SqliteStorage): Promise<void> {
    const log = logOf(`room-${this.#random.below(ROOMS)}`);
    const head = this.#heads.get(log.room) ?? 0;
    const from = 1 + this.#random.below(head + 2);
    const range = { from, to: from + this.#random.below(40), eventsMax: 1 + this.#random.below(30) };
    for (const backward of [false, true]) {
      const [expected, found] = await Promise.all(
        [this.#model, storage.journal].map((journal) =>
          ask<readonly Segment[]>((done) => journal.readRange(log, { ...range, backward }, done)),
        ),
      );
      expect(found?.map(plain)).toEqual(expected?.map(plain) ?? []);
    }
    const query = { tenant: TENANT, userId: USER, scope: "member", limit: 100, offset: 0 } as const;
    const [expectedList, list] = await Promise.all(
      [this.#modelLists, storage.projections].map((projections) =>
        ask<object>((done) => projections.listRooms(query, done)),
      ),
    );
    expect(list).toEqual(expectedList ?? {});
    const [expectedUnread, unread] = await Promise.all(
      [this.#modelLists, storage.projections].map((projections) =>
        ask<ReadonlyMap<RoomId, UnreadCount>>((done) => projections.unreadCounts(TENANT, USER, done)),
      ),
    );
    expect(unread).toEqual(expectedUnread ?? new Map());
  }

  async compareWhole(storage: SqliteStorage): Promise<void> {
    for (let index = 0; index < ROOMS; index += 1) {
      const [expected, found] = await Promise.all(
        [this.#model, storage.journal].map((journal) =>
          ask<LogTail>((done) => journal.readTail(logOf(`room-${index}`), done)),
        ),
      );
      expect(found?.segments.map(plain)).toEqual(expected?.segments.map(plain) ?? []);
    }
  }
}

for (const unsettledBytesMax of [1, 3_000, 40_000, 1_000_000]) {
  test(`a writing thread answers as the model does, settling at ${unsettledBytesMax} bytes`, async () => {
    const folder = temporaryFolder();
    const open = () => openSqlite({ dir: folder.path, unsettledBytesMax, onFatal: failOnFatal });
    let storage = open();
    const comparison = new Comparison(unsettledBytesMax);
    for (let round = 0; round < 250; round += 1) {
      await comparison.group(storage);
      await comparison.compare(storage);
      if (round % 90 === 89) {
        await storage.close();
        storage = open();
      }
    }
    await comparison.compareWhole(storage);
    await storage.close();
    folder.remove();
  });
}

test("two reading threads see at once what one of them had written, while it is being settled", async () => {
  const { path: dir, remove } = temporaryFolder();
  const host = await startSqliteWriter({ dir, unsettledBytesMax: 20_000, onFatal: failOnFatal });
  const shards = [0, 1].map(() => openSqlite({ dir, port: host.connect(), onFatal: failOnFatal }));
  const comparison = new Comparison(7);
  for (let round = 0; round < 250; round += 1) {
    const writing = shards[round % 2];
    const other = shards[round % 2 === 0 ? 1 : 0];
    if (writing === undefined || other === undefined) throw new Error("there are two");
    await comparison.group(writing);
    await comparison.compare(writing);
    // The second one reads seldom, so that it meets batches that came and went between.
    if (round % 60 === 59) await comparison.compareWhole(other);
  }
  for (const shard of shards) {
    await comparison.compareWhole(shard);
    await shard.close();
  }
  await host.stop();
  remove();
});

test("two processes on one file see each other's segments and keep the log single", async () => {
  const folder = temporaryFolder();
  const open = () => openSqlite({ dir: folder.path, unsettledBytesMax: 2_000, onFatal: failOnFatal });
  const first = open();
  const second = open();
  const comparison = new Comparison(11);
  for (let round = 0; round < 150; round += 1) {
    await comparison.group(round % 3 === 0 ? second : first);
    await comparison.compare(round % 2 === 0 ? second : first);
  }
  await comparison.compareWhole(first);
  await comparison.compareWhole(second);
  await first.close();
  await second.close();
  folder.remove();
});
