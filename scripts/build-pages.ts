/**
 * Bundles the pages of `src/web` into one file that the server reads at its start: `dist/web/pages.json`. `npm run build:web`.
 * Invariant: nothing is built when no source has changed since; whoever reads the file while it is built sees the old or the new one.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { NAMED_FILES, PAGE_SOURCES, PAGES, WORKERS } from "../src/web/pages.ts";
import type { BuiltFile, BuiltPages } from "../src/edge/pages/page-bundle.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const WEB = join(ROOT, "src/web");
export const OUTPUT = join(ROOT, "dist/web/pages.json");
const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  woff2: "font/woff2",
};
const ASSETS = "/assets/";

/** Of all sources; another one means another build. */
function fingerprint(): string {
  const hash = new Bun.CryptoHasher("sha256");
  const add = (path: string): void => {
    if (statSync(join(ROOT, path)).isDirectory()) {
      for (const name of readdirSync(join(ROOT, path)).sort()) add(`${path}/${name}`);
      return;
    }
    hash.update(`${path}\0`).update(readFileSync(join(ROOT, path)));
  };
  for (const path of PAGE_SOURCES) add(path);
  return hash.digest("hex");
}

function isUpToDate(print: string): boolean {
  try {
    return (JSON.parse(readFileSync(OUTPUT, "utf8")) as BuiltPages).fingerprint === print;
  } catch {
    return false;
  }
}

function fileOf(path: string, type: string, body: Uint8Array): BuiltFile {
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
  return {
    path,
    type,
    body: Buffer.from(body).toString("base64"),
    gzip: gzipSync(body, { level: 9 }).toString("base64"),
    br: brotliCompressSync(body, quality).toString("base64"),
  };
}

async function bundle(entrypoints: readonly string[], entryNames: string) {
  const built = await Bun.build({
    entrypoints: [...entrypoints],
    root: WEB,
    target: "browser",
    format: "esm",
    minify: true,
    splitting: true,
    define: { "process.env.NODE_ENV": '"production"' },
    naming: { entry: entryNames, chunk: "[name]-[hash].[ext]", asset: "[name]-[hash].[ext]" },
    publicPath: ASSETS,
    metafile: true,
  });
  if (!built.success) throw new Error(built.logs.join("\n"));
  return built;
}

async function build(print: string): Promise<BuiltPages> {
  const entries = PAGES.map(({ entry }) => join(WEB, entry));
  const { outputs, metafile } = await bundle(entries, "[dir]-[hash].[ext]");
  const files: BuiltFile[] = [];
  for (const output of outputs) {
    const name = basename(output.path);
    const type = TYPES[name.split(".").at(-1) ?? ""] ?? "application/octet-stream";
    files.push(fileOf(ASSETS + name, type, new Uint8Array(await output.arrayBuffer())));
  }
  const described = (typeof metafile === "string" ? JSON.parse(metafile) : metafile) as {
    outputs: Record<
      string,
      { entryPoint?: string; cssBundle?: string; imports: readonly { path: string; kind: string }[] }
    >;
  };
  const pages = PAGES.map(({ entry }) => {
    const found = Object.entries(described.outputs).find(
      ([path, { entryPoint }]) => path.endsWith(".js") && entryPoint?.endsWith(entry),
    );
    if (found === undefined) throw new Error(`${entry} was not built`);
    const [path, { imports, cssBundle }] = found;
    const address = (one: string): string => ASSETS + basename(one);
    const preloads = imports.filter(({ kind }) => kind === "import-statement").map((one) => address(one.path));
    return { script: address(path), styles: cssBundle === undefined ? [] : [address(cssBundle)], preloads };
  });
  for (const { path, entry } of WORKERS) {
    const worker = await bundle([join(WEB, entry)], "[name].[ext]");
    const [output] = worker.outputs;
    if (output !== undefined) files.push(fileOf(path, TYPES["js"] ?? "", new Uint8Array(await output.arrayBuffer())));
  }
  for (const { path, file, type } of NAMED_FILES) files.push(fileOf(path, type, readFileSync(join(WEB, file))));
  return { fingerprint: print, pages, files };
}

/** The file with the pages, built if it has to be. Its time is the one at which its sources were read: `open-pages.ts` asks for it. */
export async function pagesFile(): Promise<string> {
  const readAt = new Date();
  const print = fingerprint();
  if (isUpToDate(print)) {
    try {
      utimesSync(OUTPUT, readAt, readAt);
    } catch {
      // Somebody else's file: then every start asks this program.
    }
    return OUTPUT;
  }
  // Seen before the work is done.
  written(() => mkdirSync(join(OUTPUT, ".."), { recursive: true }));
  const text = JSON.stringify(await build(print));
  const draft = `${OUTPUT}.${process.pid}`;
  written(() => writeFileSync(draft, text));
  utimesSync(draft, readAt, readAt);
  renameSync(draft, OUTPUT);
  return OUTPUT;
}

/** A server mostly runs as somebody who may not write where its program lies. */
function written(write: () => void): void {
  try {
    write();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${why}; once after each update run npm run build:web as whoever owns the program's folder`, {
      cause: error,
    });
  }
}

if (import.meta.main) {
  const path = await pagesFile().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  });
  const { files } = JSON.parse(readFileSync(path, "utf8")) as BuiltPages;
  for (const { path, gzip, body } of files) {
    const kb = (text: string): string => (Buffer.byteLength(text, "base64") / 1024).toFixed(1);
    process.stdout.write(`${path}  ${kb(body)} KB, ${kb(gzip)} KB gzipped\n`);
  }
}
