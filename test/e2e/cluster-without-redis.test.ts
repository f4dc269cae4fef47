/** Two real nodes that share nothing but DynamoDB: without Redis they reach one another through a table. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { TestClient } from "../support/client.ts";
import { type DynamoServer, startDynalite } from "../support/dynamodb-servers.ts";
import { makeTestTables } from "../support/dynamodb-tables.ts";
import { at } from "../support/json.ts";
import { TestServer } from "../support/server.ts";

const TAKEN_OVER_MS_MAX = 20_000;
const ROOMS = Array.from({ length: 6 }, (_, i) => `room-${i}`);
let dynamo: DynamoServer;
let nodes: TestServer[] = [];

beforeAll(async () => {
  dynamo = await startDynalite();
  const { location } = await makeTestTables(dynamo);
  const env = {
    DYNAMODB_ENDPOINT: dynamo.endpoint,
    DYNAMODB_TABLE_MESSAGES: location.messagesTable,
    DYNAMODB_TABLE_ROOMS: location.roomsTable,
  };
  nodes = await Promise.all(["one", "two"].map((INSTANCE_ID) => TestServer.start({ env: { ...env, INSTANCE_ID } })));
}, 60_000);
afterAll(async () => {
  for (const node of nodes) await node.dispose();
  await dynamo?.stop();
});

const node = (i: number): TestServer => nodes[i] as TestServer;
const connect = (i: number, user: string) =>
  TestClient.connect(node(i), { token: node(i).token({ user, name: user }) });

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
