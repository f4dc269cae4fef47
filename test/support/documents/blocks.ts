/**
 * The blocks of commands in the project's documents: every fenced block that says `sh`, `bash`, `shell` or `console`, and every
 * one without a language that has a line like a command.
 * Invariant: what a reader would type is found here; a block's id is where it stands, not how many lines are above it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

export interface Block {
  /** `README.md#several-nodes:1`: the file, the heading above, the number below it. */
  readonly id: string;
  readonly text: string;
}

const SHELLS = new Set(["sh", "bash", "shell", "console"]);
/** How a command begins, in a block that does not say what it is. */
const COMMAND = /^(?:\$ |(?:npm|npx|node|bun|curl|docker|export) )/m;
/** Whose Markdown is not ours, and what is made. */
const FOREIGN = new Set([".git", "node_modules", "dist", "data", "results"]);

/** All of them, in the order in which somebody meets them. */
export function commandBlocks(root: string): readonly Block[] {
  return documents(root).flatMap((path) => blocksOf(relative(root, path), readFileSync(path, "utf8")));
}

/** Their paths. */
export function documents(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !FOREIGN.has(name))
    .toSorted((a, b) => a.name.localeCompare(b.name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return documents(path);
      return entry.isFile() && entry.name.endsWith(".md") ? [path] : [];
    });
}

export function blocksOf(file: string, markdown: string): readonly Block[] {
  const found: Block[] = [];
  const counts = new Map<string, number>();
  let place = file;
  let open: { readonly indent: string; readonly language: string; readonly lines: string[] } | undefined;
  for (const line of markdown.split("\n")) {
    const [, indent = "", language] = /^(\s*)```(.*)$/.exec(line) ?? [];
    if (open === undefined) {
      const heading = /^#{1,6} (.+)$/.exec(line)?.[1];
      if (heading !== undefined) place = `${file}#${slug(heading)}`;
      if (language !== undefined) open = { indent, language: language.trim(), lines: [] };
    } else if (language === "") {
      const text = open.lines.map((each) => each.slice(indentOf(each, open?.indent.length ?? 0))).join("\n");
      if (isCommands(open.language, text)) {
        const number = (counts.get(place) ?? 0) + 1;
        counts.set(place, number);
        found.push({ id: `${place}:${number}`, text });
      }
      open = undefined;
    } else open.lines.push(line);
  }
  return found;
}

function isCommands(language: string, text: string): boolean {
  return SHELLS.has(language) || (language === "" && COMMAND.test(text));
}

/** Of a block within a list: as much as the fence is indented. */
function indentOf(line: string, wanted: number): number {
  return Math.min(wanted, line.length - line.trimStart().length);
}

/** As GitHub makes an anchor of a heading. */
export function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .trim()
    .replaceAll(" ", "-");
}
