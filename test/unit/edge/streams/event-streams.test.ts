/** Event streams at a node in one thread: what they are told, in which order, from where they go on, and when they end. */
import { expect, test } from "bun:test";
import type { ConnectionId } from "../../../../src/base/ids.ts";
import {
  BACKPRESSURE_BYTES_MAX,
  POSTS_REMEMBERED_MAX,
  STREAM_CURSOR_BYTES_MAX,
  STREAM_HEARTBEAT_MS,
  STREAMS_PER_USER_MAX,
} from "../../../../src/base/limits.ts";
import { SmallCluster } from "../../../support/small-cluster.ts";
import { principalOf, SmallNode, type SmallNodeOptions, STREAM_MS_MAX } from "../../../support/small-node.ts";
import { contentsOf, SmallStream } from "../../../support/small-streams.ts";
import type { Frame } from "../../../support/wire.ts";

const ROOM = "room_general";

function nodeWithRoom(options: SmallNodeOptions = {}) {
  const node = new SmallNode(options);
  const ann = node.connect("ann");
  ann.create(ROOM);
  return { node, ann };
}
const textOf = (frame: Frame): string => JSON.stringify(frame);

test("a stream joins the rooms that it names, and is told what happens there in the frames of stoa.v1.json", () => {
  const { node, ann } = nodeWithRoom();
  ann.join(ROOM);
  const stream = new SmallStream(node, "ben", { rooms: [ROOM, "room_none"] });
  node.run();
  expect(stream.frames.map(({ type, ref }) => `${type} ${String(ref ?? "")}`)).toEqual([
    "connection ",
    "error rooms:2",
    "presence_update ",
    "ack rooms:1",
  ]);
  ann.say(ROOM, "hello");
  node.run();
  expect(textOf(stream.frames.at(-1) as Frame)).toBe(textOf(ann.of("events").at(-1) as Frame));
});

test("what one turn tells leaves in one write, with one cursor behind it", () => {
  const { node, ann } = nodeWithRoom();
  const stream = new SmallStream(node, "ben", { rooms: [ROOM] });
  node.run();
  const [flushes, ids] = [stream.flushes, stream.events.filter(({ id }) => id !== undefined).length];
  for (let i = 0; i < 20; i += 1) ann.send({ type: "send_message", roomId: ROOM, content: `m${i}` });
  node.run();
  expect(contentsOf(stream.frames)).toHaveLength(20);
  expect(stream.flushes - flushes).toBeLessThanOrEqual(3);
  expect(stream.events.filter(({ id }) => id !== undefined).length - ids).toBeLessThanOrEqual(3);
  expect(stream.events.at(-1)?.id).toBeDefined();
});

test("from the last id another stream goes on without a gap and without a repetition, in all rooms", () => {
  const { node, ann } = nodeWithRoom();
  ann.create("room_other");
  const first = new SmallStream(node, "ben", { rooms: [ROOM, "room_other"] });
  node.run();
  for (let i = 0; i < 5; i += 1) ann.say(i % 2 === 0 ? ROOM : "room_other", `before ${i}`);
  node.run();
  first.socket.lost();
  for (let i = 0; i < 5; i += 1) ann.say(i % 2 === 0 ? ROOM : "room_other", `between ${i}`);
  const second = new SmallStream(node, "ben", { cursor: first.lastId });
  node.run();
  ann.say(ROOM, "after");
  node.run();
  const seen = contentsOf([...first.frames, ...second.frames]);
  expect([...seen].sort()).toEqual(
    [...[0, 1, 2, 3, 4].flatMap((i) => [`before ${i}`, `between ${i}`]), "after"].sort(),
  );
  expect(second.frames.find(({ type }) => type === "resumed")).toMatchObject({ ref: "rooms" });
});

test("a room that was not let in when the stream ended is asked for again by its cursor", () => {
  const { node } = nodeWithRoom({ linkDelayMs: 20 });
  const first = new SmallStream(node, "ben", { rooms: [ROOM] });
  node.runUntil(() => first.lastId !== "");
  expect(first.frames.map(({ type }) => type)).toEqual(["connection"]);
  first.socket.lost();
  const second = new SmallStream(node, "ben", { cursor: first.lastId });
  node.run(500);
  expect(second.frames.find(({ ref }) => ref === "rooms:1")).toMatchObject({ type: "ack", roomId: ROOM });
});

