import { afterAll, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isBuilt } from "../../../src/node/open-pages.ts";
import { PAGE_SOURCES } from "../../../src/web/pages.ts";

const root = mkdtempSync(join(tmpdir(), "stoa-pages-"));
afterAll(() => rmSync(root, { recursive: true }));

const FAR_MS = 60_000;

function write(path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), "");
}

/** As if the sources had been read then. */
function built(atMs: number): void {
  write("dist/web/pages.json");
  utimesSync(join(root, "dist/web/pages.json"), new Date(atMs), new Date(atMs));
}

beforeEach(() => {
  rmSync(root, { recursive: true });
  for (const path of PAGE_SOURCES) write(path.includes(".") ? path : `${path}/below/one.ts`);
});

test("pages whose sources are older are as they are to be", () => {
  expect(isBuilt(root)).toBe(false);
  built(Date.now() + FAR_MS);
  expect(isBuilt(root)).toBe(true);
});

test("a source that came or went since then means another build, whatever its own time says", async () => {
  built(Date.now());
  expect(isBuilt(root)).toBe(false);
  await Bun.sleep(150);
  built(Date.now());
  await Bun.sleep(10);
  expect(isBuilt(root)).toBe(true);
  // As a copy that keeps times brings it.
  const came = join(root, "src/client/below/one.ts");
  writeFileSync(came, "new");
  utimesSync(came, new Date(0), new Date(0));
  expect(isBuilt(root)).toBe(false);

  built(Date.now() + FAR_MS);
  rmSync(join(root, "src/protocol"), { recursive: true });
  expect(isBuilt(root)).toBe(false);
});

test("a file that was taken out of a folder is noticed", async () => {
  write("src/web/below/two.ts");
  await Bun.sleep(150);
  built(Date.now());
  await Bun.sleep(10);
  expect(isBuilt(root)).toBe(true);
  rmSync(join(root, "src/web/below/two.ts"));
  expect(isBuilt(root)).toBe(false);
});
