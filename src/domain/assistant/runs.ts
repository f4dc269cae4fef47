/** What an answer of the assistant is while it grows and when it has ended: data that log, rows and the wire share by value. */
import type { Seq, UserId } from "../../base/ids.ts";

/** Who the assistant is in every tenant. No token may name it: see `edge/auth.ts`. */
export const ASSISTANT = "assistant" as UserId;
export const ASSISTANT_NAME = "Assistant";

export const TASKS = ["answer", "explain", "summarise", "translate", "sentiment"] as const;
export type AssistantTask = (typeof TASKS)[number];

export type RunState = "streaming" | "complete" | "cancelled" | "failed";

/** Why an answer is not what it might have been. `length_limit` ends a complete one. */
export type RunReason =
  | "not_configured"
  | "too_many_runs"
  | "budget_exhausted"
  | "overloaded"
  | "rate_limited"
  | "provider_failed"
  | "timed_out"
  | "blocked"
  | "interrupted"
  | "stopped"
  | "deleted"
  | "length_limit";

/** What is said in the answer's place where nothing of it came. */
export const SENTENCES: Readonly<Record<RunReason, string>> = {
  not_configured: "The assistant is not configured on this server.",
  too_many_runs: "The assistant is busy with other questions of this room. Ask again when they are answered.",
  budget_exhausted: "The assistant's budget for today is used up.",
  overloaded: "The assistant has too much to do now. Ask again later.",
  rate_limited: "The assistant is asked too much just now. Ask again later.",
  provider_failed: "The assistant could not answer.",
  timed_out: "The assistant did not answer in time.",
  blocked: "The assistant does not answer this.",
  interrupted: "The answer was interrupted.",
  stopped: "The answer was stopped.",
  deleted: "The answer was deleted.",
  length_limit: "",
};

/** Stands in the message that the answer is. */
export interface RunStart {
  readonly task: AssistantTask;
  /** Who asked; shown as `as` where they wrote under a pseudonym. */
  readonly asker: UserId;
  readonly as?: UserId;
  /** The message that asked. */
  readonly question: Seq;
}

/** An answer that has not ended. All of them stand in the room's state, `AI_RUNS_PER_ROOM_MAX` at most. */
export interface OpenRun extends RunStart {
  readonly seq: Seq;
  readonly startedAt: number;
  /** 1, and one more each time that what came before is superseded. */
  readonly attempt: number;
  readonly text: string;
}

export const SENTIMENTS = ["positive", "neutral", "negative", "mixed"] as const;
export type Sentiment = (typeof SENTIMENTS)[number];

/** How it ended; kept with the message. */
export interface RunOutcome {
  readonly state: Exclude<RunState, "streaming">;
  readonly attempt: number;
  readonly reason?: RunReason;
  readonly provider?: string;
  readonly model?: string;
  /** Messages that the provider was given, the oldest first. */
  readonly sources?: readonly Seq[];
  readonly tokens?: { readonly input: number; readonly output: number };
  readonly sentiment?: Sentiment;
}
