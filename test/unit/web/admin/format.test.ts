/** Figures as people read them, places in charts, and addresses within the dashboard. */
import { expect, test } from "bun:test";
import { linePath, nearest, ticksTo } from "../../../../src/web/admin/chart/scale.ts";
import * as format from "../../../../src/web/admin/format.ts";
import { hrefOf, routeOf } from "../../../../src/web/admin/route.ts";

test("numbers, rates, times and sizes have their unit and no more digits than one takes in", () => {
  expect([0, 999, 12_345, 1_234_567].map(format.count)).toEqual(["0", "999", "12,345", "1.23M"]);
  expect([0, 0.04, 9.96, 150].map(format.rate)).toEqual(["0", "0.0", "10.0", "150"]);
  expect([0, 0.5, 12.4, 1_500, 61_000].map(format.milliseconds)).toEqual(["0 ms", "0.5 ms", "12 ms", "1.5 s", "61 s"]);
  expect([0, 999, 1_500, 155_000_000].map(format.bytes)).toEqual(["0 B", "999 B", "1.5 kB", "155 MB"]);
  expect([format.count(undefined), format.bytes(undefined), format.moment(null)]).toEqual(["–", "–", "–"]);
});

test("times are told by their two largest parts, or from now", () => {
  expect([0, 59_000, 3_661_000, 90_000_000].map(format.duration)).toEqual(["0 s", "59 s", "1 h 1 min", "1 d 1 h"]);
  const now = Date.parse("2026-11-28T12:00:00Z");
  expect(format.ago("2026-11-28T11:56:00Z", now)).toBe("4 min ago");
  expect(format.ago("2026-11-28T14:00:00Z", now)).toBe("in 2 h");
  expect(format.ago("2026-11-28T12:00:01Z", now)).toBe("now");
  expect([format.plural(1, "room"), format.plural(2, "room"), format.words("user_suspended")]).toEqual([
    "1 room",
    "2 rooms",
    "user suspended",
  ]);
});

test("an axis ends behind the largest value, at a round number", () => {
  expect(ticksTo(0)).toEqual([0]);
  expect(ticksTo(9)).toEqual([0, 2.5, 5, 7.5, 10]);
  expect(ticksTo(9, true)).toEqual([0, 5, 10]);
  expect(ticksTo(1, true)).toEqual([0, 1]);
  expect(ticksTo(0.3)).toEqual([0, 0.1, 0.2, 0.3]);
  for (const max of [1, 7, 33, 120, 4_999, 123_456]) expect(ticksTo(max).at(-1)).toBeGreaterThanOrEqual(max);
});

test("a line leaves a gap where nothing is known, and the pointer finds the nearest moment", () => {
  expect(
    linePath([
      [0, 1],
      [1, 2.04],
      [2, undefined],
      [3, 4],
    ]),
  ).toBe("M0 1L1 2M3 4");
  expect([nearest([], 5), nearest([10, 20, 30], 24), nearest([10, 20, 30], 26), nearest([10], 99)]).toEqual([
    -1, 1, 2, 0,
  ]);
});

test("places in the dashboard are addresses, whatever ids are like", () => {
  const href = hrefOf(["rooms", "a/b #?"], { roomId: "x&y" });
  expect(routeOf(href)).toEqual({ parts: ["rooms", "a/b #?"], query: { roomId: "x&y" } });
  expect([routeOf(""), routeOf("#/"), routeOf("#/%E0%A4%A")]).toEqual([
    { parts: [], query: {} },
    { parts: [], query: {} },
    { parts: ["%E0%A4%A"], query: {} },
  ]);
});
