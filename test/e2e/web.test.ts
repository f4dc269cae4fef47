/** The web page in Chromium, against the real server: people who talk, answer, react, edit, search, upload, ask and moderate. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { axeProblems } from "../support/axe.ts";
import { TestBrowser } from "../support/chromium.ts";
import { fillRoom } from "../support/fill-room.ts";
import { listAt, textAt } from "../support/json.ts";
import { ProviderServer } from "../support/provider-server.ts";
import { TestServer } from "../support/server.ts";
import { WebPerson } from "../support/web-person.ts";

setDefaultTimeout(90_000);

const LONG_ROOM = 100_000;
const provider = new ProviderServer();
let server: TestServer;
let browser: TestBrowser;
let ann: WebPerson;
let ben: WebPerson;

beforeAll(async () => {
  const rates = { STOA_RATE_PER_SECOND: "1000000", STOA_RATE_BURST: "1000000" };
  server = await TestServer.start({ env: { NODE_ENV: "development", ...provider.env, ...rates } });
  browser = await TestBrowser.start();
  [ann, ben] = await Promise.all([
    WebPerson.signIn(browser, server, "Ann", { isAdmin: true }),
    WebPerson.signIn(browser, server, "Ben", { colorScheme: "dark" }),
  ]);
});
afterAll(async () => {
  await browser?.stop();
  await server?.dispose();
  await provider.stop();
});

const tokenOf = (user: string, name = user): string => server.token({ user, name });

/** A room of Ann's in which Ben is, open in front of both. */
async function roomOfBoth(roomId: string, settings: object = {}): Promise<void> {
  const body = { roomId, name: `Room ${roomId}`, type: "public", ...settings };
  expect((await server.rest("POST", "/v1/chat/rooms", { token: tokenOf("ann", "Ann"), body })).status).toBe(201);
  const joined = await server.rest("POST", `/v1/chat/rooms/${roomId}/join`, { token: tokenOf("ben", "Ben"), body: {} });
  expect(joined.status).toBe(200);
  await Promise.all([ann.open(roomId), ben.open(roomId)]);
}

test("two people find a room, talk, answer, react, edit and delete", async () => {
  await ann.button("Discover rooms").first().click();
  await ann.page.getByRole("dialog").getByRole("button", { name: "Join" }).click();
  await ann.page.getByRole("heading", { name: "General", level: 1 }).waitFor();
  await ben.button("Discover rooms").first().click();
  await ben.page.getByRole("dialog").getByRole("button", { name: "Join" }).click();
  await ben.page.getByRole("heading", { name: "General", level: 1 }).waitFor();

  await ann.say("Good **morning** <b>Ben</b>", "Good morning <b>Ben</b>");
  const greeting = await ben.message("Good morning <b>Ben</b>");
  expect(await greeting.locator("strong", { hasText: "morning" }).count()).toBe(1);
  expect(await greeting.locator("b").count()).toBe(0);

  await ben.tool(greeting, "Reply");
  await ben.say("Morning, Ann");
  const answer = await ann.message("Morning, Ann");
  expect(await answer.locator(".quote").textContent()).toContain("Good morning");

  await ann.tool(answer, "React: thumbs up");
  const reaction = (await ben.message("Morning, Ann")).locator(".reaction");
  await reaction.waitFor();
  await reaction.click();
  await (await ann.message("Morning, Ann")).locator(".reaction-count", { hasText: "2" }).waitFor();

  await ann.field.press("ArrowUp");
  await ann.field.fill("Good evening");
  await ann.field.press("Enter");
  await ben.page.getByText("(edited)").waitFor();
  await ann.menu(await ann.message("Good evening"), "Delete");
  await ann.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await ben.page.getByText("This message was deleted.").waitFor();
  await ann.page.getByText("Seen by Ben").waitFor({ state: "detached" });
});

test("drafts stay with their room, Escape takes a reply back, mentions are offered and counted", async () => {
  await roomOfBoth("drafts");
  await ann.field.fill("not ready yet");
  await ann.open("general");
  expect(await ann.field.inputValue()).toBe("");
  await ann.open("drafts");
  expect(await ann.field.inputValue()).toBe("not ready yet");
  await ann.field.fill("");
  await ben.open("general");
  await ann.field.pressSequentially("hey @be");
  await ann.page.getByRole("option", { name: "Ben" }).waitFor();
  await ann.field.press("Enter");
  expect(await ann.field.inputValue()).toBe("hey @ben ");
  await ann.field.press("Enter");
  await ben.page.getByRole("link", { name: /^Room drafts ?, 1 unread, 1 mention you/ }).click();
  const said = await ben.message("hey @Ben");
  await ben.tool(said, "Reply");
  await ben.page.getByText("Replying to Ann").waitFor();
  await ben.field.press("Escape");
  await ben.page.getByText("Replying to Ann").waitFor({ state: "detached" });
  await ann.page.getByText("Seen by Ben").waitFor();
  await ben.field.pressSequentially("hm");
  await ann.page.getByText("Ben is typing").waitFor();
});

