/**
 * The dashboard as an administrator uses it, in a real browser against a real server: its figures are the truth, what waits is dealt
 * with, and what is done is asked before and found in the audit log.
 */
import { afterAll, beforeAll, expect } from "bun:test";
import type { Locator, Page } from "playwright-core";
import { PULSE_EVERY_MS } from "../../src/base/limits.ts";
import { axeProblems } from "../support/axe.ts";
import { TestBrowser, type TestPage } from "../support/chromium.ts";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt, textAt } from "../support/json.ts";
import { pageTest } from "../support/page-test.ts";
import { arePicturesWanted, takePicture } from "../support/picture.ts";
import { TestServer } from "../support/server.ts";

const START_MS_MAX = 240_000;
const STEP_MS_MAX = 30_000;
const TEST_MS_MAX = 150_000;
const MESSAGES = 30;
const PEOPLE = ["ann", "ben", "cleo", "dora", "emil"] as const;

let server: TestServer;
/** Beside `MESSAGES`, for pictures. */
let talked = 0;
let browser: TestBrowser;
let people: readonly TestClient[];
let dashboard: TestPage;
let page: Page;
/** One that is reported, and one that is held. */
let rude = "";

const rootToken = (): string => server.token({ user: "root", name: "Root", role: "admin" });
const admin = (method: string, path: string, body?: unknown) =>
  server.rest(method, `/v1/chat${path}`, { token: rootToken(), ...(body !== undefined && { body }) });

/** As somebody who has signed in before. */
function open(token: string, options: { readonly width?: number; readonly dark?: boolean } = {}): Promise<TestPage> {
  const kept = [{ name: "stoa-account", value: JSON.stringify({ token }) }];
  return browser.open(`${server.http}/admin`, {
    viewport: { width: options.width ?? 1_280, height: 900 },
    colorScheme: options.dark === true ? "dark" : "light",
    storageState: { cookies: [], origins: [{ origin: server.http, localStorage: kept }] },
  });
}

/** Until the view has changed. */
async function go(hash: string, where = page): Promise<void> {
  await where.evaluate(`new Promise((done) => {
    if (location.hash === ${JSON.stringify(hash)}) return done();
    addEventListener("hashchange", () => requestAnimationFrame(() => requestAnimationFrame(done)), { once: true });
    location.hash = ${JSON.stringify(hash)};
  })`);
}

async function textOf(place: Locator): Promise<string> {
  return (await place.textContent()) ?? "";
}

/** Once it says all of this. */
async function says(place: Locator, ...texts: readonly string[]): Promise<void> {
  await eventually(async () => {
    const text = await textOf(place);
    for (const one of texts) expect(text).toContain(one);
  }, STEP_MS_MAX);
}

/** The question that stands before an act is answered with its own verb. */
async function confirm(verb: string, fill: Readonly<Record<string, string>> = {}): Promise<void> {
  const dialog = page.getByRole("dialog");
  for (const [label, text] of Object.entries(fill)) await dialog.getByLabel(label).fill(text);
  await dialog.getByRole("button", { name: verb, exact: true }).click();
  await dialog.waitFor({ state: "detached" });
}

/** A minute and a half of talk, so that charts in pictures have something to show. */
async function liveliness(): Promise<number> {
  let said = 0;
  let picture = Promise.resolve();
  const [ann] = people as readonly [TestClient];
  await ann.ack({
    type: "create_room",
    roomId: "team",
    name: "Team Aurora",
    roomType: "public",
    clientId: "make-team",
  });
  for (const client of people) await client.join("team");
  for (let i = 0; i < 600; i += 1) {
    const burst = 1 + Math.round(3 + 3 * Math.sin(i / 60));
    said += burst;
    await Promise.all(
      Array.from({ length: burst }, (_, k) => people[(i + k) % people.length]?.say("team", `talk ${i}`)),
    );
    await Bun.sleep(120);
    if (i === 560) picture = pictureOfTalk();
  }
  await picture;
  return said;
}

/** While it goes on. */
async function pictureOfTalk(): Promise<void> {
  const one = await open(rootToken());
  await one.page.getByText("Busiest rooms").waitFor();
  await takePicture(one.page, "dashboard");
  await one.close();
}

