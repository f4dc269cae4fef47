import { describe, expect, test } from "bun:test";
import { ProgressBar } from "../../../src/cli/progress-bar.ts";

describe("a progress bar", () => {
  const shown = (isTTY: boolean) => {
    const texts: string[] = [];
    let nowMs = 0;
    const bar = new ProgressBar("events", { isTTY, write: (text) => texts.push(text) }, () => nowMs);
    const at = (ms: number, done: number, total: number): void => {
      nowMs = ms;
      bar.update(done, total);
    };
    return { at, texts, bar };
  };

  test("says how many of how many there are, and how long the rest takes at this pace", () => {
    const { at, texts } = shown(true);
    at(0, 0, 2_000_000);
    at(1_000, 500_000, 2_000_000);
    at(3_000, 1_000_000, 2_000_000);
    at(4_000, 2_000_000, 2_000_000);
    const CLEAR = "\u001b[K";
    expect(texts.map((text) => text.slice(1).replace(CLEAR, ""))).toEqual([
      "[........................] 0 %  0 of 2,000,000 events",
      "[######..................] 25 %  500,000 of 2,000,000 events, 3 s left",
      "[############............] 50 %  1,000,000 of 2,000,000 events, 3 s left",
      "[########################] 100 %  2,000,000 of 2,000,000 events",
    ]);
  });

  test("counts the pace from where this run began", () => {
    const { at, texts } = shown(true);
    at(0, 900, 1_000);
    at(1_000, 901, 1_000);
    expect(texts.at(-1)).toContain("901 of 1,000 events, 1 min 39 s left");
  });

  test("is drawn ten times a second at most, and the end always", () => {
    const { at, texts } = shown(true);
    at(0, 1, 100);
    at(99, 2, 100);
    expect(texts).toHaveLength(1);
    at(100, 3, 100);
    at(101, 100, 100);
    expect(texts).toHaveLength(3);
  });

  test("is a line each five seconds where nobody watches", () => {
    const { at, texts, bar } = shown(false);
    for (const ms of [0, 1_000, 4_999, 5_000]) at(ms, 1 + ms, 10_000);
    bar.clear();
    expect(texts).toEqual(["0 %  1 of 10,000 events\n", "50 %  5,001 of 10,000 events, 5 s left\n"]);
  });

  test("of nothing is at its end", () => {
    const { at, texts } = shown(false);
    at(0, 0, 0);
    expect(texts).toEqual(["100 %  0 of 0 events\n"]);
  });
});
