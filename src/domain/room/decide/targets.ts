/** What the rules for messages that are there have in common. */
import { type Seq, seqOfMessageId } from "../../../base/ids.ts";
import type { Decision } from "../decision.ts";
import { knownMessage } from "../message-rows.ts";
import type { MessageRow, RoomState } from "../state.ts";
import { needMessage, reject } from "./answer.ts";

export const MESSAGE_NOT_FOUND = reject("message_not_found", undefined, "messageId");
export const ALREADY_DELETED = reject("already_deleted", undefined, "messageId");

/** 0, where no message stands, for ids that are not ours. */
export function targetOf(messageId: string): Seq {
  return seqOfMessageId(messageId) ?? 0;
}

/** The message, if it is there and not deleted; otherwise the answer. */
export function livingMessage(state: RoomState, messageId: string): MessageRow | Decision {
  const target = targetOf(messageId);
  const row = knownMessage(state, target);
  if (row === undefined) return needMessage(target);
  if (row === null) return MESSAGE_NOT_FOUND;
  return row.overlay.deletedAt === undefined ? row : ALREADY_DELETED;
}

export function isBlank(text: string): boolean {
  const first = text.charCodeAt(0);
  if (first > 0x20 && first < 0x7f) return false;
  return text.trim() === "";
}
