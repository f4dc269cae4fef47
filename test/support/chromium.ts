/**
 * Debian's Chromium, driven by `playwright-core`: one browser process for a test file, a page of its own for each test.
 * Invariant: what a page logs and throws is kept, so that a test that fails can say what the browser saw.
 */
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { ensureProgram } from "./programs.ts";

const BINARIES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"] as const;
const START_MS_MAX = 60_000;
/** Of one page's messages, for the message of a test that fails. */
const LINES_MAX = 200;

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
  /** What it logged and threw, the newest lines. */
  readonly lines: string[] = [];
  readonly #context: BrowserContext;

  constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
    page.on("console", (message) => this.#keep(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => this.#keep(`uncaught: ${error.message}`));
    page.on("crash", () => this.#keep("the page crashed"));
  }

  async close(): Promise<void> {
    await this.#context.close();
  }

  #keep(line: string): void {
    this.lines.push(line);
    if (this.lines.length > LINES_MAX) this.lines.shift();
  }
}
