/**
 * Rules of moderation as data: what to look for in a text, and what to do with a message in which it is found.
 * Invariant: stands in logs and documents, so what a field means never changes; new ones are optional.
 */

/** From the mildest to the strongest; of several rules that find something the strongest decides. */
export const RULE_ACTIONS = ["flag", "replace", "hold", "reject"] as const;
/**
 * - `flag`: it is published, and put into the queue of reports.
 * - `replace`: what was found is masked, the rest is published.
 * - `hold`: it is kept from the room until a moderator approves it.
 * - `reject`: it is refused, with the rule's public reason.
 */
export type RuleAction = (typeof RULE_ACTIONS)[number];

export const WORD_MATCHES = ["word", "part"] as const;

/** Looks for `words` or for a `pattern`, one of the two. */
export interface ModerationRule {
  /** Its name within its list; authors never see it. */
  readonly id: string;
  readonly action: RuleAction;
  /** Words and phrases, found whatever their case, and behind common look-alikes. */
  readonly words?: readonly string[];
  /** `word` (default): as a whole word; `part`: anywhere within one. */
  readonly match?: (typeof WORD_MATCHES)[number];
  /** A regular expression in RE2's syntax, whatever the case. */
  readonly pattern?: string;
  /** What authors are told. */
  readonly reason?: string;
  /** What stands in the place of what was found; absent: a star for each character. */
  readonly replacement?: string;
}

/** Where something that was found comes from. */
export type FindingSource = "rule" | "tenant_rule" | "level" | "hook";

/** Why a message is not simply published. */
export interface Finding {
  readonly source: FindingSource;
  /** The rule's id, or the name of the level's check; for moderators only. */
  readonly rule: string;
  readonly action: RuleAction;
  /** For the author. */
  readonly reason: string;
}

/** What a tenant asks of all of its rooms. */
export interface TenantModeration {
  readonly rules: readonly ModerationRule[];
  /** Messages are shown to the installation's pre-publish hook. */
  readonly hook: boolean;
}
