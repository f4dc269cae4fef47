/**
 * The levels of moderation: what each looks for beside the lists of words and patterns. All of it is about flooding, and
 * costs the same whatever was written before. Invariant: a level does what the table says, and nothing else.
 */
import type { Finding, RuleAction } from "./rules.ts";

export const MODERATION_LEVELS = ["none", "basic", "strict"] as const;
export type ModerationLevel = (typeof MODERATION_LEVELS)[number];

interface Bound {
  readonly max: number;
  readonly action: RuleAction;
}
export interface LevelChecks {
  /** Links in one message. */
  readonly links: Bound;
  /** People mentioned in one message, by name in the text or in its list. */
  readonly mentions: Bound;
  /** The same character in a row, spaces left out. */
  readonly run: Bound;
  /** Capitals among a hundred letters, in messages of at least `lettersMin` letters. */
  readonly capitals: (Bound & { readonly lettersMin: number }) | undefined;
  /** Messages with the same text from one person within `withinMs`, this one included, among the room's latest. */
  readonly repeats: Bound & { readonly withinMs: number };
}

export const LEVELS: Readonly<Record<Exclude<ModerationLevel, "none">, LevelChecks>> = {
  basic: {
    links: { max: 5, action: "reject" },
    mentions: { max: 20, action: "reject" },
    run: { max: 60, action: "reject" },
    capitals: undefined,
    repeats: { max: 3, action: "reject", withinMs: 60_000 },
  },
  strict: {
    links: { max: 1, action: "hold" },
    mentions: { max: 5, action: "reject" },
    run: { max: 15, action: "reject" },
    capitals: { max: 70, action: "reject", lettersMin: 20 },
    repeats: { max: 1, action: "reject", withinMs: 300_000 },
  },
};

const REASONS = {
  links: "The message has too many links.",
  mentions: "The message mentions too many people.",
  run: "The message repeats the same character too often.",
  capitals: "The message has too many capital letters.",
  repeats: "You have just sent the same message.",
} as const satisfies Record<keyof LevelChecks, string>;

const LINK = /https?:\/\/|(?<![\w.])www\./gi;
const MENTION = /(?<![\w@])@[\w.-]/g;
const SPACE = 0x20;
const LINE_END = 0x0a;
const CAPITAL = /\p{Lu}/gu;
const CASED = /[\p{Lu}\p{Ll}]/gu;

/** What is told of a message. */
export interface JudgedText {
  readonly text: string;
  readonly mentions: number;
  /** How many with the same text the author has sent within so many milliseconds, this one not counted. */
  repeatsWithin(ms: number): number;
}

/** The strongest finding; `undefined`: the message is within all bounds. */
export function findByLevel(level: Exclude<ModerationLevel, "none">, input: JudgedText): Finding | undefined {
  const checks = LEVELS[level];
  const { text } = input;
  let found: Finding | undefined;
  const check = (name: keyof LevelChecks, { max, action }: Bound, count: number): void => {
    if (count <= max || found?.action === "reject") return;
    if (found === undefined || action === "reject")
      found = { source: "level", rule: name, action, reason: REASONS[name] };
  };
  // Looking for a character is cheap, and most texts have neither links nor names.
  check("links", checks.links, /:\/\/|www\./i.test(text) ? countOf(LINK, text) : 0);
  check("mentions", checks.mentions, Math.max(input.mentions, text.includes("@") ? countOf(MENTION, text) : 0));
  check("run", checks.run, longestRun(text));
  if (checks.capitals !== undefined) check("capitals", checks.capitals, capitalShare(text, checks.capitals.lettersMin));
  check("repeats", checks.repeats, 1 + input.repeatsWithin(checks.repeats.withinMs));
  return found;
}

function countOf(pattern: RegExp, text: string): number {
  let count = 0;
  for (const _match of text.matchAll(pattern)) count += 1;
  return count;
}

function longestRun(text: string): number {
  let longest = 0;
  let run = 0;
  let last = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.codePointAt(i) ?? 0;
    if (code > 0xffff) i += 1;
    if (code === SPACE || code === LINE_END) continue;
    run = code === last ? run + 1 : 1;
    last = code;
    if (run > longest) longest = run;
  }
  return longest;
}

/** Of a hundred letters that have a case. */
function capitalShare(text: string, lettersMin: number): number {
  const cased = countOf(CASED, text);
  return cased < lettersMin ? 0 : (100 * countOf(CAPITAL, text)) / cased;
}
