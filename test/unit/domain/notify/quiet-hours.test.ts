/** Quiet hours by the clock of where somebody lives: over midnight, on some days, and when clocks change. */
import { describe, expect, test } from "bun:test";
import { clockOf, isQuiet, isTimeZone, minuteOf, type QuietHours } from "../../../../src/domain/notify/quiet-hours.ts";

const NIGHT: QuietHours = { from: 22 * 60, to: 7 * 60, timeZone: "Europe/Berlin" };
const at = (text: string): number => Date.parse(text);

describe("over midnight", () => {
  const cases: readonly (readonly [text: string, quiet: boolean])[] = [
    ["2026-01-14T20:59:59Z", false],
    ["2026-01-14T21:00:00Z", true],
    ["2026-01-15T03:00:00Z", true],
    ["2026-01-15T05:59:59Z", true],
    ["2026-01-15T06:00:00Z", false],
    // An hour earlier in summer.
    ["2026-07-14T20:00:00Z", true],
    ["2026-07-15T05:00:00Z", false],
  ];
  for (const [text, quiet] of cases) {
    test(`${text} is ${quiet ? "quiet" : "not quiet"} in Berlin`, () => {
      expect(isQuiet(NIGHT, at(text))).toBe(quiet);
    });
  }
});

test("a zone with half an hour, and one on the other side of the date line", () => {
  expect(isQuiet({ ...NIGHT, timeZone: "Asia/Kolkata" }, at("2026-01-14T16:29:59Z"))).toBe(false);
  expect(isQuiet({ ...NIGHT, timeZone: "Asia/Kolkata" }, at("2026-01-14T16:30:00Z"))).toBe(true);
  expect(isQuiet({ ...NIGHT, timeZone: "Pacific/Auckland" }, at("2026-01-14T09:00:00Z"))).toBe(true);
});

test("within a day both ends are what they say", () => {
  const noon = { from: 12 * 60, to: 13 * 60, timeZone: "UTC" };
  expect(isQuiet(noon, at("2026-01-14T11:59:59Z"))).toBe(false);
  expect(isQuiet(noon, at("2026-01-14T12:00:00Z"))).toBe(true);
  expect(isQuiet(noon, at("2026-01-14T12:59:59Z"))).toBe(true);
  expect(isQuiet(noon, at("2026-01-14T13:00:00Z"))).toBe(false);
});

test("a night belongs to the day on which it begins", () => {
  // The 16th of January 2026 is a Friday.
  const weekend = { ...NIGHT, timeZone: "UTC", days: [5, 6] };
  expect(isQuiet(weekend, at("2026-01-16T03:00:00Z"))).toBe(false);
  expect(isQuiet(weekend, at("2026-01-16T23:00:00Z"))).toBe(true);
  expect(isQuiet(weekend, at("2026-01-18T03:00:00Z"))).toBe(true);
  expect(isQuiet(weekend, at("2026-01-18T23:00:00Z"))).toBe(false);
  // Sunday's night ends on Monday.
  expect(isQuiet({ ...weekend, days: [7] }, at("2026-01-19T03:00:00Z"))).toBe(true);
  expect(isQuiet({ ...weekend, days: [1] }, at("2026-01-19T03:00:00Z"))).toBe(false);
});

test("the hour that is skipped, and the one that comes twice, are what the clock there says", () => {
  // On the 29th of March 2026 Berlin goes from 2:00 to 3:00, on the 25th of October from 3:00 to 2:00.
  const early = { from: 2 * 60, to: 3 * 60, timeZone: "Europe/Berlin" };
  expect(isQuiet(early, at("2026-03-29T00:59:59Z"))).toBe(false);
  expect(isQuiet(early, at("2026-03-29T01:00:00Z"))).toBe(false);
  expect(isQuiet(early, at("2026-10-25T00:30:00Z"))).toBe(true);
  expect(isQuiet(early, at("2026-10-25T01:30:00Z"))).toBe(true);
});

test("times of the day are read strictly, and written as they were read", () => {
  for (const text of ["00:00", "07:05", "23:59"]) expect(clockOf(minuteOf(text) ?? -1)).toBe(text);
  for (const text of ["24:00", "7:05", "07:60", "", "22.30", "22:30:00", " 22:30"]) {
    expect(minuteOf(text)).toBeUndefined();
  }
});

test("zones are those of IANA", () => {
  for (const name of ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"]) expect(isTimeZone(name)).toBe(true);
  for (const name of ["Mars/Olympus", "Berlin", "../etc/passwd"]) expect(isTimeZone(name)).toBe(false);
});
