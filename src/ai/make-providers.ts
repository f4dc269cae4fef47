/** From settings to the providers that are asked, in their order. */
import { GeminiProvider } from "./providers/gemini.ts";
import { OpenAiProvider } from "./providers/openai.ts";
import type { Provider } from "./providers/provider.ts";

const PROVIDER_NAMES = ["gemini", "openai"] as const;
export type ProviderName = (typeof PROVIDER_NAMES)[number];

export interface ProviderSettings {
  readonly name: ProviderName;
  readonly apiKey: string;
  readonly model: string;
  readonly baseUrl: string | undefined;
}
/** The first is asked first. */
export type ProvidersSettings = readonly ProviderSettings[];

export function makeProviders(settings: ProvidersSettings): readonly Provider[] {
  return settings.map((one) => (one.name === "gemini" ? new GeminiProvider(one) : new OpenAiProvider(one)));
}
