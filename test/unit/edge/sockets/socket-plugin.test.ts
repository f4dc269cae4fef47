import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createServer } from "node:net";
import type { Server, ServerWebSocket } from "bun";
import WebSocket from "ws";
import { ok } from "../../../../src/base/result.ts";
import { BunBroadcaster, BunSocket } from "../../../../src/edge/sockets/bun-socket.ts";
import { createApp } from "../../../../src/edge/http.ts";
import { listen } from "../../../../src/edge/listen.ts";
import { isOriginAllowed } from "../../../../src/edge/origins.ts";
import type { Arrival, SocketHandler } from "../../../../src/edge/sockets/socket-plugin.ts";
import { CODECS } from "../../../../src/protocol/codec.ts";
import { appOptions } from "../fake-engine.ts";

/** Says hello as text, sends back bytes as bytes, and subscribes to the topic that it was told as text. */
class Echo implements SocketHandler {
  open(ws: ServerWebSocket<unknown>): void {
    new BunSocket(ws).send(new TextEncoder().encode("hello ✓"), true);
  }

  message(ws: ServerWebSocket<unknown>, data: string | Buffer): void {
    const socket = new BunSocket(ws);
    if (typeof data !== "string") socket.send(data, false);
    else if (data === "bye") socket.close("reconnect");
    else {
      socket.subscribe(data);
      socket.send(new TextEncoder().encode(`subscribed ${data}`), true);
    }
  }

  close(): void {
    // Nothing to give back.
  }
}

let options = appOptions();
let server: Server<unknown> | undefined;
let arrivals: Arrival[] = [];
let token = "";

async function start(env: Record<string, string> = {}): Promise<void> {
  await server?.stop(true);
  options = appOptions(env);
  arrivals = [];
  const accept = (arrival: Arrival) => {
    arrivals.push(arrival);
    return ok(new Echo());
  };
  const listening = listen(createApp({ ...options, sockets: { ...options.sockets, accept } }), {
    host: "127.0.0.1",
    port: 0,
  });
  if (!listening.ok) throw new Error(listening.error);
  server = listening.value;
  token = await options.auth.mintToken({ user: "usr_1", name: "One", ttlSeconds: 60 });
}

beforeEach(() => start());
afterEach(() => server?.stop(true));

interface Received {
  readonly data: string | Buffer;
  readonly binary: boolean;
}

/** A client whose messages and close can be awaited in order. */
function connect(path: string, { protocols = [] as string[], headers = {} as Record<string, string> } = {}) {
  const ws = new WebSocket(`ws://127.0.0.1:${server?.port}${path}`, protocols, { headers });
  const received: Received[] = [];
  const waiting: ((message: Received) => void)[] = [];
  ws.on("message", (data, binary) => {
    const message = { data: binary ? (data as Buffer) : String(data), binary };
    const waiter = waiting.shift();
    if (waiter === undefined) received.push(message);
    else waiter(message);
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve, reject) => {
    ws.on("close", (code, reason) => resolve({ code, reason: String(reason) }));
    ws.on("error", reject);
  });
  // Those who do not look at the end must not fail by it.
  closed.catch(() => undefined);
  const next = () => {
    const message = received.shift();
    return message === undefined ? new Promise<Received>((resolve) => waiting.push(resolve)) : Promise.resolve(message);
  };
  return { ws, closed, next };
}

