/** docs/FEATURES.md is about files that are there, and says of nothing that it is built without a test. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "../../..");
const text = readFileSync(join(root, "docs/FEATURES.md"), "utf8");

interface Row {
  readonly what: string;
  readonly where: readonly string[];
  readonly tests: readonly string[];
  readonly state: string;
}

const rows: readonly Row[] = [...text.matchAll(/<!-- features -->([\s\S]*?)<!-- end -->/g)].flatMap(([, table]) =>
  (table ?? "")
    .trim()
    .split("\n")
    .slice(2)
    .map((line) => {
      const [, what = "", where = "", tests = "", state = ""] = line.split("|").map((cell) => cell.trim());
      return { what, where: filesIn(where), tests: filesIn(tests), state };
    }),
);

function filesIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, file]) => file ?? "");
}

test("both tables have rows", () => {
  expect(rows.length).toBeGreaterThan(40);
});

test.each(rows.map((row) => [row.what, row] as const))("%s", (_, { where, tests, state }) => {
  expect([...where, ...tests].filter((file) => !existsSync(join(root, file)))).toEqual([]);
  expect(where.filter((file) => !file.startsWith("src/"))).toEqual([]);
  expect(tests.filter((file) => !/^test\/.*\.test\.ts$/.test(file))).toEqual([]);
  expect(state).toMatch(/^(built$|in part: .+|later$|later: .+)/);
  const isThere = !state.startsWith("later");
  expect([where.length > 0, tests.length > 0]).toEqual([isThere, isThere]);
});
