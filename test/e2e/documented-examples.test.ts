/**
 * Two chat APIs that clients out there speak already, example by example: paths, fields and envelopes exactly as their
 * documentations show them. What the examples leave open is in `dialects.test.ts`. Not here: search, the assistant, uploads.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { at, listAt, numberAt, textAt } from "../support/json.ts";
import { PlainSocket } from "../support/plain-socket.ts";
import { type RestReply, TestServer } from "../support/server.ts";

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const JOHN = "usr_123456789";
const JOHN_PICTURE = "https://cdn.multitask.com/avatars/usr_123456789.jpg";
const ROOM = "room_general_123";
const ROOM_PICTURE = "https://cdn.multitask.com/rooms/general.jpg";

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.dispose());

const token = (user: string, name?: string) => server.token({ user, ...(name === undefined ? {} : { name }) });
/** Of John Doe, with the picture in the token as the identity provider would put it. */
const john = () => {
  const exp = Math.floor(Date.now() / 1000) + 3600;
  return server.token({ user: JOHN, payload: { sub: JOHN, name: "John Doe", avatar: JOHN_PICTURE, exp } });
};
const rest = (method: string, path: string, bearer: string, body?: unknown): Promise<RestReply> =>
  server.rest(method, path, { token: bearer, ...(body === undefined ? {} : { body }) });
const open = (path: string, bearer: string) => new PlainSocket(`${server.ws}${path}?token=${bearer}`).open();

/** The room of the examples, made once, with three messages that John has not read. */
let made: Promise<void> | undefined;
function generalRoom(): Promise<void> {
  made ??= (async () => {
    const settings = { roomId: ROOM, name: "General Discussion", description: "Welcome to our community chat!" };
    await rest("POST", "/v1/chat/rooms", token("usr_founder"), { ...settings, type: "public", avatar: ROOM_PICTURE });
    await rest("POST", `/v1/chat/rooms/${ROOM}/join`, john());
    for (const content of ["one", "two", "three"]) {
      await rest("POST", `/v1/chat/rooms/${ROOM}/messages`, token("usr_founder"), { content, type: "text" });
    }
  })();
  return made;
}

