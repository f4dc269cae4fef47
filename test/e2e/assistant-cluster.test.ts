/** Answers that grow on two real nodes on DynamoDB: shown at both, and ended once when the node that has them is killed. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { assistedRoom, ending, messageAfter } from "../support/assistant-steps.ts";
import { TestClient } from "../support/client.ts";
import { type DynamoServer, startDynalite } from "../support/dynamodb-servers.ts";
import { makeTestTables } from "../support/dynamodb-tables.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt, numberAt } from "../support/json.ts";
import { ProviderServer } from "../support/provider-server.ts";
import { TestServer } from "../support/server.ts";
import type { Frame } from "../support/wire.ts";

const TAKEN_OVER_MS_MAX = 25_000;
/** Enough that each node has some of them, but once in a hundred times. */
const ROOMS = 8;
const provider = new ProviderServer();
let dynamo: DynamoServer;
let nodes: TestServer[] = [];

beforeAll(async () => {
  dynamo = await startDynalite();
  const tables = await makeTestTables(dynamo);
  const env = {
    ...provider.env,
    AI_RESPONSE_TIMEOUT: "60000",
    ...tables.env,
  };
  nodes = await Promise.all(["one", "two"].map((INSTANCE_ID) => TestServer.start({ env: { ...env, INSTANCE_ID } })));
}, 60_000);
afterAll(async () => {
  for (const node of nodes) await node.dispose();
  await provider.stop();
  await dynamo?.stop();
});

const node = (i: number): TestServer => nodes[i] as TestServer;
const connect = (i: number, user: string) =>
  TestClient.connect(node(i), { token: node(i).token({ user, name: user }), wire: "json" });

test("pieces come to listeners at both nodes; the answers of a killed node end once, the others go on", async () => {
  const [ann, ben] = await Promise.all([connect(0, "ann"), connect(1, "ben")]);
  const answers = new Map<string, string>();
  const questions = new Map<string, number>();
  const saved = Promise.withResolvers<void>();
  for (let i = 0; i < ROOMS; i += 1) {
    const room = await assistedRoom(ann);
    await ben.join(room);
    provider.next("gemini", [{ text: "Once upon " }, { until: saved.promise }, { text: "a time" }, { hang: true }]);
    const asked = await ann.say(room, "@ai a story");
    const messageId = messageAfter(asked);
    questions.set(room, numberAt(asked, "seq"));
    answers.set(room, messageId);
    for (const client of [ann, ben]) {
      const isPiece = (frame: Frame): boolean => frame.type === "ai_response" && frame["roomId"] === room;
      expect((await client.waitFor(isPiece, "a piece"))["messageId"]).toBe(messageId);
    }
  }
  // The beginning of each is in the log: the event behind the answer's own.
  for (const [room, seq] of questions) {
    await eventually(async () => {
      const token = node(0).token({ user: "ann" });
      const events = await node(0).rest("GET", `/v1/chat/rooms/${room}/events?after=0`, { token });
      expect(numberAt(events.body, "data.head")).toBeGreaterThan(seq + 1);
    });
  }
  saved.resolve();
  for (const [room, messageId] of answers) {
    const isMore = (frame: Frame): boolean =>
      frame.type === "ai_response" &&
      frame["roomId"] === room &&
      frame["messageId"] === messageId &&
      frame["offset"] !== 0;
    await ben.waitFor(isMore, "more of the story");
  }
  await node(1).kill();
  const mine = new Set<string>();
  const deadline = performance.now() + TAKEN_OVER_MS_MAX;
  for (const [room, messageId] of answers) {
    // Whoever has it now lets it be stopped, or has ended it.
    for (;;) {
      const reply = await ann.request({ type: "stop_answer", roomId: room, messageId }, TAKEN_OVER_MS_MAX);
      if (reply.type === "ack") mine.add(room);
      if (reply.type === "ack" || reply["code"] === "not_running") break;
      expect(reply).toMatchObject({ temporary: true });
      expect(performance.now()).toBeLessThan(deadline);
      await Bun.sleep(200);
    }
    const end = await ending(ann, room, messageId);
    expect(at(end, "state")).toBe(mine.has(room) ? "cancelled" : "failed");
    if (!mine.has(room)) expect(at(end, "reason")).toBe("interrupted");
    expect(String(at(end, "content"))).toStartWith("Once upon ");
    const ends = ann.rooms.get(room)?.events.filter(({ type }) => type === "ai_response");
    expect(ends).toHaveLength(1);
    const token = node(0).token({ user: "ann" });
    const history = await node(0).rest("GET", `/v1/chat/rooms/${room}/messages`, { token });
    expect(at(listAt(history.body, "data.messages").at(-1), "answer.state")).not.toBe("streaming");
  }
  expect(ann.faults()).toEqual([]);
  await ann.close();
}, 90_000);
