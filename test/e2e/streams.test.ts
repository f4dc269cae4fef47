/** Chat without WebSockets through the real server: Server-Sent Events and long polling, over networks that cut and proxies that buffer. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { TcpFaultProxy } from "../chaos/tcp-fault-proxy.ts";
import { BufferingProxy } from "../support/buffering-proxy.ts";
import { TestBrowser } from "../support/chromium.ts";
import { TestClient } from "../support/client.ts";
import { contentsOfFrame, EventStreamClient, takeFrame } from "../support/event-stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt } from "../support/json.ts";
import type { RoomLog } from "../support/room-log.ts";
import { TestServer } from "../support/server.ts";
import { StalledClient } from "../support/stalled-client.ts";
import type { Frame } from "../support/wire.ts";

const ROOM = "room_events";
const MESSAGES = 240;
const CUTS = 3;

let server: TestServer;
let proxy: TcpFaultProxy;
let sender: TestClient;

beforeAll(async () => {
  server = await TestServer.start({ env: { STOA_RATE_PER_SECOND: "100000", STOA_RATE_BURST: "100000" } });
  proxy = await TcpFaultProxy.start(server.port);
  sender = await TestClient.connect(server, { token: server.token({ user: "sender" }) });
  await sender.ack({ type: "create_room", roomId: ROOM, name: "Events", roomType: "public" });
}, 60_000);
afterAll(async () => {
  await sender?.close();
  await proxy?.stop();
  await server?.dispose();
});

const through = (): string => `http://127.0.0.1:${proxy.port}`;
const names = (prefix: string): readonly string[] => Array.from({ length: MESSAGES }, (_, i) => `${prefix} ${i}`);
const seenIn = (frames: readonly Frame[], prefix: string): readonly string[] =>
  frames.flatMap(contentsOfFrame).filter((content) => content.startsWith(prefix));

/** Says something all the time, and cuts the network now and then; `reached`: so many of them were seen. */
async function talkAndCut(prefix: string, seen: () => Promise<number> | number): Promise<void> {
  const part = Math.floor(MESSAGES / (CUTS + 1));
  for (const [i, content] of names(prefix).entries()) {
    await sender.say(ROOM, content);
    if (i % part !== part - 1 || i > part * CUTS) continue;
    await eventually(async () => expect(await seen()).toBeGreaterThan(i - part + 1));
    proxy.cut();
    proxy.heal();
  }
}

test("a stream cut again and again goes on from its last id without a gap", async () => {
  const logs = new Map<string, RoomLog>();
  const frames: Frame[] = [];
  const token = server.token({ user: "listener" });
  let stream = await EventStreamClient.listen(through(), { token, rooms: [ROOM], logs });
  let isDone = false;
  const keep = async (): Promise<void> => {
    while (!isDone) {
      await stream.ended;
      frames.push(...stream.frames);
      const { lastId } = stream;
      stream = await EventStreamClient.listen(through(), { token, lastId, logs });
    }
  };
  const keeping = keep();
  await stream.frame(({ ref }) => ref === "rooms:1", "the answer to the join");
  const all = (): readonly Frame[] => [...frames, ...stream.frames];
  await talkAndCut("sse", () => seenIn(all(), "sse").length);
  await eventually(async () => expect(seenIn(all(), "sse")).toEqual(names("sse")));
  expect([logs.get(ROOM)?.faults, logs.get(ROOM)?.missing]).toEqual([[], []]);
  isDone = true;
  stream.stop();
  await keeping;
  stream.stop();
}, 60_000);

const PAGE = `<!doctype html><title>events</title><script>
  globalThis.seen = { frames: [], opened: 0 };
  const source = new EventSource(location.hash.slice(1));
  source.onopen = () => { seen.opened += 1; };
  source.onmessage = ({ data }) => { seen.frames.push(JSON.parse(data)); };
</script>`;

