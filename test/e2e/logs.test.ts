/** What a server writes about itself: JSON lines of the level that was asked for, and nothing that is private, whatever it is asked. */
import { expect, test } from "bun:test";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { at, textAt } from "../support/json.ts";
import { TestServer } from "../support/server.ts";

/** What must stand in no line: bodies, keys and what a token gives. */
const PRIVATE = {
  text: "text-that-somebody-wrote",
  metrics: "metrics-token-of-the-operator",
  key: "key-of-a-provider",
  collector: "key-of-a-collector",
} as const;
/** Without a service behind them: whatever fails is logged as well. */
const ENV = {
  NODE_ENV: "production",
  STOA_METRICS_TOKEN: PRIVATE.metrics,
  OPENAI_API_KEY: PRIVATE.key,
  OPENAI_BASE_URL: "http://127.0.0.1:9/v1",
  OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
  OTEL_EXPORTER_OTLP_HEADERS: `authorization=${PRIVATE.collector}`,
};

const linesOf = (server: TestServer): readonly unknown[] =>
  server.output
    .split("\n")
    // Behind the last one is what is not a whole line yet.
    .slice(0, -1)
    .filter((line) => line.startsWith("{"))
    .map((line): unknown => JSON.parse(line));

/** Talks on a socket and over REST, and asks what is refused. */
async function use(server: TestServer): Promise<readonly string[]> {
  const token = server.token({ user: "ann" });
  const ann = await TestClient.connect(server, { token, wire: "camel", via: "query" });
  const room = { roomId: "room", name: "Room", roomType: "public", clientId: "c", enableAI: true };
  await ann.ack({ type: "create_room", ...room });
  await ann.say("room", PRIVATE.text);
  await ann.say("room", `@ai ${PRIVATE.text}`);
  const messages = "/v1/chat/rooms/room/messages";
  await server.rest("POST", messages, {
    token,
    body: { content: PRIVATE.text },
    headers: { "x-request-id": "posted" },
  });
  await server.rest("POST", messages, { token, body: `{"content":"${PRIVATE.text}"` });
  await server.rest("POST", messages, { token, body: { content: [PRIVATE.text] } });
  await server.rest("GET", `${messages}?token=${token}`, { token: `${token}x` });
  await server.rest("GET", `/v1/chat/search?q=${encodeURIComponent(PRIVATE.text)}`, { token });
  await server.rest("GET", `${messages}?%74oken=${token}`, { token });
  await server.rest("GET", "/metrics", { token: PRIVATE.metrics });
  await ann.close();
  return [token, token.slice(-20)];
}

test("at debug each request is a line with its id, and no line has what is private", async () => {
  const server = await TestServer.start({ env: { ...ENV, LOG_LEVEL: "debug", INSTANCE_ID: "logged-1" } });
  try {
    const tokens = await use(server);
    await eventually(async () => expect(server.output).toContain("traces_dropped"), 15_000);
    const posted = linesOf(server).find((line) => at(line, "requestId") === "posted");
    expect(posted).toMatchObject({ level: "debug", instance: "logged-1", msg: "request", method: "POST", status: 201 });
    for (const line of linesOf(server)) expect(textAt(line, "time")).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect((await server.stop()).code).toBe(0);
    for (const secret of [...Object.values(PRIVATE), ...tokens]) expect(server.output).not.toContain(secret);
    // Everything but the one line for people is JSON.
    const others = server.output.split("\n").filter((line) => line !== "" && !line.startsWith("{"));
    expect(others).toEqual([expect.stringMatching(/^Stoa is ready on /)]);
  } finally {
    await server.dispose();
  }
}, 60_000);

test("at info a server that is well says nothing but its stop; at silent not even that", async () => {
  for (const [level, said] of [
    ["info", ["stopping"]],
    ["silent", []],
  ] as const) {
    const server = await TestServer.start({ env: { NODE_ENV: "production", LOG_LEVEL: level } });
    try {
      await server.rest("GET", "/v1/chat/rooms", { token: server.token({ user: "ann" }) });
      expect((await server.stop()).code).toBe(0);
      expect(linesOf(server).map((line) => textAt(line, "msg"))).toEqual([...said]);
    } finally {
      await server.dispose();
    }
  }
}, 60_000);

test("every address of health answers without a token, and says of each part how it is", async () => {
  const server = await TestServer.start();
  try {
    const answers = await Promise.all(
      ["/healthz", "/readyz", "/api/health", "/v1/chat/health", "/api/v1/chat/health"].map((path) =>
        server.rest("GET", path),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const [live, ready, whole, short, dialect] = answers.map(({ text }): unknown => JSON.parse(text));
    const summary = { status: "healthy", active_connections: 0, redis_connected: false };
    expect([live, ready, short, dialect]).toEqual([{ status: "ok" }, { status: "ready" }, summary, summary]);
    expect(whole).toMatchObject({ ...summary, dependencies: { shards: "healthy", search: "healthy" } });
  } finally {
    await server.dispose();
  }
}, 60_000);
