/** Gemini, through Google's own library. */
import type { EnhancedGenerateContentResponse, GenerativeModel, UsageMetadata } from "@google/generative-ai";
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

export interface GeminiSettings {
  readonly apiKey: string;
  readonly model: string;
  /** `undefined`: Google's own. */
  readonly baseUrl: string | undefined;
}

/** It stopped because of what was said, not because it was done. */
const BLOCKED: ReadonlySet<string> = new Set(["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"]);

export class GeminiProvider implements Provider {
  readonly name = "gemini";
  readonly model: string;
  readonly #settings: GeminiSettings;

  constructor(settings: GeminiSettings) {
    this.#settings = settings;
    this.model = settings.model;
  }

  async stream(prompt: Prompt, signal: AbortSignal, onText: (text: string) => void): Promise<Finish> {
    let reason: string | undefined;
    let tokens: Usage | undefined;
    let confidence: number | undefined;
    try {
      const model = await this.#open(prompt);
      const contents = [{ role: "user", parts: [{ text: prompt.user }] }];
      const { stream, response } = await model.generateContentStream({ contents }, { signal });
      // What fails there fails in the stream, too.
      response.catch(() => undefined);
      await forEach(stream, signal, (chunk) => {
        const { promptFeedback, candidates, usageMetadata } = chunk;
        if (promptFeedback?.blockReason !== undefined) throw new ProviderError("blocked");
        const candidate = candidates?.[0];
        const text = textOf(chunk);
        if (text !== "") onText(text);
        reason = candidate?.finishReason ?? reason;
        const sureness: unknown = candidate?.avgLogprobs;
        if (typeof sureness === "number") confidence = Math.exp(Math.min(0, sureness));
        if (usageMetadata !== undefined) tokens = tookOf(usageMetadata);
      });
    } catch (error) {
      if (reason === undefined) throw errorOf(error, signal);
    }
    if (reason === undefined) throw new ProviderError("cut");
    if (BLOCKED.has(reason)) throw new ProviderError("blocked");
    return {
      reason: reason === "MAX_TOKENS" ? "length" : "stop",
      ...(tokens !== undefined && { tokens }),
      ...(confidence !== undefined && { confidence }),
    };
  }

  async #open(prompt: Prompt): Promise<GenerativeModel> {
    const { GoogleGenerativeAI } = await import("@google/generative-ai");
    const { apiKey, baseUrl } = this.#settings;
    return new GoogleGenerativeAI(apiKey).getGenerativeModel(
      {
        model: this.model,
        systemInstruction: prompt.system,
        generationConfig: { maxOutputTokens: prompt.outputTokensMax },
      },
      baseUrl === undefined ? {} : { baseUrl },
    );
  }
}

function textOf({ candidates }: EnhancedGenerateContentResponse): string {
  const texts: readonly unknown[] = candidates?.[0]?.content?.parts?.map(({ text }) => text) ?? [];
  return texts.filter((text) => typeof text === "string").join("");
}

/** What it thought is paid, too, and stands in the total alone. */
function tookOf({ promptTokenCount, candidatesTokenCount = 0, totalTokenCount = 0 }: UsageMetadata): Usage | undefined {
  return usageOf(promptTokenCount, Math.max(candidatesTokenCount, totalTokenCount - promptTokenCount));
}

function errorOf(error: unknown, signal: AbortSignal): ProviderError {
  if (error instanceof ProviderError) return error;
  if (signal.aborted) return new ProviderError("cut");
  const {
    status,
    errorDetails,
    message = "",
  } = error as {
    status?: number;
    message?: string;
    errorDetails?: readonly { readonly "@type"?: string; readonly retryDelay?: string }[];
  };
  if (status !== undefined) return new ProviderError(failureOfStatus(status), retryAfterMs(errorDetails));
  return new ProviderError(/pars/i.test(message) ? "malformed" : "unavailable");
}

/** `"3s"`, `"0.5s"`. */
function retryAfterMs(details: readonly { readonly retryDelay?: string }[] | undefined): number | undefined {
  const text = details?.find(({ retryDelay }) => retryDelay !== undefined)?.retryDelay;
  return patienceMs(Number.parseFloat(text ?? "") * 1_000);
}
