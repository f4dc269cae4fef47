/**
 * The pre-publish hook as an HTTP service: each message is posted to it, signed, and its answer is the verdict.
 * Invariant: every question is answered once, at the latest when its time is up: waiting for a free place counts. What goes
 * wrong (no answer, a status that is not 200, an answer that cannot be read) is decided by the failure policy.
 */
import type { Clock } from "../base/clock.ts";
import { parseObject } from "../base/parse-object.ts";
import { HOOK_ANSWER_BYTES_MAX, HOOK_REQUESTS_MAX, HOOK_WAITING_MAX } from "../base/limits.ts";
import {
  type HookFailurePolicy,
  type HookQuestion,
  type HookVerdict,
  type ModerationHook,
  verdictAgainst,
  withoutVerdict,
} from "../domain/moderation/hook.ts";
import { type QuestionReport, SignedQuestions } from "./signed-questions.ts";

export interface HookSettings {
  readonly url: string;
  /** Signs what is sent, so that the service knows whom it is from. */
  readonly secret: string;
  readonly timeoutMs: number;
  /** What happens to a message without a verdict. */
  readonly onFailure: HookFailurePolicy;
  /** Code points of what the service may put in a message's place. */
  readonly messageLengthMax: number;
}

const BOUNDS = {
  requestsMax: HOOK_REQUESTS_MAX,
  waitingMax: HOOK_WAITING_MAX,
  answerBytesMax: HOOK_ANSWER_BYTES_MAX,
} as const;

export class HttpModerationHook implements ModerationHook {
  readonly #settings: HookSettings;
  readonly #questions: SignedQuestions;

  constructor(settings: HookSettings, clock: Clock, report: QuestionReport) {
    this.#settings = settings;
    this.#questions = new SignedQuestions(settings, BOUNDS, { clock, event: "moderation_hook_failed", report });
  }

  judge(question: HookQuestion, done: (verdict: HookVerdict) => void): void {
    if (this.#questions.isFull) {
      queueMicrotask(() => done({ outcome: "overloaded" }));
      return;
    }
    this.#questions.ask(
      questionJson(question),
      (status, text) => (status === 200 ? this.#verdictOf(text) : undefined),
      (verdict) => done(verdict ?? withoutVerdict(this.#settings.onFailure)),
    );
  }

  #verdictOf(text: string): HookVerdict | undefined {
    const answer = parseObject(text);
    if (answer === undefined) return undefined;
    const { action, content } = answer;
    switch (action) {
      case "allow":
        return { outcome: "publish" };
      case "change":
        return isContent(content, this.#settings.messageLengthMax) ? { outcome: "publish", content } : undefined;
      case "hold":
      case "reject":
        return verdictAgainst(action, answer["reason"]);
      default:
        return undefined;
    }
  }
}

function questionJson({ tenant, room, author, content, messageType, messageId }: HookQuestion): object {
  const edited = messageId === undefined ? {} : { messageId };
  return { tenantId: tenant, roomId: room, authorId: author, content, messageType, ...edited };
}

function isContent(content: unknown, lengthMax: number): content is string {
  return (
    typeof content === "string" && content.trim() !== "" && content.isWellFormed() && [...content].length <= lengthMax
  );
}
