/** Puts a shard's assistant together from its settings: the thread of providers, budgets, memory, and the hook that judges. */
import { type AssistantCounts, AssistantMetrics } from "./assistant-metrics.ts";
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/prng.ts";
import type { Assistant } from "../domain/assistant/port.ts";
import type { ModerationHook } from "../domain/moderation/hook.ts";
import type { Projections } from "../storage/projections.ts";
import { AssistantService } from "./assistant-service.ts";
import { ConversationMemory } from "./conversation-memory.ts";
import type { ProvidersSettings } from "./make-providers.ts";
import { type AiHookSettings, AiModerationHook } from "./moderation-hook.ts";
import { NO_ASSISTANT } from "./no-assistant.ts";
import { ProviderHost } from "./provider-host.ts";
import { type Budgets, UsageLedger } from "./usage-ledger.ts";

export interface AssistantSettings {
  readonly providers: ProvidersSettings;
  /** Without a piece for so long a provider has failed, milliseconds. */
  readonly silenceMs: number;
  /** All of one answer, milliseconds. */
  readonly runMs: number;
  readonly inputTokensMax: number;
  readonly outputTokensMax: number;
  readonly budgets: Budgets;
  readonly contextTtlMs: number;
  /** Of this shard. */
  readonly runsMax: number;
  readonly waitingMax: number;
  /** `undefined`: the assistant judges no messages. */
  readonly moderation: AiHookSettings | undefined;
}
export interface AssistantPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly projections: Projections;
  readonly report: (event: string, details: Readonly<Record<string, string | number>>) => void;
  readonly lengthMax: number;
}
export interface OpenAssistant {
  readonly assistant: Assistant;
  readonly hook: ModerationHook | undefined;
  /** `undefined`: there is no provider. */
  counts(): AssistantCounts | undefined;
  close(): void;
}

const NOBODY: OpenAssistant = {
  assistant: NO_ASSISTANT,
  hook: undefined,
  counts: () => undefined,
  close: () => undefined,
};

export function openAssistant(settings: AssistantSettings, ports: AssistantPorts): OpenAssistant {
  if (settings.providers.length === 0) return NOBODY;
  const { clock, random, projections, report, lengthMax } = ports;
  const { silenceMs, runMs, moderation } = settings;
  const start = { providers: settings.providers, engine: { silenceMs, runMs } };
  const host = new ProviderHost(start, clock, ({ event, details }) => report(event, details));
  const ledger = new UsageLedger(projections, clock, random, settings.budgets);
  const memory = new ConversationMemory(projections, clock, settings.contextTtlMs);
  const metrics = new AssistantMetrics();
  const providers = settings.providers.length;
  const parts = { answering: host, ledger, clock, metrics };
  const service = new AssistantService({ ...parts, memory, settings: { ...settings, lengthMax, providers } });
  const hook =
    moderation === undefined
      ? undefined
      : new AiModerationHook({ ...parts, report, settings: { ...moderation, providers } });
  return { assistant: service, hook, counts: () => service.counts, close: () => host.close() };
}
