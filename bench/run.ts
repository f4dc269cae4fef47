/**
 * `bun run bench`: runs the scenarios on Stoa and its peers in turns, prints the figures, their ratios and the verdict,
 * and writes everything to bench/results/. Exits with 1 when a bound is missed or a delivery went wrong.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SeededRandom } from "../src/base/prng.ts";
import type { Check, Table } from "./bounds.ts";
import { judge } from "./bounds.ts";
import type { Figures, Run } from "./figures.ts";
import { figuresOf } from "./figures.ts";
import type { Job, LoadResult, Peer } from "./load/job.ts";
import { nodesMissing, withNodes } from "./nodes/cluster.ts";
import { runMoved } from "./nodes/moved.ts";
import { routedPorts } from "./nodes/placing.ts";
import type { Options } from "./options.ts";
import { readOptions } from "./options.ts";
import { diskSyncUs, loadBefore, machineLine } from "./proc.ts";
import { IndexLooks } from "./index-looks.ts";
import type { Server, ServerOptions } from "./processes.ts";
import { endAll, makeFolder, removeFolder, runLoad, SECRET, startServer } from "./processes.ts";
import { report } from "./report.ts";
import type { IdleScenario, LoadScenario, Scenario, StartScenario } from "./scenarios.ts";
import { seed } from "./seed.ts";

/** Beyond window, warm-up and drain: opening the connections, and air. */
const LOAD_EXTRA_MS_MAX = 240_000;
/** Compilers tier up by the number of calls: a slow rate would measure a program that has just started. */
const WARM_RATE_FACTOR = 3;
/** At their own slow rate, since more would only fill the store's queue. */
const ROUTED_WARM_SECONDS = 4;
const IDLE_WARM_CONNECTIONS = 500;
const QUICK_CONNECTIONS = 2_000;
/** Above this somebody else is using the machine. */
const QUIET_LOAD_MAX = 0.5;
const SETTLE_MS = 6_000;
const QUICK_SETTLE_MS = 1_500;

type Target = Pick<Job, "peer" | "ports" | "pids" | "stores" | "secret">;

function targetOf(server: Server): Target {
  return { peer: server.peer, ports: [server.port], pids: [server.pid], stores: {}, secret: SECRET };
}

function jobOf(scenario: LoadScenario, target: Target, options: Options): Job {
  const { rooms, members, senders, inFlight, rate, routed } = scenario;
  // Peers have no acks: there the delivery of one's own message is what is timed.
  const acked = scenario.acked && target.peer === "stoa";
  const warmSeconds = routed && !options.quick ? ROUTED_WARM_SECONDS : options.warmSeconds;
  const { steadySeconds = 0 } = scenario;
  const seconds = options.quick ? options.seconds : Math.max(options.seconds, steadySeconds);
  const windows = { warmMs: warmSeconds * 1000, windowMs: seconds * 1000 };
  const common = { ...target, ...windows, rooms, members, senders, acked };
  const { readsEveryMs, streams } = scenario;
  const reads = readsEveryMs === undefined ? {} : { readsEveryMs };
  if (scenario.kind === "closed") return { kind: "closed", ...common, inFlight, ...reads };
  const warmRate = scenario.nodes > 1 || steadySeconds > 0 ? rate : rate * WARM_RATE_FACTOR;
  return { kind: "open", ...common, ...(streams && { streams }), rate, warmRate, routed };
}

/** Each run has a fresh server and a fresh data folder. */
async function withServer(
  peer: Peer,
  options: Options,
  settings: Pick<ServerOptions, "core" | "isIndexed" | "isNotifying">,
  use: (server: Server) => Promise<LoadResult>,
) {
  const dataDir = makeFolder(options.dataDir);
  const server = await startServer(peer, { dataDir, ...settings });
  try {
    return await use(server);
  } finally {
    await server.stop();
    removeFolder(dataDir);
  }
}

