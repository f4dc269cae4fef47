/** What the environment says of the assistant: who is asked, what may be spent, how long is waited. Read by `config.ts`. */
import { AI_RUNS_MAX } from "../base/limits.ts";
import type { EnvReader } from "./env-reader.ts";

export interface AssistantConfig {
  /** In the order in which they are asked. */
  readonly providers: readonly {
    readonly name: "gemini" | "openai";
    readonly apiKey: string;
    readonly model: string;
    readonly baseUrl: string | undefined;
  }[];
  /** Without a piece of the answer for so long a provider has failed. */
  readonly silenceMs: number;
  /** All of one answer. */
  readonly runMs: number;
  readonly inputTokensMax: number;
  readonly outputTokensMax: number;
  /** Tokens a day; 0: no bound. */
  readonly budgets: {
    readonly user: number;
    readonly room: number;
    readonly tenant: number;
    readonly moderation: number;
  };
  readonly contextTtlMs: number;
  /** Answers at a time on this node. */
  readonly runsMax: number;
  /** It judges messages before they are published, in tenants that want it. */
  readonly moderation: Pick<HookConfig, "timeoutMs" | "onFailure"> | undefined;
}

export interface HookConfig {
  readonly url: string;
  readonly secret: string;
  readonly timeoutMs: number;
  readonly onFailure: "publish" | "hold" | "reject";
}

/** How long a judge may take, and what happens to what it did not judge. */
export function readHookTerms(reader: EnvReader): Pick<HookConfig, "timeoutMs" | "onFailure"> {
  return {
    // Clients are answered within five seconds, the hook's time included.
    timeoutMs: reader.whole("STOA_MODERATION_HOOK_TIMEOUT_MS", { min: 50, max: 4_000, fallback: 1_000, unit: "ms" }),
    onFailure: reader.oneOf("STOA_MODERATION_HOOK_FAILURE", ["publish", "hold", "reject"], "publish"),
  };
}

const TOKENS_MAX = 1_000_000_000;

export function readAssistant(reader: EnvReader): AssistantConfig {
  const tokens = (name: string, fallback: number): number =>
    reader.whole(name, { min: 0, max: TOKENS_MAX, fallback, unit: "tokens a day, 0 for no bound" });
  const providers = readProviders(reader);
  const silenceMs = reader.whole("AI_RESPONSE_TIMEOUT", { min: 100, max: 300_000, fallback: 10_000, unit: "ms" });
  return {
    providers,
    silenceMs,
    runMs: reader.whole("STOA_AI_RUN_MS", { min: 500, max: 600_000, fallback: 60_000, unit: "ms" }),
    inputTokensMax: reader.whole("STOA_AI_INPUT_TOKENS", { min: 500, max: 200_000, fallback: 8_000, unit: "tokens" }),
    outputTokensMax: reader.whole("STOA_AI_OUTPUT_TOKENS", { min: 16, max: 32_000, fallback: 1_000, unit: "tokens" }),
    budgets: {
      user: tokens("STOA_AI_USER_TOKENS", 200_000),
      room: tokens("STOA_AI_ROOM_TOKENS", 1_000_000),
      tenant: tokens("STOA_AI_TENANT_TOKENS", 10_000_000),
      moderation: tokens("STOA_AI_MODERATION_TOKENS", 10_000_000),
    },
    contextTtlMs: 1_000 * reader.whole("STOA_AI_CONTEXT_TTL", { min: 1, max: 30 * 86_400, fallback: 3_600, unit: "s" }),
    runsMax: reader.whole("STOA_AI_RUNS", { min: 1, max: AI_RUNS_MAX, fallback: AI_RUNS_MAX }),
    moderation: readAiModeration(reader, providers.length > 0),
  };
}

function readAiModeration(reader: EnvReader, hasProvider: boolean): AssistantConfig["moderation"] {
  if (!reader.flag("STOA_AI_MODERATION", false)) return undefined;
  if (!hasProvider) {
    reader.complain("STOA_AI_MODERATION", "off while no provider is configured: nobody would judge");
    return undefined;
  }
  if (reader.raw("STOA_MODERATION_HOOK_URL") !== undefined) {
    reader.complain("STOA_AI_MODERATION", "off while STOA_MODERATION_HOOK_URL is set: one of the two judges");
    return undefined;
  }
  return readHookTerms(reader);
}

/** Those that have a key; a server of one's own may need none. */
function readProviders(reader: EnvReader): AssistantConfig["providers"] {
  const word = /^[^\s]+$/;
  const model = /^[A-Za-z0-9._:/@-]{1,128}$/;
  const named = "a model's name";
  const known = {
    gemini: {
      apiKey: reader.matching("GEMINI_API_KEY", word, "a key without spaces", undefined, true),
      model: reader.matching("GEMINI_MODEL", model, named, "gemini-2.5-flash"),
      baseUrl: reader.url("GEMINI_BASE_URL", ["https", "http"]),
    },
    openai: {
      apiKey: reader.matching("OPENAI_API_KEY", word, "a key without spaces", undefined, true),
      model: reader.matching("OPENAI_MODEL", model, named, "gpt-4o-mini"),
      baseUrl: reader.url("OPENAI_BASE_URL", ["https", "http"]),
    },
  };
  const order = reader.matching("STOA_AI_PROVIDERS", /^(gemini|openai)(,(gemini|openai))?$/, ORDER, "gemini,openai");
  const providers: AssistantConfig["providers"][number][] = [];
  for (const name of new Set(order.split(","))) {
    if (name !== "gemini" && name !== "openai") continue;
    const { apiKey, ...rest } = known[name];
    const key = apiKey ?? (name === "openai" && rest.baseUrl !== undefined ? "none" : undefined);
    if (key !== undefined) providers.push({ name, apiKey: key, ...rest });
  }
  return providers;
}
const ORDER = "gemini, openai or both, separated by a comma, in the order in which they are asked";
