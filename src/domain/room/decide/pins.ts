/** Pinning messages: a short list that everybody sees. Invariant: only messages that are there are pinned. */
import { PINS_MAX } from "../../../base/limits.ts";
import type { PinMessage } from "../commands.ts";
import type { Decision } from "../decision.ts";
import { knownMessage } from "../message-rows.ts";
import {
  accept,
  type DecideContext,
  eventBase,
  type LiveRoom,
  needMessage,
  refuse,
  reject,
  UNCHANGED,
} from "./answer.ts";
import { ALREADY_DELETED, MESSAGE_NOT_FOUND, targetOf } from "./targets.ts";

export function decidePin(state: LiveRoom, command: PinMessage, bodyHash: number, context: DecideContext): Decision {
  const refusal = refuse(state, command.by, "pin");
  if (refusal !== undefined) return refusal;
  const target = targetOf(command.messageId);
  const row = knownMessage(state, target);
  if (row === undefined) return needMessage(target);
  if (row === null) return MESSAGE_NOT_FOUND;
  const pins = command.kind === "pin_message";
  if (pins && row.overlay.deletedAt !== undefined) return ALREADY_DELETED;
  if (state.pins.has(target) === pins) return UNCHANGED;
  if (pins && state.pins.size >= PINS_MAX) {
    return reject("too_many_pins", `A room has at most ${PINS_MAX} pinned messages.`, "messageId");
  }
  const base = eventBase(state, command, bodyHash, context);
  return accept([{ kind: pins ? "message_pinned" : "message_unpinned", seq: state.head + 1, ...base, target }]);
}
