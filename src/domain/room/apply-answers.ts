/** How the assistant's answers grow and end in a room's state. Invariant: an answer that has ended is in no state any more. */
import type { RunStart } from "../assistant/runs.ts";
import type { AnswerEvent } from "./answer-events.ts";
import type { MessageDeleted, MessageSent } from "./events.ts";
import { knownMessage } from "./message-rows.ts";
import type { RoomState } from "./state.ts";

export function runBegan(state: RoomState, { seq, timestamp }: MessageSent, start: RunStart): void {
  state.runs.set(seq, { ...start, seq, startedAt: timestamp, attempt: 1, text: "" });
}

export function answerChanged(state: RoomState, event: AnswerEvent): void {
  const run = state.runs.get(event.target);
  switch (event.kind) {
    case "answer_extended":
      // Whoever asked was erased, and with them what came to them: the answer ends further on in the log.
      if (event.text === "") return;
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

/** An answer that is deleted while it grows ends with that. Its row keeps what came, as that of any deleted message. */
export function runDeleted(state: RoomState, { target, seq }: MessageDeleted): void {
  const run = state.runs.get(target);
  if (run === undefined) return;
  state.runs.delete(target);
  const row = knownMessage(state, target);
  // On replay the row may be unknown: the store has it.
  if (row == null) return;
  const answer = { state: "cancelled", attempt: run.attempt, reason: "deleted" } as const;
  state.messages.set(target, { ...row, overlay: { ...row.overlay, content: run.text, answer } }, seq);
}
