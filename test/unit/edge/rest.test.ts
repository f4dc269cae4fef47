import { at } from "../../support/json.ts";
import { beforeEach, describe, expect, test } from "bun:test";
import { Elysia } from "elysia";
import type { UserId } from "../../../src/base/ids.ts";
import { BODY_BYTES_MAX } from "../../../src/edge/rest/json-body.ts";
import { historyPlugin } from "../../../src/edge/plugins/history-plugin.ts";
import { createApp } from "../../../src/edge/http.ts";
import { appOptions, message } from "./fake-engine.ts";

let options = appOptions();
let app = createApp(options);
let token = "";
beforeEach(async () => {
  options = appOptions();
  app = createApp(options);
  token = await options.auth.mintToken({ user: "usr_1", ttlSeconds: 60 });
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire
  readonly body: any;
}

async function ask(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const request = new Request(`http://localhost${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
    ...(text === undefined ? {} : { body: text }),
  });
  const response = await app.handle(request);
  return { status: response.status, headers: response.headers, body: await response.json() };
}

test("a private question waits for its answer as long as the engine does, which is longer than Bun lets a connection be silent", async () => {
  const seconds: number[] = [];
  const timeout = (_request: Request, after: number): number => seconds.push(after);
  Object.defineProperty(app, "server", { value: { timeout } });
  expect((await ask("POST", "/v1/chat/ai/ask", { question: "Why?" })).status).toBe(200);
  expect(seconds).toEqual([0]);
});

describe("answers", () => {
  test("are kept by nobody and taken for nothing else, also those that refuse", async () => {
    for (const path of ["/v1/chat/rooms", "/v1/chat/rooms?limit=0", "/nothing"]) {
      const { headers } = await ask("GET", path);
      expect([headers.get("cache-control"), headers.get("x-content-type-options")]).toEqual(["no-store", "nosniff"]);
    }
  });

  test("the room list is that of the documented example", async () => {
    const { status, body } = await ask("GET", "/v1/chat/rooms?type=public&limit=20&offset=0");
    expect(status).toBe(200);
    expect(body.success).toBe(true);
    expect(body.data.rooms[0]).toMatchObject({
      roomId: "room_1",
      name: "General",
      type: "public",
      memberCount: 2,
      lastActivity: "2025-09-29T10:30:00.000Z",
      isJoined: true,
      unreadCount: 3,
    });
    expect(body.data.pagination).toEqual({ total: 50, limit: 20, offset: 0, hasMore: true });
    expect(options.engine.last.call).toEqual({
      to: "user",
      user: "usr_1",
      kind: "list_rooms",
      scope: "visible",
      limit: 20,
      offset: 0,
      type: "public",
      peers: true,
    } as never);
  });

  test("history is that of the documented example", async () => {
    const { body } = await ask("GET", "/v1/chat/rooms/room_1/messages?limit=50&before=msg_9");
    expect(body.data.messages[0]).toMatchObject({
      messageId: "msg_5",
      roomId: "room_1",
      authorId: "usr_1",
      authorName: "One",
      content: "Hello",
      type: "text",
      timestamp: "2025-09-29T10:30:00.000Z",
      reactions: { "👍": ["usr_1", "usr_2"] },
      replyTo: null,
      isEdited: false,
      isAnonymous: false,
    });
    expect(body.data.pagination).toEqual({ hasMore: true, before: "msg_5", after: "msg_5", limit: 50 });
    expect(options.engine.last.call).toEqual({
      to: "room",
      room: "room_1",
      kind: "history",
      limit: 50,
      before: 9,
    } as never);
  });

  test("a page of history can be asked for by sequence number, as a resume names what is missing", async () => {
    await ask("GET", "/v1/chat/rooms/room_1/messages?after=120");
    expect(options.engine.last.call).toMatchObject({ kind: "history", after: 120 } as never);
  });

  test("an edited and a deleted message say so", async () => {
    const changed = { ...message, editedAt: 1_000, deletedAt: 2_000, content: "" };
    options.engine.overrides = { history: { messages: [changed] } };
    const { body } = await ask("GET", "/v1/chat/rooms/room_1/messages");
    expect(body.data.messages[0]).toMatchObject({
      isEdited: true,
      editedAt: "1970-01-01T00:00:01.000Z",
      isDeleted: true,
    });
  });

  test("what was made is answered with 201, and with 200 when it had been made before", async () => {
    const send = () => ask("POST", "/v1/chat/rooms/room_1/messages", { content: "x", clientId: "c1" });
    expect((await send()).status).toBe(201);
    options.engine.overrides = { mutate: { duplicate: true } };
    const again = await send();
    expect(again.status).toBe(200);
    expect(again.body.data).toMatchObject({ messageId: "msg_5", seq: 5, duplicate: true });
  });

  test("a sent message comes back as history shows it, when the engine gives it", async () => {
    options.engine.overrides = { mutate: { message } };
    const { body } = await ask("POST", "/v1/chat/rooms/room_1/messages", { content: "Hello" });
    expect(body.data).toMatchObject({ messageId: "msg_5", type: "text", content: "Hello", duplicate: false });
  });

  test("both prefixes have the same routes", async () => {
    for (const path of ["/rooms", "/rooms/room_1", "/rooms/room_1/messages", "/rooms/room_1/members", "/presence"]) {
      const [first, second] = await Promise.all([ask("GET", `/v1/chat${path}`), ask("GET", `/api/v1/chat${path}`)]);
      expect(first.status).toBe(200);
      expect(second.body).toEqual(first.body);
    }
  });
});

describe("what the engine is asked", () => {
  const mutation = (path: string, command: object, method = "POST", body?: unknown) => ({
    path,
    command,
    method,
    body,
  });
  test.each([
    mutation("/rooms/room_1/join", { kind: "join_room" }),
    mutation("/rooms/room_1/leave", { kind: "leave_room" }),
    mutation("/rooms/room_1/leave", { kind: "leave_room" }, "DELETE"),
    mutation("/rooms/room_1", { kind: "update_room", changes: { name: "New" } }, "PATCH", {
      name: "New",
      clientId: "c",
    }),
    mutation("/rooms/room_1/members", { kind: "add_member", userId: "usr_2", role: "member" }, "POST", {
      userId: "usr_2",
    }),
    mutation("/rooms/room_1/members/usr_2", { kind: "set_role", userId: "usr_2", role: "admin" }, "PATCH", {
      role: "admin",
    }),
    mutation("/rooms/room_1/members/usr_2", { kind: "remove_member", userId: "usr_2" }, "DELETE"),
    mutation("/rooms/room_1/messages", { kind: "send_message", content: "x", messageType: "text" }, "POST", {
      content: "x",
    }),
    mutation("/rooms/room_1/messages/msg_5", { kind: "edit_message", messageId: "msg_5", content: "y" }, "PATCH", {
      content: "y",
    }),
    mutation("/rooms/room_1/messages/msg_5", { kind: "delete_message", messageId: "msg_5" }, "DELETE"),
    mutation(
      "/rooms/room_1/messages/msg_5/reactions",
      { kind: "react", messageId: "msg_5", emoji: "👍", add: true },
      "POST",
      {
        emoji: "👍",
      },
    ),
    mutation("/rooms/room_1/messages/msg_5/reactions", { kind: "react", emoji: "👍", add: false }, "POST", {
      emoji: "👍",
      action: "remove",
    }),
    mutation(
      `/rooms/room_1/messages/msg_5/reactions/${encodeURIComponent("👍")}`,
      { kind: "react", emoji: "👍", add: false },
      "DELETE",
    ),
  ])("$method $path is $command.kind", async ({ path, command, method, body }) => {
    const { status } = await ask(method, `/v1/chat${path}`, body);
    expect(status).toBeLessThan(300);
    const { call } = options.engine.last;
    expect(call).toMatchObject({ to: "room", room: "room_1", kind: "mutate", command } as never);
    expect(call.kind === "mutate" && call.command.clientId.length).toBeGreaterThan(0);
  });

  test("members by prefix go on where the last page ended, whatever is in a name", async () => {
    const place = "n:zo%C3%AB%20m usr_9";
    options.engine.overrides = { members: { members: [], total: 7, next: "i:usr_3" } };
    const query = new URLSearchParams({ prefix: "Zoë m", after: place, limit: "5" });
    const { body } = await ask("GET", `/v1/chat/rooms/room_1/members?${query}`);
    expect(options.engine.last.call).toMatchObject({ kind: "members", prefix: "Zoë m", after: place, limit: 5 });
    expect(body.data).toMatchObject({ pagination: { total: 7, limit: 5, hasMore: true, after: "i:usr_3" } });
  });

  test("a message carries everything that the body said", async () => {
    const attachment = {
      id: "a1",
      type: "image",
      url: "https://a.example/1",
      fileName: "1.png",
      fileSize: 5,
      mimeType: "image/png",
    };
    const body = {
      content: "x",
      type: "image",
      replyTo: "msg_5",
      mentions: ["usr_2"],
      attachments: [attachment],
      knownSeq: 4,
    };
    await ask("POST", "/v1/chat/rooms/room_1/messages", { ...body, clientId: "c1", isAnonymous: false });
    const { type, ...same } = body;
    expect(options.engine.last.call).toEqual({
      to: "room",
      room: "room_1",
      kind: "mutate",
      command: { kind: "send_message", messageType: type, ...same, clientId: "c1" },
    } as never);
  });

  test("what frames call `anonymous` and `messageType` is not passed over, and a poll may say `isAnonymous`", async () => {
    const commandOf = async (body: object) => {
      await ask("POST", "/v1/chat/rooms/room_1/messages", { content: "x", ...body });
      const { call } = options.engine.last;
      return call.kind === "mutate" ? call.command : undefined;
    };
    expect(await commandOf({ anonymous: true })).toMatchObject({ anonymous: true });
    expect(await commandOf({ anonymous: true, isAnonymous: false })).toMatchObject({ anonymous: true });
    expect(await commandOf({ messageType: "image" })).toMatchObject({ messageType: "image" });
    const poll = { question: "?", options: [{ text: "a" }, { text: "b" }] };
    expect(await commandOf({ poll: { ...poll, isAnonymous: true } })).toMatchObject({ poll: { anonymous: true } });
  });

  test("the documented null of replyTo means none", async () => {
    await ask("POST", "/v1/chat/rooms/room_1/messages", { content: "x", replyTo: null });
    const { call } = options.engine.last;
    expect(call.kind === "mutate" && Object.keys(call.command)).not.toContain("replyTo");
  });

  test("the Idempotency-Key header is the clientId, a clientId in the body comes first, and without one each request differs", async () => {
    const clientIdOf = async (body: object, headers: Record<string, string> = {}) => {
      await ask("POST", "/v1/chat/rooms/room_1/messages", { content: "x", ...body }, headers);
      const { call } = options.engine.last;
      return call.kind === "mutate" ? call.command.clientId : undefined;
    };
    expect(await clientIdOf({}, { "idempotency-key": "key-1" })).toBe("key-1");
    expect(await clientIdOf({ clientId: "c1" }, { "idempotency-key": "key-1" })).toBe("c1");
    expect(await clientIdOf({})).not.toBe(await clientIdOf({}));
  });

  test("typing, reading and presence", async () => {
    expect((await ask("POST", "/v1/chat/rooms/room_1/typing", { isTyping: false })).body.data).toEqual({
      roomId: "room_1",
      isTyping: false,
    });
    expect((await ask("POST", "/v1/chat/rooms/room_1/read", { messageIds: ["msg_5"] })).body.data).toEqual({
      roomId: "room_1",
      readSeq: 5,
      unreadCount: 0,
      mentionCount: 0,
    });
    expect(options.engine.last.call).toMatchObject({ kind: "mark_read", messageIds: ["msg_5"] } as never);
    const unread = await ask("POST", "/v1/chat/rooms/room_1/unread", { messageId: "msg_5" });
    expect(unread.body.data).toEqual({ roomId: "room_1", readSeq: 5, unreadCount: 2, mentionCount: 1 });
    expect(options.engine.last.call).toMatchObject({ kind: "mark_unread", messageId: "msg_5" } as never);
    expect((await ask("POST", "/v1/chat/rooms/room_1/unread", {})).body.error.code).toBe("missing_field");
    await ask("GET", "/v1/chat/presence?userId=usr_2");
    expect(options.engine.last.call).toEqual({
      to: "user",
      user: "usr_2",
      kind: "get_presence",
      userId: "usr_2",
    } as never);
    await ask("PUT", "/v1/chat/presence", { status: "busy", customStatus: "in a call" });
    expect(options.engine.last.call).toMatchObject({
      kind: "set_presence",
      status: "busy",
      customStatus: "in a call",
    } as never);
  });
});

describe("receipts", () => {
  const path = "/v1/chat/rooms/room_1/messages/msg_5/receipts";

  test("are counts and a page of names", async () => {
    const { status, body } = await ask("GET", `${path}?state=pending&after=usr_0&limit=2`);
    expect(status).toBe(200);
    expect(body.data).toEqual({
      messageId: "msg_5",
      state: "pending",
      readBy: 2,
      deliveredTo: 3,
      members: 4,
      users: [{ userId: "usr_1", displayName: "One", avatar: null }],
      pagination: { hasMore: false, after: null, limit: 2 },
    });
    expect(options.engine.last.call).toEqual({
      to: "room",
      room: "room_1",
      kind: "receipts",
      seq: 5,
      state: "pending",
      after: "usr_0",
      limit: 2,
    } as never);
  });

  test("of what is no message are not found, and a state or limit that is none is named", async () => {
    expect((await ask("GET", "/v1/chat/rooms/room_1/messages/x/receipts")).status).toBe(404);
    for (const [field, query] of [
      ["state", "state=seen"],
      ["limit", "limit=101"],
    ]) {
      const { status, body } = await ask("GET", `${path}?${query}`);
      expect({ status, field: body.error.field ?? body.error.details?.field }).toEqual({ status: 400, field });
    }
  });

  test("a message of history names its readers where the room does", async () => {
    options.engine.overrides = { history: { readBy: [["usr_1", "usr_2"]] } };
    const { body } = await ask("GET", "/v1/chat/rooms/room_1/messages");
    expect(body.data.messages[0].readBy).toEqual([{ userId: "usr_1" }, { userId: "usr_2" }]);
    options.engine.overrides = {};
    expect((await ask("GET", "/v1/chat/rooms/room_1/messages")).body.data.messages[0]).not.toHaveProperty("readBy");
  });

  test("one's own unread counts come in all and by room", async () => {
    const { body } = await ask("GET", "/v1/chat/unread");
    expect(body.data).toEqual({ total: 3, mentions: 0, rooms: { room_1: 3 }, mentionRooms: {}, threads: [] });
  });
});

describe("making rooms", () => {
  const commandOf = async (body: object, headers: Record<string, string> = {}) => {
    const { status } = await ask("POST", "/v1/chat/rooms", body, headers);
    expect(status).toBe(201);
    const { call } = options.engine.last;
    if (call.kind !== "mutate" || call.command.kind !== "create_room") throw new Error("no room was made");
    return { room: call.room, ...call.command };
  };

  test("absent settings get their defaults", async () => {
    const { settings, participants } = await commandOf({ name: "A" });
    expect(settings).toEqual({ type: "private", name: "A", maxMembers: 10_000, allowInvites: true });
    expect(participants).toEqual([]);
  });

  test("a retry with the same key makes the same room, another key or another user another one", async () => {
    const key = { "idempotency-key": "k" };
    const first = (await commandOf({ name: "A" }, key)).room;
    expect((await commandOf({ name: "A" }, key)).room).toBe(first);
    expect((await commandOf({ name: "A" }, { "idempotency-key": "l" })).room).not.toBe(first);
    token = await options.auth.mintToken({ user: "usr_2", ttlSeconds: 60 });
    expect((await commandOf({ name: "A" }, key)).room).not.toBe(first);
  });

  test("two people have one direct room, whoever asks", async () => {
    const first = (await commandOf({ type: "direct", participants: ["usr_2"] })).room;
    token = await options.auth.mintToken({ user: "usr_2", ttlSeconds: 60 });
    expect((await commandOf({ type: "direct", participants: ["usr_1"] })).room).toBe(first);
    expect((await commandOf({ type: "direct", participants: ["usr_2", "usr_1"] })).room).toBe(first);
    expect((await commandOf({ type: "direct", participants: ["usr_3"] })).room).not.toBe(first);
  });

  test("a room is public only when that was asked for, and never against isPrivate", async () => {
    const typeOf = async (body: object) => (await commandOf({ name: "A", ...body })).settings.type;
    expect(await typeOf({ type: "group" })).toBe("group");
    expect(await typeOf({ type: "group", isPrivate: false })).toBe("public");
    expect(await typeOf({ isPrivate: false })).toBe("public");
    expect(await typeOf({ type: "public" })).toBe("public");
    expect(await typeOf({ type: "public", isPrivate: true })).toBe("private");
  });
});

describe("refusals", () => {
  const bad = (method: string, path: string, body: unknown, code: string, field?: string) => ({
    method,
    path,
    body,
    code,
    field,
  });
  const ROOM = "/rooms/room_1";
  test.each([
    bad("POST", "/rooms", {}, "missing_field", "name"),
    bad("POST", "/rooms", { name: 5 }, "invalid_field", "name"),
    bad("POST", "/rooms", { name: "" }, "invalid_field", "name"),
    bad("POST", "/rooms", { name: "x".repeat(121) }, "invalid_field", "name"),
    bad("POST", "/rooms", { name: "A", type: "secret" }, "invalid_field", "type"),
    bad("POST", "/rooms", { name: "A", maxMembers: 0 }, "invalid_field", "maxMembers"),
    bad("POST", "/rooms", { name: "A", participants: ["a b"] }, "invalid_field", "participants.0"),
    bad("POST", "/rooms", { name: "A", roomId: "a/b" }, "invalid_field", "roomId"),
    bad("POST", "/rooms", [], "invalid_frame"),
    bad("POST", "/rooms", "null", "invalid_frame"),
    bad("POST", "/rooms", "{", "invalid_frame"),
    bad("GET", "/rooms?limit=0", undefined, "invalid_field", "limit"),
    bad("GET", "/rooms?limit=101", undefined, "invalid_field", "limit"),
    bad("GET", "/rooms?limit=1e1", undefined, "invalid_field", "limit"),
    bad("GET", "/rooms?offset=-1", undefined, "invalid_field", "offset"),
    bad("GET", "/rooms?type=secret", undefined, "invalid_field", "type"),
    bad("GET", "/rooms/a%20b", undefined, "invalid_field", "roomId"),
    bad("GET", `${ROOM}/messages?before=nonsense`, undefined, "invalid_field", "before"),
    bad("GET", `${ROOM}/messages?before=msg_1&after=msg_2`, undefined, "invalid_field", "after"),
    bad("GET", `${ROOM}/messages?limit=101`, undefined, "invalid_field", "limit"),
    bad("GET", `${ROOM}/members?limit=101`, undefined, "invalid_field", "limit"),
    bad("GET", `${ROOM}/members?after=a/b`, undefined, "invalid_field", "after"),
    bad("GET", `${ROOM}/members?prefix=a&after=usr_1`, undefined, "invalid_field", "after"),
    bad("GET", `${ROOM}/members?prefix=a&after=${"n:".padEnd(1_000, "x")}`, undefined, "invalid_field", "after"),
    bad("GET", `${ROOM}/members?prefix=`, undefined, "invalid_field", "prefix"),
    bad("GET", `${ROOM}/members?prefix=${"x".repeat(129)}`, undefined, "invalid_field", "prefix"),
    bad("POST", `${ROOM}/messages`, {}, "missing_field", "content"),
    bad("POST", `${ROOM}/messages`, { content: 5 }, "invalid_field", "content"),
    bad("POST", `${ROOM}/messages`, { content: "x", type: "hologram" }, "invalid_field", "type"),
    bad("POST", `${ROOM}/messages`, { content: "x", clientId: "c".repeat(81) }, "invalid_field", "clientId"),
    bad("POST", `${ROOM}/messages`, { content: "x", knownSeq: 1.5 }, "invalid_field", "knownSeq"),
    bad("POST", `${ROOM}/messages`, { content: "x", mentions: Array(51).fill("u") }, "invalid_field", "mentions"),
    bad("POST", `${ROOM}/messages`, { content: "x", isAnonymous: "yes" }, "invalid_field", "isAnonymous"),
    bad(
      "POST",
      `${ROOM}/messages`,
      { content: "", poll: { question: "?", options: [] } },
      "invalid_field",
      "poll.options",
    ),
    bad(
      "POST",
      `${ROOM}/messages`,
      { content: "", poll: { question: "?", options: [{ text: "a" }, { text: "b" }], closesAt: "soon" } },
      "invalid_field",
      "poll",
    ),
    bad("PUT", `${ROOM}/messages/msg_5/poll/vote`, {}, "missing_field", "choices"),
    bad("PUT", `${ROOM}/messages/msg_5/poll/vote`, { choices: [-1] }, "invalid_field", "choices.0"),
    bad("GET", `${ROOM}/messages/msg_5/reactions?limit=0`, undefined, "invalid_field", "limit"),
    bad("GET", `${ROOM}/messages/msg_5/poll/voters?limit=101`, undefined, "invalid_field", "limit"),
    bad("PUT", `${ROOM}/pseudonyms/anon_1/ban`, { reason: "x".repeat(501) }, "invalid_field", "reason"),
    bad("POST", `${ROOM}/messages`, { content: "x", attachments: [{ id: "a" }] }, "missing_field"),
    ...["javascript:alert(1)", "data:text/html,x", "//host", "/\\host", ""].map((url) => {
      const attachments = [{ id: "a", type: "image", url, fileName: "a", fileSize: 1, mimeType: "image/png" }];
      return bad("POST", `${ROOM}/messages`, { content: "x", attachments }, "invalid_field", "attachments.0.url");
    }),
    bad("PATCH", `${ROOM}/messages/msg_5`, {}, "missing_field", "content"),
    bad("POST", `${ROOM}/messages/msg_5/reactions`, {}, "missing_field", "emoji"),
    bad("POST", `${ROOM}/messages/msg_5/reactions`, { emoji: "x".repeat(33) }, "invalid_field", "emoji"),
    bad("POST", `${ROOM}/members`, {}, "missing_field", "userId"),
    bad("POST", `${ROOM}/members`, { userId: "usr_2", role: "king" }, "invalid_field", "role"),
    bad("POST", `${ROOM}/read`, {}, "missing_field", "messageIds"),
    bad("POST", `${ROOM}/typing`, { isTyping: "yes" }, "invalid_field", "isTyping"),
    bad("PUT", "/presence", {}, "missing_field", "status"),
    bad("PUT", "/presence", { status: "asleep" }, "invalid_field", "status"),
    bad("PUT", "/presence", { status: "busy", customStatus: "x".repeat(141) }, "invalid_field", "customStatus"),
  ])("%#: $method $path is refused with $code $field", async ({ method, path, body, code, field }) => {
    const answer = await ask(method, `/v1/chat${path}`, body);
    expect(answer.status).toBe(400);
    expect(answer.body.success).toBe(false);
    expect(answer.body.error.code).toBe(code);
    if (field !== undefined) expect(answer.body.error.details.field).toBe(field);
    expect(options.engine.asked).toEqual([]);
  });

  test("a key that is too long for an idempotency key is refused by its header's name", async () => {
    const { body } = await ask("POST", "/v1/chat/rooms/room_1/join", {}, { "idempotency-key": "k".repeat(81) });
    expect(body.error).toMatchObject({ code: "invalid_field", details: { field: "idempotency-key" } });
  });

  test("an unknown address and an unknown method are refused in the envelope", async () => {
    for (const [method, path] of [
      ["GET", "/v1/chat/nothing"],
      ["PUT", "/v1/chat/rooms"],
      ["GET", "/nowhere"],
    ] as const) {
      const { status, body } = await ask(method, path);
      expect(status).toBe(404);
      expect(body).toEqual({
        success: false,
        error: { code: "not_found", message: "There is nothing at this address." },
      });
    }
  });

  test("a body of the limit passes, one byte more is refused", async () => {
    const fill = BODY_BYTES_MAX - JSON.stringify({ content: "" }).length;
    const send = (length: number) => ask("POST", "/v1/chat/rooms/room_1/messages", { content: "x".repeat(length) });
    expect((await send(fill)).status).toBe(201);
    const { status, body } = await send(fill + 1);
    expect(status).toBe(413);
    expect(body.error.code).toBe("payload_too_large");
  });

  test("what the engine rejects has the status of the table, and says when to come back", async () => {
    options.engine.rejection = { code: "overloaded", retryAfterMs: 1_500 };
    const { status, headers, body } = await ask("POST", "/v1/chat/rooms/room_1/messages", { content: "x" });
    expect(status).toBe(503);
    expect(headers.get("retry-after")).toBe("2");
    expect(body.error).toEqual({
      code: "overloaded",
      message: "Too much is waiting; try again.",
      details: { temporary: true, retryAfterMs: 1500 },
    });
    options.engine.rejection = { code: "room_not_found" };
    expect((await ask("GET", "/v1/chat/rooms/room_9")).status).toBe(404);
    options.engine.rejection = { code: "content_too_long", field: "content" };
    expect((await ask("POST", "/v1/chat/rooms/room_1/messages", { content: "x" })).status).toBe(413);
  });

  test("an exception is answered as internal, without its text", async () => {
    options.engine.call = () => Promise.reject(new Error("hunter2"));
    const { status, body } = await ask("GET", "/v1/chat/rooms");
    expect(status).toBe(500);
    expect(body.error.code).toBe("internal");
    expect(JSON.stringify(body)).not.toContain("hunter2");
  });

  test("a user who asks too much is told when to come back, and others are not", async () => {
    options = appOptions({ STOA_RATE_USER_BURST: "2", STOA_RATE_USER_PER_SECOND: "1" });
    app = createApp(options);
    const statuses = [];
    for (let i = 0; i < 3; i += 1) statuses.push((await ask("GET", "/v1/chat/rooms")).status);
    expect(statuses).toEqual([200, 200, 429]);
    const { headers, body } = await ask("GET", "/v1/chat/rooms");
    expect(body.error.code).toBe("rate_limited");
    expect(Number(headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect(limitsIn(headers)).toEqual({ limit: "2", remaining: "0", policy: "2;w=2" });
    expect(["1", "2"]).toContain(headers.get("ratelimit-reset") ?? "");
    token = await options.auth.mintToken({ user: "usr_2", ttlSeconds: 60 });
    const other = await ask("GET", "/v1/chat/rooms");
    expect(other.status).toBe(200);
    expect(limitsIn(other.headers)).toEqual({ limit: "2", remaining: "1", policy: "2;w=2" });
  });

  test("a tenant that asks too much is told of its own bound; without a bound there is no word of one", async () => {
    options = appOptions({
      STOA_RATE_TENANT_PER_SECOND: "1",
      STOA_RATE_TENANT_BURST: "3",
      STOA_RATE_USER_PER_SECOND: "0",
    });
    app = createApp(options);
    for (let i = 0; i < 3; i += 1) {
      token = await options.auth.mintToken({ user: `usr_${i}`, ttlSeconds: 60 });
      expect((await ask("GET", "/v1/chat/rooms")).status).toBe(200);
    }
    const { status, headers } = await ask("GET", "/v1/chat/rooms");
    expect(status).toBe(429);
    expect(limitsIn(headers)).toEqual({ limit: "3", remaining: "0", policy: "3;w=3" });
    token = await options.auth.mintToken({ user: "usr_1", tenant: "other", ttlSeconds: 60 });
    expect((await ask("GET", "/v1/chat/rooms")).status).toBe(200);
    options = appOptions({ STOA_RATE_USER_PER_SECOND: "0" });
    app = createApp(options);
    expect((await ask("GET", "/v1/chat/rooms")).headers.get("ratelimit-limit")).toBeNull();
  });
});

function limitsIn(headers: Headers): Record<string, string | null> {
  const [limit, remaining, policy] = ["limit", "remaining", "policy"].map((name) => headers.get(`ratelimit-${name}`));
  return { limit: limit ?? null, remaining: remaining ?? null, policy: policy ?? null };
}

describe("who is asking", () => {
  test("without a token, with a bad one and with an expired one: 401, before the body is looked at", async () => {
    const expired = await options.auth.mintToken({ user: "usr_1", ttlSeconds: -5 });
    for (const [authorization, code] of [
      ["", "unauthorized"],
      ["Bearer x", "unauthorized"],
      [`Bearer ${expired}`, "token_expired"],
    ]) {
      const { status, headers, body } = await ask(
        "POST",
        "/v1/chat/rooms",
        { name: 5 },
        { authorization: authorization ?? "" },
      );
      expect(status).toBe(401);
      expect(headers.get("www-authenticate")).toBe("Bearer");
      expect(body.error.code).toBe(code);
    }
    expect(options.engine.asked).toEqual([]);
  });

  test("a token in the query is not taken for REST", async () => {
    expect((await ask("GET", `/v1/chat/rooms?token=${token}`, undefined, { authorization: "" })).status).toBe(401);
  });

  test("a user or tenant in body, query or headers has no effect", async () => {
    const forged = {
      by: { tenant: "other", userId: "root", role: "admin" },
      tenant: "other",
      userId: "root",
      authorId: "root",
    };
    const headers = { "x-tenant": "other", "x-user-id": "root" };
    await ask("POST", "/v1/chat/rooms/room_1/messages?tenant=other&userId=root", { content: "x", ...forged }, headers);
    const { principal, call } = options.engine.last;
    expect(principal).toEqual({ tenant: "default", userId: "usr_1" as UserId, role: "user" } as never);
    expect(JSON.stringify(call)).not.toContain("root");
    expect(JSON.stringify(call)).not.toContain("other");
  });
});

test("terms and settings with a field that there is none of are refused by its name; messages may have more", async () => {
  const wrong: readonly (readonly [method: string, path: string, body: object, field: string])[] = [
    ["POST", "/rooms", { name: "Room", type: "public", nmae: "Room" }, "nmae"],
    ["PATCH", "/rooms/room_1", { type: "private" }, "type"],
    ["POST", "/rooms/room_1/invites", { usesMax: 1 }, "usesMax"],
    ["POST", "/rooms/room_1/bans", { userId: "usr_2", duration: 5 }, "duration"],
    ["POST", "/rooms/room_1/mutes", { userId: "usr_2", until: 5 }, "until"],
    ["POST", "/rooms/room_1/members", { userId: "usr_2", rank: "owner" }, "rank"],
    ["PATCH", "/rooms/room_1/members/usr_2", { role: "member", forced: true }, "forced"],
    ["PATCH", "/users/me", { name: "Ada" }, "name"],
    ["POST", "/rooms/room_1/reports", { messageId: "msg_1", reason: "spam", ["x".repeat(300)]: 1 }, "x".repeat(100)],
  ];
  for (const [method, path, body, field] of wrong) {
    const { status, body: answered } = await ask(method, `/v1/chat${path}`, body);
    expect([path, status, at(answered, "error.code"), at(answered, "error.details.field")]).toEqual([
      path,
      400,
      "invalid_field",
      field,
    ]);
  }
  expect((await ask("POST", "/v1/chat/rooms/room_1/messages", { content: "x", shade: "blue" })).status).toBe(201);
});

describe("what needs no token", () => {
  const get = (path: string) => app.handle(new Request(`http://localhost${path}`));

  test("health in short has the documented fields", async () => {
    for (const path of ["/v1/chat/health", "/api/v1/chat/health"]) {
      expect(await (await get(path)).json()).toEqual({
        status: "healthy",
        active_connections: 42,
        redis_connected: false,
      });
    }
  });

  test("a part that is down makes health degraded, and the server stays ready", async () => {
    const health = { ...options.health, dependencies: () => ({ journal: "down" as const }) };
    app = createApp({ ...options, health });
    expect(await (await get("/api/health")).json()).toMatchObject({
      status: "degraded",
      dependencies: { journal: "down" },
    });
    expect((await get("/readyz")).status).toBe(200);
  });

  test("a server that is not ready lives", async () => {
    app = createApp({ ...options, health: { ...options.health, ready: () => false } });
    expect((await get("/readyz")).status).toBe(503);
    expect((await get("/healthz")).status).toBe(200);
  });

  test("the pages load nothing from elsewhere", async () => {
    for (const path of ["/", "/docs"]) {
      const response = await get(path);
      expect(response.headers.get("content-type")).toStartWith("text/html");
      expect(await response.text()).not.toMatch(/(src|href)="(https?:)?\/\//);
    }
  });

  test("the OpenAPI document and the page list every route", async () => {
    // biome-ignore lint/suspicious/noExplicitAny: what came over the wire
    const { paths } = (await (await get("/docs/json")).json()) as any;
    const page = await (await get("/docs")).text();
    const listed = app.routes.filter(({ path }) => !/^\/(docs.*)?$|^\/api\/v1\/chat\//.test(path));
    expect(listed.length).toBeGreaterThan(25);
    for (const { method, path } of listed) {
      const templated = path.replace(/:(\w+)/g, "{$1}");
      expect(Object.keys(paths[templated] ?? {})).toContain(method.toLowerCase());
      expect(paths[templated][method.toLowerCase()].summary.length).toBeGreaterThan(0);
      expect(page).toContain(`<b>${method}</b></td><td><code>${templated}</code>`);
    }
  });
});

describe("pages of other origins", () => {
  const PREFLIGHT = { "access-control-request-method": "POST" };
  const preflight = (origin: string) =>
    app.handle(
      new Request("http://chat.example/v1/chat/rooms", { method: "OPTIONS", headers: { origin, ...PREFLIGHT } }),
    );

  test("an allowed origin may read answers, another one may not", async () => {
    options = appOptions({
      NODE_ENV: "production",
      JWT_SECRET_KEY: "x".repeat(32),
      ALLOWED_ORIGINS: "https://a.example",
    });
    app = createApp(options);
    const allowed = await preflight("https://a.example");
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get("access-control-allow-origin")).toBe("https://a.example");
    expect(allowed.headers.get("access-control-allow-headers")).toContain("authorization");
    expect((await preflight("https://b.example")).headers.get("access-control-allow-origin")).toBeNull();
    const { headers } = await ask("GET", "/v1/chat/rooms", undefined, { origin: "https://a.example" });
    expect(headers.get("access-control-allow-origin")).toBe("https://a.example");
    expect(headers.get("vary")).toBe("origin");
  });
});

describe("the history plugin in another app", () => {
  test("works there with its own authentication and answers, and leaves the app's other routes alone", async () => {
    const { engine, auth } = options;
    const other = new Elysia()
      .get("/own", () => "own")
      .use(historyPlugin({ engine, auth, prefix: "/chat" }))
      .get("/after", () => "after");
    const get = (path: string, headers: Record<string, string> = {}) =>
      other.handle(new Request(`http://localhost${path}`, { headers }));
    const authorization = `Bearer ${token}`;
    const page = await get("/chat/rooms/room_1/messages?limit=1", { authorization });
    expect(page.status).toBe(200);
    // biome-ignore lint/suspicious/noExplicitAny: what came over the wire
    expect(((await page.json()) as any).data.messages[0].messageId).toBe("msg_5");
    expect((await get("/chat/rooms/room_1/messages")).status).toBe(401);
    const wrong = await get("/chat/rooms/room_1/messages?limit=x", { authorization });
    expect(wrong.status).toBe(400);
    // biome-ignore lint/suspicious/noExplicitAny: what came over the wire
    expect(((await wrong.json()) as any).error.details.field).toBe("limit");
    expect(await (await get("/own")).text()).toBe("own");
    expect(await (await get("/after")).text()).toBe("after");
  });
});
