/** Losing the connection loses nothing: one `resume` frame for all rooms gives what was missed, or says what it can't give. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { RESUME_EVENTS_MAX } from "../../src/base/limits.ts";
import { TestClient } from "../support/client.ts";
import { at, listAt, numberAt } from "../support/json.ts";
import { TestServer } from "../support/server.ts";
import type { WireName } from "../support/wire.ts";

let server: TestServer;
let speaker: TestClient;
beforeAll(async () => {
  // One shard: of what a socket may be sent again at once, each has an equal part, and one room here needs most of it.
  const env = { STOA_RATE_PER_SECOND: "100000", STOA_RATE_BURST: "100000", STOA_SHARDS: "1" };
  server = await TestServer.start({ env });
  speaker = await TestClient.connect(server, { token: server.token({ user: "speaker" }) });
});
afterAll(() => server.dispose());

async function makeRoom(roomId: string): Promise<void> {
  await speaker.ack({ type: "create_room", roomId, name: roomId, roomType: "public" });
  await speaker.join(roomId);
}

const WINDOW = 400;

/** Many messages, a window at a time: the ack of the last one says that all of the window are there. */
async function sayMany(roomId: string, count: number, prefix: string): Promise<void> {
  for (let i = 1; i <= count; i += 1) {
    const frame = { type: "send_message", roomId, content: `${prefix} ${i}` };
    if (i % WINDOW === 0 || i === count) await speaker.ack(frame, 20_000);
    else speaker.send(frame);
  }
}

function texts(client: TestClient, roomId: string): readonly unknown[] {
  return (client.rooms.get(roomId)?.events ?? [])
    .filter((event) => event.type === "new_message")
    .map((event) => at(event.body, "message.content"));
}

