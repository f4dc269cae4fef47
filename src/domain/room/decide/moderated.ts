/**
 * What moderation makes of a message that is otherwise accepted: published as it is, masked, flagged, held, or refused.
 * Rooms without rules and without a level, in a tenant without rules, never come here.
 * Invariant: who may moderate is free of the room's rules and pace; the tenant's rules and the hook are for everybody.
 */
import { messageIdOf, type UserId } from "../../../base/ids.ts";
import { HELD_PER_ROOM_MAX, REPEATS_LOOKED_AT_MAX } from "../../../base/limits.ts";
import type { HookQuestion, HookVerdict } from "../../moderation/hook.ts";
import { type Judgement, judge, type RuleList } from "../../moderation/judge.ts";
import type { Finding } from "../../moderation/rules.ts";
import type { EditMessage, SendMessage } from "../commands.ts";
import type { Decision } from "../decision.ts";
import type { DomainEvent, MessageEdited, MessageSent } from "../events.ts";
import { excerptOf } from "../excerpt.ts";
import type { HeldCommand, MessageHeld, Reported } from "../moderation-events.ts";
import { itemAs, openReportKey, reportIdOf, type SlowItem, slowKey } from "../moderation-items.ts";
import { isSlow } from "../moderation-state.ts";
import { isAllowed } from "../permissions.ts";
import { shownBy } from "../shown-author.ts";
import { accept, type DecideContext, type LiveRoom, needItems, reject } from "./answer.ts";

type Publishing = MessageSent | MessageEdited;
type Accepted = Extract<Decision, { kind: "accept" }>;

export function isModerated(state: LiveRoom, context: DecideContext): boolean {
  const { moderationLevel } = state.settings;
  return (
    state.moderation !== undefined ||
    context.tenant !== undefined ||
    (moderationLevel !== undefined && moderationLevel !== "none") ||
    isSlow(state)
  );
}

/** `decision` is what would be done without moderation. */
export function moderated(
  state: LiveRoom,
  command: SendMessage | EditMessage,
  decision: Decision,
  context: DecideContext,
): Decision {
  const { by } = command;
  if (decision.kind !== "accept" || by.role === "system") return decision;
  const event = decision.events.find(isPublishing);
  if (event === undefined) return decision;
  const role = state.members.get(by.userId)?.role;
  const isFree = isAllowed(state.settings.type, "moderate", by, role);
  const refused = isFree || event.kind !== "message_sent" ? undefined : refuseHaste(state, by.userId, context);
  if (refused !== undefined) return refused;
  const judged = judgeEvent(state, event, isFree, context);
  const { moderationLevel } = state.settings;
  const asked = { author: shownBy(event), ...(moderationLevel !== undefined && { level: moderationLevel }) };
  const verdict = judged.outcome === "publish" ? judgeByHook(command, asked, judged, context) : judged;
  if ("kind" in verdict) return verdict;
  switch (verdict.outcome) {
    case "reject":
      return reject("message_rejected", verdict.finding?.reason, "content");
    case "hold":
      return hold(state, command, event, verdict.finding as Finding);
    case "publish":
      return publish(state, decision, event, verdict);
  }
}

function isPublishing(event: DomainEvent): event is Publishing {
  return event.kind === "message_sent" || event.kind === "message_edited";
}

/** Slow mode: so many seconds between two messages of one person. */
function refuseHaste(state: LiveRoom, userId: UserId, { now }: DecideContext): Decision | undefined {
  const { slowModeSeconds } = state.settings;
  if (slowModeSeconds === undefined || slowModeSeconds === 0) return undefined;
  const key = slowKey(userId);
  const spoken = itemAs<SlowItem>(state.items.get(key));
  if (spoken === undefined) return needItems(key);
  if (spoken === null) return undefined;
  // A clock that was set back must not silence anybody for longer than the pace says.
  const waitMs = Math.min(slowModeSeconds * 1_000, spoken.at + slowModeSeconds * 1_000 - now);
  if (waitMs <= 0) return undefined;
  const message = `One message every ${slowModeSeconds} s in this room.`;
  return { kind: "reject", rejection: { code: "slow_mode", message, retryAfterMs: waitMs } };
}

function judgeEvent(state: LiveRoom, event: Publishing, isFree: boolean, context: DecideContext): Judgement {
  const lists: RuleList[] = [];
  if (!isFree && state.moderation !== undefined) lists.push({ source: "rule", rules: state.moderation.rules });
  if (context.tenant !== undefined) lists.push({ source: "tenant_rule", rules: context.tenant.rules });
  const level = isFree ? undefined : state.settings.moderationLevel;
  const text = textOf(event);
  const input = {
    text,
    mentions: event.kind === "message_sent" ? (event.mentions?.length ?? 0) : 0,
    repeatsWithin: (ms: number) => (event.kind === "message_sent" ? repeats(state, event, context.now - ms) : 0),
  };
  const judged = judge(lists, level, input, context.messageLengthMax);
  // Of a poll the question is its content; its options cannot be masked one by one.
  if (judged.outcome !== "publish" || judged.content === text || text === event.content) return judged;
  const finding: Finding = {
    source: "rule",
    rule: "poll",
    action: "reject",
    reason: "The poll has words that may not be used here.",
  };
  return { outcome: "reject", content: text, finding };
}

function textOf(event: Publishing): string {
  if (event.kind !== "message_sent" || event.poll === undefined) return event.content;
  return [event.content, event.poll.question, ...event.poll.options].join("\n");
}

