/** What the SDK keeps for a page beside messages, against the real server: who is there, types and has read; counts, lists. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { StoaClient } from "../../src/client/client.ts";
import type { ClientOptions, RoomState } from "../../src/client/types.ts";
import { eventually } from "../support/eventually.ts";
import { TestServer } from "../support/server.ts";

let server: TestServer;
const clients: StoaClient[] = [];

beforeAll(async () => {
  server = await TestServer.start({ env: { TYPING_TIMEOUT: "2200" } });
}, 60_000);
afterAll(async () => {
  for (const client of clients) client.close();
  await server?.dispose();
});

async function open(user: string, options: Partial<ClientOptions> = {}): Promise<StoaClient> {
  const client = new StoaClient({
    url: server.http,
    token: () => server.token({ user, name: nameOf(user) }),
    ...options,
  });
  clients.push(client);
  void client.connect();
  await eventually(async () => expect(client.status.state).toBe("open"));
  return client;
}
const nameOf = (user: string): string => user.toUpperCase();

async function twoIn(roomId: string): Promise<readonly [ann: StoaClient, ben: StoaClient]> {
  const [ann, ben] = await Promise.all([open(`ann_${roomId}`), open(`ben_${roomId}`)]);
  await ann.request({ type: "create_room", roomId, name: roomId, roomType: "public" });
  await ben.join(roomId);
  return [ann, ben];
}

test("who is there, with name and status, until they go; the same snapshot as long as nothing changes", async () => {
  const [ann, ben] = await twoIn("r1");
  const told: RoomState[] = [];
  ann.on("room", (state) => told.push(state));
  await eventually(async () => expect(ann.room("r1").present).toHaveLength(2));
  expect(ann.room("r1")).toBe(ann.room("r1"));
  expect(ann.room("r1")).toMatchObject({ isListening: true, role: "owner", presentCount: 2 });
  await ben.request({ type: "set_presence", status: "busy", customStatus: "writing" });
  const busy = { userId: "ben_r1", name: "BEN_R1", status: "busy", customStatus: "writing" };
  await eventually(async () => expect(ann.room("r1").present).toContainEqual(expect.objectContaining(busy)));
  expect(ann.person("ben_r1")).toEqual({ userId: ben.userId as never, name: "BEN_R1" });
  expect(told.at(-1)).toBe(ann.room("r1"));
  // Whoever comes later is named by `loadPresence`: the position names only ids.
  const cid = await open("cid");
  await cid.join("r1");
  expect(await cid.loadPresence("r1")).toMatchObject({ presentCount: 3 });
  expect(cid.room("r1").present).toContainEqual(expect.objectContaining(busy));
  ben.close();
  await eventually(async () =>
    expect(ann.room("r1").present.map(({ userId }) => String(userId))).toEqual(["ann_r1", "cid"]),
  );
  await ann.leave("r1");
  expect(ann.room("r1")).toMatchObject({ isListening: false, present: [] });
}, 60_000);

test("who types, until they stop, send, or say nothing for the time that the server allows", async () => {
  const [ann, ben] = await twoIn("r2");
  // What was shown, in order: it may be over before anybody looks.
  const shown: (readonly unknown[])[] = [];
  ann.on("room", ({ roomId, typing }) => {
    if (roomId === "r2" && shown.at(-1) !== typing) shown.push(typing);
  });
  const types = { userId: "ben_r2", name: "BEN_R2" };
  const began = async (): Promise<void> => {
    shown.length = 0;
    ben.typing("r2");
    await eventually(async () => expect(shown).toContainEqual([types]));
  };
  const ended = async (): Promise<void> => {
    await eventually(async () => expect(ann.room("r2").typing).toEqual([]));
    expect(ben.room("r2").typing).toEqual([]);
  };
  await began();
  ben.stopTyping("r2");
  await ended();
  await began();
  // Nothing more is said.
  await ended();
  await began();
  await ben.send("r2", "done");
  await ended();
}, 60_000);

test("who has read a message: live, and of what was read before one came", async () => {
  const [ann, ben] = await twoIn("r3");
  const { seq = 0 } = await ann.send("r3", "read this");
  expect(ann.seenBy("r3", seq)).toEqual({ count: 0, users: [] });
  await eventually(async () => expect(ben.position("r3")).toBeGreaterThanOrEqual(seq));
  ben.markRead("r3");
  const seen = { count: 1, users: [{ userId: ben.userId as never, name: "BEN_R3" }] };
  await eventually(async () => expect(ann.seenBy("r3", seq)).toEqual(seen));
  const cid = await open("cid3");
  await cid.join("r3");
  const { messages, hasMore } = await cid.messages("r3", { limit: 10 });
  expect([messages.map(({ content }) => content), hasMore]).toEqual([["read this"], false]);
  expect(messages[0]).toMatchObject({ seq, messageType: "text", authorId: "ann_r3", timestamp: expect.any(Number) });
  expect(
    cid
      .seenBy("r3", seq)
      .users.map(({ userId }) => String(userId))
      .sort(),
  ).toEqual(["ann_r3", "ben_r3"]);
  // Whoever answers has read it.
  await cid.send("r3", "so do I");
  await eventually(async () => expect(ann.seenBy("r3", seq).count).toBe(2));
}, 60_000);

test("the list of one's own rooms follows what happens: new ones, names, counts, order, leaving", async () => {
  const [ann, ben] = await twoIn("r4");
  await ann.request({ type: "create_room", roomId: "r4b", name: "Other", roomType: "private" });
  const list = (): unknown => ann.rooms.map(({ roomId, name, unread }) => [String(roomId), name, unread]);
  expect(await ann.loadRooms()).toHaveLength(2);
  expect(list()).toEqual([
    ["r4b", "Other", 0],
    ["r4", "r4", 0],
  ]);
  await ben.send("r4", "@ann_r4 hello");
  await eventually(async () =>
    expect(list()).toEqual([
      ["r4", "r4", 1],
      ["r4b", "Other", 0],
    ]),
  );
  expect(ann.room("r4")).toMatchObject({ unread: 1, mentions: 1 });
  expect(ann.totals).toEqual({ total: 1, totalMentions: 1 });
  ann.markRead("r4");
  await ann.request({ type: "update_room", roomId: "r4", name: "Renamed" });
  await eventually(async () =>
    expect(list()).toEqual([
      ["r4", "Renamed", 0],
      ["r4b", "Other", 0],
    ]),
  );
  // By another device, and by somebody else's hand.
  const phone = await open("ann_r4");
  await phone.request({ type: "create_room", roomId: "r4c", name: "From the phone" });
  await ben.request({ type: "create_room", roomId: "r4d", name: "Ben's", roomType: "private" });
  await ben.request({ type: "add_member", roomId: "r4d", userId: "ann_r4" });
  await ben.send("r4d", "welcome");
  await eventually(async () => expect(list()).toContainEqual(["r4d", "Ben's", 1]));
  await ann.leave("r4d", true);
  await eventually(async () => expect(ann.rooms.map(({ roomId }) => String(roomId))).not.toContain("r4d"));
  expect(ann.totals.total).toBe(0);
  await ann.request({ type: "delete_room", roomId: "r4b" });
  await eventually(async () => expect(ann.rooms.map(({ roomId }) => String(roomId))).not.toContain("r4b"));
}, 60_000);

test("replies in threads that one follows are counted, until they are read here or elsewhere", async () => {
  const [ann, ben] = await twoIn("r5");
  const told: unknown[] = [];
  ann.on("threads", (threads) => told.push(threads.map(({ unread }) => unread)));
  const { messageId = "" } = await ann.send("r5", "who comes?");
  const count = (unread: number) => [{ roomId: "r5", threadId: messageId, unread }];
  await ben.send("r5", "I do", { replyTo: messageId });
  await eventually(async () => expect<unknown>(ann.threads).toEqual(count(1)));
  await ben.send("r5", "and she", { replyTo: messageId });
  await eventually(async () => expect<unknown>(ann.threads).toEqual(count(2)));
  const phone = await open("ann_r5");
  expect<unknown>(phone.threads).toEqual(count(2));
  await phone.markThreadRead("r5", messageId);
  expect(phone.threads).toEqual([]);
  await eventually(async () => expect(ann.threads).toEqual([]));
  expect(told.at(-1)).toEqual([]);
  await ben.send("r5", "who else?", { replyTo: messageId });
  await eventually(async () => expect<unknown>(ann.threads).toEqual(count(1)));
  await ann.send("r5", "I see", { replyTo: messageId });
  await eventually(async () => expect(ann.threads).toEqual([]));
  expect((await open("ann_r5")).threads).toEqual([]);
  phone.on("threads", () => undefined);
  await ben.send("r5", "one more", { replyTo: messageId });
  await eventually(async () => expect<unknown>([ann.threads, phone.threads]).toEqual([count(1), count(1)]));
  await phone.followThread("r5", messageId, false);
  await eventually(async () => expect<unknown>([ann.threads, phone.threads]).toEqual([[], []]));
  await ben.send("r5", "unheard", { replyTo: messageId });
  await phone.followThread("r5", messageId);
  await ben.send("r5", "heard", { replyTo: messageId });
  await eventually(async () => expect<unknown>([ann.threads, phone.threads]).toEqual([count(1), count(1)]));
}, 60_000);

test("reading a part of what waited before one came leaves the rest, here and on the other device", async () => {
  const [ann] = await twoIn("r7");
  await server.rest("POST", "/v1/chat/rooms/r7/join", { token: server.token({ user: "cid7" }) });
  const seqs: number[] = [];
  for (let i = 0; i < 5; i += 1) seqs.push((await ann.send("r7", i === 3 ? "@cid7 look" : `m${i}`)).seq ?? 0);
  const [laptop, phone] = await Promise.all([open("cid7"), open("cid7")]);
  await Promise.all([laptop.join("r7"), phone.join("r7")]);
  expect(laptop.unread("r7")).toMatchObject({ unread: 5, mentions: 1 });
  laptop.markRead("r7", seqs[1]);
  for (const one of [laptop, phone]) {
    await eventually(async () => expect(one.unread("r7")).toMatchObject({ unread: 3, mentions: 1 }));
  }
  await ann.send("r7", "one more");
  await eventually(async () => expect(laptop.unread("r7").unread).toBe(4));
  laptop.markRead("r7");
  for (const one of [laptop, phone]) {
    await eventually(async () => expect(one.unread("r7")).toMatchObject({ unread: 0, mentions: 0, total: 0 }));
  }
}, 60_000);

test("what the server refuses is kept for the user; REST answers without its envelope, and refuses in the same way", async () => {
  const [ann, ben] = await twoIn("r6");
  await ann.request({ type: "mute_member", roomId: "r6", userId: "ben_r6" });
  await expect(ben.send("r6", "may I?")).rejects.toMatchObject({ code: "muted", temporary: false });
  const [failed] = ben.failed;
  expect(failed).toMatchObject({ frame: { content: "may I?" }, error: { code: "muted" } });
  await ann.request({ type: "unmute_member", roomId: "r6", userId: "ben_r6" });
  expect(await ben.retry(failed?.clientId ?? "")).toMatchObject({ messageId: expect.any(String) });
  expect([ben.failed, ben.pending]).toEqual([[], []]);
  expect(await ben.rest("GET", "/v1/chat/rooms/r6")).toMatchObject({ roomId: "r6", role: "member" });
  await expect(ben.rest("GET", "/v1/chat/rooms/nowhere")).rejects.toMatchObject({ code: "room_not_found" });
  await expect(ben.rest("PUT", "/v1/chat/presence", { status: "asleep" })).rejects.toMatchObject({ field: "status" });
}, 60_000);

test("whoever may not write in a room knows until when, also after a reload", async () => {
  const [ann, ben] = await twoIn("r8");
  await ann.request({ type: "mute_member", roomId: "r8", userId: "ben_r8", durationMs: 3_600_000 });
  await eventually(async () => expect(ben.room("r8").muted?.until).toBeGreaterThan(Date.now()));
  const { muted } = ben.room("r8");
  const pages = await Promise.all([open("ben_r8"), open("ben_r8", { encoding: "json" })]);
  await Promise.all(pages.map((page) => page.join("r8")));
  for (const page of pages) expect(page.room("r8").muted).toEqual(muted ?? {});
  expect(ann.room("r8")).not.toHaveProperty("muted");
  await ann.request({ type: "unmute_member", roomId: "r8", userId: "ben_r8" });
  for (const page of [ben, ...pages]) await eventually(async () => expect(page.room("r8")).not.toHaveProperty("muted"));
}, 60_000);

test("a token is asked for once, and again when the server refuses it", async () => {
  let asked = 0;
  const client = await open("tokens", {
    token: () => {
      asked += 1;
      return server.token({ user: "tokens" });
    },
  });
  for (let i = 0; i < 3; i += 1) await client.rest("GET", "/v1/chat/unread");
  expect(asked).toBe(1);
  const admin = server.token({ user: "root", role: "admin" });
  const at = new Date(Date.now() + 60_000).toISOString();
  await server.rest("POST", "/v1/chat/admin/users/tokens/tokens/revoke", { token: admin, body: { issuedBefore: at } });
  await expect(client.rest("GET", "/v1/chat/unread")).rejects.toMatchObject({ code: "token_revoked" });
  expect(asked).toBeGreaterThan(1);
}, 60_000);
