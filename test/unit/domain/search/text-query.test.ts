/** Words, queries, and what a text says to them. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  SEARCH_PREFIX_LENGTH_MIN,
  SEARCH_QUERY_TERMS_MAX,
  SEARCH_WORD_LENGTH_MAX,
  SEARCH_WORDS_PER_MESSAGE_MAX,
} from "../../../../src/base/limits.ts";
import { matchIn, parseQuery, rarityOf, relevance } from "../../../../src/domain/search/text-query.ts";
import { wordsOf } from "../../../../src/domain/search/words.ts";

const terms = (text: string) => wordsOf(text).map(({ term }) => term);
const parsed = (text: string) => {
  const result = parseQuery(text);
  if (!result.ok) throw new Error(result.error);
  return result.value;
};
const marked = (query: string, text: string) =>
  matchIn(parsed(query), text)?.ranges.map(({ start, end }) => text.slice(start, end));

describe("words", () => {
  test("are letters and digits, without case, accents and width", () => {
    expect(terms("Hello, World-wide_web 2.0!")).toEqual(["hello", "world", "wide", "web", "2", "0"]);
    expect(terms("Zürich ÉTÉ naïve Straße")).toEqual(["zurich", "ete", "naive", "strasse"]);
    expect(terms("Ｆｕｌｌ ｗｉｄｔｈ")).toEqual(["full", "width"]);
    expect(terms("Привет МИР שלום")).toEqual(["привет", "мир", "שלום"]);
    expect(terms("e\u0301te")).toEqual(["ete"]);
    expect(terms("🎉 👩‍🚀 — …")).toEqual([]);
  });

  test("of scripts without spaces are pairs, and the last character", () => {
    expect(terms("日本語")).toEqual(["日本", "本語", "語"]);
    expect(terms("iPhoneを買う")).toEqual(["iphone", "を買", "買う", "う"]);
    expect(terms("𠮷野家")).toEqual(["𠮷野", "野家", "家"]);
  });

  test("are the same however their characters are put together", () => {
    for (const text of ["été naïve", "가나다 학교", "ガギグ", "việt nam"]) {
      const parts = text.normalize("NFD");
      expect(parts).not.toBe(text);
      expect(terms(parts)).toEqual(terms(text));
      for (const { start, end, term } of wordsOf(parts)) expect(terms(parts.slice(start, end))[0]).toBe(term);
    }
    expect(marked("학교", "나는 학교에".normalize("NFD"))?.map((part) => part.normalize("NFC"))).toEqual(["학교"]);
  });

  test("of any text are found where they stand, and nothing that is asked throws", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 60 });
    fc.assert(
      fc.property(text, fc.string({ unit: "binary", maxLength: 40 }), (has, asked) => {
        for (const { start, end } of wordsOf(has)) {
          const query = parseQuery(has.slice(start, end));
          expect(query.ok && matchIn(query.value, has) !== undefined).toBe(true);
        }
        const other = parseQuery(asked);
        if (other.ok) matchIn(other.value, has);
        for (const { start, end } of wordsOf(asked)) expect(start < end && end <= asked.length).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test("say where they stand, in an ASCII text as in any other", () => {
    for (const text of ["a bc, d", "ä bc, 京都 d"]) {
      for (const { start, end } of wordsOf(text)) expect(text.slice(start, end)).toMatch(/^[\p{L}]+$/u);
    }
    expect(wordsOf("ab cd")[1]).toEqual({ term: "cd", start: 3, end: 5, isTail: false });
  });

  test("are cut at their length, and a text has a bounded number of them", () => {
    for (const letter of ["a", "ä"]) {
      expect(terms(letter.repeat(SEARCH_WORD_LENGTH_MAX))[0]).toHaveLength(SEARCH_WORD_LENGTH_MAX);
      expect(terms(letter.repeat(SEARCH_WORD_LENGTH_MAX + 1))[0]).toHaveLength(SEARCH_WORD_LENGTH_MAX);
      const many = (count: number) => terms(`${letter} `.repeat(count)).length;
      expect(many(SEARCH_WORDS_PER_MESSAGE_MAX)).toBe(SEARCH_WORDS_PER_MESSAGE_MAX);
      expect(many(SEARCH_WORDS_PER_MESSAGE_MAX + 1)).toBe(SEARCH_WORDS_PER_MESSAGE_MAX);
    }
  });
});

describe("a query", () => {
  test("is words, beginnings and phrases", () => {
    expect(parsed('tea  "green  Tea" pot* e-mail')).toEqual([
      { words: ["tea"], isPrefix: false },
      { words: ["green", "tea"], isPrefix: false },
      { words: ["pot"], isPrefix: true },
      { words: ["e", "mail"], isPrefix: false },
    ]);
    expect(parsed('"open phrase')).toEqual([{ words: ["open", "phrase"], isPrefix: false }]);
    expect(parsed('"two wo"*')).toEqual([{ words: ["two", "wo"], isPrefix: true }]);
    expect(parsed("日本語")).toEqual([{ words: ["日本", "本語"], isPrefix: false }]);
    expect(parsed("日")).toEqual([{ words: ["日"], isPrefix: true }]);
    expect(parsed('  "" * ?! ')).toEqual([]);
  });

  test("has bounds, and says which one was passed", () => {
    const beginning = "a".repeat(SEARCH_PREFIX_LENGTH_MIN);
    expect(parseQuery(`${beginning}*`).ok).toBe(true);
    expect(parseQuery(`${beginning.slice(1)}*`)).toMatchObject({
      ok: false,
      error: expect.stringContaining("2 letters"),
    });
    const words = (count: number) => "a ".repeat(count);
    expect(parseQuery(words(SEARCH_QUERY_TERMS_MAX)).ok).toBe(true);
    expect(parseQuery(words(SEARCH_QUERY_TERMS_MAX + 1))).toMatchObject({ ok: false });
  });
});

describe("a match", () => {
  test("marks what was found, joined where it overlaps", () => {
    expect(marked("tea", "Tea or tea?")).toEqual(["Tea", "tea"]);
    expect(marked("te*", "tea, TeAm and ate")).toEqual(["tea", "TeAm"]);
    expect(marked('"green tea"', "green tea, tea green, green-tea")).toEqual(["green tea", "green-tea"]);
    expect(marked("日本語", "これは日本語です")).toEqual(["日本語"]);
    expect(marked("本", "日本語")).toEqual(["本"]);
    expect(marked("語", "日本語")).toEqual(["語"]);
    expect(marked('"日本 語"', "日本語")).toBeUndefined();
    expect(marked("tea coffee", "only tea")).toBeUndefined();
    expect(matchIn([], "anything")).toMatchObject({ ranges: [], counts: [] });
  });

  test("counts more when it is rare, frequent and in a short text", () => {
    const score = (text: string, having: number) => {
      const match = matchIn(parsed("tea"), text);
      return match === undefined ? 0 : relevance(match, [rarityOf(having, 1_000)], 5);
    };
    expect(score("tea tea", 10)).toBeGreaterThan(score("tea and", 10));
    expect(score("tea", 10)).toBeGreaterThan(score("tea and a great many other words that dilute it", 10));
    expect(score("tea", 10)).toBeGreaterThan(score("tea", 900));
    expect(score("tea", 1_000)).toBeGreaterThan(0);
  });
});
