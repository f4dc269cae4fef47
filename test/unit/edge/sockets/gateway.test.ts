/** Connections from the first frame to the last: who may speak when, who is not read from, and who is told to go. */
import { expect, test } from "bun:test";
import type { RoomId, TenantId } from "../../../../src/base/ids.ts";
import {
  AUTH_FRAME_MS_MAX,
  FLOOD_BURSTS,
  FLOOD_PAUSE_MS,
  FLOODS_MAX,
  HELD_FRAMES_MAX,
  PENDING_FRAMES_PER_SHARD_MAX,
  ROOMS_PER_CONNECTION_MAX,
  UNREADABLE_FRAMES_MAX,
} from "../../../../src/base/limits.ts";
import { err, ok, type Result } from "../../../../src/base/result.ts";
import type { Verified } from "../../../../src/edge/auth.ts";
import type { Connection } from "../../../../src/edge/sockets/connection.ts";
import { SHARE_MS } from "../../../../src/edge/rates/shared-buckets.ts";
import type { Rejection } from "../../../../src/protocol/errors.ts";
import { at, listAt } from "../../../support/json.ts";
import { SmallCluster } from "../../../support/small-cluster.ts";
import { principalOf, type SmallClient, SmallNode } from "../../../support/small-node.ts";

type Answer = (verified: Result<Verified, Rejection>) => void;

/** A node whose tokens are verified when the test says so. */
function nodeWithSlowAuth(): { node: SmallNode; answer: (verified: Result<Verified, Rejection>) => Promise<void> } {
  const asked: Answer[] = [];
  const node = new SmallNode({ verifyToken: () => new Promise((resolve) => asked.push(resolve)) });
  return {
    node,
    answer: async (verified) => {
      const next = asked.shift();
      if (next === undefined) throw new Error("no token is being verified");
      next(verified);
      // The gateway goes on in microtasks.
      for (let i = 0; i < 5; i += 1) await Promise.resolve();
      node.run();
    },
  };
}

const ann = (more: Partial<Verified> = {}): Result<Verified, Rejection> =>
  ok({ principal: principalOf("ann"), expiresAtMs: Number.MAX_SAFE_INTEGER, ...more });
const typesOf = (client: SmallClient): string[] => client.frames.map((frame) => frame.type);

test("frames sent right after auth wait for it, and take effect after the connection frame", async () => {
  const { node, answer } = nodeWithSlowAuth();
  const client = node.arrive();
  const auth = client.send({ type: "auth", token: "t" });
  const create = client.send({ type: "create_room", roomId: "room", name: "Room", roomType: "public" });
  const say = client.send({ type: "send_message", roomId: "room", content: "hello" });
  node.run();
  expect(client.frames).toEqual([]);
  await answer(ann());
  expect(typesOf(client)[0]).toBe("connection");
  expect(client.frames[1]).toEqual({ type: "ack", ref: auth });
  expect(client.answerTo(create)).toMatchObject({ type: "ack", position: { roomId: "room" } });
  expect(client.answerTo(say)).toMatchObject({ type: "ack", roomId: "room", seq: 4 });
  expect(client.socket.closedWith).toBeUndefined();
});

test("a second auth frame while the first is verified renews the token afterwards", async () => {
  const { node, answer } = nodeWithSlowAuth();
  const client = node.arrive();
  client.send({ type: "auth", token: "one" });
  const second = client.send({ type: "auth", token: "two" });
  await answer(ann({ expiresAtMs: node.clock.wallMs() + 2_000 }));
  await answer(ann());
  expect(client.answerTo(second)?.type).toBe("ack");
  node.run(5_000);
  expect(client.socket.closedWith).toBeUndefined();
});