const UPGRADE = {
  connection: "upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

async function handshake(path: string, headers: Record<string, string>): Promise<{ status: number; body: string }> {
  const response = await fetch(`http://127.0.0.1:${server?.port}${path}`, { headers: { ...UPGRADE, ...headers } });
  return { status: response.status, body: await response.text() };
}

describe("who arrives", () => {
  test("a bearer header, a token in the address, and nothing are three ways to come", async () => {
    for (const [path, headers] of [
      ["/chat", { authorization: `Bearer ${token}` }],
      [`/chat?token=${token}`, {}],
      ["/chat", {}],
    ] as const) {
      expect((await connect(path, { headers }).next()).data).toBe("hello ✓");
    }
    expect(arrivals.map((arrival) => arrival.principal?.userId as string | undefined)).toEqual([
      "usr_1",
      "usr_1",
      undefined,
    ]);
    expect(arrivals[0]?.expiresAtMs).toBeGreaterThan(Date.now());
    expect(arrivals[2]?.expiresAtMs).toBeUndefined();
    expect(arrivals[0]?.remote).toBe("127.0.0.1");
  });

  test("the path names the codec when no subprotocol is asked for, and a subprotocol comes first", async () => {
    for (const [path, protocols] of [
      ["/chat", []],
      ["/api/v1/ws/chat", []],
      ["/ws/chat", []],
      ["/chat", ["stoa.v1.msgpack"]],
      ["/ws/chat", ["other", "stoa.v1.json"]],
    ] as const) {
      const { ws, next } = connect(path, { protocols: [...protocols] });
      await next();
      expect(ws.protocol).toBe(protocols.at(-1) ?? "");
    }
    expect(arrivals.map((arrival) => arrival.codec)).toEqual([
      CODECS.camel,
      CODECS.snake,
      CODECS.snake,
      CODECS.msgpack,
      CODECS.json,
    ]);
  });

  test("the address of a proxy's client counts only behind a trusted proxy", async () => {
    const headers = { "x-forwarded-for": "203.0.113.9, 198.51.100.7" };
    await connect("/chat", { headers }).next();
    expect(arrivals[0]?.remote).toBe("127.0.0.1");
    await start({ STOA_TRUST_PROXY: "on" });
    await connect("/chat", { headers }).next();
    expect(arrivals[0]?.remote).toBe("198.51.100.7");
  });
});

describe("who is turned away", () => {
  test("a bad token gets an error frame and a terminal close code", async () => {
    for (const [path, headers] of [
      ["/chat?token=nonsense", {}],
      ["/chat?token=", {}],
      ["/chat", { authorization: "Bearer nonsense" }],
      ["/chat", { authorization: "Basic abc" }],
    ] as const) {
      const { next, closed } = connect(path, { headers });
      expect(JSON.parse(String((await next()).data))).toEqual({
        type: "error",
        code: "unauthorized",
        message: "A valid token is required.",
        temporary: false,
      });
      expect(await closed).toEqual({ code: 4401, reason: "invalid token" });
    }
    expect(arrivals).toEqual([]);
  });

  test("an expired token has its own code", async () => {
    const expired = await options.auth.mintToken({ user: "usr_1", ttlSeconds: -5 });
    const { next, closed } = connect(`/chat?token=${expired}`);
    expect(JSON.parse(String((await next()).data)).code).toBe("token_expired");
    expect((await closed).code).toBe(4410);
  });

  test("a token in the address is refused when that is switched off, and the header still works", async () => {
    await start({ STOA_QUERY_TOKEN: "off" });
    expect((await connect(`/chat?token=${token}`).closed).code).toBe(4401);
    expect((await connect("/chat", { headers: { authorization: `Bearer ${token}` } }).next()).data).toBe("hello ✓");
  });

  test("a plain request is told to upgrade", async () => {
    const response = await fetch(`http://127.0.0.1:${server?.port}/chat`);
    expect(response.status).toBe(426);
    expect(await response.json()).toMatchObject({ success: false, error: { code: "invalid_frame" } });
  });

  test("a page of another origin is refused before the upgrade", async () => {
    const { status, body } = await handshake("/chat", { origin: "https://evil.example" });
    expect(status).toBe(403);
    expect(JSON.parse(body).error).toMatchObject({ code: "forbidden", details: { field: "origin" } });
    expect(arrivals).toEqual([]);
  });

  test("an offer of unknown subprotocols only is refused and never echoed", async () => {
    const { status, body } = await handshake("/chat", { "sec-websocket-protocol": "my-secret-token" });
    expect(status).toBe(400);
    expect(body).toContain("stoa.v1.msgpack");
    expect(body).not.toContain("my-secret-token");
  });
});

describe("Bun's socket behind the port", () => {
  test("text goes out as text and bytes as bytes", async () => {
    const { ws, next } = connect("/chat");
    expect(await next()).toEqual({ data: "hello ✓", binary: false });
    ws.send(Buffer.from([0, 255, 7]));
    expect(await next()).toEqual({ data: Buffer.from([0, 255, 7]), binary: true });
  });

  test("a publication reaches the subscribers of its topic, as text or bytes, and nobody else", async () => {
    const [inside, outside] = [connect("/chat"), connect("/chat")];
    await Promise.all([inside.next(), outside.next()]);
    inside.ws.send("topic");
    outside.ws.send("other");
    await Promise.all([inside.next(), outside.next()]);
    if (server === undefined) throw new Error("no server");
    const broadcaster = new BunBroadcaster(server);
    broadcaster.publish("topic", new TextEncoder().encode("to all"), true);
    broadcaster.publish("topic", new Uint8Array([1, 2]), false);
    expect(await inside.next()).toEqual({ data: "to all", binary: false });
    expect(await inside.next()).toEqual({ data: Buffer.from([1, 2]), binary: true });
    // The next thing that the other one hears is the answer to its own question.
    outside.ws.send("again");
    expect((await outside.next()).data).toBe("subscribed again");
  });

  test("a close reason has the code of the table", async () => {
    const { ws, next, closed } = connect("/chat");
    await next();
    ws.send("bye");
    expect(await closed).toEqual({ code: 4000, reason: "please reconnect" });
  });

  test("a frame over the limit ends the connection", async () => {
    const { ws, next, closed } = connect("/chat");
    await next();
    ws.send(Buffer.alloc(64 * 1024 + 1));
    expect([1006, 1009]).toContain((await closed).code);
  });
});

describe("the port", () => {
  test("one that is in use is reported in one line that names it", async () => {
    const port = server?.port ?? 0;
    const second = listen(createApp(options), { host: "127.0.0.1", port });
    expect(second.ok).toBe(false);
    expect(!second.ok && second.error).toStartWith(`Port ${port} is in use already.`);
  });

  test("one that another program holds is reported too", async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
    const address = holder.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const second = listen(createApp(options), { host: "127.0.0.1", port });
    expect(!second.ok && second.error).toContain("is in use already");
    await new Promise((resolve) => holder.close(resolve));
  });
});

