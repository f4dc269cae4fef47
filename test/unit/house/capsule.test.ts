/** docs/CAPSULE.md against the file that an export makes. */
import { expect, test } from "bun:test";
import { openToWrite } from "../../../src/capsule/capsule-file.ts";
import { DocumentTables } from "../../support/document-tables.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

test("the tables and views in the docs are those of a capsule, with all of their columns", async () => {
  const folder = temporaryFolder();
  const db = openToWrite(`${folder.path}/new.capsule`);
  const named = db
    .prepare<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
    .all();
  const made = named.map(({ name }) => {
    const columns = db.prepare<{ name: string }, [string]>("SELECT name FROM pragma_table_info(?)").all(name);
    return `\`${name}\` | ${columns.map((column) => `\`${column.name}\``).join(", ")}`;
  });
  db.close();
  folder.remove();
  const table = (await new DocumentTables("docs/CAPSULE.md").read()).get("capsule") ?? "";
  const rows = table.split("\n").slice(2);
  expect(rows.map((row) => row.slice(2).split(" | ").slice(0, 2).join(" | ")).sort()).toEqual(made.sort());
});
