/** Everything that a client can send wrongly: a typed error with `ref` and the field's name, or a close code of the table. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { encode as encodeMsgpack } from "@msgpack/msgpack";
import { TestClient } from "../support/client.ts";
import { at, textAt } from "../support/json.ts";
import { TestServer } from "../support/server.ts";
import type { Frame } from "../support/wire.ts";

const ROOM = "room_open";
const CLOSED_ROOM = "room_closed";
const LENGTH_MAX = 5_000;

let server: TestServer;
let pid: number;
/** Talks to itself during all the mischief; nothing of it may be lost. */
let bystander: TestClient;
let foreignMessageId: string;
let said = 0;

beforeAll(async () => {
  server = await TestServer.start();
  pid = server.pid;
  bystander = await TestClient.connect(server, { token: server.token({ user: "bystander" }) });
  for (const [roomId, roomType] of [
    [ROOM, "public"],
    [CLOSED_ROOM, "private"],
  ] as const) {
    await bystander.ack({ type: "create_room", roomId, name: roomId, roomType });
    await bystander.join(roomId);
  }
  foreignMessageId = textAt(await bystander.say(ROOM, "by the bystander"), "messageId");
});
afterAll(() => server.dispose());

/** The bystander still gets through, and so nobody else was harmed. */
async function bystanderTalks(): Promise<void> {
  said += 1;
  await bystander.say(ROOM, `bystander ${said}`);
  await bystander.message(ROOM, `bystander ${said}`);
  expect(server.pid).toBe(pid);
}

async function mallory(wire: "json" | "msgpack" | "camel" | "snake" = "json"): Promise<TestClient> {
  const client = await TestClient.connect(server, { token: server.token({ user: "mallory" }), wire });
  await client.join(ROOM);
  return client;
}

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

/** Frames with a `ref` that are refused; the connection goes on. */
const REFUSED: readonly (readonly [what: string, frame: Frame, code: string, field?: string])[] = [
  ["an unknown type", { type: "dance" }, "unknown_type", "type"],
  ["a message without content", { type: "send_message", roomId: ROOM }, "missing_field", "content"],
  ["a message without a room", { type: "send_message", content: "hi" }, "missing_field", "roomId"],
  ["content of the wrong type", { type: "send_message", roomId: ROOM, content: 5 }, "invalid_field", "content"],
  ["empty content", { type: "send_message", roomId: ROOM, content: "" }, "invalid_field", "content"],
  ["blank content", { type: "send_message", roomId: ROOM, content: " \n\t " }, "invalid_field", "content"],
  [
    "content that is too long",
    { type: "send_message", roomId: ROOM, content: "x".repeat(LENGTH_MAX + 1) },
    "content_too_long",
    "content",
  ],
  [
    "an edit that is too long",
    { type: "edit_message", roomId: ROOM, messageId: "msg_1", content: "x".repeat(LENGTH_MAX + 1) },
    "content_too_long",
    "content",
  ],
  [
    "an unknown message type",
    { type: "send_message", roomId: ROOM, content: "x", messageType: "hologram" },
    "invalid_field",
    "messageType",
  ],
  ["a room id with a slash", { type: "send_message", roomId: "a/b", content: "x" }, "invalid_field", "roomId"],
  ["a room id of the wrong type", { type: "join_room", roomId: 7 }, "invalid_field", "roomId"],
  [
    "too many mentions",
    { type: "send_message", roomId: ROOM, content: "x", mentions: ids(51) },
    "invalid_field",
    "mentions",
  ],
  [
    "an attachment without an address",
    { type: "send_message", roomId: ROOM, content: "x", attachments: [{ id: "a" }] },
    "missing_field",
    "attachments",
  ],
  [
    "an over-long clientId",
    { type: "send_message", roomId: ROOM, content: "x", clientId: "c".repeat(81) },
    "invalid_field",
    "clientId",
  ],
  ["a negative sequence", { type: "mark_read", roomId: ROOM, seq: -1 }, "invalid_field", "seq"],
  ["a read mark without a place", { type: "mark_read", roomId: ROOM }, "missing_field", "seq"],
  [
    "a read mark at no message",
    { type: "mark_read", roomId: ROOM, messageIds: ["nonsense"] },
    "invalid_field",
    "messageIds",
  ],
  ["a resume that is no map", { type: "resume", rooms: [1] }, "invalid_field", "rooms"],
  ["an unknown status", { type: "set_presence", status: "flying" }, "invalid_field", "status"],
  ["an unknown room", { type: "send_message", roomId: "no_such_room", content: "x" }, "room_not_found"],
  ["joining an unknown room", { type: "join_room", roomId: "no_such_room" }, "room_not_found"],
  ["joining a private room uninvited", { type: "join_room", roomId: CLOSED_ROOM }, "room_not_found"],
  ["writing to a private room", { type: "send_message", roomId: CLOSED_ROOM, content: "x" }, "room_not_found"],
  ["typing in a private room", { type: "typing_start", roomId: CLOSED_ROOM }, "room_not_found"],
  [
    "an edit of no message",
    { type: "edit_message", roomId: ROOM, messageId: "msg_zzzzz", content: "x" },
    "message_not_found",
  ],
  ["deleting no message", { type: "delete_message", roomId: ROOM, messageId: "msg_zzzzz" }, "message_not_found"],
  ["a room that exists", { type: "create_room", roomId: ROOM, name: "Mine now", roomType: "public" }, "room_exists"],
];

