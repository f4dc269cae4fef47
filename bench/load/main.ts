/**
 * A load process: does one job, which comes as JSON on the command line, and answers with one JSON line.
 * Invariant: CPU time and deliveries are counted over the same window, with warm-up before and drain after it.
 */
import { cpuMsOf, rssBytesOf } from "../proc.ts";
import { Fleet, nowUs } from "./fleet.ts";
import { Histogram } from "./histogram.ts";
import type { ClosedJob, IdleJob, Job, LoadResult, OpenJob, Quantiles } from "./job.ts";

interface Marks {
  readonly atMs: number;
  readonly cpuMs: number;
  readonly storeCpuMs: Readonly<Record<string, number>>;
  readonly loadCpuMs: number;
  readonly deliveries: number;
  readonly acks: number;
  readonly marks: number;
  readonly sent: number;
}

function summed(pids: readonly number[], of: (pid: number) => number): number {
  return pids.reduce((sum, pid) => sum + of(pid), 0);
}

function mapped(values: Readonly<Record<string, number>>, of: (value: number, name: string) => number) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, of(value, name)]));
}

function rssOf(job: Job): number {
  return summed(job.pids, rssBytesOf);
}

function mark(job: Job, fleet: Fleet): Marks {
  return {
    atMs: performance.now(),
    cpuMs: summed(job.pids, cpuMsOf),
    storeCpuMs: mapped(job.stores, cpuMsOf),
    loadCpuMs: cpuMsOf(process.pid),
    deliveries: fleet.tally.deliveries,
    acks: fleet.acks,
    marks: fleet.marks,
    sent: fleet.sent,
  };
}

async function sleepWhileGoing(fleet: Fleet, ms: number): Promise<void> {
  const until = performance.now() + ms;
  while (fleet.going && performance.now() < until)
    await Bun.sleep(Math.min(50, Math.max(1, until - performance.now())));
}

interface Measured {
  readonly before: Marks;
  readonly after: Marks;
  readonly latency: Histogram;
  readonly rssBytes: number;
  readonly receiptsMax?: number;
}

async function runClosed(job: ClosedJob, fleet: Fleet): Promise<LoadResult> {
  await fleet.open(0, fleet.links.length);
  fleet.start();
  for (const link of fleet.senders()) fleet.send(link, job.inFlight, nowUs());
  if (job.readsEveryMs !== undefined) fleet.readEvery(job.readsEveryMs);
  await sleepWhileGoing(fleet, job.warmMs);
  const before = mark(job, fleet);
  fleet.cutLatency();
  fleet.cutReceipts();
  if (job.messages === undefined) {
    await sleepWhileGoing(fleet, job.windowMs);
  } else {
    while (fleet.going && fleet.messagesLeft > 0) await Bun.sleep(10);
    await fleet.drain();
  }
  const after = mark(job, fleet);
  const receiptsMax = fleet.cutReceipts();
  const measured = { before, after, latency: fleet.cutLatency(), rssBytes: rssOf(job), receiptsMax };
  fleet.halt();
  await fleet.drain();
  return resultOf(job, fleet, measured, new Histogram());
}

/** Sends `rate` messages per second for `ms`, each as soon as its time has come; records how late the timer was. */
function sendByTheClock(fleet: Fleet, rate: number, ms: number, lateness: Histogram): Promise<void> {
  const senders = fleet.senders();
  const stepUs = 1_000_000 / rate;
  const total = Math.floor((ms * rate) / 1000);
  const beginUs = nowUs();
  let count = 0;
  return new Promise((resolve) => {
    const pump = (): void => {
      for (let dueUs = beginUs + count * stepUs; dueUs <= nowUs() && count < total; dueUs = beginUs + count * stepUs) {
        const link = senders[count % senders.length];
        if (link !== undefined) fleet.send(link, 1, Math.floor(dueUs));
        lateness.record(nowUs() - dueUs);
        count += 1;
      }
      if (count >= total || !fleet.going) resolve();
      else setTimeout(pump, (beginUs + count * stepUs - nowUs()) / 1000);
    };
    pump();
  });
}

