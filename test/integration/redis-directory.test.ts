/** What the directory leaves behind in Redis, and how it counts where one script does not see everything. */
import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { SystemClock } from "../../src/base/clock.ts";
import type { TenantId } from "../../src/base/ids.ts";
import { DIRECTORY_COUNT_USERS_MAX, DIRECTORY_SCRIPT_ENTRIES_MAX } from "../../src/base/limits.ts";
import type { NodeId } from "../../src/cluster/membership.ts";
import type { ConnectionRecord } from "../../src/cluster/presence-directory.ts";
import { RedisDirectory } from "../../src/cluster/redis/redis-directory.ts";
import { asked, change, connection, nodeId, TENANT, TEST_MS_MAX, until, user } from "../conformance/cluster-harness.ts";
import { inTime } from "../support/in-time.ts";
import { type RedisUnderTest, redisIsThere, startSingleRedis } from "../support/redis-servers.ts";

setDefaultTimeout(TEST_MS_MAX);
const isThere = await redisIsThere();
const redisTest = test.skipIf(!isThere);
const clock = new SystemClock();
const nothing = async (): Promise<void> => undefined;
const [nodeA, nodeB] = [nodeId("a.1"), nodeId("b.1")];
let redis: RedisUnderTest;
let opened: RedisDirectory[] = [];

beforeAll(async () => {
  if (isThere) redis = await startSingleRedis();
});
afterAll(() => redis?.dispose());
beforeEach(async () => {
  for (const each of opened.splice(0)) each.close();
  opened = [];
  await redis?.flush();
});

function open(ttlMs = 60_000): RedisDirectory {
  const directory = new RedisDirectory({ settings: redis.settings(), clock, ttlMs });
  opened.push(directory);
  return directory;
}

function write(directory: RedisDirectory, node: NodeId, records: readonly ConnectionRecord[], leaseMs = 30_000) {
  return asked<{ readonly known: boolean }>((done) =>
    directory.write(node, change({ opened: records }), leaseMs, done),
  );
}

function count(directory: RedisDirectory, tenant = TENANT) {
  return asked<{ readonly connections: number; readonly users: number }>((done) => directory.count(tenant, done));
}

async function keys(pattern: string): Promise<readonly string[]> {
  return (await redis.servers[0]?.command("KEYS", pattern))?.split("\n").filter((key) => key !== "") ?? [];
}

redisTest("a read that finds an ended lease has all of that node's entries removed, whatever the tenant", async () => {
  const directory = open();
  const tenants = Array.from({ length: 250 }, (_, index) => `tenant-${index}` as TenantId);
  await write(
    directory,
    nodeA,
    tenants.map((tenant, index) => connection(`c${index}`, nodeA, { tenant })),
    50,
  );
  await write(directory, nodeB, [connection("d1", nodeB)]);
  expect((await keys("stoa:here:*")).length).toBeGreaterThan(250);
  // Another node asks about another tenant.
  const other = open();
  await until("only the living node's keys are there", async () => {
    await count(other, "nobody" as TenantId);
    return (await keys("stoa:here:*")).every((key) => key.includes("{acme}"));
  });
  expect(await keys("{stoa:leases}:of:*")).toHaveLength(1);
  expect(await count(other)).toEqual({ connections: 1, users: 1 });
});

redisTest(
  "without anybody who reads, entries are gone after their time to live, also with a longer lease",
  async () => {
    const ttlMs = 800;
    const directory = open(ttlMs);
    const counted = await inTime(ttlMs, nothing, async () => {
      await write(directory, nodeA, [connection("c1", nodeA)], 600_000);
      return count(directory);
    });
    expect(counted).toEqual({ connections: 1, users: 1 });
    await until("all keys of entries are gone", async () => (await keys("stoa:here:*")).length === 0);
    expect(await count(directory)).toEqual({ connections: 0, users: 0 });
  },
);

redisTest("entries of a quiet tenant live on as long as their node renews its lease", async () => {
  const directory = open(800);
  await write(directory, nodeA, [connection("c1", nodeA)]);
  const startMs = performance.now();
  await until("three times to live have passed", async () => {
    expect(await write(directory, nodeA, [])).toEqual({ known: true });
    return performance.now() - startMs > 2_400;
  });
  expect(await count(directory)).toEqual({ connections: 1, users: 1 });
});

redisTest("entries that were lost behind the node's back are noticed, and can be written anew", async () => {
  const directory = open(800);
  await write(directory, nodeA, [connection("c1", nodeA), connection("c2", nodeA)]);
  await redis.servers[0]?.command("DEL", ...(await keys("stoa:here:*")));
  expect(await write(directory, nodeA, [connection("c3", nodeA)])).toEqual({ known: false });
  await write(directory, nodeA, [connection("c1", nodeA), connection("c3", nodeA)]);
  expect(await count(directory)).toEqual({ connections: 2, users: 1 });
  // And without a write to that tenant, at the next look.
  await redis.servers[0]?.command("DEL", ...(await keys("stoa:here:*")));
  await until("the node is unknown", async () => !(await write(directory, nodeA, [])).known);
});

redisTest("users of two nodes are counted once each, also where one look does not see all", async () => {
  const directory = open();
  const of = (node: NodeId, from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => {
      const name = `u${String(from + index).padStart(6, "0")}`;
      return connection(`${node}-${name}`, node, { userId: user(name) });
    });
  const most = DIRECTORY_COUNT_USERS_MAX;
  await write(directory, nodeA, of(nodeA, 0, most + 300));
  await write(directory, nodeB, of(nodeB, 100, most + 400));
  expect(await count(directory)).toEqual({ connections: most * 2 + 600, users: most + 400 });
});

redisTest.each([DIRECTORY_SCRIPT_ENTRIES_MAX, DIRECTORY_SCRIPT_ENTRIES_MAX + 1])(
  "%d connections of one tenant open and close in one write each",
  async (most) => {
    const directory = open();
    const records = Array.from({ length: most }, (_, index) =>
      connection(`c${index}`, nodeA, { userId: user(`u${index}`) }),
    );
    await write(directory, nodeA, records);
    expect(await count(directory)).toEqual({ connections: most, users: most });
    const closed = change({ closed: records });
    expect(await asked<object>((done) => directory.write(nodeA, closed, 30_000, done))).toEqual({ known: true });
    expect(await keys("stoa:here:*")).toEqual([]);
  },
);
