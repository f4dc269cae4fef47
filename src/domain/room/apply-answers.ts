/** How the assistant's answers grow and end in a room's state. Invariant: an answer that has ended is in no state any more. */
import type { RunStart } from "../assistant/runs.ts";
import type { AnswerEvent } from "./answer-events.ts";
import type { MessageSent } from "./events.ts";
import type { RoomState } from "./state.ts";

export function runBegan(state: RoomState, { seq, timestamp }: MessageSent, start: RunStart): void {
  state.runs.set(seq, { ...start, seq, startedAt: timestamp, attempt: 1, text: "" });
}

export function answerChanged(state: RoomState, event: AnswerEvent): void {
  const run = state.runs.get(event.target);
  switch (event.kind) {
    case "answer_extended":
      if (run?.text.length !== event.from) throw new Error(`text at ${event.from} does not follow the answer`);
      state.runs.set(event.target, { ...run, text: run.text + event.text });
      return;
    case "answer_restarted":
      if (run === undefined) throw new Error(`the answer ${event.target} has ended`);
      state.runs.set(event.target, { ...run, attempt: event.attempt, text: "" });
      return;
    case "answer_ended":
      if (!state.runs.delete(event.target)) throw new Error(`the answer ${event.target} has ended`);
      state.toldOfNoAssistant = event.outcome.reason === "not_configured";
  }
}
