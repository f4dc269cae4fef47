import { afterAll, beforeAll, expect, test } from "bun:test";
import { TestBrowser, whatPagesShow } from "../../support/chromium.ts";

let browser: TestBrowser;
let server: Bun.Server<unknown>;

beforeAll(async () => {
  browser = await TestBrowser.start();
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () =>
      new Response(
        "<!doctype html><title>A page</title><p>Words</p><input value=typed><i>eyJhIjoxfQ.eyJhIjoxfQ.c2ln</i><script>console.log('hello'); throw new Error('oh');</script>",
        {
          headers: { "content-type": "text/html" },
        },
      ),
  });
}, 90_000);

afterAll(async () => {
  await browser.stop();
  await server.stop(true);
});

test("a page of this machine runs in a real browser, and what it logs and throws is kept", async () => {
  const opened = await browser.open(server.url.href);
  const { page, lines } = opened;
  expect(await page.title()).toBe("A page");
  expect(await page.evaluate(() => 6 * 7)).toBe(42);
  expect(lines).toContain("log: hello");
  expect(lines).toContain("uncaught: oh");
  const told = await whatPagesShow();
  for (const one of [server.url.href, "Words", '["typed"]', "log: hello", "uncaught: oh"]) expect(told).toContain(one);
  expect(told).toContain("(a token)");
  expect(told).not.toContain("eyJ");
  await opened.close();
  expect(await whatPagesShow()).not.toContain("Words");
});