test("a token that is refused closes with 4401 or, expired, 4410, and what followed it is not answered", async () => {
  for (const [code, closedWith] of [
    ["unauthorized", 4401],
    ["token_expired", 4410],
  ] as const) {
    const { node, answer } = nodeWithSlowAuth();
    const client = node.arrive();
    const auth = client.send({ type: "auth", token: "t" });
    client.send({ type: "ping" });
    await answer(err({ code }));
    expect(client.frames).toMatchObject([{ type: "error", ref: auth, code, field: "token" }]);
    expect(client.socket.closedWith).toBe(closedWith);
  }
});

test("a first frame that is not auth is refused once and closes with 4401", () => {
  const node = new SmallNode();
  const client = node.arrive();
  const ref = client.send({ type: "ping" });
  client.send({ type: "ping" });
  node.run();
  expect(client.frames).toMatchObject([{ type: "error", ref, code: "unauthorized" }]);
  expect(client.socket.closedWith).toBe(4401);
});

test("who does not send auth in time is closed with 4408, whatever the wall clock does", () => {
  const node = new SmallNode();
  const client = node.arrive();
  node.clock.jumpWall(3_600_000);
  node.run(AUTH_FRAME_MS_MAX - 100);
  expect(client.socket.closedWith).toBeUndefined();
  node.clock.jumpWall(-7_200_000);
  node.run(1_200);
  expect(client.frames).toMatchObject([{ type: "error", code: "unauthorized" }]);
  expect(client.socket.closedWith).toBe(4408);
});

test("a token that expires closes with 4410, a renewed one does not", async () => {
  const { node, answer } = nodeWithSlowAuth();
  const expiresAtMs = node.clock.wallMs() + 3_000;
  const late = node.connect("ben", { expiresAtMs });
  const client = node.connect("ann", { expiresAtMs });
  const ref = client.send({ type: "auth", token: "new" });
  await answer(ann());
  expect(client.answerTo(ref)?.type).toBe("ack");
  node.run(5_000);
  expect(late.frames.at(-1)).toMatchObject({ type: "error", code: "token_expired" });
  expect(late.socket.closedWith).toBe(4410);
  expect(client.socket.closedWith).toBeUndefined();
});

test("a renewal needs a good token of the same person in the same role", async () => {
  const { node, answer } = nodeWithSlowAuth();
  const client = node.connect("ann");
  const renew = async (verified: Result<Verified, Rejection>): Promise<unknown> => {
    const ref = client.send({ type: "auth", token: "t" });
    await answer(verified);
    return at(client.answerTo(ref), "code");
  };
  expect(await renew(err({ code: "token_expired" }))).toBe("token_expired");
  expect(await renew(ann({ principal: principalOf("ben") }))).toBe("forbidden");
  expect(await renew(ann({ principal: { ...principalOf("ann"), tenant: "other" as TenantId } }))).toBe("forbidden");
  expect(client.socket.closedWith).toBeUndefined();
  expect(await renew(ann({ principal: principalOf("ann", "admin") }))).toBe("forbidden");
  expect(client.socket.closedWith).toBe(4000);
});

test("frames that come before the greeting are held; at the bound the socket is not read from until it is greeted", () => {
  const node = new SmallNode();
  node.stopShard(0);
  const client = node.arrive();
  client.connection.principal = principalOf("ann");
  node.gateway.opened(client.connection);
  for (let i = 1; i < HELD_FRAMES_MAX; i += 1) client.send({ type: "ping" });
  expect(client.socket.isPaused).toBe(false);
  client.send({ type: "ping" });
  expect(client.socket.isPaused).toBe(true);
  client.send({ type: "ping" });
  node.startShard(0);
  node.run();
  expect(client.socket.isPaused).toBe(false);
  expect(client.of("pong")).toHaveLength(HELD_FRAMES_MAX + 1);
});

