/** Another tenant's rooms, people and counts do not exist for you: the same answer as for what never was. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { TestClient } from "../support/client.ts";
import { listAt } from "../support/json.ts";
import { TestServer } from "../support/server.ts";

const ROOM = "room_secret";
let server: TestServer;
let ours: TestClient;
beforeAll(async () => {
  server = await TestServer.start();
  ours = await TestClient.connect(server, { token: server.token({ user: "ann", tenant: "acme" }), wire: "json" });
  await ours.ack({ type: "create_room", roomId: ROOM, name: "Secret", roomType: "public" });
  await ours.join(ROOM);
  await ours.say(ROOM, "for acme only");
});
afterAll(() => server.dispose());

// The same user id on purpose: it is another person.
const theirs = (): string => server.token({ user: "ann", tenant: "evil" });

test("a public room of another tenant is unknown, on sockets and over REST", async () => {
  const client = await TestClient.connect(server, { token: theirs(), wire: "json" });
  for (const frame of [
    { type: "join_room", roomId: ROOM },
    { type: "send_message", roomId: ROOM, content: "hello?" },
    { type: "typing_start", roomId: ROOM },
    { type: "mark_read", roomId: ROOM, seq: 1 },
  ]) {
    const [foreign, absent] = [await client.refused(frame), await client.refused({ ...frame, roomId: "never_was" })];
    expect(foreign["code"]).toBe("room_not_found");
    expect({ ...foreign, ref: 0, roomId: "" }).toEqual({ ...absent, ref: 0, roomId: "" });
  }
  for (const path of ["", "/messages", "/members"]) {
    const reply = await server.rest("GET", `/v1/chat/rooms/${ROOM}${path}`, { token: theirs() });
    expect(reply.status).toBe(404);
  }
  const list = await server.rest("GET", "/v1/chat/rooms", { token: theirs() });
  expect(listAt(list.body, "data.rooms")).toEqual([]);
  await client.close();
});

test("the same room id in two tenants is two rooms, and nothing crosses", async () => {
  const client = await TestClient.connect(server, { token: theirs(), wire: "json" });
  await client.ack({ type: "create_room", roomId: ROOM, name: "Mine", roomType: "public" });
  await client.join(ROOM);
  await client.say(ROOM, "for evil only");
  await client.message(ROOM, "for evil only");
  client.send({ type: "typing_start", roomId: ROOM });
  await ours.say(ROOM, "still only us");
  await ours.message(ROOM, "still only us");
  for (const side of [ours, client]) {
    const other = side === ours ? "evil" : "acme";
    expect(JSON.stringify(side.frames)).not.toContain(`for ${other} only`);
  }
  expect(ours.frames.some((frame) => frame.type === "typing_indicator")).toBe(false);
  expect(JSON.stringify(client.frames)).not.toContain("still only us");
  const history = await server.rest("GET", `/v1/chat/rooms/${ROOM}/messages`, { token: theirs() });
  expect(listAt(history.body, "data.messages")).toHaveLength(1);
  await client.close();
});

test("presence of another tenant's user with the same id is not shown", async () => {
  await ours.ack({ type: "set_presence", status: "busy", customStatus: "acme business" });
  const reply = await server.rest("GET", "/v1/chat/presence?userId=ann", {
    token: server.token({ user: "eve", tenant: "evil" }),
  });
  expect(reply.text).not.toContain("acme business");
});
