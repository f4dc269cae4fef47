/** What the web page must keep in Chromium: its size, its speed, its accessibility, its keys, and what it leaves behind. */
import { afterAll, beforeAll, expect, setDefaultTimeout } from "bun:test";
import { axeProblems } from "../support/axe.ts";
import { fillRoom } from "../support/fill-room.ts";
import { pageTest } from "../support/page-test.ts";
import { listAt, textAt } from "../support/json.ts";
import { WebPair } from "../support/web-pair.ts";
import { WebPerson } from "../support/web-person.ts";

setDefaultTimeout(150_000);

const LONG_ROOM = 100_000;
let pair: WebPair;
let ann: WebPerson;
let ben: WebPerson;

beforeAll(async () => {
  pair = await WebPair.start();
  ({ ann, ben } = pair);
});
afterAll(() => pair?.stop());

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

pageTest("a room of 100,000 messages scrolls at a steady size, and what one reads stays where it is", async () => {
  await pair.room("aside");
  await pair.room("long");
  await ben.open("aside");
  const said = (i: number): string => `message ${i} of many`;
  await fillRoom(pair.server, { roomId: "long", token: pair.token("ben", "Ben"), count: LONG_ROOM, text: said });
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
  const { body } = await pair.server.rest("GET", "/v1/chat/rooms/long/messages?limit=1&after=50000", {
    token: pair.token("ann"),
  });
  const old = textAt(listAt(body.data, "messages")[0], "messageId");
  await page.goto(`${pair.server.http}/r/long?m=${old}`);
  await page.locator(`[data-key="${old}"].is-marked`).waitFor();
  expect(await page.locator(".timeline [data-key]").count()).toBeLessThanOrEqual(200);
});

pageTest("what comes under one's eyes is not new, what comes behind one's back is, each time", async () => {
  await pair.room("nearby");
  await pair.room("watched");
  await ben.say("I am here");
  await ann.message("I am here");
  await ann.say("said to your face");
  await ben.message("said to your face");
  expect(await ben.page.locator('[data-line="unread"]').count()).toBe(0);
  for (const text of ["behind your back", "and once more"]) {
    await ben.page.getByRole("link", { name: "Room nearby" }).click();
    await ben.page.getByRole("heading", { name: "Room watched", level: 1 }).waitFor({ state: "detached" });
    await ann.say(text);
    await ben.page.getByRole("link", { name: /^Room watched ?, 1 unread/ }).click();
    await ben.message(text);
    await ben.page.locator('[data-line="unread"] + [data-key] .message-text', { hasText: text }).waitFor();
    expect(await ben.page.locator('[data-line="unread"]').count()).toBe(1);
  }
  await ann.say("1. one\n2. two\n## End\n```\ncode\n```", "one");
  const listed = await ben.message("code");
  expect(await listed.locator("ol > li").allTextContents()).toEqual(["one", "two"]);
  expect(await listed.locator(".message-title").textContent()).toBe("End");
  await listed.getByRole("button", { name: "Copy code" }).waitFor();
  // A field that grows by several lines leaves the end in sight.
  await ben.field.fill("1\n2\n3\n4\n5\n6");
  await ben.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  expect(await ben.button("To the newest messages").count()).toBe(0);
  await ben.field.fill("");
});

/** Of the page's own time. */
const FIRST_MESSAGE = `new Promise((resolve) => {
  const look = () =>
    document.querySelector(".timeline .message-text") ? resolve(performance.now()) : requestAnimationFrame(look);
  look();
})`;
const SCRIPTS = `performance.getEntriesByType("resource").map(({ name }) => name).filter((name) => name.endsWith(".js"))`;