test("a thread goes on beside the room, a pin and a search lead back to their message", async () => {
  await roomOfBoth("threads");
  await ann.say("Where shall we eat the aubergines?");
  const question = await ben.message("aubergines");
  await ben.tool(question, "Reply in a thread");
  const reply = ben.page.getByRole("textbox", { name: "Reply in this thread" });
  await reply.fill("At my place");
  await reply.press("Enter");
  await ben.page.locator(".thread").getByText("At my place").waitFor();
  await ann.page.locator(".thread-chip", { hasText: "1 reply" }).click();
  await ann.page.locator(".thread").getByText("At my place").waitFor();
  await ann.button("Close panel").click();

  await ann.menu(await ann.message("aubergines"), "Pin");
  await ben.button("Pinned messages").click();
  await ben.page.locator(".panel .excerpt", { hasText: "aubergines" }).waitFor();

  for (let i = 0; i < 3; i += 1) await ann.say(`something else ${i}`);
  await ann.page.keyboard.press("Control+k");
  await ann.page.getByRole("searchbox", { name: "Find messages" }).fill("auberg");
  await ann.page.locator(".panel mark", { hasText: "aubergines" }).click();
  await ann.page.locator(".message.is-marked", { hasText: "aubergines" }).waitFor();
  await ann.button("Close panel").click();
  await ben.button("Close panel").click();
});

test("a poll is asked, voted on and closed", async () => {
  await roomOfBoth("polls");
  await ann.button("Make a poll").click();
  await ann.page.getByLabel("Question").fill("Tea or coffee?");
  await ann.page.getByLabel("Answer 1").fill("Tea");
  await ann.page.getByLabel("Answer 2").fill("Coffee");
  await ann.page.getByRole("button", { name: "Ask" }).click();
  const option = ben.page.locator(".poll-option", { hasText: "Coffee" });
  await option.click();
  await ann.page.locator(".poll-option", { hasText: "Coffee" }).getByText("100 %").waitFor();
  await ann.button("Close poll").click();
  await ben.page.getByText("closed").waitFor();
  expect(await option.isDisabled()).toBe(true);
});

const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

test("files go along by button and by drop, pictures are shown, the rest can be fetched", async () => {
  await roomOfBoth("files");
  await ann.page.locator(".room input[type=file]").setInputFiles([
    { name: "dot.png", mimeType: "image/png", buffer: PIXEL },
    { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("some notes") },
  ]);
  await ann.page.locator(".upload", { hasText: "notes.txt" }).waitFor();
  await ann.until("document.querySelectorAll('.upload progress').length === 0");
  await ann.say("Look at these");
  const got = await ben.message("Look at these");
  await got.locator(".picture img").waitFor();
  await ben.until("document.querySelector('.picture img').naturalWidth === 1");
  const download = ben.page.waitForEvent("download");
  await got.locator(".file", { hasText: "notes.txt" }).click();
  expect((await download).suggestedFilename()).toBe("notes.txt");

  await ben.page.evaluate(`
    const data = new DataTransfer();
    data.items.add(new File(["dropped"], "dropped.txt", { type: "text/plain" }));
    document.querySelector(".room").dispatchEvent(new DragEvent("drop", { bubbles: true, dataTransfer: data }));
  `);
  await ben.page.locator(".upload", { hasText: "dropped.txt" }).waitFor();
  await ben.button("Remove dropped.txt").click();
  await ben.page.locator(".upload").waitFor({ state: "detached" });
});

test("an answer of the assistant grows in front of both, and can be stopped", async () => {
  await roomOfBoth("assistant", { enableAI: true });
  let goOn: (() => void) | undefined;
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  provider.next("gemini", [{ text: "Forty" }, { until: gate }, { text: "-two." }]);
  await ann.say("@ai what is the answer?");
  await ben.page.locator(".is-growing", { hasText: "Forty" }).waitFor();
  goOn?.();
  await ben.message("Forty-two.");
  await ben.page.locator(".is-growing").waitFor({ state: "detached" });
  provider.next("gemini", [{ text: "Once upon a time" }, { hang: true }]);
  await ann.say("@ai tell me a story");
  await ann.page.locator(".is-growing", { hasText: "Once upon" }).waitFor();
  await ann.button("Stop").click();
  await ben.page.getByText("Stopped.").waitFor();
});

