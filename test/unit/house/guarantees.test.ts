/** docs/GUARANTEES.md names tests and files that are there. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "../../..");
const document = readFileSync(join(root, "docs/GUARANTEES.md"), "utf8");

test("each proof that is named is a test of that file", () => {
  const proofs = [...document.matchAll(/`(test\/[\w./-]+)`: "([^"]+)"/g)];
  expect(proofs.length).toBeGreaterThan(30);
  const missing = proofs.filter(([, path = "", name = ""]) => {
    return !existsSync(join(root, path)) || !readFileSync(join(root, path), "utf8").includes(name);
  });
  expect(missing.map(([text]) => text)).toEqual([]);
});

test("each promise has a section with at least one proof, and stands in the table", () => {
  const sections = document.split(/^## /m).filter((section) => /^G\d+ /.test(section));
  const table = [...document.matchAll(/^\| \[(G\d+)\]\(#([\w-]+)\)/gm)];
  const anchorOf = (section: string): string => {
    const heading = section.slice(0, section.indexOf("\n"));
    return heading
      .toLowerCase()
      .replaceAll(" ", "-")
      .replace(/[^\w-]/g, "");
  };
  expect(table.map(([, , anchor]) => anchor)).toEqual(sections.map(anchorOf));
  expect(sections.filter((section) => !/`test\/[\w./-]+`: "/.test(section)).map(anchorOf)).toEqual([]);
});

test("each source file that is named is there", () => {
  const files = [...document.matchAll(/`(src\/[\w./-]+\.ts)`/g)].map(([, path = ""]) => path);
  expect(files.length).toBeGreaterThan(15);
  expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