test("while a resume is under way the cursor stays where the client is", () => {
  const { node, ann } = nodeWithRoom({ linkDelayMs: 5 });
  const first = new SmallStream(node, "ben", { rooms: [ROOM] });
  node.run(500);
  first.socket.lost();
  // More than is replayed: the answer names what is missing, and comes behind what is new.
  for (let i = 0; i < 2_100; i += 1) ann.send({ type: "send_message", roomId: ROOM, content: `m${i}` });
  node.run(5_000);
  const second = new SmallStream(node, "ben", { cursor: first.lastId });
  node.runUntil(() => second.frames.some(({ type }) => type === "connection"));
  expect(second.lastId === "" || second.lastId === first.lastId).toBe(true);
  node.runUntil(() => second.frames.some(({ type }) => type === "resumed"));
  node.run();
  expect(second.frames.find(({ type }) => type === "resumed")).toMatchObject({
    rooms: [{ roomId: ROOM, missing: { from: 5, to: 2_104 } }],
  });
  const third = new SmallStream(node, "ben", { cursor: second.lastId });
  node.run(500);
  expect(contentsOf(third.frames)).toEqual([]);
});

test("nothing of a room reaches a stream behind the event that takes its person away, and its cursor knows the room no more", () => {
  const { node, ann } = nodeWithRoom();
  const stream = new SmallStream(node, "ben", { rooms: [ROOM] });
  node.run();
  ann.ack({ type: "remove_member", roomId: ROOM, userId: "ben" });
  ann.say(ROOM, "not for ben");
  node.run();
  expect(stream.text).toContain('"type":"user_left"');
  expect(stream.text).not.toContain("not for ben");
  const next = new SmallStream(node, "ben", { cursor: stream.lastId });
  node.run(500);
  expect(next.frames.map(({ type }) => type)).toEqual(["connection"]);
});

test("a client that takes nothing is cut off beyond the bound, and resumes", async () => {
  const { node, ann } = nodeWithRoom();
  const stream = new SmallStream(node, "ben", { rooms: [ROOM] });
  node.run();
  stream.stall();
  const content = "x".repeat(4_900);
  const fits = Math.floor(BACKPRESSURE_BYTES_MAX / 5_500);
  for (let i = 0; i < fits; i += 1) ann.say(ROOM, content);
  node.run();
  expect(stream.end_).toBe("open");
  await stream.drain();
  stream.stall();
  for (let i = 0; i < fits + 40; i += 1) ann.say(ROOM, content);
  node.run();
  expect(stream.end_).toBe("aborted");
  expect(node.streams.size).toBe(0);
});

test("frames that a client posts are those of its connection: answers come in the stream", async () => {
  const { node } = nodeWithRoom();
  const stream = new SmallStream(node, "ben");
  node.run();
  const id = stream.connectionId as ConnectionId;
  const frames = [
    { type: "join_room", ref: 1, roomId: ROOM },
    { type: "send_message", ref: 2, roomId: ROOM, content: "by post", clientId: "c1" },
    { type: "ping", ref: 3 },
  ].map((frame) => JSON.stringify(frame));
  expect(await node.streams.posted.post(principalOf("ben"), id, frames, false)).toEqual({ ok: true, value: {} });
  node.run();
  for (const ref of [1, 2, 3]) expect(stream.frames.some((frame) => frame["ref"] === ref)).toBe(true);
  expect(contentsOf(stream.frames)).toEqual(["by post"]);
  const asAnn = await node.streams.posted.post(principalOf("ann"), id, frames, false);
  expect(asAnn).toMatchObject({ ok: false, error: { code: "not_found" } });
  const otherTenant = { ...principalOf("ben"), tenant: "evil" as ReturnType<typeof principalOf>["tenant"] };
  expect(await node.streams.posted.post(otherTenant, id, frames, true)).toMatchObject({ ok: false });
});

