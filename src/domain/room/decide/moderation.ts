/** What people do about moderation: rules, reports, held messages. */
import { messageIdOf, type Seq, seqOfMessageId, type UserId } from "../../../base/ids.ts";
import { REPORT_DETAILS_LENGTH_MAX, REPORT_REASON_LENGTH_MAX, REPORTS_PER_HOUR_MAX } from "../../../base/limits.ts";
import { refuseRules } from "../../moderation/compiled-rules.ts";
import { bodyHashOf } from "../body-hash.ts";
import type {
  BanMember,
  CheckModerate,
  MuteMember,
  Report,
  ResolveHeld,
  ResolveReport,
  SendMessage,
  SetModeration,
} from "../commands.ts";
import type { Decision, RoomEffect } from "../decision.ts";
import type { DomainEvent } from "../events.ts";
import { excerptOf } from "../excerpt.ts";
import { knownMessage, presentContent } from "../message-rows.ts";
import { REPORT_ACTIONS, type Reported } from "../moderation-events.ts";
import {
  type HeldItem,
  heldKey,
  itemAs,
  openReportKey,
  type ReportItem,
  reportedKey,
  type ReporterItem,
  reporterKey,
  reportIdOf,
} from "../moderation-items.ts";
import { HOUR_MS } from "../../../base/days.ts";
import {
  accept,
  type DecideContext,
  eventBase,
  type LiveRoom,
  needItems,
  needMember,
  needMessage,
  refuse,
  reject,
  UNCHANGED,
} from "./answer.ts";
import { decideDelete, decideSend } from "./messages.ts";
import { refuseSpeech } from "./gates.ts";
import { noticeOf } from "./moderated.ts";
import { decideBanPseudonym } from "./pseudonyms.ts";
import { decideBan, decideMute } from "./sanctions.ts";
import { isText as isShortText } from "./values.ts";

export function decideCheckModerate(state: LiveRoom, { by, action }: CheckModerate): Decision {
  return refuse(state, by, action) ?? UNCHANGED;
}

export function decideSetModeration(
  state: LiveRoom,
  command: SetModeration,
  bodyHash: number,
  context: DecideContext,
): Decision {
  const refusal = refuse(state, command.by, "moderate_settings");
  if (refusal !== undefined) return refusal;
  const wrong = refuseRules(command.rules);
  if (wrong !== undefined) return reject("invalid_field", wrong.message, wrong.field);
  if (JSON.stringify(command.rules) === JSON.stringify(state.moderation?.rules ?? [])) return UNCHANGED;
  const base = eventBase(state, command, bodyHash, context);
  return accept([{ kind: "moderation_changed", seq: state.head + 1, ...base, rules: command.rules }]);
}

// ---------------------------------------------------------------------------------------------- reports

export function decideReport(state: LiveRoom, command: Report, bodyHash: number, context: DecideContext): Decision {
  const { by, reason, details } = command;
  const refusal = refuse(state, by, "report") ?? refuseReason("reason", reason, 1);
  if (refusal !== undefined) return refusal;
  if (details !== undefined && !isText(details, 0, REPORT_DETAILS_LENGTH_MAX)) {
    return reject("invalid_field", `details is a text of at most ${REPORT_DETAILS_LENGTH_MAX} characters.`, "details");
  }
  const target = targetOf(state, command);
  if ("kind" in target) return target;
  if (target.userId === by.userId) return reject("invalid_field", "One cannot report oneself.", target.field);
  const reportId = reportIdOf(target.seq, target.userId);
  const keys = [openReportKey(reportId), reportedKey(reportId, by.userId), reporterKey(by.userId)] as const;
  const [open, reported, reporter] = keys.map((key) => state.items.get(key));
  if (open === undefined || reported === undefined || reporter === undefined) return needItems(...keys);
  if (reported !== null) return reject("already_reported");
  const tooMany = refuseTooMany(itemAs<ReporterItem>(reporter) ?? undefined, context.now);
  if (tooMany !== undefined) return tooMany;
  const event: Reported = {
    kind: "reported",
    seq: state.head + 1,
    ...eventBase(state, command, bodyHash, context),
    ...(target.seq !== undefined && { messageSeq: target.seq, excerpt: target.excerpt }),
    userId: target.userId,
    ...(target.as !== undefined && { userAs: target.as }),
    reason,
    ...(details !== undefined && { details }),
    first: open === null,
  };
  return accept([event], [noticeOf(state, event)]);
}

