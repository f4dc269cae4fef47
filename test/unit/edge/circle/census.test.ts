/** The directory of connections as this node keeps it, and what administrators see of it. */
import { expect, test } from "bun:test";
import type { ConnectionId, TenantId, UserId } from "../../../../src/base/ids.ts";
import { CENSUS_CHANGES_MAX } from "../../../../src/base/limits.ts";
import { MemoryCluster } from "../../../../src/cluster/memory/memory-cluster.ts";
import { MemoryDirectory } from "../../../../src/cluster/memory/memory-directory.ts";
import type { NodeId } from "../../../../src/cluster/membership.ts";
import type { DirectoryChange } from "../../../../src/cluster/presence-directory.ts";
import { shortenedAddress } from "../../../../src/edge/circle/addresses.ts";
import { Census } from "../../../../src/edge/circle/census.ts";
import { Connection } from "../../../../src/edge/sockets/connection.ts";
import { createApp } from "../../../../src/edge/http.ts";
import { OwnDirectory } from "../../../../src/edge/circle/own-directory.ts";
import { createCodecs } from "../../../../src/protocol/codecs.ts";
import { EventQueue, VirtualClock } from "../../../sim/virtual-clock.ts";
import { appOptions } from "../fake-engine.ts";

const ACME = "acme" as TenantId;
const codec = createCodecs({ messageLengthMax: 100 })[1];
const owner = { opened: () => undefined, received: () => undefined, closed: () => undefined };

class World {
  readonly queue = new EventQueue();
  readonly clock = new VirtualClock(this.queue, 1_750_000_000_000);
  readonly cluster = new MemoryCluster(this.clock);
  readonly connections = new Set<Connection>();
  readonly writes: DirectoryChange[] = [];
  readonly census: Census;
  #no = 0;

  constructor() {
    const directory = new MemoryDirectory(this.cluster);
    const write = directory.write.bind(directory);
    directory.write = (node, change, leaseMs, done) => {
      this.writes.push(change);
      write(node, change, leaseMs, done);
    };
    this.census = new Census({
      clock: this.clock,
      directory,
      node: "n1" as NodeId,
      leaseMs: 5_000,
      shownAddress: shortenedAddress,
      connections: () => this.connections,
    });
  }