beforeAll(async () => {
  const env = {
    STOA_RATE_PER_SECOND: "100000",
    STOA_RATE_BURST: "100000",
    STOA_FIGURES_SECONDS: "1",
    STOA_OUTWARD_ALLOW: "127.0.0.1",
  };
  [server, browser] = await Promise.all([TestServer.start({ env }), TestBrowser.start()]);
  people = await Promise.all(
    PEOPLE.map((user) =>
      TestClient.connect(server, { token: server.token({ user, name: `${user} of the tests` }), wire: "json" }),
    ),
  );
  const [ann, ben, cleo, dora] = people as readonly [TestClient, TestClient, TestClient, TestClient];
  for (const [roomId, name] of [
    ["square", "The square"],
    ["quiet", "Quiet corner"],
  ]) {
    await ann.ack({ type: "create_room", roomId, name, roomType: "public", clientId: `make-${roomId}` });
    for (const client of people) await client.join(roomId ?? "");
  }
  await ann.ack({
    type: "set_moderation",
    roomId: "square",
    rules: [{ id: "offers", action: "hold", words: ["offer"] }],
  });
  for (let i = 1; i < MESSAGES; i += 1) await cleo.say("square", i % 3 === 0 ? `casino number ${i}` : `hello ${i}`);
  rude = textAt(await ben.say("square", "You are all fools"), "messageId");
  await dora.ack({ type: "report_message", roomId: "square", messageId: rude, reason: "Insult" });
  await ben.say("square", "a special offer");
  if (arePicturesWanted) talked = await liveliness();
  dashboard = await open(rootToken());
  page = dashboard.page;
  // A step that does not come says so itself, before the test's own time is over.
  page.setDefaultTimeout(STEP_MS_MAX);
}, START_MS_MAX);
afterAll(async () => {
  await browser?.stop();
  await server?.dispose();
});

pageTest(
  "whoever is no administrator is told so and is shown nothing; whoever is nobody may sign in",
  async () => {
    const plain = await open(server.token({ user: "ann" }));
    await plain.page.getByRole("heading", { name: "Not for you" }).waitFor();
    await says(plain.page.getByRole("alert"), "the role admin");
    expect(await plain.page.getByRole("navigation").count()).toBe(0);
    await plain.page.getByRole("button", { name: "Sign in as somebody else" }).click();
    await plain.page.getByRole("button", { name: "Sign in" }).waitFor();
    await plain.close();
  },
  TEST_MS_MAX,
);

pageTest(
  "what it shows is the truth: connections that are open, messages that were sent",
  async () => {
    await page.getByText("All is well").waitFor();
    const tile = (name: string) => page.locator(".tile", { hasText: name });
    await eventually(async () => {
      expect(await textOf(tile("Connected now").locator("strong"))).toBe(String(PEOPLE.length));
      expect(await textOf(tile("Messages, 24 hours").locator("strong"))).toBe((MESSAGES + talked).toLocaleString("en"));
      expect(await page.getByRole("img", { name: /^Connections, / }).getAttribute("aria-label")).toContain(
        `Now: connections ${PEOPLE.length}.`,
      );
    }, 60_000);
    const one = await TestClient.connect(server, { token: server.token({ user: "fay" }), wire: "json" });
    await page.getByRole("img", { name: `Now: connections ${PEOPLE.length + 1}.` }).waitFor();
    await one.close();
    await page.getByRole("img", { name: `Now: connections ${PEOPLE.length}.` }).waitFor();
    await says(tile("Waiting for a moderator"), "1 report, 1 held");
  },
  TEST_MS_MAX,
);

pageTest(
  "nodes, their parts and stores are listed with how they are",
  async () => {
    await go("#/nodes");
    const row = page.getByRole("table", { name: "Nodes", exact: true }).getByRole("row").nth(1);
    await says(row, "healthy");
    await says(page.getByRole("table", { name: "Parts of each node" }), "shards");
    await says(page.getByRole("table", { name: "What the stores did" }), "0 B0");
  },
  TEST_MS_MAX,
);

pageTest(
  "rooms are found by name, and opened with the keyboard alone",
  async () => {
    await go("#/rooms");
    const rows = page.getByRole("table", { name: "Rooms" }).locator("tbody tr");
    await page.getByLabel("Name").fill("QUIET");
    await eventually(async () => expect(await rows.count()).toBe(1));
    await page.getByLabel("Name").fill("");
    await eventually(async () => expect(await rows.count()).toBeGreaterThan(1));
    await rows.first().focus();
    await page.keyboard.press("ArrowDown");
    await eventually(async () => expect(await page.evaluate("document.activeElement.rowIndex")).toBe(2));
    const name = (await textOf(rows.nth(1).locator("b"))).trim();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name }).waitFor();
    await go("#/rooms/square");
    await page.getByText(`${MESSAGES} messages in all`).waitFor();
    const members = page.getByRole("table", { name: "Members" }).locator("tbody tr");
    await eventually(async () => expect(await members.count()).toBe(PEOPLE.length));
  },
  TEST_MS_MAX,
);

pageTest(
  "a room is exported as a file",
  async () => {
    await go("#/rooms/square");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Export as JSON Lines" }).click(),
    ]);
    expect(download.suggestedFilename()).toBe("square.jsonl");
    const lines = (await Bun.file(await download.path()).text()).trim().split("\n");
    expect(lines.filter((line) => line.includes("hello "))).not.toEqual([]);
  },
  TEST_MS_MAX,
);

