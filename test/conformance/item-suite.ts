/** What every adapter of the log port must do with items: the rows of a room beyond members and messages. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type ItemKey, itemKey } from "../../src/base/ids.ts";
import { SeededRandom } from "../../src/base/prng.ts";
import type { ItemValue } from "../../src/domain/room/state.ts";
import type { ItemQuery, ListedItem, RowChange, ScannedItems } from "../../src/storage/journal.ts";
import { append, appendNow, ask, type Harness, item, LOG, logOf, member, segment } from "./harness.ts";

export function itemConformance(name: string, open: () => Promise<Harness>): void {
  describe(`${name}: items`, () => {
    let harness: Harness;
    const journal = () => harness.journal;
    const read = (...keys: [string, string][]) =>
      ask<readonly (ItemValue | null)[]>((done) =>
        journal().readItems(
          LOG,
          keys.map(([collection, id]) => itemKey(collection, id)),
          done,
        ),
      );
    const list = (query: ItemQuery, log = LOG) =>
      ask<readonly ListedItem[]>((done) => journal().listItems(log, query, done));
    const ids = async (query: ItemQuery) => (await list(query)).map((one) => one.id);

    beforeEach(async () => {
      harness = await open();
    });
    afterEach(async () => {
      await harness.close();
    });

    test("are overwritten, removed and read in the order asked", async () => {
      await appendNow(journal(), LOG, segment(1), [
        item("bans", "ada", { until: 5, reason: "läuft \ud83d" }),
        item("bans", "bob"),
      ]);
      await appendNow(journal(), LOG, segment(2), [item("bans", "ada", { until: 9 })]);
      await appendNow(journal(), LOG, segment(3), [item("bans", "bob", null)]);
      expect(await read(["bans", "bob"], ["bans", "ada"], ["mutes", "ada"], ["bans", "ada"])).toEqual([
        null,
        { until: 9 },
        null,
        { until: 9 },
      ]);
      expect(await list({ collection: "bans", limit: 9 })).toEqual([{ id: "ada", value: { until: 9 } }]);
      await appendNow(journal(), LOG, segment(4), [item("bans", "bob", { until: 1 })]);
      expect(await ids({ collection: "bans", limit: 9 })).toEqual(["ada", "bob"]);
    });

    test("of all collections are gone through page by page, each once, what was just written too", async () => {
      const names = ["bans", "b", "t12", "f.ada", "names", "v7"].flatMap((collection) =>
        ["ada", "bob", "~", "!a"].map((id) => [collection, id] as const),
      );
      await appendNow(
        journal(),
        LOG,
        segment(1),
        names.map(([collection, id]) => item(collection, id, { collection, id })),
      );
      await appendNow(journal(), logOf("other"), segment(1), [item("bans", "eve")]);
      const scan = async (limit: number): Promise<readonly (readonly [string, unknown])[]> => {
        const found: (readonly [string, unknown])[] = [];
        let after: ItemKey | undefined;
        do {
          const page = await ask<ScannedItems>((done) => journal().scanItems(LOG, { after, limit }, done));
          found.push(...page.items);
          after = page.next;
        } while (after !== undefined);
        return found.sort(([a], [b]) => (a < b ? -1 : 1));
      };
      const expected = (gone: string) =>
        names
          .filter(([collection, id]) => `${collection}/${id}` !== gone)
          .map(([collection, id]) => [`${collection}/${id}`, { collection, id }] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1));
      for (const limit of [1, 5, names.length, 100]) expect(await scan(limit)).toEqual(expected(""));
      harness = await harness.reopen();
      await appendNow(journal(), LOG, segment(2), [item("t12", "bob", null), item("later", "x", { later: true })]);
      for (const limit of [1, 5, 100]) {
        expect(await scan(limit)).toEqual(
          [...expected("t12/bob"), ["later/x", { later: true }] as const].sort(([a], [b]) => (a < b ? -1 : 1)),
        );
      }
      const none = await ask<ScannedItems>((done) => journal().scanItems(logOf("none"), { limit: 5 }, done));
      expect(none).toEqual({ items: [], next: undefined });
    });

    test("of a collection are listed in the order of their ids' bytes, from either end", async () => {
      const names = ["eve", "Zoe", "ada", "bob", "ada.2", "ada-1", "~", "!a", "10", "9"];
      const rows = names.map((id) => item("bans", id, { id }));
      await appendNow(journal(), LOG, segment(1), [item("banr", "x"), item("bans2", "a"), ...rows]);
      const sorted = names.toSorted();
      expect(await ids({ collection: "bans", limit: 99 })).toEqual(sorted);
      expect(await ids({ collection: "bans", limit: 99, backward: true })).toEqual(sorted.toReversed());
      expect(await list({ collection: "bans", limit: 1 })).toEqual([{ id: "!a", value: { id: "!a" } }]);
    });

    test("are listed by pages, behind an id that need not be there, and by the beginning of their ids", async () => {
      const names = ["a", "ab", "ab|1", "ab|2", "abc", "b", "c"];
      await appendNow(
        journal(),
        LOG,
        segment(1),
        names.map((id) => item("names", id)),
      );
      const page = { collection: "names", limit: 2 };
      expect(await ids({ ...page, after: "ab" })).toEqual(["abc", "ab|1"]);
      expect(await ids({ ...page, after: "aa" })).toEqual(["ab", "abc"]);
      expect(await ids({ ...page, after: "c" })).toEqual([]);
      expect(await ids({ ...page, after: "abc", backward: true })).toEqual(["ab", "a"]);
      expect(await ids({ ...page, after: "a", backward: true })).toEqual([]);
      expect(await ids({ ...page, limit: 9, prefix: "ab" })).toEqual(["ab", "abc", "ab|1", "ab|2"]);
      expect(await ids({ ...page, prefix: "ab", after: "abc" })).toEqual(["ab|1", "ab|2"]);
      expect(await ids({ ...page, prefix: "ab", after: "a" })).toEqual(["ab", "abc"]);
      expect(await ids({ ...page, prefix: "ab", after: "b" })).toEqual([]);
      expect(await ids({ ...page, prefix: "ab", backward: true })).toEqual(["ab|2", "ab|1"]);
      expect(await ids({ ...page, prefix: "ab", backward: true, after: "c" })).toEqual(["ab|2", "ab|1"]);
      expect(await ids({ ...page, prefix: "ab", backward: true, after: "ab|1" })).toEqual(["abc", "ab"]);
      expect(await ids({ ...page, prefix: "ab", backward: true, after: "aa" })).toEqual([]);
      expect(await ids({ ...page, prefix: "x" })).toEqual([]);
    });

    test("come only with their segment, and of the identical batch once", async () => {
      await appendNow(journal(), LOG, segment(1), [item("pins", "1", { by: "ada" })]);
      const late = [item("pins", "1", { by: "eve" }), item("pins", "2", { by: "eve" })];
      expect(await appendNow(journal(), LOG, segment(1, 1, { batchId: "mine" }), late)).toBe("fenced");
      await appendNow(journal(), LOG, segment(2), [item("pins", "1", null)]);
      expect(await appendNow(journal(), LOG, segment(1), [item("pins", "1", { by: "ada" })])).toBe("written");
      expect(await list({ collection: "pins", limit: 9 })).toEqual([]);
      expect(await read(["pins", "1"], ["pins", "2"])).toEqual([null, null]);
    });

    test("of two appends in one group for one place are those of the first alone", async () => {
      const outcomes = [
        append(journal(), LOG, segment(1, 1, { batchId: "a" }), [item("pins", "1")]),
        append(journal(), LOG, segment(1, 1, { batchId: "b" }), [item("pins", "2")]),
      ];
      journal().flush();
      expect(await Promise.all(outcomes)).toEqual(["written", "fenced"]);
      expect(await ids({ collection: "pins", limit: 9 })).toEqual(["1"]);
    });

    test("of another tenant, room or incarnation are others", async () => {
      await appendNow(journal(), LOG, segment(1), [item("pins", "1"), member("ada")]);
      for (const other of [logOf("room-2"), logOf("room-1", 2), { ...LOG, tenant: "other" as typeof LOG.tenant }]) {
        expect(await list({ collection: "pins", limit: 9 }, other)).toEqual([]);
        const got = await ask<readonly unknown[]>((done) => journal().readItems(other, ["pins/1"], done));
        expect(got).toEqual([null]);
      }
    });

    test("of any size are kept whole", async () => {
      const text = "x".repeat(500_000);
      await appendNow(journal(), LOG, segment(1), [item("big", "1", { text }), item("big", "2", { text: "short" })]);
      await appendNow(journal(), LOG, segment(2), [item("big", "2", { text })]);
      await appendNow(journal(), LOG, segment(3), [item("big", "1", { text: "short" })]);
      expect(await read(["big", "1"], ["big", "2"])).toEqual([{ text: "short" }, { text }]);
    });

    test("are the same after opening again", async () => {
      await appendNow(journal(), LOG, segment(1), [item("pins", "1", { no: 1 }), item("pins", "2", { no: 2 })]);
      await appendNow(journal(), LOG, segment(2), [item("pins", "1", null)]);
      harness = await harness.reopen();
      expect(await list({ collection: "pins", limit: 9 })).toEqual([{ id: "2", value: { no: 2 } }]);
      expect(await read(["pins", "1"])).toEqual([null]);
    });

    test("are what a map would hold, whatever is written and however it is asked", async () => {
      const random = new SeededRandom(11);
      const model = new Map<string, ItemValue>();
      const idOf = () => `${"abc"[random.below(3)]}${random.below(12)}`;
      for (let seq = 1; seq <= 25; seq += 1) {
        const rows = new Map<string, RowChange>();
        for (let count = random.below(8); count >= 0; count -= 1) {
          const id = idOf();
          const value = random.below(3) === 0 ? null : { seq, count };
          rows.set(id, item("some", id, value));
          if (value === null) model.delete(id);
          else model.set(id, value);
        }
        await appendNow(journal(), LOG, segment(seq), [...rows.values()]);
        const query: ItemQuery = {
          collection: "some",
          limit: 1 + random.below(12),
          backward: random.below(2) === 0,
          ...(random.below(2) === 0 && { after: idOf() }),
          ...(random.below(2) === 0 && { prefix: "abc".charAt(random.below(3)) }),
        };
        const { after, prefix = "", backward, limit } = query;
        const wanted = [...model.keys()].filter((id) => id.startsWith(prefix)).sort();
        if (backward === true) wanted.reverse();
        const rest = wanted.filter((id) => after === undefined || (backward === true ? id < after : id > after));
        const page = rest.slice(0, limit).map((id) => ({ id, value: model.get(id) ?? {} }));
        expect(await list(query)).toEqual(page);
      }
    });
  });
}
