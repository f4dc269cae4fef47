/** The pages over HTTP: the smallest encoding that the client takes, caching by content, a strict policy, nothing else's paths. */
import { expect, test } from "bun:test";
import type { PageBundle, PageFile } from "../../../../src/edge/pages/page-bundle.ts";
import { createApp } from "../../../../src/edge/http.ts";
import { pagesPlugin } from "../../../../src/edge/pages/pages-plugin.ts";
import { appOptions } from "../fake-engine.ts";

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const file = (path: string, isHashed: boolean): PageFile => ({
  ...{ path, isHashed, type: "text/plain", etag: `"${path}"` },
  ...{ body: bytes("plain"), gzip: bytes("gzip"), br: bytes("br") },
});
const BUNDLE: PageBundle = {
  files: [file("/assets/a-1.js", true), file("/favicon.svg", false)],
  routes: [{ paths: ["/", "/r/*"], html: file("/", false) }],
};

function appWith(store: "folder" | "bucket" = "folder") {
  const bucket = { bucket: "b", region: "eu", endpoint: undefined, keys: undefined };
  const rest = { bytesPerDayMax: 1, tenantBytesMax: undefined, thumbnails: false };
  return pagesPlugin(BUNDLE, { attachments: { ...rest, store: store === "folder" ? store : bucket } });
}
const ask = (path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Response> =>
  Promise.resolve(appWith().handle(new Request(`http://localhost${path}`, { method, headers })));

test("brotli before gzip before nothing, and none that the client refuses", async () => {
  const cases = [
    ["gzip, deflate, br, zstd", "br"],
    ["br;q=0, gzip", "gzip"],
    ["gzip;q=0.5", "gzip"],
    ["deflate", null],
    ["", null],
  ] as const;
  for (const [accepted, encoding] of cases) {
    const response = await ask("/", { "accept-encoding": accepted });
    expect([accepted, response.headers.get("content-encoding")]).toEqual([accepted, encoding]);
    expect(await response.text()).toBe(encoding ?? "plain");
    expect(response.headers.get("vary")).toBe("Accept-Encoding");
  }
});

test("what has its content's hash in its name is kept for ever, the page itself is asked for each time", async () => {
  expect((await ask("/assets/a-1.js")).headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  expect((await ask("/")).headers.get("cache-control")).toBe("no-cache");
  expect((await ask("/favicon.svg")).headers.get("cache-control")).toBe("no-cache");
});

test("who has it already is told so, whatever else they name", async () => {
  for (const known of ['"/"', 'W/"/"', '"x", "/"']) {
    const response = await ask("/", { "if-none-match": known });
    expect([response.status, await response.text(), response.headers.get("etag")]).toEqual([304, "", '"/"']);
  }
  expect((await ask("/", { "if-none-match": '"other"' })).status).toBe(200);
});

test("only the page's own paths are the page", async () => {
  expect((await ask("/r/general")).status).toBe(200);
  expect((await ask("/r/general/m/7")).status).toBe(200);
  for (const path of ["/r", "/assets/none.js", "/rooms", "/index.html"])
    expect([path, (await ask(path)).status]).toEqual([path, 404]);
  const head = await ask("/", {}, "HEAD");
  expect([head.status, await head.text()]).toEqual([200, ""]);
});

test("a page runs only files of this server, is framed by nobody, and sends files elsewhere only where there is a bucket", async () => {
  const policyOf = (response: Response): readonly string[] =>
    (response.headers.get("content-security-policy") ?? "").split("; ");
  const response = await ask("/");
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  const policy = policyOf(response);
  expect(policy).toEqual(
    expect.arrayContaining([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "frame-ancestors 'none'",
    ]),
  );
  expect(policy.join(" ")).not.toContain("unsafe");
  const withBucket = await appWith("bucket").handle(new Request("http://localhost/"));
  expect(policyOf(withBucket)).toContain("connect-src 'self' https:");
});

test("without pages the server says at its root what it is, and gives nobody a token for a name", async () => {
  const app = createApp(appOptions());
  const home = await app.handle(new Request("http://localhost/"));
  expect([home.status, await home.text()]).toEqual([200, expect.stringContaining("A realtime chat engine")]);
  for (const path of ["/r/general", "/assets/a-1.js", "/admin"]) {
    expect((await app.handle(new Request(`http://localhost${path}`))).status).toBe(404);
  }
  const asked = new Request("http://localhost/v1/dev/token", { method: "POST", body: '{"name":"ann"}' });
  expect((await app.handle(asked)).status).toBe(404);
});