pageTest(
  "nothing is asked while nobody looks, and at once when somebody does again",
  async () => {
    const asked: string[] = [];
    const note = (request: { url(): string }): void => void asked.push(new URL(request.url()).pathname);
    const look = (isHidden: boolean): Promise<unknown> =>
      page.evaluate(`Object.defineProperty(document, "hidden", { value: ${isHidden}, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"))`);
    await go("#/overview");
    await look(true);
    page.on("request", note);
    // What is under way comes back, and each poll sees that nobody looks. That nothing comes then can only be waited for.
    await eventually(async () => {
      asked.length = 0;
      await Bun.sleep(1.25 * PULSE_EVERY_MS);
      expect(asked).toEqual([]);
    }, 3 * PULSE_EVERY_MS);
    await look(false);
    await eventually(async () => expect(asked).toContain("/v1/chat/admin/overview"));
    page.off("request", note);
  },
  TEST_MS_MAX,
);

pageTest(
  "what is reported is deleted, what is held is published, and the queue is empty then",
  async () => {
    await go("#/moderation");
    await page.getByText("You are all fools").waitFor();
    await takePicture(page, "dashboard-moderation");
    await page.getByRole("button", { name: "Delete message…" }).click();
    await says(page.getByRole("dialog"), "cannot be brought back");
    await confirm("Delete message", { "Reason (optional)": "not here" });
    await page.getByRole("button", { name: "Publish…" }).click();
    await confirm("Publish");
    await page.getByText("Nothing waits for a moderator").waitFor();
    const history = await admin("GET", "/rooms/square/messages?limit=50");
    const messages = listAt(history.body, "data.messages") as readonly {
      messageId: string;
      content: string;
      isDeleted: boolean;
    }[];
    expect(messages.find(({ messageId }) => messageId === rude)?.isDeleted).toBe(true);
    expect(messages.some(({ content }) => content === "a special offer")).toBe(true);
  },
  TEST_MS_MAX,
);

pageTest(
  "a rule on trial finds what it would have found",
  async () => {
    await go("#/moderation/backtest");
    await page.getByLabel("Room").selectOption({ label: "The square" });
    await page.getByLabel("Words, separated by commas").fill("casino, nothing else");
    await page.getByRole("button", { name: "Try it" }).click();
    await page.getByRole("heading", { name: "9 hits in" }).waitFor();
    const hits = page.getByRole("table", { name: "The newest hits" });
    await says(hits.locator("tbody tr").first(), "casino number 27");
  },
  TEST_MS_MAX,
);

pageTest(
  "a person is suspended after a question that says what happens, and let in again",
  async () => {
    const emil = people[4] as TestClient;
    await go("#/people");
    await page.getByLabel("Person").fill("em");
    const rows = page.getByRole("table", { name: "People who are connected" }).locator("tbody tr");
    await eventually(async () => expect(await rows.allTextContents()).toEqual([expect.stringContaining("emil")]));
    await rows.first().click();
    await page.getByRole("button", { name: "Suspend…" }).click();
    await says(page.getByRole("dialog"), "no token of theirs is accepted");
    await confirm("Suspend", { "Reason (optional)": "threats" });
    await page.getByText("suspended until").waitFor();
    expect((await emil.closed).code).toBe(4403);
    expect((await server.rest("GET", "/v1/chat/rooms", { token: server.token({ user: "emil" }) })).status).toBe(403);
    await page.getByRole("button", { name: "Reinstate…" }).click();
    await confirm("Reinstate");
    await eventually(async () =>
      expect((await server.rest("GET", "/v1/chat/rooms", { token: server.token({ user: "emil" }) })).status).toBe(200),
    );
  },
  TEST_MS_MAX,
);

pageTest(
  "everything that was done stands in the audit log, and is found by what it was",
  async () => {
    await go("#/audit");
    const log = page.getByRole("table", { name: "Audit log" });
    await says(log, "user reinstated", "user suspended", "report resolved", "message deleted");
    await page.getByLabel("Action").fill("user_suspended");
    await page.getByRole("button", { name: "Look" }).click();
    await eventually(async () => expect(await log.locator("tbody tr").count()).toBe(1));
    await says(log, "“threats”");
  },
  TEST_MS_MAX,
);

