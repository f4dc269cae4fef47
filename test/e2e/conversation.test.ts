/** Two people with different tools talk through the real server, and REST agrees with what they saw. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { TestClient } from "../support/client.ts";
import { at, listAt, textAt } from "../support/json.ts";
import { NodeWsClient } from "../support/node-ws.ts";
import { TestServer } from "../support/server.ts";
import type { WireName } from "../support/wire.ts";

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.dispose());

test("npm's ws as text and a MessagePack client join, talk, see typing, reactions, receipts, edits and deletions", async () => {
  const roomId = "room_general_123";
  const oneToken = server.token({ user: "usr_1", name: "One" });
  const two = await TestClient.connect(server, {
    token: server.token({ user: "usr_2", name: "Two" }),
    wire: "msgpack",
  });
  await two.ack({ type: "create_room", roomId, name: "General", roomType: "public" });
  await two.join(roomId);

  const one = new NodeWsClient(`${server.ws}/chat?token=${oneToken}`);
  await one.waitFor((frame) => frame.type === "connection" && frame["status"] === "connected", "connection");
  one.send({ type: "join_room", roomId });
  expect(at(await two.event(roomId, "user_joined", (event) => at(event, "user.userId") === "usr_1"), "user.name")).toBe(
    "One",
  );

  one.send({ type: "typing_start", roomId });
  const typing = await two.waitFor((frame) => frame.type === "typing_indicator", "typing");
  expect(typing).toMatchObject({ roomId, user: { userId: "usr_1" }, isTyping: true });

  one.send({ type: "send_message", roomId, content: "Hello everyone!", messageType: "text" });
  const hello = await two.message(roomId, "Hello everyone!");
  expect(hello).toMatchObject({ roomId, authorId: "usr_1", authorName: "One", messageType: "text" });
  const own = await one.waitFor((frame) => frame.type === "new_message", "the own message");
  expect(at(own, "message.messageId")).toBe(textAt(hello, "messageId"));

  const answer = await two.say(roomId, "Hello One 🚀");
  const messageId = textAt(answer, "messageId");
  const seen = await one.waitFor((frame) => at(frame, "message.content") === "Hello One 🚀", "the answer");
  expect(seen).toMatchObject({
    type: "new_message",
    message: { messageId, authorId: "usr_2", authorName: "Two", type: "text" },
  });

  one.send({ type: "message_reaction", roomId, messageId, emoji: "👍" });
  const reaction = await two.event(roomId, "message_updated", (event) => at(event, "change.kind") === "reaction");
  expect(reaction).toMatchObject({ messageId, by: "usr_1", change: { emoji: "👍", added: true, count: 1 } });

  one.send({ type: "mark_read", roomId, messageIds: [messageId] });
  const seq = Number(at(answer, "seq"));
  await two.waitFor(
    (frame) =>
      frame.type === "receipts" &&
      listAt(frame, "receipts").some(
        (receipt) => at(receipt, "userId") === "usr_1" && Number(at(receipt, "readSeq")) >= seq,
      ),
    "the receipt",
  );

  await two.ack({ type: "edit_message", roomId, messageId, content: "Hello One!" });
  const edited = await one.waitFor(
    (frame) => frame.type === "message_updated" && at(frame, "change.kind") === "content",
    "the edit",
  );
  expect(edited).toMatchObject({ roomId, messageId, change: { content: "Hello One!" } });

  const doomed = await two.say(roomId, "not for long");
  await two.ack({ type: "delete_message", roomId, messageId: textAt(doomed, "messageId") });
  const deleted = await one.waitFor((frame) => frame.type === "message_deleted", "the deletion");
  expect(deleted).toMatchObject({ roomId, messageId: textAt(doomed, "messageId"), by: "usr_2" });

  const history = await server.rest("GET", `/v1/chat/rooms/${roomId}/messages?limit=50`, { token: oneToken });
  expect(history.status).toBe(200);
  const messages = listAt(history.body, "data.messages");
  expect(messages.slice(0, 2)).toMatchObject([
    { content: "Hello everyone!", authorId: "usr_1", isEdited: false, type: "text", reactions: {} },
    { messageId, content: "Hello One!", authorId: "usr_2", isEdited: true, reactions: { "👍": ["usr_1"] } },
  ]);
  expect(JSON.stringify(messages)).not.toContain("not for long");
  expect(two.faults()).toEqual([]);

  await one.close();
  // Closing a connection is not leaving the room.
  await two.say(roomId, "still here?");
  await two.message(roomId, "still here?");
  expect(two.rooms.get(roomId)?.events.some((event) => event.type === "user_left")).toBe(false);
  await two.close();
}, 60_000);

for (const wire of ["msgpack", "json", "camel", "snake"] as const satisfies readonly WireName[]) {
  test(`a conversation in ${wire} shows the same to both, each event after the one before`, async () => {
    const roomId = `room_${wire}`;
    const [ann, ben] = await Promise.all(
      ["ann", "ben"].map((user) => TestClient.connect(server, { token: server.token({ user, name: user }), wire })),
    );
    if (ann === undefined || ben === undefined) throw new Error("not connected");
    const created = await ann.ack({ type: "create_room", roomId, name: "Tea", roomType: "public" });
    expect(at(created, "position.roomId") ?? at(created, "roomId")).toBe(roomId);
    await ann.join(roomId);
    await ben.join(roomId);
    for (let i = 0; i < 20; i += 1) {
      await (i % 2 === 0 ? ann : ben).say(roomId, `line ${i}`);
    }
    await Promise.all([ann.message(roomId, "line 19"), ben.message(roomId, "line 19")]);
    const texts = (client: TestClient): unknown[] =>
      (client.rooms.get(roomId)?.events ?? [])
        .filter((event) => event.type === "new_message")
        .map((event) => at(event.body, "message.content"));
    expect(texts(ann)).toEqual(Array.from({ length: 20 }, (_, i) => `line ${i}`));
    expect(texts(ben)).toEqual(texts(ann));
    expect([...ann.faults(), ...ben.faults()]).toEqual([]);
    await Promise.all([ann.close(), ben.close()]);
  });
}

test("presence is seen by those who share a room: online at once, offline after a clean goodbye", async () => {
  const roomId = "room_presence";
  const ann = await TestClient.connect(server, { token: server.token({ user: "pres_1" }), wire: "json" });
  await ann.ack({ type: "create_room", roomId, name: "Presence", roomType: "public" });
  await ann.join(roomId);
  const ben = await TestClient.connect(server, { token: server.token({ user: "pres_2" }), wire: "json" });
  await ben.join(roomId);
  const shows = (status: string) => (frame: { readonly type: string }) =>
    frame.type === "presence_update" && at(frame, "user.userId") === "pres_2" && at(frame, "status") === status;
  await ann.waitFor(shows("online"), "online");
  await ben.ack({ type: "set_presence", status: "busy", customStatus: "in a meeting" });
  expect(await ann.waitFor(shows("busy"), "busy")).toMatchObject({ customStatus: "in a meeting" });
  await ben.close();
  await ann.waitFor(shows("offline"), "offline");
  await ann.close();
});

test("what was sent over REST arrives on sockets, and rooms are listed with their unread counts", async () => {
  const token = server.token({ user: "rest_1", name: "Rest" });
  const created = await server.rest("POST", "/v1/chat/rooms", { token, body: { name: "Over REST", type: "public" } });
  expect(created.status).toBe(201);
  const roomId = textAt(created.body, "data.roomId");
  const listener = await TestClient.connect(server, { token: server.token({ user: "rest_2" }) });
  await listener.join(roomId);
  const sent = await server.rest("POST", `/v1/chat/rooms/${roomId}/messages`, {
    token,
    body: { content: "Just deployed the new feature! 🚀", type: "text" },
  });
  expect(sent.status).toBe(201);
  const message = await listener.message(roomId, "Just deployed the new feature! 🚀");
  expect(textAt(message, "messageId")).toBe(textAt(sent.body, "data.messageId"));
  const list = await server.rest("GET", "/v1/chat/rooms?type=public&limit=100", {
    token: server.token({ user: "rest_2" }),
  });
  const entry = listAt(list.body, "data.rooms").find((room) => at(room, "roomId") === roomId);
  expect(entry).toMatchObject({ name: "Over REST", type: "public", isJoined: true, unreadCount: 1, memberCount: 2 });
  await listener.close();
});
