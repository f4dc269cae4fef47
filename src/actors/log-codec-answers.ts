/** Bytes of the assistant's answers in a log: what `log-codec.ts` says of all events holds for them. */
import type { Seq, UserId } from "../base/ids.ts";
import type { AssistantTask, RunOutcome, RunReason, RunStart, Sentiment } from "../domain/assistant/runs.ts";
import type { AnswerEvent } from "../domain/room/answer-events.ts";
import type { Common } from "../domain/room/events.ts";

const EXTENDED = 70;
const RESTARTED = 71;

/** After the five fields that all events have. */
export function answerFields(event: AnswerEvent): readonly unknown[] {
  switch (event.kind) {
    case "answer_extended":
      return [event.target, event.from, event.text];
    case "answer_restarted":
      return [event.target, event.attempt];
    case "answer_ended": {
      const { state, attempt, reason, provider, model, sources, tokens, sentiment } = event.outcome;
      const used = tokens === undefined ? undefined : [tokens.input, tokens.output];
      const outcome = [state, attempt, reason, provider, model, sources, used, sentiment];
      return [event.target, event.content, outcome, event.as];
    }
  }
}

export function answerEvent(common: Common, row: readonly unknown[]): AnswerEvent {
  const target = row[5] as Seq;
  switch (row[0]) {
    case EXTENDED:
      return { kind: "answer_extended", ...common, target, from: row[6] as number, text: row[7] as string };
    case RESTARTED:
      return { kind: "answer_restarted", ...common, target, attempt: row[6] as number };
    default: {
      const as = row[8] == null ? {} : { as: row[8] as UserId };
      const outcome = outcomeOf(row[7] as readonly unknown[]);
      return { kind: "answer_ended", ...common, ...as, target, content: row[6] as string, outcome };
    }
  }
}

function outcomeOf(row: readonly unknown[]): RunOutcome {
  const tokens = row[6] as readonly [number, number] | null | undefined;
  return {
    state: row[0] as RunOutcome["state"],
    attempt: row[1] as number,
    ...(row[2] != null && { reason: row[2] as RunReason }),
    ...(row[3] != null && { provider: row[3] as string }),
    ...(row[4] != null && { model: row[4] as string }),
    ...(row[5] != null && { sources: row[5] as Seq[] }),
    ...(tokens != null && { tokens: { input: tokens[0], output: tokens[1] } }),
    ...(row[7] != null && { sentiment: row[7] as Sentiment }),
  };
}

export function runFields({ task, asker, question, as }: RunStart): readonly unknown[] {
  return [task, asker, question, as];
}

export function runOf(row: readonly unknown[]): RunStart {
  return {
    task: row[0] as AssistantTask,
    asker: row[1] as UserId,
    question: row[2] as Seq,
    ...(row[3] != null && { as: row[3] as UserId }),
  };
}
