/**
 * What a shard counts of its own work, as plain numbers: nothing on the hot path but additions. Its thread tells the main thread
 * once a second; names and texts are made there, when somebody asks.
 * Invariant: no number is about a tenant, a room or a person.
 */
import type { Clock } from "../base/clock.ts";
import type { LogEvent } from "../domain/room/events.ts";
import type { ErrorCode } from "../protocol/errors.ts";

/** Upper bounds of a commit's time, milliseconds; what takes longer is counted in the last place, which has none. */
export const COMMIT_BUCKETS_MS: readonly number[] = [0.5, 1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000];

/** Those that only grow. */
export interface ShardTotals {
  readonly commits: number;
  readonly commitMs: number;
  /** By bucket; not cumulative. */
  readonly commitBuckets: readonly number[];
  readonly events: number;
  readonly messages: number;
  readonly bytes: number;
  /** Appends that were not written, by what became of them. */
  readonly fenced: number;
  readonly full: number;
  readonly unknown: number;
  readonly requests: number;
  readonly rejections: Readonly<Partial<Record<ErrorCode, number>>>;
}
/** How it is right now. */
export interface ShardLevels {
  readonly rooms: number;
  readonly users: number;
  readonly queuedBytes: number;
  /** Actors that have mail. */
  readonly waitingActors: number;
  /** How late the thread came to look at this, milliseconds. */
  readonly lateMs: number;
}
/** What the shard's assistant did; by provider, where it is one's. */
export interface AssistantTotals {
  readonly runs: Readonly<Record<string, number>>;
  readonly requests: Readonly<Record<string, number>>;
  readonly failures: Readonly<Record<string, number>>;
  readonly inputTokens: Readonly<Record<string, number>>;
  readonly outputTokens: Readonly<Record<string, number>>;
}
export interface ShardSample {
  readonly totals: ShardTotals;
  readonly levels: ShardLevels;
  /** Absent: there is none. */
  readonly assistant?: AssistantTotals;
}

export class ShardCounters {
  requests = 0;
  /** Of the run of turns that is under way; below 0: not looked at yet. */
  #nowMs = -1;
  #commits = 0;
  #commitMs = 0;
  readonly #commitBuckets = COMMIT_BUCKETS_MS.map(() => 0).concat(0);
  #events = 0;
  #messages = 0;
  #bytes = 0;
  readonly #lost = { fenced: 0, full: 0, unknown: 0 };
  readonly #rejections: Partial<Record<ErrorCode, number>> = {};

  /** The time, looked at once for each run of turns: looking costs as much as all the rest of counting. */
  nowMs(clock: Pick<Clock, "monotonicMs">): number {
    if (this.#nowMs < 0) this.#nowMs = clock.monotonicMs();
    return this.#nowMs;
  }

  /** The run is over, and what it left is about to be written. */
  settling(): void {
    this.#nowMs = -1;
  }

  committed(events: readonly LogEvent[], bytes: number, ms: number): void {
    this.#commits += 1;
    this.#commitMs += ms;
    this.#bytes += bytes;
    this.#events += events.length;
    for (let i = 0; i < events.length; i += 1) if (events[i]?.kind === "message_sent") this.#messages += 1;
    let place = 0;
    while (place < COMMIT_BUCKETS_MS.length && ms > (COMMIT_BUCKETS_MS[place] ?? 0)) place += 1;
    this.#commitBuckets[place] = (this.#commitBuckets[place] ?? 0) + 1;
  }

  notWritten(outcome: "fenced" | "full" | "unknown"): void {
    this.#lost[outcome] += 1;
  }

  rejected(code: ErrorCode): void {
    this.#rejections[code] = (this.#rejections[code] ?? 0) + 1;
  }

  totals(): ShardTotals {
    return {
      commits: this.#commits,
      commitMs: this.#commitMs,
      commitBuckets: [...this.#commitBuckets],
      events: this.#events,
      messages: this.#messages,
      bytes: this.#bytes,
      ...this.#lost,
      requests: this.requests,
      rejections: { ...this.#rejections },
    };
  }
}