/** Each run has fresh servers on fresh stores. */
function withCluster(
  scenario: LoadScenario,
  peer: Peer,
  options: Options,
  use: (target: Target) => Promise<LoadResult>,
): Promise<LoadResult> {
  return withNodes(peer, scenario.nodes, options.dataDir, async (cluster) => {
    const { servers, stores } = cluster;
    const ports = scenario.routed ? await routedPorts(servers, scenario.rooms) : servers.map(({ port }) => port);
    return await use({ peer, ports, pids: servers.map(({ pid }) => pid), stores, secret: SECRET });
  });
}

function runScenario(scenario: LoadScenario, peer: Peer, options: Options): Promise<LoadResult> {
  const pin = options.pin && scenario.name.startsWith("fanout-");
  const timeoutMs = (options.seconds + (scenario.steadySeconds ?? 0) + options.warmSeconds) * 1000 + LOAD_EXTRA_MS_MAX;
  if (scenario.nodes > 1) {
    return withCluster(scenario, peer, options, (target) => runLoad(jobOf(scenario, target, options), { timeoutMs }));
  }
  const { isIndexed = false, isNotifying = false } = scenario;
  return withServer(peer, options, { isIndexed, isNotifying, ...(pin ? { core: 0 } : {}) }, async (server) => {
    const looks = isIndexed ? new IndexLooks(server) : undefined;
    const load = await runLoad(jobOf(scenario, targetOf(server), options), { timeoutMs, ...(pin ? { core: 1 } : {}) });
    lags.set(load, looks?.stop());
    return load;
  });
}

/** What was seen of the index beside a load. */
const lags = new WeakMap<LoadResult, number | undefined>();

function runIdle(scenario: IdleScenario, peer: Peer, options: Options): Promise<LoadResult> {
  const rooms = (options.quick ? QUICK_CONNECTIONS : scenario.connections) + IDLE_WARM_CONNECTIONS;
  const shape = {
    kind: "idle",
    rooms,
    members: 1,
    warmConnections: IDLE_WARM_CONNECTIONS,
    settleMs: options.quick ? QUICK_SETTLE_MS : SETTLE_MS,
  } as const;
  return withServer(peer, options, {}, (server) =>
    runLoad({ ...targetOf(server), ...shape }, { timeoutMs: 2 * SETTLE_MS + LOAD_EXTRA_MS_MAX }),
  );
}

/** The folder is filled once; every run starts a server on it and lets one connection join its room. */
async function runStart(scenario: StartScenario, dataDir: string): Promise<Measurement> {
  const folder = scenario.messages === 0 ? makeFolder(dataDir) : dataDir;
  const server = await startServer("stoa", { dataDir: folder });
  const shape = { rooms: 1, members: 1, senders: 1, inFlight: 1, acked: false, warmMs: 0, windowMs: 200 };
  try {
    const load = await runLoad({ kind: "closed", ...targetOf(server), ...shape }, { timeoutMs: LOAD_EXTRA_MS_MAX });
    return { load, startMs: server.readyMs };
  } finally {
    await server.stop();
    if (folder !== dataDir) removeFolder(folder);
  }
}

type Measurement = Pick<Run, "load" | "startMs" | "moved" | "indexLagMs">;

async function attempt(run: Omit<Run, "load">, work: () => Promise<Measurement>): Promise<Run> {
  try {
    return { ...run, ...(await work()) };
  } catch (error) {
    return { ...run, failure: error instanceof Error ? error.message : String(error) };
  }
}

function shuffled<T>(items: readonly T[], random: SeededRandom): readonly T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i -= 1) {
    const j = random.below(i + 1);
    const [a, b] = [order[i], order[j]];
    if (a !== undefined && b !== undefined) [order[i], order[j]] = [b, a];
  }
  return order;
}