for (const [what, frame, code, field] of REFUSED) {
  test(`${what} is refused as ${code}`, async () => {
    const client = await mallory();
    const error = await client.refused(frame);
    expect(error).toMatchObject({ type: "error", code, temporary: false, ...(field === undefined ? {} : { field }) });
    expect(textAt(error, "message").length).toBeGreaterThan(10);
    expect((await client.request({ type: "ping" })).type).toBe("pong");
    await bystanderTalks();
    await client.close();
  });
}

for (const wire of ["msgpack", "camel", "snake"] as const) {
  test(`the same refusals reach a client that speaks ${wire}`, async () => {
    const client = await mallory(wire);
    for (const [what, frame, code] of REFUSED) {
      // The positional form has no place for a name that it does not know, and no type beyond its table.
      if (wire === "msgpack" && frame.type === "dance") continue;
      const error = await client.refused(frame);
      expect({ what, code: error["code"] }).toEqual({ what, code });
    }
    await client.close();
    await bystanderTalks();
  });
}

test("somebody else's message can be neither edited nor deleted", async () => {
  const client = await mallory();
  for (const frame of [
    { type: "edit_message", roomId: ROOM, messageId: foreignMessageId, content: "mine" },
    { type: "delete_message", roomId: ROOM, messageId: foreignMessageId },
  ]) {
    expect(await client.refused(frame)).toMatchObject({ code: "forbidden" });
  }
  await client.close();
});

test("content of exactly the longest length passes, counted in characters and not in bytes", async () => {
  const client = await mallory();
  await client.say(ROOM, "🚀".repeat(LENGTH_MAX));
  await client.close();
});

test("a user, tenant, name or time in the body has no effect", async () => {
  const client = await mallory();
  const forged = {
    userId: "bystander",
    authorId: "bystander",
    tenant: "other",
    by: "bystander",
    role: "admin",
    timestamp: 1,
  };
  await client.say(ROOM, "who am I?", forged);
  expect(await bystander.message(ROOM, "who am I?")).toMatchObject({ authorId: "mallory" });
  await client.close();
});

/** Raw text that no frame can be read from. The error carries no `ref`, and the connection goes on. */
const UNREADABLE: readonly (readonly [what: string, text: string])[] = [
  ["half an object", '{"type":"ping"'],
  ["a number", "42"],
  ["a list", "[]"],
  ["null", "null"],
  ["no text at all", ""],
  ["deep nesting", `{"type":"ping","ref":1,"x":${"[".repeat(5_000)}${"]".repeat(5_000)}}`],
  ["a lone surrogate in bad syntax", '{"type":"\\ud800'],
];

