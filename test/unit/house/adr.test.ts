/** The index of decisions: whoever looks for one finds it there. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dir, "../../../docs/adr");

test("the index of docs/adr names each decision once, in their order", () => {
  const files = readdirSync(folder).filter((file) => /^\d{4}-/.test(file));
  const named = readFileSync(join(folder, "README.md"), "utf8").matchAll(/^\| \[(\d{4})\]\(([^)]+)\) \| \S/gm);
  expect([...named].map(([, number, file]) => [number, file])).toEqual(
    files.toSorted().map((file) => [file.slice(0, 4), file]),
  );
});
