/** What every adapter of the directory of connections must do, in the words of the port. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { TenantId, UserId } from "../../src/base/ids.ts";
import type { NodeId } from "../../src/cluster/membership.ts";
import type {
  ConnectionRecord,
  DirectoryAnswer,
  DirectoryChange,
  OnlineUser,
  PresenceDirectory,
} from "../../src/cluster/presence-directory.ts";
import {
  asked,
  type ClusterHarness,
  change,
  connection,
  nodeId,
  TENANT,
  TEST_MS_MAX,
  until,
  user,
} from "./cluster-harness.ts";

const LONG_MS = 60_000;
const SHORT_MS = 500;

export function directoryConformance(name: string, open: () => Promise<ClusterHarness<PresenceDirectory>>): void {
  describe(`${name}: directory`, () => {
    let harness: ClusterHarness<PresenceDirectory>;
    let here: PresenceDirectory;
    let there: PresenceDirectory;
    const nodeA = nodeId("a.1");
    const nodeB = nodeId("b.1");

    beforeEach(async () => {
      harness = await open();
      here = await harness.open();
      there = await harness.open();
    }, TEST_MS_MAX);
    afterEach(async () => {
      await harness.close();
    }, TEST_MS_MAX);

    const it = (what: string, run: () => Promise<void>) => test(what, run, TEST_MS_MAX);

    const write = (node: NodeId, changes: Partial<DirectoryChange>, leaseMs = LONG_MS) =>
      asked<{ readonly known: boolean }>((done) => here.write(node, change(changes), leaseMs, done));
    const open_ = (...opened: ConnectionRecord[]) => write(opened[0]?.node ?? nodeA, { opened });
    const connectionsOf = (userId = user("ada"), tenant = TENANT) =>
      asked<readonly ConnectionRecord[]>((done) => there.connectionsOf(tenant, userId, done));
    const idsOf = async (userId?: UserId, tenant?: TenantId) =>
      (await connectionsOf(userId, tenant)).map((record): string => record.connectionId).sort();
    const online = (page: { readonly after?: UserId; readonly limit: number } = { limit: 100 }, tenant = TENANT) =>
      asked<readonly OnlineUser[]>((done) => there.onlineUsers(tenant, page, done));
    const count = (tenant = TENANT) =>
      asked<{ readonly connections: number; readonly users: number }>((done) => there.count(tenant, done));
    const forget = (node: NodeId) => new Promise<void>((resolve) => here.forget(node, resolve));

    it("a connection that was opened is found with all that was said of it", async () => {
      const one = connection("c1", nodeA, { userAgent: "ü".repeat(200), connectedAt: 1_712_345_678_901 });
      const other = connection("c2", nodeA, {
        userAgent: "",
        address: "",
        transport: "",
        userId: user("o'neil@example.org|+1"),
      });
      await open_(one, other);
      expect(await connectionsOf()).toEqual([one]);
      expect(await connectionsOf(other.userId)).toEqual([other]);
      expect(await connectionsOf(user("nobody"))).toEqual([]);
    });

    it("a user's connections are found on all nodes", async () => {
      await open_(connection("c1", nodeA), connection("c2", nodeA));
      await open_(connection("c3", nodeB));
      expect(await idsOf()).toEqual(["c1", "c2", "c3"]);
      expect((await connectionsOf()).find((record) => record.connectionId === "c3")?.node).toBe(nodeB);
      expect(await online()).toEqual([{ userId: user("ada"), status: "online", devices: 3 }]);
      expect(await count()).toEqual({ connections: 3, users: 1 });
    });

    it("a connection that was closed is gone, the user with the last one", async () => {
      const [c1, c2, c3] = [connection("c1", nodeA), connection("c2", nodeA), connection("c3", nodeB)];
      await open_(c1, c2);
      await open_(c3);
      await write(nodeA, { closed: [c1] });
      expect(await idsOf()).toEqual(["c2", "c3"]);
      await write(nodeB, { closed: [c3] });
      expect(await online()).toEqual([{ userId: user("ada"), status: "online", devices: 1 }]);
      await write(nodeA, { closed: [c2] });
      expect(await connectionsOf()).toEqual([]);
      expect(await online()).toEqual([]);
      expect(await count()).toEqual({ connections: 0, users: 0 });
    });

    it("one that is opened and one that is closed twice count once", async () => {
      const [c1, c2] = [connection("c1", nodeA), connection("c2", nodeA)];
      for (let round = 0; round < 2; round += 1) await open_(c1, c2);
      expect(await count()).toEqual({ connections: 2, users: 1 });
      for (let round = 0; round < 2; round += 1) await write(nodeA, { closed: [c1] });
      await write(nodeA, { closed: [connection("never", nodeA)] });
      expect(await count()).toEqual({ connections: 1, users: 1 });
      expect(await online()).toEqual([{ userId: user("ada"), status: "online", devices: 1 }]);
    });

    it("one write opens and closes", async () => {
      const [c1, c2] = [connection("c1", nodeA), connection("c2", nodeA, { userId: user("bob") })];
      await open_(c1);
      await write(nodeA, { opened: [c2], closed: [c1] });
      expect((await online()).map((each): string => each.userId)).toEqual(["bob"]);
    });

    it("the status that a user chose last is shown; who chose none is online", async () => {
      const people = ["ann", "bob", "cem", "dan", "eve"].map(user);
      await open_(...people.map((userId, index) => connection(`c${index}`, nodeA, { userId })));
      const statuses = (["away", "busy", "offline", "online"] as const).map((status, index) => {
        return { tenant: TENANT, userId: people[index] ?? user("?"), status };
      });
      await write(nodeA, { statuses });
      expect((await online()).map((each) => each.status)).toEqual(["away", "busy", "offline", "online", "online"]);
      await open_(connection("c9", nodeB, { userId: user("ann") }));
      await write(nodeB, { statuses: [{ tenant: TENANT, userId: user("ann"), status: "busy" }] });
      expect((await online({ limit: 1 }))[0]).toEqual({ userId: user("ann"), status: "busy", devices: 2 });
    });

    it("a status may come with the connection", async () => {
      await write(nodeA, {
        opened: [connection("c1", nodeA)],
        statuses: [{ tenant: TENANT, userId: user("ada"), status: "away" }],
      });
      expect(await online()).toEqual([{ userId: user("ada"), status: "away", devices: 1 }]);
    });

    it("tenants do not see one another", async () => {
      const other = "other" as TenantId;
      await open_(connection("c1", nodeA), connection("c2", nodeA, { tenant: other }), connection("c3", nodeA));
      await write(nodeA, { statuses: [{ tenant: other, userId: user("ada"), status: "busy" }] });
      expect([await idsOf(), await idsOf(user("ada"), other)]).toEqual([["c1", "c3"], ["c2"]]);
      expect(await count()).toEqual({ connections: 2, users: 1 });
      expect(await online({ limit: 9 }, other)).toEqual([{ userId: user("ada"), status: "busy", devices: 1 }]);
      expect(await online()).toEqual([{ userId: user("ada"), status: "online", devices: 2 }]);
      expect(await count("nobody" as TenantId)).toEqual({ connections: 0, users: 0 });
    });

    it("users are paged in the order of their ids, none twice and none left out", async () => {
      const names = Array.from({ length: 130 }, (_, index) => `u${index}`).concat([
        "Z",
        "a",
        "A-b",
        "10",
        "9",
        "~",
        "!",
      ]);
      await open_(...names.map((each, index) => connection(`c${index}`, nodeA, { userId: user(each) })));
      await open_(...names.slice(0, 40).map((each, index) => connection(`d${index}`, nodeB, { userId: user(each) })));
      const seen: string[] = [];
      for (let page = await online({ limit: 25 }); page.length > 0; ) {
        expect(page.length).toBeLessThanOrEqual(25);
        seen.push(...page.map((each): string => each.userId));
        page = await online({ after: user(seen.at(-1) ?? ""), limit: 25 });
      }
      expect(seen).toEqual(names.toSorted());
      expect(await count()).toEqual({ connections: names.length + 40, users: names.length });
    });

    it("a page begins after an id that need not be there", async () => {
      await open_(...["ann", "cem", "eve"].map((each) => connection(`c-${each}`, nodeA, { userId: user(each) })));
      expect((await online({ after: user("bob"), limit: 1 })).map((each): string => each.userId)).toEqual(["cem"]);
      expect(await online({ after: user("zoe"), limit: 5 })).toEqual([]);
    });

    it("a write of 500 connections is there as a whole", async () => {
      const records = Array.from({ length: 500 }, (_, index) =>
        connection(`c${index}`, nodeA, { userId: user(`u${index % 50}`) }),
      );
      await open_(...records);
      expect(await count()).toEqual({ connections: 500, users: 50 });
      expect(await idsOf(user("u7"))).toHaveLength(10);
      await write(nodeA, { closed: records.slice(1) });
      expect(await count()).toEqual({ connections: 1, users: 1 });
    });

    it("a node's lease is unknown at first, then known", async () => {
      expect(await write(nodeA, {})).toEqual({ known: false });
      expect(await write(nodeA, {})).toEqual({ known: true });
      expect(await write(nodeB, {})).toEqual({ known: false });
    });

    it("a node whose lease is over is left out, with all that it wrote; the others stay", async () => {
      await write(
        nodeA,
        { opened: [connection("c1", nodeA), connection("c2", nodeA, { userId: user("bob") })] },
        SHORT_MS,
      );
      await open_(connection("c3", nodeB));
      await until("its connections are gone", async () => (await count()).connections === 1);
      expect(await idsOf()).toEqual(["c3"]);
      expect(await connectionsOf(user("bob"))).toEqual([]);
      expect(await online()).toEqual([{ userId: user("ada"), status: "online", devices: 1 }]);
      expect(await count()).toEqual({ connections: 1, users: 1 });
    });

    it("users of a dead node do not use up the places of a page", async () => {
      const dead = Array.from({ length: 60 }, (_, index) =>
        connection(`d${index}`, nodeA, { userId: user(`a${index}`) }),
      );
      const live = Array.from({ length: 12 }, (_, index) =>
        connection(`l${index}`, nodeB, { userId: user(`b${index}`) }),
      );
      await write(nodeA, { opened: dead }, SHORT_MS * 4);
      await open_(...live);
      await until("the dead are gone", async () => (await count()).users === live.length);
      const page = await online({ limit: 10 });
      expect(page.map((each): string => each.userId)).toEqual(
        live
          .map((record): string => record.userId)
          .toSorted()
          .slice(0, 10),
      );
    });

    it("a lease that is renewed goes on without new entries", async () => {
      const leaseMs = SHORT_MS * 2;
      /** `undefined`: the machine was too busy to renew it in time. */
      const renewed = async (): Promise<readonly string[] | undefined> => {
        await write(nodeA, { opened: [connection("c1", nodeA)] }, leaseMs);
        const startMs = performance.now();
        for (let lastMs = startMs; ; lastMs = performance.now()) {
          const { known } = await write(nodeA, {}, leaseMs);
          const ids = await idsOf();
          if (performance.now() - lastMs >= leaseMs) return undefined;
          expect(known).toBe(true);
          if (lastMs - startMs > SHORT_MS * 5) return ids;
        }
      };
      let ids: readonly string[] | undefined;
      await until("it was renewed each time", async () => {
        ids = await renewed();
        return ids !== undefined;
      });
      expect(ids).toEqual(["c1"]);
    });

    it("after its lease was over a node is unknown, and what it wrote before does not come back", async () => {
      await write(nodeA, { opened: [connection("c1", nodeA), connection("c2", nodeA)] }, SHORT_MS);
      await until("its connections are gone", async () => (await count()).connections === 0);
      expect(await write(nodeA, {})).toEqual({ known: false });
      expect(await connectionsOf()).toEqual([]);
      expect(await count()).toEqual({ connections: 0, users: 0 });
      expect(await write(nodeA, { opened: [connection("c2", nodeA)] })).toEqual({ known: true });
      expect(await idsOf()).toEqual(["c2"]);
      expect(await online()).toEqual([{ userId: user("ada"), status: "online", devices: 1 }]);
    });

    it("after the store was emptied a node is unknown, and can write everything again", async () => {
      await open_(connection("c1", nodeA));
      await harness.flush();
      expect(await connectionsOf()).toEqual([]);
      expect(await write(nodeA, {})).toEqual({ known: false });
      await open_(connection("c1", nodeA));
      expect(await idsOf()).toEqual(["c1"]);
      expect(await count()).toEqual({ connections: 1, users: 1 });
    });

    it("a node that is forgotten takes its entries with it and no others", async () => {
      await open_(connection("c1", nodeA), connection("c2", nodeA, { userId: user("bob") }));
      await open_(connection("c3", nodeB));
      await forget(nodeA);
      expect(await idsOf()).toEqual(["c3"]);
      expect(await online()).toEqual([{ userId: user("ada"), status: "online", devices: 1 }]);
      expect(await write(nodeA, {})).toEqual({ known: false });
      await forget(nodeA);
      await forget(nodeId("never.1"));
      expect(await count()).toEqual({ connections: 1, users: 1 });
    });

    it("a node is forgotten also after its lease was over", async () => {
      await write(nodeA, { opened: [connection("c1", nodeA)] }, SHORT_MS);
      await open_(connection("c2", nodeB));
      await until("its connections are gone", async () => (await count()).connections === 1);
      await forget(nodeA);
      expect(await idsOf()).toEqual(["c2"]);
      expect(await count()).toEqual({ connections: 1, users: 1 });
    });

    it("every answer comes once, and never from within the call", async () => {
      let isWithin = true;
      const answers: boolean[] = [];
      const note = () => answers.push(isWithin);
      here.write(nodeA, change({ opened: [connection("c1", nodeA)] }), LONG_MS, note);
      here.connectionsOf(TENANT, user("ada"), note);
      here.onlineUsers(TENANT, { limit: 1 }, note);
      here.count(TENANT, note);
      here.forget(nodeB, note);
      isWithin = false;
      await until("all are answered", () => answers.length >= 5);
      await count();
      expect(answers).toEqual([false, false, false, false, false]);
    });

    it("a silent store is unavailable, and what it kept is there again when it answers", async () => {
      await open_(connection("c1", nodeA));
      await harness.silence(true);
      type Any = (done: (answer: DirectoryAnswer<unknown>) => void) => void;
      const calls: readonly Any[] = [
        (done) => here.write(nodeB, change({ opened: [connection("c2", nodeB)] }), LONG_MS, done),
        (done) => here.connectionsOf(TENANT, user("ada"), done),
        (done) => there.onlineUsers(TENANT, { limit: 1 }, done),
        (done) => there.count(TENANT, done),
      ];
      const answers = await Promise.all(calls.map((call) => new Promise(call)));
      expect(answers).toEqual(calls.map(() => ({ ok: false, error: "unavailable" })));
      await forget(nodeB);
      await harness.silence(false);
      await until("it answers again", () => {
        return new Promise((resolve) => here.count(TENANT, (answer) => resolve(answer.ok)));
      });
      await open_(connection("c3", nodeB));
      await until("both nodes' connections are there", async () => {
        const ids = await idsOf();
        return ids.includes("c1") && ids.includes("c3");
      });
    });
  });
}
