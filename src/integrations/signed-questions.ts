/**
 * Questions to one HTTP service of the operator's: posted as JSON, signed, so many at once and so many waiting.
 * Invariant: every question is answered once, at the latest when its time is up: waiting for a free place counts. Whatever goes
 * wrong (no answer, another status, an answer that cannot be read) is no answer, and told to the operator now and then.
 */
import { createHmac } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { failureReport } from "../base/failure-report.ts";

export interface QuestionBounds {
  readonly requestsMax: number;
  readonly waitingMax: number;
  readonly answerBytesMax: number;
}

export interface QuestionSettings {
  readonly url: string;
  /** Signs what is sent, so that the service knows whom it is from. */
  readonly secret: string;
  readonly timeoutMs: number;
}

export type QuestionReport = (event: string, details: Readonly<Record<string, string | number>>) => void;

/** What an answer means; `undefined`: nothing that can be read. `text` is empty unless the status is 200. */
export type ReadAnswer<Answer> = (status: number, text: string) => Answer | undefined;

interface Asking {
  readonly body: object;
  readonly signal: AbortSignal;
  readonly answer: (status: number, text: string | undefined) => void;
}

export class SignedQuestions {
  readonly #settings: QuestionSettings;
  readonly #bounds: QuestionBounds;
  readonly #clock: Clock;
  /** Never with what was asked or answered: it is somebody's message, or name. */
  readonly #failed: (why: string) => void;
  readonly #waiting: Asking[] = [];
  #running = 0;

  /** `event`: what a failure is called. */
  constructor(
    settings: QuestionSettings,
    bounds: QuestionBounds,
    { clock, event, report }: { readonly clock: Clock; readonly event: string; readonly report: QuestionReport },
  ) {
    this.#settings = settings;
    this.#bounds = bounds;
    this.#clock = clock;
    this.#failed = failureReport(clock, (failures) => report(event, { ...failures }));
  }

  get isFull(): boolean {
    return this.#running >= this.#bounds.requestsMax && this.#waiting.length >= this.#bounds.waitingMax;
  }

  /** Nobody asks where it is full. */
  ask<Answer>(body: object, read: ReadAnswer<Answer>, done: (answer: Answer | undefined) => void): void {
    const abort = new AbortController();
    let isAnswered = false;
    const end = (answer: Answer | undefined): void => {
      if (isAnswered) return;
      isAnswered = true;
      timer.cancel();
      done(answer);
    };
    const asking: Asking = {
      body,
      signal: abort.signal,
      answer: (status, text) => {
        const answer = text === undefined ? undefined : read(status, text);
        if (answer === undefined && !isAnswered) this.#failed(whyNot(status));
        end(answer);
      },
    };
    const timer = this.#clock.after(this.#settings.timeoutMs, () => {
      const at = this.#waiting.indexOf(asking);
      if (at >= 0) this.#waiting.splice(at, 1);
      abort.abort();
      this.#failed("timeout");
      end(undefined);
    });
    if (this.#running < this.#bounds.requestsMax) void this.#run(asking);
    else this.#waiting.push(asking);
  }

  async #run({ body, signal, answer }: Asking): Promise<void> {
    this.#running += 1;
    const { status, text } = await this.#post(body, signal);
    answer(status, text);
    this.#running -= 1;
    const next = this.#waiting.shift();
    if (next !== undefined) void this.#run(next);
  }

  async #post(question: object, signal: AbortSignal): Promise<{ readonly status: number; readonly text?: string }> {
    try {
      const body = JSON.stringify(question);
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
      const { status } = response;
      if (status === OK) {
        const text = await readUpTo(response, this.#bounds.answerBytesMax);
        return { status, ...(text !== undefined && { text }) };
      }
      await response.body?.cancel();
      return { status, text: "" };
    } catch {
      // The time-out ends up here, too, and has told of itself.
      return { status: NOBODY };
    }
  }
}

const OK = 200;
/** Nobody there, a broken answer, a redirect. */
const NOBODY = 0;

function whyNot(status: number): string {
  if (status === OK) return "an answer that cannot be read";
  return status === NOBODY ? "no answer" : `status ${status}`;
}

/** `sha256=` and the HMAC of `timestamp.body`, in hexadecimal. */
export function signatureOf(secret: string, timestamp: string, body: string): string {
  return `sha256=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`;
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
