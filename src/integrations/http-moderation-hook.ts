/**
 * The pre-publish hook as an HTTP service: each message is posted to it, signed, and its answer is the verdict.
 * Invariant: every question is answered once, at the latest when its time is up: waiting for a free place counts. What goes
 * wrong (no answer, a status that is not 200, an answer that cannot be read) is decided by the failure policy.
 */
import { createHmac } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { HOOK_ANSWER_BYTES_MAX, HOOK_REQUESTS_MAX, HOOK_WAITING_MAX } from "../base/limits.ts";
import type { HookQuestion, HookVerdict, ModerationHook } from "../domain/moderation/hook.ts";

export interface HookSettings {
  readonly url: string;
  /** Signs what is sent, so that the service knows whom it is from. */
  readonly secret: string;
  readonly timeoutMs: number;
  /** What happens to a message without a verdict. */
  readonly onFailure: "publish" | "hold" | "reject";
  /** Code points of what the service may put in a message's place. */
  readonly messageLengthMax: number;
}

export type HookReport = (event: string, details: Readonly<Record<string, string | number>>) => void;

interface Asking {
  readonly question: HookQuestion;
  readonly signal: AbortSignal;
  readonly answer: (verdict: HookVerdict | undefined) => void;
}

const REASON_DEFAULT = "The message was not accepted.";
const REASON_LENGTH_MAX = 300;
const HELD_WITHOUT_VERDICT = "The message could not be checked and waits for a moderator.";
const REFUSED_WITHOUT_VERDICT = "The message could not be checked. Try again later.";
/** Failures are told to the operator no more often, milliseconds. */
const REPORT_MS = 10_000;

export class HttpModerationHook implements ModerationHook {
  readonly #settings: HookSettings;
  readonly #clock: Clock;
  readonly #report: HookReport;
  readonly #waiting: Asking[] = [];
  #running = 0;
  #failures = 0;
  #reportedMs = Number.NEGATIVE_INFINITY;

  constructor(settings: HookSettings, clock: Clock, report: HookReport) {
    this.#settings = settings;
    this.#clock = clock;
    this.#report = report;
  }

  judge(question: HookQuestion, done: (verdict: HookVerdict) => void): void {
    if (this.#running >= HOOK_REQUESTS_MAX && this.#waiting.length >= HOOK_WAITING_MAX) {
      queueMicrotask(() => done({ outcome: "overloaded" }));
      return;
    }
    const abort = new AbortController();
    let isAnswered = false;
    const answer = (verdict: HookVerdict | undefined): void => {
      if (isAnswered) return;
      isAnswered = true;
      timer.cancel();
      done(verdict ?? this.#withoutVerdict());
    };
    const timer = this.#clock.after(this.#settings.timeoutMs, () => {
      const at = this.#waiting.findIndex((waiting) => waiting.answer === answer);
      if (at >= 0) this.#waiting.splice(at, 1);
      abort.abort();
      this.#failed("timeout");
      answer(undefined);
    });
    const asking: Asking = { question, signal: abort.signal, answer };
    if (this.#running < HOOK_REQUESTS_MAX) void this.#run(asking);
    else this.#waiting.push(asking);
  }

  async #run({ question, signal, answer }: Asking): Promise<void> {
    this.#running += 1;
    answer(await this.#ask(question, signal));
    this.#running -= 1;
    const next = this.#waiting.shift();
    if (next !== undefined) void this.#run(next);
  }

  async #ask(question: HookQuestion, signal: AbortSignal): Promise<HookVerdict | undefined> {
    try {
      const body = JSON.stringify(questionJson(question));
      const timestamp = String(Math.floor(this.#clock.wallMs() / 1_000));
      const response = await fetch(this.#settings.url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "x-stoa-timestamp": timestamp,
          "x-stoa-signature": signatureOf(this.#settings.secret, timestamp, body),
        },
        body,
        redirect: "error",
        signal,
      });
      if (response.status !== 200) {
        await response.body?.cancel();
        this.#failed(`status ${response.status}`);
        return undefined;
      }
      const verdict = this.#verdictOf(await readUpTo(response, HOOK_ANSWER_BYTES_MAX));
      if (verdict === undefined) this.#failed("an answer that cannot be read");
      return verdict;
    } catch (error) {
      // The time-out has told of itself.
      if (!signal.aborted) this.#failed(error instanceof Error ? error.name : "error");
      return undefined;
    }
  }

  #verdictOf(text: string | undefined): HookVerdict | undefined {
    const answer = parse(text);
    if (answer === undefined) return undefined;
    const { action, content } = answer;
    switch (action) {
      case "allow":
        return { outcome: "publish" };
      case "change":
        return isContent(content, this.#settings.messageLengthMax) ? { outcome: "publish", content } : undefined;
      case "hold":
      case "reject":
        return { outcome: action, reason: reasonOf(answer["reason"]) };
      default:
        return undefined;
    }
  }

  #withoutVerdict(): HookVerdict {
    switch (this.#settings.onFailure) {
      case "publish":
        return { outcome: "publish" };
      case "hold":
        return { outcome: "hold", reason: HELD_WITHOUT_VERDICT };
      case "reject":
        return { outcome: "reject", reason: REFUSED_WITHOUT_VERDICT };
    }
  }

  /** Never what was asked or answered: it is somebody's message. */
  #failed(why: string): void {
    this.#failures += 1;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#reportedMs < REPORT_MS) return;
    this.#report("moderation_hook_failed", { why, failures: this.#failures });
    this.#reportedMs = nowMs;
    this.#failures = 0;
  }
}

/** `sha256=` and the HMAC of `timestamp.body`, in hexadecimal. */
export function signatureOf(secret: string, timestamp: string, body: string): string {
  return `sha256=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`;
}

function questionJson({ tenant, room, author, content, messageType, messageId }: HookQuestion): object {
  const edited = messageId === undefined ? {} : { messageId };
  return { tenantId: tenant, roomId: room, authorId: author, content, messageType, ...edited };
}

/** `undefined`: it is too long. */
async function readUpTo(response: Response, bytesMax: number): Promise<string | undefined> {
  if (response.body === null) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parse(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // Not JSON is no verdict, as anything else that cannot be read.
    return undefined;
  }
}

function isContent(content: unknown, lengthMax: number): content is string {
  return (
    typeof content === "string" && content.trim() !== "" && content.isWellFormed() && [...content].length <= lengthMax
  );
}

function reasonOf(reason: unknown): string {
  if (typeof reason !== "string" || reason.trim() === "") return REASON_DEFAULT;
  return reason.slice(0, REASON_LENGTH_MAX).toWellFormed();
}
