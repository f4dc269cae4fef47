/** docs/ASSISTANT.md says of triggers what the code does. */
import { expect, test } from "bun:test";
import { ASSISTANT_PAGE, triggerTable } from "./trigger-table.ts";

test("the page has the table of triggers", async () => {
  expect((await ASSISTANT_PAGE.read()).get("triggers")).toBe(triggerTable());
});
