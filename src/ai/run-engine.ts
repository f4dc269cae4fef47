/**
 * One answer after another provider: asks them in order, passes on what comes, goes to the next when one fails.
 * Invariant: a run ends once, within its time; what a provider said before it failed is void as soon as another begins.
 */
import type { Clock } from "../base/clock.ts";
import { AI_PROVIDER_WAIT_MS_MAX } from "../base/limits.ts";
import type { RunReason } from "../domain/assistant/runs.ts";
import { estimateTokens, type Prompt } from "./prompt.ts";
import { type Failure, type Finish, type Provider, ProviderError, type Usage } from "./providers/provider.ts";
import { SilenceWatch } from "./silence-watch.ts";

/** How one provider did with one question: for the counters. */
export interface Tried {
  readonly provider: string;
  readonly failure?: Failure;
  readonly ms: number;
  /** Until its first piece; absent when none came. */
  readonly firstMs?: number;
}
export interface EngineEnd {
  readonly state: "complete" | "failed";
  readonly reason?: RunReason;
  readonly retryAfterMs?: number;
  readonly provider?: string;
  readonly model?: string;
  readonly confidence?: number;
  /** Of the answer. */
  readonly tokens?: Usage;
  /** Of all that was tried, estimated where a provider did not say; absent where nobody knows any more. */
  readonly spent?: Usage;
  readonly tried: readonly Tried[];
}
export interface EngineListener {
  began(): void;
  piece(text: string): void;
  ended(end: EngineEnd): void;
}
type Say = Pick<EngineListener, "began" | "piece">;
export interface EngineSettings {
  /** Without a piece for so long a provider has failed, milliseconds. */
  readonly silenceMs: number;
  /** All of one run, milliseconds. */
  readonly runMs: number;
}

const REASONS: Readonly<Record<Failure, RunReason>> = {
  rate_limited: "rate_limited",
  unavailable: "provider_failed",
  refused_key: "provider_failed",
  blocked: "blocked",
  malformed: "provider_failed",
  empty: "provider_failed",
  cut: "provider_failed",
  timed_out: "timed_out",
};
const PAIR = /[\ud800-\udbff]/;
/** A provider that refused without a time is left alone for so long, milliseconds. */
const COOL_DOWN_MS = 1_000;

export class RunEngine {
  readonly #providers: readonly Provider[];
  readonly #settings: EngineSettings;
  readonly #clock: Clock;
  /** Monotonic time until which a provider is not asked. */
  readonly #coolUntil = new Map<Provider, number>();

  constructor(providers: readonly Provider[], settings: EngineSettings, clock: Clock) {
    this.#providers = providers;
    this.#settings = settings;
    this.#clock = clock;
  }

  /** The result stops it: its listener hears nothing more. */
  run(prompt: Prompt, listener: EngineListener): () => void {
    const abort = new AbortController();
    const say = {
      began: () => abort.signal.aborted || listener.began(),
      piece: (text: string) => abort.signal.aborted || listener.piece(text),
    };
    void this.#tryAll(prompt, say, abort.signal).then((end) => {
      if (!abort.signal.aborted) listener.ended(end);
    });
    return () => abort.abort();
  }

  async #tryAll(prompt: Prompt, say: Say, stopped: AbortSignal): Promise<EngineEnd> {
    const dueMs = this.#clock.monotonicMs() + this.#settings.runMs;
    const tried: Tried[] = [];
    const asked = new Set<Provider>();
    let spent: Usage = { input: 0, output: 0 };
    let last = new ProviderError("unavailable");
    let waited = false;
    for (let next = this.#next(asked); next !== undefined && !stopped.aborted; next = this.#next(asked)) {
      asked.add(next);
      const attempt = new Attempt(prompt, next, this.#clock, say);
      const done = await attempt.go(this.#settings.silenceMs, dueMs - this.#clock.monotonicMs(), stopped);
      tried.push(attempt.tried(done));
      spent = sum(spent, attempt.usage(done));
      if (!(done instanceof ProviderError)) {
        const { tokens, confidence } = done;
        const cut = attempt.isCut || done.reason === "length" ? { reason: "length_limit" as const } : {};
        return {
          state: "complete",
          ...cut,
          provider: next.name,
          model: next.model,
          ...(tokens !== undefined && { tokens }),
          ...(confidence !== undefined && { confidence }),
          spent,
          tried,
        };
      }
      last = done;
      if (done.failure === "rate_limited") this.#cool(next, done.retryAfterMs ?? COOL_DOWN_MS);
      // What one provider will not answer is not taken to another; and time is up for all.
      if (done.failure === "blocked" || this.#clock.monotonicMs() >= dueMs) break;
      const waitMs = done.retryAfterMs;
      if (waitMs !== undefined && waitMs <= AI_PROVIDER_WAIT_MS_MAX && this.#providers.length === 1 && !waited) {
        waited = true;
        await this.#pause(waitMs + 1);
        asked.clear();
      }
    }
    const retryAfterMs = last.retryAfterMs ?? this.#soonestMs();
    const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
    const reason = tried.length === 0 && retryAfterMs !== undefined ? "rate_limited" : REASONS[last.failure];
    return { state: "failed", reason, ...wait, spent, tried };
  }

  /** The first that was not tried and is not to be left alone. */
  #next(asked: ReadonlySet<Provider>): Provider | undefined {
    const nowMs = this.#clock.monotonicMs();
    return this.#providers.find((provider) => (this.#coolUntil.get(provider) ?? 0) <= nowMs && !asked.has(provider));
  }

  #cool(provider: Provider, ms: number): void {
    this.#coolUntil.set(provider, this.#clock.monotonicMs() + ms);
  }

  #soonestMs(): number | undefined {
    const nowMs = this.#clock.monotonicMs();
    const left = [...this.#coolUntil.values()].map((until) => until - nowMs).filter((ms) => ms > 0);
    return left.length === 0 ? undefined : Math.ceil(Math.min(...left));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(ms, resolve);
    });
  }
}

