/** What is counted of each provider. */
import { expect, test } from "bun:test";
import { AssistantMetrics, LATENCY_BOUNDS_MS } from "../../../src/ai/assistant-metrics.ts";

test("requests, failures by what went wrong, tokens and times, by provider", () => {
  const metrics = new AssistantMetrics();
  metrics.ended({
    state: "complete",
    provider: "openai",
    tokens: { input: 10, output: 5 },
    spent: { input: 10, output: 5 },
    tried: [
      { provider: "gemini", failure: "timed_out", ms: 10_001 },
      { provider: "openai", ms: 250, firstMs: 40 },
    ],
  });
  metrics.ended({ state: "failed", reason: "blocked", spent: { input: 0, output: 0 }, tried: [] });
  metrics.stopped();
  const { providers, completed, failed, stopped, running, waiting } = metrics.counts(2, 1);
  expect([completed, failed, stopped, running, waiting]).toEqual([1, { blocked: 1 }, 1, 2, 1]);
  expect(providers["gemini"]).toMatchObject({ requests: 1, failures: { timed_out: 1 }, inputTokens: 0 });
  const { latency, firstPiece, ...counts } = providers["openai"] ?? { latency: undefined, firstPiece: undefined };
  expect(counts).toMatchObject({ requests: 1, failures: {}, inputTokens: 10, outputTokens: 5 });
  // A time at a bucket's bound belongs to it.
  expect(latency?.buckets).toEqual(LATENCY_BOUNDS_MS.map((bound) => (bound >= 250 ? 1 : 0)));
  expect([firstPiece?.count, firstPiece?.sumMs]).toEqual([1, 40]);
});
