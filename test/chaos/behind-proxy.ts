/**
 * `bun run chaos:proxy [--rate 1000] [--rounds 1]`: two nodes behind HAProxy, restarted one after the other under load, as an
 * operator does it. People know the proxy's address only. Judged: what was acked is there once and in order, everybody saw
 * all of it, and nobody was without service for longer than `WITHOUT_SERVICE_MS_MAX`.
 */
import { parseArgs } from "node:util";
import { SeededRandom } from "../../src/base/prng.ts";
import { TestClient } from "../support/client.ts";
import { HaProxy } from "../support/haproxy.ts";
import { ensureProgram } from "../support/programs.ts";
import { TwoNodes } from "../support/two-nodes.ts";
import type { WireName } from "../support/wire.ts";
import { readHistory } from "./read-history.ts";
import { Roamer } from "./roamer.ts";
import { startTalk } from "./talk.ts";
import { judge, type Kept, type Verdict } from "./verdict.ts";

export const WITHOUT_SERVICE_MS_MAX = 5_000;
const ROOMS = 12;
const PEOPLE = 24;
const WIRES: readonly WireName[] = ["msgpack", "json", "camel", "snake"];
const WARM_UP_MS = 1_500;
const BETWEEN_MS = 2_000;
const SETTLE_MS_MAX = 30_000;
const LOOK_MS = 20;

export interface RollResult extends Verdict {
  /** The longest that any client waited for an ack, or did not listen to all of its rooms, milliseconds. */
  readonly withoutServiceMs: number;
  readonly stuck: readonly string[];
}

/** One rolling restart at `rate` messages per second. */
export async function rollBehindProxy({ rate, seed }: { rate: number; seed: number }): Promise<RollResult> {
  const nodes = await TwoNodes.start({
    STOA_TRUST_PROXY: "on",
    STOA_RATE_PER_SECOND: "100000",
    STOA_RATE_BURST: "100000",
    STOA_CONNECTS_ADDRESS_PER_MINUTE: "0",
    STOA_CONNECTS_USER_PER_MINUTE: "0",
  });
  const closers: (() => Promise<unknown>)[] = [() => nodes.dispose()];
  try {
    const proxy = await HaProxy.start(nodes.one, nodes.two);
    closers.push(() => proxy.stop());
    return await roll(nodes, proxy, rate, seed, closers);
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

async function roll(
  nodes: TwoNodes,
  proxy: HaProxy,
  rate: number,
  seed: number,
  closers: (() => Promise<unknown>)[],
): Promise<RollResult> {
  const random = new SeededRandom(seed);
  const rooms = Array.from({ length: ROOMS }, (_, i) => `rolled_${i}`);
  const people = Array.from({ length: PEOPLE }, (_, i) => personOf(i, rooms, proxy, random));
  await makeRooms(proxy, rooms, nodes.one.token({ user: "maker" }));
  await Promise.all(people.map((person) => person.arrive()));
  closers.push(() => Promise.all(people.map((person) => person.leave("cut"))));
  const watch = new Watch(people);
  const stopTalk = startTalk({ people: people.map((talker) => ({ talker, rooms: talker.rooms })), rate, random });
  try {
    await Bun.sleep(WARM_UP_MS);
    for (const server of [nodes.one, nodes.two]) {
      const { code } = await server.stop();
      if (code !== 0) throw new Error(`a node ended with ${code} after SIGTERM:\n${server.output}`);
      await server.restart();
      await Bun.sleep(BETWEEN_MS);
    }
  } finally {
    stopTalk();
  }
  const stuck = await settle(people);
  watch.stop();
  const histories = new Map<string, readonly Kept[]>();
  const token = nodes.one.token({ user: "maker" });
  for (const room of rooms) histories.set(room, await readHistory(nodes.one, room, token));
  const witnesses = people.map((person) => person.witness());
  const waits = witnesses.flatMap(({ acked }) => acked.map(({ sentMs, ackedMs }) => ackedMs - sentMs));
  const withoutServiceMs = Math.max(watch.longestMs, ...waits);
  return { ...judge(histories, witnesses), withoutServiceMs, stuck };
}

/** Three rooms each: this process has to read what everybody gets. Where they come back to is the proxy's business, so both of their places are the proxy. */
function personOf(i: number, rooms: readonly string[], proxy: HaProxy, random: SeededRandom): Roamer {
  return new Roamer({
    userId: `usr_${i}`,
    wire: WIRES[i % WIRES.length] ?? "msgpack",
    rooms: rooms.filter((_, room) => [0, 1, 5].includes((room + i) % ROOMS)),
    places: [proxy, proxy],
    home: 0,
    seed: random.below(2 ** 31),
  });
}

async function makeRooms(proxy: HaProxy, rooms: readonly string[], token: string): Promise<void> {
  const maker = await TestClient.connect(proxy, { token });
  for (const roomId of rooms) await maker.ack({ type: "create_room", roomId, name: roomId, roomType: "public" });
  await maker.close();
}

/** For how long each person did not listen to all of their rooms. */
class Watch {
  longestMs = 0;
  readonly #people: readonly Roamer[];
  readonly #since = new Map<Roamer, number>();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(people: readonly Roamer[]) {
    this.#people = people;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#look();
  }

  #look(): void {
    const nowMs = performance.now();
    for (const person of this.#people) {
      if (person.isSettled) {
        this.#since.delete(person);
        continue;
      }
      const sinceMs = this.#since.get(person) ?? nowMs;
      this.#since.set(person, sinceMs);
      this.longestMs = Math.max(this.longestMs, nowMs - sinceMs);
    }
  }
}