  open(user: string): Connection {
    this.#no += 1;
    const id = `x:${this.#no}` as ConnectionId;
    const connection = new Connection(owner, this.#no, id, codec, { remote: "", userAgent: "a".repeat(500) });
    connection.principal = { tenant: ACME, userId: user as UserId, role: "user" };
    this.connections.add(connection);
    this.census.opened(connection);
    return connection;
  }

  close(connection: Connection): void {
    this.connections.delete(connection);
    this.census.closed(connection);
  }

  run(ms: number): void {
    const until = this.queue.nowMs + ms;
    while (this.queue.runNext(until));
  }

  online(): string[] {
    const found: string[] = [];
    new MemoryDirectory(this.cluster).onlineUsers(ACME, { limit: 100 }, (answer) => {
      if (answer.ok) found.push(...answer.value.map(({ userId, status, devices }) => `${userId} ${status} ${devices}`));
    });
    this.run(1);
    return found;
  }
}

test("who comes and goes is in the directory a second later, with devices and the status that was chosen", () => {
  const world = new World();
  const ann = world.open("ann");
  world.run(1_100);
  expect(world.online()).toEqual(["ann online 1"]);
  world.open("ann");
  world.open("ben");
  world.census.chose(ACME, "ben" as UserId, "busy");
  world.run(1_100);
  expect(world.online()).toEqual(["ann online 2", "ben busy 1"]);
  world.close(ann);
  world.run(1_100);
  expect(world.online()).toEqual(["ann online 1", "ben busy 1"]);
});

test("whoever came and went within one interval is never written", () => {
  const world = new World();
  world.run(1_100);
  world.close(world.open("ann"));
  world.run(1_100);
  expect(world.writes.every(({ opened, closed }) => opened.length + closed.length === 0)).toBe(true);
});

test("a directory that was emptied is filled again", () => {
  const world = new World();
  world.open("ann");
  world.run(1_100);
  world.cluster.flush();
  expect(world.online()).toEqual([]);
  world.run(3_000);
  expect(world.online()).toEqual(["ann online 1"]);
});

test("more changes than are kept are written as a whole", () => {
  const world = new World();
  world.run(1_100);
  const first = world.open("ann");
  for (let i = 0; i < CENSUS_CHANGES_MAX; i += 1) world.open(`u${i % 10}`);
  world.close(first);
  world.run(1_100);
  expect(world.writes.at(-1)?.opened.length).toBe(CENSUS_CHANGES_MAX);
  expect(world.online()).toHaveLength(10);
});

test("a node that is alone looks at its connections and keeps nothing of them", async () => {
  const world = new World();
  const own = new OwnDirectory("n1" as NodeId, shortenedAddress, () => world.connections);
  const ann = world.open("ann");
  world.open("ann");
  world.open("ben");
  own.chose(ACME, "ben" as UserId, "busy");
  const online = (): Promise<unknown> =>
    new Promise((resolve) => own.onlineUsers(ACME, { limit: 10 }, (answer) => resolve(answer.ok && answer.value)));
  expect(await online()).toEqual([
    { userId: "ann", status: "online", devices: 2 },
    { userId: "ben", status: "busy", devices: 1 },
  ]);
  world.close(ann);
  expect(await online()).toEqual([
    { userId: "ann", status: "online", devices: 1 },
    { userId: "ben", status: "busy", devices: 1 },
  ]);
  const page = (after: string | undefined, limit: number): Promise<unknown> =>
    new Promise((resolve) => {
      own.onlineUsers(ACME, { ...(after !== undefined && { after: after as UserId }), limit }, (answer) =>
        resolve(answer.ok && answer.value.map(({ userId }) => userId)),
      );
    });
  expect([await page(undefined, 1), await page("ann", 1), await page("ben", 1)]).toEqual([["ann"], ["ben"], []]);
  const count = await new Promise((resolve) => own.count(ACME, (answer) => resolve(answer.ok && answer.value)));
  expect(count).toEqual({ connections: 2, users: 2 });
  const other = await new Promise((resolve) =>
    own.count("other" as TenantId, (answer) => resolve(answer.ok && answer.value)),
  );
  expect(other).toEqual({ connections: 0, users: 0 });
});

test("an administrator sees who is online and a user's connections; others are refused", async () => {
  const options = appOptions();
  const app = createApp(options);
  const connectionId = "x:1" as ConnectionId;
  const person = { tenant: ACME, userId: "ann" as UserId, connectionId, node: "n1" as NodeId };
  const opened = [
    {
      ...person,
      userAgent: "tests/2.1",
      address: "203.0.113.0",
      transport: "websocket, json",
      connectedAt: Date.UTC(2025, 1, 1),
    },
  ];
  await new Promise<void>((resolve) =>
    options.directory.write("n1" as NodeId, { opened, closed: [], statuses: [] }, 60_000, () => resolve()),
  );
  const ask = async (path: string, role: "admin" | "user", tenant = "acme") => {
    const token = await options.auth.mintToken({ user: "adm", tenant, role, ttlSeconds: 60 });
    const request = new Request(`http://localhost/v1/chat/admin${path}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const response = await app.handle(request);
    return { status: response.status, body: (await response.json()) as { data: unknown } };
  };
  expect((await ask("/online", "admin")).body.data).toEqual({
    users: [{ userId: "ann", status: "online", devices: 1 }],
    pagination: { total: 1, limit: 100, hasMore: false, after: null },
    connections: 1,
  });
  const connections = [
    {
      connectionId,
      userId: "ann",
      node: "n1",
      transport: "websocket, json",
      address: "203.0.113.0",
      device: { type: "unknown", platform: "tests", version: "2.1" },
      userAgent: "tests/2.1",
      connectedAt: "2025-02-01T00:00:00.000Z",
    },
  ];
  expect((await ask("/connections?userId=ann", "admin")).body.data).toEqual({
    connections,
    pagination: { hasMore: false, after: null },
  });
  expect((await ask("/connections?limit=1", "admin")).body.data).toEqual({
    connections,
    pagination: { users: 1, hasMore: false, after: "ann" },
  });
  expect((await ask("/connections?after=ann", "admin")).body.data).toMatchObject({ connections: [] });
  expect((await ask("/connections?limit=51", "admin")).status).toBe(400);
  expect((await ask("/connections", "user")).status).toBe(403);
  expect((await ask("/online", "user")).status).toBe(403);
  expect((await ask("/connections?userId=ann", "user")).status).toBe(403);
  expect((await ask("/connections?userId=ann", "admin", "other")).body.data).toMatchObject({ connections: [] });
});

test("what a former life of this node left in the directory goes with its first write", () => {
  const world = new World();
  const left = { tenant: ACME, userId: "gone" as UserId, connectionId: "old:1" as ConnectionId, node: "n1" as NodeId };
  const record = { ...left, userAgent: "", address: "", transport: "websocket, json", connectedAt: 1 };
  const directory = new MemoryDirectory(world.cluster);
  directory.write("n1" as NodeId, { opened: [record], closed: [], statuses: [] }, 60_000, () => undefined);
  expect(world.online()).toEqual(["gone online 1"]);
  world.open("ann");
  world.run(1_100);
  expect(world.online()).toEqual(["ann online 1"]);
});

test("of a node that is alone the status is remembered that was chosen last, and the oldest are forgotten", async () => {
  const world = new World();
  const own = new OwnDirectory("n1" as NodeId, shortenedAddress, () => world.connections);
  for (const user of ["ann", "ben"]) {
    world.open(user);
    own.chose(ACME, user as UserId, "busy");
  }
  own.chose(ACME, "ann" as UserId, "away");
  for (let i = 2; i < CENSUS_CHANGES_MAX; i += 1) own.chose(ACME, `u${i}` as UserId, "busy");
  const statuses = (): Promise<unknown> =>
    new Promise((resolve) =>
      own.onlineUsers(ACME, { limit: 10 }, (answer) => resolve(answer.ok && answer.value.map(({ status }) => status))),
    );
  expect(await statuses()).toEqual(["away", "busy"]);
  own.chose(ACME, "one more" as UserId, "busy");
  expect(await statuses()).toEqual(["away", "online"]);
});