describe("REST, camelCase", () => {
  test("GET /v1/chat/rooms?type=public&limit=20&offset=0", async () => {
    await generalRoom();
    const reply = await rest("GET", "/v1/chat/rooms?type=public&limit=20&offset=0", john());
    expect(reply.status).toBe(200);
    expect(reply.body.success).toBe(true);
    const room = listAt(reply.body, "data.rooms").find((one) => at(one, "roomId") === ROOM);
    expect(room).toMatchObject({
      roomId: ROOM,
      name: "General Discussion",
      description: "Welcome to our community chat!",
      type: "public",
      avatar: ROOM_PICTURE,
      memberCount: 2,
      lastActivity: expect.stringMatching(ISO),
      isJoined: true,
      unreadCount: 3,
    });
    const total = numberAt(reply.body, "data.pagination.total");
    expect(at(reply.body, "data.pagination")).toEqual({ total, limit: 20, offset: 0, hasMore: false });
  });

  test("POST /v1/chat/rooms", async () => {
    const body = {
      name: "Project Alpha Discussion",
      description: "Private room for Project Alpha team",
      type: "private",
      maxMembers: 25,
      allowInvites: true,
    };
    const reply = await rest("POST", "/v1/chat/rooms", john(), body);
    expect(reply.status).toBe(201);
    expect(reply.body).toMatchObject({
      success: true,
      data: {
        roomId: expect.stringMatching(/^room_/),
        name: "Project Alpha Discussion",
        description: "Private room for Project Alpha team",
        type: "private",
        createdBy: JOHN,
        createdAt: expect.stringMatching(ISO),
        memberCount: 1,
        maxMembers: 25,
      },
    });
  });

  test("GET /v1/chat/rooms/{roomId}/messages?limit=50&before=…, with reactions by name", async () => {
    await generalRoom();
    const path = `/v1/chat/rooms/${ROOM}/messages`;
    const sent = await rest("POST", path, john(), { content: "Hey everyone! How's the project going?", type: "text" });
    const messageId = textAt(sent.body, "data.messageId");
    const after = await rest("POST", path, john(), { content: "later", type: "text" });
    for (const [user, emoji] of [
      ["usr_987654321", "👍"],
      ["usr_555666777", "👍"],
      ["usr_444333222", "❤️"],
    ] as const) {
      await rest("POST", `/v1/chat/rooms/${ROOM}/join`, token(user));
      await rest("POST", `${path}/${messageId}/reactions`, token(user), { emoji });
    }
    const before = textAt(after.body, "data.messageId");
    const reply = await rest("GET", `${path}?limit=50&before=${before}`, john());
    expect(reply.status).toBe(200);
    const message = listAt(reply.body, "data.messages").find((one) => at(one, "messageId") === messageId);
    expect(message).toMatchObject({
      messageId: expect.stringMatching(/^msg_/),
      roomId: ROOM,
      authorId: JOHN,
      authorName: "John Doe",
      authorAvatar: JOHN_PICTURE,
      content: "Hey everyone! How's the project going?",
      type: "text",
      timestamp: expect.stringMatching(ISO),
      reactions: { "👍": ["usr_987654321", "usr_555666777"], "❤️": ["usr_444333222"] },
      replyTo: null,
      isEdited: false,
      isAnonymous: false,
    });
    expect(at(reply.body, "data.pagination")).toMatchObject({
      hasMore: false,
      before: textAt(reply.body, "data.messages.0.messageId"),
      limit: 50,
    });
    const page = await rest("GET", `${path}?limit=1&before=${before}`, john());
    expect(at(page.body, "data.pagination")).toMatchObject({ hasMore: true, before: messageId, limit: 1 });
    expect((await rest("GET", `${path}?limit=101`, john())).status).toBe(400);
  });

  test("POST /v1/chat/rooms/{roomId}/messages, as a reply", async () => {
    await generalRoom();
    const path = `/v1/chat/rooms/${ROOM}/messages`;
    const first = await rest("POST", path, john(), { content: "first", type: "text" });
    const replyTo = textAt(first.body, "data.messageId");
    const body = { content: "Just deployed the new feature! 🚀", type: "text", replyTo, isAnonymous: false };
    const reply = await rest("POST", path, john(), body);
    expect(reply.status).toBe(201);
    expect(reply.body).toMatchObject({ success: true, data: { ...body, roomId: ROOM, authorId: JOHN } });
  });

  test("POST …/join and DELETE …/leave", async () => {
    await generalRoom();
    const guest = token("usr_guest");
    const joined = await rest("POST", `/v1/chat/rooms/${ROOM}/join`, guest);
    expect([joined.status, joined.body.success]).toEqual([200, true]);
    const isJoined = async () => at((await rest("GET", `/v1/chat/rooms/${ROOM}`, guest)).body, "data.isJoined");
    expect(await isJoined()).toBe(true);
    const left = await rest("DELETE", `/v1/chat/rooms/${ROOM}/leave`, guest);
    expect([left.status, left.body.success]).toEqual([200, true]);
    expect(await isJoined()).toBe(false);
  });

  test("the quick start: a room, the list of rooms, a message", async () => {
    const bearer = token("usr_quick");
    const created = await rest("POST", "/v1/chat/rooms", bearer, { name: "Test Room", type: "public" });
    expect(created.status).toBe(201);
    const roomId = textAt(created.body, "data.roomId");
    const listed = listAt((await rest("GET", "/v1/chat/rooms", bearer)).body, "data.rooms");
    expect(listed.map((room) => at(room, "roomId"))).toContain(roomId);
    const sent = await rest("POST", `/v1/chat/rooms/${roomId}/messages`, bearer, {
      content: "Hello world!",
      type: "text",
    });
    expect(sent.body).toMatchObject({ success: true, data: { content: "Hello world!", authorId: "usr_quick" } });
  });

  test("every type of message: what people send, and what only the server writes", async () => {
    await generalRoom();
    const path = `/v1/chat/rooms/${ROOM}/messages`;
    const file = {
      id: "att_1",
      url: "https://cdn.multitask.com/files/report",
      thumbnailUrl: "https://cdn.multitask.com/files/report.thumb",
      fileName: "report",
      fileSize: 1024,
    };
    for (const [type, mimeType] of [
      ["image", "image/png"],
      ["file", "application/pdf"],
      ["audio", "audio/mpeg"],
      ["video", "video/mp4"],
    ] as const) {
      const attachments = [{ ...file, type, mimeType }];
      const sent = await rest("POST", path, john(), { content: "", type, attachments });
      expect(sent.status).toBe(201);
      expect(sent.body).toMatchObject({ data: { type, attachments } });
    }
    for (const type of ["system", "ai_response"]) {
      const sent = await rest("POST", path, john(), { content: "not me", type });
      expect([sent.status, sent.body.error?.details?.field]).toEqual([400, "type"]);
    }
  });

  test("every type of room: who finds it, who may come, how many, who may write", async () => {
    const owner = token("usr_types");
    const stranger = token("usr_stranger");
    const make = async (type: string, more: object = {}) => {
      const reply = await rest("POST", "/v1/chat/rooms", owner, { name: `A ${type} room`, type, ...more });
      expect([type, reply.status]).toEqual([type, 201]);
      return textAt(reply.body, "data.roomId");
    };
    const seen = async (roomId: string) => (await rest("GET", `/v1/chat/rooms/${roomId}`, stranger)).status;
    const open = await make("public");
    expect(await seen(open)).toBe(200);
    for (const type of ["private", "group", "announcement"]) {
      const roomId = await make(type);
      expect([type, await seen(roomId)]).toEqual([type, 404]);
      expect((await rest("POST", `/v1/chat/rooms/${roomId}/join`, stranger)).status).toBe(404);
    }
    const direct = await make("direct", { participants: ["usr_other"] });
    expect(await seen(direct)).toBe(404);
    const again = await rest("POST", "/v1/chat/rooms", token("usr_other"), {
      type: "direct",
      participants: ["usr_types"],
    });
    expect(textAt(again.body, "data.roomId")).toBe(direct);
    const group = await rest("POST", "/v1/chat/rooms", owner, { name: "Many", type: "group", maxMembers: 51 });
    expect([group.status, group.body.error?.details?.field]).toEqual([400, "maxMembers"]);
    const news = await make("announcement", { participants: ["usr_reader"] });
    const written = await rest("POST", `/v1/chat/rooms/${news}/messages`, token("usr_reader"), { content: "me too" });
    expect([written.status, written.body.error?.code]).toEqual([403, "forbidden"]);
  });

  test("failures have their status, a code and a sentence", async () => {
    await generalRoom();
    const rooms = "/v1/chat/rooms";
    const secret = await rest("POST", rooms, john(), { name: "Secret", type: "private" });
    const hidden = textAt(secret.body, "data.roomId");
    const news = await rest("POST", rooms, john(), {
      name: "News",
      type: "announcement",
      participants: ["usr_reader"],
    });
    for (const [expected, reply] of [
      [400, await rest("POST", rooms, john(), { type: "public" })],
      [400, await rest("POST", `${rooms}/${ROOM}/messages`, john(), { content: 5 })],
      [401, await server.rest("GET", rooms)],
      [401, await rest("GET", rooms, "no.token.atall")],
      [
        403,
        await rest("POST", `${rooms}/${textAt(news.body, "data.roomId")}/messages`, token("usr_reader"), {
          content: "x",
        }),
      ],
      [404, await rest("GET", `${rooms}/${hidden}/messages`, token("usr_stranger"))],
      [404, await rest("GET", "/v1/chat/nowhere", john())],
      [413, await rest("POST", `${rooms}/${ROOM}/messages`, john(), { content: "x".repeat(5_001) })],
    ] as const) {
      expect(reply.status).toBe(expected);
      expect(reply.body).toMatchObject({
        success: false,
        error: { code: expect.stringMatching(/^[a-z_]+$/), message: expect.stringMatching(/^[A-Z].{10,}/) },
      });
    }
  });

  test("typing, read receipts and one's own status over HTTP, seen on sockets", async () => {
    await generalRoom();
    const other = token("usr_watching");
    const ws = await open("/chat", other);
    ws.send({ type: "join_room", roomId: ROOM, ref: "joined" });
    await ws.next("ack", (frame) => at(frame, "ref") === "joined");
    await rest("POST", `/v1/chat/rooms/${ROOM}/typing`, john());
    expect(await ws.next("typing_indicator")).toMatchObject({ roomId: ROOM, user: { userId: JOHN }, isTyping: true });
    const newest = await rest("GET", `/v1/chat/rooms/${ROOM}/messages?limit=1`, john());
    const messageIds = [textAt(newest.body, "data.messages.0.messageId")];
    const read = await rest("POST", `/v1/chat/rooms/${ROOM}/read`, john(), { messageIds });
    expect(read.body).toMatchObject({ success: true, data: { roomId: ROOM, unreadCount: 0 } });
    const set = await rest("PUT", "/v1/chat/users/me/status", john(), { status: "busy", customStatus: "Deploying" });
    expect(set.body).toMatchObject({
      success: true,
      data: { userId: JOHN, status: "offline", customStatus: "Deploying" },
    });
    ws.close();
  });
});

