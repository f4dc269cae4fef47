/**
 * Rules made ready to be used, and the check whether they can be.
 * Patterns are RE2's (package `re2js`): one search is linear in the text, whatever the pattern; how large one may get when it
 * is compiled is bounded too, and so is how much is searched for all places of one.
 * Invariant: rules that passed `refuseRules` compile, and the same list is compiled once.
 */
import { RE2JS } from "re2js";
import {
  MODERATION_LIST_CHARS_MAX,
  MODERATION_PATTERN_LENGTH_MAX,
  MODERATION_PATTERN_SIZE_MAX,
  MODERATION_PATTERNS_MAX,
  MODERATION_PATTERNS_SIZE_MAX,
  MODERATION_REASON_LENGTH_MAX,
  MODERATION_REPLACEMENT_LENGTH_MAX,
  MODERATION_RULE_ID_LENGTH_MAX,
  MODERATION_RULES_MAX,
  MODERATION_WORD_LENGTH_MAX,
  MODERATION_WORDS_MAX,
} from "../../base/limits.ts";
import { fold, type Folded, originalRange } from "./fold.ts";
import { type ModerationRule, RULE_ACTIONS, type RuleAction, WORD_MATCHES } from "./rules.ts";
import { type Span, WordList } from "./word-list.ts";

export interface CompiledRule {
  readonly rule: ModerationRule;
  readonly words: WordList | undefined;
  readonly pattern: RE2JS | undefined;
  /** Of the compiled pattern, in instructions. */
  readonly size: number;
  /** What the pattern finds has at most as many characters as it has instructions. */
  readonly isShort: boolean;
}

/** What may still be searched for places in one message: characters, times the instructions that look at each. */
export interface SearchBudget {
  left: number;
}

/** Strongest actions first: the first rule that finds something decides. */
export type CompiledRules = readonly CompiledRule[];

const PATTERN_FLAGS = RE2JS.CASE_INSENSITIVE;
/** Says without parsing that a pattern may go round and round; one that only names such a sign is taken for one, too. */
const MAY_REPEAT = /[*+]|\{\d+,\}/;
const STRENGTH = Object.fromEntries(RULE_ACTIONS.map((action, place) => [action, place])) as Record<RuleAction, number>;

const compiled = new WeakMap<readonly ModerationRule[], CompiledRules>();

export function compiledRules(rules: readonly ModerationRule[]): CompiledRules {
  const known = compiled.get(rules);
  if (known !== undefined) return known;
  const made = rules.map(compileRule).sort((a, b) => STRENGTH[b.rule.action] - STRENGTH[a.rule.action]);
  compiled.set(rules, made);
  return made;
}

export function compileRule(rule: ModerationRule): CompiledRule {
  const pattern = rule.pattern === undefined ? undefined : RE2JS.compile(rule.pattern, PATTERN_FLAGS);
  return {
    rule,
    words: rule.words === undefined ? undefined : new WordList(rule.words, rule.match ?? "word"),
    pattern,
    size: pattern?.programSize() ?? 0,
    isShort: !MAY_REPEAT.test(rule.pattern ?? ""),
  };
}

/** Whether the rule finds something in the text; `folded` is the same text. */
export function finds({ words, pattern }: CompiledRule, text: string, folded: Folded): boolean {
  if (words !== undefined) return words.find(folded, false).length > 0;
  return pattern?.test(text) ?? false;
}

/**
 * Every place in the original text at which the rule finds something. Each search goes on from the one before it, and may look as far
 * as the end to find a place of one character: when the budget is used up, all from the next place on is one.
 */
export function placesOf(
  { words, pattern, size, isShort }: CompiledRule,
  text: string,
  folded: Folded,
  budget: SearchBudget,
): readonly Span[] {
  if (words !== undefined) return words.find(folded, true).map(([from, to]) => originalRange(folded, from, to));
  const places: Span[] = [];
  const matcher = pattern?.matcher(text);
  let at = 0;
  while (matcher?.find() === true) {
    const from = matcher.start();
    const to = matcher.end();
    budget.left -= size * (isShort ? to - at + size : text.length - at);
    at = to;
    if (budget.left < 0) {
      places.push([from, text.length]);
      break;
    }
    if (to > from) places.push([from, to]);
  }
  return places;
}

