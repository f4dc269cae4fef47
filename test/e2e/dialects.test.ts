/**
 * Two APIs that clients out there speak already, in their documentations' own words: camelCase JSON at `/chat` with the
 * REST API under `/v1/chat`, and snake_case JSON at `/api/v1/ws/chat`.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { at, listAt, numberAt, textAt } from "../support/json.ts";
import { PlainSocket } from "../support/plain-socket.ts";
import { TestServer } from "../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.dispose());

test("snake_case: every example of its documentation works as written", async () => {
  const member = server.token({ user: "user-id-1", name: "First" });
  const token = server.token({ user: "user-id", name: "Founder" });
  const ws = await new PlainSocket(`${server.ws}/api/v1/ws/chat?token=${token}`).open();
  const connected = await ws.next("connection");
  expect(connected).toMatchObject({ status: "connected", user_id: "user-id" });

  const invited = await new PlainSocket(`${server.ws}/ws/chat?token=${member}`).open();
  expect(await invited.next("connection")).toMatchObject({ status: "connected" });

  ws.send({
    type: "create_room",
    name: "Project Discussion",
    room_type: "group",
    participants: ["user-id-1", "user-id-2"],
    description: "Discussion about the project",
    is_private: false,
  });
  const invite = await invited.next("notification", (frame) => at(frame, "kind") === "invite");
  const roomId = textAt(invite, "room_id");

  ws.send({ type: "join_room", room_id: roomId });
  invited.send({ type: "join_room", room_id: roomId });
  ws.send({
    type: "send_message",
    room_id: roomId,
    content: "Hello, world!",
    message_type: "text",
    attachments: [],
    mentions: ["user-id"],
  });
  const message = await ws.next("new_message");
  expect(message).toMatchObject({ room_id: roomId, message: { content: "Hello, world!", mentions: ["user-id"] } });
  const messageId = textAt(message, "message.message_id");

  invited.send({ type: "typing_start", room_id: roomId });
  expect(await ws.next("typing_indicator")).toMatchObject({ room_id: roomId, user: { user_id: "user-id-1" } });
  invited.send({ type: "mark_read", room_id: roomId, message_ids: [messageId] });
  await ws.next("receipts", (frame) =>
    listAt(frame, "receipts").some(
      (receipt) => at(receipt, "user_id") === "user-id-1" && numberAt(receipt, "read_seq") > 0,
    ),
  );
  const camelKeys = [...ws.received, ...invited.received].flatMap(keysOf).filter((key) => /[a-z][A-Z]/.test(key));
  expect(camelKeys).toEqual([]);
  ws.close();
  invited.close();
});

test("snake_case: the health check answers as documented", async () => {
  const health = await server.rest("GET", "/api/v1/chat/health");
  expect(health.status).toBe(200);
  const body = JSON.parse(health.text) as unknown;
  expect(at(body, "status")).toBe("healthy");
  expect(numberAt(body, "active_connections")).toBeGreaterThanOrEqual(0);
  expect(typeof at(body, "redis_connected")).toBe("boolean");
});

test("camelCase: every WebSocket example of its documentation works as written", async () => {
  const token = server.token({ user: "usr_123456789", name: "John Doe" });
  const created = await server.rest("POST", "/v1/chat/rooms", { token, body: { name: "Test Room", type: "public" } });
  const roomId = textAt(created.body, "data.roomId");
  const ws = await new PlainSocket(`${server.ws}/chat?token=${token}`).open();
  ws.send({ type: "join_room", roomId });
  const other = await new PlainSocket(
    `${server.ws}/chat?token=${server.token({ user: "usr_987", name: "Jane" })}`,
  ).open();
  other.send({ type: "join_room", roomId });
  expect(await ws.next("user_joined", (frame) => at(frame, "user.userId") === "usr_987")).toMatchObject({
    roomId,
    user: { userId: "usr_987", name: "Jane" },
  });

  other.send({ type: "typing_start", roomId });
  expect(await ws.next("typing_indicator", (frame) => at(frame, "isTyping") === true)).toMatchObject({
    roomId,
    user: { userId: "usr_987" },
  });
  other.send({ type: "typing_stop", roomId });
  await ws.next("typing_indicator", (frame) => at(frame, "isTyping") === false);

  ws.send({ type: "send_message", roomId, content: "Hello everyone!", messageType: "text" });
  const message = at(await other.next("new_message"), "message");
  expect(message).toMatchObject({
    roomId,
    authorId: "usr_123456789",
    authorName: "John Doe",
    content: "Hello everyone!",
    type: "text",
    reactions: {},
    isEdited: false,
  });
  expect(new Date(textAt(message, "timestamp")).toISOString()).toBe(textAt(message, "timestamp"));

  other.send({ type: "message_reaction", roomId, messageId: textAt(message, "messageId"), reaction: "❤️" });
  expect(await ws.next("message_updated")).toMatchObject({ roomId, messageId: textAt(message, "messageId") });
  other.send({ type: "mark_read", roomId, messageIds: [textAt(message, "messageId")] });
  await ws.next("receipts");
  other.send({ type: "leave_room", roomId, membership: true });
  expect(await ws.next("user_left")).toMatchObject({ roomId, user: { userId: "usr_987" } });
  ws.close();
  other.close();
});

test("camelCase: every REST example of its documentation has the documented form", async () => {
  const token = server.token({ user: "usr_rest", name: "John Doe" });
  const created = await server.rest("POST", "/v1/chat/rooms", {
    token,
    body: {
      name: "Project Alpha Discussion",
      description: "Private room for Project Alpha team",
      type: "private",
      maxMembers: 25,
      allowInvites: true,
    },
  });
  expect(created.status).toBe(201);
  expect(created.body).toMatchObject({
    success: true,
    data: {
      name: "Project Alpha Discussion",
      description: "Private room for Project Alpha team",
      type: "private",
      createdBy: "usr_rest",
      memberCount: 1,
      maxMembers: 25,
    },
  });
  const roomId = textAt(created.body, "data.roomId");
  expect(Date.parse(textAt(created.body, "data.createdAt"))).toBeGreaterThan(Date.now() - 60_000);

  for (let i = 1; i <= 5; i += 1) {
    const sent = await server.rest("POST", `/v1/chat/rooms/${roomId}/messages`, {
      token,
      body: { content: `message ${i}`, type: "text", isAnonymous: false },
    });
    expect(sent.status).toBe(201);
    expect(sent.body).toMatchObject({ success: true, data: { roomId, authorId: "usr_rest", content: `message ${i}` } });
  }

  const newest = await server.rest("GET", `/v1/chat/rooms/${roomId}/messages?limit=2`, { token });
  expect(listAt(newest.body, "data.messages").map((message) => at(message, "content"))).toEqual([
    "message 4",
    "message 5",
  ]);
  expect(at(newest.body, "data.pagination")).toMatchObject({ hasMore: true, limit: 2 });
  const before = textAt(newest.body, "data.messages.0.messageId");
  expect(at(newest.body, "data.pagination.before")).toBe(before);
  const older = await server.rest("GET", `/v1/chat/rooms/${roomId}/messages?limit=50&before=${before}`, { token });
  expect(older.body).toMatchObject({ success: true, data: { pagination: { hasMore: false, limit: 50 } } });
  expect(listAt(older.body, "data.messages")).toMatchObject([
    {
      roomId,
      authorId: "usr_rest",
      authorName: "John Doe",
      content: "message 1",
      type: "text",
      reactions: {},
      replyTo: null,
      isEdited: false,
      isAnonymous: false,
    },
    { content: "message 2" },
    { content: "message 3" },
  ]);

  const list = await server.rest("GET", "/v1/chat/rooms?limit=20&offset=0", { token });
  expect(list.body).toMatchObject({ success: true, data: { pagination: { limit: 20, offset: 0 } } });
  const entry = listAt(list.body, "data.rooms").find((room) => at(room, "roomId") === roomId);
  expect(entry).toMatchObject({ name: "Project Alpha Discussion", type: "private", isJoined: true, memberCount: 1 });
});

test("camelCase: join and leave over REST", async () => {
  const owner = server.token({ user: "usr_owner" });
  const guest = server.token({ user: "usr_guest" });
  const created = await server.rest("POST", "/v1/chat/rooms", { token: owner, body: { name: "Open", type: "public" } });
  const roomId = textAt(created.body, "data.roomId");
  const joined = await server.rest("POST", `/v1/chat/rooms/${roomId}/join`, { token: guest });
  expect([200, 201]).toContain(joined.status);
  const room = await server.rest("GET", `/v1/chat/rooms/${roomId}`, { token: guest });
  expect(at(room.body, "data.memberCount")).toBe(2);
  const left = await server.rest("DELETE", `/v1/chat/rooms/${roomId}/leave`, { token: guest });
  expect(left.status).toBe(200);
  const after = await server.rest("GET", `/v1/chat/rooms/${roomId}`, { token: guest });
  expect(at(after.body, "data.memberCount")).toBe(1);
});

function keysOf(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [...(Array.isArray(value) ? [] : [key]), ...keysOf(inner)]);
}
