/** The SDK against the real server: over each transport, over networks that are cut, and with what waits to be sent. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { StoaClient } from "../../src/client/client.ts";
import { Timeline } from "../../src/client/timeline.ts";
import type { ClientOptions, TransportName } from "../../src/client/types.ts";
import { TcpFaultProxy } from "../chaos/tcp-fault-proxy.ts";
import { BufferingProxy } from "../support/buffering-proxy.ts";
import { eventually } from "../support/eventually.ts";
import { keptIn } from "../support/kept.ts";
import { TestServer } from "../support/server.ts";

const TRANSPORTS: readonly TransportName[] = ["websocket", "sse", "poll"];
const MESSAGES = 150;

let server: TestServer;
let proxy: TcpFaultProxy;
const clients: StoaClient[] = [];

beforeAll(async () => {
  server = await TestServer.start({ env: { STOA_RATE_PER_SECOND: "100000", STOA_RATE_BURST: "100000" } });
  proxy = await TcpFaultProxy.start(server.port);
}, 60_000);
afterAll(async () => {
  for (const client of clients) client.close();
  await proxy?.stop();
  await server?.dispose();
});

function client(user: string, options: Partial<ClientOptions> = {}): StoaClient {
  const made = new StoaClient({ url: server.http, token: () => server.token({ user }), ...options });
  clients.push(made);
  return made;
}
const through = (): string => `http://127.0.0.1:${proxy.port}`;

function contentsOf(listener: StoaClient, roomId: string): string[] {
  const seen: string[] = [];
  listener.on("message", (told) => {
    if (told.roomId === roomId) seen.push(told.message.content);
  });
  return seen;
}

async function open(one: StoaClient): Promise<void> {
  void one.connect();
  await eventually(async () => expect(one.status.state).toBe("open"));
}

test.each(TRANSPORTS)(
  "rooms, messages, typing and counts over %s",
  async (transport) => {
    const roomId = `room_${transport}`;
    const [ann, ben] = [
      client("ann", { transports: [transport] }),
      client(`ben_${transport}`, { transports: [transport], encoding: "json" }),
    ];
    const seen = contentsOf(ben, roomId);
    const typing: string[] = [];
    ben.on("typing", ({ user, isTyping }) => typing.push(`${user.userId} ${isTyping}`));
    await Promise.all([open(ann), open(ben)]);
    expect(ann.status).toEqual({ state: "open", transport });
    await ann.request({ type: "create_room", roomId: roomId, name: "Room", roomType: "public" });
    expect(await ben.join(roomId)).toMatchObject({ roomId, position: { role: "member" } });
    ann.typing(roomId);
    ann.typing(roomId);
    // Told once for both keys; that it ends by itself may come at any time.
    await eventually(async () => expect(typing[0]).toBe("ann true"));
    expect(typing[1]).not.toBe("ann true");
    const ack = await ann.send(roomId, "hello");
    expect(ack.seq).toBeGreaterThan(0);
    await eventually(async () => expect(seen).toEqual(["hello"]));
    expect(ben.unread(roomId)).toMatchObject({ unread: 1, mentions: 0, total: 1 });
    ben.markRead(roomId);
    expect(ben.unread(roomId).unread).toBe(0);
    await eventually(async () => {
      const reply = await server.rest("GET", "/v1/chat/unread", { token: server.token({ user: `ben_${transport}` }) });
      expect(reply.body.data).toMatchObject({ total: 0 });
    });
    await expect(
      ann.request({ type: "edit_message", roomId: roomId, messageId: "msg_999", content: "x" }),
    ).rejects.toMatchObject({ code: "message_not_found" });
    await ben.leave(roomId);
    await ann.send(roomId, "nobody listens");
    for (const one of [ann, ben]) one.close();
    expect(seen).toEqual(["hello"]);
  },
  60_000,
);

test.each(TRANSPORTS)(
  "cut again and again over %s: every message once and in order, nothing lost that was sent, counts right",
  async (transport) => {
    const roomId = `room_cut_${transport}`;
    const cutting = { url: through(), transports: [transport] };
    const [ann, ben] = [client("ann", cutting), client("ben", cutting)];
    const seen = contentsOf(ben, roomId);
    await Promise.all([open(ann), open(ben)]);
    await ann.request({ type: "create_room", roomId: roomId, name: "Room", roomType: "public" });
    await ben.join(roomId);
    const acks: Promise<unknown>[] = [];
    for (let i = 0; i < MESSAGES; i += 1) {
      acks.push(ann.send(roomId, `m${i}`));
      if (i % 30 === 20) {
        // Some are acked, some on the way, some not sent yet.
        await Promise.race(acks.slice(-5));
        proxy.cut();
        proxy.heal();
      }
      if (i % 10 === 0) await Bun.sleep(1);
    }
    const done = await Promise.all(acks);
    expect(done).toHaveLength(MESSAGES);
    await eventually(async () => expect(seen.length).toBeGreaterThanOrEqual(MESSAGES), 60_000);
    expect([...seen].sort()).toEqual(Array.from({ length: MESSAGES }, (_, i) => `m${i}`).sort());
    expect(ann.pending).toEqual([]);
    await eventually(async () => expect(ben.unread(roomId).unread).toBe(MESSAGES), 60_000);
    for (const one of [ann, ben]) one.close();
  },
  150_000,
);

test("where WebSockets and streams do not get through, it polls", async () => {
  const keeps = await BufferingProxy.start(server.port, false);
  const ann = client("ann", { url: keeps.http });
  const tried: (string | undefined)[] = [];
  ann.on("status", ({ state, transport }) => state === "connecting" && tried.push(transport));
  void ann.connect();
  await eventually(async () => expect(ann.status).toEqual({ state: "open", transport: "poll" }), 90_000);
  expect(tried.slice(0, 3)).toEqual(["websocket", "websocket", "sse"]);
  // On a machine that is slow for a moment one of them is tried once more.
  expect([...new Set(tried)]).toEqual(["websocket", "sse", "poll"]);
  ann.close();
  await keeps.stop();
}, 120_000);

test("what was not sent survives the page, and is sent once", async () => {
  const kept = new Map<string, string>();
  const storage = keptIn(kept);
  const ann = client("ann", { storage });
  await open(ann);
  await ann.request({ type: "create_room", roomId: "room_page", name: "Page", roomType: "public" });
  ann.close();
  void ann.send("room_page", "written offline");
  expect(ann.pending.map(({ frame }) => "content" in frame && frame.content)).toEqual(["written offline"]);
  const next = client("ann", { storage });
  const seen = contentsOf(next, "room_page");
  void next.join("room_page", 0);
  await open(next);
  await eventually(async () => expect(next.pending).toEqual([]));
  await eventually(async () => expect(seen).toEqual(["written offline"]));
  next.close();
}, 60_000);

test("more than a resume brings is read from the room's history, in its place", async () => {
  const roomId = "room_long";
  const [ann, ben] = [client("ann"), client("ben", { url: through() })];
  const seen = contentsOf(ben, roomId);
  await Promise.all([open(ann), open(ben)]);
  await ann.request({ type: "create_room", roomId: roomId, name: "Long", roomType: "public" });
  await ben.join(roomId);
  await ann.send(roomId, "m0");
  await eventually(async () => expect(seen).toHaveLength(1));
  proxy.cut();
  const all = Array.from({ length: 2_300 }, (_, i) => `m${i + 1}`);
  for (let at = 0; at < all.length; at += 500)
    await Promise.all(all.slice(at, at + 500).map((text) => ann.send(roomId, text)));
  proxy.heal();
  const endMs = performance.now() + 40_000;
  while (seen.length < 2_301 && performance.now() < endMs) await Bun.sleep(20);
  expect(seen).toEqual(["m0", ...all]);
  await ann.send(roomId, "live");
  await eventually(async () => expect(seen.at(-1)).toBe("live"));
  for (const one of [ann, ben]) one.close();
}, 60_000);

test("what was edited, reacted to and deleted in a range that a resume does not bring is shown as it is, also on what was there before", async () => {
  const roomId = "room_changes";
  const [ann, ben] = [client("ann"), client("ben", { url: through() })];
  await Promise.all([open(ann), open(ben)]);
  await ann.request({ type: "create_room", roomId, name: "Changes", roomType: "public" });
  await ben.join(roomId);
  const [old, gone] = [await ann.send(roomId, "old"), await ann.send(roomId, "gone")];
  const timeline = new Timeline(ben, roomId, { messagesMax: 10_000 });
  await eventually(async () => expect(timeline.state.messages.map(({ content }) => content)).toEqual(["old", "gone"]));
  proxy.cut();
  const acks: { readonly messageId?: string }[] = [];
  for (let at = 0; at < 2_100; at += 300) {
    acks.push(...(await Promise.all(Array.from({ length: 300 }, (_, i) => ann.send(roomId, `m${at + i}`)))));
  }
  const inRange = acks[1_000]?.messageId ?? "";
  await ann.request({ type: "edit_message", roomId, messageId: old.messageId ?? "", content: "old, edited" });
  await ann.request({ type: "message_reaction", roomId, messageId: old.messageId ?? "", emoji: "👍" });
  await ann.request({ type: "edit_message", roomId, messageId: inRange, content: "edited in the range" });
  await ann.request({ type: "message_reaction", roomId, messageId: inRange, emoji: "🎉" });
  await ann.request({ type: "delete_message", roomId, messageId: gone.messageId ?? "" });
  proxy.heal();
  await eventually(async () => expect(timeline.state.messages.length).toBe(2_102), 30_000);
  await eventually(async () => expect(timeline.state.messages[1]?.deletedAt).toBeGreaterThan(0));
  const of = (messageId: string | undefined) => timeline.state.messages.find((one) => one.messageId === messageId);
  expect(of(old.messageId)).toMatchObject({
    content: "old, edited",
    reactions: { "👍": { count: 1, users: ["ann"] } },
  });
  expect(of(inRange)).toMatchObject({ content: "edited in the range", reactions: { "🎉": { count: 1 } } });
  expect(of(gone.messageId)?.content).toBe("");
  // Message by message as history has them.
  const { messages } = await ben.messages(roomId, { limit: 100 });
  const shown = timeline.state.messages.slice(-100).map(({ seq, content }) => [seq, content]);
  expect<unknown>(shown).toEqual(messages.map(({ seq, content }) => [seq, content]));
  timeline.close();
  for (const one of [ann, ben]) one.close();
}, 90_000);

test("an outage of the server sends nobody on a detour for ever: after the next loss it is the first transport again", async () => {
  const ann = client("ann", { url: through() });
  await open(ann);
  expect(ann.status.transport).toBe("websocket");
  const tried = new Set<string>();
  ann.on("status", ({ state, transport }) => state === "connecting" && transport !== undefined && tried.add(transport));
  proxy.cut();
  await eventually(async () => expect([...tried]).toContain("sse"), 30_000);
  proxy.heal();
  await eventually(async () => expect(ann.status.state).toBe("open"), 45_000);
  proxy.cut();
  proxy.heal();
  await eventually(async () => expect(ann.status).toEqual({ state: "open", transport: "websocket" }), 45_000);
  ann.close();
}, 150_000);

test("a token that ends is renewed while the connection lives; without another one the client says so and stays away", async () => {
  const ends = client("ben", { token: server.token({ user: "ben", ttl: 4 }) });
  void ends.connect();
  await eventually(async () => expect(ends.status).toEqual({ state: "closed", code: 4410 }));
  // A machine that stands still for longer than the token lasts renews nothing in time: then once more.
  let states: readonly string[] = ["none"];
  for (let attempt = 0; attempt < 4 && states.length > 0; attempt += 1) states = await statesOverRenewal();
  expect(states).toEqual([]);
}, 90_000);

/** What a connection came to while its first token ended, after a second one was asked for. */
async function statesOverRenewal(): Promise<readonly string[]> {
  let asked = 0;
  const startMs = performance.now();
  const renews = client("ann", {
    token: () => {
      asked += 1;
      return server.token({ user: "ann", ttl: asked === 1 ? 5 : 3_600 });
    },
  });
  const states: string[] = [];
  await open(renews);
  renews.on("status", ({ state }) => states.push(state));
  await eventually(async () => expect(asked).toBe(2));
  // Past the end of the first token.
  await Bun.sleep(Math.max(0, startMs + 6_000 - performance.now()));
  renews.close();
  return states.slice(0, -1);
}

