/**
 * Kills the server with SIGKILL under load, again and again on the same data, and checks what was promised: what was
 * acked is there, nothing is there twice, and every client saw the whole log in order through its resumes.
 */
import { SeededRandom } from "../../src/base/prng.ts";
import { TestServer } from "../support/server.ts";
import { createRooms, CROWD_ROOMS, CROWD_WIRES, settle, talk, witnessOf } from "./crowd.ts";
import { Person } from "./person.ts";
import { readHistory } from "./read-history.ts";
import { judge, type Kept, type Verdict } from "./verdict.ts";

const ROUND_MS_MIN = 150;
const ROUND_MS_MAX = 900;

export interface KillOptions {
  readonly rounds: number;
  /** Messages per second, of all people together. */
  readonly rate: number;
  readonly seed: number;
  /** How the server ends each round: at once, or in its own time. */
  readonly signal: "SIGKILL" | "SIGTERM";
  readonly print: (line: string) => void;
}

export interface KillSummary extends Verdict {
  readonly retried: number;
  readonly slowestReadyMs: number;
  readonly slowestStopMs: number;
}

export async function killRounds({ rounds, rate, seed, signal, print }: KillOptions): Promise<KillSummary> {
  const random = new SeededRandom(seed);
  const server = await TestServer.start({
    env: { STOA_RATE_PER_SECOND: "100000", STOA_RATE_BURST: "100000", NODE_ENV: "test" },
  });
  try {
    const people = CROWD_WIRES.map((wire, i) => new Person(server, `usr_${i}`, wire));
    await createRooms(people);
    let slowestReadyMs = 0;
    let slowestStopMs = 0;
    for (let round = 1; round <= rounds; round += 1) {
      const before = people.reduce((sum, person) => sum + person.acked.size, 0);
      const lifeMs = ROUND_MS_MIN + random.below(ROUND_MS_MAX - ROUND_MS_MIN);
      await talk(people, rate, lifeMs, random);
      const stopMs = await end(server, signal);
      slowestStopMs = Math.max(slowestStopMs, stopMs);
      await Promise.all(people.map((person) => person.disconnected()));
      const readyMs = await server.restart();
      slowestReadyMs = Math.max(slowestReadyMs, readyMs);
      const retried = people.reduce((sum, person) => sum + person.unacked.size, 0);
      await settle(people);
      const acked = people.reduce((sum, person) => sum + person.acked.size, 0) - before;
      print(
        `round ${round}: ended after ${lifeMs} ms, ready in ${readyMs.toFixed(0)} ms, ${acked} acked, ${retried} retried`,
      );
    }
    const token = people[0]?.token ?? "";
    const histories = new Map<string, readonly Kept[]>();
    for (const roomId of CROWD_ROOMS) histories.set(roomId, await readHistory(server, roomId, token));
    const retried = people.reduce((sum, person) => sum + person.retried, 0);
    return { ...judge(histories, people.map(witnessOf)), retried, slowestReadyMs, slowestStopMs };
  } finally {
    await server.dispose();
  }
}

async function end(server: TestServer, signal: "SIGKILL" | "SIGTERM"): Promise<number> {
  if (signal === "SIGTERM") {
    const { code, ms } = await server.stop();
    if (code !== 0) throw new Error(`the server ended with ${code}:\n${server.output}`);
    return ms;
  }
  await server.kill();
  return 0;
}
