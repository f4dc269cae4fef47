/** Those who run a room, at the web page: what waits for them, whom they keep out and why; and the threads that one follows. */
import { afterAll, beforeAll, expect, setDefaultTimeout } from "bun:test";
import { axeProblems } from "../support/axe.ts";
import { pageTest } from "../support/page-test.ts";
import { WebPair } from "../support/web-pair.ts";
import type { WebPerson } from "../support/web-person.ts";

setDefaultTimeout(150_000);

let pair: WebPair;
let ann: WebPerson;
let ben: WebPerson;

beforeAll(async () => {
  pair = await WebPair.start();
  ({ ann, ben } = pair);
});
afterAll(() => pair?.stop());

/** Over REST. */
async function asked(user: string, method: string, path: string, body: object = {}): Promise<void> {
  const reply = await pair.server.rest(method, `/v1/chat/rooms/${path}`, { token: pair.token(user, user), body });
  if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.text}`);
}

pageTest("a message is reported and deleted out of the queue; one that a rule held is published", async () => {
  await pair.room("moderated");
  await ben.say("Buy cheap watches");
  await ann.menu(await ann.message("cheap watches"), "Report");
  await ann.page.getByRole("dialog").getByRole("button", { name: "Report" }).click();
  await ann.button("To moderate: 1").click();
  await ann.page
    .locator(".case", { hasText: "Buy cheap watches" })
    .getByRole("button", { name: "Delete message" })
    .click();
  await ben.page.getByText("This message was deleted.").waitFor();
  await ann.page.getByText("All clear").waitFor();
  await asked("ann", "PUT", "moderated/moderation", { rules: [{ id: "lottery", action: "hold", words: ["lottery"] }] });
  await ben.field.fill("I won the lottery");
  await ben.field.press("Enter");
  await ann.button("Held (1)").click();
  const held = ann.page.locator(".case", { hasText: "I won the lottery" });
  await held.getByText("lottery").first().waitFor();
  await held.locator("strong", { hasText: "Ben" }).waitFor();
  expect(await axeProblems(ann.page)).toEqual([]);
  await held.getByRole("button", { name: "Publish" }).click();
  await ben.message("I won the lottery");
  await ann.button("To moderate").waitFor();
});

pageTest("who asks to join is let in or turned down, and is told so; the moderators see how many wait", async () => {
  await asked("ann", "POST", "", { roomId: "club", name: "Club", type: "public", requireApproval: true });
  await ann.open("club");
  await ben.page.goto(`${pair.server.http}/r/club`);
  await ben.page.getByLabel("To its moderators (optional)").fill("I read a lot");
  await ben.button("Ask to join").click();
  await ben.page.getByText("You have asked to join.").waitFor();
  await ann.button("To moderate: 1").click();
  const request = ann.page.locator(".case", { hasText: "I read a lot" });
  await ben.told("You asked to join a room, and were turned down.", () =>
    request.getByRole("button", { name: "Turn down" }).click(),
  );
  await ann.page.getByText("All clear").waitFor();
  await asked("ben", "POST", "club/join");
  await ann.page.locator(".side-room", { hasText: "Club" }).locator(".badge.is-bad").waitFor();
  await ann.page.locator(".case", { hasText: "Ben" }).getByRole("button", { name: "Let in" }).click();
  await ben.field.waitFor();
  await ben.say("Thank you");
  await ann.message("Thank you");
  await ann.button("To moderate").waitFor();
});

pageTest("a mute and a ban stand in a list with their end and reason until they are lifted", async () => {
  await pair.room("unruly");
  await ben.say("hello");
  await ann.button("Members").click();
  const choose = async (item: string): Promise<void> => {
    await ann.button("What to do with Ben").click();
    await ann.page.getByRole("menuitem", { name: item }).click();
  };
  const list = async (name: string) => {
    await ann.button(name).click();
    return ann.page.locator(".case", { hasText: "Ben" });
  };
  await choose("Mute …");
  await ann.page.getByLabel("Why").fill("off topic");
  await ann.told("Ben is muted.", () => ann.button("Mute").click());
  await ann.until("document.activeElement.getAttribute('aria-label') === 'What to do with Ben'");
  const muted = ben.page.getByText(/^You are muted in this room until .*\d/);
  const told = await muted.textContent();
  await ben.page.reload();
  expect(await muted.textContent()).toBe(told);
  await ben.field.fill("But why?");
  await ben.field.press("Enter");
  const refused = ben.page.locator(".message.is-failed", { hasText: "But why?" });
  await refused.getByText("You are muted in this room.").waitFor();
  await refused.getByRole("button", { name: "Edit" }).click();
  await refused.waitFor({ state: "detached" });
  await ben.value("But why?");
  await ben.field.press("Enter");
  await refused.getByText("You are muted in this room.").waitFor();
  const entry = await list("Muted");
  await entry.getByText("off topic").waitFor();
  await entry.getByText(/^Until .*by Ann/).waitFor();
  expect(await axeProblems(ann.page)).toEqual([]);
  await entry.getByRole("button").click();
  await ann.page.getByText("Nobody is muted").waitFor();
  await ben.page.locator(".composer-about").waitFor({ state: "detached" });
  await refused.getByRole("button", { name: "Try again" }).click();
  await ann.message("But why?");

  await ann.button("Members").last().click();
  await choose("Ban …");
  await ann.page.getByLabel("For how long").selectOption("A week");
  await ann.page.getByLabel("Why").fill("and again");
  await ben.told("You were banned from Room unruly.", () => ann.button("Ban").click());
  await ben.page.getByRole("link", { name: "Room unruly" }).waitFor({ state: "detached" });
  const banned = await list("Banned");
  await banned.getByText("and again").waitFor();
  await banned.getByText(/^Until [A-Z]/).waitFor();
  await banned.getByRole("button").click();
  await ann.page.getByText("Nobody is banned").waitFor();
  await asked("ben", "POST", "unruly/join");
});

pageTest(
  "threads that one follows stand in a list, with the replies that one has not read, and open from there",
  async () => {
    await pair.room("threaded");
    await ann.say("Where shall we eat?");
    await ben.message("Where shall we eat?");
    await ann.page.getByText("Seen by Ben").waitFor();
    await pair.room("elsewhere");
    await ann.say("Where shall we sit?");
    const rootOf = async (room: string): Promise<string | undefined> => {
      const path = `/v1/chat/rooms/${room}/messages`;
      const { body } = await pair.server.rest("GET", path, { token: pair.token("ben") });
      return (body.data as { messages: readonly { messageId: string }[] }).messages[0]?.messageId;
    };
    const root = await rootOf("threaded");
    // Of the same name, in another room.
    expect(await rootOf("elsewhere")).toBe(root);
    await asked("ann", "POST", "elsewhere/messages", { content: "At the window", replyTo: root });
    for (const content of ["At my place", "Or at the harbour"])
      await asked("ben", "POST", "threaded/messages", { content, replyTo: root });
    await ann.button(/^Threads ?, 2 unread/).click();
    const entry = ann.page.locator(".panel .excerpt", { hasText: "Where shall we eat?" });
    await entry.getByText("2 replies").waitFor();
    await ann.page.locator(".panel .excerpt", { hasText: "Where shall we sit?" }).getByText("1 reply").waitFor();
    expect(await axeProblems(ann.page)).toEqual([]);
    await entry.click();
    await ann.page.getByRole("heading", { name: "Room threaded", level: 1 }).waitFor();
    await ann.page.locator(".thread").getByText("Or at the harbour").waitFor();
    await ann.button("Threads").waitFor();
    const thread = ann.page.getByRole("complementary", { name: "Thread", exact: true });
    const menu = thread.getByRole("button", { name: "More about this thread" });
    await menu.click();
    await ann.page.getByRole("menuitem", { name: "Unfollow thread" }).click();
    await ann.page.getByText("You are told no more of its replies").waitFor();
    await ann.button("Back to the threads").click();
    await entry.waitFor({ state: "detached" });
    await asked("ben", "POST", "threaded/messages", { content: "For @ann", replyTo: root });
    await entry.getByText("3 replies").waitFor();
    await entry.click();
    await menu.click();
    await ann.page.getByRole("menuitem", { name: "Unfollow thread" }).click();
    await menu.click();
    await ann.page.getByRole("menuitem", { name: "Follow thread", exact: true }).click();
    await ann.page.getByText("You are told of its replies").waitFor();
    await ann.button("Back to the threads").click();
    await entry.waitFor();
    await ann.page.setViewportSize({ width: 320, height: 640 });
    await ann.button("Close panel").click();
    await ann.button("Back to rooms").click();
    await ann.button("Threads").click();
    await entry.click();
    await ann.page.locator(".thread").getByText("At my place").waitFor();
    await ann.until("document.documentElement.scrollWidth === 320");
    await ann.page.setViewportSize({ width: 1280, height: 800 });
  },
);
