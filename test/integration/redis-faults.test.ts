/**
 * The Redis adapters while a real Redis dies, forgets, hangs, refuses and is set back: what is reported, and that everything
 * works again without help. Losing messages is allowed; mixing them up is not.
 */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { SystemClock } from "../../src/base/clock.ts";
import type { NodeId } from "../../src/cluster/membership.ts";
import { RedisBus } from "../../src/cluster/redis/redis-bus.ts";
import { RedisDirectory } from "../../src/cluster/redis/redis-directory.ts";
import { RedisMembership } from "../../src/cluster/redis/redis-membership.ts";
import type { RedisSettings } from "../../src/cluster/redis/redis-options.ts";
import { TcpFaultProxy } from "../chaos/tcp-fault-proxy.ts";
import {
  asked,
  beat,
  change,
  connection,
  nodeId,
  nodeInfo,
  read,
  TENANT,
  TEST_MS_MAX,
  until,
  user,
} from "../conformance/cluster-harness.ts";
import {
  RedisServer,
  redisIsThere,
  startRedisCluster,
  startReplica,
  startSingleRedis,
} from "../support/redis-servers.ts";

setDefaultTimeout(TEST_MS_MAX);
const isThere = await redisIsThere();
const faultTest = test.skipIf(!isThere);
const clock = new SystemClock();
/** Detection and recovery that the engine's promises are built on, milliseconds, with room for a busy machine. */
const NOTICE_MS = 3_000;
const RECOVER_MS = 5_000;

const afterwards: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const each of afterwards.splice(0).reverse()) await each();
});

class Node {
  readonly id: NodeId;
  readonly bus: RedisBus;
  readonly texts: string[] = [];
  readonly changes: boolean[] = [];
  readonly troubles: string[] = [];

  constructor(name: string, settings: RedisSettings) {
    this.id = nodeId(name);
    this.bus = new RedisBus({ settings, clock, onTrouble: (what) => this.troubles.push(what) });
    this.bus.start(this.id, {
      received: (message) => this.texts.push(Buffer.from(message).toString()),
      changed: (isUp) => this.changes.push(isUp),
    });
    afterwards.push(() => this.bus.stop());
  }

  get isUp(): boolean {
    return this.changes.at(-1) === true;
  }

  send(to: Node, text: string): void {
    this.bus.send(to.id, new TextEncoder().encode(text));
  }
}

async function twoNodes(settings: RedisSettings): Promise<readonly [Node, Node]> {
  const nodes = [new Node("ada.1", settings), new Node("bob.1", settings)] as const;
  await until("both are up", () => nodes.every((node) => node.isUp));
  return nodes;
}

async function talk(a: Node, b: Node, text: string): Promise<void> {
  a.send(b, text);
  b.send(a, text);
  await until(`both hear "${text}"`, () => a.texts.includes(text) && b.texts.includes(text));
}

async function redis() {
  const under = await startSingleRedis();
  afterwards.push(() => under.dispose());
  const [server] = under.servers;
  if (server === undefined) throw new Error("no server");
  return { server, settings: under.settings() };
}

faultTest("a Redis that is killed is noticed at once, and after its restart all goes on", async () => {
  const { server, settings } = await redis();
  const [ada, bob] = await twoNodes(settings);
  const membership = new RedisMembership(settings, clock);
  afterwards.push(() => membership.close());
  const before = await read(membership, nodeInfo("ada.1"));
  await server.kill();
  await until("both are down", () => !ada.isUp && !bob.isUp, 1_000);
  expect(ada.troubles).toHaveLength(1);
  ada.send(bob, "lost");
  expect(ada.bus.queuedBytes).toBe(0);
  expect(await beat(membership, nodeInfo("ada.1"), 6_000, 1_000)).toEqual({ ok: false, error: "unavailable" });
  await server.restart();
  await until("both are up", () => ada.isUp && bob.isUp, RECOVER_MS);
  await talk(ada, bob, "again");
  const reading = await answerOf(async () => {
    const answer = await beat(membership, nodeInfo("ada.1"), 6_000, 1_000);
    return answer.ok ? answer.reading : undefined;
  });
  expect(reading.generation).not.toBe(before.generation);
  expect([ada.changes, bob.changes]).toEqual([
    [true, false, true],
    [true, false, true],
  ]);
  expect(ada.texts).toEqual(["again"]);
});

