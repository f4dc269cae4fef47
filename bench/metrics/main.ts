/**
 * What counting costs: `bun bench/metrics/main.ts [--scenario fanout-1,fanout-100] [--groups 8] [--warm 10] [--seconds 14] [--more]
 * [--plant 3 | --tree DIR | --env "NAME=value …"]`. Four servers under full load at the same time: two without metrics, two with them (and somebody who reads them).
 * Fresh processes in each group; the 95 % interval over all of them is what counts. `--more` adds groups to what the last run measured.
 * Exits with 1 unless the interval's upper end is within the bound. `--plant` asks whether the measure can be believed: in place of
 * the two with metrics two without them that burn so many percent on purpose, and exits with 1 unless they are found.
 * `--tree` compares two versions of the engine: two servers of this one, two of the folder named; `--env` two as they are with two
 * that have these variables. Nothing is judged then.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { loadBefore, machineLine } from "../proc.ts";
import { endAll } from "../processes.ts";
import { type LoadScenario, SCENARIOS } from "../scenarios.ts";
import { type Arm, type Cost, measureGroup, type ThreadKind } from "./group.ts";
import { type Group, type Interval, intervalOf, isFound, isShown } from "./interval.ts";

/** Of the CPU time without metrics. */
const COST_MAX = 0.02;
const RESULTS = new URL("../results", import.meta.url).pathname;
const THREADS: readonly ThreadKind[] = ["edge", "shard", "compilers", "collectors", "other"];
const BASE = ["off-1", "off-2"] as const;
const OTHER = ["other-1", "other-2"] as const;

/** By arm. */
type Measured = Readonly<Record<string, Cost>>;

const { values } = parseArgs({
  options: {
    scenario: { type: "string", default: "fanout-1,fanout-100" },
    groups: { type: "string", default: "8" },
    warm: { type: "string", default: "10" },
    seconds: { type: "string", default: "14" },
    plant: { type: "string" },
    tree: { type: "string" },
    env: { type: "string" },
    more: { type: "boolean", default: false },
    data: { type: "string", default: RESULTS },
  },
});
const [groups, warmMs, windowMs] = [Number(values.groups), Number(values.warm) * 1_000, Number(values.seconds) * 1_000];

/** Two servers against two others. */
interface Comparison {
  /** Of the file with what was measured. */
  readonly suffix: string;
  readonly said: string;
  readonly base: Omit<Arm, "name">;
  readonly other: Omit<Arm, "name">;
  /** Whether the interval is good, and how that is called; absent: nobody judges. */
  readonly judged?: { readonly by: (interval: Interval) => boolean; readonly good: string };
}

function comparisonOf(): Comparison {
  const asDelivered = { env: {}, isRead: false };
  if (values.tree !== undefined) {
    const other = { ...asDelivered, root: resolve(values.tree) };
    return { suffix: "-tree", said: `${values.tree} against this version`, base: asDelivered, other };
  }
  if (values.env !== undefined) {
    const env = Object.fromEntries(values.env.split(" ").map((pair) => pair.split("=", 2)));
    return { suffix: "-env", said: `${values.env} against without`, base: asDelivered, other: { ...asDelivered, env } };
  }
  const env = { STOA_METRICS: "off" };
  const base = { env, isRead: false };
  if (values.plant === undefined) {
    const judged = { by: (one: Interval) => isShown(one, COST_MAX), good: `shown to be at most ${COST_MAX * 100} %` };
    const other = { env: { STOA_METRICS: "on" }, isRead: true };
    return { suffix: "", said: "metrics against off", base, other, judged };
  }
  const planted = Number(values.plant) / 100;
  const preload = `--preload=${new URL("burden.ts", import.meta.url).pathname}`;
  const other = { env: { ...env, BENCH_BURDEN: String(planted), BUN_OPTIONS: preload }, isRead: false };
  const judged = { by: (one: Interval) => isFound(one, COST_MAX), good: "found" };
  return { suffix: "-planted", said: `off and ${planted * 100} % planted against off`, base, other, judged };
}

