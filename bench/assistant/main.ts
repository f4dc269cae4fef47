/**
 * What the assistant costs and what it costs others: 200 answers that grow at the same time on one node, beside a chat whose
 * deliveries are timed with and without them. `bun bench/assistant/main.ts [--runs 200] [--rounds 3] [--seconds 8] [--rate 25]`.
 * The provider is a process of its own; clocks of one machine. Exits with 1 when a bound is missed.
 */
import { parseArgs } from "node:util";
import { cpuMsOf, loadBefore, machineLine } from "../proc.ts";
import { endAll, makeFolder, type Server, startServer } from "../processes.ts";
import { Asker, Chatter } from "./sockets.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "200" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "8" },
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
const CHAT_ROOMS = 10;
const CHAT_PEOPLE = 10;
const CHAT_PER_SECOND = 100;
const ASKERS = 8;
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
    const chatter = new Chatter(server.port, `chatter-${i}`, latencies);
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

async function askers(server: Server, firstPieces: number[]): Promise<readonly Asker[]> {
  const all: Asker[] = [];
  for (let i = 0; i < ASKERS; i += 1) {
    const asker = new Asker(server.port, `asker-${i}`, firstPieces);
    await asker.opened();
    all.push(asker);
  }
  for (let run = 0; run < runs; run += 1) {
    const room = { type: "create_room", roomId: `ask-${run}`, name: "ask", roomType: "group", enableAI: true };
    await all[run % ASKERS]?.ask(room);
  }
  return all;
}

/** One after another, so that they end one after another. */
async function begin(asking: readonly Asker[]): Promise<void> {
  const beganMs = performance.now();
  for (let run = 0; run < runs; run += 1) {
    asking[run % ASKERS]?.question(`ask-${run}`);
    const nextMs = beganMs + ((run + 1) * ANSWER_SECONDS * 1_000) / runs;
    await Bun.sleep(Math.max(0, nextMs - performance.now()));
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

async function main(): Promise<number> {
  console.log(machineLine());
  console.log(
    `load before: ${loadBefore().toFixed(2)}; ${runs} answers of ${rate} pieces a second, ${rounds} rounds of ${seconds} s`,
  );
  const provider = Bun.spawn(
    [process.execPath, new URL("provider.ts", import.meta.url).pathname, String(rate), String(ANSWER_SECONDS)],
    {
      stdout: "pipe",
    },
  );
  try {
    const { value } = await provider.stdout.getReader().read();
    const port = new TextDecoder().decode(value).trim();
    const unbounded = { STOA_AI_USER_TOKENS: "0", STOA_AI_ROOM_TOKENS: "0", STOA_AI_TENANT_TOKENS: "0" };
    const env = { OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`, ...unbounded };
    const server = await startServer("stoa", { dataDir: makeFolder(values.data), member: { name: "assistant", env } });
    const latencies: number[] = [];
    const firstPieces: number[] = [];
    const people = await chatters(server, latencies);
    const asking = await askers(server, firstPieces);
    await chat(people, WARM_MS);
    const alone: Round[] = [];
    const beside: Round[] = [];
    const firsts: number[][] = [];
    for (let round = 0; round < rounds; round += 1) {
      alone.push(await measure(server, people, latencies));
      firstPieces.length = 0;
      const ended = asking.reduce((sum, asker) => sum + asker.ended, 0);
      for (const asker of asking) asker.isAsking = true;
      await Promise.all([chat(people, ANSWER_SECONDS * 1_000), begin(asking)]);
      beside.push(await measure(server, people, latencies));
      for (const asker of asking) asker.isAsking = false;
      firsts.push(firstPieces.toSorted((a, b) => a - b));
      // All of them end before the next round.
      while (asking.reduce((sum, asker) => sum + asker.ended, 0) < ended + firstPieces.length) await Bun.sleep(100);
    }
    for (const socket of [...people, ...asking]) socket.close();
    await server.stop();
    return verdict(alone, beside, firsts);
  } finally {
    provider.kill();
    endAll();
  }
}

function verdict(alone: readonly Round[], beside: readonly Round[], firsts: readonly (readonly number[])[]): number {
  const ms = (value: number): string => `${value.toFixed(2)} ms`;
  alone.forEach((without, i) => {
    const rest = beside[i];
    if (rest === undefined) return;
    const cost = (rest.cpuMs - without.cpuMs) / (seconds * runs);
    console.log(
      `round ${i + 1}: deliveries p50 ${ms(without.p50)} p99 ${ms(without.p99)} alone, p50 ${ms(rest.p50)} p99 ${ms(rest.p99)} beside ` +
        `(${without.deliveries}, ${rest.deliveries} deliveries); ${cost.toFixed(2)} ms of CPU per answer and second; ` +
        `first piece p50 ${ms(quantile(firsts[i] ?? [], 0.5))} p99 ${ms(quantile(firsts[i] ?? [], 0.99))}`,
    );
  });
  const best = (all: readonly number[]): number => Math.min(...all);
  const p99Alone = best(alone.map(({ p99 }) => p99));
  const p99Beside = best(beside.map(({ p99 }) => p99));
  const first = best(firsts.map((all) => quantile(all, 0.99)));
  const cpu = best(beside.map(({ cpuMs }, i) => (cpuMs - (alone[i]?.cpuMs ?? 0)) / (seconds * runs)));
  const bounds = [
    { what: "first piece in the room, p99, best round", is: first, max: FIRST_PIECE_MS_MAX },
    { what: "delivery p99 beside the answers, best round", is: p99Beside, max: p99Alone * SLOWER_MAX },
  ];
  console.log(`CPU of the server per answer and second: ${cpu.toFixed(2)} ms`);
  for (const { what, is, max } of bounds)
    console.log(`${is <= max ? "holds " : "MISSED"} ${what}: ${ms(is)} (at most ${ms(max)})`);
  return bounds.every(({ is, max }) => is <= max) ? 0 : 1;
}

process.exit(await main());
