/** The web page in Chromium, against the real server: people who talk, answer, react, edit, search, upload and ask. */
import { afterAll, beforeAll, expect, setDefaultTimeout } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { fillRoom } from "../support/fill-room.ts";
import { pageTest } from "../support/page-test.ts";
import { WebPair } from "../support/web-pair.ts";
import { WebPerson } from "../support/web-person.ts";

setDefaultTimeout(150_000);

let pair: WebPair;
let ann: WebPerson;
let ben: WebPerson;

beforeAll(async () => {
  pair = await WebPair.start();
  ({ ann, ben } = pair);
});
afterAll(() => pair?.stop());

pageTest("two people find a room, talk, answer, react, edit and delete", async () => {
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
  await answer.locator(".quote", { hasText: "Good morning" }).waitFor();

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

pageTest("what people write is text and nothing else, whatever it looks like", async () => {
  await pair.room("text");
  await ann.say(
    '<img src=x onerror="alert(1)"> [x](javascript:alert(2)) [ok](https://example.org/a?b=1) _it_',
    "<img src=x",
  );
  const text = (await ben.message("<img src=x")).locator(".message-text");
  expect(await text.textContent()).toBe('<img src=x onerror="alert(1)"> [x](javascript:alert(2)) ok it');
  expect(await text.locator("img").count()).toBe(0);
  const links = await ben.page.evaluate<readonly string[][]>(
    "[...document.querySelectorAll('.message-text a')].map(({ href, rel, target }) => [href, rel, target])",
  );
  expect(links).toEqual([["https://example.org/a?b=1", "noopener noreferrer nofollow", "_blank"]]);
  // No text turns around what stands on the page: this is no picture.
  await ann.say("see https://example.org/\u202Egpj.exe", "https://example.org/gpj.exe");
  await ann.say("```js\n**not bold** <b>\n```", "**not bold** <b>");
  expect(await (await ben.message("**not bold** <b>")).locator("pre code").textContent()).toBe("**not bold** <b>");
});

pageTest("drafts stay with their room, Escape takes a reply back, mentions are offered and counted", async () => {
  await pair.room("drafts");
  await ann.field.fill("not ready yet");
  await ann.open("general");
  await ann.value("");
  await ann.open("drafts");
  await ann.value("not ready yet");
  await ann.field.fill("");
  await ann.field.pressSequentially("it is :fir");
  await ann.page.getByRole("option", { name: "fire" }).waitFor();
  await ann.field.press("Enter");
  await ann.value("it is 🔥");
  await ann.field.fill("and :thumbs_up");
  await ann.field.press("Escape");
  await ann.field.pressSequentially(":");
  await ann.value("and 👍");
  await ann.field.fill("");
  await ben.open("general");
  await ann.field.pressSequentially("hey @be");
  await ann.page.getByRole("option", { name: "Ben" }).waitFor();
  await ann.field.press("Enter");
  await ann.value("hey @ben ");
  await ann.field.press("Enter");
  await ben.page.getByRole("link", { name: /^Room drafts ?, 1 unread, 1 mention you/ }).click();
  const said = await ben.message("hey @Ben");
  await ben.tool(said, "Reply");
  await ben.page.getByText("Replying to Ann").waitFor();
  await ben.field.press("Escape");
  await ben.page.getByText("Replying to Ann").waitFor({ state: "detached" });
  await ann.page.getByText("Seen by Ben").waitFor();
  await ann.told("Ben is typing", () => ben.field.pressSequentially("hm"));
});

pageTest("tabs of one browser have one draft and one person; a browser that keeps nothing does as well", async () => {
  const cleo = await WebPerson.signIn(pair.browser, pair.server, "Cleo");
  await pair.server.rest("POST", "/v1/chat/rooms/general/join", { token: pair.token("cleo", "Cleo"), body: {} });
  await cleo.open("general");
  const other = await cleo.page.context().newPage();
  await other.goto(`${pair.server.http}/r/general`);
  await other.locator(".room .composer textarea").fill("in one tab");
  await cleo.until("document.querySelector('.room .composer textarea').value === 'in one tab'");
  await other.getByRole("button", { name: "More" }).last().click();
  await other.getByRole("menuitem", { name: "Sign out" }).click();
  await cleo.page.getByText("Welcome to Stoa").waitFor();
  await cleo.close();

  const kept = ["localStorage", "sessionStorage", "indexedDB", "caches"];
  const { page } = await pair.browser.open("about:blank");
  await page.addInitScript(`for (const name of ${JSON.stringify(kept)}) Object.defineProperty(globalThis, name, {
    get() { throw new DOMException("forbidden", "SecurityError"); },
  });
  Object.defineProperty(Navigator.prototype, "serviceWorker", {
    get() { throw new DOMException("forbidden", "SecurityError"); },
  })`);
  await page.goto(`${pair.server.http}/r/general`);
  await page.getByLabel("Your name").fill("Cleo");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator(".room .composer textarea").fill("kept by nobody");
  await page.keyboard.press("Enter");
  await page.locator(".message:not(.is-pending) .message-text", { hasText: "kept by nobody" }).waitFor();
  await page.context().close();
});

pageTest("a thread goes on beside the room, a pin and a search lead back to their message", async () => {
  await pair.room("threads");
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
  // The index follows the room: what is not found yet is looked for once more.
  const found = ann.page.locator(".panel mark", { hasText: "aubergines" });
  await eventually(async () => {
    await ann.page.getByRole("searchbox", { name: "Find messages" }).fill("");
    await ann.page.getByRole("searchbox", { name: "Find messages" }).fill("auberg");
    await found.waitFor({ timeout: 5_000 });
  }, 60_000);
  await found.click();
  await ann.page.locator(".message.is-marked", { hasText: "aubergines" }).waitFor();
  await ann.button("Close panel").click();
  await ben.button("Close panel").click();
});

pageTest("a poll is asked, voted on and closed", async () => {
  await pair.room("polls");
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
  await ben.until("document.querySelector('.poll-option:disabled') !== null");
});

const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

pageTest("files go along by button and by drop, pictures are shown, the rest can be fetched", async () => {
  await pair.room("files");
  await ann.page.locator(".room input[type=file]").setInputFiles([
    { name: "dot.png", mimeType: "image/png", buffer: PIXEL },
    { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("some notes") },
  ]);
  await ann.page.locator(".upload", { hasText: "notes.txt" }).waitFor();
  await ann.until("document.querySelector('.upload-picture').naturalWidth === 1");
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

  const empty = { name: "empty.txt", mimeType: "text/plain", buffer: Buffer.alloc(0) };
  await ben.page.locator(".room input[type=file]").setInputFiles([empty]);
  await ben.page.locator(".upload.is-bad", { hasText: "This file is empty." }).waitFor();
  await ben.field.fill("with a file");
  await ben.told("empty.txt was not taken: remove it first.", () => ben.field.press("Enter"));
  await ben.value("with a file");
  await ben.button("Remove empty.txt").click();
  // What does not get through can be sent again.
  await ben.page.context().setOffline(true);
  await ben.page.locator(".room input[type=file]").setInputFiles([{ ...empty, name: "cut.txt", buffer: PIXEL }]);
  await ben.page.locator(".upload.is-bad", { hasText: "cut.txt" }).waitFor();
  await ben.page.context().setOffline(false);
  await ben.button("Again").click();
  await ben.until("document.querySelectorAll('.upload progress, .upload.is-bad').length === 0");
  await ben.button("Remove cut.txt").click();
  await ben.field.fill("x".repeat(5_001));
  await ben.page.getByText("5,001 of 5,000 characters").waitFor();
  await ben.until("document.querySelector('.room .composer .send').disabled");
  await ben.field.fill(`${"x".repeat(4_990)} end`);
  await ben.field.press("Enter");
  await ann.message("xxx end");
});

pageTest("an answer of the assistant grows in front of both, and can be stopped", async () => {
  await pair.room("assistant", { enableAI: true });
  let goOn: (() => void) | undefined;
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  pair.provider.next("gemini", [{ text: "Forty" }, { until: gate }, { text: "-two." }]);
  await ann.say("@ai what is the answer?");
  await ben.page.locator(".is-growing", { hasText: "Forty" }).waitFor();
  goOn?.();
  await ben.message("Forty-two.");
  await ben.page.locator(".is-growing").waitFor({ state: "detached" });
  pair.provider.next("gemini", [{ text: "Once upon a time" }, { hang: true }]);
  await ann.say("@ai tell me a story");
  await ann.page.locator(".is-growing", { hasText: "Once upon" }).waitFor();
  await ann.button("Stop").click();
  await ben.page.getByText("Stopped.").waitFor();
});

pageTest("what is written without a connection is sent when there is one again", async () => {
  await pair.room("offline");
  await ben.say("still here");
  const place = "document.querySelector('.timeline').getBoundingClientRect().top";
  const before = await ben.page.evaluate<number>(place);
  await pair.server.kill();
  await ben.page.getByText(/Connection lost|You are offline/).waitFor();
  expect(await ben.page.evaluate<number>(place)).toBe(before);
  await ben.field.fill("written in the dark");
  await ben.field.press("Enter");
  await ben.page.locator(".message.is-pending", { hasText: "written in the dark" }).waitFor();
  await pair.server.restart();
  // Whoever has tried for a while tries again after half a minute at most.
  const [sent, timeout] = [{ hasText: "written in the dark" }, 60_000];
  await ann.page.locator(".timeline [data-key]", sent).waitFor({ timeout });
  await ben.page.locator(".message.is-pending").waitFor({ state: "detached", timeout });
});

pageTest("a room is made and changed, people are brought in, write to one another alone, and leave", async () => {
  await ann.open("general");
  await ann.button("New").click();
  await ann.page.getByRole("menuitem", { name: "New room" }).click();
  await ann.page.getByLabel("Name", { exact: true }).fill("Book club");
  await ann.page.getByLabel("Who may come in").selectOption("private");
  await ann.button("Create room").click();
  await ann.page.getByRole("heading", { name: "Book club", level: 1 }).waitFor();
  await ann.button("Members").click();
  await ann.page.getByLabel("Add by user id").fill("ben");
  await ann.button("Add").click();
  await ann.page.locator(".member", { hasText: "Ben" }).waitFor();
  await ben.page.getByRole("link", { name: "Book club" }).click();
  await ben.page.getByRole("heading", { name: "Book club", level: 1 }).waitFor();

  await ann.button("Room menu").click();
  await ann.page.getByRole("menuitem", { name: "Room settings" }).click();
  await ann.page.getByLabel("Name", { exact: true }).fill("Readers");
  await ann.button("Make a code").click();
  await ann.page.locator("dialog code").waitFor();
  const pause = ann.page.getByLabel("Pause notifications");
  // What is read is late: a change is to what was changed before it, not to what was read before that.
  const reads = "**/v1/chat/me/notifications/rooms/*";
  await ann.page.route(reads, async (route) => {
    if (route.request().method() === "GET") await Bun.sleep(1_000);
    await route.continue();
  });
  await ann.told("Saved", () => pause.selectOption("For an hour"));
  await ann.told("Saved", () => ann.page.getByLabel("Notify me while I am away").selectOption("mentions"));
  const end = pause.locator("option:checked", { hasText: /^Until .*\d/ });
  const paused = await end.textContent();
  await ann.page.unroute(reads);
  await ann.page.reload();
  await ann.button("Room menu").click();
  await ann.page.getByRole("menuitem", { name: "Room settings" }).click();
  expect([await end.textContent(), paused]).toEqual([paused, expect.stringMatching(/^Until/)]);
  await ann.page.getByLabel("Name", { exact: true }).fill("Readers");
  await ann.button("Save").click();
  await ben.page.getByRole("heading", { name: "Readers", level: 1 }).waitFor();

  await ben.button("Members").click();
  await ben.button("What to do with Ann").click();
  await ben.page.getByRole("menuitem", { name: "Send a message" }).click();
  await ben.page.getByRole("heading", { name: "Ann", level: 1 }).waitFor();
  await ben.say("just between us");
  await ann.page.getByRole("link", { name: /^Ben ?, 1 unread/ }).click();
  await ann.message("just between us");

  await ben.page.getByRole("link", { name: "Readers" }).click();
  await ben.button("Room menu").click();
  await ben.page.getByRole("menuitem", { name: "Leave" }).click();
  await ben.page.getByRole("dialog").getByRole("button", { name: "Leave" }).click();
  await ben.page.getByRole("link", { name: "Readers" }).waitFor({ state: "detached" });
});

pageTest("one changes one's name, status and colours, and others see it", async () => {
  await pair.room("names");
  await ben.button(/profile and settings/).click();
  await ben.page.getByLabel("Name", { exact: true }).fill("Benjamin");
  await ben.page.getByLabel("What you are up to").fill("Reading");
  await ben.page.getByLabel("Colours").selectOption("light");
  await ben.button("Save").click();
  await ben.page.getByRole("dialog").waitFor({ state: "detached" });
  await ben.until("getComputedStyle(document.body).backgroundColor === 'rgb(255, 255, 255)'");
  await ben.button(/profile and settings/).click();
  await ben.page.getByLabel("Colours").selectOption("system");
  await ben.button("Close").click();
  await ann.button("Members").click();
  await ann.page.locator(".member", { hasText: "Benjamin" }).getByText("Reading").waitFor();
  await ben.say("it is me");
  await (await ann.message("it is me")).locator("header", { hasText: "Benjamin" }).waitFor();
  await ann.button("Close panel").click();
  await pair.server.rest("PATCH", "/v1/chat/users/me", {
    token: pair.token("ben", "Ben"),
    body: { displayName: null },
  });
});

pageTest("what came while one was away begins at a line, and is one press away when it is far up", async () => {
  await pair.room("away");
  // Looked up before the first message: a day that ends meanwhile is still the one to jump to.
  const today = new Date();
  await ann.say("before");
  await ann.page.getByText("Seen by").waitFor();
  await ben.open("general");
  const token = pair.token("ann", "Ann");
  await fillRoom(pair.server, { roomId: "away", token, count: 130, text: (i) => `while away ${i}` });
  await ben.page.getByRole("link", { name: /^Room away ?, 130 unread/ }).click();
  await ben.message("while away 129");
  await ben.button("Jump to what is unread").click();
  await ben.page.locator('[data-line="unread"]').waitFor();
  await ben.message("while away 0");
  const first = ben.page.locator('[data-line="unread"] + [data-key] .message-text', { hasText: /^while away 0$/ });
  await first.waitFor();
  await ben.button("Room menu").click();
  await ben.page.getByRole("menuitem", { name: "Jump to a day" }).click();
  const day = [today.getFullYear(), today.getMonth() + 1, today.getDate()].map((part) => String(part).padStart(2, "0"));
  await ben.page.getByLabel("Day", { exact: true }).fill(day.join("-"));
  await ben.button("Jump").click();
  await ben.page.locator(".message.is-marked", { hasText: "before" }).waitFor();
});
