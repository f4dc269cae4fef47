/** Port of a provider of answers, the words for what goes wrong with one, and what is made of the numbers that one says. */
import { AI_COOL_DOWN_MS_MAX } from "../../base/limits.ts";
import type { Prompt } from "../prompt.ts";

export interface Usage {
  readonly input: number;
  readonly output: number;
}

export interface Finish {
  /** `length`: the provider stopped at the bound of tokens. */
  readonly reason: "stop" | "length";
  readonly tokens?: Usage;
  /** 0 to 1, where the provider says so. */
  readonly confidence?: number;
}

export interface Provider {
  readonly name: string;
  readonly model: string;
  /**
   * Calls `onText` for each part as it comes; resolves when the provider said that it is done, whatever becomes of the stream
   * then. Rejects with a `ProviderError`, also when the stream ends or `signal` is aborted before that. Never tries again by itself.
   */
  stream(prompt: Prompt, signal: AbortSignal, onText: (text: string) => void): Promise<Finish>;
}

export const FAILURES = [
  "rate_limited",
  "unavailable",
  "refused_key",
  "blocked",
  "malformed",
  "empty",
  "cut",
  "timed_out",
] as const;
export type Failure = (typeof FAILURES)[number];

export class ProviderError extends Error {
  readonly failure: Failure;
  readonly retryAfterMs: number | undefined;

  /** Never with a provider's own words: they may have the prompt or a key in them. */
  constructor(failure: Failure, retryAfterMs?: number) {
    super(failure);
    this.failure = failure;
    this.retryAfterMs = retryAfterMs;
  }
}

export function failureOfStatus(status: number | undefined): Failure {
  if (status === 429) return "rate_limited";
  return status === 401 || status === 403 ? "refused_key" : "unavailable";
}

/** `undefined` where one of them is no number of tokens: budgets count with it. */
export function usageOf(input: unknown, output: unknown): Usage | undefined {
  return isCount(input) && isCount(output) ? { input, output } : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** How long a provider is to be left alone, of what it says; `undefined` where that is no time. */
export function patienceMs(ms: number): number | undefined {
  return ms >= 0 ? Math.min(Math.ceil(ms), AI_COOL_DOWN_MS_MAX) : undefined;
}

/** Each item as it comes; rejects as soon as `signal` is aborted, whatever the source does then. */
export function forEach<Item>(
  source: AsyncIterable<Item>,
  signal: AbortSignal,
  use: (item: Item) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new ProviderError("cut"));
    if (signal.aborted) return fail();
    signal.addEventListener("abort", fail, { once: true });
    const readAll = async (): Promise<void> => {
      for await (const item of source) {
        if (signal.aborted) return;
        use(item);
      }
    };
    readAll()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", fail));
  });
}