test("EventSource in Chromium resumes after cuts without a gap", async () => {
  const browser = await TestBrowser.start();
  const pages = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => new Response(PAGE, { headers: { "content-type": "text/html" } }),
  });
  try {
    const address = `${through()}/v1/chat/events?room=${ROOM}&token=${server.token({ user: "browser" })}`;
    const { page, lines } = await browser.open(`${pages.url.href}#${address}`);
    const frames = (): Promise<readonly Frame[]> =>
      page.evaluate(() => (globalThis as unknown as { seen: { frames: Frame[] } }).seen.frames) as Promise<
        readonly Frame[]
      >;
    await eventually(async () => expect(JSON.stringify(await frames())).toContain('"ref":"rooms:1"'));
    await talkAndCut("page", async () => seenIn(await frames(), "page").length);
    await eventually(async () => expect(seenIn(await frames(), "page").length).toBeGreaterThanOrEqual(MESSAGES));
    const logs = new Map<string, RoomLog>();
    for (const frame of await frames()) takeFrame(frame, logs);
    expect(seenIn(await frames(), "page")).toEqual(names("page"));
    expect([logs.get(ROOM)?.faults, logs.get(ROOM)?.missing]).toEqual([[], []]);
    const opened = await page.evaluate(() => (globalThis as unknown as { seen: { opened: number } }).seen.opened);
    expect(opened).toBe(CUTS + 1);
    expect(lines.filter((line) => line.startsWith("uncaught"))).toEqual([]);
  } finally {
    await pages.stop(true);
    await browser.stop();
  }
}, 90_000);