test("a WebSocket's connection takes no posted frames", async () => {
  const { node, ann } = nodeWithRoom();
  const id = ann.connection.id;
  const posted = await node.streams.posted.post(principalOf("ann"), id, ['{"type":"ping"}'], true);
  expect(posted).toMatchObject({ ok: false, error: { code: "not_found" } });
  expect(ann.connection.closed).toBe(false);
});

test("whoever goes on purpose is gone at once; a lost one has its grace time", () => {
  const { node, ann } = nodeWithRoom();
  ann.join(ROOM);
  const [ben, cid] = [new SmallStream(node, "ben", { rooms: [ROOM] }), new SmallStream(node, "cid", { rooms: [ROOM] })];
  node.run();
  void node.streams.posted.post(principalOf("ben"), ben.connectionId as ConnectionId, [], true);
  cid.socket.lost();
  node.run(2_000);
  const offline = () =>
    ann
      .of("presence_update")
      .flatMap((frame) => (frame["status"] === "offline" ? [(frame["user"] as { userId: string }).userId] : []));
  expect(offline()).toEqual(["ben"]);
  expect(ben.end_).toBe("ended");
  node.run(12_000);
  expect(offline()).toEqual(["ben", "cid"]);
});

test("it says something at least every heartbeat, and is sent back when its time is over", () => {
  const { node } = nodeWithRoom();
  const stream = new SmallStream(node, "ben", { rooms: [ROOM] });
  node.run(STREAM_MS_MAX - 2_000);
  const beats = stream.events.filter(({ event }) => event === "heartbeat").length;
  expect(beats).toBeGreaterThanOrEqual(Math.floor((STREAM_MS_MAX - 4_000) / (STREAM_HEARTBEAT_MS + 1_000)));
  expect(stream.end_).toBe("open");
  node.run(4_000);
  expect(stream.end_).toBe("ended");
  expect(stream.frames.at(-1)?.type).toBe("reconnect");
  const last = stream.events.at(-1);
  expect(last).toMatchObject({ event: "close", data: '{"code":4000,"reason":"please reconnect","reconnect":true}' });
  expect(Number(last?.retry)).toBeGreaterThan(0);
});

test("a client that pings and then falls silent is gone; one that never did lasts", async () => {
  const { node } = nodeWithRoom();
  const [pings, never] = [new SmallStream(node, "ben"), new SmallStream(node, "cid")];
  node.run();
  await node.streams.posted.post(principalOf("ben"), pings.connectionId as ConnectionId, ['{"type":"ping"}'], false);
  node.run(70_000);
  expect(pings.end_).toBe("open");
  node.run(10_000);
  expect([pings.end_, never.end_]).toEqual(["ended", "open"]);
  expect(pings.events.at(-1)?.data).toContain("4004");
});

test("one person has so many streams at a node, and not one more", () => {
  const { node } = nodeWithRoom();
  for (let i = 0; i < STREAMS_PER_USER_MAX; i += 1) {
    expect(node.streams.admits(principalOf("ben"))).toBeUndefined();
    new SmallStream(node, "ben");
  }
  expect(node.streams.admits(principalOf("ben"))).toMatchObject({ code: "rate_limited" });
  expect(node.streams.admits(principalOf("cid"))).toBeUndefined();
});

test("rooms beyond what the cursor can name are refused, unless the client does without cursors", async () => {
  const { node } = nodeWithRoom();
  const long = (i: number): string => `${i}-`.padEnd(128, "r");
  const fits = Math.floor(STREAM_CURSOR_BYTES_MAX / (128 + 13));
  const join = async (stream: SmallStream): Promise<readonly unknown[]> => {
    for (let i = 0; i <= fits; i += 1) {
      const frame = JSON.stringify({ type: "join_room", ref: i, roomId: long(i) });
      await node.streams.posted.post(principalOf("ben"), stream.connectionId as ConnectionId, [frame], false);
    }
    node.run(500);
    return stream.frames.flatMap((frame) => (frame["code"] === "too_many_rooms" ? [frame["ref"]] : []));
  };
  const [with_, without] = [new SmallStream(node, "ben"), new SmallStream(node, "ben", { withCursor: false })];
  node.run();
  expect(await join(with_)).toEqual([fits]);
  expect(await join(without)).toEqual([]);
  expect(without.lastId).toBe("");
});

