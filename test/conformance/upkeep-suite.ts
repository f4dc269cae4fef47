/** What every adapter must do to logs that have been there for long: their front goes, their words go, they are found. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { itemKey } from "../../src/base/ids.ts";
import type { ItemValue, MessageOverlay } from "../../src/domain/room/state.ts";
import type { ItemsOf, LogKey, LogTail, RowChange, Segment } from "../../src/storage/journal.ts";
import type { ListedLog, LogPage, Mark } from "../../src/storage/projections.ts";
import {
  appendNow,
  ask,
  bytesOf,
  card,
  type Harness,
  item,
  LOG,
  logOf,
  plain,
  segment,
  TENANT,
  user,
} from "./harness.ts";

export function upkeepConformance(name: string, open: () => Promise<Harness>): void {
  describe(`${name}: upkeep`, () => {
    let harness: Harness;
    const journal = () => harness.journal;
    const tail = () => ask<LogTail>((done) => journal().readTail(LOG, done));
    const range = (from: number, to: number) =>
      ask<readonly Segment[]>((done) => journal().readRange(LOG, { from, to, eventsMax: 1_000 }, done));
    const firsts = async (from = 1, to = 1_000) => (await range(from, to)).map((one) => one.firstSeq);
    const trim = (throughSeq: number, items: readonly ItemsOf[] = []) =>
      ask<true>((done) => {
        journal().trim(LOG, throughSeq, items, done);
        journal().flush();
      });
    /** `read`: what the caller believes to stand there; by default what does. */
    const rewrite = async (segments: readonly Segment[], read?: readonly Segment[]) => {
      const standing = read ?? (await range(1, 1_000));
      const changes = segments.map((one) => {
        return { segment: one, before: standing.find((old) => old.firstSeq === one.firstSeq)?.entries ?? one.entries };
      });
      return ask<boolean>((done) => {
        journal().rewrite(LOG, changes, (row) => row, done);
        journal().flush();
      });
    };
    const snapshot = (seq: number) =>
      ask<true>((done) => {
        journal().saveSnapshot(LOG, { seq, bytes: bytesOf(seq, 30) }, done);
        journal().flush();
      });
    const overlays = (seqs: readonly number[]) =>
      ask<readonly (MessageOverlay | null)[]>((done) => journal().readOverlays(LOG, seqs, done));
    const items = (...keys: readonly [string, string][]) =>
      ask<readonly (ItemValue | null)[]>((done) =>
        journal().readItems(
          LOG,
          keys.map(([collection, id]) => itemKey(collection, id)),
          done,
        ),
      );
    /** Ten segments of two events each, small ones and large ones, with rows. */
    const fill = async (log: LogKey = LOG) => {
      for (let n = 0; n < 10; n += 1) {
        const seq = 2 * n + 1;
        const entries = bytesOf(n, n === 4 ? 9_000 : 60);
        const overlay: RowChange = { kind: "message", seq, overlay: { content: `edited ${seq}` } };
        const rows = n === 0 ? [card(), overlay] : [overlay, item(`votes${seq}`, "ada"), item("names", `${seq}`)];
        await appendNow(journal(), log, segment(seq, 2, { entries }), rows);
      }
    };

    beforeEach(async () => {
      harness = await open();
    });
    afterEach(async () => {
      await harness.close();
    });

    test("takes whole segments from the front, with their overlays and the items named", async () => {
      await fill();
      await snapshot(20);
      await trim(8, [{ collection: "votes3" }, { collection: "names", ids: ["3", "5"] }]);
      expect(await firsts()).toEqual([9, 11, 13, 15, 17, 19]);
      expect((await overlays([1, 7, 9])).map((row) => row?.content)).toEqual([undefined, undefined, "edited 9"]);
      const kept = await items(["votes3", "ada"], ["names", "3"], ["names", "5"], ["names", "7"], ["votes11", "ada"]);
      expect(kept.map((row) => row !== null)).toEqual([false, false, false, true, true]);
      harness = await harness.reopen();
      expect(await firsts()).toEqual([9, 11, 13, 15, 17, 19]);
      expect((await tail()).snapshot?.seq).toBe(20);
    });

    test("leaves a segment that reaches beyond the place, and its overlays", async () => {
      await fill();
      await snapshot(20);
      await trim(5);
      expect(await firsts()).toEqual([5, 7, 9, 11, 13, 15, 17, 19]);
      expect((await overlays([3, 5])).map((row) => row?.content)).toEqual([undefined, "edited 5"]);
    });

    test("trims nothing that no snapshot covers, nor the newest segment, nor an unknown log", async () => {
      await fill();
      await trim(4);
      await snapshot(3);
      await trim(4);
      expect(await firsts()).toHaveLength(10);
      await snapshot(20);
      await trim(20);
      await trim(19);
      expect(await firsts()).toHaveLength(10);
      const other = ask<true>((done) => journal().trim(logOf("nowhere"), 5, [], done));
      journal().flush();
      expect(await other).toBe(true);
    });

    test("goes on after a trim: appends, the lock, a second trim, a new activation", async () => {
      await fill();
      await snapshot(20);
      await trim(10);
      await trim(10);
      expect(await appendNow(journal(), LOG, segment(21, 2))).toBe("written");
      expect(await appendNow(journal(), LOG, segment(21, 2, { batchId: "mine" }))).toBe("fenced");
      harness = await harness.reopen();
      expect((await tail()).segments.map((one) => one.firstSeq)).toEqual([21]);
      await trim(12);
      expect(await firsts()).toEqual([13, 15, 17, 19, 21]);
      expect(await appendNow(journal(), LOG, segment(23))).toBe("written");
      expect((await range(1, 14)).map((one) => one.firstSeq)).toEqual([13]);
      expect(await firsts(1, 9)).toEqual([]);
    });

    test("puts other entries into the place of some segments and leaves all else as it was", async () => {
      await fill();
      const before = await range(1, 1_000);
      const changed = [before[0], before[4], before[9]].flatMap((one) =>
        one === undefined ? [] : [{ ...one, entries: bytesOf(99, 12) }],
      );
      expect(await rewrite(changed)).toBe(true);
      const expected = before.map((one) => changed.find(({ firstSeq }) => firstSeq === one.firstSeq) ?? one);
      expect((await range(1, 1_000)).map(plain)).toEqual(expected.map(plain));
      harness = await harness.reopen();
      expect((await range(1, 1_000)).map(plain)).toEqual(expected.map(plain));
      expect((await overlays([1])).map((row) => row?.content)).toEqual(["edited 1"]);
      expect(await appendNow(journal(), LOG, segment(21))).toBe("written");
      expect(await appendNow(journal(), LOG, segment(9, 2))).toBe("written");
      expect(await appendNow(journal(), LOG, segment(9, 2, { batchId: "mine" }))).toBe("fenced");
    });

    test("rewrites nothing where another batch stands, and makes no segment where there is none", async () => {
      await fill();
      const [first] = await range(1, 2);
      if (first === undefined) throw new Error("nothing there");
      expect(await rewrite([{ ...first, batchId: "another", entries: bytesOf(1, 3) }, segment(21, 2)])).toBe(false);
      expect((await range(1, 2)).map(plain)).toEqual([plain(first)]);
      expect(await firsts()).toHaveLength(10);
    });

    test("rewrites nothing that somebody else has rewritten since it was read", async () => {
      await fill();
      const before = await range(1, 4);
      const [first, second] = before;
      if (first === undefined || second === undefined) throw new Error("nothing there");
      expect(await rewrite([{ ...first, entries: bytesOf(5, 9) }], before)).toBe(true);
      const both = [first, second].map((one) => ({ ...one, entries: bytesOf(6, 4) }));
      expect(await rewrite(both, before)).toBe(false);
      expect((await range(1, 4)).map(({ entries }) => entries.length)).toEqual([9, 4]);
    });

    test("cleans what was rewritten, and goes on", async () => {
      await fill();
      const before = await range(1, 1_000);
      await rewrite(before.map((one) => ({ ...one, entries: bytesOf(7, 5) })));
      for (const log of [LOG, undefined]) {
        const cleaned = ask<"clean" | "too_large">((done) =>
          journal().clean(log, [{ collection: "names", isMeant: () => true }], done),
        );
        journal().flush();
        expect(await cleaned).toBe("clean");
      }
      expect(await appendNow(journal(), LOG, segment(21, 2))).toBe("written");
      expect((await range(1, 1_000)).map((one) => one.entries.length)).toEqual([...Array(10).fill(5), 41]);
      harness = await harness.reopen();
      expect(await firsts()).toHaveLength(11);
    });

    test("lists all logs, and those of one tenant", async () => {
      const other: LogKey = { ...logOf("room-9"), tenant: "umbra" as LogKey["tenant"] };
      for (const log of [LOG, logOf("room-2"), other]) await fill(log);
      harness = await harness.reopen();
      const listed = async (tenant?: typeof TENANT) => {
        const found: ListedLog[] = [];
        let after: string | undefined;
        do {
          const query = { limit: 2, ...(tenant && { tenant }), ...(after !== undefined && { after }) };
          const page = await ask<LogPage>((done) => harness.projections.listLogs(query, done));
          found.push(...page.logs);
          after = page.next;
        } while (after !== undefined);
        expect(found.every(({ card: known }) => known?.settings.name === "A room")).toBe(true);
        return found.map(({ log }) => `${log.tenant}/${log.room}#${log.incarnation}`).sort();
      };
      expect(await listed()).toEqual(["acme/room-1#1", "acme/room-2#1", "umbra/room-9#1"]);
      expect(await listed(TENANT)).toEqual(["acme/room-1#1", "acme/room-2#1"]);
    });

    test("forgets a person and their marks, and nobody else's", async () => {
      await fill();
      const { projections } = harness;
      const mark = (name: string): Mark => {
        return { tenant: TENANT, room: LOG.room, userId: user(name), readSeq: 3, readNo: 3, deliveredSeq: 4 };
      };
      await ask<true>((done) => projections.writeMarks([mark("ada"), mark("bob")], done));
      for (const name of ["ada", "bob"]) {
        await ask<true>((done) => projections.writeUser(TENANT, { userId: user(name), lastSeen: 5 }, done));
      }
      expect(await ask<number>((done) => projections.forgetUser(TENANT, user("ada"), done))).toBe(2);
      expect(await ask<number>((done) => projections.forgetUser(TENANT, user("ada"), done))).toBe(0);
      const marks = await ask<readonly (Mark | null)[]>((done) =>
        projections.readMarks(TENANT, LOG.room, [user("ada"), user("bob")], done),
      );
      expect(marks.map((one) => one?.readSeq)).toEqual([undefined, 3]);
      expect(await ask((done) => projections.readUser(TENANT, user("ada"), done))).toBeNull();
      expect(await ask((done) => projections.readUser(TENANT, user("bob"), done))).not.toBeNull();
    });
  });
}
