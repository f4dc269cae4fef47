/** A request that is sent again is done once: the answer is that of the first time. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { TestClient } from "../support/client.ts";
import { at, listAt, textAt } from "../support/json.ts";
import { TestServer } from "../support/server.ts";

const ROOM = "room_once";
let server: TestServer;
let client: TestClient;
beforeAll(async () => {
  server = await TestServer.start();
  client = await TestClient.connect(server, { token: server.token({ user: "ann" }), wire: "json" });
  await client.ack({ type: "create_room", roomId: ROOM, name: "Once", roomType: "public" });
  await client.join(ROOM);
});
afterAll(() => server.dispose());

async function countOf(content: string): Promise<number> {
  const history = await server.rest("GET", `/v1/chat/rooms/${ROOM}/messages?limit=100`, {
    token: server.token({ user: "ann" }),
  });
  return listAt(history.body, "data.messages").filter((message) => at(message, "content") === content).length;
}

test("the same clientId with the same body is answered with the first ack and written once", async () => {
  const first = await client.say(ROOM, "once", { clientId: "c-1" });
  const again = await client.say(ROOM, "once", { clientId: "c-1" });
  const { messageId, seq, timestamp } = first;
  expect(again).toMatchObject({ messageId, seq, timestamp, duplicate: true });
  expect(at(first, "duplicate")).not.toBe(true);
  expect(await countOf("once")).toBe(1);
});

test("ten copies in one breath are one message with ten equal acks", async () => {
  const acks = await Promise.all(Array.from({ length: 10 }, () => client.say(ROOM, "at once", { clientId: "c-2" })));
  expect(new Set(acks.map((ack) => textAt(ack, "messageId"))).size).toBe(1);
  expect(await countOf("at once")).toBe(1);
});

test("the same clientId with another body is a conflict and writes nothing", async () => {
  await client.say(ROOM, "the one", { clientId: "c-3" });
  const error = await client.refused({ type: "send_message", roomId: ROOM, content: "the other", clientId: "c-3" });
  expect(error).toMatchObject({ code: "conflict", temporary: false });
  expect(await countOf("the other")).toBe(0);
});

test("another user's clientId is another key", async () => {
  const other = await TestClient.connect(server, { token: server.token({ user: "ben" }), wire: "json" });
  await other.join(ROOM);
  const first = await client.say(ROOM, "mine", { clientId: "c-4" });
  const second = await other.say(ROOM, "his", { clientId: "c-4" });
  expect(second["messageId"]).not.toBe(first["messageId"]);
  await other.close();
});

test("a retry on another connection, over REST and after kill -9 is still the first message", async () => {
  const token = server.token({ user: "ann" });
  const first = await client.say(ROOM, "through everything", { clientId: "c-5" });
  const elsewhere = await TestClient.connect(server, { token, wire: "msgpack" });
  const again = await elsewhere.say(ROOM, "through everything", { clientId: "c-5", knownSeq: 1 });
  expect(again["messageId"]).toBe(first["messageId"]);
  await elsewhere.close();

  const rest = await server.rest("POST", `/v1/chat/rooms/${ROOM}/messages`, {
    token,
    body: { content: "through everything" },
    headers: { "idempotency-key": "c-5" },
  });
  expect(textAt(rest.body, "data.messageId")).toBe(textAt(first, "messageId"));

  await server.kill();
  await server.restart();
  client = await TestClient.connect(server, { token, wire: "json" });
  const after = await client.say(ROOM, "through everything", { clientId: "c-5", knownSeq: 1 });
  expect(after).toMatchObject({ messageId: first["messageId"], seq: first["seq"], duplicate: true });
  expect(await countOf("through everything")).toBe(1);
});

test("edits, deletions, reactions and joins can be repeated too", async () => {
  await client.join(ROOM);
  const messageId = textAt(await client.say(ROOM, "to change"), "messageId");
  for (const frame of [
    { type: "edit_message", roomId: ROOM, messageId, content: "changed", clientId: "c-6" },
    { type: "message_reaction", roomId: ROOM, messageId, emoji: "🎉", clientId: "c-7" },
    { type: "delete_message", roomId: ROOM, messageId, clientId: "c-8" },
  ]) {
    const first = await client.ack(frame);
    expect(await client.ack(frame)).toMatchObject({ seq: first["seq"], duplicate: true });
  }
  await client.join(ROOM);
  await client.join(ROOM);
  expect(client.faults()).toEqual([]);
});
