/**
 * What the assistant costs and what it costs others: 200 answers that grow at the same time on one node, beside a chat whose
 * deliveries are timed with and without them, in turns. `bun bench/assistant/main.ts [--runs 200] [--rounds 3] [--seconds 24]
 * [--stretches 3] [--rate 25] [--load answers|streams|nothing] [--against nothing|streams]`. A round has its seconds with them and as many
 * without, each in so many stretches.
 * The provider and those who ask are processes of their own, of low priority: in real life they are other machines. With `--load
 * streams` all of these are there, but not the server's part; with `nothing` both are without: what this measure makes of no
 * difference. `--env "NAME=value …"`, `--tree DIR`: a second server that has these variables, or is of that working tree, in turns
 * with the first one, so that whatever the machine does is in both. Clocks of one machine. Exits with 1 when a bound is missed.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { SystemClock } from "../../src/base/clock.ts";
import { RuntimeThreads } from "../../src/node/runtime-threads.ts";
import { loadBefore, machineLine } from "../proc.ts";
import { endAll } from "../processes.ts";
import type { Load } from "./askers.ts";
import { LOADS } from "./crowd.ts";
import { LEGS, lineOf, newRound, type Round, threadsOf, verdict } from "./rounds.ts";
import { Site, type SiteKind } from "./site.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "200" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "24" },
    stretches: { type: "string", default: "3" },
    /** Pieces a second of each answer. */
    rate: { type: "string", default: "25" },
    load: { type: "string", default: "answers" },
    against: { type: "string", default: "nothing" },
    env: { type: "string" },
    tree: { type: "string" },
    /** What the server's threads take is told, too. */
    threads: { type: "boolean", default: false },
    data: { type: "string", default: new URL("../results", import.meta.url).pathname },
  },
});
const runs = Number(values.runs);
const [rounds, seconds, stretches, rate] = [values.rounds, values.seconds, values.stretches, values.rate].map(
  Number,
) as [number, number, number, number];
const [load, against] = [loadOf("load"), loadOf("against")];
const shape = { runs, seconds, load, against };

const WARM_MS = 15_000;

function loadOf(option: "load" | "against"): Load {
  const load = LOADS.find((one) => one === values[option]);
  if (load !== undefined) return load;
  console.error(`--${option}: got ${values[option]}; accepted: ${LOADS.join(", ")}`);
  process.exit(2);
}

function kinds(): readonly SiteKind[] {
  const asDelivered = { name: "stoa", env: {} };
  if (values.env === undefined && values.tree === undefined) return [asDelivered];
  const env = Object.fromEntries(
    (values.env ?? "")
      .split(" ")
      .filter(Boolean)
      .map((pair) => pair.split("=", 2)),
  );
  return [asDelivered, { name: "other", env, root: values.tree === undefined ? undefined : resolve(values.tree) }];
}

/** With turns in turns: what a server goes through in its life, and what else a machine does, is then in both legs. */
async function roundOf(sites: readonly Site[], no: number): Promise<readonly Round[]> {
  const seen = sites.map((site) => ({ site, round: newRound() }));
  for (let pair = 0; pair < stretches; pair += 1) {
    const order = (no + pair) % 2 === 0 ? LEGS : LEGS.toReversed();
    for (const { site, round } of pair % 2 === 0 ? seen : seen.toReversed()) {
      for (const leg of order) await site.stretch(leg, round, (seconds * 1_000) / stretches);
      // Another server's deliveries are next.
      if (sites.length > 1) await site.rest(round.firstPieces);
    }
  }
  return seen.map(({ round }) => round);
}

async function main(): Promise<number> {
  console.log(machineLine());
  console.log(
    `load before: ${loadBefore().toFixed(2)}; ${runs} answers of ${rate} pieces a second (${load} against ${against}), ${rounds} rounds of ` +
      `${seconds} s with and without in ${stretches} stretches each`,
  );
  // Those who chat are another machine, too: only what they do themselves is beside the server, with answers and without.
  new RuntimeThreads(new SystemClock(), (why) => console.log(why)).start();
  const sites: Site[] = [];
  try {
    for (const kind of kinds()) sites.push(await Site.open(kind, { runs, rate, load, against, dataDir: values.data }));
    for (const site of sites) await site.warmUp(WARM_MS);
    const measured: (readonly Round[])[] = [];
    for (let i = 0; i < rounds; i += 1) {
      const all = await roundOf(sites, i);
      for (const [k, round] of all.entries()) {
        console.log(`round ${i + 1}, ${sites[k]?.name}: ${lineOf(round, shape)}`);
        if (values.threads) console.log(threadsOf(round, shape));
      }
      measured.push(all);
    }
    for (const site of sites) await site.close();
    const held = sites.map((site, k) => {
      console.log(`${site.name}:`);
      return verdict(
        measured.flatMap((all) => all[k] ?? []),
        shape,
      );
    });
    return held.every(Boolean) ? 0 : 1;
  } finally {
    for (const site of sites) site.kill();
    endAll();
  }
}

process.exit(await main());