describe("WebSocket at /chat?token=…, camelCase", () => {
  test("every frame of the list, both ways, in the documented words", async () => {
    await generalRoom();
    const ann = await open("/chat", token("usr_ann", "Ann"));
    const ben = await open("/chat", token("usr_ben", "Ben"));
    expect(await ann.next("connection")).toMatchObject({ status: "connected", userId: "usr_ann" });
    ann.send({ type: "join_room", roomId: ROOM, ref: 1 });
    await ann.next("ack", (frame) => at(frame, "ref") === 1);
    ben.send({ type: "join_room", roomId: ROOM });
    const place = { roomId: ROOM, seq: expect.any(Number), timestamp: expect.stringMatching(ISO) };
    expect(await ann.next("user_joined", (frame) => at(frame, "user.userId") === "usr_ben")).toMatchObject({
      ...place,
      user: { userId: "usr_ben", name: "Ben" },
    });
    expect(await ann.next("presence_update", (frame) => at(frame, "user.userId") === "usr_ben")).toMatchObject({
      roomId: ROOM,
      status: "online",
      lastSeen: expect.stringMatching(ISO),
    });

    ben.send({ type: "typing_start", roomId: ROOM });
    const typing = (isTyping: boolean) =>
      ann.next(
        "typing_indicator",
        (frame) => at(frame, "user.userId") === "usr_ben" && at(frame, "isTyping") === isTyping,
      );
    expect(await typing(true)).toMatchObject({
      roomId: ROOM,
      user: { userId: "usr_ben", name: "Ben" },
      expiresInMs: 3_000,
    });
    ben.send({ type: "typing_stop", roomId: ROOM });
    await typing(false);

    ben.send({ type: "send_message", roomId: ROOM, content: "Hello everyone!", messageType: "text" });
    const isHello = (frame: unknown): boolean => at(frame, "message.content") === "Hello everyone!";
    const shown = await ann.next("new_message", isHello);
    expect(shown).toMatchObject({
      roomId: ROOM,
      message: { authorId: "usr_ben", authorName: "Ben", type: "text", reactions: {}, replyTo: null, attachments: [] },
    });
    const messageId = textAt(shown, "message.messageId");
    ann.send({ type: "message_reaction", roomId: ROOM, messageId, emoji: "👍" });
    const updated = (kind: string) =>
      ben.next("message_updated", (frame) => at(frame, "messageId") === messageId && at(frame, "change.kind") === kind);
    expect(await updated("reaction")).toMatchObject({
      ...place,
      by: "usr_ann",
      change: { emoji: "👍", added: true, count: 1 },
    });
    await rest("PATCH", `/v1/chat/rooms/${ROOM}/messages/${messageId}`, token("usr_ben"), { content: "Hello!" });
    expect(await updated("content")).toMatchObject({ ...place, by: "usr_ben", change: { content: "Hello!" } });
    ann.send({ type: "mark_read", roomId: ROOM, messageIds: [messageId] });
    await ben.next("receipts", (frame) => at(frame, "roomId") === ROOM);
    await rest("DELETE", `/v1/chat/rooms/${ROOM}/messages/${messageId}`, token("usr_ben"));
    expect(await ann.next("message_deleted")).toMatchObject({ ...place, messageId, by: "usr_ben" });
    ben.send({ type: "leave_room", roomId: ROOM, membership: true });
    expect(await ann.next("user_left", (frame) => at(frame, "user.userId") === "usr_ben")).toMatchObject(place);
    ann.close();
    ben.close();
  });

  test("the load test's user: joins, sends ten messages, lists rooms and posts one more", async () => {
    const bearer = token("usr_load");
    const roomId = "load_test_room";
    await rest("POST", "/v1/chat/rooms", bearer, { roomId, name: "Load", type: "public" });
    const ws = await open("/chat", bearer);
    ws.send({ type: "join_room", roomId });
    for (let i = 0; i < 10; i += 1) {
      ws.send({ type: "send_message", roomId, content: `Load test message ${i}`, messageType: "text" });
    }
    expect((await rest("GET", "/v1/chat/rooms", bearer)).status).toBe(200);
    const path = `/v1/chat/rooms/${roomId}/messages`;
    const posted = await rest("POST", path, bearer, { content: "REST API test message", type: "text" });
    expect(posted.status).toBe(201);
    await ws.next("new_message", (frame) => at(frame, "message.content") === "REST API test message");
    await ws.next("new_message", (frame) => at(frame, "message.content") === "Load test message 9");
    expect(ws.all("new_message")).toHaveLength(11);
    ws.close();
  });
});