test("a join that is asked before there is a connection is asked as it stands, and answered", async () => {
  const ann = client("ann");
  await open(ann);
  const roomId = "room_door";
  await ann.request({ type: "create_room", roomId, name: "Door", roomType: "public", requireApproval: true });
  const eve = client("eve");
  const asked = eve.join(roomId, { message: "please" });
  await open(eve);
  expect(await asked).toMatchObject({ state: "pending" });
  const headers = { authorization: `Bearer ${await server.token({ user: "ann" })}` };
  const answer = await fetch(`${server.http}/v1/chat/rooms/${roomId}/requests`, { headers });
  expect(await answer.json()).toMatchObject({ data: { requests: [{ userId: "eve", message: "please" }] } });
  for (const one of [ann, eve]) one.close();
}, 60_000);

test("what is refused of a room that one does not listen to, and was asked without a word back, is told as a problem", async () => {
  const owner = client("ann");
  await open(owner);
  await owner.request({ type: "create_room", roomId: "room_closed", name: "Closed", roomType: "private" });
  const eve = client("eve");
  await open(eve);
  const problems: unknown[] = [];
  eve.on("problem", (frame) => problems.push(frame));
  eve.typing("room_closed");
  await eventually(async () => expect(problems).toMatchObject([{ type: "error", roomId: "room_closed" }]));
  for (const one of [owner, eve]) one.close();
}, 60_000);
