/** People of `client-cuts.ts`: a page of each in Bun, in Node or in Chromium, that can be reloaded at any moment. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleClient } from "../../scripts/bundle-client.ts";
import { StoaClient } from "../../src/client/client.ts";
import { Timeline } from "../../src/client/timeline.ts";
import { TestBrowser, type TestPage } from "../support/chromium.ts";
import { eventually } from "../support/eventually.ts";
import { keptIn } from "../support/kept.ts";
import { TestPages } from "../support/pages.ts";
import type { PageReport } from "./cut-check.ts";
import { CutPage, type PageOptions, type PageState, type PageStore } from "./cut-page.ts";

/** What a page can be asked, by name: the methods of `CutPage`. */
interface Answers {
  readonly say: null;
  readonly touch: null;
  readonly mark: null;
  readonly state: PageState;
  readonly report: PageReport;
}
export interface CutPerson {
  readonly user: string;
  ask<Name extends keyof Answers>(method: Name, ...rest: readonly unknown[]): Promise<Answers[Name]>;
  /** The page is gone without a word, and there is another one with the same store. */
  reload(): Promise<void>;
  stop(): Promise<void>;
}

const START_MS_MAX = 15_000;

export function inBun(user: string, options: PageOptions): CutPerson {
  const store = keptIn(new Map()) as PageStore;
  const make = (): CutPage => new CutPage({ StoaClient, Timeline }, store, options);
  let page = make();
  return {
    user,
    ask: async (method, ...rest) =>
      (page[method] as (...rest: readonly unknown[]) => unknown).call(page, ...rest) as never,
    reload: async () => {
      page.close();
      page = make();
    },
    stop: async () => page.close(),
  };
}

/** `modules`: a folder with the built SDK. */
export function inNode(user: string, options: PageOptions, modules: string): CutPerson {
  const script = new URL("cut-page-in-node.mjs", import.meta.url).pathname;
  const command = ["node", script, modules, join(modules, `${user}.store`), JSON.stringify(options)];
  const spawn = () => Bun.spawn(command, { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  let child = spawn();
  let lines = linesOf(child.stdout);
  return {
    user,
    ask: async (...call) => {
      child.stdin.write(`${JSON.stringify(call)}\n`);
      await child.stdin.flush();
      const { value } = await lines.next();
      if (value === undefined) throw new Error("the page in Node has ended");
      return JSON.parse(value) as never;
    },
    reload: async () => {
      child.kill("SIGKILL");
      await child.exited;
      child = spawn();
      lines = linesOf(child.stdout);
    },
    stop: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    rest += decoder.decode(bytes, { stream: true });
    for (let at = rest.indexOf("\n"); at >= 0; at = rest.indexOf("\n")) {
      yield rest.slice(0, at);
      rest = rest.slice(at + 1);
    }
  }
  return undefined;
}

const HTML = `<!doctype html><title>cuts</title><script type="module" src="/page.js"></script>`;
const SCRIPT = `
import { StoaClient } from "/stoa-chat.js";
import { Timeline } from "/timeline.js";
import { CutPage } from "/cut-page.js";
const options = JSON.parse(decodeURIComponent(location.hash.slice(1)));
globalThis.cutPage = new CutPage({ StoaClient, Timeline }, localStorage, options);
`;

export async function inChromium(user: string, options: PageOptions, modules: string): Promise<CutPerson> {
  const read = (path: string): string => readFileSync(path, "utf8");
  const pages = new TestPages({
    "/": HTML,
    "/page.js": SCRIPT,
    "/cut-page.js": read(join(modules, "cut-page.js")),
    "/stoa-chat.js": read(join(modules, "stoa-chat.js")),
    "/timeline.js": read(join(modules, "timeline.js")),
  });
  const browser = await TestBrowser.start();
  const opened: TestPage = await browser.open(`${pages.url}#${encodeURIComponent(JSON.stringify(options))}`);
  const { page } = opened;
  const stands = (): Promise<void> =>
    eventually(async () => {
      if ((await page.evaluate("typeof cutPage")) !== "object")
        throw new Error(`the page does not stand yet: ${opened.lines.join()}`);
    }, START_MS_MAX);
  await stands();
  return {
    user,
    ask: (method, ...rest) => page.evaluate(`cutPage[${JSON.stringify(method)}](...${JSON.stringify(rest)})`),
    reload: async () => {
      await page.reload();
      await stands();
    },
    stop: async () => {
      const thrown = opened.lines.filter((line) => line.startsWith("uncaught"));
      await browser.stop();
      await pages.stop();
      if (thrown.length > 0) throw new Error(thrown.join("\n"));
    },
  };
}

/** A folder with the built SDK; the second of the result takes it away. */
export async function builtModules(): Promise<readonly [folder: string, remove: () => void]> {
  const folder = mkdtempSync(join(tmpdir(), "stoa-cuts-"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "stoa-chat.js"), await bundleClient());
  writeFileSync(join(folder, "timeline.js"), await bundleClient("timeline.ts"));
  const entry = new URL("cut-page.ts", import.meta.url).pathname;
  const page = await Bun.build({ entrypoints: [entry], target: "browser", format: "esm" });
  writeFileSync(join(folder, "cut-page.js"), (await page.outputs[0]?.text()) ?? "");
  return [folder, () => rmSync(folder, { recursive: true, force: true })];
}