pageTest(
  "it answers why a member did not get a message",
  async () => {
    const [ann, , , dora] = people as readonly [TestClient, TestClient, TestClient, TestClient];
    await go("#/delivery");
    await page.getByRole("button", { name: "Note it…" }).click();
    await confirm("Note it");
    await page.getByText("It is noted where messages go").waitFor();
    await dora.ack({ type: "leave_room", roomId: "quiet" });
    const messageId = textAt(await ann.say("quiet", "Is anybody here?"), "messageId");
    const ask = async (user: string): Promise<void> => {
      await page.getByLabel("Room").fill("quiet");
      await page.getByLabel("Message").fill(messageId);
      await page.getByLabel("Member").fill(user);
      await page.getByRole("button", { name: "Find out" }).click();
    };
    await ask("dora");
    await page.getByText("None of their connections listened to the room.").waitFor();
    await ask("cleo");
    await page.getByText("It was written to a connection that is still there").waitFor();
    await says(page.locator(".step", { hasText: "committed" }), "yes");
    await takePicture(page, "dashboard-delivery");
  },
  TEST_MS_MAX,
);

pageTest(
  "a webhook is made, tested, gets what happens, and is deleted",
  async () => {
    const posted: string[] = [];
    const receiver = Bun.serve({
      port: 0,
      fetch: async (request) => {
        posted.push(await request.text());
        return new Response(null, { status: 204 });
      },
    });
    await go("#/feed");
    await page.getByLabel("Address of the receiver").fill(`http://127.0.0.1:${receiver.port}/in`);
    await page.getByRole("button", { name: "Make a webhook…" }).click();
    await confirm("Make webhook", { "What it is for (optional)": "the tests" });
    await page.getByText("shown this once").waitFor();
    await page.getByRole("table", { name: "Webhooks" }).getByText("the tests").click();
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.getByText("took it").waitFor();
    await (people[0] as TestClient).say("square", "for the webhook");
    await eventually(
      async () => expect(posted.some((body) => body.includes("for the webhook"))).toBe(true),
      STEP_MS_MAX,
    );
    await page.getByRole("button", { name: "Delete…" }).click();
    await confirm("Delete webhook");
    await page.getByText("Nothing is posted anywhere yet.").waitFor();
    await receiver.stop(true);
  },
  TEST_MS_MAX,
);

pageTest(
  "an erasure wants the name typed, and leaves a receipt that is genuine",
  async () => {
    await go("#/keeping/erasures");
    await page.getByLabel("Person").fill("cleo");
    await page.getByRole("button", { name: "Erase…" }).click();
    const dialog = page.getByRole("dialog");
    expect(await dialog.getByRole("button", { name: "Erase for ever" }).isDisabled()).toBe(true);
    await confirm("Erase for ever", { "Type cleo to go on": "cleo" });
    const row = page.getByRole("table", { name: "Erasures" }).locator("tbody tr");
    await row.getByText("done").waitFor({ timeout: 120_000 });
    await row.click();
    await page.getByRole("heading", { name: "What was erased of cleo" }).waitFor();
    const list = await admin("GET", "/admin/erasures");
    const receipt = textAt(at(list.body, "data.erasures.0"), "receipt");
    await page.getByLabel("Receipt").fill(receipt);
    await page.getByRole("button", { name: "Check", exact: true }).click();
    await page.getByText("signed by this installation, and unchanged").waitFor();
  },
  TEST_MS_MAX,
);

const VIEWS = [
  "overview",
  "nodes",
  "rooms",
  "rooms/square",
  "people",
  "people/ben",
  "moderation",
  "moderation/backtest",
  "moderation/rules",
  "audit",
  "delivery",
  "keeping",
  "keeping/holds",
  "keeping/erasures",
  "feed",
  "assistant",
] as const;

pageTest(
  "no view has a serious fault for those who do not see, or use the keyboard, in light and dark; no script breaks the policy",
  async () => {
    for (const dark of [false, true]) {
      const one = await open(rootToken(), { dark });
      for (const view of VIEWS) {
        await go(`#/${view}`, one.page);
        await one.page.locator("main h1").waitFor();
        await one.page.getByText("Reading …").first().waitFor({ state: "detached" });
        expect(await axeProblems(one.page), `${view}, ${dark ? "dark" : "light"}`).toEqual([]);
        if (dark && view === "overview") await takePicture(one.page, "dashboard-dark");
      }
      expect(one.lines.filter((line) => /Content Security Policy|uncaught/.test(line))).toEqual([]);
      await one.close();
    }
  },
  TEST_MS_MAX,
);

pageTest(
  "on a small screen nothing is cut off at its side",
  async () => {
    const one = await open(rootToken(), { width: 390 });
    for (const view of VIEWS) {
      await go(`#/${view}`, one.page);
      await one.page.locator("main h1").waitFor();
      await one.page.getByText("Reading …").first().waitFor({ state: "detached" });
      const tooWide = await one.page.evaluate(
        "document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth",
      );
      expect(tooWide, view).toBe(0);
    }
    await one.close();
  },
  TEST_MS_MAX,
);
