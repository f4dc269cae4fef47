/** Requests with a `Host` that no browser sends: answered like any others, and nothing of them is logged. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { TestServer } from "../support/server.ts";

let server: TestServer;
let output = "";

beforeAll(async () => {
  const onOutput = (chunk: string): void => {
    output += chunk;
  };
  server = await TestServer.start({ env: { LOG_LEVEL: "debug" }, onOutput });
});
afterAll(() => server.dispose());

/** The first line of the answer, and what follows. */
function ask(head: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const finish = (): void => resolve(answer);
    Bun.connect({
      hostname: "127.0.0.1",
      port: server.port,
      socket: {
        open: (socket) => void socket.write(`${head.join("\r\n")}\r\n\r\n`),
        data: (socket, data) => {
          answer += data.toString("latin1");
          // An upgraded connection stays open.
          if (answer.includes("\r\n\r\n")) socket.end();
        },
        close: finish,
        error: (_socket, error) => reject(error),
      },
    }).catch(reject);
  });
}
const get = (path: string, host: string): Promise<string> =>
  ask([`GET ${path} HTTP/1.1`, `Host: ${host}`, "Connection: close"]);
const statusOf = (answer: string): number => Number(answer.split(" ", 2)[1]);

test.each(["a b", "[", "x:99999", "x@y", "http://x", "x/y?z#"])(
  "a socket under the host %s is a socket",
  async (host) => {
    const token = server.token({ user: "ann" });
    const upgrade = [
      `GET /chat?token=${token} HTTP/1.1`,
      `Host: ${host}`,
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ];
    expect(statusOf(await ask(upgrade))).toBe(101);
    const stream = [`GET /v1/chat/events?token=${token}&room=a%20b HTTP/1.1`, `Host: ${host}`, "Connection: close"];
    expect(statusOf(await ask(stream))).toBe(400);
    expect(output).not.toContain(token);
    expect(output).not.toContain("failed unexpectedly");
  },
);

test.each(["a", "web", "stoa.example"])("under the host %s each path is itself and no other's end", async (host) => {
  expect(statusOf(await get("/readyz", host))).toBe(200);
  expect(statusOf(await get("/a/readyz", host))).toBe(404);
  expect(statusOf(await get("//a/readyz", host))).toBe(404);
});
