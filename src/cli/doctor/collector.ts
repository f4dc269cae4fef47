/** The collector of traces: asked with nothing in hand. Nothing depends on it, so it never fails the whole. */
import type { TracingConfig } from "../../config/tracing.ts";
import { doubtful, type Finding, fine } from "./finding.ts";

const ANSWER_MS_MAX = 5_000;
const REMEDY =
  "see that it runs and takes OTLP over HTTP at this address, with these headers; until then traces are dropped";

export async function examineCollector({ url, headers }: TracingConfig): Promise<readonly Finding[]> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: '{"resourceSpans":[]}',
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    await response.body?.cancel();
    if (response.ok) return [fine("traces", "the collector takes them")];
    return [doubtful("traces", `the collector answers ${response.status}`, REMEDY)];
  } catch {
    return [doubtful("traces", "the collector does not answer", REMEDY)];
  }
}
