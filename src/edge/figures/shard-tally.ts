/**
 * What all shards of this node counted since it started. A thread that is replaced begins at nought; what the ones before it
 * counted stays. Invariant: no total ever falls.
 */
import {
  type AssistantTotals,
  COMMIT_BUCKETS_MS,
  type ShardLevels,
  type ShardSample,
  type ShardTotals,
} from "../../actors/shard-counters.ts";
import type { ErrorCode } from "../../protocol/errors.ts";

const NOTHING: ShardTotals = {
  commits: 0,
  commitMs: 0,
  commitBuckets: COMMIT_BUCKETS_MS.map(() => 0).concat(0),
  events: 0,
  messages: 0,
  bytes: 0,
  fenced: 0,
  full: 0,
  unknown: 0,
  requests: 0,
  rejections: {},
};

export class ShardTally {
  /** By shard: of threads that are gone. */
  readonly #gone = new Map<number, ShardTotals>();
  readonly #latest = new Map<number, ShardSample>();
  /** Added up until one tells again: an answer to `/metrics` reads each a dozen times. */
  #totals: ShardTotals | undefined;
  #assistant: AssistantTotals | undefined;
  /** Of threads that are gone. */
  #goneAssistant: AssistantTotals = NO_ASSISTANT;

  told(shard: number, sample: ShardSample): void {
    this.#latest.set(shard, sample);
    this.#changed();
  }

  /** Its thread is lost; the next one begins anew. */
  lost(shard: number): void {
    const latest = this.#latest.get(shard);
    if (latest === undefined) return;
    this.#gone.set(shard, sum([this.#gone.get(shard) ?? NOTHING, latest.totals]));
    this.#goneAssistant = together([this.#goneAssistant, latest.assistant ?? NO_ASSISTANT]);
    this.#latest.delete(shard);
    this.#changed();
  }

  get totals(): ShardTotals {
    this.#totals ??= sum([...this.#gone.values(), ...[...this.#latest.values()].map(({ totals }) => totals)]);
    return this.#totals;
  }

  get assistant(): AssistantTotals {
    this.#assistant ??= together([
      this.#goneAssistant,
      ...[...this.#latest.values()].map((one) => one.assistant ?? NO_ASSISTANT),
    ]);
    return this.#assistant;
  }

  #changed(): void {
    this.#totals = undefined;
    this.#assistant = undefined;
  }

  get levels(): readonly (readonly [shard: number, levels: ShardLevels])[] {
    return [...this.#latest].map(([shard, { levels }]) => [shard, levels]);
  }
}

const NO_ASSISTANT: AssistantTotals = { runs: {}, requests: {}, failures: {}, inputTokens: {}, outputTokens: {} };

function together(all: readonly AssistantTotals[]): AssistantTotals {
  const add = (pick: (totals: AssistantTotals) => Readonly<Record<string, number>>): Record<string, number> => {
    const sums: Record<string, number> = {};
    for (const one of all)
      for (const [name, value] of Object.entries(pick(one))) sums[name] = (sums[name] ?? 0) + value;
    return sums;
  };
  return {
    runs: add(({ runs }) => runs),
    requests: add(({ requests }) => requests),
    failures: add(({ failures }) => failures),
    inputTokens: add(({ inputTokens }) => inputTokens),
    outputTokens: add(({ outputTokens }) => outputTokens),
  };
}

function sum(all: readonly ShardTotals[]): ShardTotals {
  const add = (pick: (totals: ShardTotals) => number): number => all.reduce((total, one) => total + pick(one), 0);
  const rejections: Partial<Record<ErrorCode, number>> = {};
  for (const one of all) {
    for (const [code, count] of Object.entries(one.rejections)) {
      rejections[code as ErrorCode] = (rejections[code as ErrorCode] ?? 0) + count;
    }
  }
  return {
    commits: add(({ commits }) => commits),
    commitMs: add(({ commitMs }) => commitMs),
    commitBuckets: NOTHING.commitBuckets.map((_, place) => add(({ commitBuckets }) => commitBuckets[place] ?? 0)),
    events: add(({ events }) => events),
    messages: add(({ messages }) => messages),
    bytes: add(({ bytes }) => bytes),
    fenced: add(({ fenced }) => fenced),
    full: add(({ full }) => full),
    unknown: add(({ unknown }) => unknown),
    requests: add(({ requests }) => requests),
    rejections,
  };
}
