/**
 * How this node has been lately: every two seconds a sample of what `/metrics` says, as rates and times, for ten minutes. For the
 * dashboard, which wants a past when it is opened. Invariant: memory is bounded, and no number is about a tenant, a room or a person.
 */
import type { AssistantTotals } from "../../actors/shard-counters.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { PULSE_EVERY_MS, PULSE_SAMPLES_MAX } from "../../base/limits.ts";
import { RecentRing } from "../../base/recent-ring.ts";
import type { AnswerTimes } from "../links/answer-probe.ts";
import type { MetricsSource } from "./metrics.ts";
import { bucketPercentile, percentile } from "./percentiles.ts";

/** What a sample says, in this order. Units stand last. */
export const PULSE_COLUMNS = [
  "connections",
  "rooms",
  "messagesPerSecond",
  "deliveriesPerSecond",
  "framesPerSecond",
  "commitsPerSecond",
  "commitP50Ms",
  "commitP99Ms",
  "answerP50Ms",
  "answerP99Ms",
  "requestsWaiting",
  "actorsWaiting",
  "queuedBytes",
  "shardLateMs",
  "edgeLateMs",
  "memoryBytes",
  "cpuPercent",
  "notWritten",
  "serverErrors",
  "rateLimited",
] as const;
export type PulseColumn = (typeof PULSE_COLUMNS)[number];

export interface PulseView {
  readonly node: string;
  readonly instance: string;
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  readonly isReady: boolean;
  readonly shards: number;
  readonly restarts: number;
  readonly dependencies: Readonly<Record<string, "healthy" | "degraded" | "down">>;
  readonly lagsMs: Readonly<Record<string, number>>;
  readonly assistant: AssistantTotals;
  /** Each: when, milliseconds since 1970, and one value for each column. */
  readonly samples: readonly (readonly number[])[];
}

export interface PulsePorts {
  readonly clock: Clock;
  readonly node: string;
  readonly source: MetricsSource;
  readonly shards: number;
  readonly answerTimes: AnswerTimes;
  /** With each sample. */
  readonly sampled?: () => void;
}

interface Sample {
  readonly atMs: number;
  readonly values: readonly number[];
}
interface Counted {
  readonly monotonicMs: number;
  readonly cpuMs: number;
  readonly messages: number;
  readonly deliveries: number;
  readonly frames: number;
  readonly commits: number;
  readonly buckets: readonly number[];
  readonly notWritten: number;
  readonly serverErrors: number;
  readonly rateLimited: number;
}

/** Beyond a ten-thousandth nobody looks. */
const PRECISION = 1_000;

export class Pulse {
  readonly #ports: PulsePorts;
  readonly #ring = new RecentRing<Sample>(PULSE_SAMPLES_MAX, PULSE_SAMPLES_MAX * PULSE_EVERY_MS);
  readonly #startedMs: number;
  #before: Counted;
  #timer: Timer;

  constructor(ports: PulsePorts) {
    this.#ports = ports;
    this.#startedMs = ports.clock.wallMs();
    this.#before = this.#count();
    this.#timer = this.#next();
  }

  stop(): void {
    this.#timer.cancel();
  }

  view(sinceMs: number): PulseView {
    const { clock, node, shards, source } = this.#ports;
    const samples: (readonly number[])[] = [];
    for (const { atMs, values } of this.#ring.from(clock.wallMs())) if (atMs > sinceMs) samples.push([atMs, ...values]);
    return {
      node,
      shards,
      samples,
      instance: source.instance,
      startedMs: this.#startedMs,
      isReady: source.isReady(),
      restarts: source.restarts(),
      dependencies: source.dependencies(),
      lagsMs: source.lagsMs(),
      assistant: source.shards.assistant,
    };
  }

  #next(): Timer {
    return this.#ports.clock.after(PULSE_EVERY_MS, () => {
      this.#sample();
      this.#timer = this.#next();
    });
  }

  #sample(): void {
    const now = this.#count();
    const { clock, sampled } = this.#ports;
    const values = this.#read(this.#before, now);
    this.#before = now;
    const rounded = PULSE_COLUMNS.map((name) => Math.round(values[name] * PRECISION) / PRECISION);
    this.#ring.push({ atMs: clock.wallMs(), values: rounded });
    sampled?.();
  }

  #count(): Counted {
    const { clock, source } = this.#ports;
    const { edge, shards } = source;
    const { messages, commits, commitBuckets, full, unknown } = shards.totals;
    const { user, system } = process.cpuUsage();
    return {
      monotonicMs: clock.monotonicMs(),
      cpuMs: (user + system) / 1_000,
      messages,
      deliveries: edge.deliveries,
      frames: edge.framesReceived,
      commits,
      buckets: commitBuckets,
      notWritten: full + unknown,
      serverErrors: edge.responses["5xx"],
      rateLimited: edge.rateLimited,
    };
  }

  #read(before: Counted, now: Counted): Readonly<Record<PulseColumn, number>> {
    const { source, answerTimes } = this.#ports;
    const ms = Math.max(1, now.monotonicMs - before.monotonicMs);
    const perSecond = (name: "messages" | "deliveries" | "frames" | "commits"): number =>
      ((now[name] - before[name]) * 1_000) / ms;
    const buckets = now.buckets.map((count, i) => count - (before.buckets[i] ?? 0));
    const answers = answerTimes.take();
    const levels = source.shards.levels.map(([, each]) => each);
    return {
      connections: source.connections(),
      rooms: source.rooms(),
      messagesPerSecond: perSecond("messages"),
      deliveriesPerSecond: perSecond("deliveries"),
      framesPerSecond: perSecond("frames"),
      commitsPerSecond: perSecond("commits"),
      commitP50Ms: bucketPercentile(buckets, 0.5),
      commitP99Ms: bucketPercentile(buckets, 0.99),
      answerP50Ms: percentile(answers, 0.5),
      answerP99Ms: percentile(answers, 0.99),
      requestsWaiting: source.pending(),
      actorsWaiting: levels.reduce((sum, { waitingActors }) => sum + waitingActors, 0),
      queuedBytes: levels.reduce((sum, { queuedBytes }) => sum + queuedBytes, 0),
      shardLateMs: levels.reduce((most, { lateMs }) => Math.max(most, lateMs), 0),
      edgeLateMs: source.lateMs(),
      memoryBytes: process.memoryUsage.rss(),
      cpuPercent: ((now.cpuMs - before.cpuMs) * 100) / ms,
      notWritten: now.notWritten - before.notWritten,
      serverErrors: now.serverErrors - before.serverErrors,
      rateLimited: now.rateLimited - before.rateLimited,
    };
  }
}
