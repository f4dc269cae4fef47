/**
 * What the assistant costs and what it costs others: 200 answers that grow at the same time on one node, beside a chat whose
 * deliveries are timed with and without them, in turns. `bun bench/assistant/main.ts [--runs 200] [--rounds 3] [--seconds 24]
 * [--stretches 4] [--rate 25] [--load answers|streams|nothing]`. A round has its seconds with them and as many without, each in so many stretches.
 * The provider and those who ask are processes of their own, of low priority: in real life they are other machines. With `--load
 * streams` all of these are there, but not the server's part; with `nothing` both are without: what this measure makes of no
 * difference. Clocks of one machine. Exits with 1 when a bound is missed.
 */
import { parseArgs } from "node:util";
import { SystemClock } from "../../src/base/clock.ts";
import { RuntimeThreads } from "../../src/node/runtime-threads.ts";
import { cpuMsOf, loadBefore, machineLine, threadCpuOf } from "../proc.ts";
import { endAll, makeFolder, SECRET, type Server, startServer } from "../processes.ts";
import type { Load } from "./askers.ts";
import { aside, Crowd } from "./crowd.ts";
import { Chatter } from "./sockets.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "200" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "24" },
    stretches: { type: "string", default: "4" },
    /** Pieces a second of each answer. */
    rate: { type: "string", default: "25" },
    load: { type: "string", default: "answers" },
    /** What the server's threads take is told, too. */
    threads: { type: "boolean", default: false },
    data: { type: "string", default: new URL("../results", import.meta.url).pathname },
  },
});
const runs = Number(values.runs);
const [rounds, seconds, stretches, rate] = [values.rounds, values.seconds, values.stretches, values.rate].map(
  Number,
) as [number, number, number, number];
const load = values.load as Load;

const FIRST_PIECE_MS_MAX = 50;
/** How much slower deliveries may be beside the answers. */
const SLOWER_MAX = 1.2;
const ANSWER_SECONDS = 10;
const CHAT_ROOMS = 10;
const CHAT_PEOPLE = 10;
const CHAT_PER_SECOND = 100;
const WARM_MS = 3_000;
/** Between the beginning, or the end, of the load and what is timed: what that itself makes of work is done. */
const SETTLE_MS = 1_500;
const UNDER_WAY_MS = 200;

const LEGS = ["alone", "beside"] as const;
type Leg = (typeof LEGS)[number];

/** What was seen in the stretches of one leg of a round. */
class Seen {
  readonly latencies: number[] = [];
  cpuMs = 0;
  readonly threadsMs = new Map<string, number>();

  /** Milliseconds. */
  at(q: number): number {
    return quantile(this.latencies, q);
  }
}
interface Round extends Readonly<Record<Leg, Seen>> {
  readonly firstPieces: number[];
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

async function chatters(server: Server, latencies: number[]): Promise<readonly Chatter[]> {
  const all: Chatter[] = [];
  for (let i = 0; i < CHAT_PEOPLE; i += 1) {
    const chatter = new Chatter(server.port, `chatter-${i}`, SECRET, latencies);
    await chatter.opened();
    all.push(chatter);
  }
  for (let room = 0; room < CHAT_ROOMS; room += 1) {
    const roomId = `chat-${room}`;
    await all[0]?.ask({ type: "create_room", roomId, name: "chat", roomType: "public" });
    for (const chatter of all.slice(1)) await chatter.ask({ type: "join_room", roomId });
  }
  return all;
}

/**
 * By turns in all rooms, each message at a moment of its own within its part of the time. At even distances one message in a hundred would
 * meet what happens once a second, again and again or never, and that is all that a 99th percentile then tells.
 */
async function chat(people: readonly Chatter[], forMs: number): Promise<void> {
  const beganMs = performance.now();
  for (let i = 0; performance.now() - beganMs < forMs; i += 1) {
    await Bun.sleep(Math.max(0, beganMs + ((i + Math.random()) * 1_000) / CHAT_PER_SECOND - performance.now()));
    people[i % people.length]?.say(`chat-${i % CHAT_ROOMS}`);
  }
  await Bun.sleep(UNDER_WAY_MS);
}

/** The server, and all that is beside it. */
class Bench {
  readonly #server: Server;
  readonly #crowd: Crowd;
  readonly #people: readonly Chatter[];
  /** What those who chat note. */
  readonly #latencies: number[];
  #loaded = false;

  constructor(server: Server, crowd: Crowd, people: readonly Chatter[], latencies: number[]) {
    this.#server = server;
    this.#crowd = crowd;
    this.#people = people;
    this.#latencies = latencies;
  }

  /** With turns in turns: what a server goes through in its life, and what else a machine does, is then in both legs. */
  async round(no: number): Promise<Round> {
    const round: Round = { alone: new Seen(), beside: new Seen(), firstPieces: [] };
    for (let pair = 0; pair < stretches; pair += 1) {
      const order = (no + pair) % 2 === 0 ? LEGS : LEGS.toReversed();
      for (const leg of order) {
        await this.turn(leg === "beside", round.firstPieces);
        await this.#stretch(round[leg]);
      }
    }
    return round;
  }