test("a message is reported and deleted out of the queue, a member is muted and cannot write", async () => {
  await roomOfBoth("moderated");
  await ben.say("Buy cheap watches");
  await ann.menu(await ann.message("cheap watches"), "Report");
  await ann.page.getByRole("dialog").getByRole("button", { name: "Report" }).click();
  await ann.button("To moderate").click();
  await ann.page
    .locator(".case", { hasText: "Buy cheap watches" })
    .getByRole("button", { name: "Delete message" })
    .click();
  await ben.page.getByText("This message was deleted.").waitFor();
  await ann.page.getByText("All clear").waitFor();
  await ann.button("Members").click();
  await ann.button("What to do with Ben").click();
  await ann.page.getByRole("menuitem", { name: "Mute for an hour" }).click();
  await ann.page.getByText("Ben is muted for an hour.").waitFor();
  await ben.field.fill("But why?");
  await ben.field.press("Enter");
  const refused = ben.page.locator(".message.is-failed", { hasText: "But why?" });
  await refused.getByText("You are muted in this room.").waitFor();
  await refused.getByRole("button", { name: "Discard" }).click();
  await refused.waitFor({ state: "detached" });
  await ann.button("Close panel").click();
});

test("what is written without a connection is sent when there is one again", async () => {
  await roomOfBoth("offline");
  await ben.say("still here");
  await server.kill();
  await ben.page.getByText(/Connection lost|You are offline/).waitFor();
  await ben.field.fill("written in the dark");
  await ben.field.press("Enter");
  await ben.page.locator(".message.is-pending", { hasText: "written in the dark" }).waitFor();
  await server.restart();
  await ann.message("written in the dark");
  await ben.page.locator(".message.is-pending").waitFor({ state: "detached" });
});

const SIZE = "document.querySelectorAll('*').length";
const OLDEST = "document.querySelector('.timeline [data-key] .message-text')?.textContent";
const BOX = "document.querySelector('.timeline-scroll')";
/** The first row that can be seen, and where. */
const SEEN = `(() => {
  const { top } = ${BOX}.getBoundingClientRect();
  const row = [...${BOX}.querySelectorAll("[data-key]")].find((one) => one.getBoundingClientRect().bottom > top);
  return { key: row.dataset.key, at: Math.round(row.getBoundingClientRect().top - top) };
})()`;
/** What the page does with the scroll before is drawn. */
const DRAWN = "new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))";

test("a room of 100,000 messages scrolls at a steady size, and what one reads stays where it is", async () => {
  await roomOfBoth("long");
  await ben.open("general");
  const said = (i: number): string => `message ${i} of many`;
  await fillRoom(server, { roomId: "long", token: tokenOf("ben", "Ben"), count: LONG_ROOM, text: said });
  await ann.open("long");
  await ann.message(said(LONG_ROOM - 1));
  const { page } = ann;
  const sizes: number[] = [];
  for (let i = 0; i < 10; i += 1) {
    const oldest = await page.evaluate<string>(OLDEST);
    // Measured in the very frame, before anything older can have come.
    const scrolled = `new Promise((resolve) => {
      ${BOX}.scrollTo({ top: 400 });
      requestAnimationFrame(() => resolve(${SEEN}));
    })`;
    const place = await page.evaluate<{ key: string; at: number }>(scrolled);
    await ann.until(`${OLDEST} !== ${JSON.stringify(oldest)}`);
    await page.evaluate(DRAWN);
    const now = await page.evaluate<{ key: string; at: number }>(SEEN);
    expect([now.key, Math.abs(now.at - place.at) <= 1]).toEqual([place.key, true]);
    sizes.push(await page.evaluate<number>(SIZE));
  }
  expect(await page.locator(".timeline [data-key]").count()).toBeLessThanOrEqual(200);
  const steady = sizes.slice(5);
  expect(Math.max(...steady) - Math.min(...steady)).toBeLessThan(60);

  await ann.button(/^To the newest messages/).click();
  await ann.message(said(LONG_ROOM - 1));
  await ben.open("long");
  await ben.say("and one more");
  await ann.message("and one more");
  await page.evaluate(DRAWN);
  const below = `${BOX}.scrollHeight - ${BOX}.scrollTop - ${BOX}.clientHeight`;
  expect(await page.evaluate<number>(below)).toBeLessThan(2);
  expect(await page.evaluate<number>(SIZE)).toBeLessThan(Math.max(...sizes) + 60);

  // A link to a message from long ago.
  const { body } = await server.rest("GET", "/v1/chat/rooms/long/messages?limit=1&after=50000", {
    token: tokenOf("ann"),
  });
  const old = textAt(listAt(body.data, "messages")[0], "messageId");
  await page.goto(`${server.http}/r/long?m=${old}`);
  await page.locator(`[data-key="${old}"].is-marked`).waitFor();
  expect(await page.locator(".timeline [data-key]").count()).toBeLessThanOrEqual(200);
});

