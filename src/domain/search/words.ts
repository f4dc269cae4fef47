/**
 * The words of a text, as they are looked for: the same for every store, for highlighting and for checking what was found.
 * Case, accents and forms of width make no difference. Scripts that put no space between words (Chinese, Japanese, Thai) and
 * Korean are cut into pairs of neighbouring characters, and the last character of a run stands alone: so each character
 * begins one word, and any part of a run is a row of its words.
 */
import { SEARCH_WORD_LENGTH_MAX, SEARCH_WORDS_PER_MESSAGE_MAX } from "../../base/limits.ts";

export interface Word {
  readonly term: string;
  /** Where it stands in the text, UTF-16 units; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
  /** The last character of a run without spaces, alone. */
  readonly isTail: boolean;
}

const UNSPACED =
  "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}ー々〆";
const RUNS = new RegExp(`([${UNSPACED}]+)|((?:(?![${UNSPACED}])[\\p{L}\\p{N}\\p{M}])+)`, "gu");
const UNSPACED_START = new RegExp(`^[${UNSPACED}]`, "u");
const MARKS = /\p{M}+/gu;

/** In their order; of a text with too many words the first ones. */
export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  if (isAscii(text)) asciiWords(text, words);
  else if (text.normalize("NFC") === text) otherWords(text, words);
  else return decomposedWords(text);
  return words;
}

/** Some keyboards and file systems write accents, kana and Hangul in parts: they are put together, and places led back. */
function decomposedWords(text: string): Word[] {
  let composed = "";
  /** By unit of the composed text: where its character begins and ends in the other one. */
  const starts: number[] = [];
  const ends: number[] = [];
  for (const { segment, index } of characters.segment(text)) {
    const character = segment.normalize("NFC");
    composed += character;
    for (let i = 0; i < character.length; i += 1) {
      starts.push(index);
      ends.push(index + segment.length);
    }
  }
  const words: Word[] = [];
  otherWords(composed, words);
  return words.map((found) => {
    return { ...found, start: starts[found.start] ?? 0, end: ends[found.end - 1] ?? text.length };
  });
}

const characters = new Intl.Segmenter("und", { granularity: "grapheme" });

/** The word begins in a script whose runs are cut into pairs. */
export function isUnspaced(term: string): boolean {
  return UNSPACED_START.test(term);
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

function asciiWords(text: string, words: Word[]): void {
  const lower = text.toLowerCase();
  const { length } = lower;
  let start = -1;
  for (let i = 0; i <= length; i += 1) {
    const code = i < length ? lower.charCodeAt(i) : 0;
    const isPart = (code >= 97 && code <= 122) || (code >= 48 && code <= 57);
    if (isPart) {
      if (start < 0) start = i;
    } else if (start >= 0) {
      if (words.length >= SEARCH_WORDS_PER_MESSAGE_MAX) return;
      const term = lower.slice(start, Math.min(i, start + SEARCH_WORD_LENGTH_MAX));
      words.push({ term, start, end: i, isTail: false });
      start = -1;
    }
  }
}

function otherWords(text: string, words: Word[]): void {
  for (const match of text.matchAll(RUNS)) {
    const start = match.index;
    if (match[1] !== undefined) pairs(match[1], start, words);
    else word(match[0], start, words);
    if (words.length >= SEARCH_WORDS_PER_MESSAGE_MAX) return;
  }
}

function word(run: string, start: number, words: Word[]): void {
  const term = folded(run.normalize("NFKD").replace(MARKS, "")).slice(0, SEARCH_WORD_LENGTH_MAX);
  if (term !== "") words.push({ term, start, end: start + run.length, isTail: false });
}

function pairs(run: string, runStart: number, words: Word[]): void {
  const characters = [...run];
  let start = runStart;
  for (const [i, first] of characters.entries()) {
    if (words.length >= SEARCH_WORDS_PER_MESSAGE_MAX) return;
    const second = characters[i + 1] ?? "";
    const end = start + first.length + second.length;
    words.push({ term: folded((first + second).normalize("NFKC")), start, end, isTail: second === "" });
    start += first.length;
  }
}

/** Capital letters that become two (ẞ, İ) are folded to what their small ones fold to. */
function folded(text: string): string {
  return text.toLowerCase().replace(MARKS, "").replaceAll("ß", "ss");
}
