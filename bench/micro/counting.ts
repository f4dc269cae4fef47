/**
 * What each thing costs that is done for metrics, alone and warm: `bun bench/micro/counting.ts`. Nanoseconds; times how often it
 * happens it is what `bench/metrics/main.ts` looks for in whole servers. The best of some rounds: what else runs only adds.
 */
import { MessageChannel } from "node:worker_threads";
import { ShardCounters } from "../../src/actors/shard-counters.ts";
import { SystemClock } from "../../src/base/clock.ts";
import type { UserId } from "../../src/base/ids.ts";
import type { LogEvent } from "../../src/domain/room/events.ts";
import { EdgeCounters } from "../../src/edge/figures/edge-counters.ts";
import { Metrics, type MetricsSource } from "../../src/edge/figures/metrics.ts";
import { Pulse } from "../../src/edge/figures/pulse.ts";
import { ShardTally } from "../../src/edge/figures/shard-tally.ts";
import { AnswerProbe, AnswerTimes } from "../../src/edge/links/answer-probe.ts";
import { ShardOutlet } from "../../src/edge/links/shard-outlet.ts";

const ROUNDS = 15;
const clock = new SystemClock();
const edge = new EdgeCounters();
const counters = new ShardCounters();
const tally = new ShardTally();
const answers = new AnswerTimes();
const levels = { rooms: 256, users: 256, queuedBytes: 0, waitingActors: 0, lateMs: 0 };
const source: MetricsSource = {
  edge,
  shards: tally,
  instance: "node-1",
  isReady: () => true,
  connections: () => 256,
  rooms: () => 256,
  pending: () => 0,
  restarts: () => 0,
  lateMs: () => 0,
  nodes: () => 1,
  dependencies: () => ({ shards: "healthy" }),
  unreadableLogs: () => ({}),
  lagsMs: () => ({}),
  webhooks: () => undefined,
};

function event(seq: number): LogEvent {
  return {
    ...{ kind: "message_sent", seq, timestamp: 1, by: "ann" as UserId, messageNo: seq },
    ...{ messageType: "text", content: "hi" },
  };
}

async function ns(times: number, run: () => unknown): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const beganMs = performance.now();
    for (let i = 0; i < times; i += 1) {
      const result = run();
      if (result instanceof Promise) await result;
    }
    best = Math.min(best, ((performance.now() - beganMs) * 1e6) / times);
  }
  return best;
}

const MANY = 1_000_000;
const FEW = 2_000;
const one = [event(1)];
const many = Array.from({ length: 64 }, (_, i) => event(i + 1));
const listeners = new Set(Array.from({ length: 100 }, (_, i) => i));
const outlet = new ShardOutlet();
const probe = new AnswerProbe(outlet);
const metrics = new Metrics(source);
const { port1, port2 } = new MessageChannel();
port2.on("message", () => undefined);

counters.committed(many, 100, 1);
tally.told(0, { totals: counters.totals(), levels });
let record = 0;
/** What is read and not used is not read. */
const read = { ms: 0 };

const figures: Record<string, number> = {
  "a read of the clock": await ns(MANY, () => {
    read.ms += clock.monotonicMs();
  }),
  "edge: a frame came in": await ns(MANY, () => {
    edge.framesReceived += 1;
    edge.bytesReceived += 170;
  }),
  "edge: a frame to a whole room": await ns(MANY, () => {
    edge.publishes += 1;
    edge.deliveries += listeners.size;
  }),
  "edge: a block left and its answer came": await ns(MANY, () => {
    record += 1;
    outlet.writer.close(1 as never, true);
    outlet.writer.take();
    probe.left(clock);
    outlet.progress(record);
    probe.heard(clock, answers);
    if (record % 256 === 0) answers.take();
  }),
  "(of it not for metrics)": await ns(MANY, () => {
    record += 1;
    outlet.writer.close(1 as never, true);
    outlet.writer.take();
    outlet.progress(record);
  }),
  "shard: a request": await ns(MANY, () => {
    counters.requests += 1;
  }),
  "shard: a run of turns (two reads of the clock)": await ns(MANY, () => {
    counters.nowMs(clock);
    counters.settling();
    counters.nowMs(clock);
    counters.settling();
  }),
  "shard: a commit of one message": await ns(MANY, () => counters.committed(one, 170, 0.7)),
  "shard: a commit of 64 messages": await ns(MANY, () => counters.committed(many, 10_000, 3)),
  "shard: its totals told, once a second": await ns(FEW, () =>
    port1.postMessage({ kind: "counted", sample: { totals: counters.totals(), levels } }),
  ),
  "main: the totals of all shards": await ns(FEW * 10, () => tally.totals),
  "main: an answer to /metrics, without HTTP": await ns(FEW, () => metrics.read()),
};
let tick: () => void = () => undefined;
const looking = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (_ms: number, run: () => void) => {
    tick = run;
    return { cancel: () => undefined };
  },
};
const pulse = new Pulse({ clock: looking, node: "node-1", source, shards: 1, answerTimes: answers });
figures["main: a sample for the dashboard, every two seconds"] = await ns(FEW, () => tick());
pulse.stop();
port1.close();
for (const [what, cost] of Object.entries(figures))
  console.log(`${cost.toFixed(cost < 100 ? 1 : 0).padStart(10)} ns  ${what}`);
process.exit(0);