/** How many of the room's latest messages are the same person's with the same text. */
function repeats({ recent }: LiveRoom, { by, content }: MessageSent, sinceMs: number): number {
  if (content === "") return 0;
  let count = 0;
  const first = Math.max(recent.firstSeq, recent.lastSeq - REPEATS_LOOKED_AT_MAX);
  for (let seq = recent.lastSeq; seq >= first; seq -= 1) {
    const event = recent.get(seq);
    if (event?.kind !== "message_sent" || event.timestamp < sinceMs) continue;
    if (event.by === by && event.content === content) count += 1;
  }
  return count;
}

/** The hook is asked about what everything else would publish. */
function judgeByHook(
  command: SendMessage | EditMessage,
  asked: Pick<HookQuestion, "author" | "level">,
  judged: Judgement,
  { tenant, verdict }: DecideContext,
): Judgement | Decision {
  if (tenant?.hook !== true) return judged;
  if (verdict === undefined) {
    const message =
      command.kind === "edit_message"
        ? { messageType: "text", messageId: command.messageId }
        : { messageType: command.messageType };
    return { kind: "consult", question: { ...asked, content: judged.content, ...message } };
  }
  return withVerdict(judged, verdict);
}

function withVerdict(judged: Judgement, verdict: HookVerdict): Judgement | Decision {
  switch (verdict.outcome) {
    case "publish":
      return verdict.content === undefined ? judged : { ...judged, content: verdict.content };
    case "overloaded":
      return { kind: "reject", rejection: { code: "overloaded", retryAfterMs: OVERLOADED_RETRY_MS } };
    case "hold":
    case "reject": {
      const { outcome, reason } = verdict;
      return { outcome, content: judged.content, finding: { source: "hook", rule: "hook", action: outcome, reason } };
    }
  }
}

function publish(state: LiveRoom, decision: Accepted, event: Publishing, { content, finding }: Judgement): Decision {
  const isMasked = content !== textOf(event);
  if (!isMasked && finding === undefined) return decision;
  const events = isMasked
    ? decision.events.map((one) => (one === event ? { ...event, content } : one))
    : decision.events;
  if (finding === undefined) return accept(events, decision.effects);
  const report = reportOf(state, { ...event, content: isMasked ? content : event.content }, finding, events.length);
  return report.kind === "reported"
    ? accept([...events, report], [...decision.effects, noticeOf(state, report)])
    : report;
}

/** The event that puts what was published into the queue of reports. */
function reportOf(state: LiveRoom, event: Publishing, finding: Finding, place: number): Reported | Decision {
  const target = event.kind === "message_sent" ? event.seq : event.target;
  let first = true;
  if (event.kind === "message_edited") {
    const key = openReportKey(reportIdOf(target, event.by));
    const open = state.items.get(key);
    if (open === undefined) return needItems(key);
    first = open === null;
  }
  const { timestamp, by, clientId, bodyHash, as } = event;
  return {
    kind: "reported",
    seq: state.head + 1 + place,
    timestamp,
    by,
    ...(clientId !== undefined && { clientId }),
    ...(bodyHash !== undefined && { bodyHash }),
    messageSeq: target,
    userId: by,
    ...(as !== undefined && { userAs: as }),
    reason: finding.reason,
    excerpt: excerptOf(event.content),
    finding,
    first,
  };
}

/** To whoever looks after the room. */
export function noticeOf(
  state: LiveRoom,
  event: Reported | MessageHeld,
): Extract<Accepted["effects"][number], { kind: "moderation" }> {
  const userIds = state.staff.filter((userId) => userId !== event.by);
  if (event.kind === "message_held") {
    return {
      kind: "moderation",
      userIds,
      notice: { kind: "held", heldId: messageIdOf(event.seq), reason: event.finding.reason },
    };
  }
  const { messageSeq, userId, reason } = event;
  const messageId = messageSeq === undefined ? {} : { messageId: messageIdOf(messageSeq) };
  return {
    kind: "moderation",
    userIds,
    notice: { kind: "reported", reportId: reportIdOf(messageSeq, userId), ...messageId, reason },
  };
}

/** A change of what was said cannot wait: others read the old text meanwhile and would not know which one was judged. */
function hold(state: LiveRoom, command: SendMessage | EditMessage, event: Publishing, finding: Finding): Decision {
  if (command.kind === "edit_message" || event.kind === "message_edited") {
    return reject("message_rejected", finding.reason, "content");
  }
  if ((state.moderation?.heldCount ?? 0) >= HELD_PER_ROOM_MAX) {
    return reject("message_rejected", "Too many messages wait for a moderator of this room.", "content");
  }
  const { seq, timestamp, by, as, isFirstAs, clientId, bodyHash, authorName, authorAvatar } = event;
  const held: MessageHeld = {
    kind: "message_held",
    seq,
    timestamp,
    by,
    ...(as !== undefined && { as }),
    ...(clientId !== undefined && { clientId }),
    ...(bodyHash !== undefined && { bodyHash }),
    message: heldCommand(command),
    ...(authorName !== undefined && { authorName }),
    ...(authorAvatar !== undefined && { authorAvatar }),
    ...(isFirstAs !== undefined && { isFirstAs }),
    finding,
  };
  return accept([held], [noticeOf(state, held)]);
}

function heldCommand({
  kind: _kind,
  by: _by,
  clientId: _clientId,
  knownSeq: _knownSeq,
  ...message
}: SendMessage): HeldCommand {
  return message;
}

/** The hook has more to do than it can: milliseconds. */
const OVERLOADED_RETRY_MS = 1_000;
