import { describe, expect, test } from "bun:test";
import { refuseRules } from "../../../../src/domain/moderation/compiled-rules.ts";
import { fold } from "../../../../src/domain/moderation/fold.ts";
import { type Judgement, judge } from "../../../../src/domain/moderation/judge.ts";
import type { ModerationLevel } from "../../../../src/domain/moderation/levels.ts";
import type { ModerationRule } from "../../../../src/domain/moderation/rules.ts";
import {
  MODERATION_LIST_CHARS_MAX,
  MODERATION_PATTERNS_MAX,
  MODERATION_RULES_MAX,
  MODERATION_WORD_LENGTH_MAX,
} from "../../../../src/base/limits.ts";
import { keepsTo } from "../../../support/in-time.ts";

const LENGTH_MAX = 5_000;

function judged(
  text: string,
  rules: readonly ModerationRule[],
  more: { level?: ModerationLevel; repeats?: number } = {},
): Judgement {
  const input = { text, mentions: 0, repeatsWithin: () => more.repeats ?? 0 };
  return judge([{ source: "rule", rules }], more.level, input, LENGTH_MAX);
}
function outcome(text: string, rule: Omit<ModerationRule, "id" | "action">): string {
  return judged(text, [{ id: "r", action: "reject", ...rule }]).outcome;
}
const mask = (text: string, rule: Omit<ModerationRule, "id" | "action">): string =>
  judged(text, [{ id: "r", action: "replace", ...rule }]).content;

describe("words", () => {
  test.each([
    "darn",
    "DARN it",
    "(darn)",
    "d\u0430rn", // a Cyrillic a
    "ｄａｒｎ", // full width
    "d\u200Ba\u200Drn", // unseen characters
    "d\u0337a\u0337r\u0337n\u0337", // marks that no letter has
    "d4rn",
    "D@RN",
    "oh_darn!",
  ])("a word is found in %p", (text) => {
    expect(outcome(text, { words: ["darn"] })).toBe("reject");
  });

  test.each(["darning", "undarn", "dar n", "d-arn", "barn", "4 rn"])("a whole word is not found in %p", (text) => {
    expect(outcome(text, { words: ["darn"] })).toBe("publish");
  });

  test("a part is found within words", () => {
    expect(outcome("DARNING", { words: ["darn"], match: "part" })).toBe("reject");
  });

  test("a phrase is found as it stands, not within words", () => {
    expect(outcome("Buy NOW!", { words: ["buy now"] })).toBe("reject");
    expect(outcome("rebuy nowhere", { words: ["buy now"] })).toBe("publish");
  });

  test("letters with marks of their own are other letters", () => {
    expect(outcome("schwül", { words: ["schwul"] })).toBe("publish");
    expect(outcome("schwu\u0308l", { words: ["schwül"] })).toBe("reject");
  });

  test("digits alone stand for themselves", () => {
    expect(outcome("call 1011", { words: ["ioii"] })).toBe("publish");
    expect(outcome("call 1011", { words: ["1011"] })).toBe("reject");
  });

  test("every unit of a folded text knows its place in the original", () => {
    const text = "ｄa\u0337 ﬁ 🎉 İx";
    const { text: folded, starts, ends } = fold(text);
    expect(folded).toBe("da fi 🎉 ix");
    expect(starts?.length).toBe(folded.length);
    for (let i = 0; i < folded.length; i += 1) {
      expect(ends?.[i] ?? 0).toBeGreaterThan(starts?.[i] ?? 0);
      expect(ends?.[i] ?? 0).toBeLessThanOrEqual(text.length);
    }
  });

  test("a long text of digits and signs is read in linear time", async () => {
    await keepsTo(1_000, () => {
      const startMs = performance.now();
      outcome("1".repeat(200_000), { words: ["darn"] });
      return performance.now() - startMs;
    });
  });
});

describe("masking", () => {
  test("each character that was found becomes a star, the rest stays as it was written", () => {
    expect(mask("Oh DАRN, d\u200Barn!", { words: ["darn"] })).toBe("Oh ****, *****!");
  });

  test("a replacement stands for what was found", () => {
    expect(mask("a 4111-1111 b", { pattern: "\\d{4}-\\d{4}", replacement: "[number]" })).toBe("a [number] b");
  });

  test("masks of several rules that overlap become one", () => {
    const rules: ModerationRule[] = [
      { id: "a", action: "replace", words: ["one two"] },
      { id: "b", action: "replace", words: ["two three"] },
    ];
    expect(judged("x one two three y", rules).content).toBe("x ************* y");
  });

  test("replacements never make a message longer than messages may be", () => {
    const long = "ab ".repeat(1_600);
    expect(mask(long, { words: ["ab"], replacement: "[removed]" })).toBe("** ".repeat(1_600));
  });

  test("all places of a pattern are found where each search is soon at its end, and where there are not too many", () => {
    expect(mask("1".repeat(LENGTH_MAX), { pattern: "\\d" })).toBe("*".repeat(LENGTH_MAX));
    expect(mask("12,".repeat(200), { pattern: "\\d+", replacement: "N" })).toBe("N,".repeat(200));
  });

  test("a pattern that looks as far as the end for each of its places takes no turn for itself: the rest is one place", async () => {
    const slow = { pattern: "a(.?.?.?.?.?.?.?.?)*b|a", replacement: "x" };
    const text = `${"a-".repeat(LENGTH_MAX / 2 - 1)}aa`;
    let masked = "";
    await keepsTo(500, () => {
      const startMs = performance.now();
      masked = mask(text, slow);
      return performance.now() - startMs;
    });
    expect(masked).toMatch(/^(x-)+x$/);
    expect(masked.length).toBeLessThan(200);
    // Several of them have no more between them than one.
    await keepsTo(500, () => {
      const startMs = performance.now();
      const rules = Array.from({ length: 15 }, (_, i) => ({ id: `r${i}`, action: "replace" as const, ...slow }));
      judged(text, rules);
      return performance.now() - startMs;
    });
  });
});