test("a body without a declared length is cut off at the limit", async () => {
  const chunk = new Uint8Array(16 * 1024).fill(32);
  let chunks = 0;
  const body = new ReadableStream({
    pull(controller) {
      chunks += 1;
      if (chunks > 6) controller.close();
      else controller.enqueue(chunk);
    },
  });
  const response = await fetch(`http://127.0.0.1:${server?.port}/v1/chat/rooms`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body,
  });
  expect(response.status).toBe(413);
  expect(await response.json()).toMatchObject({ error: { code: "payload_too_large" } });
});

describe("isOriginAllowed", () => {
  const rules = {
    allowedOrigins: ["https://a.example"],
    environment: "production",
    publicAddress: "wss://ws.example",
  } as const;
  test.each([
    [null, "chat.example", true],
    ["https://a.example", "chat.example", true],
    ["https://chat.example", "chat.example", true],
    ["https://chat.example:8443", "chat.example:8443", true],
    ["https://ws.example", "chat.example", true],
    ["https://chat.example.evil.example", "chat.example", false],
    ["https://chat.example", "chat.example:8443", false],
    ["http://a.example", "chat.example", false],
    ["http://localhost:5173", "chat.example", false],
    ["null", "chat.example", false],
    ["nonsense", "chat.example", false],
  ])("origin %p for host %p: %p", (origin, host, allowed) => {
    expect(isOriginAllowed(origin, host, rules)).toBe(allowed);
  });

  test("outside production pages of this machine pass", () => {
    const development = { ...rules, environment: "development" } as const;
    expect(isOriginAllowed("http://localhost:5173", "127.0.0.1:8080", development)).toBe(true);
    expect(isOriginAllowed("http://localhost.evil.example", "127.0.0.1:8080", development)).toBe(false);
  });

  test("a star lets every page in", () => {
    expect(isOriginAllowed("https://any.example", "chat.example", { ...rules, allowedOrigins: "*" })).toBe(true);
  });
});
