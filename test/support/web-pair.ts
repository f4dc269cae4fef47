/** Two people at the web page of one server: Ann, an administrator, in light; Ben in dark. Shared by the tests of a file. */
import { TestBrowser } from "./chromium.ts";
import { ProviderServer } from "./provider-server.ts";
import { TestServer } from "./server.ts";
import { WebPerson } from "./web-person.ts";

export class WebPair {
  readonly provider: ProviderServer;
  readonly server: TestServer;
  readonly browser: TestBrowser;
  readonly ann: WebPerson;
  readonly ben: WebPerson;

  private constructor(
    provider: ProviderServer,
    server: TestServer,
    browser: TestBrowser,
    people: readonly WebPerson[],
  ) {
    const [ann, ben] = people;
    if (ann === undefined || ben === undefined) throw new Error("two people were asked for");
    this.provider = provider;
    this.server = server;
    this.browser = browser;
    this.ann = ann;
    this.ben = ben;
  }

  static async start(): Promise<WebPair> {
    const provider = new ProviderServer();
    const rates = { STOA_RATE_PER_SECOND: "1000000", STOA_RATE_BURST: "1000000" };
    const server = await TestServer.start({ env: { NODE_ENV: "development", ...provider.env, ...rates } });
    const browser = await TestBrowser.start();
    const people = await Promise.all([
      WebPerson.signIn(browser, server, "Ann", { isAdmin: true }),
      WebPerson.signIn(browser, server, "Ben", { colorScheme: "dark" }),
    ]);
    return new WebPair(provider, server, browser, people);
  }

  async stop(): Promise<void> {
    await this.browser.stop();
    await this.server.dispose();
    await this.provider.stop();
  }

  token(user: string, name = user): string {
    return this.server.token({ user, name });
  }

  /** A room of Ann's in which Ben is, open in front of both. */
  async room(roomId: string, settings: object = {}): Promise<void> {
    const body = { roomId, name: `Room ${roomId}`, type: "public", ...settings };
    const made = await this.server.rest("POST", "/v1/chat/rooms", { token: this.token("ann", "Ann"), body });
    const ben = { token: this.token("ben", "Ben"), body: {} };
    const joined = await this.server.rest("POST", `/v1/chat/rooms/${roomId}/join`, ben);
    if (made.status !== 201 || joined.status !== 200) throw new Error(`${made.text} ${joined.text}`);
    await Promise.all([this.ann.open(roomId), this.ben.open(roomId)]);
  }
}
