/**
 * Questions to the assistant whose answers nobody else sees: over REST, about a room or about none.
 * Invariant: each is answered once; one that this activation leaves is given to the next.
 */
import { messageIdOf, type UserId } from "../../base/ids.ts";
import { AI_RETRY_MS } from "../../base/limits.ts";
import type { AskReply, AssistantQuestion, AssistantRun, RunEnd } from "../../domain/assistant/port.ts";
import type { RunReason } from "../../domain/assistant/runs.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Later } from "../actor.ts";
import { answerRejection, answerValue } from "../answers.ts";
import { type ContextParts, gatherContext } from "../room/assistant-context.ts";
import type { Request, RoomRequest } from "../request.ts";
import type { ShardEnv } from "../shard-env.ts";

const REJECTIONS: Readonly<Record<RunReason, Rejection["code"]>> = {
  not_configured: "ai_not_configured",
  too_many_runs: "overloaded",
  overloaded: "overloaded",
  budget_exhausted: "ai_budget_exhausted",
  rate_limited: "ai_failed",
  provider_failed: "ai_failed",
  timed_out: "ai_failed",
  blocked: "ai_blocked",
  interrupted: "ai_failed",
  stopped: "ai_failed",
  deleted: "ai_failed",
  length_limit: "ai_failed",
};

export class PrivateQuestions<Asking extends Request = Request> {
  readonly #env: ShardEnv;
  readonly #later: Later;
  readonly #open = new Map<Asking, AssistantRun | undefined>();

  constructor(env: ShardEnv, later: Later) {
    this.#env = env;
    this.#later = later;
  }

  get isIdle(): boolean {
    return this.#open.size === 0;
  }

  unanswered(): readonly Asking[] {
    return [...this.#open.keys()];
  }

  stop(): void {
    for (const run of this.#open.values()) run?.stop();
  }

  /** Keeps the request until `ask` or `fail`. */
  hold(request: Asking): void {
    this.#open.set(request, undefined);
  }

  /** false: it was answered meanwhile. */
  holds(request: Asking): boolean {
    return this.#open.has(request);
  }

  fail(request: Asking): void {
    this.#open.delete(request);
    answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: AI_RETRY_MS });
  }

  /** `of`: of this person alone. */
  failAll(of?: UserId): void {
    for (const [request, run] of [...this.#open]) {
      if (of !== undefined && request.by.userId !== of) continue;
      run?.stop();
      this.fail(request);
    }
  }

  /** Of that person, whom nobody waits for any more: what is left of the answer is not paid for. */
  takeBack(by: UserId, askId: string): void {
    for (const [request, run] of [...this.#open]) {
      if (request.by.userId !== by || askIdOf(request) !== askId) continue;
      run?.stop();
      this.#open.delete(request);
      answerRejection(this.#env, request, { code: REJECTIONS.stopped });
    }
  }

  ask(request: Asking, question: AssistantQuestion): void {
    const { assistant, clock } = this.#env;
    if (assistant === undefined || !assistant.isConfigured) {
      this.#open.delete(request);
      return answerRejection(this.#env, request, { code: "ai_not_configured" });
    }
    const startMs = clock.monotonicMs();
    let text = "";
    const run = assistant.start(question, {
      began: this.#later(() => {
        text = "";
      }),
      piece: this.#later((piece: string) => {
        text += piece;
      }),
      ended: this.#later((end: RunEnd) => {
        this.#open.delete(request);
        this.#answer(request, end, text, clock.monotonicMs() - startMs);
      }),
    });
    this.#open.set(request, run);
  }

  #answer(request: Asking, end: RunEnd, response: string, tookMs: number): void {
    const { state, retryAfterMs, sources, tokens: _tokens, ...said } = end;
    if (state === "failed") {
      const code = REJECTIONS[said.reason ?? "provider_failed"];
      const again = code === "ai_failed" || code === "overloaded" ? 1_000 : undefined;
      const wait = retryAfterMs ?? again;
      return answerRejection(this.#env, request, { code, ...(wait !== undefined && { retryAfterMs: wait }) });
    }
    const reply: AskReply = {
      ...said,
      response,
      sources: sources.map(messageIdOf),
      responseTimeMs: Math.round(tookMs),
    };
    answerValue(this.#env, request, reply);
  }
}

function askIdOf(request: Request): string | undefined {
  if (request.to === "user") return request.ask.kind === "ask_assistant" ? request.ask.askId : undefined;
  return request.sequel.kind === "ask" ? request.sequel.askId : undefined;
}

/** About a room, which the asker may read: nobody there sees question or answer. */
export function askAboutRoom(
  parts: ContextParts,
  request: RoomRequest,
  { question, topic }: { readonly question: string; readonly topic: string | undefined },
): void {
  const { tenant, room, assistant } = parts.room;
  const { questions } = assistant;
  const { userId, name = userId } = request.by;
  questions.hold(request);
  gatherContext(parts, { asker: userId, task: "answer" }, (gathered) => {
    if (!questions.holds(request)) return;
    if (gathered === undefined) return questions.fail(request);
    questions.ask(request, {
      tenant,
      room,
      user: userId,
      userName: name,
      task: "answer",
      text: question,
      context: gathered.context,
      ...(topic !== undefined && { topic }),
    });
  });
}
