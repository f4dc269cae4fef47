/** The layer law of docs/ARCHITECTURE.md, held against every file of `src`, and against planted violations. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { importsOf, LAYERS, violations } from "../../support/layers.ts";
import { ARCHITECTURE, layerTable } from "./layer-table.ts";

const src = join(import.meta.dir, "../../../src");
const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => /\.tsx?$/.test(file));

test("every file of src imports only what its layer may import", () => {
  expect(files.length).toBeGreaterThan(20);
  expect(files.flatMap((file) => violations(file, readFileSync(join(src, file), "utf8")))).toEqual([]);
});

const PLANTED: readonly (readonly [why: string, path: string, source: string])[] = [
  ["base importing anything of ours", "base/x.ts", 'import { a } from "../protocol/frames.ts";'],
  ["the domain importing a port", "domain/room/x.ts", 'import type { Journal } from "../../storage/journal.ts";'],
  ["the domain importing a built-in module", "domain/x.ts", 'import { join } from "node:path";'],
  ["the domain importing a package", "domain/x.ts", 'import { pack } from "msgpackr";'],
  ["the domain reading the clock", "domain/x.ts", "export const now = () => Date.now();"],
  ["the domain rolling dice", "domain/x.ts", "export const roll = () => Math.random();"],
  ["the domain waiting", "domain/x.ts", "export async function wait(): Promise<void> {}"],
  ["the domain setting a timer", "domain/x.ts", "setTimeout(() => {}, 1);"],
  ["the protocol knowing the domain", "protocol/x.ts", 'export type { A } from "../domain/room/events.ts";'],
  ["actors knowing an adapter", "actors/x.ts", 'import { S } from "../storage/sqlite/store.ts";'],
  ["actors knowing the edge", "actors/x.ts", 'import type { Socket } from "../edge/ports.ts";'],
  ["actors reading the configuration", "actors/x.ts", 'import type { Config } from "../config/config.ts";'],
  ["the edge knowing an adapter", "edge/x.ts", 'const s = await import("../storage/memory/memory-journal.ts");'],
  ["the edge deciding", "edge/x.ts", 'import { decide } from "../domain/room/decide.ts";'],
  ["the edge reaching into an actor", "edge/x.ts", 'import { RoomActor } from "../actors/room-actor.ts";'],
  ["an adapter knowing another", "storage/sqlite/x.ts", 'import { M } from "../memory/memory-journal.ts";'],
  ["an adapter knowing an actor", "storage/sqlite/x.ts", 'import type { C } from "../../actors/calls.ts";'],
  ["a thread of another layer", "actors/x.ts", 'new Worker(new URL("../worker.ts", import.meta.url));'],
  ["src importing a test", "edge/x.ts", 'import "../../test/support/server.ts";'],
  ["main importing a benchmark", "main.ts", 'import "../bench/run.ts";'],
  ["a folder that no rule speaks of", "misc/x.ts", ""],
];

for (const [why, path, source] of PLANTED) {
  test(`the layer check catches ${why}`, () => {
    expect(violations(path, source)).toHaveLength(why === "the domain waiting" ? 2 : 1);
  });
}

test("what the layers allow passes", () => {
  expect(violations("actors/x.ts", 'import type { Journal } from "../storage/journal.ts";')).toEqual([]);
  expect(violations("storage/sqlite/x.ts", 'import type { Journal } from "../journal.ts";')).toEqual([]);
  expect(violations("edge/x.ts", 'import { Elysia } from "elysia";')).toEqual([]);
  expect(violations("domain/x.ts", '// the Date is a parameter\nexport const text = "an async Date";')).toEqual([]);
});

test("every form of import is seen, over several lines too", () => {
  const code =
    'import {\n  a,\n  b,\n} from "./a.ts";\nimport "./b.ts";\nexport { c } from "./c.ts";\nimport("./d.ts");';
  expect([...importsOf(code)].sort()).toEqual(["./a.ts", "./b.ts", "./c.ts", "./d.ts"]);
});

test("docs/ARCHITECTURE.md has this table of layers", async () => {
  expect((await ARCHITECTURE.read()).get("layers")).toBe(layerTable());
});

interface BiomeOverride {
  readonly includes: readonly string[];
  readonly linter: {
    readonly rules: {
      readonly style?: {
        readonly noRestrictedImports?: {
          readonly options: { readonly patterns: readonly { group: readonly string[] }[] };
        };
      };
    };
  };
}

test("the linter's rules of layers are these", () => {
  const { overrides } = JSON.parse(readFileSync(join(src, "../biome.json"), "utf8")) as { overrides: BiomeOverride[] };
  const names = Object.keys(LAYERS);
  const roots = names.filter((name) => name.endsWith(".ts"));
  const folders = names.filter((name) => !name.endsWith(".ts"));
  for (const folder of folders) {
    const { may = [] } = LAYERS[folder] ?? {};
    // The composition roots are free.
    if (may.includes("")) continue;
    const rule = overrides.find(({ includes }) => includes.includes(`src/${folder}/**`))?.linter.rules.style;
    const group = rule?.noRestrictedImports?.options.patterns[0]?.group ?? [];
    const others = folders.filter((other) => other !== folder && !may.includes(`${other}/`));
    const files = may.filter((path) => path.endsWith(".ts"));
    expect({ folder, rules: group.toSorted() }).toEqual({
      folder,
      rules: [
        ...others.map((other) => `**/${other}/**`),
        ...roots.map((root) => `**/../${root}`),
        ...files.map((path) => `!**/${path}`),
      ].toSorted(),
    });
  }
});
