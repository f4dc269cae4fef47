/** `bun run test/sim/run.ts [--seeds N] [--from N] [--seed N [--verbose]]`: runs the simulation and says what it found. */
import { runSeed } from "./scenario.ts";

const seeds = Number(process.argv[process.argv.indexOf("--seeds") + 1] ?? 100);
const only = process.argv.includes("--seed") ? Number(process.argv[process.argv.indexOf("--seed") + 1]) : undefined;
const from = process.argv.includes("--from") ? Number(process.argv[process.argv.indexOf("--from") + 1]) : 1;
const verbose = process.argv.includes("--verbose");
const t = performance.now();
let failed = 0; let steps = 0; let requests = 0; let events = 0;
const rules = new Map<string, [number, number, string]>();
for (let seed = only ?? from; seed < (only === undefined ? from + seeds : only + 1); seed += 1) {
  const outcome = await runSeed(seed, {}, verbose ? (line) => console.log(line) : undefined);
  steps += outcome.steps; requests += outcome.requests; events += outcome.events;
  if (outcome.violations.length > 0) failed += 1;
  for (const rule of new Set(outcome.violations.map((v) => v.rule))) {
    const r = rules.get(rule) ?? [0, seed, outcome.violations.find((v) => v.rule === rule)?.message ?? ""];
    rules.set(rule, [r[0] + 1, r[1], r[2]]);
  }
  if (only !== undefined) { for (const v of outcome.violations) console.log(v.rule, "::", v.message); console.log(outcome.traceHash, outcome.reports.slice(0, 20)); }
}
console.log({ failed, steps, requests, events, ms: performance.now() - t });
for (const [rule, r] of rules) console.log(rule, r);