interface Polled {
  readonly cursor: string;
  readonly frames: readonly Frame[];
  readonly connectionId: string;
}
async function poll(http: string, token: string, body: object): Promise<Polled> {
  const response = await fetch(`${http}/v1/chat/events/poll`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  return ((await response.json()) as { data: Polled }).data;
}

test("long polling over a network that is cut loses nothing and repeats nothing", async () => {
  const token = server.token({ user: "poller" });
  const logs = new Map<string, RoomLog>();
  const frames: Frame[] = [];
  let { cursor, ...first } = await poll(through(), token, { rooms: [ROOM] });
  frames.push(...first.frames.map((frame) => takeFrame(frame, logs)));
  let isDone = false;
  const keep = async (): Promise<void> => {
    while (!isDone) {
      const next = await poll(through(), token, { cursor, waitMs: 2_000 }).catch(() => undefined);
      if (next === undefined) continue;
      frames.push(...next.frames.map((frame) => takeFrame(frame, logs)));
      cursor = next.cursor;
    }
  };
  const keeping = keep();
  await talkAndCut("poll", () => seenIn(frames, "poll").length);
  await eventually(async () => expect(seenIn(frames, "poll")).toEqual(names("poll")));
  expect([logs.get(ROOM)?.faults, logs.get(ROOM)?.missing]).toEqual([[], []]);
  isDone = true;
  await keeping;
}, 60_000);

test("a proxy that keeps what it should pass on is noticed by silence; polling works through it", async () => {
  const [keeps, obeys] = await Promise.all([
    BufferingProxy.start(server.port, false),
    BufferingProxy.start(server.port, true),
  ]);
  const token = server.token({ user: "behind" });
  const good = await EventStreamClient.listen(obeys.http, { token });
  await good.frame(({ type }) => type === "connection", "the connection frame");
  const silent = EventStreamClient.listen(keeps.http, { token }).then(
    () => "answered",
    () => "nothing",
  );
  expect(await Promise.race([silent, Bun.sleep(1_000).then(() => "silence")])).toBe("silence");
  const polled = await poll(keeps.http, token, { rooms: [ROOM] });
  expect(polled.frames.map(({ type }) => type)).toContain("connection");
  let next = poll(keeps.http, token, { cursor: polled.cursor });
  await sender.say(ROOM, "through the proxy");
  // What a poll waits for may be something else at first: that somebody came, or is there.
  const seen = await eventually(async () => {
    const { cursor, frames } = await next;
    const found = seenIn(frames, "through");
    if (found.length > 0) return found;
    next = poll(keeps.http, token, { cursor });
    throw new Error(`not among ${frames.map(({ type }) => type).join(", ")}`);
  });
  expect(seen).toEqual(["through the proxy"]);
  good.stop();
  await Promise.all([keeps.stop(), obeys.stop()]);
});

test("frames go up by requests: typing, messages, marks, a new token; another person's connection is out of reach", async () => {
  const token = server.token({ user: "writer" });
  const stream = await EventStreamClient.listen(server.http, { token, rooms: [ROOM] });
  await stream.frame(({ ref }) => ref === "rooms:1", "the join");
  const path = `/v1/chat/events/${stream.connectionId}`;
  const frames = [
    { type: "typing_start", roomId: ROOM },
    { type: "send_message", ref: "m", roomId: ROOM, content: "from a stream", clientId: "c-1" },
    { type: "auth", ref: "a", token: server.token({ user: "writer", ttl: 7_200 }) },
  ];
  expect((await server.rest("POST", path, { token, body: { frames } })).status).toBe(202);
  for (const ref of ["m", "a"]) expect((await stream.frame((frame) => frame["ref"] === ref, ref)).type).toBe("ack");
  await stream.message("from a stream");
  for (const other of [{ user: "sender" }, { user: "writer", tenant: "other" }]) {
    const reply = await server.rest("POST", path, { token: server.token(other), body: { frames } });
    expect([reply.status, reply.body.error?.code]).toEqual([404, "not_found"]);
    expect((await server.rest("DELETE", path, { token: server.token(other) })).status).toBe(404);
  }
  for (const body of [{}, { frames: [] }, { frames: Array.from({ length: 33 }, () => ({ type: "ping" })) }]) {
    expect((await server.rest("POST", path, { token, body })).status).toBe(400);
  }
  expect(await transportsOf("writer")).toEqual(["sse, json"]);
  expect((await server.rest("DELETE", path, { token })).status).toBe(200);
  await stream.ended;
  expect(stream.events.at(-1)).toMatchObject({ event: "close" });
});

test("each dialect comes as its socket would send it", async () => {
  const token = server.token({ user: "dialects" });
  const streams = await Promise.all(
    ["json", "camel", "snake"].map((format) =>
      EventStreamClient.listen(server.http, { token, query: `&room=${ROOM}&format=${format}`, logs: new Map() }),
    ),
  );
  for (const stream of streams) await stream.frame(({ ref }) => ref === "rooms:1", "the join");
  await sender.say(ROOM, "in three dialects");
  const [json, camel, snake] = await Promise.all(
    streams.map((stream) => stream.frame((frame) => JSON.stringify(frame).includes("in three dialects"), "it")),
  );
  expect(json?.type).toBe("events");
  expect(camel).toMatchObject({ type: "new_message", roomId: ROOM, message: { authorId: "sender" } });
  expect(snake).toMatchObject({ type: "new_message", room_id: ROOM, message: { author_id: "sender" } });
  for (const stream of streams) stream.stop();
});

test("a token that ends, ends the stream, and does not open another", async () => {
  const token = server.token({ user: "brief", ttl: 4 });
  const stream = await EventStreamClient.listen(server.http, { token });
  await stream.ended;
  expect(stream.events.at(-1)).toMatchObject({ event: "close", data: expect.stringContaining("4410") });
  const again = await EventStreamClient.listen(server.http, { token });
  expect(again.status).toBe(401);
}, 60_000);

test("who may not listen is told why", async () => {
  const get = async (query: string, headers: Record<string, string> = {}): Promise<readonly unknown[]> => {
    const response = await fetch(`${server.http}/v1/chat/events${query}`, { headers });
    const body = (await response.json()) as { error?: { code: string; details?: { field?: string } } };
    return [response.status, body.error?.code, body.error?.details?.field];
  };
  const token = `token=${server.token({ user: "x" })}`;
  expect(await get("")).toEqual([401, "unauthorized", undefined]);
  expect(await get("?token=nonsense")).toEqual([401, "unauthorized", undefined]);
  expect(await get(`?${token}`, { origin: "https://evil.example" })).toEqual([403, "forbidden", "origin"]);
  // Two of them are names that every object answers to.
  for (const format of ["xml", "__proto__", "constructor"]) {
    expect(await get(`?${token}&format=${format}`)).toEqual([400, "invalid_field", "format"]);
  }
  expect(await get(`?${token}&cursor=nonsense`)).toEqual([400, "invalid_field", "cursor"]);
  expect(await get(`?${token}&room=no%20room`)).toEqual([400, "invalid_field", "rooms"]);
  const rooms = (count: number): string => Array.from({ length: count }, (_, i) => `&room=r${i}`).join("");
  expect(await get(`?${token}${rooms(101)}`)).toEqual([400, "invalid_field", "rooms"]);
  const polled = await server.rest("POST", "/v1/chat/events/poll", { body: {} });
  expect(polled.status).toBe(401);
  const asked = { token: server.token({ user: "x" }), body: { waitMs: 50_001 } };
  expect((await server.rest("POST", "/v1/chat/events/poll", asked)).status).toBe(400);
  expect(server.output).not.toContain(token);
});

test.skipIf(process.platform !== "linux")(
  "a stream that is not read is cut off, and nobody else waits for it",
  async () => {
    const room = "room_stalled";
    await sender.ack({ type: "create_room", roomId: room, name: "Stalled", roomType: "public" });
    const reader = await EventStreamClient.listen(server.http, {
      token: server.token({ user: "reads" }),
      rooms: [room],
    });
    await reader.frame(({ ref }) => ref === "rooms:1", "the join");
    const stalled = await StalledClient.listen(server.port, server.token({ user: "stalls" }), room);
    expect(await transportsOf("stalls")).toEqual(["sse, json"]);
    const content = "€".repeat(4_980);
    for (let i = 0; i < 30; i += 1) {
      await Promise.all(Array.from({ length: 20 }, (_, k) => sender.say(room, `${i * 20 + k} ${content}`)));
    }
    await reader.message(`599 ${content}`);
    await eventually(async () => expect(await transportsOf("stalls")).toEqual([]));
    expect(reader.logs.get(room)?.faults).toEqual([]);
    stalled.destroy();
    reader.stop();
  },
  60_000,
);

/** Of the connections that somebody has. A count of all would move with those of other tests, which end when nobody polls. */
async function transportsOf(user: string): Promise<readonly unknown[]> {
  const { body } = await server.rest("GET", "/v1/chat/users/me/devices", { token: server.token({ user }) });
  return listAt(body, "data.devices").map((device) => at(device, "transport"));
}

test("a server that stops says so to streams and polls, and when to come back", async () => {
  const other = await TestServer.start();
  const token = other.token({ user: "ann" });
  const stream = await EventStreamClient.listen(other.http, { token });
  await stream.frame(({ type }) => type === "connection", "the connection frame");
  const { cursor } = await poll(other.http, token, {});
  // The later one of two takes the place of the other: when that is answered, this one waits.
  const two = [1, 2].map(() => poll(other.http, token, { cursor }));
  await Promise.race(two);
  expect((await other.stop()).code).toBe(0);
  await stream.ended;
  expect(stream.frames.at(-1)?.type).toBe("reconnect");
  const last = stream.events.at(-1);
  expect([last?.event, Number(last?.retry) > 0, String(last?.data)]).toEqual([
    "close",
    true,
    expect.stringContaining("1001"),
  ]);
  const answers = await Promise.all(two);
  expect(answers.find((answer) => "closed" in answer)).toMatchObject({ closed: { code: 1001, reconnect: true } });
  await other.dispose();
}, 60_000);
