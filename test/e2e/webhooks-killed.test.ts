/**
 * What a receiver of webhooks got equals the log, whoever was killed in between: the server, the receiver (the one of examples/),
 * or a node of two. Messages flow all the while, in several rooms.
 */
import { afterEach, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Example } from "../support/example.ts";
import { eventually } from "../support/eventually.ts";
import { at, numberAt, textAt } from "../support/json.ts";
import { claimPort } from "../support/ports.ts";
import { TestServer } from "../support/server.ts";
import { eventNames, FeedClient } from "../support/tenant-feed-client.ts";
import { TwoNodes } from "../support/two-nodes.ts";

const ROOMS = ["one", "two", "three"];
const WAIT_MS = 60_000;
const ENV = {
  STOA_OUTWARD_ALLOW: "127.0.0.1",
  STOA_WEBHOOK_RETRY_SECONDS_MAX: "1",
  STOA_RATE_PER_SECOND: "100000",
  STOA_RATE_BURST: "100000",
};
const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** The receiver of examples/, which can be killed and started again. */
class Receiver {
  readonly file: string;
  readonly port = claimPort();
  #process: Example | undefined;

  constructor(folder: string) {
    this.file = join(folder, "received.jsonl");
  }

  async start(secret: string): Promise<void> {
    const env = { WEBHOOK_SECRET: secret };
    this.#process = new Example(["node"], "webhook-receiver.mjs", [String(this.port), this.file], env);
    await this.#process.says("receiving on port");
  }

  async kill(): Promise<void> {
    await this.#process?.stop("SIGKILL");
    this.#process = undefined;
  }

  get events(): readonly unknown[] {
    if (!existsSync(this.file)) return [];
    const lines = readFileSync(this.file, "utf8").split("\n");
    // The last one may be half written just now.
    return lines.slice(0, -1).map((line) => JSON.parse(line) as unknown);
  }
}

/** Says it until it is said, whoever is away meanwhile. The key makes it one message. */
async function say(server: () => TestServer, room: string, content: string): Promise<void> {
  await eventually(async () => {
    const target = server();
    const token = target.token({ user: "root", role: "admin" });
    const headers = { "idempotency-key": content };
    const { status } = await target.rest("POST", `/v1/chat/rooms/${room}/messages`, {
      token,
      body: { content },
      headers,
    });
    if (status >= 300) throw new Error(`not said: ${status}`);
  }, WAIT_MS);
}

/** What stands in the rooms' own logs, and what the receiver wrote down: of each room the same, in the same order. */
async function compare(feed: FeedClient, receiver: Receiver): Promise<void> {
  const received = receiver.events;
  for (const room of ROOMS) {
    const told = (await feed.room(room)).map((event) => ({ ...(event as object), roomId: room }));
    const had = received.filter((event) => at(event, "roomId") === room);
    expect(eventNames(had)).toEqual([...eventNames(told)]);
    const contents = (events: readonly unknown[]) => events.map((event) => at(event, "message.content"));
    expect(contents(had)).toEqual(contents(told));
  }
}

async function makeRooms(admin: FeedClient): Promise<void> {
  for (const roomId of ROOMS) await admin.done("POST", "/rooms", { roomId, name: roomId, type: "private" });
}

test("the server and the receiver are killed again and again: what was received is the log", async () => {
  const server = await TestServer.start({ env: ENV });
  stops.push(() => server.dispose());
  const admin = new FeedClient(server);
  await makeRooms(admin);
  const receiver = new Receiver(server.dataDir);
  const made = await admin.done("POST", "/admin/webhooks", {
    url: `http://127.0.0.1:${receiver.port}/`,
    from: "beginning",
  });
  const secret = textAt(made, "secret");
  stops.push(() => receiver.kill());
  let said = 0;
  const talk = async (count: number): Promise<void> => {
    const turns = Array.from({ length: count }, (_, i) => said + i);
    said += count;
    for (let i = 0; i < turns.length; i += 10) {
      await Promise.all(turns.slice(i, i + 10).map((n) => say(() => server, ROOMS[n % 3] ?? "", `message ${n}`)));
    }
  };
  // Nobody is there to receive.
  await talk(300);
  await receiver.start(secret);
  await eventually(async () => expect(receiver.events.length).toBeGreaterThan(50), WAIT_MS);
  for (let round = 0; round < 3; round += 1) {
    const talking = talk(150);
    await receiver.kill();
    await talk(30);
    await receiver.start(secret);
    await server.kill();
    await server.restart();
    await talking;
  }
  await eventually(() => compare(admin, receiver), WAIT_MS);
  const state = await admin.done("GET", `/admin/webhooks/${textAt(made, "webhookId")}`);
  expect(numberAt(state, "deadLetters")).toBe(0);
  const messages = receiver.events.filter((event) => at(event, "type") === "new_message");
  const times = new Map<unknown, unknown[]>();
  for (const event of messages) {
    const content = at(event, "message.content");
    times.set(content, [...(times.get(content) ?? []), `${String(at(event, "roomId"))} ${String(at(event, "seq"))}`]);
  }
  // Each was said once, whatever was repeated.
  expect([...times].filter(([, seqs]) => seqs.length > 1)).toEqual([]);
  expect(messages).toHaveLength(said);
}, 180_000);

test("of two nodes the one that delivers is killed: the other one goes on, and nothing is missing", async () => {
  const nodes = await TwoNodes.start({ ...ENV, STOA_NODE_TTL_MS: "3000" });
  stops.push(() => nodes.dispose());
  const { one, two } = nodes;
  const admin = new FeedClient(one);
  await makeRooms(admin);
  const receiver = new Receiver(one.dataDir);
  const made = await admin.done("POST", "/admin/webhooks", {
    url: `http://127.0.0.1:${receiver.port}/`,
    from: "beginning",
  });
  await receiver.start(textAt(made, "secret"));
  stops.push(() => receiver.kill());
  for (let n = 0; n < 30; n += 1) await say(() => (n % 2 === 0 ? one : two), ROOMS[n % 3] ?? "", `message ${n}`);
  await eventually(() => compare(admin, receiver), WAIT_MS);
  await two.kill();
  for (let n = 30; n < 60; n += 1) await say(() => one, ROOMS[n % 3] ?? "", `message ${n}`);
  await eventually(() => compare(admin, receiver), WAIT_MS);
  await two.restart();
  await one.kill();
  for (let n = 60; n < 90; n += 1) await say(() => two, ROOMS[n % 3] ?? "", `message ${n}`);
  await eventually(() => compare(new FeedClient(two), receiver), WAIT_MS);
}, 240_000);
