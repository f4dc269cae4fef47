/** What every adapter of the registry of nodes must do, in the words of the port. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Membership } from "../../src/cluster/membership.ts";
import { inTime, keepsTo } from "../support/in-time.ts";
import { beat, type ClusterHarness, namesOf, nodeInfo, read, TEST_MS_MAX, until } from "./cluster-harness.ts";

const SHORT_MS = 400;
const nothing = async (): Promise<void> => undefined;

export function membershipConformance(name: string, open: () => Promise<ClusterHarness<Membership>>): void {
  describe(`${name}: membership`, () => {
    let harness: ClusterHarness<Membership>;
    let here: Membership;
    let there: Membership;
    const ada = nodeInfo("ada.1");
    const bob = nodeInfo("bob.1");

    beforeEach(async () => {
      harness = await open();
      here = await harness.open();
      there = await harness.open();
    }, TEST_MS_MAX);
    afterEach(async () => {
      await harness.close();
    }, TEST_MS_MAX);

    const it = (what: string, run: () => Promise<void>) => test(what, run, TEST_MS_MAX);

    it("a beat reads the node that asks, as it said of itself", async () => {
      const self = nodeInfo("knoten-1.x9", { instance: 'Küche "1" 厨房', shards: 13, address: "", startedAt: 17 });
      expect((await read(here, self)).nodes).toEqual([self]);
    });

    it("nodes read one another", async () => {
      await read(here, ada);
      expect(namesOf(await read(there, bob))).toEqual(["ada.1", "bob.1"]);
      expect((await read(here, ada)).nodes.find((node) => node.id === bob.id)).toEqual(bob);
    });

    it("what a node says of itself last is what is read", async () => {
      await read(here, ada);
      const moved = nodeInfo("ada.1", { address: "http://10.0.0.9:1", shards: 5, leaving: true });
      await read(here, moved);
      expect((await read(there, bob)).nodes.find((node) => node.id === ada.id)).toEqual(moved);
    });

    it("a hundred nodes that come at once are all read", async () => {
      const names = Array.from({ length: 100 }, (_, index) => `node-${String(index).padStart(3, "0")}.b`);
      await Promise.all(names.map((each, index) => read(index % 2 === 0 ? here : there, nodeInfo(each))));
      expect(namesOf(await read(here, nodeInfo(names[0] ?? "")))).toEqual(names);
    });

    it("a node that is not heard of for its time to live is gone, one that is renewed stays", async () => {
      const names = await inTime(SHORT_MS, nothing, async () => {
        await read(there, bob, SHORT_MS);
        await read(there, nodeInfo("cem.1"), SHORT_MS);
        await read(there, nodeInfo("cem.1"), 60_000);
        return namesOf(await read(here, ada));
      });
      expect(names).toEqual(["ada.1", "bob.1", "cem.1"]);
      await until("bob is gone", async () => !namesOf(await read(here, ada)).includes("bob.1"));
      expect(namesOf(await read(here, ada))).toEqual(["ada.1", "cem.1"]);
    });

    it("a node that beats is there for longer than one time to live", async () => {
      const startMs = performance.now();
      await until("five times to live have passed", async () => {
        expect(namesOf(await read(here, ada, SHORT_MS * 2))).toContain("ada.1");
        return performance.now() - startMs > SHORT_MS * 5;
      });
      const names = await inTime(SHORT_MS * 2, nothing, async () => {
        await read(here, ada, SHORT_MS * 2);
        return namesOf(await read(there, bob));
      });
      expect(names).toContain("ada.1");
    });

    it("a node that expired is there again with its next beat", async () => {
      await read(there, bob, SHORT_MS);
      await until("bob is gone", async () => !namesOf(await read(here, ada)).includes("bob.1"));
      expect(namesOf(await read(there, bob))).toContain("bob.1");
      expect(namesOf(await read(here, ada))).toContain("bob.1");
    });

    it("a node that leaves is gone at once, and may come back", async () => {
      await read(there, bob);
      await new Promise<void>((resolve) => there.leave(bob, resolve));
      expect(namesOf(await read(here, ada))).toEqual(["ada.1"]);
      await read(there, bob);
      expect(namesOf(await read(here, ada))).toEqual(["ada.1", "bob.1"]);
    });

    it("leaving is answered also for a node that never was there", async () => {
      await read(here, ada);
      await new Promise<void>((resolve) => there.leave(bob, resolve));
      expect(namesOf(await read(here, ada))).toEqual(["ada.1"]);
    });

    it("nodes that come at once to an empty registry read one generation, and it stays", async () => {
      const infos = ["a.1", "b.1", "c.1", "d.1", "e.1", "f.1"].map((each) => nodeInfo(each));
      const first = await Promise.all(infos.map((info, index) => read(index % 2 === 0 ? here : there, info)));
      const second = await Promise.all(infos.map((info) => read(here, info)));
      expect(new Set([...first, ...second].map((reading) => reading.generation)).size).toBe(1);
      expect(first[0]?.generation).not.toBe("");
    });

    it("the generation outlives the last node", async () => {
      const { generation } = await read(here, ada, SHORT_MS);
      await new Promise<void>((resolve) => here.leave(ada, resolve));
      expect((await read(there, bob)).generation).toBe(generation);
    });

    it("a registry that was emptied has another generation, each time and for everybody", async () => {
      const generations = [(await read(here, ada)).generation];
      for (let round = 0; round < 3; round += 1) {
        await harness.flush();
        const reading = await read(here, ada);
        expect(namesOf(reading)).toEqual(["ada.1"]);
        expect((await read(there, bob)).generation).toBe(reading.generation);
        generations.push(reading.generation);
      }
      expect(new Set(generations).size).toBe(4);
    });

    it("a beat is answered once, and never from within the call", async () => {
      let answers = 0;
      here.beat(ada, { ttlMs: 60_000, timeoutMs: 5_000 }, () => {
        answers += 1;
      });
      expect(answers).toBe(0);
      await until("it is answered", () => answers > 0);
      await read(here, ada);
      expect(answers).toBe(1);
      let isWithin = true;
      const left = new Promise<boolean>((resolve) => here.leave(ada, () => resolve(isWithin)));
      isWithin = false;
      expect(await left).toBe(false);
    });

    it("a beat may be called from within an answer", async () => {
      const names = await new Promise<readonly string[]>((resolve, reject) => {
        here.beat(ada, { ttlMs: 60_000, timeoutMs: 5_000 }, () => {
          read(here, bob).then((reading) => resolve(namesOf(reading)), reject);
        });
      });
      expect(names).toEqual(["ada.1", "bob.1"]);
    });

    it("a silent registry is unavailable after the time, not later, and there again when it answers", async () => {
      const { generation } = await read(here, ada);
      await harness.silence(true);
      await keepsTo(3_000, async () => {
        const startMs = performance.now();
        const answers = await Promise.all([beat(here, ada, 60_000, 300), beat(here, bob, 60_000, 600)]);
        expect(answers).toEqual([
          { ok: false, error: "unavailable" },
          { ok: false, error: "unavailable" },
        ]);
        return performance.now() - startMs;
      });
      await new Promise<void>((resolve) => here.leave(bob, resolve));
      await harness.silence(false);
      await until("it answers again", async () => (await beat(here, ada, 60_000, 1_000)).ok);
      expect((await read(here, ada)).generation).toBe(generation);
    });
  });
}
