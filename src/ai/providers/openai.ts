/** OpenAI, and whatever speaks its chat completions: vLLM, Ollama, LiteLLM … through its own library. */
import type OpenAI from "openai";
import type { Prompt } from "../prompt.ts";
import {
  failureOfStatus,
  type Finish,
  forEach,
  patienceMs,
  type Provider,
  ProviderError,
  type Usage,
  usageOf,
} from "./provider.ts";

export interface OpenAiSettings {
  readonly apiKey: string;
  readonly model: string;
  /** `undefined`: OpenAI's own. */
  readonly baseUrl: string | undefined;
}

export class OpenAiProvider implements Provider {
  readonly name = "openai";
  readonly model: string;
  readonly #settings: OpenAiSettings;
  #client: OpenAI | undefined;

  constructor(settings: OpenAiSettings) {
    this.#settings = settings;
    this.model = settings.model;
  }

  async stream(prompt: Prompt, signal: AbortSignal, onText: (text: string) => void): Promise<Finish> {
    let reason: string | null | undefined;
    let tokens: Usage | undefined;
    try {
      const client = await this.#open();
      const stream = await client.chat.completions.create(
        {
          model: this.model,
          messages: [
            { role: "system", content: prompt.system },
            { role: "user", content: prompt.user },
          ],
          stream: true,
          stream_options: { include_usage: true },
          // Other servers than OpenAI's know the old name.
          ...(this.#settings.baseUrl === undefined
            ? { max_completion_tokens: prompt.outputTokensMax }
            : { max_tokens: prompt.outputTokensMax }),
        },
        { signal },
      );
      await forEach(stream, signal, ({ choices, usage }) => {
        const choice = choices?.[0];
        const text: unknown = choice?.delta?.content;
        if (typeof text === "string" && text !== "") onText(text);
        reason = choice?.finish_reason ?? reason;
        if (usage) tokens = usageOf(usage.prompt_tokens, usage.completion_tokens);
      });
    } catch (error) {
      if (reason == null) throw errorOf(error);
    }
    if (reason == null) throw new ProviderError("cut");
    if (reason === "content_filter") throw new ProviderError("blocked");
    return { reason: reason === "length" ? "length" : "stop", ...(tokens !== undefined && { tokens }) };
  }

  /** The library takes 75 ms to load: with the first question, not at the start. */
  async #open(): Promise<OpenAI> {
    if (this.#client === undefined) {
      const { default: Client } = await import("openai");
      const { apiKey, baseUrl } = this.#settings;
      this.#client = new Client({
        apiKey,
        maxRetries: 0,
        logLevel: "off",
        ...(baseUrl !== undefined && { baseURL: baseUrl }),
      });
    }
    return this.#client;
  }
}

function errorOf(error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  if (error instanceof SyntaxError) return new ProviderError("malformed");
  const { status, headers, code } = error as { status?: number; headers?: Headers; code?: string | null };
  if (code === "content_filter") return new ProviderError("blocked");
  if (status === undefined) return new ProviderError("unavailable");
  return new ProviderError(failureOfStatus(status), retryAfterMs(headers));
}

/** Seconds, or a date by the provider's own clock. */
function retryAfterMs(headers: Headers | undefined): number | undefined {
  const after = headers?.get("retry-after") || "none";
  const seconds = Number(after);
  const atMs = Date.parse(after) - Date.parse(headers?.get("date") ?? "");
  return patienceMs(Number.isNaN(seconds) ? atMs : seconds * 1_000);
}
