/** Rate limits through real servers: over REST and sockets, at the bound and one past it, on one node and on two. */
import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { redisIsThere } from "../support/redis-servers.ts";
import { TestServer } from "../support/server.ts";
import { TwoNodes } from "../support/two-nodes.ts";

const ROOM = "plaza";
/** So slow that nothing is filled up while a test runs. */
const STRICT = { PER_SECOND: "1", BURST: "20" };
const strict = (name: string): Record<string, string> => ({
  [`STOA_RATE_${name}PER_SECOND`]: STRICT.PER_SECOND,
  [`STOA_RATE_${name}BURST`]: STRICT.BURST,
});
const FREE = { STOA_RATE_PER_SECOND: "100000", STOA_RATE_BURST: "100000" };

let server: TestServer | undefined;
afterEach(async () => {
  await server?.dispose();
  server = undefined;
});
async function start(env: Record<string, string>): Promise<TestServer> {
  server = await TestServer.start({ env });
  return server;
}
const connect = (at: TestServer, user: string, more: object = {}): Promise<TestClient> =>
  TestClient.connect(at, { token: at.token({ user }), wire: "json", ...more });
const ask = (at: TestServer, user: string, tenant?: string) =>
  at.rest("GET", "/v1/chat/rooms", { token: at.token({ user, ...(tenant === undefined ? {} : { tenant }) }) });

test("REST tells a user's bound, and at the bound when to come back", async () => {
  const at = await start({ ...FREE, ...strict("USER_") });
  const first = await ask(at, "ann");
  expect(first.headers.get("ratelimit-limit")).toBe("20");
  expect(first.headers.get("ratelimit-remaining")).toBe("19");
  expect(first.headers.get("ratelimit-policy")).toBe("20;w=20");
  let last = first;
  for (let i = 0; i < 40 && last.status === 200; i += 1) last = await ask(at, "ann");
  expect(last.status).toBe(429);
  expect(last.body.error?.code).toBe("rate_limited");
  expect(last.headers.get("ratelimit-remaining")).toBe("0");
  expect(Number(last.headers.get("ratelimit-reset"))).toBeGreaterThan(10);
  expect(last.headers.get("retry-after")).toBe("1");
  expect((await ask(at, "ben")).status).toBe(200);
});

test("a user's sockets and REST requests share one bound", async () => {
  const at = await start({ ...FREE, ...strict("USER_") });
  const [one, two] = [await connect(at, "ann"), await connect(at, "ann")];
  const ping = (times: number): void => {
    for (let i = 0; i < times; i += 1) one.send({ type: "ping", ref: i });
  };
  ping(25);
  const error = await one.waitFor((frame) => frame.type === "error", "rate_limited on a socket");
  expect(error).toMatchObject({ code: "rate_limited", temporary: true });
  expect(Number(error["retryAfterMs"])).toBeGreaterThan(0);
  // One more is allowed each second.
  await eventually(async () => {
    ping(3);
    expect(await two.request({ type: "ping" })).toMatchObject({ code: "rate_limited" });
  });
  await eventually(async () => {
    ping(3);
    expect((await ask(at, "ann")).status).toBe(429);
  });
  await Promise.all([one.close(), two.close()]);
});

test("a room takes so many messages of all people together, and what ends a flood is not counted", async () => {
  const at = await start({ ...FREE, ...strict("ROOM_") });
  const [owner, ben] = [await connect(at, "owner"), await connect(at, "ben")];
  await owner.ack({ type: "create_room", roomId: ROOM, name: "Plaza", roomType: "public" });
  await ben.join(ROOM);
  const say = (client: TestClient, i: number) =>
    client.request({ type: "send_message", roomId: ROOM, content: `m${i}`, clientId: `m${i}` });
  const startMs = performance.now();
  let refused = await say(ben, 0);
  let sent = 0;
  for (let i = 1; i < 40 && refused.type === "ack"; i += 1) {
    sent += 1;
    refused = await say(i % 2 === 0 ? owner : ben, i);
  }
  expect(sent).toBeGreaterThanOrEqual(20);
  expect(sent).toBeLessThan(26 + Number(STRICT.PER_SECOND) * ((performance.now() - startMs) / 1_000));
  expect(refused).toMatchObject({ type: "error", code: "rate_limited", roomId: ROOM, temporary: true });
  expect(Number(refused["retryAfterMs"])).toBeGreaterThan(0);
  // What was done before is answered as it was then, and moderators act.
  expect(await say(ben, 0)).toMatchObject({ type: "ack", duplicate: true });
  await owner.ack({ type: "mute_member", roomId: ROOM, userId: "ben" });
  await Promise.all([owner.close(), ben.close()]);
});

