/** What is left in the bytes of the database file after rewriting and cleaning. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Segment } from "../../../src/storage/journal.ts";
import { openSqlite } from "../../../src/storage/sqlite/open-sqlite.ts";
import { appendNow, ask, LOG, segment } from "../../conformance/harness.ts";
import { failOnFatal, temporaryFolder } from "../../support/temporary-folder.ts";

const TOKEN = "zqxwordszqx";

async function written(options: { readonly unsettledBytesMax?: number; readonly vacuumBytesMax?: number }) {
  const folder = temporaryFolder();
  const storage = openSqlite({ dir: folder.path, onFatal: failOnFatal, ...options });
  const { journal } = storage;
  for (let seq = 1; seq <= 200; seq += 1) {
    const entries = Buffer.from(`${TOKEN} ${"x".repeat(seq % 7 === 0 ? 5_000 : 50)}`);
    await appendNow(journal, LOG, segment(seq, 1, { entries }), [
      { kind: "message", seq, overlay: { content: `${TOKEN} ${seq}` } },
    ]);
  }
  const range = { from: 1, to: 1_000, eventsMax: 1_000 };
  const segments = await ask<readonly Segment[]>((done) => journal.readRange(LOG, range, done));
  const changes = segments.map((one) => ({ segment: { ...one, entries: Buffer.from("-") }, before: one.entries }));
  const all = ask<boolean>((done) => journal.rewrite(LOG, changes, (row) => row, done));
  journal.flush();
  expect(await all).toBe(true);
  const rows = segments.map(({ firstSeq: seq }) => ({ kind: "message" as const, seq, overlay: {} }));
  await appendNow(journal, LOG, segment(201), rows);
  const clean = ask<"clean" | "too_large">((done) => journal.clean(undefined, [], done));
  journal.flush();
  const outcome = await clean;
  const files = readdirSync(folder.path).filter((name) => readFileSync(join(folder.path, name)).includes(TOKEN));
  const left = await ask<readonly Segment[]>((done) => journal.readRange(LOG, range, done));
  await storage.close();
  folder.remove();
  return { outcome, files, segments: left.length };
}

test.each([4_000_000, 1])(
  "nothing of what was rewritten is in any byte, with %i bytes unsettled at most",
  async (bytes) => {
    expect(await written({ unsettledBytesMax: bytes })).toEqual({ outcome: "clean", files: [], segments: 201 });
  },
);

test("a file beyond the bound is left as it is, and that is said", async () => {
  const { outcome, files, segments } = await written({ vacuumBytesMax: 4_096 });
  expect([outcome, segments]).toEqual(["too_large", 201]);
  expect(files.length).toBeGreaterThan(0);
});