/** Of the page's own time. */
const FIRST_MESSAGE = `new Promise((resolve) => {
  const look = () =>
    document.querySelector(".timeline .message-text") ? resolve(performance.now()) : requestAnimationFrame(look);
  look();
})`;
const SCRIPTS = `performance.getEntriesByType("resource").map(({ name }) => name).filter((name) => name.endsWith(".js"))`;

test("the first message is there within a second, with no more than 80 KB of script", async () => {
  await roomOfBoth("quick");
  await ann.say("the first message");
  const times: number[] = [];
  for (let i = 0; i < 3; i += 1) {
    await ann.page.reload({ waitUntil: "commit" });
    times.push(await ann.page.evaluate<number>(FIRST_MESSAGE));
  }
  expect(Math.min(...times)).toBeLessThan(1_000);
  let bytes = 0;
  for (const script of await ann.page.evaluate<readonly string[]>(SCRIPTS)) {
    const response = await fetch(script, { headers: { "accept-encoding": "gzip" }, decompress: false });
    bytes += (await response.arrayBuffer()).byteLength;
  }
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThanOrEqual(80 * 1024);
});

test("axe finds nothing serious in the main views, in dark and in light, and the browser complains of nothing", async () => {
  await roomOfBoth("views");
  await ann.say("Hello @ben, see `code` and https://example.org", "Hello @Ben, see code");
  await server.rest("POST", "/v1/chat/rooms/views/messages", {
    token: tokenOf("ben", "Ben"),
    body: { content: "", poll: { question: "Which?", options: [{ text: "One" }, { text: "Two" }] } },
  });
  for (const person of [ann, ben]) {
    await person.page.locator(".poll").waitFor();
    const found: Record<string, readonly string[]> = { room: await axeProblems(person.page) };
    for (const panel of ["Members", "Search", "Pinned messages"]) {
      await person.button(panel).click();
      await person.page.locator(".panel").waitFor();
      found[panel] = await axeProblems(person.page);
    }
    await person.button("Close panel").click();
    await person.page.keyboard.press("Escape");
    await person.button(/profile and settings/).click();
    await person.page.getByRole("dialog").waitFor();
    found["profile"] = await axeProblems(person.page);
    await person.button("Close").click();
    await person.button("Discover rooms").first().click();
    await person.page.getByRole("dialog").waitFor();
    found["discover"] = await axeProblems(person.page);
    await person.button("Close").click();
    expect(found).toEqual(Object.fromEntries(Object.keys(found).map((name) => [name, []])));
  }
});

test("on a small screen there is one column and a way back; the keyboard alone gets everywhere", async () => {
  await roomOfBoth("small");
  await ben.page.setViewportSize({ width: 390, height: 780 });
  await ann.say("one");
  await ann.say("two");
  await ben.message("two");
  expect(await ben.page.getByRole("navigation", { name: "Rooms" }).isVisible()).toBe(false);
  expect(await axeProblems(ben.page)).toEqual([]);
  await ben.button("Back to rooms").click();
  await ben.page.getByRole("navigation", { name: "Rooms" }).waitFor();
  expect(await ben.field.count()).toBe(0);

  await ann.page.locator(".timeline-scroll").focus();
  await ann.page.keyboard.press("ArrowUp");
  await ann.page.keyboard.press("ArrowUp");
  await ann.page.keyboard.press("r");
  await ann.page.getByText("Replying to Ann").waitFor();
  await ann.until("document.activeElement.matches('.room textarea')");
  await ann.page.keyboard.press("Escape");
  await ann.page.keyboard.press("Alt+ArrowDown");
  await ann.until("!location.pathname.endsWith('/small')");
  await ann.page.locator(".timeline-scroll").focus();
  await ann.page.keyboard.press("?");
  await ann.page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await ann.page.keyboard.press("Escape");
  await ann.page.getByRole("dialog").waitFor({ state: "detached" });
});

test("a token signs in, signing out leaves nothing of it, and what a page logs is no complaint", async () => {
  const cleo = await WebPerson.signIn(browser, server, "Cleo");
  await cleo.button("More").last().click();
  await cleo.page.getByRole("menuitem", { name: "Sign out" }).click();
  await cleo.button("By token").click();
  await cleo.page.getByLabel("Token").fill("no token at all");
  await cleo.button("Sign in").click();
  await cleo.page.getByText("This is no token of this server.").waitFor();
  expect(await cleo.page.evaluate("Object.keys(localStorage)")).toEqual([]);
  expect(await axeProblems(cleo.page)).toEqual([]);
  await cleo.page.getByLabel("Token").fill(tokenOf("dora", "Dora"));
  await cleo.button("Sign in").click();
  await cleo.button(/^Dora.*profile and settings/).waitFor();
  expect(cleo.complaints).toEqual([]);
  await cleo.close();
});
