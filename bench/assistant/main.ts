/**
 * What the assistant costs and what it costs others: 200 answers that grow at the same time on one node, beside a chat whose
 * deliveries are timed with and without them. `bun bench/assistant/main.ts [--runs 200] [--rounds 3] [--seconds 12] [--rate 25]`.
 * The provider and those who ask are processes of their own, of low priority: in real life they are other machines. The control has
 * them and all their streams, but not the server's part. Clocks of one machine. Exits with 1 when a bound is missed.
 */
import { parseArgs } from "node:util";
import { SystemClock } from "../../src/base/clock.ts";
import { RuntimeThreads } from "../../src/node/runtime-threads.ts";
import { cpuMsOf, loadBefore, machineLine } from "../proc.ts";
import { endAll, makeFolder, SECRET, type Server, startServer } from "../processes.ts";
import type { AskersNews, AskersOrder, AskersStart } from "./askers.ts";
import { Chatter } from "./sockets.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "200" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "12" },
    /** Pieces a second of each answer. */
    rate: { type: "string", default: "25" },
    data: { type: "string", default: new URL("../results", import.meta.url).pathname },
  },
});
const [runs, rounds, seconds, rate] = [values.runs, values.rounds, values.seconds, values.rate].map(Number) as [
  number,
  number,
  number,
  number,
];

const FIRST_PIECE_MS_MAX = 50;
/** How much slower deliveries may be beside the answers. */
const SLOWER_MAX = 1.2;
const ANSWER_SECONDS = 10;
/** In the control nobody has to see answers that begin and end one after another. */
const DRAIN_SECONDS = 2;
const CHAT_ROOMS = 10;
const CHAT_PEOPLE = 10;
const CHAT_PER_SECOND = 100;
const NICENESS = "10";
const WARM_MS = 3_000;

interface Round {
  readonly p50: number;
  readonly p99: number;
  readonly deliveries: number;
  readonly cpuMs: number;
}

function quantile(sorted: readonly number[], q: number): number {
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

/** A program of the benchmark that lets the server go first. */
function aside(file: string, args: readonly string[]): string[] {
  return ["nice", "-n", NICENESS, process.execPath, new URL(file, import.meta.url).pathname, ...args];
}

/** Those who ask, by what they are told to do. */
class Askers {
  readonly #child: ReturnType<typeof Bun.spawn>;
  #heard: (news: AskersNews) => void = () => undefined;
  readonly #failed: Promise<never>;

  constructor(start: AskersStart) {
    this.#child = Bun.spawn(aside("askers.ts", [JSON.stringify(start)]), {
      stdout: "inherit",
      stderr: "inherit",
      ipc: (news: AskersNews) => this.#heard(news),
    });
    this.#failed = this.#child.exited.then((code) => {
      throw new Error(`those who ask ended with ${code}`);
    });
    this.#failed.catch(() => undefined);
  }

  /** The next thing they say. */
  next(): Promise<AskersNews> {
    const heard = new Promise<AskersNews>((resolve) => {
      this.#heard = resolve;
    });
    return Promise.race([heard, this.#failed]);
  }

  tell(order: AskersOrder): void {
    this.#child.send(order);
  }

  end(): void {
    this.#child.kill();
  }
}

/** Messages at even distances, by turns in all rooms. */
async function chat(people: readonly Chatter[], forMs: number): Promise<void> {
  const beganMs = performance.now();
  for (let i = 0; performance.now() - beganMs < forMs; i += 1) {
    people[i % people.length]?.say(`chat-${i % CHAT_ROOMS}`);
    await Bun.sleep(Math.max(0, beganMs + ((i + 1) * 1_000) / CHAT_PER_SECOND - performance.now()));
  }
  // What is under way arrives.
  await Bun.sleep(200);
}

async function measure(server: Server, people: readonly Chatter[], latencies: number[]): Promise<Round> {
  latencies.length = 0;
  const before = cpuMsOf(server.pid);
  await chat(people, seconds * 1_000);
  const cpuMs = cpuMsOf(server.pid) - before;
  const sorted = latencies.toSorted((a, b) => a - b);
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), deliveries: sorted.length, cpuMs };
}

interface Measured {
  readonly alone: Round;
  readonly control: Round;
  readonly beside: Round;
  /** Ascending. */
  readonly firstPieces: readonly number[];
}

/** Alone first, or last: what a server goes through in its life is then in both. */
async function round(
  no: number,
  server: Server,
  people: readonly Chatter[],
  askers: Askers,
  latencies: number[],
): Promise<Measured> {
  const besides = async (order: AskersOrder, growingMs: number): Promise<[Round, readonly number[]]> => {
    askers.tell(order);
    await chat(people, growingMs);
    const measured = await measure(server, people, latencies);
    const ended = askers.next();
    askers.tell("stop");
    return [measured, (await ended).firstPieces];
  };
  const first = no % 2 === 0 ? undefined : await measure(server, people, latencies);
  const [control] = await besides("drain", DRAIN_SECONDS * 1_000);
  const [beside, firstPieces] = await besides("ask", ANSWER_SECONDS * 1_000);
  const alone = first ?? (await measure(server, people, latencies));
  return { alone, control, beside, firstPieces: firstPieces.toSorted((a, b) => a - b) };
}

