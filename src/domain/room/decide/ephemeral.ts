/** What leaves no trace in the log: typing, marks, and the question whether one may read. */
import { seqOfMessageId } from "../../../base/ids.ts";
import { MESSAGE_IDS_MAX } from "../../../base/limits.ts";
import type { Principal } from "../../principal.ts";
import type {
  CheckAsk,
  CheckRead,
  CheckStanding,
  CheckVersions,
  ConfirmDelivered,
  MarkRead,
  MarkUnread,
  SetTyping,
} from "../commands.ts";
import type { Decision } from "../decision.ts";
import { knownMessage } from "../message-rows.ts";
import type { Action } from "../permissions.ts";
import type { StandingCollection } from "../vocabulary.ts";
import { acceptEffect, type DecideContext, type LiveRoom, needMessage, refuse, reject, UNCHANGED } from "./answer.ts";
import { refuseBanned, refuseSpeech } from "./gates.ts";
import { ALREADY_DELETED, MESSAGE_NOT_FOUND, targetOf } from "./targets.ts";

export function decideTyping(state: LiveRoom, { by, isTyping }: SetTyping, context: DecideContext): Decision {
  const refusal = refuse(state, by, "write") ?? (isTyping ? refuseSpeech(state, by, context) : undefined);
  return refusal ?? acceptEffect({ kind: "typing", userId: by.userId, name: by.name, isTyping });
}

export function decideMarkRead(state: LiveRoom, command: MarkRead): Decision {
  const { by, messageIds } = command;
  const refusal = refuse(state, by, "mark");
  if (refusal !== undefined) return refusal;
  let seq = command.seq ?? 0;
  if (!isPosition(seq)) return notAPosition();
  if (messageIds !== undefined) {
    if (messageIds.length > MESSAGE_IDS_MAX) {
      return reject("invalid_field", `At most ${MESSAGE_IDS_MAX} messages can be marked at once.`, "messageIds");
    }
    for (const id of messageIds) {
      const marked = seqOfMessageId(id);
      if (marked === undefined)
        return reject("invalid_field", "messageIds has something else than ids of messages.", "messageIds");
      seq = Math.max(seq, marked);
    }
  }
  if (command.seq === undefined && (messageIds === undefined || messageIds.length === 0)) {
    return reject("missing_field", "seq or messageIds is required.", "seq");
  }
  return acceptEffect({ kind: "mark_read", userId: by.userId, seq: Math.min(seq, state.head) });
}

export function decideMarkUnread(state: LiveRoom, { by, seq, messageId, key }: MarkUnread): Decision {
  const refusal = refuse(state, by, "mark");
  if (refusal !== undefined) return refusal;
  if (messageId === undefined && seq === undefined) {
    return reject("missing_field", "seq or messageId is required.", "seq");
  }
  const field = messageId === undefined ? "seq" : "messageId";
  const from = messageId === undefined ? (seq ?? 0) : seqOfMessageId(messageId);
  if (from === undefined) return reject("invalid_field", "messageId is not the id of a message.", field);
  if (!isPosition(from)) return notAPosition();
  if (from < 1 || from > state.head) return reject("message_not_found", undefined, field);
  return acceptEffect({ kind: "mark_unread", userId: by.userId, seq: from, ...(key !== undefined && { key }) });
}

export function decideConfirm(state: LiveRoom, { by, seq }: ConfirmDelivered): Decision {
  const refusal = refuse(state, by, "mark");
  if (refusal !== undefined) return refusal;
  if (!isPosition(seq)) return notAPosition();
  return acceptEffect({ kind: "mark_delivered", userId: by.userId, seq: Math.min(seq, state.head) });
}

export function decideCheckRead(state: LiveRoom, { by, deleted }: CheckRead, context: DecideContext): Decision {
  return (
    refuseReading(state, by, context) ?? (deleted === true ? refuse(state, by, "see_deleted") : undefined) ?? UNCHANGED
  );
}

/** Who may read the room may ask about it, where the room wants that. */
export function decideCheckAsk(state: LiveRoom, { by }: CheckAsk, context: DecideContext): Decision {
  const refusal = refuseReading(state, by, context);
  if (refusal !== undefined) return refusal;
  return state.settings.enableAI === true ? UNCHANGED : reject("ai_disabled");
}

/** One's own, or those of others for people who look into what was said. */
export function decideCheckVersions(
  state: LiveRoom,
  { by, messageId, deleted }: CheckVersions,
  context: DecideContext,
): Decision {
  const refusal = refuseReading(state, by, context);
  if (refusal !== undefined) return refusal;
  const seq = targetOf(messageId);
  const row = knownMessage(state, seq);
  if (row === undefined) return needMessage(seq);
  if (row === null) return MESSAGE_NOT_FOUND;
  const isOwn = row.author === by.userId;
  const refused =
    deleted === true ? refuse(state, by, "see_deleted") : isOwn ? undefined : refuse(state, by, "moderate");
  if (refused !== undefined) return refused;
  return row.overlay.deletedAt === undefined || deleted === true ? UNCHANGED : ALREADY_DELETED;
}

/** Where strangers read, those who are banned do not. */
function refuseReading(state: LiveRoom, by: Principal, context: DecideContext): Decision | undefined {
  const refusal = refuse(state, by, "read");
  if (refusal !== undefined || state.banCount === 0 || by.role === "system") return refusal;
  return state.members.get(by.userId) === null ? refuseBanned(state, by, context.now) : undefined;
}

/** Who may act on such rows may see them. */
const SEEN_BY = { bans: "ban", mutes: "mute", invites: "approve", requests: "approve" } as const satisfies Record<
  StandingCollection,
  Action
>;

export function decideCheckStanding(state: LiveRoom, { by, collection }: CheckStanding): Decision {
  return refuse(state, by, SEEN_BY[collection]) ?? UNCHANGED;
}

function isPosition(seq: number): boolean {
  return Number.isSafeInteger(seq) && seq >= 0;
}

function notAPosition(): Decision {
  return reject("invalid_field", "seq is a whole number from 0.", "seq");
}