test("a long cursor goes out once a second, a short one each time", () => {
  const { node, ann } = nodeWithRoom();
  const rooms = Array.from({ length: 12 }, (_, i) => `room_with_a_rather_long_name_${i}`);
  for (const room of rooms) ann.create(room);
  const stream = new SmallStream(node, "ben", { rooms });
  node.run(2_000);
  const ids = (): number => stream.events.filter(({ id }) => id !== undefined).length;
  const before = ids();
  for (const room of rooms) {
    ann.say(room, "hello");
    node.run(10);
  }
  expect(ids() - before).toBeLessThanOrEqual(1);
  node.run(1_100);
  const next = new SmallStream(node, "ben", { cursor: stream.lastId });
  node.run(500);
  expect(contentsOf(next.frames)).toEqual([]);
});

test("frames posted at another node reach the connection once, and its room may be at a third", async () => {
  const cluster = new SmallCluster(["n1", "n2", "n3"]);
  const room = cluster.roomOf("n3");
  const ann = cluster.node("n1").connect("ann");
  ann.create(room);
  const stream = new SmallStream(cluster.node("n1"), "ben", { rooms: [room] });
  cluster.run(500);
  const id = stream.connectionId as ConnectionId;
  const posted = cluster.node("n2").streams.posted.post(principalOf("ben"), id, ['{"type":"ping","ref":"far"}'], false);
  cluster.run(500);
  expect(await posted).toEqual({ ok: true, value: {} });
  expect(stream.frames.filter(({ type }) => type === "pong")).toEqual([{ type: "pong", ref: "far" }]);
  // As a link that begins anew would say it once more.
  const connection = cluster.node("n1").gateway.find(id);
  if (connection === undefined) throw new Error("the stream is gone");
  const { posted: frames } = cluster.node("n1").streams;
  for (let i = 0; i <= POSTS_REMEMBERED_MAX; i += 1) {
    for (const _ of [1, 2]) frames.relayed(connection, `post/${i}`, Buffer.from(`{"type":"ping","ref":${i}}`));
  }
  cluster.run(100);
  expect(stream.frames.filter(({ type }) => type === "pong")).toHaveLength(POSTS_REMEMBERED_MAX + 2);
  const unknown = cluster.node("n2").streams.posted.post(principalOf("cid"), id, ['{"type":"ping"}'], false);
  const gone = cluster.node("n2").streams.posted.post(principalOf("ben"), id, [], true);
  cluster.run(500);
  expect(await unknown).toMatchObject({ ok: false, error: { code: "not_found" } });
  expect(await gone).toMatchObject({ ok: true });
  expect(stream.end_).toBe("ended");
});

test("a stream goes on at another node from its cursor", () => {
  const cluster = new SmallCluster(["n1", "n2"]);
  const room = cluster.roomOf("n1");
  const ann = cluster.node("n1").connect("ann");
  ann.create(room);
  const first = new SmallStream(cluster.node("n1"), "ben", { rooms: [room] });
  cluster.run(500);
  ann.say(room, "one");
  cluster.run(100);
  first.socket.lost();
  ann.say(room, "two");
  const second = new SmallStream(cluster.node("n2"), "ben", { cursor: first.lastId });
  cluster.run(500);
  ann.say(room, "three");
  cluster.run(500);
  expect(contentsOf([...first.frames, ...second.frames])).toEqual(["one", "two", "three"]);
});

test("a lost shard is no end for a stream: what follows comes behind what was before", () => {
  const { node, ann } = nodeWithRoom();
  const stream = new SmallStream(node, "ben", { rooms: [ROOM] });
  node.run();
  ann.say(ROOM, "before");
  node.restartShard(0);
  node.run(500);
  ann.say(ROOM, "after");
  node.run();
  expect(contentsOf(stream.frames)).toEqual(["before", "after"]);
});
