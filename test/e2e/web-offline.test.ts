/** The page's service worker in Chromium: what was read is there without a network, nobody else's, and pushes are shown and open their room. */
import { afterAll, beforeAll, expect } from "bun:test";
import type { CDPSession, Page } from "playwright-core";
import { TestBrowser } from "../support/chromium.ts";
import { eventually } from "../support/eventually.ts";
import { pageTest } from "../support/page-test.ts";
import { TestServer } from "../support/server.ts";

const ANSWERS_MAX = 200;
const WAIT_MS = 20_000;
/** A push is shown, or was dropped. */
const TRY_MS = 5_000;

let server: TestServer;
let browser: TestBrowser;
beforeAll(async () => {
  [server, browser] = await Promise.all([
    TestServer.start({ env: { STOA_RATE_PER_SECOND: "100000", STOA_RATE_BURST: "100000" } }),
    TestBrowser.start(),
  ]);
}, 90_000);
afterAll(async () => {
  await browser?.stop();
  await server?.dispose();
});

async function roomOf(user: string, roomId: string, texts: readonly string[]): Promise<string> {
  const token = server.token({ user, name: user });
  await server.rest("POST", "/v1/chat/rooms", { token, body: { roomId, name: `Room ${roomId}`, type: "private" } });
  for (const content of texts)
    await server.rest("POST", `/v1/chat/rooms/${roomId}/messages`, { token, body: { content } });
  return token;
}
const shows = (page: Page, text: string): Promise<void> => page.getByText(text).first().waitFor({ timeout: WAIT_MS });
const isKept = (page: Page): Promise<string[]> =>
  page.evaluate(`caches.keys().then((names) => names.filter((name) => name.startsWith("stoa-answers ")))`);

pageTest(
  "offline after a reload, the list of rooms and what was read in them; pushes; nothing is left after signing out",
  async () => {
    const token = await roomOf("ann", "den", ["what was read", "and this"]);
    await roomOf("ann", "attic", ["never opened"]);
    const { page } = await browser.open(`${server.http}/favicon.svg`);
    const context = page.context();
    await context.grantPermissions(["notifications"], { origin: server.http });
    await page.evaluate(`localStorage.setItem("stoa-account", ${JSON.stringify(JSON.stringify({ token }))})`);
    await page.goto(`${server.http}/r/den`);
    await shows(page, "what was read");
    await eventually(async () => expect(await isKept(page)).toEqual(["stoa-answers /ann"]), WAIT_MS);
    const urls = (): Promise<string[]> =>
      page.evaluate(
        `caches.open("stoa-answers /ann").then((cache) => cache.keys()).then((keys) => keys.map(({ url }) => url))`,
      );
    for (const path of ["/den/messages", "/rooms?"])
      await eventually(async () => expect(await urls()).toContainEqual(expect.stringContaining(path)), WAIT_MS);
    await page.reload();
    await shows(page, "what was read");

    await context.setOffline(true);
    await page.reload();
    await shows(page, "what was read");
    await shows(page, "and this");
    await shows(page, "Room attic");
    await context.setOffline(false);

    const note = { title: "Ben in Room attic", body: "are you there?", tag: "attic", roomId: "attic" };
    const notes = (): Promise<unknown> =>
      page.evaluate(`navigator.serviceWorker.ready.then((one) => one.getNotifications())
      .then((list) => list.map(({ title, body, tag, data }) => ({ title, body, tag, roomId: data.roomId })))`);
    // Chromium drops a push whose worker is not there at that moment; one with the same tag takes the other's place.
    await eventually(async () => {
      await push(page, note);
      await eventually(async () => expect(await notes()).toEqual([note]), TRY_MS);
    }, 3 * WAIT_MS);
    // One that was only late is shown once more.
    await eventually(async () => {
      const [worker] = context.serviceWorkers();
      await worker?.evaluate(`self.registration.getNotifications().then((all) => all.forEach((notification) =>
      self.dispatchEvent(new NotificationEvent("notificationclick", { notification }))))`);
      await eventually(async () => expect(new URL(page.url()).pathname).toBe("/r/attic"), TRY_MS);
      await eventually(async () => expect(await notes()).toEqual([]), TRY_MS);
    }, 3 * WAIT_MS);
    await shows(page, "never opened");

    // More than may be kept: the oldest are gone.
    const ask = `(i) => fetch("/v1/chat/rooms/den?n=" + i, { headers: { authorization: "Bearer ${token}" } })`;
    await page.evaluate(`Promise.all(Array.from({ length: ${ANSWERS_MAX + 20} }, (_, i) => (${ask})(i)))`);
    await page.evaluate(`(${ask})("last").then(() => undefined)`);
    await eventually(async () => {
      const kept = await urls();
      expect(kept.some((url) => url.endsWith("?n=last"))).toBe(true);
      expect(kept.length).toBeLessThanOrEqual(ANSWERS_MAX);
    }, WAIT_MS);

    // Somebody else at the same browser: theirs alone is kept.
    const other = await roomOf("ben", "loft", ["of Ben"]);
    await page.evaluate(`localStorage.setItem("stoa-account", ${JSON.stringify(JSON.stringify({ token: other }))})`);
    await page.goto(`${server.http}/r/loft`);
    await shows(page, "of Ben");
    await eventually(async () => expect(await isKept(page)).toEqual(["stoa-answers /ben"]), WAIT_MS);
    await page.getByRole("button", { name: "More" }).last().click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await shows(page, "Welcome to Stoa");
    await eventually(async () => expect(await isKept(page)).toEqual([]), WAIT_MS);
    await context.setOffline(true);
    await page.reload();
    await shows(page, "Welcome to Stoa");
  },
  240_000,
);

async function push(page: Page, note: object): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const registrationId = await registrationOf(session);
  const message = { origin: server.http, registrationId, data: JSON.stringify(note) };
  await session.send("ServiceWorker.deliverPushMessage", message);
  await session.detach();
}

async function registrationOf(session: CDPSession): Promise<string> {
  const found = new Promise<string>((resolve) => {
    session.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      const [one] = registrations.filter(({ isDeleted }) => !isDeleted);
      if (one !== undefined) resolve(one.registrationId);
    });
  });
  await session.send("ServiceWorker.enable");
  return found;
}