/** One provider's try at one question. */
class Attempt {
  isCut = false;
  readonly #prompt: Prompt;
  readonly #provider: Provider;
  readonly #clock: Clock;
  readonly #say: Say;
  readonly #startMs: number;
  #firstMs: number | undefined;
  #text = "";
  #half = "";
  #length = 0;
  /** As the provider says. */
  #took: Usage | undefined;

  constructor(prompt: Prompt, provider: Provider, clock: Clock, say: Say) {
    this.#prompt = prompt;
    this.#provider = provider;
    this.#clock = clock;
    this.#say = say;
    this.#startMs = clock.monotonicMs();
  }

  async go(silenceMs: number, leftMs: number, stopped: AbortSignal): Promise<Finish | ProviderError> {
    const abort = new AbortController();
    let timedOut = false;
    const watch = new SilenceWatch(this.#clock, silenceMs, leftMs, () => {
      timedOut = true;
      abort.abort();
    });
    const stop = (): void => abort.abort();
    stopped.addEventListener("abort", stop, { once: true });
    try {
      const finish = await this.#provider.stream(this.#prompt, abort.signal, (text) => {
        watch.heard();
        this.#take(text);
        if (this.isCut) abort.abort();
      });
      this.#took = finish.tokens;
      // All went into thoughts, or it wanted a tool: nobody has an answer.
      return this.#text.trim() === "" ? new ProviderError("empty") : finish;
    } catch (error) {
      if (this.isCut) return { reason: "length" };
      if (timedOut) return new ProviderError("timed_out");
      return error instanceof ProviderError ? error : new ProviderError("unavailable");
    } finally {
      watch.cancel();
      stopped.removeEventListener("abort", stop);
      // Not every library lets go of a stream that it could not read.
      abort.abort();
    }
  }

  tried(done: Finish | ProviderError): Tried {
    return {
      provider: this.#provider.name,
      ...(done instanceof ProviderError && { failure: done.failure }),
      ms: this.#clock.monotonicMs() - this.#startMs,
      ...(this.#firstMs !== undefined && { firstMs: this.#firstMs }),
    };
  }

  usage(done: Finish | ProviderError): Usage {
    if (this.#took !== undefined) return this.#took;
    // Who refused at once took nothing.
    const isRefused = done instanceof ProviderError && done.failure !== "timed_out" && done.failure !== "empty";
    if (isRefused && this.#firstMs === undefined) return { input: 0, output: 0 };
    return { input: this.#prompt.inputTokens, output: estimateTokens(this.#text) };
  }

  #take(text: string): void {
    if (this.isCut || text === "") return;
    if (this.#firstMs === undefined) {
      this.#firstMs = this.#clock.monotonicMs() - this.#startMs;
      this.#say.began();
    }
    const room = this.#prompt.lengthMax - this.#length;
    // What is beyond the bound whatever it is, is not looked at. Half of a character waits for its other half.
    const whole = (this.#half + text).slice(0, 2 * (room + 1));
    const isSplit = (whole.charCodeAt(whole.length - 1) & 0xfc00) === 0xd800;
    this.#half = isSplit ? whole.slice(-1) : "";
    const said = (isSplit ? whole.slice(0, -1) : whole).toWellFormed();
    const length = lengthOf(said);
    this.isCut = length > room;
    const taken = this.isCut ? [...said].slice(0, room).join("") : said;
    this.#length += Math.min(length, room);
    this.#text += taken;
    if (taken !== "") this.#say.piece(taken);
  }
}

/** In characters, of which most texts have as many as units. */
function lengthOf(text: string): number {
  return PAIR.test(text) ? [...text].length : text.length;
}

function sum(a: Usage, b: Usage): Usage {
  return { input: a.input + b.input, output: a.output + b.output };
}