/** One line that is written over and over; nothing where nobody watches. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

/** Peers take turns within each run, in random order, so that what the machine does meanwhile meets all alike. */
async function runAll(scenario: Scenario, options: Options, random: SeededRandom): Promise<readonly Run[]> {
  const runs: Run[] = [];
  const peers = scenario.peers.filter((peer) => options.peers.includes(peer));
  if (peers.length === 0) return runs;
  const folder = makeFolder(options.dataDir);
  if (scenario.kind === "start" && scenario.messages > 0) {
    const filled = await attempt({ scenario: scenario.name, peer: "stoa", run: 0 }, async () => {
      await seed(folder, scenario.messages);
      return {};
    });
    if (filled.failure !== undefined) return [filled];
  }
  const rounds = scenario.kind === "idle" || scenario.kind === "moved" ? 1 : options.runs;
  for (let run = 1; run <= rounds; run += 1) {
    for (const peer of shuffled(peers, random)) {
      progress(`${scenario.name}: run ${run} of ${rounds}, ${peer}`);
      runs.push(
        await attempt({ scenario: scenario.name, peer, run }, async () => {
          if (scenario.kind === "start") return await runStart(scenario, folder);
          if (scenario.kind === "moved") return { moved: await runMoved(scenario, options) };
          if (scenario.kind === "idle") return { load: await runIdle(scenario, peer, options) };
          const load = await runScenario(scenario, peer, options);
          const indexLagMs = lags.get(load);
          return { load, ...(indexLagMs !== undefined && { indexLagMs }) };
        }),
      );
    }
  }
  removeFolder(folder);
  return runs;
}

function tableOf(scenarios: readonly Scenario[], runs: readonly Run[]): Table {
  const table = new Map<string, Map<Peer, Figures>>();
  for (const scenario of scenarios) {
    const row = new Map<Peer, Figures>();
    for (const peer of scenario.peers) {
      const own = runs.filter((run) => run.scenario === scenario.name && run.peer === peer);
      if (own.length > 0) row.set(peer, figuresOf(scenario, peer, own));
    }
    if (row.size > 0) table.set(scenario.name, row);
  }
  return table;
}

function save(summary: {
  readonly checks: readonly Check[];
  readonly table: Table;
  readonly runs: readonly Run[];
  readonly headline: readonly string[];
}): string {
  const folder = new URL("results", import.meta.url).pathname;
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${new Date().toISOString().replaceAll(":", "-").slice(0, 19)}.json`);
  const figures = [...summary.table.values()].flatMap((row) => [...row.values()]);
  const { headline, checks, runs } = summary;
  writeFileSync(file, JSON.stringify({ headline, figures, checks, runs }, null, 2));
  return file;
}

function hasNodes(scenario: Scenario): boolean {
  return scenario.kind === "moved" || ((scenario.kind === "closed" || scenario.kind === "open") && scenario.nodes > 1);
}

async function possible(options: Options): Promise<readonly Scenario[]> {
  const wanted = options.scenarios.filter((one) => !(options.quick && one.name === "start-million"));
  const missing = wanted.some(hasNodes) ? await nodesMissing() : undefined;
  if (missing === undefined) return wanted;
  console.error(`SKIPPED, all scenarios with several nodes: ${missing}`);
  return wanted.filter((one) => !hasNodes(one));
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  process.on("exit", endAll);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));
  const busy = loadBefore();
  if (busy > QUIET_LOAD_MAX)
    console.error(`The machine is busy (load average ${busy.toFixed(1)}): no figures to quote.`);
  const syncMs = diskSyncUs(options.dataDir) / 1000;
  const random = new SeededRandom(options.seed);
  const scenarios = await possible(options);
  const runs: Run[] = [];
  for (const scenario of scenarios) runs.push(...(await runAll(scenario, options, random)));
  progress("");
  const table = tableOf(scenarios, runs);
  const checks = judge(scenarios, table);
  const pinning = options.pin
    ? "server pinned to core 0 and load to core 1 in fan-out scenarios"
    : "nothing pinned to cores";
  const headline = [
    `Machine: ${machineLine()}, one sync of the disk ${syncMs.toFixed(2)} ms; load average before: ${busy.toFixed(1)}; ${pinning}.`,
    `${options.runs} runs of ${options.seconds} s, medians; latencies: the best run. Every message of Stoa is durable; its peers store nothing.`,
  ];
  console.log(report(scenarios, table, checks, { markdown: options.markdown, headline }));
  const file = save({ checks, table, runs, headline });
  const missed = checks.filter((check) => !check.ok).length;
  console.log(
    `\n${missed === 0 ? "All bounds are held" : `${missed} of ${checks.length} checks FAILED`}. Written to ${file}`,
  );
  return missed === 0 ? 0 : 1;
}

process.exit(await main());