test("a shard that is behind stops its senders' sockets; they go on when it has caught up; calls are refused meanwhile", async () => {
  const node = new SmallNode({ rate: { perSecond: 1_000_000, burst: 1_000_000 } });
  const client = node.connect("ann");
  client.create("room");
  const idle = node.connect("ben");
  node.stopShard(0);
  for (let i = 0; i < PENDING_FRAMES_PER_SHARD_MAX; i += 1) client.send({ type: "typing_start", roomId: "room" });
  expect(client.socket.isPaused).toBe(false);
  client.send({ type: "typing_start", roomId: "room" });
  expect([client.socket.isPaused, idle.socket.isPaused]).toEqual([true, false]);
  const call = { to: "room", room: "room" as RoomId, kind: "get_room" } as const;
  const answer = await node.gateway.call(principalOf("ben"), call);
  expect(answer).toMatchObject({ ok: false, error: { code: "overloaded" } });
  node.startShard(0);
  node.run(1_000);
  expect(client.socket.isPaused).toBe(false);
  expect(node.gateway.pending).toBe(0);
}, 20_000);

test("who is too fast is told when to go on, and not read from until then, whatever else ends meanwhile", () => {
  const node = new SmallNode({ rate: { perSecond: 10, burst: 5 } });
  const client = node.connect("ann");
  for (let i = 0; i < 5; i += 1) client.send({ type: "ping" });
  expect(client.socket.isPaused).toBe(false);
  client.send({ type: "ping" });
  const error = client.frames.at(-1);
  expect(error).toMatchObject({ type: "error", code: "rate_limited", temporary: true });
  expect(client.socket.isPaused).toBe(true);
  node.restartShard(0);
  node.run(Number(error?.["retryAfterMs"]) - 10);
  expect(client.socket.isPaused).toBe(true);
  node.run(20);
  expect(client.socket.isPaused).toBe(false);
  const ref = client.send({ type: "ping" });
  expect(client.answerTo(ref)?.type).toBe("pong");
});

test("whoever goes on flooding is not read from for longer, and then closed with 4002 after being told", () => {
  const rate = { perSecond: 10, burst: 2 };
  const node = new SmallNode({ rate });
  const client = node.connect("ann");
  const [connection] = node.gateway.connections.values();
  // What Bun has read of a socket it hands over, whether or not the socket is paused meanwhile.
  const flood = (): void => {
    for (let i = 0; i <= (FLOOD_BURSTS + 1) * rate.burst + 5; i += 1)
      node.gateway.received(connection as Connection, JSON.stringify({ type: "ping" }));
  };
  for (let i = 0; i < FLOODS_MAX; i += 1) {
    flood();
    expect(client.frames.at(-1)).toMatchObject({ code: "rate_limited", retryAfterMs: FLOOD_PAUSE_MS });
    node.run(FLOOD_PAUSE_MS - 100);
    expect(client.socket.isPaused).toBe(true);
    node.run(200);
    expect(client.socket.isPaused).toBe(false);
  }
  expect(client.socket.closedWith).toBeUndefined();
  flood();
  expect(client.frames.at(-1)).toMatchObject({ type: "error", code: "rate_limited", retryAfterMs: FLOOD_PAUSE_MS });
  expect(client.socket.closedWith).toBe(4002);
  expect(client.socket.isPaused).toBe(false);
});

test("the connections of one user share their bound, on two nodes too, and are not closed for it", () => {
  const { nodes, run } = twoNodes();
  const [one, two, other] = [nodes[0]?.connect("ann"), nodes[1]?.connect("ann"), nodes[1]?.connect("ben")];
  for (let i = 0; i < 10; i += 1) one?.send({ type: "ping" });
  expect(one?.of("pong")).toHaveLength(10);
  one?.send({ type: "ping" });
  expect(one?.frames.at(-1)).toMatchObject({ type: "error", code: "rate_limited", temporary: true });
  run(2 * SHARE_MS);
  two?.send({ type: "ping" });
  other?.send({ type: "ping" });
  expect([two?.of("pong"), other?.of("pong")].map((frames) => frames?.length)).toEqual([0, 1]);
  expect(two?.socket.isPaused).toBe(true);
  run(12_000);
  expect(two?.socket.isPaused).toBe(false);
  two?.send({ type: "ping" });
  expect(two?.of("pong")).toHaveLength(1);
  two?.close();
  expect(nodes[1]?.circle.rates.hold(principalOf("ann")).user?.holders).toBe(1);
});

