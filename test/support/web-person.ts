/** Somebody at the web page, in a browser context of their own. */
import type { BrowserContextOptions, Locator, Page } from "playwright-core";
import type { TestBrowser, TestPage } from "./chromium.ts";
import { eventually } from "./eventually.ts";
import type { TestServer } from "./server.ts";

export const WAIT_MS_MAX = 30_000;
const TRY_MS = 5_000;

export interface PersonOptions extends BrowserContextOptions {
  readonly isAdmin?: boolean;
}

export class WebPerson {
  readonly name: string;
  readonly page: Page;
  readonly #opened: TestPage;
  readonly #server: TestServer;

  private constructor(name: string, opened: TestPage, server: TestServer) {
    this.name = name;
    this.#opened = opened;
    this.#server = server;
    this.page = opened.page;
    this.page.setDefaultTimeout(WAIT_MS_MAX);
  }

  /** Signs in by name, as in development. */
  static async signIn(browser: TestBrowser, server: TestServer, name: string, options: PersonOptions = {}) {
    const { isAdmin = false, ...context } = options;
    const viewport = { width: 1280, height: 800 };
    const opened = await browser.open(server.http, { viewport, reducedMotion: "reduce", ...context });
    const person = new WebPerson(name, opened, server);
    await person.page.getByLabel("Your name").fill(name);
    if (isAdmin) await person.page.getByLabel("As an administrator").check();
    await person.page.getByRole("button", { name: "Sign in" }).click();
    await person.page.getByRole("navigation", { name: "Rooms" }).waitFor();
    return person;
  }

  get field(): Locator {
    return this.page.locator(".room .composer textarea");
  }

  /** What the browser complained of. */
  get complaints(): readonly string[] {
    return this.#opened.lines.filter((line) => /^(error|uncaught|the page)/.test(line));
  }

  async open(roomId: string): Promise<void> {
    await this.page.goto(`${this.#server.http}/r/${roomId}`);
    await this.field.waitFor();
  }

  /** `shown`: how it reads then, where that is another thing. */
  async say(text: string, shown = text): Promise<Locator> {
    await this.field.fill(text);
    await this.field.press("Enter");
    return this.message(shown);
  }

  /** The newest message in the room that says this, once it is there. */
  async message(text: string): Promise<Locator> {
    const said = this.page.locator(".message-text", { hasText: text });
    const found = this.page.locator(".timeline [data-key]").filter({ has: said }).last();
    await found.waitFor();
    return found;
  }

  /** One of the tools of a message. Something new may move another message under the pointer meanwhile: then once more. */
  async tool(message: Locator, name: string): Promise<void> {
    await eventually(async () => {
      await message.hover();
      await message.getByRole("button", { name, exact: true }).click({ timeout: TRY_MS });
    }, WAIT_MS_MAX);
  }

  async menu(message: Locator, item: string): Promise<void> {
    await eventually(async () => {
      await this.tool(message, "More");
      await this.page.getByRole("menuitem", { name: item }).click({ timeout: TRY_MS });
    }, WAIT_MS_MAX);
  }

  /** Once this is what stands in the field. */
  value(text: string): Promise<void> {
    return this.until(`document.querySelector(".room .composer textarea").value === ${JSON.stringify(text)}`);
  }

  /** What is shown for a moment only: looked for before `act` begins. */
  async told(text: string | RegExp, act: () => Promise<unknown>): Promise<void> {
    const shown = this.page.getByText(text).first().waitFor();
    await Promise.all([shown, act()]);
  }

  /**
   * Evaluates this expression in the page until it is true; what is not there yet is not true. Not `waitForFunction`: the page's
   * policy forbids what it does.
   */
  async until(expression: string): Promise<void> {
    const test = `new Promise((resolve) => {
      const holds = () => {
        try {
          return ${expression};
        } catch {
          return false;
        }
      };
      const look = () => (holds() ? resolve() : requestAnimationFrame(look));
      look();
    })`;
    const late = Bun.sleep(WAIT_MS_MAX).then(() => Promise.reject(new Error(`it did not come to ${expression}`)));
    await Promise.race([this.page.evaluate(test), late]);
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name, exact: typeof name === "string" });
  }

  close(): Promise<void> {
    return this.#opened.close();
  }
}
