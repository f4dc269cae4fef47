/** The hook that asks a model: paid from the tenant's purse for it, and counted by provider like any question. */
import { beforeEach, expect, test } from "bun:test";
import { AssistantMetrics } from "../../../src/ai/assistant-metrics.ts";
import { AiModerationHook } from "../../../src/ai/moderation-hook.ts";
import type { HostedListener } from "../../../src/ai/provider-host.ts";
import type { EngineEnd } from "../../../src/ai/run-engine.ts";
import { UsageLedger } from "../../../src/ai/usage-ledger.ts";
import type { RoomId, TenantId, UserId } from "../../../src/base/ids.ts";
import { FAILURE_REPORT_MS } from "../../../src/base/limits.ts";
import { SeededRandom } from "../../../src/base/prng.ts";
import type { RunReason } from "../../../src/domain/assistant/runs.ts";
import { ASSISTANT_USAGE, MODERATION_PURSE, type UsageRow } from "../../../src/domain/assistant/usage.ts";
import type { HookVerdict } from "../../../src/domain/moderation/hook.ts";
import { MemoryProjections } from "../../../src/storage/memory/memory-projections.ts";
import { SmallWorld } from "../../support/small-shard.ts";

const TENANT = "acme" as TenantId;
const TIMEOUT_MS = 1_000;
const BUDGETS = { user: 0, room: 0, tenant: 0, moderation: 10_000 };
/** Of a verdict. */
const OUTPUT_TOKENS = 1_000;
const QUESTION = {
  tenant: TENANT,
  room: "room" as RoomId,
  author: "ann" as UserId,
  content: "Hello.",
  messageType: "text",
  level: "basic",
} as const;

let world: SmallWorld;
let projections: MemoryProjections;
let metrics: AssistantMetrics;
let hook: AiModerationHook;
let asked: HostedListener[];
let verdicts: HookVerdict[];
let reports: string[];

beforeEach(() => {
  world = new SmallWorld();
  projections = new MemoryProjections(world.store, world.soon);
  metrics = new AssistantMetrics();
  asked = [];
  verdicts = [];
  reports = [];
  hook = new AiModerationHook({
    answering: {
      run: (_prompt, listener) => {
        asked.push(listener);
        return { stop: () => undefined };
      },
      close: () => undefined,
    },
    ledger: new UsageLedger(projections, world.clock, new SeededRandom(1), BUDGETS),
    clock: world.clock,
    metrics,
    report: (event, details) => reports.push(`${event} ${JSON.stringify(details)}`),
    settings: { timeoutMs: TIMEOUT_MS, onFailure: "hold", providers: 2 },
  });
});

function judge(): HostedListener {
  hook.judge(QUESTION, (verdict) => verdicts.push(verdict));
  world.run();
  const listener = asked.at(-1);
  if (listener === undefined) throw new Error("nobody was asked");
  return listener;
}

function spent(): number {
  let tokens = 0;
  projections.readDocument(TENANT, ASSISTANT_USAGE, MODERATION_PURSE, (read) => {
    tokens = read.ok ? ((read.value?.value as UsageRow | undefined)?.tokens ?? 0) : Number.NaN;
  });
  world.run();
  return tokens;
}

const USED = { input: 30, output: 12 };
const END: EngineEnd = {
  state: "complete",
  provider: "openai",
  tokens: USED,
  spent: USED,
  tried: [
    { provider: "gemini", failure: "unavailable", ms: 5 },
    { provider: "openai", ms: 40, firstMs: 20 },
  ],
};

test("what it asked is counted by provider, and is no question of anybody's", () => {
  const listener = judge();
  listener.piece('{"action":"allow"}');
  listener.ended(END);
  world.run();
  expect(verdicts).toEqual([{ outcome: "publish" }]);
  expect(spent()).toBe(USED.input + USED.output);
  const { providers, completed, failed } = metrics.counts(0, 0);
  expect([completed, failed]).toEqual([0, {}]);
  expect(providers["gemini"]).toMatchObject({ requests: 1, failures: { unavailable: 1 } });
  expect(providers["openai"]).toMatchObject({ requests: 1, inputTokens: USED.input, outputTokens: USED.output });
});

test("what it could not judge is in the log, with why, and not what was said", () => {
  const failed = (reason: RunReason): EngineEnd => ({ ...END, state: "failed", reason, tried: [] });
  const ways: readonly (readonly [string, (listener: HostedListener) => void])[] = [
    ["rate_limited", (listener) => listener.ended(failed("rate_limited"))],
    ["an answer that cannot be read", (listener) => listener.ended(END)],
    ["timeout", () => world.run(TIMEOUT_MS)],
  ];
  for (const [why, end] of ways) {
    reports = [];
    world.run(FAILURE_REPORT_MS);
    end(judge());
    world.run();
    expect(reports).toEqual([`moderation_hook_failed ${JSON.stringify({ why, failures: 1 })}`]);
  }
  expect(verdicts.map(({ outcome }) => outcome)).toEqual(["hold", "hold", "hold"]);
});

test("a budget that is used up is in the log, too", () => {
  const purse = new UsageLedger(projections, world.clock, new SeededRandom(2), BUDGETS);
  purse.reserve({ tenant: TENANT, moderation: true }, BUDGETS.moderation, () => undefined);
  world.run();
  hook.judge(QUESTION, (verdict) => verdicts.push(verdict));
  world.run();
  expect(verdicts).toMatchObject([{ outcome: "hold" }]);
  expect(reports).toEqual([`moderation_hook_failed ${JSON.stringify({ why: "budget_exhausted", failures: 1 })}`]);
});

test("what nobody knows the cost of, costs what was reserved", () => {
  const listener = judge();
  const reserved = spent();
  expect(reserved).toBeGreaterThan(0);
  const { spent: _spent, ...lost } = { ...END, state: "failed" as const, tried: [] };
  listener.ended(lost);
  world.run();
  expect(verdicts).toMatchObject([{ outcome: "hold" }]);
  expect(spent()).toBe(reserved);
});

test("what it did not hear in time costs what came of it, estimated", () => {
  const listener = judge();
  const once = spent() / 2;
  listener.piece("twelve bytes");
  world.run(TIMEOUT_MS);
  expect(verdicts).toMatchObject([{ outcome: "hold" }]);
  // Of what was reserved for both providers, the question to one, and what it wrote in the place of what it might have written.
  expect(spent()).toBe(once - OUTPUT_TOKENS + 4);
});
