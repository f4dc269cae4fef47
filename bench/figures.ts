/** From the runs of one peer in one scenario to its figures: medians, and the best run for latency. */
import type { LoadResult, Peer } from "./load/job.ts";
import type { MovedResult } from "./nodes/moved.ts";
import type { Scenario } from "./scenarios.ts";

/** One run of one peer. `start` scenarios fill `startMs`, the others `load`; a run that could not be done has `failure`. */
export interface Run {
  readonly scenario: string;
  readonly peer: Peer;
  readonly run: number;
  readonly load?: LoadResult;
  readonly startMs?: number;
  readonly moved?: MovedResult;
  /** The longest that anything waited for the search index, of several looks. */
  readonly indexLagMs?: number;
  readonly failure?: string;
}

export interface Figures {
  readonly scenario: string;
  readonly peer: Peer;
  readonly runs: number;
  /** Server CPU (all its threads) per delivery; per acked message where acks are what is counted. */
  readonly cpuUs: number;
  /** The same of the stores that the servers use, by name. */
  readonly storeCpuUs: Readonly<Record<string, number>>;
  readonly perSecond: number;
  /** Receipt frames a second at one connection, the most of any; marks a second, of all together. */
  readonly receiptsPerSecond: number;
  readonly marksPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  /** Routed: from the owner's node to another one; and all the way from the sender. Each of its best run. */
  readonly cross: LatencyUs;
  readonly receipt: LatencyUs;
  readonly rssBytes: number;
  readonly bytesPerConnection: number;
  readonly startMs: number;
  /** Start scenarios: from connect to having joined the largest room. */
  readonly joinMs: number;
  /** Share of a core that the load process used: near 1 it was the bottleneck. */
  readonly loadCores: number;
  /** 0, or how many deliveries, acks and connections went wrong. */
  readonly faults: number;
  readonly complaints: readonly string[];
  /** Of all runs. */
  readonly indexLagMs: number;
  readonly moved?: MovedResult;
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2;
}

export type LatencyUs = Pick<LoadResult["latencyUs"], "p50" | "p99" | "p999">;

const UNMEASURED = { p50: Number.NaN, p99: Number.NaN, p999: Number.NaN };

/** Of the run with the best tail: what else the machine did shows in tails first. */
function bestLatency(
  loads: readonly LoadResult[],
  of: (load: LoadResult) => LatencyUs | undefined = (load) => load.latencyUs,
): LatencyUs {
  const measured = loads.map(of).filter((latency) => latency !== undefined);
  return measured.toSorted((a, b) => a.p99 - b.p99)[0] ?? UNMEASURED;
}

/** What is counted: in the acked closed loop the acks, else the deliveries. */
function counted(scenario: Scenario, load: LoadResult): number {
  return scenario.kind === "closed" && scenario.acked ? load.acks : load.deliveries;
}

export function figuresOf(scenario: Scenario, peer: Peer, runs: readonly Run[]): Figures {
  const loads = runs.flatMap((run) => (run.load === undefined ? [] : [run.load]));
  const over = (of: (load: LoadResult) => number): readonly number[] => loads.map(of);
  const complaints = runs
    .flatMap((run) => [run.failure, run.load?.faults.firstError])
    .filter((text) => text !== undefined);
  const stores = [...new Set(loads.flatMap((load) => Object.keys(load.storeCpuMs)))];
  const storeCpuUs = (name: string) =>
    median(over((load) => ((load.storeCpuMs[name] ?? 0) * 1000) / counted(scenario, load)));
  const moved = runs.find((run) => run.moved !== undefined)?.moved;
  const failed = runs.filter((run) => run.failure !== undefined).length;
  const faults = over((load) => load.faults.missing + load.faults.repeated + load.faults.foreign + load.faults.errors);
  const latency = bestLatency(loads);
  return {
    scenario: scenario.name,
    peer,
    runs: runs.length,
    cpuUs: median(over((load) => (load.serverCpuMs * 1000) / counted(scenario, load))),
    storeCpuUs: Object.fromEntries(stores.map((name) => [name, storeCpuUs(name)])),
    cross: bestLatency(loads, (load) => load.route?.crossUs),
    receipt: bestLatency(loads, (load) => load.route?.receiptUs),
    perSecond: median(over((load) => counted(scenario, load) / load.seconds)),
    // The window's edges cut a second: one frame may be in it that belongs to the second before.
    receiptsPerSecond: median(over((load) => Math.max(0, load.receiptsMax - 1) / load.seconds)),
    marksPerSecond: median(over((load) => load.marks / load.seconds)),
    p50Us: latency.p50,
    p99Us: latency.p99,
    p999Us: latency.p999,
    rssBytes: median(over((load) => load.serverRssBytes)),
    bytesPerConnection: median(over((load) => load.bytesPerConnection)),
    startMs: median(runs.flatMap((run) => (run.startMs === undefined ? [] : [run.startMs]))),
    indexLagMs: Math.max(...runs.map((run) => run.indexLagMs ?? Number.NaN)),
    joinMs: median(over((load) => load.openMs)),
    loadCores: median(over((load) => load.loadCpuMs / load.seconds / 1000)),
    faults: faults.reduce((sum, count) => sum + count, failed + (moved?.faults ?? 0)),
    complaints: [...complaints, ...(moved?.complaints ?? [])],
    ...(moved === undefined ? {} : { moved }),
  };
}
