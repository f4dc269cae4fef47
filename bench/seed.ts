/**
 * Fills a data folder with messages through a running server, so that what is there is what the engine itself writes.
 * As a program: `bun bench/seed.ts --data DIR [--messages 1000000]`.
 */
import { parseArgs } from "node:util";
import { endAll, runLoad, SECRET, startServer } from "./processes.ts";

const IN_FLIGHT = 512;
const SEED_MS_MAX = 180_000;

/** All messages go into one room. Returns the milliseconds that it took. */
export async function seed(dataDir: string, messages: number): Promise<number> {
  const beganMs = performance.now();
  const server = await startServer("stoa", { dataDir });
  const shape = { rooms: 1, members: 1, senders: 1, inFlight: IN_FLIGHT, acked: false, warmMs: 0, windowMs: 0 };
  const target = { peer: "stoa", ports: [server.port], pids: [server.pid], stores: {}, secret: SECRET } as const;
  const result = await runLoad({ kind: "closed", ...target, ...shape, messages }, { timeoutMs: SEED_MS_MAX });
  await server.stop();
  if (result.deliveriesTotal !== messages) {
    throw new Error(
      `only ${result.deliveriesTotal} of ${messages} messages were stored; ${result.faults.firstError ?? ""}`,
    );
  }
  return performance.now() - beganMs;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { data: { type: "string" }, messages: { type: "string", default: "1000000" } },
  });
  if (values.data === undefined) throw new Error("bun bench/seed.ts --data DIR [--messages 1000000]");
  process.on("exit", endAll);
  const tookMs = await seed(values.data, Number(values.messages));
  console.log(`${values.messages} messages in ${(tookMs / 1000).toFixed(1)} s`);
}
