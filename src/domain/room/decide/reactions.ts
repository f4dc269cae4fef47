/** Reacting to a message: one's own, once per emoji. */
import { EMOJI_LENGTH_MAX, REACTIONS_PER_MESSAGE_MAX } from "../../../base/limits.ts";
import type { React } from "../commands.ts";
import type { Decision } from "../decision.ts";
import { emojiOf, hasReacted, reactionKey, tallyOf } from "../reactions.ts";
import {
  accept,
  type DecideContext,
  eventBase,
  type LiveRoom,
  needItems,
  refuse,
  reject,
  UNCHANGED,
} from "./answer.ts";
import { isBlank, livingMessage } from "./targets.ts";

export function decideReact(state: LiveRoom, command: React, bodyHash: number, context: DecideContext): Decision {
  const { by, emoji, add } = command;
  const refusal = refuse(state, by, "react");
  if (refusal !== undefined) return refusal;
  // `__proto__` would not survive as a key of the reactions' record.
  if (emoji.length > EMOJI_LENGTH_MAX || isBlank(emoji) || !emoji.isWellFormed() || emoji === "__proto__") {
    return reject("invalid_field", `emoji is a text of 1 to ${EMOJI_LENGTH_MAX} characters.`, "emoji");
  }
  const row = livingMessage(state, command.messageId);
  if ("kind" in row) return row;
  const { seq: target, overlay } = row;
  const tally = tallyOf(overlay, emoji);
  const key = reactionKey(target, emoji, by.userId);
  const has = hasReacted(state, tally, key, by.userId);
  if (has === undefined) return needItems(key);
  if (has === add) return UNCHANGED;
  if (add && tally.count === 0 && emojiOf(overlay).length >= REACTIONS_PER_MESSAGE_MAX) {
    return reject("too_many_reactions");
  }
  const base = eventBase(state, command, bodyHash, context);
  const count = tally.count + (add ? 1 : -1);
  return accept([{ kind: "reaction_changed", seq: state.head + 1, ...base, target, emoji, added: add, count }]);
}