test("a client that floods is told, and then closed with 4002", async () => {
  const at = await start({ STOA_RATE_PER_SECOND: "1", STOA_RATE_BURST: "1" });
  const client = await connect(at, "ann");
  const flood = setInterval(() => {
    for (let i = 0; i < 50; i += 1) client.send({ type: "ping" });
  }, 100);
  const { code } = await client.closed;
  clearInterval(flood);
  expect(code).toBe(4002);
  const errors = client.frames.filter((frame) => frame.type === "error");
  expect(errors.every((error) => error["code"] === "rate_limited" && Number(error["retryAfterMs"]) > 0)).toBe(true);
  expect(errors.length).toBeGreaterThan(3);
}, 60_000);

test("whoever connects too often is told on a socket that closes with 4002; another user is not", async () => {
  const at = await start({ STOA_CONNECTS_USER_PER_MINUTE: "1", STOA_CONNECTS_USER_BURST: "2" });
  for (const via of ["header", "frame"] as const) await (await connect(at, "ann", { via })).close();
  for (const via of ["header", "frame"] as const) {
    const client = TestClient.open(at, { token: at.token({ user: "ann" }), wire: "json", via });
    await client.opened();
    if (via === "frame") client.send({ type: "auth", token: at.token({ user: "ann" }) });
    const error = await client.waitFor((frame) => frame.type === "error", "why it was refused");
    expect(error).toMatchObject({ code: "rate_limited" });
    expect(Number(error["retryAfterMs"])).toBeGreaterThan(1_000);
    expect((await client.closed).code).toBe(4002);
  }
  await (await connect(at, "ben")).close();
});

test("an address that connects too often is answered 429 before its token is looked at", async () => {
  const at = await start({
    STOA_TRUST_PROXY: "on",
    STOA_CONNECTS_ADDRESS_PER_MINUTE: "1",
    STOA_CONNECTS_ADDRESS_BURST: "2",
  });
  const upgrade = (address: string) =>
    fetch(`${at.http}/chat`, {
      headers: {
        upgrade: "websocket",
        connection: "upgrade",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-protocol": "no.such.protocol",
        "x-forwarded-for": address,
        authorization: "Bearer nonsense",
      },
    });
  const statuses = [];
  let last = await upgrade("203.0.113.9");
  statuses.push(last.status);
  for (let i = 0; i < 2; i += 1) {
    last = await upgrade("203.0.113.9");
    statuses.push(last.status);
  }
  expect(statuses).toEqual([400, 400, 429]);
  expect(Number(last.headers.get("retry-after"))).toBeGreaterThan(1);
  expect((await upgrade("203.0.113.10")).status).toBe(400);
});

describe.if(await redisIsThere())("on two nodes", () => {
  let nodes: TwoNodes;
  test("the bounds of a user, a room and attempts to connect are those of both together", async () => {
    nodes = await TwoNodes.start({
      ...FREE,
      ...strict("USER_"),
      ...strict("ROOM_"),
      STOA_CONNECTS_USER_PER_MINUTE: "1",
      STOA_CONNECTS_USER_BURST: "8",
    });
    let last = await ask(nodes.one, "ann");
    for (let i = 0; i < 40 && last.status === 200; i += 1) last = await ask(nodes.one, "ann");
    expect(last.status).toBe(429);
    // The other node hears of it within a moment, and from then on it is as empty there.
    await eventually(async () => {
      expect((await ask(nodes.two, "ann")).status).toBe(429);
    });
    expect((await ask(nodes.two, "ben")).status).toBe(200);
    const people = await Promise.all(
      Array.from({ length: 4 }, (_, i) => connect(i % 2 === 0 ? nodes.one : nodes.two, `user${i}`)),
    );
    await people[0]?.ack({ type: "create_room", roomId: ROOM, name: "Plaza", roomType: "public" });
    for (const person of people.slice(1)) await person.join(ROOM);
    let written = 0;
    const startMs = performance.now();
    for (let i = 0; i < 60; i += 1) {
      const reply = await people[i % 4]?.request({ type: "send_message", roomId: ROOM, content: `m${i}` });
      if (reply?.type === "ack") written += 1;
      else if (written >= 20) break;
    }
    expect(written).toBeGreaterThanOrEqual(20);
    expect(written).toBeLessThan(28 + Number(STRICT.PER_SECOND) * ((performance.now() - startMs) / 1_000));
    await Promise.all(people.map((person) => person.close()));
    for (let i = 0; i < 8; i += 1) await (await connect(nodes.one, "carl")).close();
    await eventually(async () => {
      const client = TestClient.open(nodes.two, { token: nodes.two.token({ user: "carl" }), wire: "json" });
      await client.waitFor(() => true, "a first frame");
      const { type } = client.frames[0] ?? {};
      await client.close();
      expect(type).toBe("error");
    });
  }, 60_000);
  afterAll(() => nodes?.dispose());
});
