/** The package `stoa-chat` as somebody gets it: built, packed, installed into an empty folder, and used there. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { publint } from "publint";
import { StoaClient } from "../../src/client/client.ts";
import { TestBrowser } from "../support/chromium.ts";
import { eventually } from "../support/eventually.ts";
import { pageTest } from "../support/page-test.ts";
import { TestPages } from "../support/pages.ts";
import { TestServer } from "../support/server.ts";

const root = resolve(import.meta.dir, "../..");
const ROOM = "package";

let server: TestServer;
let ben: StoaClient;
let folder = "";
const packed = (): string => join(folder, "packed");
const installed = (...path: string[]): string => join(folder, "app", "node_modules", ...path);

async function run(
  command: readonly string[],
  cwd: string,
): Promise<{ readonly code: number; readonly output: string }> {
  const child = Bun.spawn([...command], { cwd, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const texts = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, output: texts.join("") };
}
async function mustRun(command: readonly string[], cwd: string): Promise<string> {
  const { code, output } = await run(command, cwd);
  expect({ command: command.join(" "), code, output }).toMatchObject({ code: 0 });
  return output;
}
const app = (name: string, text: string): string => {
  writeFileSync(join(folder, "app", name), text);
  return name;
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "stoa-package-"));
  mkdirSync(join(folder, "app"));
  const built = mustRun([process.execPath, "scripts/build-client.ts", "--out", packed()], root);
  server = await TestServer.start();
  ben = new StoaClient({ url: server.http, token: server.token({ user: "ben", name: "Ben" }) });
  await ben.connect();
  await eventually(async () => expect(ben.status.state).toBe("open"));
  await ben.request({ type: "create_room", roomId: ROOM, name: "Package", roomType: "public" });
  await built;
  await mustRun(["npm", "pack", "--silent", "--pack-destination", folder, packed()], folder);
  app("package.json", '{ "name": "app", "private": true, "type": "module" }');
  const { version } = JSON.parse(readFileSync(join(packed(), "package.json"), "utf8")) as { version: string };
  const tarball = `../stoa-chat-${version}.tgz`;
  await mustRun(["npm", "install", "--offline", "--no-audit", "--no-fund", "--silent", tarball], join(folder, "app"));
}, 120_000);
afterAll(async () => {
  ben?.close();
  await server?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Says hello to Ben's room with the installed package. */
const PROGRAM = `
import { ChatError, StoaClient } from "stoa-chat";
import { Timeline } from "stoa-chat/timeline";
const [url, token, room] = process.argv.slice(2);
const chat = new StoaClient({ url, token });
await chat.connect();
const { position } = await chat.join(room);
const timeline = new Timeline(chat, room);
await chat.send(room, "hello from " + (process.versions.bun ? "bun" : "node"));
while (timeline.state.messages.length === 0) await new Promise((resolve) => timeline.subscribe(resolve));
const refused = await chat.rest("GET", "/v1/chat/rooms/nowhere").catch((error) => error instanceof ChatError && error.code);
console.log(JSON.stringify([position.role, timeline.state.messages.at(-1).content, refused]));
chat.close();
process.exit(0);
`;

test.each([["node"], ["bun"]])(
  "%s: the tarball installs into an empty folder, and chats",
  async (name) => {
    const token = server.token({ user: name });
    const program = name === "bun" ? process.execPath : name;
    const output = await mustRun([program, app("hello.js", PROGRAM), server.http, token, ROOM], join(folder, "app"));
    expect(JSON.parse(output)).toEqual(["member", `hello from ${name}`, "room_not_found"]);
  },
  60_000,
);

test("it holds what it should: three entries with their types, no dependency, no source, nothing that publint complains of", async () => {
  const about = JSON.parse(readFileSync(installed("stoa-chat", "package.json"), "utf8")) as Record<string, unknown>;
  expect(about).toMatchObject({
    name: "stoa-chat",
    type: "module",
    sideEffects: false,
    peerDependencies: { react: ">=18" },
  });
  expect(about).not.toHaveProperty("dependencies");
  const files = [...new Bun.Glob("**/*").scanSync(installed("stoa-chat"))];
  const others = files.filter((path) => !path.endsWith(".d.ts")).sort();
  expect(others).toEqual(["LICENSE", "README.md", "package.json", "react.js", "stoa-chat.js", "timeline.js"]);
  const { messages } = await publint({ pkgDir: installed("stoa-chat"), pack: false, strict: true });
  expect(messages).toEqual([]);
}, 60_000);

/** The pieces of code in docs/CLIENT.md, each in a file of its own. */
function documentedCode(): readonly string[] {
  const text = readFileSync(join(root, "docs/CLIENT.md"), "utf8");
  const around = `import type { StoaClient as Known } from "stoa-chat";\ndeclare const chat: Known;\ndeclare function draw(state: unknown): void;\n`;
  return [...text.matchAll(/```(tsx?)\n([\s\S]*?)```/g)].map(([, kind = "", code = ""], i) =>
    app(`documented-${i}.${kind}`, /new StoaClient|\{ chat \}/.test(code) ? code : around + code),
  );
}

