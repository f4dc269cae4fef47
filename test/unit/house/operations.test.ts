/** docs/OPERATIONS.md names every variable that the server reads, as the server understands it. */
import { expect, test } from "bun:test";
import { OPERATIONS, variablesDocumented, variablesRead, variableTables } from "./variables-table.ts";

/** Refused with a sentence of its own. */
const REFUSED = ["DATABASE_URL"];

test("each variable that a start reads is documented once, and no other is", () => {
  expect([...variablesDocumented(), ...REFUSED].sort()).toEqual([...variablesRead()].sort());
});

test("the tables are those of the code", async () => {
  expect(Object.fromEntries(await OPERATIONS.read())).toEqual(Object.fromEntries(variableTables()));
});
