/**
 * The table of layers in docs/ARCHITECTURE.md, made from the rules that the check of `layers.test.ts` holds. To write it anew:
 * `bun test/unit/house/layer-table.ts`.
 */
import { ACTOR_LINK, CLUSTER_PORTS, DOMAIN_TYPES, JOURNAL_PORTS, LAYERS, type Layer } from "../../support/layers.ts";
import { DocumentTables } from "../../support/document-tables.ts";

const NAMED: readonly (readonly [name: string, paths: readonly string[]])[] = [
  ["ports of `storage` (1)", JOURNAL_PORTS],
  ["ports of `cluster` (2)", CLUSTER_PORTS],
  ["the link of `actors` (3)", ACTOR_LINK],
  ["data types of `domain` (4)", DOMAIN_TYPES],
];

function cellsOf(name: string, layer: Layer): string {
  const places = layer.may.includes("") ? ["everything"] : placesOf(layer.may);
  const packages = layer.packages.includes("*") ? ["any"] : layer.packages.map((pattern) => `\`${pattern}\``);
  return `| \`${name}\` | ${places.join(", ") || "–"} | ${packages.join(", ") || "–"} |`;
}

function placesOf(may: readonly string[]): readonly string[] {
  const groups = NAMED.filter(([, paths]) => paths.every((path) => may.includes(path)));
  const inGroups = new Set(groups.flatMap(([, paths]) => paths));
  const alone = may.filter((path) => !inGroups.has(path)).map((path) => `\`${path.replace(/\/$/, "")}\``);
  return [...alone, ...groups.map(([name]) => name)];
}

export function layerTable(): string {
  const rows = Object.entries(LAYERS).map(([name, layer]) => cellsOf(name, layer));
  const notes = NAMED.map(([, paths], i) => `(${i + 1}) ${paths.map((path) => `\`${path}\``).join(", ")}`);
  return `| layer | may import | packages |\n| --- | --- | --- |\n${rows.join("\n")}\n\n${notes.join("  \n")}`;
}

export const ARCHITECTURE = new DocumentTables("docs/ARCHITECTURE.md");

if (import.meta.main) await ARCHITECTURE.write(new Map([["layers", layerTable()]]));
