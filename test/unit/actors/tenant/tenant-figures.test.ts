import { expect, test } from "bun:test";
import type { TenantId } from "../../../../src/base/ids.ts";
import { FIGURES_DAYS_MAX } from "../../../../src/base/limits.ts";
import { readFigures, writeFigures } from "../../../../src/actors/tenant/tenant-figures.ts";
import type { FiguresOfDay } from "../../../../src/actors/tenant-calls.ts";
import { FigureBook } from "../../../../src/domain/figure-book.ts";
import { DAY_MS, dayOf } from "../../../../src/base/days.ts";
import { MemoryProjections } from "../../../../src/storage/memory/memory-projections.ts";
import { MemoryStore } from "../../../../src/storage/memory/memory-store.ts";

const T = "t" as TenantId;
const NOON = Date.parse("2026-05-04T12:30:00Z");

function store() {
  const projections = new MemoryProjections(new MemoryStore());
  const write = (atMs: number, messages = 1): Promise<boolean> => {
    const book = new FigureBook();
    for (let i = 0; i < messages; i += 1) book.wrote(T, "room", atMs, 1, ["ann"]);
    const [delta] = book.take();
    if (delta === undefined) throw new Error("nothing to write");
    return new Promise((resolve) => writeFigures(projections, delta, resolve));
  };
  const read = (): Promise<readonly FiguresOfDay[]> =>
    new Promise((resolve, reject) =>
      readFigures(projections, T, 200, (found) => (found.ok ? resolve(found.value) : reject(new Error(found.error)))),
    );
  return { write, read };
}

test("of those who add at once nothing is lost", async () => {
  const { write, read } = store();
  expect(await Promise.all([write(NOON, 2), write(NOON, 3), write(NOON, 4), write(NOON, 5)])).not.toContain(false);
  expect((await read()).map(({ day, figures }) => [day, figures.rooms])).toEqual([["2026-05-04", [["room", 14]]]]);
});

test("so many days are kept; one more lets the oldest go", async () => {
  const { write, read } = store();
  for (let i = 0; i < FIGURES_DAYS_MAX; i += 1) await write(NOON + i * DAY_MS);
  expect(await read()).toHaveLength(FIGURES_DAYS_MAX);
  await write(NOON + FIGURES_DAYS_MAX * DAY_MS);
  await new Promise((resolve) => setImmediate(resolve));
  const days = (await read()).map(({ day }) => day);
  expect(days).toHaveLength(FIGURES_DAYS_MAX);
  expect(days.at(-1)).toBe(dayOf(NOON + DAY_MS));
});
