/** Two real nodes that share nothing but DynamoDB: without Redis they reach one another through a table. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { TestClient } from "../support/client.ts";
import { type DynamoServer, startDynalite } from "../support/dynamodb-servers.ts";
import { makeTestTables } from "../support/dynamodb-tables.ts";
import { contentsOfFrame, EventStreamClient } from "../support/event-stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt, textAt } from "../support/json.ts";
import { TestServer } from "../support/server.ts";
import type { Frame } from "../support/wire.ts";

const TAKEN_OVER_MS_MAX = 20_000;
const ROOMS = Array.from({ length: 6 }, (_, i) => `room-${i}`);
let dynamo: DynamoServer;
let nodes: TestServer[] = [];

beforeAll(async () => {
  dynamo = await startDynalite();
  const { env } = await makeTestTables(dynamo);
  nodes = await Promise.all(["one", "two"].map((INSTANCE_ID) => TestServer.start({ env: { ...env, INSTANCE_ID } })));
}, 60_000);
afterAll(async () => {
  for (const node of nodes) await node.dispose();
  await dynamo?.stop();
});

const node = (i: number): TestServer => nodes[i] as TestServer;
const connect = (i: number, user: string) =>
  TestClient.connect(node(i), { token: node(i).token({ user, name: user }) });

test("a client without WebSockets may use any node for each request: stream, frames and polls", async () => {
  const roomId = "room-streams";
  const ann = await connect(0, "ann");
  await ann.ack({ type: "create_room", roomId, name: roomId, roomType: "public" });
  const token = node(1).token({ user: "cid", name: "cid" });
  const stream = await EventStreamClient.listen(node(1).http, { token, rooms: [roomId] });
  await stream.frame(({ ref }) => ref === "rooms:1", "the join");
  const frame = { type: "send_message", ref: "far", roomId, content: "over the other node", clientId: "c-far" };
  const posted = await node(0).rest("POST", `/v1/chat/events/${stream.connectionId}`, {
    token,
    body: { frames: [frame] },
  });
  expect(posted.status).toBe(202);
  expect(await stream.frame(({ ref }) => ref === "far", "the answer")).toMatchObject({ type: "ack" });
  await stream.message("over the other node");
  stream.stop();
  const again = await EventStreamClient.listen(node(0).http, { token, lastId: stream.lastId });
  await ann.say(roomId, "at the other node");
  await again.message("at the other node");
  again.stop();
  const seen: string[] = [];
  let cursor = "";
  const poll = async (i: number): Promise<void> => {
    const body = cursor === "" ? { rooms: [roomId] } : { cursor };
    const polled = await node(i % 2).rest("POST", "/v1/chat/events/poll", { token, body });
    cursor = textAt(polled.body, "data.cursor");
    seen.push(...(listAt(polled.body, "data.frames") as Frame[]).flatMap(contentsOfFrame));
  };
  for (const [i, text] of ["one", "two", "three"].entries()) {
    await poll(i);
    await ann.say(roomId, text);
  }
  // A poll that another frame has answered may be without what a busy node still reads: that is for the next one.
  await eventually(async () => {
    await poll(1);
    expect(seen).toEqual(["one", "two", "three"]);
  });
  await ann.close();
}, 60_000);

test("rooms are shared, and taken over when a node is killed", async () => {
  const [ann, ben] = await Promise.all([connect(0, "ann"), connect(1, "ben")]);
  for (const roomId of ROOMS) {
    await ann.ack({ type: "create_room", roomId, name: roomId, roomType: "public" });
    await ben.join(roomId);
  }
  for (const roomId of ROOMS) {
    await ann.say(roomId, `hello ${roomId}`);
    await ben.message(roomId, `hello ${roomId}`);
    await ben.say(roomId, `back ${roomId}`);
    await ann.message(roomId, `back ${roomId}`);
  }
  const health = await node(0).rest("GET", "/api/health");
  expect(at(health.body, "dependencies")).toMatchObject({ registry: "healthy" });
  await node(1).kill();
  const deadline = performance.now() + TAKEN_OVER_MS_MAX;
  for (const roomId of ROOMS) {
    for (;;) {
      const reply = await ann.request({ type: "send_message", roomId, content: "alone", clientId: `alone-${roomId}` });
      if (reply.type === "ack") break;
      expect(reply).toMatchObject({ type: "error", temporary: true });
      expect(performance.now()).toBeLessThan(deadline);
      await Bun.sleep(250);
    }
  }
  expect(ann.faults()).toEqual([]);
  await ann.close();
}, 60_000);
