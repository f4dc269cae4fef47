/** The proxy between two plain sockets; with Redis behind it the chaos test uses it. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { connect, createServer, type Server, type Socket } from "node:net";
import { TcpFaultProxy } from "../chaos/tcp-fault-proxy.ts";

const LARGE_BYTES = 3_000_000;
let echo: Echo;
let proxy: TcpFaultProxy;

beforeEach(async () => {
  echo = await startEcho("");
  proxy = await TcpFaultProxy.start(echo.port);
});
afterEach(async () => {
  await proxy.stop();
  await echo.stop();
});

test("bytes pass whole and in order", async () => {
  const line = await open();
  const sent = Buffer.alloc(LARGE_BYTES, "abcdefg");
  line.socket.write(sent);
  await line.has(LARGE_BYTES);
  expect(Buffer.concat(line.chunks).equals(sent)).toBe(true);
});

test("a cut closes connections and refuses new ones until it is healed", async () => {
  const line = await open();
  proxy.cut();
  await line.closed;
  await (await open()).closed;
  expect(proxy.counts.cut).toBe(2);
  proxy.heal();
  const later = await open();
  later.socket.write("again");
  await later.has(5);
});

test("a hang holds bytes of old and new connections back, and healing lets them pass", async () => {
  const line = await open();
  line.socket.write("one");
  await line.has(3);
  proxy.hang();
  line.socket.write("two");
  const other = await open();
  other.socket.write("three");
  // What a third party sends around the proxy comes back: the others had time to.
  const direct = await open(echo.port);
  direct.socket.write("direct");
  await direct.has(6);
  expect([line.bytes, other.bytes]).toEqual([3, 0]);
  proxy.heal();
  await line.has(6);
  await other.has(5);
});

test("another target takes over for whoever connects again", async () => {
  const second = await startEcho("2:");
  const line = await open();
  proxy.retarget(second.port);
  await line.closed;
  const later = await open();
  later.socket.write("x");
  await later.has(3);
  expect(Buffer.concat(later.chunks).toString()).toBe("2:x");
  await second.stop();
});

test("a server that closes is seen as closed", async () => {
  const line = await open();
  line.socket.write("x");
  await line.has(1);
  echo.closeAll();
  await line.closed;
});

interface Line {
  readonly socket: Socket;
  readonly chunks: Buffer[];
  readonly bytes: number;
  readonly closed: Promise<void>;
  has(bytes: number): Promise<void>;
}

async function open(port = proxy.port): Promise<Line> {
  const socket = connect(port, "127.0.0.1");
  const chunks: Buffer[] = [];
  let bytes = 0;
  let arrived = (): void => undefined;
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    arrived();
  });
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => socket.destroy());
  await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
  const has = (wanted: number): Promise<void> =>
    new Promise((resolve) => {
      arrived = () => bytes >= wanted && resolve();
      arrived();
    });
  return {
    socket,
    chunks,
    closed,
    has,
    get bytes() {
      return bytes;
    },
  };
}

interface Echo {
  readonly port: number;
  closeAll(): void;
  stop(): Promise<void>;
}

async function startEcho(prefix: string): Promise<Echo> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes: Buffer) => socket.write(Buffer.concat([Buffer.from(prefix), bytes])));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  const closeAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    closeAll,
    stop: () => {
      closeAll();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
