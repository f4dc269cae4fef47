/** A static server on a port of its own, for pages that tests open: what it serves is in memory, under a strict policy. */

export const STRICT = "default-src 'none'; script-src 'self'; connect-src *";

const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript",
  mjs: "text/javascript",
  html: "text/html",
  css: "text/css",
};

export class TestPages {
  readonly #server: Bun.Server<undefined>;

  /** By path: `/page.js`. Others are not found. */
  constructor(files: Readonly<Record<string, string>>) {
    this.#server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) => {
        const path = new URL(request.url).pathname;
        const body = files[path];
        const type = TYPES[path.split(".").at(-1) ?? ""] ?? "text/html";
        return new Response(body ?? "", {
          status: body === undefined ? 404 : 200,
          headers: { "content-type": `${type}; charset=utf-8`, "content-security-policy": STRICT },
        });
      },
    });
  }

  /** With a slash at the end. */
  get url(): string {
    return this.#server.url.href;
  }

  async stop(): Promise<void> {
    await this.#server.stop(true);
  }
}