/** What is wrong with a list of rules: the field, and a sentence about it. `undefined`: nothing. */
export function refuseRules(rules: readonly ModerationRule[]): { field: string; message: string } | undefined {
  if (rules.length > MODERATION_RULES_MAX) {
    return { field: "rules", message: `A list has at most ${MODERATION_RULES_MAX} rules.` };
  }
  const ids = new Set<string>();
  const sums = { chars: 0, patterns: 0, size: 0 };
  for (const [index, rule] of rules.entries()) {
    const message = refuseRule(rule, sums);
    if (message !== undefined) return { field: `rules.${index}`, message };
    if (ids.has(rule.id)) return { field: `rules.${index}`, message: `There are two rules with the id ${rule.id}.` };
    ids.add(rule.id);
  }
  if (sums.chars > MODERATION_LIST_CHARS_MAX) {
    return { field: "rules", message: `A list has at most ${MODERATION_LIST_CHARS_MAX} characters in all.` };
  }
  if (sums.patterns > MODERATION_PATTERNS_MAX) {
    return { field: "rules", message: `A list has at most ${MODERATION_PATTERNS_MAX} patterns.` };
  }
  if (sums.size > MODERATION_PATTERNS_SIZE_MAX) {
    return { field: "rules", message: "The list's patterns are too costly together: use fewer repetitions." };
  }
  return undefined;
}

function refuseRule(rule: ModerationRule, sums: { chars: number; patterns: number; size: number }): string | undefined {
  const { id, action, words, match, pattern, reason, replacement } = rule;
  if (!isText(id, 1, MODERATION_RULE_ID_LENGTH_MAX))
    return `id is a text of 1 to ${MODERATION_RULE_ID_LENGTH_MAX} characters.`;
  if (!RULE_ACTIONS.includes(action)) return `action is one of ${RULE_ACTIONS.join(", ")}.`;
  if (match !== undefined && !WORD_MATCHES.includes(match)) return `match is one of ${WORD_MATCHES.join(", ")}.`;
  if (reason !== undefined && !isText(reason, 1, MODERATION_REASON_LENGTH_MAX)) {
    return `reason is a text of 1 to ${MODERATION_REASON_LENGTH_MAX} characters.`;
  }
  if (replacement !== undefined && !isText(replacement, 0, MODERATION_REPLACEMENT_LENGTH_MAX)) {
    return `replacement is a text of at most ${MODERATION_REPLACEMENT_LENGTH_MAX} characters.`;
  }
  if ((words === undefined) === (pattern === undefined)) return "Give words or a pattern, one of the two.";
  return pattern === undefined ? refuseWords(words ?? [], sums) : refusePattern(pattern, sums);
}

function refuseWords(words: readonly string[], sums: { chars: number }): string | undefined {
  if (words.length === 0 || words.length > MODERATION_WORDS_MAX)
    return `A rule has 1 to ${MODERATION_WORDS_MAX} words.`;
  for (const word of words) {
    if (!isText(word, 1, MODERATION_WORD_LENGTH_MAX))
      return `A word has 1 to ${MODERATION_WORD_LENGTH_MAX} characters.`;
    if (fold(word.trim()).text === "") return "A word has nothing that can be seen.";
    sums.chars += word.length;
  }
  return undefined;
}

function refusePattern(pattern: string, sums: { chars: number; patterns: number; size: number }): string | undefined {
  if (!isText(pattern, 1, MODERATION_PATTERN_LENGTH_MAX)) {
    return `A pattern has 1 to ${MODERATION_PATTERN_LENGTH_MAX} characters.`;
  }
  const made = tryCompile(pattern);
  if (typeof made === "string") return `The pattern cannot be read: ${made}`;
  const size = made.programSize();
  if (size > MODERATION_PATTERN_SIZE_MAX) return "The pattern is too costly: use fewer or shorter repetitions.";
  if (made.test("")) return "The pattern finds something in every message: it matches the empty text.";
  sums.chars += pattern.length;
  sums.patterns += 1;
  sums.size += size;
  return undefined;
}

/** The package knows no other way to say that it cannot. */
function tryCompile(pattern: string): RE2JS | string {
  try {
    return RE2JS.compile(pattern, PATTERN_FLAGS);
  } catch (error) {
    return error instanceof Error ? error.message.replace("error parsing regexp: ", "") : String(error);
  }
}

function isText(text: string, min: number, max: number): boolean {
  return text.length >= min && text.length <= max && text.isWellFormed();
}
