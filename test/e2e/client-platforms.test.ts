/** The SDK as it is published, in Node and in Chromium under a strict policy, over a network that is cut. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TcpFaultProxy } from "../chaos/tcp-fault-proxy.ts";
import { buildClient } from "../support/built-client.ts";
import { TestBrowser } from "../support/chromium.ts";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { pageTest } from "../support/page-test.ts";
import { TestServer } from "../support/server.ts";

const NODE_MESSAGES = 40;
const PAGE_MESSAGES = 60;
const ROOM = "room_platforms";

let server: TestServer;
let proxy: TcpFaultProxy;
let observer: TestClient;
let code = "";
let folder = "";

beforeAll(async () => {
  code = await buildClient();
  folder = mkdtempSync(join(tmpdir(), "stoa-client-"));
  writeFileSync(join(folder, "client.mjs"), code);
  server = await TestServer.start({ env: { STOA_RATE_PER_SECOND: "100000", STOA_RATE_BURST: "100000" } });
  proxy = await TcpFaultProxy.start(server.port);
  observer = await TestClient.connect(server, { token: server.token({ user: "observer" }) });
  await observer.ack({ type: "create_room", roomId: ROOM, name: "Platforms", roomType: "public" });
  await observer.join(ROOM);
}, 60_000);
afterAll(async () => {
  await observer?.close();
  await proxy?.stop();
  await server?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const through = (): string => `http://127.0.0.1:${proxy.port}`;
/** What the room holds of this, in its order. */
function held(prefix: string): readonly string[] {
  return (observer.rooms.get(ROOM)?.events ?? []).flatMap(({ body }) => {
    const { message } = body as { message?: { content: string } };
    return message?.content.startsWith(prefix) ? [message.content] : [];
  });
}
const cutNow = (): void => {
  proxy.cut();
  proxy.heal();
};

test.each([["ws"], [""]] as const)(
  "in Node, %p sockets: what it says arrives once, and it sees all of it in the room's order",
  async (sockets) => {
    const before = held("n").length;
    const token = server.token({ user: "node" });
    const script = new URL("../support/client-in-node.mjs", import.meta.url).pathname;
    const args = [script, join(folder, "client.mjs"), through(), token, ROOM, String(NODE_MESSAGES), sockets];
    const child = Bun.spawn(["node", ...args], { stdout: "pipe", stderr: "pipe" });
    await eventually(async () => expect(held("n").length).toBeGreaterThan(before), 60_000);
    cutNow();
    const [output, complaints] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    expect([await child.exited, complaints]).toEqual([0, ""]);
    const { seen, transports, pending } = JSON.parse(output) as {
      seen: string[];
      transports: string[];
      pending: number;
    };
    await eventually(async () => expect(held("n").length).toBeGreaterThanOrEqual(before + NODE_MESSAGES));
    expect(seen).toEqual([...held("n").slice(before)]);
    expect(new Set(seen).size).toBe(NODE_MESSAGES);
    expect(pending).toBe(0);
    if (sockets === "ws") expect(transports).toEqual(["websocket"]);
  },
  150_000,
);

const POLICY = "default-src 'none'; script-src 'self'; connect-src *";
const PAGE = `<!doctype html><title>sdk</title><script type="module" src="/page.js"></script>`;
const SCRIPT = `
import { StoaClient } from "/client.js";
const [url, token, room] = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const client = new StoaClient({ url, token, storage: localStorage });
globalThis.page = { client, room, seen: [] };
client.on("message", ({ message }) => page.seen.push(message.content));
void client.connect();
void client.join(room);
`;

pageTest(
  "in Chromium, under a policy without eval: cut while it talks, reloaded with a full outbox, nothing is lost or twice",
  async () => {
    const files: Readonly<Record<string, readonly [string, string]>> = {
      "/": ["text/html", PAGE],
      "/page.js": ["text/javascript", SCRIPT],
      "/client.js": ["text/javascript", code],
    };
    const pages = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) => {
        const [type, body] = files[new URL(request.url).pathname] ?? ["text/plain", ""];
        return new Response(body, { headers: { "content-type": type, "content-security-policy": POLICY } });
      },
    });
    const browser = await TestBrowser.start();
    try {
      const about = encodeURIComponent(JSON.stringify([through(), server.token({ user: "page" }), ROOM]));
      const { page, lines } = await browser.open(`${pages.url.href}#${about}`);
      const say = (from: number, to: number) =>
        page.evaluate(
          `for (let i = ${from}; i < ${to}; i += 1) void page.client.send(page.room, "p" + i).catch(() => {})`,
        );
      const isOpen = async (): Promise<void> => expect(await page.evaluate("page.client.status.state")).toBe("open");
      await eventually(isOpen);
      for (let at = 0; at < PAGE_MESSAGES - 20; at += 20) {
        await say(at, at + 20);
        cutNow();
        await eventually(isOpen);
      }
      proxy.cut();
      await say(PAGE_MESSAGES - 20, PAGE_MESSAGES);
      expect(await page.evaluate("page.client.pending.length")).toBeGreaterThanOrEqual(20);
      await page.reload();
      proxy.heal();
      await eventually(async () => expect(held("p").length).toBeGreaterThanOrEqual(PAGE_MESSAGES), 60_000);
      await eventually(async () => expect(await page.evaluate("page.client.pending.length")).toBe(0), 60_000);
      expect([...held("p")].sort()).toEqual(Array.from({ length: PAGE_MESSAGES }, (_, i) => `p${i}`).sort());
      expect(lines.filter((line) => line.startsWith("uncaught"))).toEqual([]);
    } finally {
      await browser.stop();
      await pages.stop(true);
    }
  },
  150_000,
);
