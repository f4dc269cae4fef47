/** What dead nodes leave in the cluster's table, and who clears it away. */
import { describe, expect, test } from "bun:test";
import { DynamoDirectory } from "../../../../src/cluster/dynamodb/dynamo-directory.ts";
import { DynamoMembership } from "../../../../src/cluster/dynamodb/dynamo-membership.ts";
import type { NodeInfo } from "../../../../src/cluster/membership.ts";
import { change, connection, nodeInfo, TENANT } from "../../../conformance/cluster-harness.ts";
import { virtualTable } from "./virtual-table.ts";

const BEAT = { ttlMs: 6_000, timeoutMs: 1_500 };
const LEASE_MS = 35_000;

describe("registrations of dead nodes", () => {
  function registry() {
    const { clock, calls, table, pass, clockAhead } = virtualTable();
    const beat = async (port: DynamoMembership, self: NodeInfo): Promise<readonly string[]> => {
      let names: readonly string[] = [];
      port.beat(self, BEAT, (answer) => {
        names = answer.ok ? answer.reading.nodes.map((node): string => node.id).sort() : ["unavailable"];
      });
      await pass(1_000);
      return names;
    };
    return {
      calls,
      pass,
      beat,
      join: (aheadMs = 0) => new DynamoMembership(table, aheadMs === 0 ? clock : clockAhead(aheadMs)),
    };
  }

  test("are gone from readings after their time to live and from the table some time later", async () => {
    const { calls, beat, join } = registry();
    const [here, there] = [join(), join()];
    await beat(there, nodeInfo("bob.1"));
    expect(await beat(here, nodeInfo("ada.1"))).toEqual(["ada.1", "bob.1"]);
    for (let beats = 0; beats < 6; beats += 1) await beat(here, nodeInfo("ada.1"));
    expect(await beat(here, nodeInfo("ada.1"))).toEqual(["ada.1"]);
    expect(calls.keysOf("NODES")).toContain("node#bob.1");
    for (let beats = 0; beats < 60; beats += 1) await beat(here, nodeInfo("ada.1"));
    expect(calls.keysOf("NODES")).toEqual(["generation#", "node#ada.1"]);
  });

  test("nodes whose clocks are a day apart see one another from their second beat on, always", async () => {
    const { beat, join } = registry();
    const day = 24 * 3_600_000;
    const nodes = [join(-day), join(), join(day)].map((port, index) => ({ port, self: nodeInfo(`n${index}.1`) }));
    for (let beats = 0; beats < 100; beats += 1) {
      for (const { port, self } of nodes) {
        const names = await beat(port, self);
        if (beats >= 2) expect(names).toEqual(["n0.1", "n1.1", "n2.1"]);
      }
    }
  });

  test("after DynamoDB was away for all, nobody takes the others for dead", async () => {
    const { calls, pass, beat, join } = registry();
    const [here, there] = [join(), join()];
    for (let beats = 0; beats < 5; beats += 1) {
      await beat(here, nodeInfo("ada.1"));
      await beat(there, nodeInfo("bob.1"));
    }
    calls.fault = () => ({ error: "unavailable", isDone: false });
    await pass(60_000);
    calls.fault = () => undefined;
    // The first one back sees what the other one wrote a minute ago.
    expect(await beat(here, nodeInfo("ada.1"))).toEqual(["ada.1", "bob.1"]);
    expect(await beat(there, nodeInfo("bob.1"))).toEqual(["ada.1", "bob.1"]);
  });
});

describe("connections of dead nodes", () => {
  const ADA = nodeInfo("ada.1").id;
  const BOB = nodeInfo("bob.1").id;

  function directory() {
    const { clock, calls, table, pass } = virtualTable();
    const write = async (port: DynamoDirectory, node: typeof ADA, opened: readonly string[]): Promise<unknown> => {
      let answer: unknown;
      const records = opened.map((id) => connection(id, node));
      port.write(node, change({ opened: records }), LEASE_MS, (given) => {
        answer = given;
      });
      await pass(1_000);
      return answer;
    };
    const rows = (): number => [...calls.items.values()].filter((item) => item["pk"]?.S?.startsWith("C#")).length;
    const leases = (): number => calls.keysOf("LEASES").length;
    return { calls, pass, write, rows, leases, open: () => new DynamoDirectory(table, clock) };
  }
  const known = (isKnown: boolean) => ({ ok: true, value: { known: isKnown } });

  test("are removed with their lease by a node that lives, in some minutes", async () => {
    const { write, rows, leases, open } = directory();
    const [here, there] = [open(), open()];
    await write(there, BOB, ["c1", "c2"]);
    await write(here, ADA, ["c3"]);
    expect([rows(), leases()]).toEqual([3, 2]);
    for (let seconds = 0; seconds < 7 * 35; seconds += 1) expect(await write(here, ADA, [])).toEqual(known(true));
    expect([rows(), leases()]).toEqual([1, 1]);
  });

  test("do not hide those of a node that lost its lease and took another", async () => {
    const { calls, write, rows, leases, open } = directory();
    const here = open();
    await write(here, ADA, ["c1", "c2"]);
    calls.fault = (call) => (call === "update" ? { error: "unavailable", isDone: false } : undefined);
    expect(await write(here, ADA, ["c2"])).toEqual(known(false));
    calls.fault = () => undefined;
    let found: unknown;
    here.count(TENANT, (answer) => {
      found = answer;
    });
    for (let seconds = 0; seconds < 7 * 35; seconds += 1) await write(here, ADA, []);
    expect(found).toEqual({ ok: true, value: { connections: 1, users: 1 } });
    expect([rows(), leases()]).toEqual([1, 1]);
  });

  test("whatever was not written for sure is written under a new lease", async () => {
    const { calls, write, open } = directory();
    const here = open();
    await write(here, ADA, ["c1"]);
    calls.fault = (call) => (call === "writeAll" ? { error: "unavailable", isDone: true } : undefined);
    expect(await write(here, ADA, ["c2"])).toEqual({ ok: false, error: "unavailable" });
    calls.fault = () => undefined;
    expect(await write(here, ADA, [])).toEqual(known(false));
  });
});