describe("several rules", () => {
  const rules: ModerationRule[] = [
    { id: "flags", action: "flag", words: ["odd"] },
    { id: "masks", action: "replace", words: ["rude"] },
    { id: "holds", action: "hold", words: ["buy"], reason: "Offers are looked at first." },
    { id: "refuses", action: "reject", words: ["spam"], reason: "No advertising." },
  ];

  test("the strongest action decides", () => {
    expect(judged("odd rude buy spam", rules)).toMatchObject({ outcome: "reject", finding: { rule: "refuses" } });
    expect(judged("odd rude buy", rules)).toMatchObject({
      outcome: "hold",
      content: "odd rude buy",
      finding: { rule: "holds", reason: "Offers are looked at first." },
    });
  });

  test("what is published is masked and flagged", () => {
    expect(judged("odd rude", rules)).toMatchObject({
      outcome: "publish",
      content: "odd ****",
      finding: { rule: "flags" },
    });
    expect(judged("fine", rules)).toEqual({ outcome: "publish", content: "fine", finding: undefined });
  });
});

describe("levels", () => {
  const links = (count: number): string => "see https://a.example ".repeat(count);
  test.each([
    ["basic", links(5), "publish"],
    ["basic", links(6), "reject"],
    ["strict", links(1), "publish"],
    ["strict", links(2), "hold"],
    ["basic", "@a ".repeat(20), "publish"],
    ["basic", "@a ".repeat(21), "reject"],
    ["strict", "@a ".repeat(6), "reject"],
    ["basic", "a".repeat(60), "publish"],
    ["basic", "a".repeat(61), "reject"],
    ["strict", "! ".repeat(16), "reject"],
    ["basic", "THIS IS ALL VERY LOUD INDEED", "publish"],
    ["strict", "THIS IS ALL VERY LOUD INDEED", "reject"],
    ["strict", "NASA AND ESA", "publish"],
    ["none", links(50), "publish"],
  ] as const)("%s: %p → %s", (level, text, expected) => {
    expect(judged(text, [], { level }).outcome).toBe(expected);
  });

  test("the same text again is refused after the third time, or at once in a strict room", () => {
    expect(judged("hi", [], { level: "basic", repeats: 2 }).outcome).toBe("publish");
    expect(judged("hi", [], { level: "basic", repeats: 3 }).outcome).toBe("reject");
    expect(judged("hi", [], { level: "strict", repeats: 1 }).finding).toMatchObject({
      source: "level",
      rule: "repeats",
    });
  });
});

describe("lists of rules", () => {
  const rule = (more: Partial<ModerationRule>): ModerationRule => ({ id: "r", action: "flag", ...more });
  test.each([
    ["both words and a pattern", rule({ words: ["a"], pattern: "a" })],
    ["neither", rule({})],
    ["a word that nobody sees", rule({ words: ["\u200b"] })],
    ["a word that is too long", rule({ words: ["a".repeat(MODERATION_WORD_LENGTH_MAX + 1)] })],
    ["a pattern that cannot be read", rule({ pattern: "(" })],
    ["a pattern with a look-ahead", rule({ pattern: "(?=a)" })],
    ["a pattern that matches everything", rule({ pattern: "a*" })],
    ["a pattern that is too large", rule({ pattern: "(a{20}){20}" })],
    ["an empty reason", rule({ words: ["a"], reason: "" })],
    ["half of a character", rule({ words: ["\ud800"] })],
  ])("%s is refused", (_name, broken) => {
    expect(refuseRules([broken])?.field).toBe("rules.0");
  });

  test("two rules do not have one name", () => {
    expect(refuseRules([rule({ words: ["a"] }), rule({ words: ["b"] })])?.field).toBe("rules.1");
  });

  test("lists keep within their bounds, and may reach them", () => {
    const many = (count: number, of: (i: number) => Partial<ModerationRule>): ModerationRule[] =>
      Array.from({ length: count }, (_, i) => rule({ id: `r${i}`, ...of(i) }));
    expect(refuseRules(many(MODERATION_RULES_MAX, () => ({ words: ["a"] })))).toBeUndefined();
    expect(refuseRules(many(MODERATION_RULES_MAX + 1, () => ({ words: ["a"] })))?.field).toBe("rules");
    expect(refuseRules(many(MODERATION_PATTERNS_MAX, () => ({ pattern: "a" })))).toBeUndefined();
    expect(refuseRules(many(MODERATION_PATTERNS_MAX + 1, () => ({ pattern: "a" })))?.field).toBe("rules");
    expect(refuseRules(many(10, () => ({ pattern: "a{100}" })))?.message).toContain("too costly");
    const words = Array.from({ length: MODERATION_LIST_CHARS_MAX / 64 }, (_, i) => `${i}`.padEnd(64, "x"));
    expect(refuseRules([rule({ words })])).toBeUndefined();
    expect(refuseRules([rule({ words: [...words, "y"] })])?.field).toBe("rules");
  });
});
