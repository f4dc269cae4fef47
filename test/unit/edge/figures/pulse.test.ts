/** What a node remembers of its last ten minutes: rates and times of each two seconds, bounded. */
import { expect, test } from "bun:test";
import { COMMIT_BUCKETS_MS, ShardCounters } from "../../../../src/actors/shard-counters.ts";
import type { UserId } from "../../../../src/base/ids.ts";
import { ANSWER_SAMPLES_MAX, PULSE_EVERY_MS, PULSE_SAMPLES_MAX } from "../../../../src/base/limits.ts";
import type { LogEvent } from "../../../../src/domain/room/events.ts";
import { EdgeCounters } from "../../../../src/edge/figures/edge-counters.ts";
import { bucketPercentile, percentile } from "../../../../src/edge/figures/percentiles.ts";
import { Pulse, PULSE_COLUMNS, type PulseColumn } from "../../../../src/edge/figures/pulse.ts";
import { ShardTally } from "../../../../src/edge/figures/shard-tally.ts";
import { AnswerTimes } from "../../../../src/edge/links/answer-probe.ts";
import { sourceOf } from "../../../support/metrics-source.ts";
import { EventQueue, VirtualClock } from "../../../sim/virtual-clock.ts";

const START_MS = 1_800_000_000_000;
const levels = { rooms: 2, users: 3, queuedBytes: 40, waitingActors: 5, lateMs: 6 };

function scene() {
  const queue = new EventQueue();
  const clock = new VirtualClock(queue, START_MS);
  const [tally, edge, answers, counters] = [
    new ShardTally(),
    new EdgeCounters(),
    new AnswerTimes(),
    new ShardCounters(),
  ];
  const source = sourceOf(tally, edge);
  let samples = 0;
  const pulse = new Pulse({
    ...{ clock, source, shards: 2, node: "node-1.x", answerTimes: answers },
    sampled: () => {
      samples += 1;
    },
  });
  const tell = (shard: number): void => tally.told(shard, { totals: counters.totals(), levels });
  const run = (ms: number): void => {
    const untilMs = queue.nowMs + ms;
    while (queue.runNext(untilMs));
  };
  const newest = (name: PulseColumn) => pulse.view(0).samples.at(-1)?.[1 + PULSE_COLUMNS.indexOf(name)];
  return { pulse, edge, answers, counters, tell, run, newest, samples: () => samples };
}

const message = (seq: number): LogEvent => ({
  ...{ kind: "message_sent", seq, timestamp: 1, by: "ann" as UserId, messageNo: seq },
  ...{ messageType: "text", content: "hi" },
});

test("a sample says what came since the one before as rates, and how it is now", () => {
  const { counters, edge, tell, run, newest, answers, samples } = scene();
  tell(0);
  run(PULSE_EVERY_MS);
  for (let i = 1; i <= 20; i += 1) counters.committed([message(i)], 10, i === 20 ? 90 : 4);
  counters.notWritten("unknown");
  counters.notWritten("full");
  counters.notWritten("fenced");
  tell(0);
  tell(1);
  edge.deliveries = 600;
  edge.framesReceived = 50;
  edge.responded(503);
  edge.rateLimited = 3;
  for (const ms of [5, 1, 3, 2, 4]) answers.note(ms);
  run(PULSE_EVERY_MS);
  // Both shards say the same of themselves.
  expect(newest("messagesPerSecond")).toBe(20);
  expect(newest("commitsPerSecond")).toBe(20);
  expect(newest("deliveriesPerSecond")).toBe(300);
  expect(newest("framesPerSecond")).toBe(25);
  expect(newest("notWritten")).toBe(4);
  expect(newest("serverErrors")).toBe(1);
  expect(newest("rateLimited")).toBe(3);
  expect([newest("answerP50Ms"), newest("answerP99Ms")]).toEqual([3, 5]);
  expect(newest("commitP50Ms")).toBeGreaterThan(2);
  expect(newest("commitP50Ms")).toBeLessThanOrEqual(5);
  expect(newest("commitP99Ms")).toBeGreaterThan(50);
  expect([newest("connections"), newest("rooms"), newest("requestsWaiting")]).toEqual([7, 8, 9]);
  expect([newest("actorsWaiting"), newest("queuedBytes"), newest("shardLateMs")]).toEqual([10, 80, 6]);
  expect(newest("memoryBytes")).toBeGreaterThan(1_000_000);
  expect(samples()).toBe(2);
  run(PULSE_EVERY_MS);
  expect([newest("messagesPerSecond"), newest("answerP99Ms"), newest("commitP99Ms")]).toEqual([0, 0, 0]);
});

test("it keeps the newest ones, and gives those that came after a time", () => {
  const { pulse, run } = scene();
  run(PULSE_EVERY_MS * PULSE_SAMPLES_MAX);
  const first = pulse.view(0).samples;
  // The age is bounded as the number is: at the bound the oldest one may just have gone.
  expect(first.length).toBeGreaterThanOrEqual(PULSE_SAMPLES_MAX - 1);
  run(PULSE_EVERY_MS * 3);
  const { samples, ...about } = pulse.view(0);
  expect(samples.length).toBeLessThanOrEqual(PULSE_SAMPLES_MAX);
  expect(samples.at(-1)?.[0]).toBe((first.at(-1)?.[0] ?? 0) + 3 * PULSE_EVERY_MS);
  expect(pulse.view(samples.at(-3)?.[0] ?? 0).samples).toHaveLength(2);
  expect(about).toMatchObject({ node: "node-1.x", instance: "node-1", startedMs: START_MS, shards: 2, restarts: 1 });
  pulse.stop();
  run(PULSE_EVERY_MS * 5);
  expect(pulse.view(0).samples.at(-1)).toEqual(samples.at(-1));
});

test("of very many answers only so many are looked at", () => {
  const answers = new AnswerTimes();
  for (let i = 0; i <= ANSWER_SAMPLES_MAX; i += 1) answers.note(i);
  expect(answers.take()).toHaveLength(ANSWER_SAMPLES_MAX);
  expect(answers.take()).toEqual([]);
});

test("percentiles of numbers and of buckets", () => {
  expect([percentile([], 0.99), percentile([4], 0.5), percentile([1, 2, 3, 4], 0.5)]).toEqual([0, 4, 2]);
  expect(percentile([...Array(100).keys()], 0.99)).toBe(98);
  const counts = COMMIT_BUCKETS_MS.map(() => 0).concat(0);
  expect(bucketPercentile(counts, 0.5)).toBe(0);
  counts[2] = 10;
  expect(bucketPercentile(counts, 0.5)).toBe(1.5);
  expect(bucketPercentile(counts, 1)).toBe(2);
  counts[counts.length - 1] = 1_000;
  expect(bucketPercentile(counts, 0.99)).toBe(COMMIT_BUCKETS_MS.at(-1) ?? 0);
});
