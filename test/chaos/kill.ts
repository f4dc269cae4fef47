/** `bun run chaos:kill [--rounds 50] [--rate 1000] [--seed N]`: SIGKILL under load; exit code 0 when nothing was lost. */
import { parseArgs } from "node:util";
import { killRounds } from "./kill-rounds.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "50" },
    rate: { type: "string", default: "1000" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
});

const rounds = Number(values.rounds);
console.log(`kill -9 under load: ${rounds} rounds at ${values.rate} messages/s, seed ${values.seed}`);
const summary = await killRounds({
  rounds,
  rate: Number(values.rate),
  seed: Number(values.seed),
  signal: "SIGKILL",
  print: (line) => console.log(line),
});
for (const failure of summary.failures) console.log(failure);
const { acked, retried, lost, duplicates, misordered, gaps, resets, slowestReadyMs } = summary;
console.log(`${retried} retried, slowest restart ${slowestReadyMs.toFixed(0)} ms`);
console.log(
  `${rounds} rounds, ${acked} acked, ${lost} lost, ${duplicates} duplicates, ${misordered} misordered, ${gaps} gaps`,
);
process.exit(lost + duplicates + misordered + gaps + resets === 0 && acked > 0 ? 0 : 1);