pageTest("the first message is there within a second, with no more than 80 KB of script", async () => {
  await pair.room("quick");
  await ann.say("the first message");
  const times: number[] = [];
  const endMs = performance.now() + 100_000;
  // A busy machine has its quiet moments.
  while (times.length < 3 || (Math.min(...times) >= 1_000 && performance.now() < endMs)) {
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

pageTest(
  "axe finds nothing serious in the main views, in dark and in light, and the browser complains of nothing",
  async () => {
    await pair.room("views");
    await ann.say("Hello @ben, see `code` and https://example.org", "Hello @Ben, see code");
    await pair.server.rest("POST", "/v1/chat/rooms/views/messages", {
      token: pair.token("ben", "Ben"),
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
  },
);

pageTest("on a small screen there is one column and a way back; the keyboard alone gets everywhere", async () => {
  await pair.room("small");
  await ben.page.setViewportSize({ width: 390, height: 780 });
  await ann.say("one");
  await ann.say("two");
  await ben.message("two");
  await ben.page.getByRole("navigation", { name: "Rooms" }).waitFor({ state: "hidden" });
  expect(await axeProblems(ben.page)).toEqual([]);
  // A panel covers the room, and is a step of the history.
  for (const close of [() => ben.page.goBack(), () => ben.button("Close panel").click()]) {
    await ben.button("Room menu").click();
    await ben.page.getByRole("menuitem", { name: "Members" }).click();
    await ben.page.locator(".panel").waitFor();
    await close();
    await ben.page.locator(".panel").waitFor({ state: "detached" });
    expect(new URL(ben.page.url()).pathname).toBe("/r/small");
  }
  await ben.button("Search").click();
  await ben.page.getByRole("searchbox", { name: "Find messages" }).fill("two");
  await ben.page.locator(".panel mark", { hasText: "two" }).click();
  await ben.page.locator(".message.is-marked", { hasText: "two" }).waitFor();
  await ben.button("Back to rooms").click();
  await ben.page.getByRole("navigation", { name: "Rooms" }).waitFor();
  await ben.field.waitFor({ state: "detached" });

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

  await ann.page.getByRole("link", { name: "Room small" }).click();
  await ann.button("Members").click();
  await ann.page.locator(".panel").waitFor();
  await ann.page.goBack();
  await ann.page.locator(".panel").waitFor({ state: "detached" });
});

pageTest("among many rooms one is found by a part of its name", async () => {
  const token = pair.token("ann", "Ann");
  for (let i = 0; i < 13; i += 1) {
    const body = { roomId: `team-${i}`, name: `Team ${i}`, type: "private" };
    await pair.server.rest("POST", "/v1/chat/rooms", { token, body });
  }
  await ann.open("team-0");
  await ann.page.getByLabel("Find a room of yours").fill("team 1");
  await ann.page.getByRole("link", { name: "Team 12" }).waitFor();
  await ann.until("document.querySelectorAll('.side-list a').length === 4");
  await ann.page.keyboard.press("Enter");
  await ann.page.getByRole("heading", { name: "Team 1", level: 1 }).waitFor();
});

pageTest("a token signs in, signing out leaves nothing of it, and what a page logs is no complaint", async () => {
  const cleo = await WebPerson.signIn(pair.browser, pair.server, "Cleo");
  await cleo.button("More").last().click();
  await cleo.page.getByRole("menuitem", { name: "Sign out" }).click();
  await cleo.until("location.pathname === '/'");
  await cleo.until("document.activeElement.name === 'name'");
  await cleo.button("By token").click();
  await cleo.page.getByLabel("Token").fill("no token at all");
  await cleo.button("Sign in").click();
  await cleo.page.getByText("This is no token of this server.").waitFor();
  expect(await cleo.page.evaluate("Object.keys(localStorage)")).toEqual([]);
  expect(await axeProblems(cleo.page)).toEqual([]);
  await cleo.page.getByLabel("Token").fill(pair.token("dora", "Dora"));
  await cleo.button("Sign in").click();
  await cleo.button(/^Dora.*profile and settings/).waitFor();
  expect(cleo.complaints).toEqual([]);
  const root = pair.server.token({ user: "root", role: "admin" });
  const body = { reason: "lost" };
  await pair.server.rest("POST", "/v1/chat/admin/users/dora/tokens/revoke", { token: root, body });
  await cleo.page.getByText("The server does not take this token any more.").waitFor();
  await cleo.button("Sign in").waitFor();
  await cleo.close();
});