async function main(): Promise<number> {
  console.log(machineLine());
  console.log(
    `load before: ${loadBefore().toFixed(2)}; ${runs} answers of ${rate} pieces a second, ${rounds} rounds of ${seconds} s`,
  );
  // Those who chat are another machine, too: only what they do themselves is beside the server, with answers and without.
  new RuntimeThreads(new SystemClock(), (why) => console.log(why)).start();
  const provider = Bun.spawn(aside("provider.ts", [String(rate), String(ANSWER_SECONDS)]), { stdout: "pipe" });
  let askers: Askers | undefined;
  try {
    const { value } = await provider.stdout.getReader().read();
    const providerPort = Number(new TextDecoder().decode(value));
    const unbounded = { STOA_AI_USER_TOKENS: "0", STOA_AI_ROOM_TOKENS: "0", STOA_AI_TENANT_TOKENS: "0" };
    const env = { OPENAI_BASE_URL: `http://127.0.0.1:${providerPort}/v1`, ...unbounded };
    const server = await startServer("stoa", { dataDir: makeFolder(values.data), member: { name: "assistant", env } });
    const latencies: number[] = [];
    const people = await chatters(server, latencies);
    const [answerMs, drainMs] = [ANSWER_SECONDS * 1_000, DRAIN_SECONDS * 1_000];
    askers = new Askers({ serverPort: server.port, providerPort, secret: SECRET, runs, answerMs, drainMs });
    await askers.next();
    await chat(people, WARM_MS);
    const measured: Measured[] = [];
    for (let i = 0; i < rounds; i += 1) {
      const one = await round(i + 1, server, people, askers, latencies);
      console.log(lineOf(i + 1, one));
      measured.push(one);
    }
    askers.end();
    for (const socket of people) socket.close();
    await server.stop();
    return verdict(measured);
  } finally {
    askers?.end();
    provider.kill();
    endAll();
  }
}

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
const ms = (value: number): string => `${value.toFixed(2)} ms`;

/** CPU of the server, milliseconds per answer and second. */
function costOf({ alone, beside }: Measured): number {
  return (beside.cpuMs - alone.cpuMs) / (seconds * runs);
}

function lineOf(no: number, measured: Measured): string {
  const { alone, control, beside, firstPieces } = measured;
  const of = ({ p50, p99 }: Round): string => `p50 ${ms(p50)} p99 ${ms(p99)}`;
  return (
    `round ${no}: deliveries ${of(alone)} alone, ${of(control)} control, ${of(beside)} beside ` +
    `(${alone.deliveries}, ${control.deliveries}, ${beside.deliveries}); ${costOf(measured).toFixed(2)} ms of CPU per answer and ` +
    `second; first piece p50 ${ms(quantile(firstPieces, 0.5))} p99 ${ms(quantile(firstPieces, 0.99))}`
  );
}

function verdict(all: readonly Measured[]): number {
  const best = (of: (one: Measured) => number): number => Math.min(...all.map(of));
  const p99Alone = best(({ alone }) => alone.p99);
  const p99Beside = best(({ beside }) => beside.p99);
  const p99Control = best(({ control }) => control.p99);
  const bounds = [
    {
      what: "first piece in the room, p99, best round",
      is: best(({ firstPieces }) => quantile(firstPieces, 0.99)),
      max: FIRST_PIECE_MS_MAX,
    },
    { what: "delivery p99 beside the answers, best round", is: p99Beside, max: p99Alone * SLOWER_MAX },
  ];
  const shares = all.map(({ alone, beside }) => beside.p99 / alone.p99 - 1).toSorted((a, b) => a - b);
  const than = (other: number): string => percent(p99Beside / other - 1);
  console.log(`CPU of the server per answer and second: ${best(costOf).toFixed(2)} ms`);
  console.log(
    `delivery p99, best rounds: ${ms(p99Beside)} beside, ${ms(p99Alone)} alone (${than(p99Alone)}), ` +
      `${ms(p99Control)} control (${than(p99Control)}); round by round ${shares.map(percent).join(", ")} against alone`,
  );
  for (const { what, is, max } of bounds)
    console.log(`${is <= max ? "holds " : "MISSED"} ${what}: ${ms(is)} (at most ${ms(max)})`);
  return bounds.every(({ is, max }) => is <= max) ? 0 : 1;
}

process.exit(await main());
