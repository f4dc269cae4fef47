import { expect, test } from "bun:test";
import { readTracing, type TracingConfig } from "../../../src/config/tracing.ts";
import { EnvReader } from "../../../src/config/env-reader.ts";

const OTEL = "OTEL_EXPORTER_OTLP_ENDPOINT";
const ENDPOINT = { [OTEL]: "http://collector:4318" };

function read(env: Readonly<Record<string, string>>): TracingConfig | undefined {
  const reader = new EnvReader(env);
  const config = readTracing(reader);
  expect(reader.errors).toEqual([]);
  return config;
}

function complaints(env: Readonly<Record<string, string>>): readonly string[] {
  const reader = new EnvReader(env);
  readTracing(reader);
  return reader.errors;
}

test("without an address, or when it is disabled, nothing is traced", () => {
  expect(read({})).toBeUndefined();
  expect(read({ ...ENDPOINT, OTEL_SDK_DISABLED: "true" })).toBeUndefined();
  expect(read({ ...ENDPOINT, OTEL_TRACES_EXPORTER: "none" })).toBeUndefined();
});

test("the address is the collector's with the path of traces, or the one that is named for them", () => {
  expect(read(ENDPOINT)?.url).toBe("http://collector:4318/v1/traces");
  expect(read({ [OTEL]: "https://c/otlp/" })?.url).toBe("https://c/otlp/v1/traces");
  expect(read({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://c/mine" })?.url).toBe("https://c/mine");
});

test.each([
  [{}, 1, true],
  [{ OTEL_TRACES_SAMPLER: "always_off" }, 0, false],
  [{ OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.25" }, 0.25, false],
  [{ OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.25" }, 0.25, true],
  [{ OTEL_TRACES_SAMPLER: "parentbased_always_off" }, 0, true],
] as const)("%o writes a share of %d", (env, share, isParentHeard) => {
  expect(read({ ...ENDPOINT, ...env })).toMatchObject({ share, isParentHeard });
});

test("headers and attributes are pairs, with values as in addresses", () => {
  const pairs = "a=1, b = two%2Cthree ,c=100%";
  const config = read({
    ...ENDPOINT,
    OTEL_EXPORTER_OTLP_HEADERS: pairs,
    OTEL_RESOURCE_ATTRIBUTES: "service.name=chat",
  });
  expect(config?.headers).toEqual({ a: "1", b: "two,three", c: "100%" });
  expect(config?.serviceName).toBe("chat");
  expect(read({ ...ENDPOINT, OTEL_SERVICE_NAME: "named" })?.serviceName).toBe("named");
});

test("what cannot be is refused by name, and a key is not repeated", () => {
  expect(complaints({ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" })[0]).toContain("http/json");
  expect(complaints({ OTEL_TRACES_SAMPLER_ARG: "1.5" })[0]).toContain("from 0 to 1");
  expect(complaints({ STOA_TRACED_MESSAGES_PER_SECOND: "1001" })).toHaveLength(1);
  expect(complaints({ STOA_TRACED_MESSAGES_PER_SECOND: "1000" })).toEqual([]);
  const [complaint] = complaints({ OTEL_EXPORTER_OTLP_HEADERS: "my-secret-key" });
  expect(complaint).toContain("OTEL_EXPORTER_OTLP_HEADERS");
  expect(complaint).not.toContain("my-secret-key");
});
