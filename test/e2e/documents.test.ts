/**
 * Every block of commands in the documents, done as a reader does it: in a clone of the project, in terminals, one server for
 * most of them. A new block needs a case in `test/support/documents`; where a case only reads (a part of) its block, it says why.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { commandBlocks } from "../support/documents/blocks.ts";
import type { Cases } from "../support/documents/case.ts";
import { GUIDE_CASES } from "../support/documents/guide-cases.ts";
import { OPERATIONS_CASES } from "../support/documents/operations-cases.ts";
import { PROTOCOL_CASES } from "../support/documents/protocol-cases.ts";
import { Reader } from "../support/documents/reader.ts";
import { README_CASES } from "../support/documents/readme-cases.ts";
import { TWO_NODES_CASES } from "../support/documents/two-nodes-cases.ts";
import { isThere, type Program } from "../support/programs.ts";

const NEEDED: readonly Program[] = ["git", "curl", "sqlite3", "redis-server", "haproxy", "spin", "cc"];
const BLOCK_MS_MAX = 180_000;
const CASES: Cases = {
  ...README_CASES,
  ...GUIDE_CASES,
  ...PROTOCOL_CASES,
  ...OPERATIONS_CASES,
  ...TWO_NODES_CASES,
};
const canRun = (await Promise.all(NEEDED.map(isThere))).every(Boolean);
const blocks = commandBlocks(join(import.meta.dir, "../.."));
const reader = new Reader(blocks);
afterAll(() => reader.leave());

test("each block of commands has a case, and each case its block", () => {
  expect(Object.keys(CASES).toSorted()).toEqual(blocks.map(({ id }) => id).toSorted());
});

describe.skipIf(!canRun)("as they stand", () => {
  for (const { id } of blocks) {
    const its = CASES[id];
    if (its === undefined) continue;
    const name = its.onlyRead === undefined ? id : `${id} (in part only read: ${its.onlyRead})`;
    test(name, () => its.run(reader, id), BLOCK_MS_MAX);
  }
});
