/** Receipts and unread counts through the real server: frames in two encodings, REST, several shards, several devices. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { TestClient } from "../support/client.ts";
import { at } from "../support/json.ts";
import { NodeWsClient } from "../support/node-ws.ts";
import { TestServer } from "../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ env: { STOA_SHARDS: "2" } });
});
afterAll(() => server.dispose());

const roomId = "room_receipts";
const tokenOf = (user: string): string => server.token({ user, name: user.toUpperCase() });
const data = async (method: string, path: string, user: string, body?: object): Promise<unknown> => {
  const reply = await server.rest(method, `/v1/chat${path}`, { token: tokenOf(user), ...(body && { body }) });
  return at(reply.body, "data");
};

test("who reads on one device is shown as a reader, and the other devices, which listen to nothing, show the counts", async () => {
  const ann = await TestClient.connect(server, { token: tokenOf("ann"), wire: "msgpack" });
  await ann.ack({ type: "create_room", roomId, name: "Receipts", roomType: "group", participants: ["ben", "cat"] });
  await ann.join(roomId);
  const laptop = await TestClient.connect(server, { token: tokenOf("ben"), wire: "json" });
  await laptop.join(roomId);
  const phone = new NodeWsClient(`${server.ws}/api/v1/ws/chat?token=${tokenOf("ben")}`);
  await phone.waitFor((frame) => frame.type === "connection", "connection");

  await ann.say(roomId, "one");
  const mention = await ann.say(roomId, "@ben", { mentions: ["ben"] });
  const messageId = String(mention["messageId"]);
  await phone.waitFor((frame) => frame["kind"] === "mention" && frame["room_id"] === roomId, "the mention");
  const counted = await phone.waitFor((frame) => frame["kind"] === "unread" && frame["unread"] === 2, "the counts");
  expect(counted).toMatchObject({ type: "notification", room_id: roomId, mentions: 1, read_seq: 0 });
  expect(await data("GET", "/unread", "ben")).toEqual({
    total: 2,
    mentions: 1,
    rooms: { [roomId]: 2 },
    mentionRooms: { [roomId]: 1 },
    threads: [],
  });

  await laptop.ack({ type: "mark_read", roomId, messageIds: [messageId] });
  await phone.waitFor((frame) => frame["kind"] === "unread" && frame["unread"] === 0, "that it is read");
  await ann.waitFor((frame) => frame.type === "receipts", "the receipt");
  expect(await data("GET", `/rooms/${roomId}/messages/${messageId}/receipts`, "cat")).toEqual({
    messageId,
    state: "read",
    readBy: 2,
    deliveredTo: 2,
    members: 3,
    users: [
      { userId: "ann", displayName: "ANN", avatar: null },
      { userId: "ben", displayName: null, avatar: null },
    ],
    pagination: { hasMore: false, after: null, limit: 50 },
  });
  const page = (await data("GET", `/rooms/${roomId}/messages`, "cat")) as { messages: { readBy: unknown }[] };
  expect(page.messages.map(({ readBy }) => readBy)).toEqual([
    [{ userId: "ann" }, { userId: "ben" }],
    [{ userId: "ann" }, { userId: "ben" }],
  ]);

  phone.send({ type: "mark_unread", room_id: roomId, message_id: messageId });
  await laptop.waitFor((frame) => frame["kind"] === "unread" && frame["unread"] === 1, "that it is unread again");
  expect(await data("GET", `/rooms/${roomId}`, "ben")).toMatchObject({ unreadCount: 1, mentionCount: 1 });
  expect(await data("POST", `/rooms/${roomId}/read`, "ben", { messageIds: [messageId] })).toMatchObject({
    unreadCount: 0,
    mentionCount: 0,
  });
  await laptop.waitFor((frame) => frame["kind"] === "unread" && frame["unread"] === 0, "that REST read it");
  expect(await data("POST", `/rooms/${roomId}/unread`, "ben", { messageId })).toMatchObject({ unreadCount: 1 });

  await server.kill();
  await server.restart();
  const again = await TestClient.connect(server, { token: tokenOf("ben"), wire: "msgpack" });
  const greeting = await again.waitFor((frame) => frame.type === "connection", "connection");
  expect(greeting["unread"]).toEqual({
    total: 1,
    rooms: { [roomId]: 1 },
    mentions: 1,
    mentionRooms: { [roomId]: 1 },
  });
  expect(ann.faults()).toEqual([]);
}, 60_000);

test("who may not read a room is told nothing of its receipts", async () => {
  const path = `/v1/chat/rooms/${roomId}/messages/msg_3/receipts`;
  const { status, body } = await server.rest("GET", path, { token: tokenOf("eve") });
  expect(status).toBe(404);
  expect(at(body, "error.code")).toMatch(/room_not_found|ROOM_NOT_FOUND/);
  const marked = await server.rest("POST", `/v1/chat/rooms/${roomId}/unread`, {
    token: tokenOf("eve"),
    body: { seq: 3 },
  });
  expect(marked.status).toBe(404);
});
