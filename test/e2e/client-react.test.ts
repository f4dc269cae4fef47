/** The React hooks: the component of examples/ in Chromium, in strict mode, with React and with Preact, against the real server. */
import { afterAll, beforeAll, expect } from "bun:test";
import type { BunPlugin } from "bun";
import { StoaClient } from "../../src/client/client.ts";
import { TestBrowser, type TestPage } from "../support/chromium.ts";
import { eventually } from "../support/eventually.ts";
import { pageTest } from "../support/page-test.ts";
import { TestPages } from "../support/pages.ts";
import { TestServer } from "../support/server.ts";

const HISTORY = 70;
const PAGE = `<!doctype html><title>react</title><div id="root"></div><script type="module" src="/page.js"></script>`;

let server: TestServer;
let browser: TestBrowser;
let ben: StoaClient;

beforeAll(async () => {
  [server, browser] = await Promise.all([
    TestServer.start({ env: { STOA_RATE_PER_SECOND: "100000", STOA_RATE_BURST: "100000" } }),
    TestBrowser.start(),
  ]);
  ben = new StoaClient({ url: server.http, token: () => server.token({ user: "ben", name: "Ben" }) });
  await ben.connect();
}, 60_000);
afterAll(async () => {
  ben?.close();
  await browser?.stop();
  await server?.dispose();
});

/** Components that were written for React, drawn by Preact. */
const preact: BunPlugin = {
  name: "preact",
  setup: (build) => {
    const compat = (path: string): string => Bun.resolveSync(path, import.meta.dir);
    build.onResolve({ filter: /^react(-dom)?(\/client)?$/ }, ({ path }) => ({
      path: compat(path === "react-dom/client" ? "preact/compat/client" : "preact/compat"),
    }));
    build.onResolve({ filter: /^react\/jsx-(dev-)?runtime$/ }, () => ({ path: compat("preact/jsx-runtime") }));
  },
};

async function bundle(plugins: BunPlugin[]): Promise<string> {
  const built = await Bun.build({
    entrypoints: [new URL("../support/react-page.tsx", import.meta.url).pathname],
    target: "browser",
    define: { "process.env.NODE_ENV": '"development"' },
    plugins,
  });
  return (await built.outputs[0]?.text()) ?? "";
}

async function roomWith(roomId: string, messages: number): Promise<void> {
  await ben.request({ type: "create_room", roomId, name: roomId, roomType: "public" });
  const said = Array.from({ length: messages }, (_, i) => ben.send(roomId, `${roomId} ${i}`));
  await Promise.all(said);
}

const textOf = async ({ page }: TestPage, selector: string): Promise<string> =>
  (await page.textContent(selector)) ?? "";
const messagesOf = ({ page }: TestPage): Promise<string[]> => page.locator("#messages li").allTextContents();
const type = ({ page }: TestPage, text: string): Promise<void> => page.locator("input").pressSequentially(text);

for (const [name, plugins] of [
  ["react", []],
  ["preact", [preact]],
] as const) {
  const what = "a room's messages, people, typing and counts; gone from the room when the component is";
  pageTest(
    `${name}: ${what}`,
    async () => {
      const [room, other] = [`${name}_room`, `${name}_other`];
      await roomWith(room, HISTORY);
      await roomWith(other, 1);
      const token = server.token({ user: `ann_${name}`, name: "Ann" });
      for (const one of [room, other]) await server.rest("POST", `/v1/chat/rooms/${one}/join`, { token });
      const pages = new TestPages({ "/": PAGE, "/page.js": await bundle([...plugins]) });
      const about = encodeURIComponent(JSON.stringify({ url: server.http, token, room }));
      const ann = await browser.open(`${pages.url}#${about}`);
      try {
        await eventually(async () => expect(await textOf(ann, "#status")).toBe("open"));
        // The newest page, and the one before it.
        await eventually(async () => expect(await messagesOf(ann)).toHaveLength(50));
        await ann.page.click("#older");
        await eventually(async () =>
          expect(await messagesOf(ann)).toEqual(Array.from({ length: HISTORY }, (_, i) => `Ben: ${room} ${i}`)),
        );
        await eventually(async () => expect(await ann.page.locator("#older").count()).toBe(0));
        await eventually(async () =>
          expect((await textOf(ann, "#present")).split(", ").sort()).toEqual(["Ann", "Ben"]),
        );
        // Both ways, and typing.
        await ben.send(room, "hello Ann");
        await eventually(async () => expect((await messagesOf(ann)).at(-1)).toBe("Ben: hello Ann"));
        await eventually(async () => {
          ben.typing(room);
          expect(await textOf(ann, "#typing")).toBe("Ben");
        });
        // It may be over before anybody looks.
        const typed: (string | undefined)[] = [];
        const end = ben.on("typing", ({ roomId, user, isTyping }) => {
          if (roomId === room && isTyping) typed.push(user.name);
        });
        await type(ann, "hello Ben");
        await eventually(async () => expect(typed).toContain("Ann"));
        end();
        await ann.page.keyboard.press("Enter");
        await eventually(async () => expect((await messagesOf(ann)).at(-1)).toBe("Ann: hello Ben"));
        await eventually(async () => expect(await messagesOf(ann)).toHaveLength(HISTORY + 2));
        // What is looked at is read; the other room waits with its count.
        const unread = async (): Promise<unknown> => (await server.rest("GET", "/v1/chat/unread", { token })).body.data;
        await ben.send(other, "over here");
        await eventually(async () => expect(await unread()).toMatchObject({ rooms: { [other]: 1 }, total: 1 }));
        await eventually(async () => expect(await textOf(ann, "nav")).toContain(`${other} 1`));
        await ann.page.click(`nav button:has-text("${other}")`);
        await eventually(async () => expect(await messagesOf(ann)).toEqual([`Ben: ${other} 0`, "Ben: over here"]));
        await eventually(async () => expect(await unread()).toMatchObject({ total: 0 }));
        // The first room is not listened to any more, the second one still is, until the end.
        await eventually(async () =>
          expect(await ann.page.evaluate(`chat.client.position("${room}") ?? null`)).toBeNull(),
        );
        expect(await ann.page.evaluate(`chat.client.position("${other}") > 0`)).toBe(true);
        await ann.page.evaluate("chat.end()");
        await eventually(async () =>
          expect(await ann.page.evaluate(`chat.client.position("${other}") ?? null`)).toBeNull(),
        );
        expect(ann.lines.filter((line) => /uncaught|error:/.test(line) && !line.includes("favicon"))).toEqual([]);
      } finally {
        await ann.close();
        await pages.stop();
      }
    },
    120_000,
  );
}
