/** docs/PERMISSIONS.md shows the table that decides. To write it anew: `bun test/unit/house/permission-tables.ts`. */
import { expect, test } from "bun:test";
import { PERMISSIONS_DOCUMENT, permissionTables } from "./permission-tables.ts";

test("the permissions in the docs are those of the code", async () => {
  expect(Object.fromEntries(await PERMISSIONS_DOCUMENT.read())).toEqual(Object.fromEntries(permissionTables()));
});
