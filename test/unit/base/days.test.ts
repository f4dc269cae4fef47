import { expect, test } from "bun:test";
import fc from "fast-check";
import { DAY_MS, dayOf, hourOf, startOfDay } from "../../../src/base/days.ts";

test("days are those of the calendar, with leap years, there and back", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (atMs) => {
      const day = new Date(atMs).toISOString().slice(0, 10);
      expect(dayOf(atMs)).toBe(day);
      expect(startOfDay(day)).toBe(Date.parse(day));
      expect(hourOf(atMs)).toBe(new Date(atMs).getUTCHours());
    }),
    { numRuns: 2_000 },
  );
  for (const day of ["2000-02-29", "2024-02-29", "2024-03-01", "2100-02-28", "1970-01-01"]) {
    expect([dayOf(startOfDay(day)), dayOf(startOfDay(day) + DAY_MS - 1)]).toEqual([day, day]);
  }
});
