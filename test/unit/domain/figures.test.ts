import { expect, test } from "bun:test";
import { FIGURES_BOOK_ROOMS_MAX, FIGURES_BOOK_TENANTS_MAX, FIGURES_ROOMS_MAX } from "../../../src/base/limits.ts";
import { FigureBook } from "../../../src/domain/figure-book.ts";
import { DAY_MS, HOUR_MS } from "../../../src/base/days.ts";
import { addFigures, NO_FIGURES, union } from "../../../src/domain/figures.ts";

const NOON = Date.parse("2026-05-04T12:30:00Z");

test("messages are counted by day, hour and room, people once in each hour", () => {
  const book = new FigureBook();
  for (const who of ["ann", "ann", "ben"]) book.wrote("t", "plaza", NOON, 1, [who]);
  book.wrote("t", "cafe", NOON + HOUR_MS, 1, []);
  book.wrote("t", "plaza", NOON + DAY_MS, 1, ["ann"]);
  book.wasThere("t", NOON, "carl");
  book.wrote("other", "plaza", NOON, 1, ["ann"]);
  const [day, next, other] = book.take();
  expect([day?.tenant, day?.day, next?.day, other?.tenant]).toEqual(["t", "2026-05-04", "2026-05-05", "other"]);
  expect(day?.figures.rooms).toEqual([
    ["plaza", 3],
    ["cafe", 1],
  ]);
  const hours = day?.figures.hours.map(({ hour, messages, writers, users }) => [
    hour,
    messages,
    union([writers]).count,
    union([users]).count,
  ]);
  expect(hours).toEqual([
    [12, 3, 2, 3],
    [13, 1, 0, 0],
  ]);
  expect(book.isEmpty).toBe(true);
});

test("what several counted of one day is put together", () => {
  const [one, two] = [new FigureBook(), new FigureBook()];
  one.wrote("t", "a", NOON, 1, ["ann"]);
  two.wrote("t", "a", NOON, 1, ["ann"]);
  two.wrote("t", "b", NOON, 1, ["ben"]);
  two.wrote("t", "b", NOON, 1, ["ben"]);
  two.wrote("t", "a", NOON - HOUR_MS, 1, ["carl"]);
  const sum = [...one.take(), ...two.take()].reduce((all, { figures }) => addFigures(all, figures), NO_FIGURES);
  expect(sum.hours.map(({ hour, messages, writers }) => [hour, messages, union([writers]).count])).toEqual([
    [11, 1, 1],
    [12, 4, 2],
  ]);
  expect(sum.rooms).toEqual([
    ["a", 3],
    ["b", 2],
  ]);
});

test("the busiest rooms keep their numbers, one more does not; beyond the bounds nothing is counted", () => {
  const rooms = Array.from({ length: FIGURES_ROOMS_MAX + 1 }, (_, i) => [`r${i}`, i + 1] as const);
  const sum = addFigures(NO_FIGURES, { hours: [], rooms });
  expect(sum.rooms).toHaveLength(FIGURES_ROOMS_MAX);
  expect([sum.rooms[0]?.[0], sum.rooms.at(-1)?.[0]]).toEqual([`r${FIGURES_ROOMS_MAX}`, "r1"]);
  const book = new FigureBook();
  for (let i = 0; i <= FIGURES_BOOK_ROOMS_MAX; i += 1) book.wrote("t", `r${i}`, NOON, 1, []);
  expect(book.take()[0]?.figures).toMatchObject({ hours: [{ messages: FIGURES_BOOK_ROOMS_MAX + 1 }] });
  for (let i = 0; i <= FIGURES_BOOK_TENANTS_MAX; i += 1) book.wasThere(`t${i}`, NOON, "ann");
  expect(book.take()).toHaveLength(FIGURES_BOOK_TENANTS_MAX);
});
