/**
 * `node scripts/bun.mjs bench/metrics.ts`: what counting costs. One node under full load, by turns with metrics (and somebody who
 * reads them each second) and without; the figure is the server's CPU time for each message. Exits with 1 beyond the bound.
 */
import { parseArgs } from "node:util";
import type { ClosedJob, LoadResult } from "./load/job.ts";
import { loadBefore, machineLine } from "./proc.ts";
import { endAll, makeFolder, removeFolder, runLoad, SECRET, startServer } from "./processes.ts";

/** Of the CPU time without metrics. */
const COST_MAX = 0.02;
const SCRAPE_MS = 1_000;
const LOAD_MS_MAX = 120_000;
const RESULTS = new URL("results", import.meta.url).pathname;

/** Full load at fan-out 1, where each message costs most, and at 100, where each frame goes to many. */
const SHAPES = [
  { name: "fan-out 1", rooms: 64, members: 1, senders: 1, inFlight: 64 },
  { name: "fan-out 100", rooms: 4, members: 100, senders: 4, inFlight: 64 },
] as const;
type Shape = (typeof SHAPES)[number];

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "7" }, seconds: { type: "string", default: "4" } },
});
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];

async function cpuUsPerMessage(shape: Shape, isOn: boolean): Promise<number> {
  const dataDir = makeFolder(RESULTS);
  const env = { STOA_METRICS: isOn ? "on" : "off" };
  const server = await startServer("stoa", { dataDir, member: { name: `metrics-${env.STOA_METRICS}`, env } });
  const { rooms, members, senders, inFlight } = shape;
  const job: ClosedJob = {
    kind: "closed",
    peer: "stoa",
    ports: [server.port],
    pids: [server.pid],
    stores: {},
    secret: SECRET,
    rooms,
    members,
    senders,
    inFlight,
    acked: true,
    warmMs: 3_000,
    windowMs: seconds * 1_000,
  };
  const reads = { good: 0, bad: 0 };
  // Nobody asks where there is nothing to ask for: what a question costs is part of the cost.
  const reader = isOn ? setInterval(() => void read(server.port, reads), SCRAPE_MS) : undefined;
  try {
    const result: LoadResult = await runLoad(job, { timeoutMs: LOAD_MS_MAX });
    const { missing, repeated, foreign, errors } = result.faults;
    if (missing + repeated + foreign + errors > 0) throw new Error(`faulty run: ${JSON.stringify(result.faults)}`);
    if (isOn && (reads.good === 0 || reads.bad > 0)) throw new Error(`metrics were not read: ${JSON.stringify(reads)}`);
    return (1_000 * result.serverCpuMs) / result.messages;
  } finally {
    clearInterval(reader);
    await server.stop();
    removeFolder(dataDir);
  }
}

async function read(port: number, reads: { good: number; bad: number }): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined);
  const text = await response?.text();
  if (response?.status === 200 && text?.includes("stoa_messages_total")) reads.good += 1;
  else reads.bad += 1;
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

process.on("exit", endAll);
process.on("SIGINT", () => process.exit(130));
console.log(`${machineLine()}; load before: ${loadBefore()}`);
let isWithin = true;
for (const shape of SHAPES) {
  const on: number[] = [];
  const off: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // Each goes first every other time.
    for (const isOn of round % 2 === 0 ? [false, true] : [true, false]) {
      (isOn ? on : off).push(await cpuUsPerMessage(shape, isOn));
    }
  }
  const ratios = on.map((cost, i) => cost / (off[i] ?? Number.NaN));
  // Round by round: what else the machine does changes slowly, and meets both of a round alike.
  const cost = median(ratios) - 1;
  isWithin &&= cost <= COST_MAX;
  const shown = ratios.map((ratio) => ((ratio - 1) * 100).toFixed(1)).join(" ");
  console.log(
    `${shape.name}: ${median(off).toFixed(2)} µs a message without, ${median(on).toFixed(2)} µs with: ` +
      `${(cost * 100).toFixed(2)} % (at most ${COST_MAX * 100} %); round by round, %: ${shown}`,
  );
}
process.exit(isWithin ? 0 : 1);
