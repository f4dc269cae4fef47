/** The part of the configuration that says where traces go. The names are those of OpenTelemetry, as any other program has them. */
import type { EnvReader } from "./env-reader.ts";

export interface TracingConfig {
  /** Of the collector, with its path. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Of requests and messages without a parent, 0 to 1. */
  readonly share: number;
  /** Whoever asks with a trace of their own decides whether it is written. */
  readonly isParentHeard: boolean;
  /** At most so many messages on sockets are followed in a second; 0: none. */
  readonly messagesPerSecond: number;
}

const SAMPLERS = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;
const PAIRS = /^(?:\s*[^=,\s]+\s*=[^,]*)(?:,\s*[^=,\s]+\s*=[^,]*)*$/;
const PAIRS_ARE = "name=value, several separated by commas";

/** `undefined`: nothing is traced, and what traces is not loaded. */
export function readTracing(reader: EnvReader): TracingConfig | undefined {
  const isDisabled = reader.flag("OTEL_SDK_DISABLED", false);
  const exporter = reader.oneOf("OTEL_TRACES_EXPORTER", ["otlp", "none"], "otlp");
  const endpoint = reader.url("OTEL_EXPORTER_OTLP_ENDPOINT", ["https", "http"]);
  const own = reader.url("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ["https", "http"]);
  reader.oneOf("OTEL_EXPORTER_OTLP_PROTOCOL", ["http/json"], "http/json");
  const headers = pairs(reader.matching("OTEL_EXPORTER_OTLP_HEADERS", PAIRS, PAIRS_ARE, undefined, true));
  const attributes = pairs(reader.matching("OTEL_RESOURCE_ATTRIBUTES", PAIRS, PAIRS_ARE, undefined));
  const serviceName = reader.text("OTEL_SERVICE_NAME") ?? attributes["service.name"] ?? "stoa";
  const sampler = reader.oneOf("OTEL_TRACES_SAMPLER", SAMPLERS, "parentbased_always_on");
  const ratio = readShare(reader);
  const messagesPerSecond = reader.whole("STOA_TRACED_MESSAGES_PER_SECOND", { min: 0, max: 1_000, fallback: 5 });
  const url = own ?? (endpoint && `${endpoint.replace(/\/+$/, "")}/v1/traces`);
  if (url === undefined || isDisabled || exporter === "none") return undefined;
  const share = sampler.endsWith("off") ? 0 : sampler.endsWith("ratio") ? ratio : 1;
  const isParentHeard = sampler.startsWith("parentbased");
  return { url, headers, serviceName, attributes, share, isParentHeard, messagesPerSecond };
}

function readShare(reader: EnvReader): number {
  const text = reader.raw("OTEL_TRACES_SAMPLER_ARG");
  if (text === undefined) return 1;
  const share = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (share >= 0 && share <= 1) return share;
  reader.complain("OTEL_TRACES_SAMPLER_ARG", "a share from 0 to 1");
  return 1;
}

/** Values are written as in addresses, with `%2C` for a comma. */
function pairs(text: string | undefined): Readonly<Record<string, string>> {
  const split = (text ?? "").split(",").filter((pair) => pair.includes("="));
  return Object.fromEntries(
    split.map((pair) => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())];
    }),
  );
}

function decoded(text: string): string {
  // A lone % is one.
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (bytes) => {
    const decoder = new TextDecoder();
    return decoder.decode(Uint8Array.from(bytes.slice(1).split("%"), (byte) => Number.parseInt(byte, 16)));
  });
}
