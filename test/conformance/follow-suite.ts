/** What every adapter of the followers' port must do: positions that move once, and lists that forget no log. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { FollowStore, KnownLog, LogPage } from "../../src/storage/follow-store.ts";
import { nameOfLog } from "../../src/storage/follow-store.ts";
import type { Journal, LogKey } from "../../src/storage/journal.ts";
import { appendNow, ask, card, LOG, logOf, member, segment } from "./harness.ts";

export interface FollowHarness {
  readonly journal: Journal;
  readonly store: FollowStore;
  /** Closes the followers' side, as when its thread is lost, and opens it anew. */
  reopen(): Promise<FollowStore>;
  close(): Promise<void>;
}

export function followConformance(name: string, open: () => Promise<FollowHarness>): void {
  describe(`${name}: followers`, () => {
    let harness: FollowHarness;
    let store: FollowStore;
    beforeEach(async () => {
      harness = await open();
      store = harness.store;
    });
    afterEach(() => harness.close());

    const positions = (logs: readonly LogKey[], consumer = "search") =>
      ask<readonly number[]>((done) => store.positions(consumer, logs, done));
    const move = (log: LogKey, from: number, to: number, consumer = "search") =>
      ask<string>((done) => store.move(consumer, log, from, to, done));
    const all = async (list: "openLogs" | "allLogs", limit = 2): Promise<ReadonlyMap<string, KnownLog>> => {
      const found = new Map<string, KnownLog>();
      let after: string | undefined;
      do {
        const page: LogPage = await ask<LogPage>((done) => store[list](after, limit, done));
        for (const known of page.logs) found.set(nameOfLog(known.log), known);
        after = page.next;
      } while (after !== undefined);
      return found;
    };

    test("a position begins at 0 and moves only from where it stands", async () => {
      await appendNow(harness.journal, LOG, segment(1, 9), [card()]);
      expect(await positions([LOG, logOf("nobody")])).toEqual([0, 0]);
      expect(await move(LOG, 0, 5)).toBe("moved");
      expect(await move(LOG, 0, 7)).toBe("conflict");
      expect(await positions([logOf("nobody"), LOG])).toEqual([0, 5]);
      expect(await move(LOG, 5, 9)).toBe("moved");
      expect(await move(LOG, 9, 0)).toBe("moved");
      expect(await move(LOG, 0, 3)).toBe("moved");
      expect(await positions([LOG])).toEqual([3]);
    });

    test("of two that move at once from the same place one is told", async () => {
      await appendNow(harness.journal, LOG, segment(1, 9), [card()]);
      const outcomes = await Promise.all([move(LOG, 0, 4), move(LOG, 0, 6)]);
      expect(outcomes.toSorted()).toEqual(["conflict", "moved"]);
    });

    test("positions of consumers, logs and incarnations stand apart, and outlive the thread", async () => {
      const [other, again] = [logOf("other"), logOf("room-1", 2)];
      for (const log of [LOG, other, again]) await appendNow(harness.journal, log, segment(1, 9), [card()]);
      await move(LOG, 0, 1);
      await move(other, 0, 2);
      await move(again, 0, 3);
      await move(LOG, 0, 4, "webhooks");
      store = await harness.reopen();
      expect(await positions([LOG, other, again])).toEqual([1, 2, 3]);
      expect(await positions([LOG, other], "webhooks")).toEqual([4, 0]);
    });

    test("what was written to is open, with its head where that is known, page by page", async () => {
      const logs = Array.from({ length: 7 }, (_, i) => logOf(`room-${i}`));
      for (const [i, log] of logs.entries()) await appendNow(harness.journal, log, segment(1, i + 1), [card()]);
      const known = await all("openLogs");
      expect([...known.keys()].toSorted()).toEqual(logs.map(nameOfLog).toSorted());
      for (const [i, log] of logs.entries()) expect([undefined, i + 1]).toContain(known.get(nameOfLog(log))?.head);
    });

    test("every log is listed, whether anybody is behind in it or not", async () => {
      const logs = Array.from({ length: 5 }, (_, i) => logOf(`room-${i}`));
      for (const log of logs) await appendNow(harness.journal, log, segment(1), [card(), member("ada")]);
      for (const known of (await all("openLogs")).values()) {
        await ask<true>((done) => store.closeLog(known, done));
      }
      expect([...(await all("allLogs")).keys()].toSorted()).toEqual(logs.map(nameOfLog).toSorted());
    });
  });
}
