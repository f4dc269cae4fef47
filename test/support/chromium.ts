/**
 * Debian's Chromium, driven by `playwright-core`: one browser process for a test file, a page of its own for each test.
 * Invariant: what a page logs and throws is kept, so that a test that fails can say what the browser saw.
 */
import { decode } from "@msgpack/msgpack";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { ensureProgram } from "./programs.ts";
import { WIRES } from "./wire.ts";

const BINARIES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"] as const;
const START_MS_MAX = 60_000;
/** Of one page's messages, for the message of a test that fails. */
const LINES_MAX = 200;
/** What is told of a page: lines and frames, the newest; characters of one of them, and of what can be seen. */
const TOLD_MAX = 25;
const LINE_LENGTH_MAX = 400;
const TEXT_LENGTH_MAX = 2_000;
const LOOK_MS_MAX = 5_000;
const TOKEN = /eyJ[\w-]+\.[\w-]+\.[\w-]*/g;
/** What can be seen, and what stands in fields. */
const LOOK = `document.body.innerText.slice(0, ${TEXT_LENGTH_MAX}) + "\\nfields: " +
  JSON.stringify([...document.querySelectorAll("input, textarea")].map(({ value }) => value.slice(0, 100)))`;

const openPages = new Set<TestPage>();

/** What the open pages of this process show and have done last, for whoever reads why a test failed. */
export async function whatPagesShow(): Promise<string> {
  return (await Promise.all([...openPages].map((one) => one.shown()))).join("\n");
}

export class TestBrowser {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Installs Chromium first where it is missing and that is possible; fails with what to install otherwise. */
  static async start(): Promise<TestBrowser> {
    const missing = await ensureProgram("chromium");
    if (missing !== undefined) throw new Error(missing);
    let executablePath: string | undefined;
    for (const path of BINARIES)
      if (executablePath === undefined && (await Bun.file(path).exists())) executablePath = path;
    const browser = await chromium.launch({
      ...(executablePath !== undefined && { executablePath }),
      timeout: START_MS_MAX,
      // As root Chromium does not start with its sandbox; the pages are our own. `/dev/shm` is small in containers.
      args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
    });
    return new TestBrowser(browser);
  }

  /** In a context of its own: no cookie, storage or cache is shared with other pages. */
  async open(url: string, options: BrowserContextOptions = {}): Promise<TestPage> {
    const context = await this.#browser.newContext(options);
    const page = await context.newPage();
    const opened = new TestPage(context, page);
    await page.goto(url);
    return opened;
  }

  async stop(): Promise<void> {
    await this.#browser.close();
  }
}

export class TestPage {
  readonly page: Page;
  /** What it logged and threw, and what was refused to it, the newest lines. */
  readonly lines: string[] = [];
  readonly #context: BrowserContext;
  readonly #frames: { readonly way: "<" | ">"; readonly payload: string | Buffer }[] = [];

  constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
    openPages.add(this);
    context.on("close", () => openPages.delete(this));
    page.on("console", (message) => this.#keep(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => this.#keep(`uncaught: ${error.message}`));
    page.on("crash", () => this.#keep("the page crashed"));
    page.on("requestfailed", (request) => this.#keep(`no answer: ${request.url()} ${request.failure()?.errorText}`));
    page.on("response", (reply) => {
      if (reply.status() >= 400) this.#keep(`answered ${reply.status()}: ${reply.url()}`);
    });
    page.on("websocket", (socket) => {
      socket.on("framereceived", ({ payload }) => this.#frame("<", payload));
      socket.on("framesent", ({ payload }) => this.#frame(">", payload));
      socket.on("close", () => this.#keep("a socket closed"));
    });
  }

  /** Where it is, what can be seen, and what happened last. */
  async shown(): Promise<string> {
    const late = Bun.sleep(LOOK_MS_MAX).then(() => "it does not answer");
    const text = await Promise.race([this.page.evaluate<string>(LOOK).catch(String), late]);
    const frames = this.#frames.map(({ way, payload }) => `${way} ${readable(way, payload)}`);
    const told = [...this.lines.slice(-TOLD_MAX), ...frames].map((line) => line.slice(0, LINE_LENGTH_MAX));
    return [`--- ${this.page.url()}`, text.replace(/\n+/g, " | "), "---", ...told]
      .join("\n")
      .replace(TOKEN, "(a token)");
  }

  async close(): Promise<void> {
    await this.#context.close();
  }

  #frame(way: "<" | ">", payload: string | Buffer): void {
    this.#frames.push({ way, payload });
    if (this.#frames.length > TOLD_MAX) this.#frames.shift();
  }

  #keep(line: string): void {
    this.lines.push(line);
    if (this.lines.length > LINES_MAX) this.lines.shift();
  }
}

function readable(way: "<" | ">", payload: string | Buffer): string {
  if (typeof payload === "string") return payload;
  try {
    return JSON.stringify(way === "<" ? WIRES.msgpack.decode(payload) : decode(payload));
  } catch (error) {
    return `${payload.length} bytes: ${error}`;
  }
}
