/**
 * What counting costs: `bun bench/metrics/main.ts [--scenario fanout-1,fanout-100] [--groups 4] [--warm 10] [--seconds 40] [--more]`.
 * Four servers under full load at the same time: two without metrics, one with them (and somebody who reads them), one without them
 * that burns 3 % more on purpose. Fresh processes in each group; the 95 % interval over the groups is what counts. `--more` adds
 * groups to what the last run measured. Exits with 1 unless the upper end is within the bound, the two that are alike are found
 * alike, and what was planted is found.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadBefore, machineLine } from "../proc.ts";
import { endAll } from "../processes.ts";
import { type LoadScenario, SCENARIOS } from "../scenarios.ts";
import { type Arm, type Cost, measureGroup, type ThreadKind } from "./group.ts";
import { type Interval, intervalOf, isFound, isShown } from "./interval.ts";

/** Of the CPU time without metrics. */
const COST_MAX = 0.02;
const PLANTED = 0.03;
const RESULTS = new URL("../results", import.meta.url).pathname;
const OFF = { STOA_METRICS: "off" };
const BURDEN = {
  BENCH_BURDEN: String(PLANTED),
  BUN_OPTIONS: `--preload=${new URL("burden.ts", import.meta.url).pathname}`,
};
const ARMS: readonly Arm[] = [
  { name: "off", env: OFF, isRead: false },
  { name: "on", env: { STOA_METRICS: "on" }, isRead: true },
  { name: "off-again", env: OFF, isRead: false },
  { name: "planted", env: { ...OFF, ...BURDEN }, isRead: false },
];
const THREADS: readonly ThreadKind[] = ["edge", "shard", "compilers", "collectors", "other"];

type Group = ReadonlyMap<string, Cost>;

const { values } = parseArgs({
  options: {
    scenario: { type: "string", default: "fanout-1,fanout-100" },
    groups: { type: "string", default: "4" },
    warm: { type: "string", default: "10" },
    seconds: { type: "string", default: "40" },
    more: { type: "boolean", default: false },
    data: { type: "string", default: RESULTS },
  },
});
const [groups, warmMs, windowMs] = [Number(values.groups), Number(values.warm) * 1_000, Number(values.seconds) * 1_000];

function scenarioOf(name: string): LoadScenario {
  const found = SCENARIOS.find((one) => one.name === name);
  if (found?.kind !== "closed") throw new Error(`${name} is no scenario of full load`);
  return found;
}

/** What the runs before this one measured. */
function earlier(file: string): Group[] {
  const raw = JSON.parse(readFileSync(file, "utf8")) as readonly Record<string, Cost>[];
  return raw.map((group) => new Map(Object.entries(group)));
}

/** Each starts first, second, … once in as many groups as there are arms. */
function inTurn(group: number): readonly Arm[] {
  const from = group % ARMS.length;
  return [...ARMS.slice(from), ...ARMS.slice(0, from)];
}

function us(group: Group, arm: string, pick = (cost: Cost): number => cost.us): number {
  const cost = group.get(arm);
  return cost === undefined ? Number.NaN : pick(cost);
}

/** Of the two without metrics, taken together. */
function base(group: Group, pick?: (cost: Cost) => number): number {
  return (us(group, "off", pick) + us(group, "off-again", pick)) / 2;
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
}

function percent(share: number): string {
  return `${share < 0 ? "−" : "+"} ${Math.abs(share * 100).toFixed(2)} %`;
}

function say(what: string, factors: readonly number[], isGood: (interval: Interval) => boolean, good: string): boolean {
  const interval = intervalOf(factors);
  const each = factors.map((factor) => ((factor - 1) * 100).toFixed(1)).join(" ");
  const { low, high } = interval;
  const verdict = isGood(interval) ? good : `NOT ${good}`;
  console.log(
    `  ${what}: ${percent(interval.mean)}, 95 % from ${percent(low)} to ${percent(high)}: ${verdict} (${each})`,
  );
  return isGood(interval);
}

function report(measured: readonly Group[]): boolean {
  for (const kind of THREADS) {
    const pick = (cost: Cost): number => cost.usBy[kind];
    const [without, withThem] = [
      mean(measured.map((one) => base(one, pick))),
      mean(measured.map((one) => us(one, "on", pick))),
    ];
    console.log(`  ${kind}: ${without.toFixed(3)} µs a message without, ${withThem.toFixed(3)} with`);
  }
  const [without, withThem] = [mean(measured.map((one) => base(one))), mean(measured.map((one) => us(one, "on")))];
  console.log(`  all threads: ${without.toFixed(3)} µs a message without, ${withThem.toFixed(3)} with`);
  const within = (interval: Interval): boolean => isShown(interval, COST_MAX);
  const found = (interval: Interval): boolean => isFound(interval, COST_MAX);
  const verdicts = [
    say(
      "metrics cost",
      measured.map((one) => us(one, "on") / base(one)),
      within,
      `shown to be at most ${COST_MAX * 100} %`,
    ),
    say(
      "off against off",
      measured.map((one) => us(one, "off-again") / us(one, "off")),
      within,
      "found to be alike",
    ),
    say(
      `${PLANTED * 100} % planted`,
      measured.map((one) => us(one, "planted") / base(one)),
      found,
      "found",
    ),
  ];
  return verdicts.every(Boolean);
}

process.on("exit", endAll);
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));
console.log(`${machineLine()}; load before: ${loadBefore()}`);
let isAllShown = true;
for (const scenario of values.scenario.split(",").map(scenarioOf)) {
  const beganMs = performance.now();
  const file = join(RESULTS, `metrics-${scenario.name}.json`);
  const measured: Group[] = values.more ? earlier(file) : [];
  for (let group = 0; group < groups; group += 1) {
    measured.push(await measureGroup({ scenario, arms: inTurn(group), warmMs, windowMs, dataDir: values.data }));
  }
  const seconds = Math.round((performance.now() - beganMs) / 1_000);
  console.log(
    `${scenario.title}: ${measured.length} groups of four servers, ${windowMs / 1_000} s each, ${seconds} s in all`,
  );
  isAllShown = report(measured) && isAllShown;
  mkdirSync(RESULTS, { recursive: true });
  const raw = measured.map((group) => Object.fromEntries(group));
  writeFileSync(file, JSON.stringify(raw, undefined, 1));
}
process.exit(isAllShown ? 0 : 1);