interface ReportTarget {
  readonly seq: Seq | undefined;
  readonly userId: UserId;
  readonly as: UserId | undefined;
  readonly excerpt: string;
  readonly field: string;
}

function targetOf(state: LiveRoom, { messageId, userId }: Report): ReportTarget | Decision {
  if ((messageId === undefined) === (userId === undefined)) {
    return reject("missing_field", "messageId or userId is required, one of the two.", "messageId");
  }
  if (userId !== undefined) {
    const member = state.members.get(userId);
    if (member === undefined) return needMember(userId);
    if (member === null) return reject("user_not_found", undefined, "userId");
    return { seq: undefined, userId, as: undefined, excerpt: "", field: "userId" };
  }
  const seq = seqOfMessageId(messageId ?? "") ?? 0;
  const row = knownMessage(state, seq);
  if (row === undefined) return needMessage(seq);
  if (row === null) return reject("message_not_found", undefined, "messageId");
  if (row.overlay.deletedAt !== undefined) return reject("already_deleted", undefined, "messageId");
  return { seq, userId: row.author, as: row.as, excerpt: excerptOf(presentContent(row)), field: "messageId" };
}

function refuseTooMany(reporter: ReporterItem | undefined, now: number): Decision | undefined {
  const recent = (reporter?.at ?? []).filter((at) => at > now - HOUR_MS);
  const oldest = recent[0];
  if (oldest === undefined || recent.length < REPORTS_PER_HOUR_MAX) return undefined;
  const message = `At most ${REPORTS_PER_HOUR_MAX} reports an hour.`;
  return { kind: "reject", rejection: { code: "rate_limited", message, retryAfterMs: oldest + HOUR_MS - now } };
}

export function decideResolveReport(
  state: LiveRoom,
  command: ResolveReport,
  bodyHash: number,
  context: DecideContext,
): Decision {
  const { by, action, reason, reportId } = command;
  const refusal = refuse(state, by, "moderate") ?? refuseReason("reason", reason, 0);
  if (refusal !== undefined) return refusal;
  if (!REPORT_ACTIONS.includes(action)) {
    return reject("invalid_field", `action is one of ${REPORT_ACTIONS.join(", ")}.`, "action");
  }
  const key = openReportKey(reportId);
  const open = itemAs<ReportItem>(state.items.get(key));
  if (open === undefined) return needItems(key);
  if (open === null) return reject("report_not_found");
  const followed = actionOf(state, command, open, context);
  if (followed.kind !== "accept") return followed;
  const { messageSeq, userId, userAs } = open;
  const resolved: DomainEvent = {
    kind: "report_resolved",
    seq: state.head + 1,
    ...eventBase(state, command, bodyHash, context),
    report: reportId,
    action,
    userId,
    ...(userAs !== undefined && { userAs }),
    ...(messageSeq !== undefined && { messageId: messageIdOf(messageSeq) }),
    ...(reason !== undefined && { reason }),
  };
  return accept([resolved, ...followed.events.map(oneLater)], followed.effects);
}

/** What is done beside noting that the report was dealt with. */
function actionOf(state: LiveRoom, command: ResolveReport, report: ReportItem, context: DecideContext): Decision {
  const { by, clientId, action } = command;
  switch (action) {
    case "dismiss":
      return UNCHANGED;
    case "delete": {
      if (report.messageSeq === undefined) {
        return reject("invalid_field", "A person is not deleted: mute or ban them.", "action");
      }
      const messageId = messageIdOf(report.messageSeq);
      const deletion = { kind: "delete_message", by, clientId, messageId } as const;
      const deleted = decideDelete(state, deletion, bodyHashOf(deletion), context);
      // Its author was faster.
      const isGone = deleted.kind === "reject" && deleted.rejection.code === "already_deleted";
      return isGone ? UNCHANGED : deleted;
    }
    case "mute":
    case "ban":
      return report.userAs === undefined
        ? sanction(state, command, action, report.userId, context)
        : sanctionPseudonym(state, command, action, report.userAs, context);
  }
}

function sanction(
  state: LiveRoom,
  { by, clientId, reason, durationMs }: ResolveReport,
  action: "mute" | "ban",
  userId: UserId,
  context: DecideContext,
): Decision {
  const terms = { ...(reason !== undefined && { reason }), ...(durationMs !== undefined && { durationMs }) };
  const command = { kind: `${action}_member`, by, clientId, userId, ...terms } as BanMember | MuteMember;
  const bodyHash = bodyHashOf(command);
  return command.kind === "ban_member"
    ? decideBan(state, command, bodyHash, context)
    : decideMute(state, command, bodyHash, context);
}