describe("WebSocket at /api/v1/ws/chat?token=…, snake_case", () => {
  test("a room with roles, mentions, unread counts, replies, history of edits and soft deletion", async () => {
    const founder = token("founder-id", "Founder");
    const guest = token("guest-id", "Guest");
    const ws = await open("/api/v1/ws/chat", founder);
    const other = await open("/ws/chat", guest);
    expect(await ws.next("connection")).toMatchObject({ status: "connected", user_id: "founder-id" });
    await other.next("connection");
    ws.send({
      type: "create_room",
      name: "Project Discussion",
      room_type: "group",
      participants: ["guest-id", "user-id-2"],
      description: "Discussion about the project",
      is_private: false,
      ref: "made",
    });
    const ack = await ws.next("ack", (frame) => at(frame, "ref") === "made");
    const room_id = textAt(ack, "room_id");
    expect(at(ack, "position.role")).toBe("admin");
    expect(await other.next("notification", (frame) => at(frame, "kind") === "invite")).toMatchObject({ room_id });

    ws.send({
      type: "send_message",
      room_id,
      content: "Hello, world!",
      message_type: "text",
      attachments: [],
      mentions: ["guest-id"],
    });
    const mention = await other.next("notification", (frame) => at(frame, "kind") === "mention");
    const message_id = textAt(mention, "message_id");
    expect(mention).toMatchObject({ room_id, by: "founder-id" });
    const unread = async () => at((await rest("GET", `/api/v1/chat/rooms/${room_id}`, guest)).body, "data.unreadCount");
    expect(await unread()).toBe(1);
    other.send({ type: "join_room", room_id, ref: "in" });
    expect(at(await other.next("ack", (frame) => at(frame, "ref") === "in"), "position")).toMatchObject({ unread: 1 });
    other.send({ type: "mark_read", room_id, message_ids: [message_id], ref: "read" });
    await other.next("ack", (frame) => at(frame, "ref") === "read");
    expect(await unread()).toBe(0);

    other.send({ type: "typing_start", room_id });
    expect(await ws.next("typing_indicator")).toMatchObject({
      room_id,
      user: { user_id: "guest-id" },
      is_typing: true,
      expires_in_ms: 10_000,
    });
    other.send({ type: "send_message", room_id, content: "a reply", message_type: "text", reply_to: message_id });
    const reply = await ws.next("new_message", (frame) => at(frame, "message.content") === "a reply");
    expect(at(reply, "message")).toMatchObject({ reply_to: message_id, author_id: "guest-id", message_type: "text" });

    other.send({
      type: "edit_message",
      room_id,
      message_id: textAt(reply, "message.message_id"),
      content: "a better one",
    });
    await ws.next("message_updated", (frame) => at(frame, "change.content") === "a better one");
    ws.send({ type: "message_reaction", room_id, message_id, emoji: "🎉" });
    await other.next("message_updated", (frame) => at(frame, "change.emoji") === "🎉");
    ws.send({ type: "delete_message", room_id, message_id: textAt(reply, "message.message_id") });
    expect(await other.next("message_deleted")).toMatchObject({ room_id, by: "founder-id" });
    const history = await rest("GET", `/api/v1/chat/rooms/${room_id}/messages?limit=100`, guest);
    expect(listAt(history.body, "data.messages").at(-1)).toMatchObject({ isDeleted: true, content: "" });
    ws.close();
    other.close();
  });

  test("a bad token is told in a frame and closes the socket; a bad frame is told and closes nothing", async () => {
    const refused = await open("/api/v1/ws/chat", "not.a.token");
    expect(await refused.next("error")).toMatchObject({ code: "unauthorized", temporary: false });
    const ws = await open("/api/v1/ws/chat", token("clumsy-id"));
    ws.send({ type: "join_room" });
    expect(await ws.next("error")).toMatchObject({ code: "missing_field", field: "room_id" });
    ws.send({ type: "ping" });
    await ws.next("pong");
    ws.close();
  });
});
