/** Events to EventBridge: the real SDK against a server on this machine that speaks as the service does, takes parts, fails and is away. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { at } from "../support/json.ts";
import { TestServer } from "../support/server.ts";
import { FeedClient } from "../support/tenant-feed-client.ts";

interface Entry {
  readonly Source: string;
  readonly DetailType: string;
  readonly EventBusName: string;
  readonly Detail: string;
}

const WAIT_MS = 20_000;
const taken: Entry[] = [];
const sizes: number[] = [];
/** How a request is answered: which of its entries are taken; `undefined`: the service fails. */
let takes: (entries: readonly Entry[]) => readonly boolean[] | undefined = (entries) => entries.map(() => true);

const service = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: async (request) => {
    expect(request.headers.get("x-amz-target")).toBe("AWSEvents.PutEvents");
    expect(request.headers.get("authorization")).toStartWith("AWS4-HMAC-SHA256 ");
    const { Entries } = (await request.json()) as { readonly Entries: readonly Entry[] };
    sizes.push(Entries.length);
    const answer = takes(Entries);
    const headers = { "content-type": "application/x-amz-json-1.1" };
    if (answer === undefined) return new Response('{"__type":"InternalException"}', { status: 500, headers });
    taken.push(...Entries.filter((_, i) => answer[i]));
    const said = answer.map((isTaken) =>
      isTaken ? { EventId: crypto.randomUUID() } : { ErrorCode: "ThrottlingException" },
    );
    return Response.json({ FailedEntryCount: answer.filter((one) => !one).length, Entries: said }, { headers });
  },
});
afterAll(() => void service.stop(true));

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({
    env: {
      EVENTBRIDGE_BUS_NAME: "chat-events",
      EVENTBRIDGE_ENDPOINT: `http://127.0.0.1:${service.port}`,
      STOA_SEARCH: "off",
    },
  });
}, 60_000);
afterAll(() => server.dispose());
const connect = (user: string, tenant: string) =>
  TestClient.connect(server, { token: server.token({ user, tenant }), wire: "json" });
/** What came of one tenant, in the order in which it first came: at least once is what is promised. */
const detailsOf = (tenant: string) =>
  [...new Set(taken.map(({ Detail }) => Detail))]
    .map((detail) => JSON.parse(detail) as unknown)
    .filter((detail) => at(detail, "tenantId") === tenant);

test("message events of all tenants arrive in order per room, as a member would see them, by tens", async () => {
  for (const tenant of ["one", "two"]) {
    const ann = await connect("ann", tenant);
    await ann.ack({ type: "create_room", roomId: "room", name: "Room", roomType: "private", allowAnonymous: true });
    for (let i = 0; i < 15; i += 1) await ann.say("room", `message ${i}`);
    await ann.ack({ type: "send_message", roomId: "room", content: "whispered", anonymous: true });
  }
  await eventually(async () => {
    expect(detailsOf("one")).toHaveLength(16);
    expect(detailsOf("two")).toHaveLength(16);
  }, WAIT_MS);
  expect(detailsOf("one").map((detail) => at(detail, "message.content"))).toEqual([
    ...Array.from({ length: 15 }, (_, i) => `message ${i}`),
    "whispered",
  ]);
  expect(JSON.stringify(detailsOf("one").at(-1))).not.toContain("ann");
  expect(taken[0]).toMatchObject({ Source: "stoa", DetailType: "new_message", EventBusName: "chat-events" });
  expect(new Set(taken.map(({ DetailType }) => DetailType))).toEqual(new Set(["new_message"]));
  expect(Math.max(...sizes)).toBeLessThanOrEqual(10);
});

test("what a request left out, and what was written while nobody answered, arrives all the same, also after a restart", async () => {
  const ann = await connect("ann", "fails");
  await ann.ack({ type: "create_room", roomId: "room", name: "Room", roomType: "public" });
  let calls = 0;
  takes = (entries) => {
    calls += 1;
    return entries.map((_, i) => calls % 2 === 0 || i % 2 === 0);
  };
  for (let i = 0; i < 10; i += 1) await ann.say("room", `message ${i}`);
  await eventually(async () => expect(new Set(detailsOf("fails").map((one) => at(one, "seq"))).size).toBe(10), WAIT_MS);
  takes = () => undefined;
  for (let i = 10; i < 20; i += 1) await ann.say("room", `message ${i}`);
  await server.kill();
  await server.restart();
  takes = (entries) => entries.map(() => true);
  const contents = (await new FeedClient(server, "fails").room("room"))
    .filter((event) => at(event, "type") === "new_message")
    .map((event) => at(event, "message.content"));
  await eventually(async () => {
    const seen = new Set(detailsOf("fails").map((one) => at(one, "message.content")));
    expect([...seen].toSorted()).toEqual(contents.toSorted());
  }, WAIT_MS);
});