/** Warms up, drains, and then times every message of the window, however late it arrives. */
async function runOpen(job: OpenJob, fleet: Fleet): Promise<LoadResult> {
  await fleet.open(0, fleet.links.length);
  fleet.start();
  await sendByTheClock(fleet, job.warmRate, job.warmMs, new Histogram());
  await fleet.drain();
  fleet.cutLatency();
  fleet.cutRoute();
  const lateness = new Histogram();
  const before = mark(job, fleet);
  await sendByTheClock(fleet, job.rate, job.windowMs, lateness);
  const after = mark(job, fleet);
  const rssBytes = rssOf(job);
  fleet.halt();
  await fleet.drain();
  return resultOf(job, fleet, { before, after, latency: fleet.cutLatency(), rssBytes }, lateness);
}

/** The lowest of several looks: what a collector has not freed yet is not a connection's cost. */
async function settledRss(job: Job, settleMs: number): Promise<number> {
  let lowest = Number.POSITIVE_INFINITY;
  for (let waited = 0; waited < settleMs; waited += 250) {
    await Bun.sleep(250);
    lowest = Math.min(lowest, rssOf(job));
  }
  return lowest;
}

async function runIdle(job: IdleJob, fleet: Fleet): Promise<LoadResult> {
  const warm = Math.min(job.warmConnections, fleet.links.length);
  await fleet.open(0, warm);
  const rssBefore = await settledRss(job, job.settleMs);
  const before = mark(job, fleet);
  await fleet.open(warm, fleet.links.length);
  const after = mark(job, fleet);
  const rssAfter = await settledRss(job, job.settleMs);
  const measured = { before, after, latency: fleet.cutLatency(), rssBytes: rssAfter };
  const added = Math.max(1, fleet.links.length - warm);
  return { ...resultOf(job, fleet, measured, new Histogram()), bytesPerConnection: (rssAfter - rssBefore) / added };
}

function quantilesOf(latency: Histogram): Quantiles {
  return {
    p50: latency.quantileUs(0.5),
    p99: latency.quantileUs(0.99),
    p999: latency.quantileUs(0.999),
    max: Math.round(latency.highestUs),
  };
}

function resultOf(job: Job, fleet: Fleet, measured: Measured, lateness: Histogram): LoadResult {
  const { before, after, latency } = measured;
  const route = fleet.route;
  return {
    peer: job.peer,
    connections: fleet.links.length,
    openMs: fleet.openMs,
    seconds: (after.atMs - before.atMs) / 1000,
    messages: after.sent - before.sent,
    deliveries: after.deliveries - before.deliveries,
    acks: after.acks - before.acks,
    marks: after.marks - before.marks,
    receiptsMax: measured.receiptsMax ?? 0,
    deliveriesTotal: fleet.tally.deliveries,
    serverCpuMs: after.cpuMs - before.cpuMs,
    storeCpuMs: mapped(after.storeCpuMs, (ms, name) => ms - (before.storeCpuMs[name] ?? 0)),
    loadCpuMs: after.loadCpuMs - before.loadCpuMs,
    serverRssBytes: measured.rssBytes,
    latencyUs: quantilesOf(latency),
    ...(route === undefined
      ? {}
      : { route: { crossUs: quantilesOf(route.cross), receiptUs: quantilesOf(route.receipt) } }),
    lateUs: lateness.quantileUs(0.99),
    bytesPerConnection: 0,
    faults: fleet.faults(),
  };
}

function run(job: Job, fleet: Fleet): Promise<LoadResult> {
  switch (job.kind) {
    case "closed":
      return runClosed(job, fleet);
    case "open":
      return runOpen(job, fleet);
    case "idle":
      return runIdle(job, fleet);
  }
}

const job = JSON.parse(process.argv[2] ?? "") as Job;
const fleet = new Fleet(job);
const result = await run(job, fleet);
console.log(JSON.stringify(result));
fleet.close();
process.exit(0);
