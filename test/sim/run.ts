/**
 * `bun run sim [--seeds N] [--from N]`: runs seeds of one node, repeats some to see that a seed is one and the same run, and
 * plants bugs that must be found. `--cluster` does so with seeds of several nodes, `--cluster-seeds N` does both.
 * `--seed N [--cluster] [--verbose]` runs one seed and shows what happened. `--bug NAME` plants it in that seed.
 */
import { parseArgs } from "node:util";
import { CLUSTER_BUGS } from "./cluster-bugs.ts";
import { runClusterSeed } from "./cluster-scenario.ts";
import { KEPT_CLUSTER_SEEDS, KEPT_SEEDS } from "./kept-seeds.ts";
import { PLANTED_BUGS } from "./planted-bugs.ts";
import type { PlantedBug } from "./planted-parts.ts";
import { type Outcome, type Plant, runSeed } from "./scenario.ts";

interface Kind {
  readonly name: string;
  /** To repeat a seed of this kind. */
  readonly option: string;
  readonly run: (seed: number, plant?: Plant, show?: (line: string) => void) => Promise<Outcome>;
  readonly kept: readonly number[];
  readonly bugs: readonly PlantedBug[];
}

const ONE_NODE: Kind = { name: "sim", option: "", run: runSeed, kept: KEPT_SEEDS, bugs: PLANTED_BUGS };
const CLUSTER: Kind = {
  name: "cluster sim",
  option: " --cluster",
  run: runClusterSeed,
  kept: KEPT_CLUSTER_SEEDS,
  bugs: CLUSTER_BUGS,
};

const SEEDS_DEFAULT = 1_000;
/** Seeds that count as one scenario. */
const BATCH_SEEDS = 100;
const REPEATED_SEEDS_MAX = 20;
/** A planted bug must be found within so many seeds. */
const PLANTED_SEEDS_MAX = 200;
const VIOLATIONS_SHOWN_MAX = 5;
const FAILURES_SHOWN_MAX = 10;

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    from: { type: "string" },
    seed: { type: "string" },
    verbose: { type: "boolean" },
    bug: { type: "string" },
    cluster: { type: "boolean" },
    "cluster-seeds": { type: "string" },
  },
});

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const kind = values.cluster === true ? CLUSTER : ONE_NODE;
if (values.seed === undefined) await runAll();
else await runOne(Number(values.seed));

async function runAll(): Promise<void> {
  const from = Number(values.from ?? 1);
  const tally = { passed: 0, failed: 0 };
  await runKind(kind, from, Number(values.seeds ?? SEEDS_DEFAULT), tally);
  const clusterSeeds = Number(values["cluster-seeds"] ?? 0);
  if (clusterSeeds > 0) await runKind(CLUSTER, from, clusterSeeds, tally);
  print(`${tally.passed} passed, ${tally.failed} failed`);
  process.exitCode = tally.failed === 0 ? 0 : 1;
}

async function runOne(seed: number): Promise<void> {
  const bug = kind.bugs.find(({ name }) => name === values.bug);
  if (values.bug !== undefined && bug === undefined) print(`no bug is called "${values.bug}"`);
  const outcome = await kind.run(seed, bug?.plant ?? {}, values.verbose === true ? print : undefined);
  for (const report of outcome.reports) print(`report: ${report}`);
  for (const { rule, message } of outcome.violations) print(`violated: ${rule}: ${message}`);
  const { requests, events, steps, traceHash } = outcome;
  print(`seed ${seed}: ${requests} requests, ${events} events, ${steps} steps, trace ${traceHash}`);
  print(`${outcome.violations.length === 0 ? "1 passed, 0" : "0 passed, 1"} failed`);
  process.exitCode = outcome.violations.length === 0 ? 0 : 1;
}

interface Tally {
  passed: number;
  failed: number;
}

async function runKind(kind: Kind, from: number, seeds: number, tally: Tally): Promise<void> {
  const { name, run, kept } = kind;
  const startMs = performance.now();
  let failures = 0;
  let requests = 0;
  const traces = new Map<number, string>();
  for (const batch of batches(kept, from, seeds)) {
    let failedInBatch = 0;
    for (const seed of batch) {
      const outcome = await run(seed);
      requests += outcome.requests;
      if (traces.size < REPEATED_SEEDS_MAX) traces.set(seed, outcome.traceHash);
      if (outcome.violations.length === 0) continue;
      failedInBatch += 1;
      if (failures + failedInBatch <= FAILURES_SHOWN_MAX) showFailure(kind, outcome);
    }
    failures += failedInBatch;
    if (failedInBatch === 0) tally.passed += 1;
    else tally.failed += 1;
  }
  const repeatable = await areRepeatable(kind, traces);
  if (!repeatable) tally.failed += 1;
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  print(`${name}: ${requests} requests in ${seconds} s`);
  const bugs: string[] = [];
  for (const bug of kind.bugs) {
    const caught = await findBug(kind, from, bug);
    if (caught === undefined) tally.failed += 1;
    else tally.passed += 1;
    bugs.push(
      caught === undefined
        ? `planted bug "${bug.name}": NOT caught within ${PLANTED_SEEDS_MAX} seeds`
        : `planted bug "${bug.name}": caught at seed ${caught.seed} (${caught.rule})`,
    );
  }
  print(
    `${name}: ${seeds} seeds and ${kept.length} kept ones, ${failures} failures, trace hashes ${repeatable ? "repeatable" : "NOT repeatable"}`,
  );
  for (const line of bugs) print(line);
}

/** The kept ones, then so many in a row. */
function batches(kept: readonly number[], from: number, seeds: number): number[][] {
  const all = [kept.filter((seed) => seed < from || seed >= from + seeds)];
  for (let first = from; first < from + seeds; first += BATCH_SEEDS) {
    const size = Math.min(BATCH_SEEDS, from + seeds - first);
    all.push(Array.from({ length: size }, (_, i) => first + i));
  }
  return all;
}

function showFailure({ option }: Kind, { seed, violations }: Outcome): void {
  print(`seed ${seed} failed; to repeat: bun run sim${option} --seed ${seed} --verbose`);
  for (const { rule, message } of violations.slice(0, VIOLATIONS_SHOWN_MAX)) print(`  ${rule}: ${message}`);
}

/** The same seed is the same run, to the last byte. */
async function areRepeatable({ run }: Kind, traces: ReadonlyMap<number, string>): Promise<boolean> {
  let repeatable = true;
  for (const [seed, trace] of traces) {
    const again = await run(seed);
    if (again.traceHash === trace) continue;
    print(`seed ${seed}: trace ${trace}, and ${again.traceHash} when run again`);
    repeatable = false;
  }
  return repeatable;
}

/** The first seed in which the rule that is there for it finds it. */
async function findBug(
  { run }: Kind,
  from: number,
  { plant, rule: due, says = "" }: PlantedBug,
): Promise<{ readonly seed: number; readonly rule: string } | undefined> {
  for (let seed = from; seed < from + PLANTED_SEEDS_MAX; seed += 1) {
    const { violations } = await run(seed, plant);
    const found = violations.find(({ rule, message }) => (due === undefined || rule === due) && message.includes(says));
    if (found !== undefined) return { seed, rule: found.rule };
  }
  return undefined;
}