async function answerOf<Value>(find: () => Promise<Value | undefined>): Promise<Value> {
  let found: Value | undefined;
  await until("there is an answer", async () => {
    found = await find();
    return found !== undefined;
  });
  return found as Value;
}

faultTest("a node that starts while Redis is away comes up with it", async () => {
  const { server, settings } = await redis();
  await server.kill();
  const [ada, bob] = [new Node("ada.1", settings), new Node("bob.1", settings)];
  await until("the trouble is told", () => ada.troubles.length > 0 && bob.troubles.length > 0);
  expect(ada.changes).toEqual([]);
  await server.restart();
  await until("both are up", () => ada.isUp && bob.isUp, RECOVER_MS);
  await talk(ada, bob, "hello");
  expect(ada.troubles).toHaveLength(1);
});

faultTest("an emptied Redis costs messages at most: streams come back by themselves", async () => {
  const { server, settings } = await redis();
  const [ada, bob] = await twoNodes(settings);
  for (let round = 0; round < 3; round += 1) {
    await server.command("FLUSHALL");
    await until("messages arrive", () => {
      ada.send(bob, `round ${round}`);
      return bob.texts.includes(`round ${round}`);
    });
  }
  // The stream was away for less than the time after which a session is given up.
  expect(ada.troubles).toEqual([]);
});

faultTest(
  "a Redis that hangs for three seconds is noticed by who sends and by who listens, and lost by nobody",
  async () => {
    const { server, settings } = await redis();
    const [ada, bob] = await twoNodes(settings);
    server.pause();
    await until("both are down", () => !ada.isUp && !bob.isUp, NOTICE_MS);
    await Bun.sleep(1_500);
    server.resume();
    await until("both are up", () => ada.isUp && bob.isUp, RECOVER_MS);
    await talk(ada, bob, "again");
    expect(ada.changes.filter((isUp) => isUp)).toHaveLength(2);
  },
);

