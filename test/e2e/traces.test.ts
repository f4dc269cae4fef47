/** Traces of the real server at a collector: of requests and of messages, without a name in them; and none of it when it is off. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { TestServer } from "../support/server.ts";
import { type SeenSpan, TraceCollector } from "../support/trace-collector.ts";

const PARENT = { trace: "0af7651916cd43dd8448eb211c80319c", span: "b7ad6b7169203331" };
let collector: TraceCollector;
let server: TestServer;

beforeAll(async () => {
  collector = new TraceCollector();
  server = await TestServer.start({
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.endpoint}/`,
      OTEL_EXPORTER_OTLP_HEADERS: "x-key=secret%2Ckey",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
      STOA_TRACED_MESSAGES_PER_SECOND: "1000",
      INSTANCE_ID: "traced-1",
      STOA_SHARDS: "2",
    },
  });
}, 60_000);
afterAll(async () => {
  await server.dispose();
  await collector.stop();
});

const token = (): string => server.token({ user: "ann-only", tenant: "acme-only", name: "Ann-only" });

function found(accepts: (span: SeenSpan) => boolean): Promise<SeenSpan> {
  return eventually(async () => {
    const span = collector.spans.find(accepts);
    if (span === undefined) throw new Error(`not among ${collector.spans.map(({ name }) => name).join(", ")}`);
    return span;
  }, 60_000);
}

describe("with a collector", () => {
  test("a request is told by its route and status, within the trace of whoever asked", async () => {
    const traceparent = `00-${PARENT.trace}-${PARENT.span}-01`;
    const headers = { traceparent, "x-request-id": "asked-1" };
    const reply = await server.rest("GET", "/v1/chat/rooms/room-only/messages", { token: token(), headers });
    expect(reply.status).toBe(404);
    const span = await found(({ attributes }) => attributes["stoa.request_id"] === "asked-1");
    expect(span).toMatchObject({
      name: "GET /v1/chat/rooms/:roomId/messages",
      traceId: PARENT.trace,
      parentSpanId: PARENT.span,
      kind: 2,
      hasFailed: false,
      attributes: {
        "http.request.method": "GET",
        "http.route": "/v1/chat/rooms/:roomId/messages",
        "http.response.status_code": 404,
      },
      resource: {
        "service.name": "stoa",
        "service.instance.id": "traced-1",
        "deployment.environment.name": "test",
      },
    });
    expect(span.endNs).toBeGreaterThan(span.startNs);
    expect(collector.headers[0]?.get("x-key")).toBe("secret,key");
  });

  test("whoever asks with a trace that is not written is not written, and probes never are", async () => {
    const headers = { traceparent: `00-${"1".repeat(32)}-${"2".repeat(16)}-00`, "x-request-id": "unwritten" };
    await server.rest("GET", "/v1/chat/rooms", { token: token(), headers });
    await server.rest("GET", "/readyz");
    await server.rest("GET", "/v1/chat/rooms", { token: token(), headers: { "x-request-id": "after" } });
    await found(({ attributes }) => attributes["stoa.request_id"] === "after");
    const ids = collector.spans.map(({ attributes }) => attributes["stoa.request_id"]);
    expect(ids).not.toContain("unwritten");
    expect(collector.spans.filter(({ name }) => name.includes("readyz"))).toEqual([]);
  });

  test("a message is followed from its arrival to its fan-out, in parts that follow one another", async () => {
    const ann = await TestClient.connect(server, { token: token(), wire: "msgpack" });
    await ann.ack({ type: "create_room", roomId: "room-only", name: "name-only", roomType: "public", clientId: "c" });
    await ann.say("room-only", "text-only");
    const span = await found(({ name }) => name === "send_message");
    const parts = await eventually(async () => {
      const all = collector.partsOf(span).toSorted((a, b) => Number(a.startNs - b.startNs));
      expect(all.map(({ name }) => name)).toEqual(["gathered", "decided and committed", "acknowledged and fanned out"]);
      return all;
    });
    expect(span.attributes).toMatchObject({ "stoa.is_elsewhere": false, "stoa.frame_bytes": expect.any(Number) });
    expect(parts[0]?.startNs).toBe(span.startNs);
    expect(parts[1]?.startNs).toBe(parts[0]?.endNs);
    expect(parts[2]?.startNs).toBe(parts[1]?.endNs);
    expect(parts[2]?.endNs).toBe(span.endNs);
    await ann.close();
  });

  test("nothing of it names a tenant, a room or a person, or has a word of a text", () => {
    expect(collector.text.length).toBeGreaterThan(500);
    expect(collector.text).not.toContain("-only");
  });

  test("a collector that takes nothing is said once, and the rest goes on", async () => {
    collector.status = 400;
    await server.rest("GET", "/v1/chat/rooms", { token: token() });
    await eventually(async () => expect(server.output).toContain('"traces_dropped"'), 15_000);
    expect((await server.rest("GET", "/v1/chat/rooms", { token: token() })).status).toBe(200);
    collector.status = 200;
  });

  test("the last ones are told before the process ends", async () => {
    await server.rest("GET", "/v1/chat/rooms", { token: token(), headers: { "x-request-id": "the-last" } });
    expect((await server.stop()).code).toBe(0);
    expect(collector.spans.map(({ attributes }) => attributes["stoa.request_id"])).toContain("the-last");
  });
});

/** Of a server with these variables, after a request. */
async function packagesOf(env: Readonly<Record<string, string>>): Promise<string> {
  const telling = await TestServer.start({ entry: "test/support/telling-server.ts", env });
  try {
    await telling.rest("GET", "/v1/chat/rooms", { token: telling.token({ user: "ann" }) });
    process.kill(telling.pid, "SIGUSR2");
    return await eventually(async () => {
      const line = /loaded: .* end/.exec(telling.output)?.[0];
      if (line === undefined) throw new Error("not told yet");
      return line;
    });
  } finally {
    await telling.dispose();
  }
}

test("without a collector nothing is loaded that traces", async () => {
  const [without, disabled, traced] = await Promise.all([
    packagesOf({}),
    packagesOf({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_SDK_DISABLED: "true" }),
    packagesOf({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }),
  ]);
  for (const packages of [without, disabled, traced]) expect(packages).toContain(" elysia ");
  expect(without).not.toContain("@opentelemetry/");
  expect(disabled).not.toContain("@opentelemetry/");
  expect(traced).toContain("@opentelemetry/sdk-trace");
}, 60_000);