function twoNodes() {
  const limits = {
    user: { perSecond: 1, burst: 10 },
    tenant: undefined,
    connectsOfUser: undefined,
    connectsOfAddress: undefined,
  };
  const cluster = new SmallCluster(["one", "two"], { limits });
  return { nodes: [cluster.node("one"), cluster.node("two")], run: (ms: number) => cluster.run(ms) };
}

test("a node that stops reads from nobody, whatever reason of a pause ends", () => {
  const node = new SmallNode({ rate: { perSecond: 10, burst: 1 } });
  const client = node.connect("ann");
  client.send({ type: "ping" });
  client.send({ type: "ping" });
  node.gateway.pauseAll();
  node.run(5_000);
  expect(client.socket.isPaused).toBe(true);
});

test("a pause that ends after the connection has ended touches no socket", () => {
  const node = new SmallNode({ rate: { perSecond: 10, burst: 1 } });
  const client = node.connect("ann");
  client.send({ type: "ping" });
  client.send({ type: "ping" });
  client.close();
  client.socket.resume = () => {
    throw new Error("resumed after its end");
  };
  node.run(5_000);
  expect(node.gateway.connections.size).toBe(0);
});

test("as many frames that cannot be read as are allowed are answered; one more closes with 4422", () => {
  const node = new SmallNode();
  const client = node.connect("ann");
  for (let i = 0; i < UNREADABLE_FRAMES_MAX; i += 1) client.socket.arrived("{");
  expect(client.of("error")).toHaveLength(UNREADABLE_FRAMES_MAX);
  expect(client.socket.closedWith).toBeUndefined();
  client.socket.arrived("{");
  expect(client.socket.closedWith).toBe(4422);
});

test("everybody is told another delay before the node goes", () => {
  const node = new SmallNode();
  const clients = Array.from({ length: 20 }, (_, i) => node.connect(`user${i}`));
  node.gateway.dismissAll("going_away", 5_000);
  const delays = clients.map((client) => Number(client.frames.at(-1)?.["delayMs"]));
  expect(delays.every((delayMs) => delayMs >= 0 && delayMs <= 5_000)).toBe(true);
  expect(new Set(delays).size).toBeGreaterThan(15);
  expect(clients.map((client) => client.socket.closedWith)).toEqual(clients.map(() => 1001));
});

test("a connection may resume as many rooms as it may have, with those that it has; one more is refused", () => {
  const node = new SmallNode();
  const client = node.connect("ann");
  client.create("room");
  const wishes = (count: number): object => Object.fromEntries(Array.from({ length: count }, (_, i) => [`r${i}`, 0]));
  expect(client.request({ type: "resume", rooms: wishes(ROOMS_PER_CONNECTION_MAX) })).toMatchObject({
    code: "too_many_rooms",
  });
  const most = { ...wishes(ROOMS_PER_CONNECTION_MAX - 1), room: 0 };
  const resumed = client.request({ type: "resume", rooms: most });
  expect(resumed.type).toBe("resumed");
  expect(listAt(resumed, "rooms")).toHaveLength(ROOMS_PER_CONNECTION_MAX);
});

test("a room may be called __proto__", () => {
  const node = new SmallNode({ shards: 2 });
  const client = node.connect("ann");
  client.create("__proto__");
  client.say("__proto__", "hello");
  client.close(false);
  const again = node.connect("ann", { rooms: client.rooms });
  again.socket.arrived('{"type":"resume","ref":"r","rooms":{"__proto__":2}}');
  node.run();
  expect(listAt(again.answerTo("r"), "rooms")).toMatchObject([{ roomId: "__proto__", head: 4 }]);
});
