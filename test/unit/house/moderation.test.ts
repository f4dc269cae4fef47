/** docs/MODERATION.md says what the code does. */
import { expect, test } from "bun:test";
import * as limits from "../../../src/base/limits.ts";
import { levelTable, MODERATION_DOCUMENT } from "./level-table.ts";

test("the levels in the docs are those of the code", async () => {
  expect(Object.fromEntries(await MODERATION_DOCUMENT.read())).toEqual({ levels: levelTable() });
});

test("the bounds in the docs are those of the code", async () => {
  const document = await Bun.file(new URL("../../../docs/MODERATION.md", import.meta.url)).text();
  const text = document.replaceAll(/\s+/g, " ");
  const number = (value: number): string => value.toLocaleString("en-US");
  for (const said of [
    `up to ${number(limits.MODERATION_WORDS_MAX)} of ${limits.MODERATION_WORD_LENGTH_MAX} characters`,
    `up to ${limits.MODERATION_PATTERN_LENGTH_MAX} characters`,
    `up to ${limits.MODERATION_REASON_LENGTH_MAX} characters`,
    `(${limits.MODERATION_PATTERN_SIZE_MAX} instructions;`,
    `up to ${limits.MODERATION_RULES_MAX} rules, ${limits.MODERATION_PATTERNS_MAX} of them patterns`,
    `(${limits.MODERATION_PATTERNS_SIZE_MAX} instructions together), and ${number(limits.MODERATION_LIST_CHARS_MAX)} characters`,
    `within ${limits.TENANT_RULES_MS / 1_000} seconds`,
    `the latest ${limits.REPEATS_LOOKED_AT_MAX} events`,
    `${number(limits.HELD_PER_ROOM_MAX)} messages may wait`,
    `once, and ${limits.REPORTS_PER_HOUR_MAX} in an hour`,
    `names the first ${limits.REPORTERS_KEPT_MAX}.`,
    `(the first ${limits.STAFF_KEPT_MAX})`,
    `the first ${number(limits.BACKTEST_IDS_MAX)}`,
    `${limits.BACKTEST_SAMPLE_MAX} of them as a sample`,
    `${number(limits.BACKTEST_EVENTS_MAX)} events at most`,
    `asks ${limits.HOOK_REQUESTS_MAX} questions at once, and ${number(limits.HOOK_WAITING_MAX)} more wait`,
  ]) {
    expect(text).toContain(said);
  }
});
