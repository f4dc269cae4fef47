/** What the assistant did since the start of its thread, as counters: requests, failures, tokens and times by provider. */
import type { RunReason } from "../domain/assistant/runs.ts";
import type { EngineEnd } from "./run-engine.ts";

/** Upper bounds of the buckets of times, milliseconds; what is above them is in `count` alone. */
export const LATENCY_BOUNDS_MS = [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000] as const;

export interface Times {
  /** Cumulative: how many took at most that long. */
  readonly buckets: readonly number[];
  readonly count: number;
  readonly sumMs: number;
}
export interface ProviderCounts {
  readonly requests: number;
  /** By what went wrong. */
  readonly failures: Readonly<Record<string, number>>;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly latency: Times;
  readonly firstPiece: Times;
}
export interface AssistantCounts {
  readonly providers: Readonly<Record<string, ProviderCounts>>;
  readonly completed: number;
  readonly stopped: number;
  /** Questions without an answer, by reason; also those that no provider was asked. */
  readonly failed: Readonly<Record<string, number>>;
  readonly running: number;
  readonly waiting: number;
}

class Histogram {
  readonly #buckets = LATENCY_BOUNDS_MS.map(() => 0);
  #count = 0;
  #sumMs = 0;

  add(ms: number): void {
    this.#count += 1;
    this.#sumMs += ms;
    LATENCY_BOUNDS_MS.forEach((bound, i) => {
      if (ms <= bound) this.#buckets[i] = (this.#buckets[i] ?? 0) + 1;
    });
  }

  get times(): Times {
    return { buckets: [...this.#buckets], count: this.#count, sumMs: this.#sumMs };
  }
}

class ProviderCounter {
  requests = 0;
  inputTokens = 0;
  outputTokens = 0;
  readonly failures = new Map<string, number>();
  readonly latency = new Histogram();
  readonly firstPiece = new Histogram();
}

export class AssistantMetrics {
  readonly #providers = new Map<string, ProviderCounter>();
  readonly #failed = new Map<RunReason, number>();
  #completed = 0;
  #stopped = 0;

  /** A question to the assistant ended. */
  ended(end: EngineEnd): void {
    this.asked(end);
    if (end.state === "complete") this.#completed += 1;
    else this.refused(end.reason ?? "provider_failed");
  }

  /** Providers were asked, whatever for. */
  asked({ provider, tokens, tried }: EngineEnd): void {
    for (const one of tried) {
      const counter = this.#of(one.provider);
      counter.requests += 1;
      counter.latency.add(one.ms);
      if (one.firstMs !== undefined) counter.firstPiece.add(one.firstMs);
      if (one.failure !== undefined) counter.failures.set(one.failure, (counter.failures.get(one.failure) ?? 0) + 1);
    }
    if (provider !== undefined && tokens !== undefined) {
      const counter = this.#of(provider);
      counter.inputTokens += tokens.input;
      counter.outputTokens += tokens.output;
    }
  }

  refused(reason: RunReason): void {
    this.#failed.set(reason, (this.#failed.get(reason) ?? 0) + 1);
  }

  stopped(): void {
    this.#stopped += 1;
  }

  counts(running: number, waiting: number): AssistantCounts {
    const providers = [...this.#providers].map(([name, counter]) => {
      const { requests, inputTokens, outputTokens, failures, latency, firstPiece } = counter;
      const times = { latency: latency.times, firstPiece: firstPiece.times };
      return [name, { requests, failures: Object.fromEntries(failures), inputTokens, outputTokens, ...times }] as const;
    });
    return {
      providers: Object.fromEntries(providers),
      completed: this.#completed,
      stopped: this.#stopped,
      failed: Object.fromEntries(this.#failed),
      running,
      waiting,
    };
  }

  #of(provider: string): ProviderCounter {
    let counter = this.#providers.get(provider);
    if (counter === undefined) {
      counter = new ProviderCounter();
      this.#providers.set(provider, counter);
    }
    return counter;
  }
}
