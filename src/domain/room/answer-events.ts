/**
 * What the assistant's answers write into a room's log, beside the message that each of them is. Checkpoints carry what is
 * new, the end carries all of it once: whoever reads the log from there needs nothing before.
 */
import type { Seq } from "../../base/ids.ts";
import type { RunOutcome } from "../assistant/runs.ts";
import type { Common } from "./events.ts";

export interface AnswerExtended extends Common {
  readonly kind: "answer_extended";
  readonly target: Seq;
  /** Length of the text before, UTF-16 units. */
  readonly from: number;
  readonly text: string;
}
/** What came so far is void: another provider answers from the start. */
export interface AnswerRestarted extends Common {
  readonly kind: "answer_restarted";
  readonly target: Seq;
  readonly attempt: number;
}
export interface AnswerEnded extends Common {
  readonly kind: "answer_ended";
  readonly target: Seq;
  readonly content: string;
  readonly outcome: RunOutcome;
}
export type AnswerEvent = AnswerExtended | AnswerRestarted | AnswerEnded;
