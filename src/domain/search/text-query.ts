/**
 * What somebody looks for, as words, and whether a text has it. All parts must be there, in any order: a word, a beginning
 * (`word*`), or a "phrase" whose words follow one another. A word with something between its letters (`e-mail`) is a phrase.
 */
import { SEARCH_PREFIX_LENGTH_MIN, SEARCH_QUERY_TERMS_MAX } from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import { isUnspaced, type Word, wordsOf } from "./words.ts";

export interface QueryTerm {
  /** In their order, folded. At least one. */
  readonly words: readonly string[];
  /** The last one is the beginning of a word. */
  readonly isPrefix: boolean;
}

/** Part of a text, UTF-16 units; `end` is exclusive. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

export interface Match {
  /** Where the parts stand: in order, without overlaps. */
  readonly ranges: readonly TextRange[];
  /** How often each part is there. */
  readonly counts: readonly number[];
  /** Words of the text. */
  readonly words: number;
}

const PARTS = /"([^"]*)"?(\*?)|([^\s"]+)/gu;

/** A sentence about what is wrong with it, otherwise. No part at all is an empty list. */
export function parseQuery(text: string): Result<readonly QueryTerm[], string> {
  const terms: QueryTerm[] = [];
  for (const match of text.normalize("NFC").matchAll(PARTS)) {
    const [, phrase, star, bare = ""] = match;
    const term = phrase === undefined ? termOf(bare, bare.endsWith("*")) : termOf(phrase, star === "*");
    if (term === undefined) continue;
    const last = term.words.at(-1) ?? "";
    if (term.isPrefix && last.length < SEARCH_PREFIX_LENGTH_MIN && !isUnspaced(last)) {
      return err(`the beginning of a word has at least ${SEARCH_PREFIX_LENGTH_MIN} letters`);
    }
    terms.push(term);
    if (terms.length > SEARCH_QUERY_TERMS_MAX) return err(`there are at most ${SEARCH_QUERY_TERMS_MAX} parts`);
  }
  return ok(terms);
}

function termOf(text: string, isBeginning: boolean): QueryTerm | undefined {
  const words = wordsOf(text);
  const last = words.at(-1);
  if (last === undefined) return undefined;
  if (!last.isTail) return { words: words.map(({ term }) => term), isPrefix: isBeginning };
  // Within a run every character begins a pair: one that stands alone is looked for as a beginning.
  const isAlone = !isPairBefore(words.at(-2), last);
  const kept = isAlone ? words : words.slice(0, -1);
  return { words: kept.map(({ term }) => term), isPrefix: isAlone };
}

function isPairBefore(word: Word | undefined, tail: Word): boolean {
  return word !== undefined && word.end === tail.end;
}

/** `undefined`: the text lacks a part. */
export function matchIn(terms: readonly QueryTerm[], text: string): Match | undefined {
  const words = wordsOf(text);
  const places = new Map<string, number[]>();
  for (const [place, { term }] of words.entries()) {
    const known = places.get(term);
    if (known === undefined) places.set(term, [place]);
    else known.push(place);
  }
  const found: TextRange[] = [];
  const counts: number[] = [];
  for (const term of terms) {
    const before = found.length;
    addMatches(term, words, places, found);
    if (found.length === before) return undefined;
    counts.push(found.length - before);
  }
  return { ranges: joined(found), counts, words: words.length };
}

function addMatches(
  { words: wanted, isPrefix }: QueryTerm,
  words: readonly Word[],
  places: ReadonlyMap<string, readonly number[]>,
  found: TextRange[],
): void {
  const first = wanted[0] ?? "";
  const starts = wanted.length === 1 && isPrefix ? words.keys() : (places.get(first) ?? []);
  for (const start of starts) {
    const isThere = wanted.every((term, i) => {
      const word = words[start + i];
      if (word === undefined) return false;
      return isPrefix && i === wanted.length - 1 ? word.term.startsWith(term) : word.term === term;
    });
    if (!isThere) continue;
    const [from, to] = [words[start], words[start + wanted.length - 1]];
    if (from === undefined || to === undefined) continue;
    // Of a pair that was found by its first character, only that is meant.
    const isHalf =
      isPrefix && to.end - to.start === 2 && [...(wanted.at(-1) ?? "")].length === 1 && isUnspaced(to.term);
    found.push({ start: from.start, end: isHalf ? to.end - 1 : to.end });
  }
}

function joined(ranges: readonly TextRange[]): readonly TextRange[] {
  const sorted = ranges.toSorted((a, b) => a.start - b.start || a.end - b.end);
  const result: { start: number; end: number }[] = [];
  for (const { start, end } of sorted) {
    const last = result.at(-1);
    if (last !== undefined && start < last.end) last.end = Math.max(last.end, end);
    else result.push({ start, end });
  }
  return result;
}

const K1 = 1.2;
const B = 0.75;

/** BM25 of one text. `rarity`: per part, see `rarityOf`; `wordsMean`: of a text among those that are compared. */
export function relevance({ counts, words }: Match, rarity: readonly number[], wordsMean: number): number {
  const length = K1 * (1 - B + (B * words) / Math.max(1, wordsMean));
  return counts.reduce((sum, count, i) => sum + ((rarity[i] ?? 1) * count * (K1 + 1)) / (count + length), 0);
}

/** How much it says that a text has a part which `having` of `all` have. */
export function rarityOf(having: number, all: number): number {
  return Math.log(1 + (Math.max(all, having) - having + 0.5) / (having + 0.5));
}
