/** A moderation rule as REST takes it: of a room, of a tenant, or only to be tried on the past. */
import { t } from "elysia";
import * as limits from "../../base/limits.ts";
import { RULE_ACTIONS, type RuleAction, WORD_MATCHES } from "../../domain/moderation/rules.ts";
import { oneOf } from "./schemas.ts";

export const moderationRule = t.Object({
  id: t.String({ minLength: 1, maxLength: limits.MODERATION_RULE_ID_LENGTH_MAX }),
  action: oneOf<RuleAction>(RULE_ACTIONS),
  words: t.Optional(
    t.Array(t.String({ minLength: 1, maxLength: limits.MODERATION_WORD_LENGTH_MAX }), {
      maxItems: limits.MODERATION_WORDS_MAX,
    }),
  ),
  match: t.Optional(oneOf<(typeof WORD_MATCHES)[number]>(WORD_MATCHES)),
  pattern: t.Optional(t.String({ minLength: 1, maxLength: limits.MODERATION_PATTERN_LENGTH_MAX })),
  reason: t.Optional(t.String({ minLength: 1, maxLength: limits.MODERATION_REASON_LENGTH_MAX })),
  replacement: t.Optional(t.String({ maxLength: limits.MODERATION_REPLACEMENT_LENGTH_MAX })),
});