test("its types hold under a strict compiler, with both ways to look for modules; so do the component of examples/ and the code of the manual", async () => {
  for (const name of ["react", "@types", "csstype"]) {
    symlinkSync(join(root, "node_modules", name), installed(name));
  }
  cpSync(join(root, "examples/react-chat.tsx"), join(folder, "app", "react-chat.tsx"));
  app(
    "typed.ts",
    `
import { ChatError, type RoomState, StoaClient } from "stoa-chat";
import { Timeline } from "stoa-chat/timeline";
const chat = new StoaClient({ url: "", token: () => "t", storage: localStorage });
chat.on("message", ({ message }) => message.content.length);
chat.on("room", (state: RoomState) => state.typing[0]?.name?.length);
chat.request({ type: "edit_message", roomId: "r", messageId: "m", content: "x" }).catch((error: ChatError) => error.code === "conflict");
new Timeline(chat, "r").state.messages.map(({ seq, state }) => [seq?.toFixed(), state === "failed"]);
// @ts-expect-error: there is no such event
chat.on("massage", () => undefined);
`,
  );
  const documented = documentedCode();
  expect(documented.map((name) => name.split(".").at(-1))).toEqual(["ts", "ts", "tsx"]);
  for (const [module, resolution] of [
    ["nodenext", "nodenext"],
    ["preserve", "bundler"],
  ] as const) {
    const options = [
      "--noEmit",
      "--strict",
      "--exactOptionalPropertyTypes",
      "--jsx",
      "react-jsx",
      "--lib",
      "esnext,dom",
      "--types",
      "react",
    ];
    const tsc = [
      join(root, "node_modules/typescript/bin/tsc"),
      ...options,
      "--module",
      module,
      "--moduleResolution",
      resolution,
    ];
    await mustRun(
      ["node", ...tsc, "--target", "esnext", "typed.ts", "react-chat.tsx", ...documented],
      join(folder, "app"),
    );
  }
}, 60_000);

test("where there is neither a browser nor Node, as in React Native: over WebSockets and by polling", async () => {
  const script = join(root, "test/support/client-in-vm.mjs");
  const token = server.token({ user: "native" });
  const module = installed("stoa-chat", "stoa-chat.js");
  const command = ["node", "--no-warnings", "--experimental-vm-modules", script, module, server.http, token, ROOM];
  const seen = JSON.parse(await mustRun(command, root)) as Record<string, unknown>;
  for (const name of ["websocket", "poll"]) expect(seen[name]).toEqual([[`over ${name}`], `over ${name}`, name]);
}, 60_000);

pageTest(
  "the page of examples/ in Chromium: fewer than 50 lines, a strict policy, and it chats",
  async () => {
    const own = ["index.html", "chat.js"].map(
      (name) => [name, readFileSync(join(root, "examples/browser", name), "utf8")] as const,
    );
    expect(own.flatMap(([, text]) => text.trimEnd().split("\n")).length).toBeLessThan(50);
    const modules = ["stoa-chat.js", "timeline.js"].map(
      (name) => [name, readFileSync(installed("stoa-chat", name), "utf8")] as const,
    );
    const pages = new TestPages(Object.fromEntries([...own, ...modules].map(([name, text]) => [`/${name}`, text])));
    const browser = await TestBrowser.start();
    try {
      const token = server.token({ user: "ann", name: "Ann" });
      const about = encodeURIComponent(JSON.stringify({ url: server.http, token, room: ROOM }));
      const { page, lines } = await browser.open(`${pages.url}index.html#${about}`);
      const text = async (selector: string): Promise<string> => (await page.textContent(selector)) ?? "";
      await eventually(async () => expect(await text("#status")).toBe("open"));
      await ben.join(ROOM);
      const { seq = 0 } = await ben.send(ROOM, "hello page");
      await eventually(async () => expect(await page.locator("li").allTextContents()).toContain("Ben: hello page"));
      await eventually(async () => {
        ben.typing(ROOM);
        expect(await text("#typing")).toBe("Ben");
      });
      await page.fill("input", "hello Ben");
      await page.keyboard.press("Enter");
      await eventually(async () => expect((await page.locator("li").allTextContents()).at(-1)).toBe("Ann: hello Ben"));
      const last = await ben.messages(ROOM, { limit: 1 });
      expect(last.messages[0]).toMatchObject({ content: "hello Ben", authorId: "ann" });
      await eventually(async () =>
        expect(ben.seenBy(ROOM, seq).users).toContainEqual(expect.objectContaining({ name: "Ann" })),
      );
      expect(lines.filter((line) => line.startsWith("uncaught"))).toEqual([]);
    } finally {
      await browser.stop();
      await pages.stop();
    }
  },
  120_000,
);
