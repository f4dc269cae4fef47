/**
 * `bun run chaos [--scenario kill,pause] [--rounds N | --full | --brief] [--nodes 3] [--rate 300] [--seed N]`: a cluster of
 * real processes on real servers under load, and whatever may go wrong with it. `--round N` plays only that one again,
 * `--list` says what there is. Exit code 0 when every promise was kept.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { redisIsThere } from "../support/redis-servers.ts";
import type { ClusterRig } from "./cluster-rig.ts";
import { runScenarios } from "./cluster-run.ts";
import { SCENARIOS } from "./scenarios.ts";

const { values } = parseArgs({
  options: {
    scenario: { type: "string" },
    rounds: { type: "string" },
    round: { type: "string" },
    full: { type: "boolean", default: false },
    brief: { type: "boolean", default: false },
    nodes: { type: "string", default: "3" },
    rate: { type: "string", default: "300" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    list: { type: "boolean", default: false },
  },
});

if (values.list) {
  for (const { name, about, roundsFull } of SCENARIOS)
    console.log(`${name.padEnd(16)} ${about} (full: ${roundsFull} ×)`);
  process.exit(0);
}
const names = values.scenario?.split(",");
const unknown = names?.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name)) ?? [];
if (unknown.length > 0) {
  console.error(`no scenario ${unknown.join(", ")}; there are ${SCENARIOS.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}
const scenarios = SCENARIOS.filter(({ name, isBrief }) => names?.includes(name) ?? (!values.brief || isBrief === true));

if (!(await redisIsThere())) process.exit(0);
let rig: ClusterRig | undefined;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    console.log(`${signal}: stopping the cluster`);
    // Whatever is still starting ends with this process.
    void (rig?.stop() ?? Promise.resolve()).finally(() => process.exit(130));
  });
}

console.log(`chaos: ${values.nodes} nodes at ${values.rate} messages/s, seed ${values.seed}`);
const { passed, failed } = await runScenarios({
  scenarios,
  rounds: ({ roundsFull }) => {
    if (values.round !== undefined) return [Number(values.round)];
    const count = values.rounds !== undefined ? Number(values.rounds) : values.full ? roundsFull : 1;
    return Array.from({ length: count }, (_, i) => i + 1);
  },
  seed: Number(values.seed),
  rate: Number(values.rate),
  nodes: Number(values.nodes),
  // Whoever runs all tests should not learn of promises about time from a machine that had none.
  slack: values.brief ? 3 : 1,
  logFolder: mkdtempSync(join(tmpdir(), "stoa-chaos-")),
  print: (line) => console.log(line),
  started: (started) => {
    rig = started;
  },
});
console.log(`chaos: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