/** What names a person would tell who is behind the pseudonym. */
function sanctionPseudonym(
  state: LiveRoom,
  { by, clientId, reason, durationMs }: ResolveReport,
  action: "mute" | "ban",
  pseudonym: UserId,
  context: DecideContext,
): Decision {
  if (action === "mute" || durationMs !== undefined) {
    const message = "Who writes under a pseudonym is banned under it, for good, or not at all.";
    return reject("invalid_field", message, action === "mute" ? "action" : "durationMs");
  }
  const why = reason === undefined ? {} : { reason };
  const command = { kind: "ban_pseudonym", by, clientId, pseudonym, banned: true, ...why } as const;
  return decideBanPseudonym(state, command, bodyHashOf(command), context);
}

// ---------------------------------------------------------------------------------------------- held messages

export function decideResolveHeld(
  state: LiveRoom,
  command: ResolveHeld,
  bodyHash: number,
  context: DecideContext,
): Decision {
  const { by, heldId, approve, reason } = command;
  const refusal = refuse(state, by, "moderate") ?? refuseReason("reason", reason, 0);
  if (refusal !== undefined) return refusal;
  const heldSeq = seqOfMessageId(heldId) ?? 0;
  const key = heldKey(heldSeq);
  const held = itemAs<HeldItem>(state.items.get(key));
  if (held === undefined) return needItems(key);
  if (held === null) return reject("held_not_found");
  const published = approve ? publish(state, held, command, context) : UNCHANGED;
  if (published.kind !== "accept") return published;
  const resolved: DomainEvent = {
    kind: "held_resolved",
    seq: state.head + 1,
    ...eventBase(state, command, bodyHash, context),
    heldSeq,
    author: held.author,
    ...(held.as !== undefined && { userAs: held.as }),
    approved: approve,
    ...(reason !== undefined && { reason }),
  };
  const events = published.events.map(oneLater);
  const message = events.find((event) => event.kind === "message_sent");
  const told: RoomEffect = {
    kind: "moderation",
    userIds: [held.author],
    notice: {
      kind: approve ? "approved" : "rejected",
      heldId,
      ...(message !== undefined && { messageId: messageIdOf(message.seq) }),
      ...(reason !== undefined && { reason }),
    },
  };
  const effects = published.effects.map((effect) => sentBy(effect, held, message?.seq ?? heldSeq));
  return accept([resolved, ...events], [...effects, told]);
}

/** As if its author said it now; with the author's key, so that a retry finds it. */
function publish(state: LiveRoom, held: HeldItem, { by }: ResolveHeld, context: DecideContext): Decision {
  const author = {
    tenant: by.tenant,
    userId: held.author,
    ...(held.authorName !== undefined && { name: held.authorName }),
    ...(held.authorAvatar !== undefined && { avatar: held.authorAvatar }),
    role: "user",
  } as const;
  const command: SendMessage = {
    kind: "send_message",
    by: author,
    clientId: held.clientId ?? `held:${held.seq}`,
    ...held.message,
  };
  const decision = refuseSpeech(state, author, context) ?? decideSend(state, command, bodyHashOf(command), context);
  if (decision.kind !== "reject") return decision;
  const { code, message } = decision.rejection;
  if (code !== "forbidden" && code !== "room_not_found" && code !== "muted") return decision;
  return reject("conflict", `Its author may not write here any more${message === undefined ? "." : `: ${message}`}`);
}

/** Who is told of the message is told of its author, not of who approved it. */
function sentBy(effect: RoomEffect, { author, as }: HeldItem, seq: Seq): RoomEffect {
  return effect.kind === "notify" || effect.kind === "notify_all" ? { ...effect, as: as ?? author, seq } : effect;
}

/** The event that was meant for the next place stands one further. */
function oneLater<Event extends DomainEvent>(event: Event): Event {
  return { ...event, seq: event.seq + 1 };
}

function refuseReason(field: string, reason: string | undefined, min: number): Decision | undefined {
  if (reason === undefined && min === 0) return undefined;
  if (reason !== undefined && isText(reason, min, REPORT_REASON_LENGTH_MAX)) return undefined;
  return reject("invalid_field", `${field} is a text of ${min} to ${REPORT_REASON_LENGTH_MAX} characters.`, field);
}

function isText(text: string, min: number, max: number): boolean {
  return text.length >= min && isShortText(text, max);
}