const comparison = comparisonOf();

function armsOf(): readonly Arm[] {
  const { base, other } = comparison;
  return [
    { name: BASE[0], ...base },
    { name: OTHER[0], ...other },
    { name: BASE[1], ...base },
    { name: OTHER[1], ...other },
  ];
}

function scenarioOf(name: string): LoadScenario {
  const found = SCENARIOS.find((one) => one.name === name);
  if (found?.kind !== "closed") throw new Error(`${name} is no scenario of full load`);
  return found;
}

function costs(measured: Measured, arms: readonly string[], pick = (cost: Cost): number => cost.us): number[] {
  return arms.map((arm) => {
    const cost = measured[arm];
    return cost === undefined ? Number.NaN : pick(cost);
  });
}

function percent(share: number): string {
  return `${share < 0 ? "−" : "+"} ${Math.abs(share * 100).toFixed(2)} %`;
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
}

function say(what: string, compared: readonly Group[]): Interval {
  const interval = intervalOf(compared);
  const each = compared.map(({ base, other }) => ((mean(other) / mean(base) - 1) * 100).toFixed(1)).join(" ");
  const { low, high } = interval;
  console.log(
    `  ${what}: ${percent(interval.mean)}, 95 % from ${percent(low)} to ${percent(high)} (group by group: ${each})`,
  );
  return interval;
}

function report(all: readonly Measured[]): boolean {
  const line = (what: string, pick?: (cost: Cost) => number): void => {
    const [without, withThem] = [BASE, OTHER].map((arms) => mean(all.flatMap((one) => costs(one, arms, pick))));
    console.log(`  ${what}: ${without?.toFixed(3)} µs a message, the others ${withThem?.toFixed(3)}`);
  };
  for (const kind of THREADS) line(kind, (cost) => cost.usBy[kind]);
  line("all threads");
  say(
    "one against the same",
    all.map((one) => ({ base: costs(one, BASE.slice(0, 1)), other: costs(one, BASE.slice(1)) })),
  );
  const compared = all.map((one) => ({ base: costs(one, BASE), other: costs(one, OTHER) }));
  const interval = say(comparison.said, compared);
  const { judged } = comparison;
  if (judged === undefined) return true;
  const isGood = judged.by(interval);
  console.log(`  ${isGood ? judged.good : `NOT ${judged.good}`}`);
  return isGood;
}

/** Whoever starts first, or second, does so once in as many groups as there are arms. */
function inTurn(arms: readonly Arm[], group: number): readonly Arm[] {
  const from = group % arms.length;
  return [...arms.slice(from), ...arms.slice(0, from)];
}

async function measure(scenario: LoadScenario): Promise<boolean> {
  const beganMs = performance.now();
  const file = join(RESULTS, `metrics-${scenario.name}${comparison.suffix}.json`);
  const all = values.more ? (JSON.parse(readFileSync(file, "utf8")) as Measured[]) : [];
  for (let group = 0; group < groups; group += 1) {
    const arms = inTurn(armsOf(), all.length);
    const costOf = await measureGroup({ scenario, arms, warmMs, windowMs, dataDir: values.data });
    all.push(Object.fromEntries(costOf));
  }
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(file, JSON.stringify(all, undefined, 1));
  const seconds = Math.round((performance.now() - beganMs) / 1_000);
  console.log(
    `${scenario.title}: ${all.length} groups of four servers, ${windowMs / 1_000} s each; this took ${seconds} s`,
  );
  return report(all);
}

process.on("exit", endAll);
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));
console.log(`${machineLine()}; load before: ${loadBefore()}`);
let isGood = true;
for (const scenario of values.scenario.split(",").map(scenarioOf)) isGood = (await measure(scenario)) && isGood;
process.exit(isGood ? 0 : 1);