  /** The load on or off, unless it is so already; first pieces since then are added. */
  async turn(on: boolean, firstPieces: number[]): Promise<void> {
    if (on === this.#loaded) return;
    this.#loaded = on;
    const came = this.#crowd.tell(on ? load : "nothing");
    await chat(this.#people, SETTLE_MS);
    for (const ms of await came) firstPieces.push(ms);
    await chat(this.#people, SETTLE_MS);
  }

  async #stretch(seen: Seen): Promise<void> {
    const { pid } = this.#server;
    this.#latencies.length = 0;
    const before = cpuMsOf(pid);
    const threadsBefore = threadCpuOf(pid);
    await chat(this.#people, (seconds * 1_000) / stretches);
    seen.cpuMs += cpuMsOf(pid) - before;
    for (const [id, { name, ns }] of threadCpuOf(pid)) {
      const tookMs = (ns - (threadsBefore.get(id)?.ns ?? 0)) / 1e6;
      seen.threadsMs.set(name, (seen.threadsMs.get(name) ?? 0) + tookMs);
    }
    seen.latencies.push(...this.#latencies);
  }
}

async function main(): Promise<number> {
  console.log(machineLine());
  console.log(
    `load before: ${loadBefore().toFixed(2)}; ${runs} answers of ${rate} pieces a second (${load}), ${rounds} rounds of ` +
      `${seconds} s with and without in ${stretches} stretches each`,
  );
  // Those who chat are another machine, too: only what they do themselves is beside the server, with answers and without.
  new RuntimeThreads(new SystemClock(), (why) => console.log(why)).start();
  const provider = Bun.spawn(aside("provider.ts", [rate, ANSWER_SECONDS, runs].map(String)), { stdout: "pipe" });
  let crowd: Crowd | undefined;
  try {
    const { value } = await provider.stdout.getReader().read();
    const providerPort = Number(new TextDecoder().decode(value));
    const unbounded = { STOA_AI_USER_TOKENS: "0", STOA_AI_ROOM_TOKENS: "0", STOA_AI_TENANT_TOKENS: "0" };
    const env = { OPENAI_BASE_URL: `http://127.0.0.1:${providerPort}/v1`, ...unbounded };
    const server = await startServer("stoa", { dataDir: makeFolder(values.data), member: { name: "assistant", env } });
    const latencies: number[] = [];
    const people = await chatters(server, latencies);
    crowd = new Crowd({ serverPort: server.port, providerPort, secret: SECRET, runs });
    await crowd.ready();
    const bench = new Bench(server, crowd, people, latencies);
    await bench.turn(true, []);
    await chat(people, WARM_MS);
    const measured: Round[] = [];
    for (let i = 0; i < rounds; i += 1) {
      const one = await bench.round(i);
      console.log(lineOf(i + 1, one));
      if (values.threads) console.log(threadsOf(one));
      measured.push(one);
    }
    crowd.end();
    for (const socket of people) socket.close();
    await server.stop();
    return verdict(measured);
  } finally {
    crowd?.end();
    provider.kill();
    endAll();
  }
}

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
const ms = (value: number): string => `${value.toFixed(2)} ms`;

/** CPU of the server, milliseconds per answer and second. */
function costOf({ alone, beside }: Round): number {
  return (beside.cpuMs - alone.cpuMs) / (seconds * runs);
}

function lineOf(no: number, round: Round): string {
  const of = (seen: Seen): string =>
    `p50 ${ms(seen.at(0.5))} p95 ${ms(seen.at(0.95))} p99 ${ms(seen.at(0.99))} p99.9 ${ms(seen.at(0.999))}`;
  const { alone, beside, firstPieces } = round;
  return (
    `round ${no}: deliveries ${of(alone)} alone, ${of(beside)} beside (${alone.latencies.length}, ${beside.latencies.length}), ` +
    `p99 ${percent(beside.at(0.99) / alone.at(0.99) - 1)}; ${costOf(round).toFixed(2)} ms of CPU per answer and second; ` +
    `first piece p50 ${ms(quantile(firstPieces, 0.5))} p99 ${ms(quantile(firstPieces, 0.99))}`
  );
}

/** Milliseconds of each second that the server's threads run. */
function threadsOf({ alone, beside }: Round): string {
  const names = [...beside.threadsMs.keys()].toSorted();
  const of = (seen: Seen, name: string): string => ((seen.threadsMs.get(name) ?? 0) / seconds).toFixed(1);
  return names.map((name) => `  ${name}: ${of(alone, name)} alone, ${of(beside, name)} beside`).join("\n");
}

function verdict(all: readonly Round[]): number {
  const best = (of: (one: Round) => number): number => Math.min(...all.map(of));
  const p99Alone = best(({ alone }) => alone.at(0.99));
  const p99Beside = best(({ beside }) => beside.at(0.99));
  const shares = all.map(({ alone, beside }) => beside.at(0.99) / alone.at(0.99) - 1).toSorted((a, b) => a - b);
  const bounds = [{ what: "delivery p99 beside them, best round", is: p99Beside, max: p99Alone * SLOWER_MAX }];
  if (load === "answers") {
    const is = best(({ firstPieces }) => quantile(firstPieces, 0.99));
    bounds.push({ what: "first piece in the room, p99, best round", is, max: FIRST_PIECE_MS_MAX });
    console.log(`CPU of the server per answer and second: ${best(costOf).toFixed(2)} ms`);
  }
  console.log(
    `delivery p99, best rounds: ${ms(p99Beside)} beside ${load}, ${ms(p99Alone)} alone (${percent(p99Beside / p99Alone - 1)}); ` +
      `round by round ${shares.map(percent).join(", ")}`,
  );
  for (const { what, is, max } of bounds)
    console.log(`${is <= max ? "holds " : "MISSED"} ${what}: ${ms(is)} (at most ${ms(max)})`);
  return bounds.every(({ is, max }) => is <= max) ? 0 : 1;
}

process.exit(await main());
