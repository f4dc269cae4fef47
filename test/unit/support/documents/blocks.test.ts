import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import project from "../../../../package.json" with { type: "json" };
import { blocksOf, documents } from "../../../support/documents/blocks.ts";

const root = join(import.meta.dir, "../../../..");

test("a block is known by its heading and its number there, and is found in a list as well", () => {
  const markdown = [
    "```sh",
    "npm start",
    "```",
    "## A *first* thing, `done`",
    "- in a list:",
    "  ```bash",
    "  cat <<END",
    "    two more",
    "  END",
    "  ```",
    "```json",
    "{}",
    "```",
    "```console",
    "$ ls",
    "```",
  ].join("\n");
  expect(blocksOf("A.md", markdown)).toEqual([
    { id: "A.md:1", text: "npm start" },
    { id: "A.md#a-first-thing-done:1", text: "cat <<END\n  two more\nEND" },
    { id: "A.md#a-first-thing-done:2", text: "$ ls" },
  ]);
});

test("a block that does not say what it is counts when it looks like commands", () => {
  const fence = (text: string): string => ["```", text, "```"].join("\n");
  for (const text of ["$ ls", "npm run model", "# first\ncurl localhost"]) {
    expect(blocksOf("A.md", fence(text)).map((block) => block.text)).toEqual([text]);
  }
  expect(blocksOf("A.md", fence("a ─▶ node b"))).toEqual([]);
});

test("every command of npm that a document names is one of package.json", () => {
  const named = documents(root).flatMap((path) =>
    [...readFileSync(path, "utf8").matchAll(/npm run (?:--silent )?([a-z][\w:-]*)/g)].map(([, name]) => name),
  );
  expect(named.length).toBeGreaterThan(50);
  const unknown = named.filter((name) => name !== undefined && !(name in project.scripts));
  expect([...new Set(unknown)]).toEqual([]);
});

/** A command's program, with the files that it imports. */
function sourcesOf(script: string): string {
  const entry = /\S+\.m?[jt]s$/.exec(script.replace(/^node scripts\/bun\.mjs /, ""))?.[0] ?? "";
  const source = readFileSync(join(root, entry), "utf8");
  const imported = [...source.matchAll(/from "(\.[^"]+)"/g)].map(([, path = ""]) => join(root, dirname(entry), path));
  return [source, ...imported.map((path) => readFileSync(path, "utf8"))].join("\n");
}

test("every option of a command that a document names is one that its program reads", () => {
  const scripts = new Map(Object.entries(project.scripts));
  const uses = documents(root).flatMap((path) =>
    [...readFileSync(path, "utf8").matchAll(/npm run (?:--silent )?([a-z][\w:-]*) -- ([^`\n#|)]+)/g)].map(
      ([use, name = "", options = ""]) => ({ use, name, options: options.match(/--[a-z][a-z-]*/g) ?? [] }),
    ),
  );
  expect(uses.length).toBeGreaterThan(30);
  const unknown = uses.flatMap(({ use, name, options }) => {
    const sources = sourcesOf(scripts.get(name) ?? "");
    return options.filter((option) => !new RegExp(`\\b${option.slice(2)}\\b`).test(sources)).map(() => use);
  });
  expect(unknown).toEqual([]);
});