for (const [what, text] of UNREADABLE) {
  test(`text that is ${what} is answered with invalid_frame`, async () => {
    const client = await mallory();
    client.sendRaw(text);
    await client.waitFor((frame) => frame.type === "error" && frame["code"] === "invalid_frame", "the error");
    expect((await client.request({ type: "ping" })).type).toBe("pong");
    await client.close();
    await bystanderTalks();
  });
}

const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => new Uint8Array(values);
const BROKEN_MSGPACK: readonly (readonly [what: string, data: Uint8Array<ArrayBuffer> | string])[] = [
  ["a byte that means nothing", bytes(0xc1)],
  ["nothing", bytes()],
  ["a map", bytes(0x81, 0xa1, 0x61, 0x01)],
  ["an array that ends early", bytes(0x94, 0x14, 0xc0)],
  ["a string longer than the frame", bytes(0x94, 0x14, 0xc0, 0xdb, 0xff, 0xff, 0xff, 0xff, 0x61)],
  ["an array of four thousand million", bytes(0xdd, 0xff, 0xff, 0xff, 0xff)],
  ["an extension type", bytes(0x93, 0x02, 0xc0, 0xd4, 0x65, 0x00)],
  ["a record definition", bytes(0x93, 0x02, 0xc0, 0xd4, 0x72, 0x40)],
  ["bytes after the end", new Uint8Array([...encodeMsgpack([20, 1, ROOM, null, null, "x"]), 0x01])],
  ["sixty thousand nested arrays", new Uint8Array(60_000).fill(0x91)],
  ["deep nesting in a field", encodeMsgpack([20, 1, ROOM, nested(50)])],
  ["text on the binary protocol", '{"type":"ping"}'],
];

for (const [what, data] of BROKEN_MSGPACK) {
  test(`MessagePack that is ${what} is answered with an error`, async () => {
    const client = await mallory("msgpack");
    client.sendRaw(data);
    const error = await client.waitFor((frame) => frame.type === "error", "the error");
    expect(["invalid_frame", "unknown_type", "invalid_field"]).toContain(textAt(error, "code"));
    expect((await client.request({ type: "ping" })).type).toBe("pong");
    await client.close();
    await bystanderTalks();
  });
}

test("an unknown operation number is answered as unknown_type with its ref", async () => {
  const client = await mallory("msgpack");
  client.sendRaw(encodeMsgpack([250, "my-ref", ROOM]));
  const error = await client.waitFor((frame) => frame.type === "error", "the error");
  expect(error).toMatchObject({ code: "unknown_type", ref: "my-ref" });
  await client.close();
});

test("a frame over the limit ends that connection and no other", async () => {
  const client = await mallory();
  client.sendRaw(JSON.stringify({ type: "send_message", roomId: ROOM, content: "x".repeat(70_000) }));
  const { code } = await client.closed;
  // Bun drops the connection without a close frame, which a client sees as 1006: resume.
  expect([1006, 1009]).toContain(code);
  await bystanderTalks();
});

test("a connection that sends nothing but garbage is ended with a code of the table", async () => {
  const client = await mallory();
  for (let i = 0; i < 5_000 && client.isOpen; i += 1) {
    client.sendRaw("garbage");
    if (i % 100 === 99) await Promise.race([client.closed, new Promise((resolve) => setImmediate(resolve))]);
  }
  const { code } = await client.closed;
  expect([4422, 4002]).toContain(code);
  await bystanderTalks();
});

const BAD_TOKENS: readonly (readonly [what: string, code: number, token: () => string])[] = [
  ["expired", 4410, () => server.token({ user: "mallory", ttl: -10 })],
  [
    "signed with another secret",
    4401,
    () => server.token({ user: "mallory", secret: "another secret that is long enough for it" }),
  ],
  ["signed with HS512", 4401, () => server.token({ user: "mallory", alg: "HS512" })],
  ["not signed", 4401, () => server.token({ user: "mallory", alg: "none" })],
  ["without an expiry", 4401, () => server.token({ user: "x", payload: { sub: "mallory" } })],
  ["without a subject", 4401, () => server.token({ user: "x", payload: { exp: Math.floor(Date.now() / 1000) + 60 } })],
  ["for a user id that is none", 4401, () => server.token({ user: "a/b" })],
  ["no token at all", 4401, () => "rubbish"],
];

