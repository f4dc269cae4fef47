/** Questions within bounds: so many at a time, so many that wait, paid before they are asked and settled however they end. */
import { beforeEach, expect, test } from "bun:test";
import { AssistantMetrics } from "../../../src/ai/assistant-metrics.ts";
import { AssistantService } from "../../../src/ai/assistant-service.ts";
import { ConversationMemory } from "../../../src/ai/conversation-memory.ts";
import type { Prompt } from "../../../src/ai/prompt.ts";
import type { HostedListener } from "../../../src/ai/provider-host.ts";
import { UsageLedger } from "../../../src/ai/usage-ledger.ts";
import { ASSISTANT_USAGE, type UsageRow } from "../../../src/domain/assistant/usage.ts";
import type { RoomId, TenantId, UserId } from "../../../src/base/ids.ts";
import { SeededRandom } from "../../../src/base/prng.ts";
import type { AssistantQuestion, RunEnd } from "../../../src/domain/assistant/port.ts";
import { MemoryProjections } from "../../../src/storage/memory/memory-projections.ts";
import { SmallWorld } from "../../support/small-shard.ts";

const TENANT = "acme" as TenantId;
const QUESTION: AssistantQuestion = {
  tenant: TENANT,
  room: "room" as RoomId,
  user: "ann" as UserId,
  userName: "Ann",
  task: "answer",
  text: "why?",
  context: [],
  question: 7,
  answer: 8,
};
const OUTPUT_MAX = 100;

let world: SmallWorld;
let projections: MemoryProjections;
let service: AssistantService;
let hosted: { readonly prompt: Prompt; readonly listener: HostedListener; stopped: boolean }[];
let ends: RunEnd[];

beforeEach(() => {
  world = new SmallWorld();
  projections = new MemoryProjections(world.store, world.soon);
  hosted = [];
  ends = [];
  const budgets = { user: 10_000, room: 0, tenant: 0, moderation: 0 };
  service = new AssistantService({
    answering: {
      run: (prompt, listener) => {
        const run = { prompt, listener, stopped: false };
        hosted.push(run);
        return {
          stop: () => {
            run.stopped = true;
          },
        };
      },
      close: () => undefined,
    },
    ledger: new UsageLedger(projections, world.clock, new SeededRandom(1), budgets),
    memory: new ConversationMemory(projections, world.clock, 60_000),
    clock: world.clock,
    metrics: new AssistantMetrics(),
    settings: {
      inputTokensMax: 1_000,
      outputTokensMax: OUTPUT_MAX,
      lengthMax: 5_000,
      providers: 2,
      runsMax: 2,
      waitingMax: 1,
    },
  });
});

function ask(question: AssistantQuestion = QUESTION): { stop(): void } {
  const ignore = (): void => undefined;
  const run = service.start(question, { began: ignore, piece: ignore, ended: (end) => ends.push(end) });
  world.run();
  return run;
}

function spent(): number {
  let tokens = 0;
  projections.readDocument(TENANT, ASSISTANT_USAGE, "u/ann", (read) => {
    tokens = read.ok ? ((read.value?.value as UsageRow | undefined)?.tokens ?? 0) : Number.NaN;
  });
  world.run();
  return tokens;
}

const USED = { input: 30, output: 12 };
function end(i: number): void {
  hosted[i]?.listener.ended({ state: "complete", provider: "p", model: "m", tokens: USED, spent: USED, tried: [] });
  world.run();
}

test("as many as may run are asked at once, one waits, the next is refused, and a free place is the waiting one's", async () => {
  for (let i = 0; i < 4; i += 1) ask();
  await Promise.resolve();
  expect([hosted.length, service.counts.running, service.counts.waiting]).toEqual([2, 2, 1]);
  expect(ends).toMatchObject([{ state: "failed", reason: "overloaded" }]);
  end(0);
  expect([hosted.length, service.counts.running, service.counts.waiting]).toEqual([3, 2, 0]);
  end(1);
  end(2);
  expect([ends.length, service.counts.running]).toEqual([4, 0]);
});

test("one that is stopped while it waits is never asked", () => {
  ask();
  ask();
  ask().stop();
  end(0);
  end(1);
  expect([hosted.length, service.counts.running]).toEqual([2, 0]);
  expect(spent()).toBe(2 * (USED.input + USED.output));
});

test("one that is stopped before it is told of its refusal hears nothing and frees no place", async () => {
  const ignore = (): void => undefined;
  for (let i = 0; i < 3; i += 1) ask();
  service.start(QUESTION, { began: ignore, piece: ignore, ended: (refused) => ends.push(refused) }).stop();
  await Promise.resolve();
  world.run();
  expect([hosted.length, service.counts.running, service.counts.waiting, ends.length]).toEqual([2, 2, 1, 0]);
});

test("one that is stopped twice while it waits frees no place", () => {
  ask();
  ask();
  const waiting = ask();
  waiting.stop();
  waiting.stop();
  expect([service.counts.running, service.counts.waiting]).toEqual([2, 0]);
});

test("what all providers may cost is reserved before one is asked, and what it did cost stands there afterwards", () => {
  ask();
  expect(spent()).toBe(2 * ((hosted[0]?.prompt.inputTokens ?? 0) + OUTPUT_MAX));
  end(0);
  expect(spent()).toBe(USED.input + USED.output);
});

test("one that is stopped costs what came of it, estimated", () => {
  const run = ask();
  hosted[0]?.listener.piece("twelve bytes");
  run.stop();
  world.run();
  expect(hosted[0]?.stopped).toBe(true);
  expect(spent()).toBe((hosted[0]?.prompt.inputTokens ?? 0) + 4);
  expect(service.counts.running).toBe(0);
});

test("one that is stopped costs what each provider wrote of it", () => {
  const run = ask();
  hosted[0]?.listener.began();
  hosted[0]?.listener.piece("twelve bytes");
  hosted[0]?.listener.began();
  hosted[0]?.listener.piece("six by");
  run.stop();
  world.run();
  expect(spent()).toBe(2 * (hosted[0]?.prompt.inputTokens ?? 0) + 4 + 2);
});

test("one of which nobody knows what it cost, costs what was reserved", () => {
  ask();
  const reserved = spent();
  hosted[0]?.listener.ended({ state: "failed", reason: "provider_failed", tried: [] });
  world.run();
  expect([spent(), service.counts.running]).toEqual([reserved, 0]);
});

test("a conversation in a room is remembered by its places, a private one by its words and for private questions alone", () => {
  ask();
  hosted[0]?.listener.piece("Because.");
  end(0);
  let turns: readonly unknown[] = [];
  service.recall(TENANT, "room" as RoomId, "ann" as UserId, (found) => {
    turns = found.map(({ seq, content }) => [seq, content]);
  });
  world.run();
  expect(turns).toEqual([
    [7, undefined],
    [8, undefined],
  ]);
  const { question: _question, answer: _answer, ...privately } = QUESTION;
  ask(privately);
  expect(hosted[1]?.prompt.user).not.toContain("Because.");
  hosted[1]?.listener.piece("Secretly.");
  end(1);
  ask(privately);
  expect(hosted[2]?.prompt.user).toContain("Secretly.");
  end(2);
  ask();
  expect(hosted[3]?.prompt.user).not.toContain("Secretly.");
});