const numbered = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${prefix} ${i + 1}`);

for (const wire of ["msgpack", "json", "camel", "snake"] as const satisfies readonly WireName[]) {
  test(`in ${wire}, one resume for three rooms brings every missed message once and in order`, async () => {
    const roomIds = [1, 2, 3].map((n) => `resume_${wire}_${n}`);
    for (const roomId of roomIds) await makeRoom(roomId);
    const token = server.token({ user: `listener_${wire}` });
    const first = await TestClient.connect(server, { token, wire });
    for (const roomId of roomIds) {
      await first.join(roomId);
      await sayMany(roomId, 3, "before");
      await first.message(roomId, "before 3");
    }
    first.terminate();
    await first.closed;
    // More than one page of replay in the first room, nothing in the last.
    await sayMany(roomIds[0] ?? "", 1_200, "missed");
    await sayMany(roomIds[1] ?? "", 7, "missed");

    const second = await TestClient.connect(server, { token, wire, rooms: first.rooms });
    const resumed = await second.resume();
    expect(resumed.type).toBe("resumed");
    expect(listAt(resumed, "rooms")).toHaveLength(3);
    expect(texts(second, roomIds[0] ?? "")).toEqual([...numbered("before", 3), ...numbered("missed", 1_200)]);
    expect(texts(second, roomIds[1] ?? "")).toEqual([...numbered("before", 3), ...numbered("missed", 7)]);
    expect(texts(second, roomIds[2] ?? "")).toEqual(numbered("before", 3));

    for (const roomId of roomIds) {
      await sayMany(roomId, 2, "after");
      await second.message(roomId, "after 2");
      expect(second.rooms.get(roomId)?.missing).toEqual([]);
    }
    expect(second.faults()).toEqual([]);
    await second.close();
  }, 60_000);
}

test("a resume in the midst of traffic leaves no gap between what is replayed and what is live", async () => {
  const roomId = "resume_busy";
  await makeRoom(roomId);
  const token = server.token({ user: "restless" });
  let client = await TestClient.connect(server, { token });
  await client.join(roomId);
  let sent = 0;
  const ticker = setInterval(() => {
    for (let i = 0; i < 5; i += 1) {
      sent += 1;
      speaker.send({ type: "send_message", roomId, content: `busy ${sent}` });
    }
  }, 5);
  try {
    for (let round = 0; round < 8; round += 1) {
      const seen = texts(client, roomId).length;
      await client.waitFor(() => texts(client, roomId).length > seen + 50, "traffic", { from: client.frames.length });
      client.terminate();
      await client.closed;
      client = await TestClient.connect(server, { token, rooms: client.rooms });
      await client.resume();
    }
  } finally {
    clearInterval(ticker);
  }
  await speaker.say(roomId, "the end");
  await client.message(roomId, "the end");
  expect(texts(client, roomId)).toEqual([...numbered("busy", sent), "the end"]);
  expect(client.faults()).toEqual([]);
  await client.close();
}, 60_000);

test("a position too far back is answered with the range that history has to fill", async () => {
  const roomId = "resume_far";
  await makeRoom(roomId);
  const token = server.token({ user: "sleeper" });
  const before = await TestClient.connect(server, { token });
  await before.join(roomId);
  const had = before.rooms.get(roomId)?.head ?? 0;
  before.terminate();
  await before.closed;
  await sayMany(roomId, RESUME_EVENTS_MAX + 500, "far");

  const after = await TestClient.connect(server, { token, rooms: before.rooms });
  const resumed = await after.resume();
  const position = listAt(resumed, "rooms")[0];
  expect(numberAt(position, "missing.from")).toBe(had + 1);
  const to = numberAt(position, "missing.to");
  expect(to).toBeLessThanOrEqual(numberAt(position, "head"));
  const live = after.rooms.get(roomId)?.events ?? [];
  expect(live.filter((event) => event.seq > had && event.seq <= to)).toEqual([]);

  // From here on it goes on without a gap.
  await speaker.say(roomId, "now");
  await after.message(roomId, "now");
  expect(after.faults()).toEqual([]);
  await after.close();
}, 60_000);

test("more than a socket can hold at once is named as missing, so that the client is not cut off and can read history", async () => {
  const roomId = "resume_heavy";
  await makeRoom(roomId);
  const token = server.token({ user: "heavy_sleeper" });
  const before = await TestClient.connect(server, { token });
  await before.join(roomId);
  const had = before.rooms.get(roomId)?.head ?? 0;
  before.terminate();
  await before.closed;
  // 400 of 4,000 characters: three times what is replayed at once, though far from too many events.
  const text = "x".repeat(4_000);
  for (let i = 0; i < 400; i += 1) {
    const frame = { type: "send_message", roomId, content: text };
    if (i % 50 === 49) await speaker.ack(frame, 20_000);
    else speaker.send(frame);
  }
  const after = await TestClient.connect(server, { token, rooms: before.rooms });
  const position = listAt(await after.resume(), "rooms")[0];
  const from = numberAt(position, "missing.from");
  expect(from).toBeGreaterThan(had);
  expect(numberAt(position, "missing.to")).toBe(numberAt(position, "head"));
  await speaker.say(roomId, "and on it goes");
  await after.message(roomId, "and on it goes");
  expect(after.faults()).toEqual([]);
  await after.close();
}, 60_000);

test("join_room with the last sequence is followed by the events since", async () => {
  const roomId = "resume_join";
  await makeRoom(roomId);
  const token = server.token({ user: "joiner" });
  const first = await TestClient.connect(server, { token });
  await first.join(roomId);
  await sayMany(roomId, 5, "one");
  await first.message(roomId, "one 5");
  await first.close();
  await sayMany(roomId, 9, "two");
  const second = await TestClient.connect(server, { token, rooms: first.rooms });
  await second.join(roomId, first.rooms.get(roomId)?.head);
  await second.message(roomId, "two 9");
  expect(texts(second, roomId)).toEqual([...numbered("one", 5), ...numbered("two", 9)]);
  expect(second.faults()).toEqual([]);
  await second.close();
});

test("rooms that cannot be resumed say why, and the others are resumed all the same", async () => {
  const roomId = "resume_mixed";
  await makeRoom(roomId);
  const client = await TestClient.connect(server, { token: server.token({ user: "mixed" }), wire: "json" });
  await client.join(roomId);
  const reply = await client.request({ type: "resume", rooms: { [roomId]: 1, no_such_room: 5 } });
  expect(reply.type).toBe("resumed");
  const positions = new Map(listAt(reply, "rooms").map((position) => [at(position, "roomId"), position]));
  expect(at(positions.get("no_such_room"), "error")).toBe("room_not_found");
  expect(at(positions.get(roomId), "error")).toBeUndefined();
  await client.close();
});

test("what was acked and what was seen survives a restart of the server, and so does the place to resume from", async () => {
  const roomId = "resume_restart";
  await makeRoom(roomId);
  const token = server.token({ user: "patient" });
  const before = await TestClient.connect(server, { token });
  await before.join(roomId);
  await sayMany(roomId, 20, "kept");
  await before.message(roomId, "kept 20");
  await server.kill();
  await before.closed;
  await server.restart();
  speaker = await TestClient.connect(server, { token: server.token({ user: "speaker" }) });
  await speaker.join(roomId);
  await sayMany(roomId, 5, "new");
  const after = await TestClient.connect(server, { token, rooms: before.rooms });
  await after.resume();
  await after.message(roomId, "new 5");
  expect(texts(after, roomId)).toEqual([...numbered("kept", 20), ...numbered("new", 5)]);
  expect(after.faults()).toEqual([]);
  await after.close();
}, 60_000);
