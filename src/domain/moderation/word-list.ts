/**
 * Finds the words of a list in a folded text. Single words are looked up, phrases and parts are searched for one by one.
 * Invariant: the time is at most that of as many searches as there are phrases and parts, whatever the text says.
 */
import { fold, type Folded } from "./fold.ts";

/** [from, to) of a folded text. */
export type Span = readonly [number, number];

const WORD = /[\p{L}\p{N}]+/gu;
const IN_WORD = /[\p{L}\p{N}]/u;

export class WordList {
  readonly #words = new Set<string>();
  readonly #needles: string[] = [];
  readonly #whole: boolean;

  constructor(words: readonly string[], match: "word" | "part") {
    this.#whole = match === "word";
    for (const word of words) {
      const { text } = fold(word.trim());
      if (text === "") continue;
      if (this.#whole && isOneWord(text)) this.#words.add(text);
      else this.#needles.push(text);
    }
  }

  /** Every place in the text; only the first one unless `all`. */
  find({ text, letters }: Folded, all: boolean): readonly Span[] {
    const found: Span[] = [];
    this.#findIn(text, all, found);
    if (letters !== undefined && (all || found.length === 0)) this.#findIn(letters, all, found);
    return found;
  }

  #findIn(text: string, all: boolean, found: Span[]): void {
    if (this.#words.size > 0) {
      WORD.lastIndex = 0;
      for (let word = WORD.exec(text); word !== null; word = WORD.exec(text)) {
        if (!this.#words.has(word[0])) continue;
        found.push([word.index, word.index + word[0].length]);
        if (!all) return;
      }
    }
    for (const needle of this.#needles) {
      for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + needle.length)) {
        if (this.#whole && !isAlone(text, at, at + needle.length)) continue;
        found.push([at, at + needle.length]);
        if (!all) return;
      }
    }
  }
}

function isOneWord(text: string): boolean {
  WORD.lastIndex = 0;
  return WORD.exec(text)?.[0] === text;
}

/** Neither end of [from, to) lies within a word. */
function isAlone(text: string, from: number, to: number): boolean {
  const before = from > 0 && isInWord(text, from - 1) && isInWord(text, from);
  const after = to < text.length && isInWord(text, to - 1) && isInWord(text, to);
  return !before && !after;
}

function isInWord(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  // Half of a pair: letters outside the basic plane count as such, emoji do no harm.
  return (unit >= 0xd800 && unit <= 0xdfff) || IN_WORD.test(text.charAt(at));
}
