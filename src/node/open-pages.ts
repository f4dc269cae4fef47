/**
 * The web pages for a server: out of the executable, or out of `dist/web`, where they are built first if a source has changed.
 * Invariant: a server without pages is a server all the same; whoever starts it is told why.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { BuiltPage, BuiltPages, PageBundle, PageFile } from "../edge/pages/page-bundle.ts";
import { type Page, PAGE_SOURCES, PAGES, type PageSettings } from "../web/pages.ts";

const ROOT = dirname(dirname(import.meta.dirname));
const BUILDER = join(ROOT, "scripts/build-pages.ts");
const BUILT = "dist/web/pages.json";
const BUILD_MS_MAX = 60_000;
/** The kernel's times of files are a few milliseconds behind. */
const SLACK_MS = 100;

/** In the executable: it has the pages in it. */
declare const STOA_COMMANDS: readonly string[];

export async function openPages(
  settings: PageSettings,
  troubled: (why: string) => void,
): Promise<PageBundle | undefined> {
  try {
    const built = JSON.parse(await builtText()) as BuiltPages;
    const files = built.files.map(({ path, type, body, gzip, br }) =>
      fileOf(path, type, bytesOf(body), bytesOf(gzip), bytesOf(br)),
    );
    const routes = PAGES.flatMap((page, at) => {
      const loads = built.pages[at];
      if (loads === undefined) return [];
      const body = new TextEncoder().encode(htmlOf(page, loads, settings));
      const html = fileOf(page.path, "text/html; charset=utf-8", body, gzipSync(body), brotliCompressSync(body));
      return [{ paths: [page.path, ...page.below], html }];
    });
    return { files, routes };
  } catch (error) {
    troubled(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

async function builtText(): Promise<string> {
  if (typeof STOA_COMMANDS !== "undefined") {
    const embedded = (await import(new URL("./embedded-pages.ts", import.meta.url).href)) as { PAGES_TEXT: string };
    return embedded.PAGES_TEXT;
  }
  // An image has what was built and not what builds it.
  if (existsSync(BUILDER) && !isBuilt(ROOT)) await build();
  return readFile(join(ROOT, BUILT), "utf8");
}

/**
 * Whether no source came or changed since they were read for what is there. Of a source that is a file's last change (`ctime`): its own time
 * may have been brought along from elsewhere.
 */
export function isBuilt(root: string): boolean {
  const built = statSync(join(root, BUILT), { throwIfNoEntry: false });
  if (built === undefined) return false;
  const isOlder = (path: string): boolean => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined || stat.ctimeMs + SLACK_MS >= built.mtimeMs) return false;
    return !stat.isDirectory() || readdirSync(path).every((name) => isOlder(join(path, name)));
  };
  return PAGE_SOURCES.every((path) => isOlder(join(root, path)));
}

/** In a process of its own: the server keeps nothing of the bundler's memory. */
async function build(): Promise<void> {
  const builder = Bun.spawn([process.execPath, BUILDER], { cwd: ROOT, stdout: "ignore", stderr: "pipe" });
  const timer = setTimeout(() => builder.kill(), BUILD_MS_MAX);
  const said = await new Response(builder.stderr).text();
  const code = await builder.exited;
  clearTimeout(timer);
  if (code !== 0) throw new Error(`the pages were not built: ${said.trim().slice(-1_000)}`);
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(base64, "base64"));
}

function fileOf(path: string, type: string, body: Uint8Array, gzip: Uint8Array, br: Uint8Array): PageFile {
  const own = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => Uint8Array.from(bytes);
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  return { path, type, etag, body: own(body), gzip: own(gzip), br: own(br), isHashed: path.startsWith("/assets/") };
}

function htmlOf(page: Page, { script, styles, preloads }: BuiltPage, settings: PageSettings): string {
  const text = (value: string): string =>
    value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${text(page.description)}">
<meta name="stoa" content="${text(JSON.stringify(settings))}">
<title>${text(page.title)}</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
${styles.map((path) => `<link rel="stylesheet" href="${path}">`).join("\n")}
${preloads.map((path) => `<link rel="modulepreload" href="${path}">`).join("\n")}
<script type="module" src="${script}"></script>
</head>
<body><div id="app"></div><noscript>This page needs JavaScript.</noscript></body>
</html>
`;
}