/** Returns what was not reached in time. */
async function settle(people: readonly Roamer[]): Promise<readonly string[]> {
  const deadline = performance.now() + SETTLE_MS_MAX;
  const isDone = ({ isSettled, person, rooms }: Roamer): boolean =>
    isSettled &&
    person.unacked.size === 0 &&
    rooms.every((room) => (person.rooms.get(room)?.head ?? 0) >= lastAcked(people, room));
  while (!people.every(isDone) && performance.now() < deadline) await Bun.sleep(LOOK_MS);
  return people.filter((person) => !isDone(person)).map(({ userId }) => `${userId} did not catch up`);
}

function lastAcked(people: readonly Roamer[], room: string): number {
  return Math.max(...people.map(({ person }) => person.lastAckedSeq(room)));
}

/** In words, what must not be; empty when all is well. */
export function faultsOf({
  lost,
  duplicates,
  misordered,
  gaps,
  withoutServiceMs,
  failures,
  stuck,
}: RollResult): string[] {
  const faults = [...failures, ...stuck];
  const counts = { lost, duplicates, misordered, gaps };
  for (const [what, count] of Object.entries(counts)) if (count > 0) faults.push(`${count} ${what}`);
  if (withoutServiceMs > WITHOUT_SERVICE_MS_MAX) faults.push(`without service for ${Math.round(withoutServiceMs)} ms`);
  return faults;
}

async function main(): Promise<number> {
  const option = (fallback: string) => ({ type: "string", default: fallback }) as const;
  const { values } = parseArgs({ options: { rate: option("1000"), rounds: option("1"), seed: option("1") } });
  const missing = (await ensureProgram("haproxy")) ?? (await ensureProgram("redis-server"));
  if (missing !== undefined) {
    process.stderr.write(`${missing}\n`);
    return 2;
  }
  let failed = 0;
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const result = await rollBehindProxy({ rate: Number(values.rate), seed: Number(values.seed) + round });
    const faults = faultsOf(result);
    const { acked, lost, duplicates, misordered, gaps, resets, withoutServiceMs } = result;
    process.stdout.write(
      `${faults.length === 0 ? "ok  " : "FAIL"} rolling restart behind HAProxy, ${values.rate} messages/s: ${acked} acked, ${lost} lost, ${duplicates} duplicates, ${misordered} misordered, ${gaps} gaps, ${resets} resets, longest without service ${(withoutServiceMs / 1000).toFixed(1)} s (bound ${WITHOUT_SERVICE_MS_MAX / 1000} s)\n`,
    );
    for (const fault of faults) process.stdout.write(`    ${fault}\n`);
    if (faults.length > 0) failed += 1;
  }
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) process.exit(await main());
