/**
 * The assistant's answers: which messages start one, how it grows, how it ends.
 * Invariant: an answer starts with the message that asked for it, in one decision, and ends exactly once: whatever comes
 * after its end is refused.
 */
import { AI_RUNS_PER_ROOM_MAX } from "../../../base/limits.ts";
import {
  ASSISTANT,
  ASSISTANT_NAME,
  type OpenRun,
  type RunOutcome,
  type RunReason,
  SENTENCES,
} from "../../assistant/runs.ts";
import { askedOf } from "../../assistant/triggers.ts";
import type { AnswerEnded } from "../answer-events.ts";
import type { EndAnswer, ExtendAnswer, RestartAnswer, StopAnswer } from "../commands.ts";
import type { Decision } from "../decision.ts";
import type { MessageSent } from "../events.ts";
import { knownMessage } from "../message-rows.ts";
import {
  accept,
  type DecideContext,
  eventBase,
  type LiveRoom,
  needMessage,
  refuse,
  reject,
  timestampOf,
} from "./answer.ts";
import { isBlank, livingMessage } from "./targets.ts";
import { isDecision } from "./threads.ts";

type Accepted = Extract<Decision, { kind: "accept" }>;

/** What is published may ask the assistant something: then its answer begins with it. Only where the room wants that. */
export function withAnswer(state: LiveRoom, decision: Decision, context: DecideContext): Decision {
  if (state.settings.enableAI !== true || context.assistant === undefined || decision.kind !== "accept")
    return decision;
  const asking = decision.events.find((event) => event.kind === "message_sent");
  if (asking === undefined || asking.messageType !== "text" || asking.by === ASSISTANT) return decision;
  const asked = askedOf(asking.content);
  if (asked === undefined) return decision;
  if (context.assistant === "absent" && state.toldOfNoAssistant) return decision;
  return began(state, decision, asking, asked.task, context);
}

function began(
  state: LiveRoom,
  decision: Accepted,
  asking: MessageSent,
  task: NonNullable<ReturnType<typeof askedOf>>["task"],
  context: DecideContext,
): Decision {
  const { thread, timestamp } = asking;
  const seq = state.head + 1 + decision.events.length;
  const start: MessageSent = {
    kind: "message_sent",
    seq,
    timestamp,
    by: ASSISTANT,
    messageNo: asking.messageNo + 1,
    messageType: "ai_response",
    content: "",
    authorName: ASSISTANT_NAME,
    ...(thread !== undefined && { thread: { root: thread.root, no: thread.no + 1, count: thread.count + 1 } }),
    run: { task, asker: asking.by, ...(asking.as !== undefined && { as: asking.as }), question: asking.seq },
  };
  const refused = refusalOf(state, context);
  if (refused === undefined) {
    return accept([...decision.events, start], [...decision.effects, { kind: "answer", seq, question: asking.seq }]);
  }
  const ended: AnswerEnded = {
    kind: "answer_ended",
    seq: seq + 1,
    timestamp,
    by: ASSISTANT,
    target: seq,
    content: SENTENCES[refused],
    outcome: { state: "failed", attempt: 1, reason: refused },
  };
  return accept([...decision.events, start, ended], decision.effects);
}

function refusalOf({ runs }: LiveRoom, { assistant }: DecideContext): RunReason | undefined {
  if (assistant === "absent") return "not_configured";
  return runs.size >= AI_RUNS_PER_ROOM_MAX ? "too_many_runs" : undefined;
}

const NOT_RUNNING = reject("not_running", undefined, "messageId");

export function decideExtend(state: LiveRoom, { target }: ExtendAnswer, context: DecideContext): Decision {
  const run = state.runs.get(target);
  if (run === undefined) return NOT_RUNNING;
  const text = context.unsaved?.(target) ?? "";
  if (text === "") return accept([]);
  const from = run.text.length;
  return accept([{ kind: "answer_extended", ...ownBase(state, context), target, from, text }]);
}

export function decideRestart(state: LiveRoom, { target }: RestartAnswer, context: DecideContext): Decision {
  const run = state.runs.get(target);
  if (run === undefined) return NOT_RUNNING;
  return accept([{ kind: "answer_restarted", ...ownBase(state, context), target, attempt: run.attempt + 1 }]);
}

export function decideEnd(state: LiveRoom, { target, outcome }: EndAnswer, context: DecideContext): Decision {
  const run = state.runs.get(target);
  if (run === undefined) return NOT_RUNNING;
  // Its row changes with the end.
  if (knownMessage(state, target) === undefined) return needMessage(target);
  const ended = { ...outcome, attempt: run.attempt };
  const content = contentOf(run, context, outcome.reason);
  return accept([{ kind: "answer_ended", ...ownBase(state, context), target, content, outcome: ended }]);
}

/** All that came of it; where that is nothing, why. */
function contentOf({ seq, text }: OpenRun, context: DecideContext, reason: RunReason | undefined): string {
  const content = `${text}${context.unsaved?.(seq) ?? ""}`;
  return isBlank(content) && reason !== undefined ? SENTENCES[reason] : content;
}

/** The engine's own: no request of a person stands behind them. */
function ownBase(state: LiveRoom, context: DecideContext) {
  return { seq: state.head + 1, timestamp: timestampOf(state, context), by: ASSISTANT };
}

/** Whoever asked may, and whoever moderates. What has come so far stays. */
export function decideStop(state: LiveRoom, command: StopAnswer, bodyHash: number, context: DecideContext): Decision {
  const { by } = command;
  const refusal = refuse(state, by, "read");
  if (refusal !== undefined) return refusal;
  const row = livingMessage(state, command.messageId);
  if (isDecision(row)) return row;
  const run = state.runs.get(row.seq);
  if (run === undefined) return NOT_RUNNING;
  const forbidden = run.asker === by.userId ? undefined : refuse(state, by, "moderate");
  if (forbidden !== undefined) return forbidden;
  const as = run.asker === by.userId && run.as !== undefined ? { as: run.as } : {};
  const base = { seq: state.head + 1, ...eventBase(state, command, bodyHash, context), ...as };
  const content = contentOf(run, context, "stopped");
  const outcome: RunOutcome = { state: "cancelled", attempt: run.attempt, reason: "stopped" };
  return accept([{ kind: "answer_ended", ...base, target: row.seq, content, outcome }]);
}