faultTest("what was in the stream when the connection was lost is read after it", async () => {
  const { settings, server } = await redis();
  const proxy = await TcpFaultProxy.start(server.port);
  afterwards.push(() => proxy.stop());
  const ada = new Node("ada.1", settings);
  const bob = new Node("bob.1", { ...settings, nodes: [{ host: "127.0.0.1", port: proxy.port }] });
  await until("both are up", () => ada.isUp && bob.isUp);
  for (let number = 0; number < 200; number += 1) {
    ada.send(bob, `message ${number}`);
    if (number % 50 === 25) {
      proxy.cut();
      proxy.heal();
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await until("bob is up", () => bob.isUp && bob.texts.length >= 200);
  expect(bob.texts).toEqual(Array.from({ length: 200 }, (_, number) => `message ${number}`));
  expect(bob.changes.filter((isUp) => !isUp).length).toBeGreaterThan(0);
});

faultTest("a Redis without memory for more is down, and up when there is room again", async () => {
  const { server, settings } = await redis();
  const [ada, bob] = await twoNodes(settings);
  await server.command("CONFIG", "SET", "maxmemory", "1");
  await until("both are down", () => !ada.isUp && !bob.isUp, NOTICE_MS);
  expect(ada.troubles[0]).not.toBe("");
  await server.command("CONFIG", "SET", "maxmemory", "0");
  await until("both are up", () => ada.isUp && bob.isUp, RECOVER_MS);
  await talk(ada, bob, "again");
});

faultTest("a server that became a replica is left, and one that is a master again is used", async () => {
  const { server, settings } = await redis();
  const [ada, bob] = await twoNodes(settings);
  const master = await RedisServer.start();
  afterwards.push(() => master.dispose());
  await server.command("REPLICAOF", "127.0.0.1", master.port);
  await until("both are down", () => !ada.isUp && !bob.isUp, NOTICE_MS);
  expect(ada.troubles.join()).toMatch(/READONLY|UNBLOCKED/);
  await server.command("REPLICAOF", "NO", "ONE");
  await until("both are up", () => ada.isUp && bob.isUp, RECOVER_MS);
  await talk(ada, bob, "again");
});

faultTest(
  "a promoted replica that lacks the last writes: messages pass, and what is lost is seen to be lost",
  async () => {
    const { server, settings } = await redis();
    const proxy = await TcpFaultProxy.start(server.port);
    afterwards.push(() => proxy.stop());
    const through = { ...settings, nodes: [{ host: "127.0.0.1", port: proxy.port }] };
    const [ada, bob] = await twoNodes(through);
    // Before anything is written that lives for a time: it takes as long as the machine needs.
    const replica = await startReplica(server);
    afterwards.push(() => replica.dispose());
    // Entries outlive what stands between two writes here, and are looked at within the test.
    const directory = new RedisDirectory({ settings: through, clock, ttlMs: 10_000 });
    afterwards.push(() => directory.close());
    const write = (opened: readonly string[]) =>
      asked<{ readonly known: boolean }>((done) => {
        const records = opened.map((id) => connection(id, ada.id));
        directory.write(ada.id, change({ opened: records }), 60_000, done);
      });
    await write(["c1"]);
    const membership = new RedisMembership(through, clock);
    afterwards.push(() => membership.close());
    await read(membership, nodeInfo("ada.1"));
    await talk(ada, bob, "both have this");
    // The link is cut: from here on the replica hears nothing, and its time stands still at this point.
    await replica.command("REPLICAOF", "127.0.0.1", "1");
    expect(await write(["c2"])).toEqual({ known: true });
    const before = await read(membership, nodeInfo("ada.1"));
    expect((await read(membership, nodeInfo("ada.1"))).generation).toBe(before.generation);
    await talk(ada, bob, "only the master has this");
    await replica.command("REPLICAOF", "NO", "ONE");
    proxy.cut();
    proxy.retarget(replica.port);
    proxy.heal();
    await until("both are down", () => ada.changes.includes(false) && bob.changes.includes(false), NOTICE_MS);
    await until("both are up", () => ada.isUp && bob.isUp, RECOVER_MS);
    await talk(ada, bob, "again");
    expect(ada.texts.filter((text) => text === "again")).toHaveLength(1);
    const after = await answerOf(async () => {
      const answer = await beat(membership, nodeInfo("ada.1"));
      return answer.ok ? answer.reading : undefined;
    });
    expect(after.generation).not.toBe(before.generation);
    expect((await read(membership, nodeInfo("bob.1"))).generation).toBe(after.generation);
    expect((await read(membership, nodeInfo("ada.1"))).generation).toBe(after.generation);
    // The next write of this tenant's entries, or the next look at them, finds that one is missing.
    await until("the directory knows that it was set back", async () => {
      const answer = await answerOf(
        () =>
          new Promise<{ readonly known: boolean } | undefined>((resolve) => {
            directory.write(ada.id, change({}), 60_000, (reply) => resolve(reply.ok ? reply.value : undefined));
          }),
      );
      return !answer.known;
    });
    await write(["c1", "c2"]);
    const found = await asked<readonly { readonly connectionId: string }[]>((done) =>
      directory.connectionsOf(TENANT, user("ada"), done),
    );
    expect(found.map((record) => record.connectionId).sort()).toEqual(["c1", "c2"]);
  },
);

faultTest(
  "one node of a cluster hangs: who is there goes on, what is for the others is dropped and bounded",
  async () => {
    const under = await startRedisCluster();
    afterwards.push(() => under.dispose());
    const nodes = Array.from({ length: 9 }, (_, index) => new Node(`node-${index}.b`, under.settings()));
    await until("all are up", () => nodes.every((node) => node.isUp));
    const [server] = under.servers;
    server?.pause();
    await until("some are down", () => nodes.some((node) => !node.isUp), NOTICE_MS);
    const [first, second] = nodes.filter((node) => node.isUp);
    if (first === undefined || second === undefined) throw new Error("no stream of these is on another server");
    const large = "x".repeat(100_000);
    const startMs = performance.now();
    await until("time has passed", () => {
      for (const node of nodes) if (!node.isUp) first.send(node, large);
      return performance.now() - startMs > 2_500;
    });
    await talk(first, second, "among those that are left");
    await until("what can't go out was dropped", () => first.bus.queuedBytes === 0, NOTICE_MS);
    expect(first.changes).toEqual([true]);
    server?.resume();
    await until("all are up", () => nodes.every((node) => node.isUp), RECOVER_MS * 2);
    for (const node of nodes.slice(1)) {
      await until("it is heard again", () => {
        if (nodes[0] !== undefined) nodes[0].send(node, "again");
        return node.texts.includes("again");
      });
    }
  },
);

faultTest("streams: gone after a stop, bounded while their reader stands still, cleared of what was read", async () => {
  const { server, settings } = await redis();
  const [ada, bob] = await twoNodes(settings);
  await talk(ada, bob, "hello");
  expect(Number(await server.command("PTTL", "stoa:in:{bob.1}"))).toBeGreaterThan(30_000);
  const filler = "x".repeat(20_000);
  for (let number = 0; number < 2_000; number += 1) {
    ada.send(bob, filler);
    if (number % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await until("bob has all", () => bob.texts.length >= 2_001);
  await until("what was read is gone", async () => {
    return Number(await server.command("XLEN", "stoa:in:{bob.1}")) < 100;
  });
  await bob.bus.stop();
  ada.send(bob, "nobody");
  await until("nothing is queued", () => ada.bus.queuedBytes === 0);
  expect(await server.command("EXISTS", "stoa:in:{bob.1}")).toBe("0");
  // A reader that stands still: nobody reads this stream.
  await server.command("XADD", "stoa:in:{dead.1}", "*", "a", "b");
  const dead = nodeId("dead.1");
  for (let number = 0; number < 6_000; number += 1) {
    ada.bus.send(dead, new Uint8Array(31_000));
    if (ada.bus.queuedBytes > 8_000_000) await until("some went out", () => ada.bus.queuedBytes < 1_000_000);
  }
  await until("nothing is queued", () => ada.bus.queuedBytes === 0);
  expect(Number(await server.command("MEMORY", "USAGE", "stoa:in:{dead.1}"))).toBeLessThan(150 * 1024 * 1024);
  expect(Number(await server.command("XLEN", "stoa:in:{dead.1}"))).toBeLessThanOrEqual(4_200);
});

faultTest("a password and a database are used; a wrong password is told and never gets in", async () => {
  const under = await startSingleRedis({ args: ["--requirepass", "right"], password: "right" });
  afterwards.push(() => under.dispose());
  const settings = { ...under.settings(), password: "right", db: 3 };
  const [ada, bob] = await twoNodes(settings);
  await talk(ada, bob, "hello");
  const eve = new Node("eve.1", { ...settings, password: "wrong" });
  const membership = new RedisMembership({ ...settings, password: "wrong" }, clock);
  afterwards.push(() => membership.close());
  await until("the trouble is told", () => eve.troubles.length > 0);
  expect(eve.troubles[0]).toMatch(/WRONGPASS/);
  expect(await beat(membership, nodeInfo("eve.1"), 6_000, 2_000)).toEqual({ ok: false, error: "unavailable" });
  expect(eve.changes).toEqual([]);
});

faultTest("a cluster's server dies and its replica takes over: all streams work again", async () => {
  const under = await startRedisCluster({ replicas: true });
  afterwards.push(() => under.dispose());
  const nodes = Array.from({ length: 6 }, (_, index) => new Node(`node-${index}.b`, under.settings()));
  await until("all are up", () => nodes.every((node) => node.isUp));
  await under.servers[0]?.kill();
  const [first] = nodes;
  await until("some were down", () => nodes.some((node) => node.changes.includes(false)), NOTICE_MS);
  await until("all are up", () => nodes.every((node) => node.isUp));
  for (const node of nodes) {
    await until("it is heard", () => {
      first?.send(node, "again");
      return node.texts.includes("again");
    });
  }
});
