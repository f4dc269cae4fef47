/** The documents name files that are there, by whatever part of their path, and link to each other. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const root = join(import.meta.dir, "../../..");
const FOLDERS = ["src", "test", "scripts", "bench", "examples", "deploy", "docs"];
const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => !file.includes("node_modules"))
    .map((file) => `/${folder}/${file}`),
);
const documents = [...readdirSync(root), ...files].filter((file) => file.endsWith(".md"));
/** They come to be when Stoa runs, or stand in no folder of ours. */
const MADE = new Set(["vapid.json", "reindex.json", "dist/web/pages.json", "/docs/asyncapi.json"]);
const SUBPROTOCOL = "stoa.v1.json";

function text(document: string): string {
  return readFileSync(join(root, document), "utf8");
}

test("each file that is named is there", () => {
  expect(documents.length).toBeGreaterThan(60);
  const missing = documents.flatMap((document) =>
    [...text(document).matchAll(/`([\w@./-]+\.(?:tsx?|mjs|json|ya?ml|css|md))`/g)]
      .map(([, file = ""]) => file)
      .filter((file) => !MADE.has(file) && file !== SUBPROTOCOL)
      .filter((file) => !existsSync(join(root, file)) && !existsSync(join(root, dirname(document), file)))
      .filter((file) => !files.some((one) => one.endsWith(`/${file}`)))
      .map((file) => `${document}: ${file}`),
  );
  expect(missing).toEqual([]);
});

test("each link within the repository leads somewhere", () => {
  const broken = documents.flatMap((document) =>
    [...text(document).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, target = ""]) => target)
      .filter((target) => !/^(?:https?:|mailto:)/.test(target))
      .filter((target) => !existsSync(join(root, dirname(document), target)))
      .map((target) => `${document}: ${target}`),
  );
  expect(broken).toEqual([]);
});

test("what ARCHITECTURE.md says of a folder is in that folder", () => {
  const rows = [...text("docs/ARCHITECTURE.md").matchAll(/^\| `(src\/[\w/-]+)` \| (.*) \|$/gm)];
  expect(rows.length).toBeGreaterThan(25);
  const elsewhere = rows.flatMap(([, folder = "", said = ""]) =>
    [...said.matchAll(/`([\w-]+\.tsx?)`/g)]
      .map(([, file = ""]) => file)
      .filter((file) => !files.includes(`/src/${file}`))
      .filter((file) => !files.some((one) => one.startsWith(`/${folder}/`) && one.endsWith(`/${file}`)))
      .map((file) => `${folder}: ${file}`),
  );
  expect(elsewhere).toEqual([]);
});
