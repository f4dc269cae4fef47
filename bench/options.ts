/** The command line of `bun run bench`. A wrong option ends with the list of right ones. */
import { parseArgs } from "node:util";
import type { Peer } from "./load/job.ts";
import { PEERS } from "./load/job.ts";
import type { Scenario } from "./scenarios.ts";
import { SCENARIOS } from "./scenarios.ts";

export interface Options {
  readonly scenarios: readonly Scenario[];
  readonly peers: readonly Peer[];
  readonly runs: number;
  /** Length of the measured window. */
  readonly seconds: number;
  readonly warmSeconds: number;
  readonly quick: boolean;
  /** Server on core 0, load on core 1 (saturated fan-out only). */
  readonly pin: boolean;
  readonly markdown: boolean;
  /** Where servers keep their data during the run; a real disk, or the commits cost nothing. */
  readonly dataDir: string;
  readonly seed: number;
}

export const USAGE = `bun run bench [options]
  --scenario a,b   of: ${SCENARIOS.map((scenario) => scenario.name).join(", ")} (default: all)
  --peers a,b      of: ${PEERS.join(", ")} (default: all)
  --runs n         interleaved runs of each peer (default 3)
  --seconds n      measured window of each run (default 3)
  --quick          one short run of everything that is quick: a smoke test, no figures to quote
  --pin            servers on core 0, load on core 1, in the saturated fan-out scenarios
  --markdown       print the table for README.md
  --data dir       where data folders are made (default bench/results)
  --plan           says what would be measured, and measures nothing
  --seed n         order of the peers (default: from the clock)`;

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: "string" },
      peers: { type: "string" },
      runs: { type: "string" },
      seconds: { type: "string" },
      quick: { type: "boolean", default: false },
      pin: { type: "boolean", default: false },
      markdown: { type: "boolean", default: false },
      data: { type: "string", default: new URL("results", import.meta.url).pathname },
      seed: { type: "string" },
      plan: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const quick = values.quick;
  const options: Options = {
    scenarios: pick(values.scenario, SCENARIOS, (scenario) => scenario.name),
    peers: pick(values.peers, PEERS, (peer) => peer),
    runs: positive(values.runs, quick ? 1 : 3, "--runs"),
    seconds: positive(values.seconds, quick ? 1 : 3, "--seconds"),
    // Long enough for the compilers of every server: after 1.5 s that of the fan-out to one is not through yet.
    warmSeconds: quick ? 0.5 : 5,
    quick,
    pin: values.pin,
    markdown: values.markdown,
    dataDir: values.data,
    seed: values.seed === undefined ? Date.now() : positive(values.seed, 1, "--seed"),
  };
  if (values.plan) {
    const names = options.scenarios.map((scenario) => scenario.name).join(", ");
    console.log(`would measure ${names}: ${options.runs} runs of ${options.seconds} s`);
    process.exit(0);
  }
  return options;
}

function pick<T>(list: string | undefined, all: readonly T[], nameOf: (item: T) => string): readonly T[] {
  if (list === undefined) return all;
  const names = list.split(",").filter((name) => name !== "");
  const unknown = names.filter((name) => !all.some((item) => nameOf(item) === name));
  if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(", ")}\n${USAGE}`);
  return all.filter((item) => names.includes(nameOf(item)));
}

function positive(text: string | undefined, fallback: number, name: string): number {
  const value = text === undefined ? fallback : Number(text);
  if (!(value > 0)) throw new Error(`${name} must be a number above 0\n${USAGE}`);
  return value;
}
