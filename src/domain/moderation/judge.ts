/**
 * Judges one text by lists of rules and a level: published as it is, masked, held, or refused.
 * Invariant: the strongest action of all that was found decides; masks and flags are kept only for what is published.
 */
import { MODERATION_SEARCH_MAX } from "../../base/limits.ts";
import { compiledRules, finds, placesOf } from "./compiled-rules.ts";
import { fold, type Folded } from "./fold.ts";
import { findByLevel, type JudgedText, type ModerationLevel } from "./levels.ts";
import type { Finding, FindingSource, ModerationRule } from "./rules.ts";
import type { Span } from "./word-list.ts";

export interface RuleList {
  readonly source: FindingSource;
  readonly rules: readonly ModerationRule[];
}

export interface Judgement {
  readonly outcome: "publish" | "hold" | "reject";
  /** The text to publish. */
  readonly content: string;
  /** What decided; of what is published, why it is flagged. */
  readonly finding: Finding | undefined;
}

/** What authors are told when a rule has no reason of its own. */
export const REASON_DEFAULT = "The message breaks a rule of this room.";

interface Mask {
  readonly span: Span;
  readonly replacement: string | undefined;
}

/** `lengthMax`: characters that a masked text may have when it becomes longer than it was. */
export function judge(
  lists: readonly RuleList[],
  level: ModerationLevel | undefined,
  input: JudgedText,
  lengthMax: number,
): Judgement {
  const { text } = input;
  const byLevel = level === undefined || level === "none" ? undefined : findByLevel(level, input);
  let decisive = byLevel?.action === "reject" || byLevel?.action === "hold" ? byLevel : undefined;
  let flag = byLevel?.action === "flag" ? byLevel : undefined;
  const masks: Mask[] = [];
  const budget = { left: MODERATION_SEARCH_MAX };
  let folded: Folded | undefined;
  for (const { source, rules } of lists) {
    for (const compiled of compiledRules(rules)) {
      if (decisive?.action === "reject") break;
      folded ??= fold(text);
      if (!finds(compiled, text, folded)) continue;
      const { id, action, reason = REASON_DEFAULT, replacement } = compiled.rule;
      const finding: Finding = { source, rule: id, action, reason };
      if (action === "reject") decisive = finding;
      else if (action === "hold") decisive ??= finding;
      else if (action === "flag") flag ??= finding;
      else for (const span of placesOf(compiled, text, folded, budget)) masks.push({ span, replacement });
    }
  }
  if (decisive !== undefined) {
    return { outcome: decisive.action === "reject" ? "reject" : "hold", content: text, finding: decisive };
  }
  return { outcome: "publish", content: masks.length === 0 ? text : masked(text, masks, lengthMax), finding: flag };
}

function masked(text: string, masks: readonly Mask[], lengthMax: number): string {
  const sorted = [...masks].sort((a, b) => a.span[0] - b.span[0] || b.span[1] - a.span[1]);
  const replaced = withMasks(text, sorted, true);
  return replaced.length <= Math.max(text.length, lengthMax) ? replaced : withMasks(text, sorted, false);
}

/** Of masks that overlap, the first one's replacement stands for all. */
function withMasks(text: string, sorted: readonly Mask[], replace: boolean): string {
  let masked = "";
  let at = 0;
  for (let i = 0; i < sorted.length; ) {
    const { span, replacement } = sorted[i] as Mask;
    const from = span[0];
    let to = span[1];
    for (i += 1; i < sorted.length && (sorted[i] as Mask).span[0] < to; i += 1) {
      to = Math.max(to, (sorted[i] as Mask).span[1]);
    }
    const stars = "*".repeat([...text.slice(from, to)].length);
    masked += text.slice(at, from) + (replace ? (replacement ?? stars) : stars);
    at = to;
  }
  return masked + text.slice(at);
}