for (const [what, code, token] of BAD_TOKENS) {
  test(`a token ${what} ends in close code ${code}, as a header, in the address and in an auth frame`, async () => {
    for (const via of ["header", "query", "frame"] as const) {
      const client = TestClient.open(server, { token: token(), wire: "json", via });
      await client.opened();
      if (via === "frame") client.send({ type: "auth", token: token() });
      const closed = await client.closed;
      expect({ via, code: closed.code }).toEqual({ via, code });
      const error = client.frames.find((frame) => frame.type === "error");
      expect(at(error, "code")).toBe(code === 4410 ? "token_expired" : "unauthorized");
    }
    const rest = await server.rest("GET", "/v1/chat/rooms", { token: token() });
    expect(rest.status).toBe(401);
    await bystanderTalks();
  });
}

test("a connection that never names a token is ended after five seconds with 4408", async () => {
  const client = TestClient.open(server, { token: "", wire: "json", via: "none" });
  await client.opened();
  expect((await client.closed).code).toBe(4408);
}, 60_000);

test("a connection ends with 4410 when its token does", async () => {
  const client = await TestClient.connect(server, { token: server.token({ user: "mallory", ttl: 4 }), wire: "json" });
  expect((await client.closed).code).toBe(4410);
}, 60_000);

test("REST refuses the same with a status and the field's name", async () => {
  const token = server.token({ user: "mallory" });
  const messages = `/v1/chat/rooms/${ROOM}/messages`;
  const rows: readonly (readonly [
    method: string,
    path: string,
    body: unknown,
    status: number,
    code: string,
    field?: string,
  ])[] = [
    ["POST", messages, { content: 5 }, 400, "invalid_field", "content"],
    ["POST", messages, {}, 400, "missing_field", "content"],
    ["POST", messages, { content: "x".repeat(LENGTH_MAX + 1) }, 413, "content_too_long", "content"],
    ["POST", messages, "{not json", 400, "invalid_frame"],
    ["POST", "/v1/chat/rooms", { name: "x", type: "castle" }, 400, "invalid_field", "type"],
    ["GET", `${messages}?limit=0`, undefined, 400, "invalid_field", "limit"],
    ["GET", `${messages}?limit=101`, undefined, 400, "invalid_field", "limit"],
    ["GET", `${messages}?before=nonsense`, undefined, 400, "invalid_field", "before"],
    ["GET", "/v1/chat/rooms/no_such_room/messages", undefined, 404, "room_not_found"],
    ["GET", `/v1/chat/rooms/${CLOSED_ROOM}/messages`, undefined, 404, "room_not_found"],
    ["PATCH", `${messages}/${foreignMessageId}`, { content: "mine" }, 403, "forbidden"],
    ["GET", "/v1/chat/nothing", undefined, 404, "not_found"],
  ];
  for (const [method, path, body, status, code, field] of rows) {
    const reply = await server.rest(method, path, { token, body });
    const where = `${method} ${path}`;
    expect({ where, status: reply.status, code: reply.body.error?.code }).toEqual({ where, status, code });
    if (field !== undefined) expect(JSON.stringify(reply.body.error)).toContain(`"${field}"`);
  }
  expect((await server.rest("GET", "/v1/chat/rooms")).status).toBe(401);
});

test("through all of this the bystander saw each of its messages once and in order", () => {
  const own = (bystander.rooms.get(ROOM)?.events ?? [])
    .map((event) => at(event.body, "message.content"))
    .filter((content) => typeof content === "string" && content.startsWith("bystander "));
  expect(own).toEqual(Array.from({ length: said }, (_, i) => `bystander ${i + 1}`));
  expect(said).toBeGreaterThan(40);
  expect(bystander.faults()).toEqual([]);
});

function ids(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `usr_${i}`);
}
