/** Metrics of the real server: what is done shows in them, and nothing of it names anybody. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { textAt } from "../support/json.ts";
import { TestServer } from "../support/server.ts";

const TOKEN = "a-token-for-prometheus";
let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({ env: { STOA_METRICS_TOKEN: TOKEN, STOA_SHARDS: "2", LOG_LEVEL: "debug" } });
});
afterAll(() => server.dispose());

async function metrics(): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${server.http}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } });
  expect([response.status, response.headers.get("content-type")]).toEqual([200, expect.stringContaining("0.0.4")]);
  const lines = (await response.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      return [
        line
          .slice(0, at)
          .replace(/,?instance_id="[^"]+"/, "")
          .replace("{}", ""),
        Number(line.slice(at + 1)),
      ];
    }),
  );
}

test("messages, their fan-out and refusals are counted, within two seconds", async () => {
  const token = (user: string) => server.token({ user, tenant: "acme-only", name: `${user}-only` });
  const ann = await TestClient.connect(server, { token: token("ann"), wire: "json" });
  const bob = await TestClient.connect(server, { token: token("bob"), wire: "msgpack" });
  await ann.ack({ type: "create_room", roomId: "room-only", name: "secret-only", roomType: "public", clientId: "c" });
  await bob.join("room-only");
  for (let i = 0; i < 5; i += 1) await ann.say("room-only", `body-only ${i}`);
  await bob.refused({ type: "update_room", roomId: "room-only", description: "x", clientId: "d" });
  await eventually(async () => {
    const found = await metrics();
    expect(found.get("stoa_connections")).toBe(2);
    expect(found.get("stoa_messages_total")).toBe(5);
    expect(found.get("stoa_commits_total")).toBeGreaterThan(5);
    expect(found.get("stoa_commit_seconds_count")).toBe(found.get("stoa_commits_total"));
    // An fsync takes its time, whether this thread waits for it or another one.
    expect(found.get("stoa_commit_seconds_sum")).toBeGreaterThan(0);
    expect(found.get("stoa_deliveries_total")).toBeGreaterThanOrEqual(10);
    expect(found.get("stoa_frames_received_total")).toBeGreaterThanOrEqual(8);
    expect(found.get('stoa_rejections_total{code="forbidden"}')).toBe(1);
    expect(found.get('stoa_dependency_up{part="shards"}')).toBe(1);
    expect(found.get('stoa_rooms_active{shard="0"}')).toBeNumber();
    expect(found.get('stoa_rooms_active{shard="1"}')).toBeNumber();
    expect([...found.keys()].join("\n")).not.toContain("only");
  });
  ann.close();
  bob.close();
});

test("only with their token", async () => {
  for (const headers of [{}, { authorization: "Bearer something else" }, { "x-forwarded-for": "127.0.0.1" }]) {
    expect((await fetch(`${server.http}/metrics`, { headers })).status).toBe(401);
  }
  expect((await fetch(`${server.http}/docs/json`).then((response) => response.text())).includes('"/metrics"')).toBe(
    false,
  );
});

test("an answer and its line in the log have one id", async () => {
  const token = server.token({ user: "ann", tenant: "t" });
  const reply = await server.rest("GET", "/v1/chat/rooms", { token, headers: { "x-request-id": "from-outside-1" } });
  expect(reply.headers.get("x-request-id")).toBe("from-outside-1");
  expect((await server.rest("GET", "/healthz")).headers.get("x-request-id")).toMatch(/^[a-z0-9]{16}$/);
  await eventually(async () => {
    const line = server.output.split("\n").find((one) => one.includes("from-outside-1"));
    expect(textAt(JSON.parse(line ?? "{}"), "requestId")).toBe("from-outside-1");
  });
});

test("without a token of their own they are for this machine, and where they are off there are none", async () => {
  const near = await TestServer.start({ env: { STOA_SHARDS: "1" } });
  const token = near.token({ user: "ann", tenant: "t" });
  for (let i = 0; i < 5; i += 1) {
    await near.rest("POST", "/v1/chat/rooms", { token, body: { roomId: `r${i}`, name: "x", type: "group" } });
  }
  await eventually(async () => {
    const text = await (await fetch(`${near.http}/metrics`)).text();
    const [, sum] = /stoa_commit_seconds_sum\S* (\S+)/.exec(text) ?? [];
    expect(Number(sum)).toBeGreaterThan(0);
  });
  expect((await fetch(`${near.http}/metrics`)).status).toBe(200);
  expect((await fetch(`${near.http}/metrics`, { headers: { "x-forwarded-for": "10.0.0.1" } })).status).toBe(401);
  await near.dispose();
  const off = await TestServer.start({ env: { STOA_METRICS: "off" } });
  expect((await fetch(`${off.http}/metrics`)).status).toBe(404);
  await off.dispose();
});
