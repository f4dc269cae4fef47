/** The real server with its store in DynamoDB: a conversation, `kill -9`, and everything is there. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { TestClient } from "../support/client.ts";
import { type DynamoServer, startDynalite } from "../support/dynamodb-servers.ts";
import { makeTestTables } from "../support/dynamodb-tables.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt, textAt } from "../support/json.ts";
import { runServerToExit, TestServer } from "../support/server.ts";

const ROOM = "room_dynamo";
const LAG_MS_MAX = 20_000;
/** Until a node that was killed counts as dead, and some. */
const TAKEOVER_MS_MAX = 60_000;
let dynamo: DynamoServer;
let server: TestServer;

beforeAll(async () => {
  dynamo = await startDynalite();
  const tables = await makeTestTables(dynamo);
  server = await TestServer.start({
    env: {
      STOA_SHARDS: "2",
      ...tables.env,
    },
  });
}, 60_000);
afterAll(async () => {
  await server?.dispose();
  await dynamo?.stop();
});

const tokenOf = (user: string) => server.token({ user, name: user });
const connect = (user: string) => TestClient.connect(server, { token: tokenOf(user) });
/** As a client does it: what is refused for now is sent again. The room may still count as the dead process's. */
const sayInTheEnd = async (client: TestClient, content: string, clientId: string) => {
  const deadline = performance.now() + TAKEOVER_MS_MAX;
  for (;;) {
    const reply = await client.request({ type: "send_message", roomId: ROOM, content, clientId, knownSeq: 1 });
    if (reply.type !== "error") return reply;
    expect(reply).toMatchObject({ temporary: true });
    expect(performance.now()).toBeLessThan(deadline);
    await Bun.sleep(Number(reply["retryAfterMs"]));
  }
};
/** What `/api/health` says of the store, in the end. */
const storeIs = async (state: string) => {
  const deadline = performance.now() + TAKEOVER_MS_MAX;
  for (;;) {
    const { body } = await server.rest("GET", "/api/health");
    if (at(body, "dependencies.dynamodb") === state) return;
    expect(performance.now()).toBeLessThan(deadline);
    await Bun.sleep(100);
  }
};
const messages = (user: string) =>
  eventually(async () => {
    const reply = await server.rest("GET", `/v1/chat/rooms/${ROOM}/messages?limit=100`, { token: tokenOf(user) });
    return listAt(reply.body, "data.messages");
  }, TAKEOVER_MS_MAX);
const roomOf = async (user: string) => {
  const reply = await server.rest("GET", "/v1/chat/rooms?limit=100", { token: tokenOf(user) });
  return listAt(reply.body, "data.rooms").find((room) => at(room, "roomId") === ROOM);
};

test("what was acknowledged before kill -9 is there afterwards: messages, edits, reactions, members, marks, lists", async () => {
  const [ann, ben, eve] = await Promise.all(["ann", "ben", "eve"].map(connect));
  if (ann === undefined || ben === undefined || eve === undefined) throw new Error("not connected");
  await ann.ack({ type: "create_room", roomId: ROOM, name: "Dynamo", roomType: "public" });
  await Promise.all([ann.join(ROOM), ben.join(ROOM), eve.join(ROOM)]);
  const sent = [];
  for (let i = 0; i < 20; i += 1)
    sent.push(await (i % 2 === 0 ? ann : ben).say(ROOM, `line ${i}`, { clientId: `c-${i}` }));
  const first = textAt(sent[0], "messageId");
  await ann.ack({ type: "edit_message", roomId: ROOM, messageId: first, content: "line 0, better" });
  await ben.ack({ type: "message_reaction", roomId: ROOM, messageId: first, emoji: "👍" });
  await eve.ack({ type: "mark_read", roomId: ROOM, messageIds: [textAt(sent[16], "messageId")] });
  await eve.ack({ type: "leave_room", roomId: ROOM });
  await eve.join(ROOM);
  await server.kill();
  await server.restart();

  const history = await messages("ben");
  expect(history.map((message) => at(message, "content"))).toEqual([
    "line 0, better",
    ...Array.from({ length: 19 }, (_, i) => `line ${i + 1}`),
  ]);
  expect(history[0]).toMatchObject({ isEdited: true, reactions: { "👍": ["ben"] } });
  const back = await connect("ben");
  const again = await sayInTheEnd(back, "line 19", "c-19");
  expect(again).toMatchObject({ duplicate: true, seq: at(sent[19], "seq") });
  const next = await sayInTheEnd(back, "after the fall", "c-20");
  expect(Number(at(next, "seq"))).toBeGreaterThan(Number(at(sent[19], "seq")));
  // The list may be another shard's: it follows within about a second.
  await eventually(async () => expect(at(await roomOf("ann"), "unreadCount")).toBe(2), LAG_MS_MAX);
  expect(await roomOf("ann")).toMatchObject({ name: "Dynamo", isJoined: true, memberCount: 3 });
  expect([...ann.faults(), ...ben.faults(), ...back.faults()]).toEqual([]);
  await back.close();
}, 120_000);

test("a store that goes away makes nothing wrong: what was asked is answered when it is back", async () => {
  const ann = await connect("ann");
  await ann.join(ROOM);
  await sayInTheEnd(ann, "before", "m-0");
  process.kill(dynamo.pid, "SIGSTOP");
  const waiting = sayInTheEnd(ann, "meanwhile", "m-1");
  const health = await server.rest("GET", "/healthz");
  expect(health.status).toBe(200);
  await storeIs("down");
  process.kill(dynamo.pid, "SIGCONT");
  await waiting;
  await storeIs("healthy");
  await ann.message(ROOM, "meanwhile");
  const texts = (await messages("ann")).map((message) => at(message, "content"));
  expect(texts.filter((text) => text === "meanwhile")).toHaveLength(1);
  expect(ann.faults()).toEqual([]);
  await ann.close();
}, 120_000);

test("a node whose tables are not there does not start, and says what to do", async () => {
  const tables = { DYNAMODB_TABLE_MESSAGES: "none-messages", DYNAMODB_TABLE_ROOMS: "none-rooms" };
  const { code, output } = await runServerToExit({ DYNAMODB_ENDPOINT: dynamo.endpoint, ...tables });
  expect(code).toBe(1);
  expect(output).toContain("The table none-messages is not there: make it with npm run tables");
});
