/**
 * Rooms of 100,000 members and of 1,000,000 messages, and people with 5,000 rooms: what they cost beside small ones. In one
 * thread, with SQLite on a real disk and no sockets: `bun bench/micro/members.ts`. Exits with 1 when a bound is missed.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { heapStats } from "bun:jsc";
import type { Call } from "../../src/actors/calls.ts";
import { readToEdge, ToShardWriter } from "../../src/actors/link.ts";
import { Shard } from "../../src/actors/shard.ts";
import { SystemClock } from "../../src/base/clock.ts";
import type { ConnectionId, RoomId, UserId } from "../../src/base/ids.ts";
import { SystemRandom } from "../../src/base/prng.ts";
import type { Result } from "../../src/base/result.ts";
import type { Principal } from "../../src/domain/principal.ts";
import { CODECS } from "../../src/protocol/codec.ts";
import { createCodecs } from "../../src/protocol/codecs.ts";
import { openSqlite, type SqliteStorage } from "../../src/storage/sqlite/open-sqlite.ts";
import { TENANT, writePast } from "./past.ts";

/** Latencies are those of the best round: the others show what else the machine did. */
const ROUNDS = 3;
const JOINS = 200;
const ACTIVATIONS = 15;
const PAGES = 2_000;
const CONNECTS = 40;
const LARGE_MEMBERS = 100_000;
const MESSAGES = 1_000_000;
const USER_ROOMS = 5_000;

const codecs = createCodecs();

/** A shard without gateway: calls, and connections that wait for their first frame. */
class BenchShard {
  readonly #shard: Shard;
  readonly #writer = new ToShardWriter();
  readonly #waiting = new Map<number, (value: unknown) => void>();
  readonly #opening = new Map<number, () => void>();
  #no = 0;

  constructor(storage: SqliteStorage) {
    this.#shard = new Shard({
      clock: new SystemClock(),
      random: new SystemRandom(),
      journal: storage.journal,
      projections: storage.projections,
      codecs,
      settings: {
        node: "bench",
        messageLengthMax: 5_000,
        typingTimeoutMs: 3_000,
        typingTimeoutSnakeMs: 10_000,
        presenceGraceMs: 5_000,
        heartbeatMs: 30_000,
      },
      defer: queueMicrotask,
      send: (block) => this.#told(block),
      report: (event, details) => console.error(event, details),
      working: () => undefined,
      shard: 0,
      shards: 1,
    });
  }

  call(by: string, call: Call): Promise<unknown> {
    this.#no += 1;
    const no = this.#no;
    const answered = new Promise<unknown>((resolve) => this.#waiting.set(no, resolve));
    this.#writer.call(no, principalOf(by), call);
    this.#shard.receive(this.#writer.take());
    return answered;
  }

  /** Resolves with the `connection` frame. */
  connect(by: string): Promise<void> {
    this.#no += 1;
    const no = this.#no;
    const opened = new Promise<void>((resolve) => this.#opening.set(no, resolve));
    this.#writer.open(no, {
      connectionId: `bench:${no}` as ConnectionId,
      principal: principalOf(by),
      codec: CODECS.msgpack,
      home: true,
      greeted: false,
    });
    this.#shard.receive(this.#writer.take());
    return opened;
  }

  stop(): void {
    this.#shard.stop();
  }

  #told(block: Uint8Array): void {
    const nothing = (): void => undefined;
    readToEdge(block, {
      ...{ progress: nothing, publish: nothing, subscribe: nothing, unsubscribe: nothing, close: nothing },
      ...{ person: nothing, actor: nothing, heads: nothing, openTopic: nothing, closeTopic: nothing, done: nothing },
      trace: nothing,
      relay: nothing,
      send: (no) => this.#opening.get(no)?.(),
      reply: (no, result: Result<unknown, unknown>) => {
        if (!result.ok) throw new Error(`a call was refused: ${JSON.stringify(result.error)}`);
        this.#waiting.get(no)?.(result.value);
        this.#waiting.delete(no);
      },
    });
  }
}

function principalOf(userId: string): Principal {
  return { tenant: TENANT, userId: userId as UserId, name: `Name of ${userId}`, role: "user" };
}

const people = (count: number): UserId[] => Array.from({ length: count }, (_, index) => `user_${index}` as UserId);
const named = (name: string): RoomId => name as RoomId;
let requests = 0;

function joinRoom(shard: BenchShard, room: RoomId, who: string): Promise<unknown> {
  requests += 1;
  const command = { kind: "join_room", clientId: `join-${requests}` } as const;
  return shard.call(who, { to: "room", room, kind: "mutate", command });
}

function view(shard: BenchShard, room: RoomId): Promise<unknown> {
  return shard.call("user_0", { to: "room", room, kind: "get_room" });
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  // What the last one left to do is not counted.
  await new Promise((resolve) => setImmediate(resolve));
  const beganMs = performance.now();
  await run();
  return performance.now() - beganMs;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

const median = (values: readonly number[]): number => quantile(values, 0.5);
const ms = (value: number): string => `${value.toFixed(2)} ms`;
let missed = 0;

function line(what: string, figure: string, bound: string, holds: boolean): void {
  if (!holds) missed += 1;
  console.log(`| ${what} | ${figure} | ${bound} | ${holds ? "yes" : "**no**"} |`);
}

function ratioLine(what: string, small: number, large: number, show: (value: number) => string): void {
  const ratio = large / small;
  line(what, `${show(small)} → ${show(large)}: ${ratio.toFixed(2)} ×`, "1.5 ×", ratio <= 1.5);
}

function heapBytes(): number {
  Bun.gc(true);
  const { heapSize, extraMemorySize } = heapStats();
  return heapSize + extraMemorySize;
}

/** Taken by turns, so that what else the machine does is shared. */
async function joins(storage: SqliteStorage): Promise<void> {
  const shard = new BenchShard(storage);
  const times = { small: [] as number[], large: [] as number[] };
  // Active, and written to before: the first event of an activation takes a fence along.
  await view(shard, named("large"));
  await joinRoom(shard, named("large"), "early");
  for (let i = 0; i < JOINS; i += 1) {
    await view(shard, named(`small-${i}`));
    await shard.call("user_0", {
      ...{ to: "room", room: named(`small-${i}`), kind: "mutate" },
      command: { kind: "send_message", clientId: `warm-${i}`, content: "x", messageType: "text" },
    });
  }
  for (let i = 0; i < JOINS; i += 1) {
    times.small.push(await timed(() => joinRoom(shard, named(`small-${i}`), `late_${i}`)));
    times.large.push(await timed(() => joinRoom(shard, named("large"), `late_${i}`)));
  }
  shard.stop();
  ratioLine("join, as member 11 → as member 100,001 and later (median)", median(times.small), median(times.large), ms);
}

/** The same room by as many shards: what differs is the room alone. */
async function activations(storage: SqliteStorage): Promise<void> {
  const grown: number[] = [];
  const times = { hundred: [] as number[], large: [] as number[] };
  for (const name of ["hundred", "hundred", "large"] as const) {
    const shards = Array.from({ length: ACTIVATIONS }, () => new BenchShard(storage));
    const before = heapBytes();
    for (const shard of shards) await view(shard, named(name));
    grown.push((heapBytes() - before) / ACTIVATIONS);
    for (const shard of shards) shard.stop();
  }
  for (let i = 0; i < ROUNDS * ACTIVATIONS; i += 1) {
    for (const name of ["hundred", "large"] as const) {
      const shard = new BenchShard(storage);
      times[name].push(await timed(() => view(shard, named(name))));
      shard.stop();
    }
  }
  // The first group of shards also paid for the program's own growth.
  const [, hundred = 0, large = 0] = grown;
  const what = "of a room with 100 → 100,000 members";
  ratioLine(`activation ${what} (median)`, median(times.hundred), median(times.large), ms);
  ratioLine(`memory ${what}`, hundred, large, (bytes) => `${(bytes / 1024).toFixed(0)} KiB`);
}

async function history(storage: SqliteStorage): Promise<void> {
  const shard = new BenchShard(storage);
  const room = named("long");
  await view(shard, room);
  const random = new SystemRandom();
  const rounds: number[][] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const times: number[] = [];
    for (let i = 0; i < PAGES; i += 1) {
      const before = 102 + Math.floor(random.next() * MESSAGES);
      times.push(await timed(() => shard.call("user_0", { to: "room", room, kind: "history", before, limit: 100 })));
    }
    rounds.push(times);
  }
  shard.stop();
  const [times = []] = rounds.toSorted((a, b) => quantile(a, 0.99) - quantile(b, 0.99));
  const p99 = quantile(times, 0.99);
  const what = "page of 100 anywhere in a room of 1,000,000 messages, p50 / p99 / p99.9";
  line(what, `${ms(median(times))} / ${ms(p99)} / ${ms(quantile(times, 0.999))}`, "p99 10 ms", p99 <= 10);
}

async function unread(storage: SqliteStorage): Promise<void> {
  const reads: number[] = [];
  const connects: number[] = [];
  for (let i = 0; i < CONNECTS; i += 1) {
    const read = () =>
      new Promise((resolve) => storage.projections.unreadCounts(TENANT, "busy" as UserId, (counts) => resolve(counts)));
    reads.push(await timed(read));
    const shard = new BenchShard(storage);
    connects.push(await timed(() => shard.connect("busy")));
    shard.stop();
  }
  const connect = median(connects);
  const figure = `${ms(median(reads))}; ${ms(connect)} / ${ms(quantile(connects, 0.95))}`;
  line("unread counts of 5,000 rooms, median; connect with them, p50 / p95", figure, "p50 50 ms", connect <= 50);
}

async function seed(storage: SqliteStorage): Promise<void> {
  const endMs = Date.now() - 60_000;
  const { journal } = storage;
  const usual = { messages: 1_000, endMs, tailEvents: 500 };
  await writePast(journal, { room: named("hundred"), members: people(100), ...usual });
  await writePast(journal, { room: named("large"), members: people(LARGE_MEMBERS), ...usual });
  await writePast(journal, { ...usual, room: named("long"), members: people(100), messages: MESSAGES });
  const busy = ["user_0", "busy", "user_1"] as UserId[];
  for (let i = 0; i < USER_ROOMS; i += 1) {
    await writePast(journal, { room: named(`of-busy-${i}`), members: busy, messages: 30, endMs, tailEvents: 10 });
  }
  for (let i = 0; i < JOINS; i += 1) {
    await writePast(journal, { room: named(`small-${i}`), members: people(10), ...usual });
  }
}

const results = join(import.meta.dir, "../results");
mkdirSync(results, { recursive: true });
const dir = mkdtempSync(join(results, "members-"));
const onFatal = (error: Error): never => {
  throw error;
};
try {
  const first = openSqlite({ dir, onFatal });
  const tookMs = await timed(() => seed(first));
  await first.close();
  console.log(`the past took ${(tookMs / 1_000).toFixed(1)} s to write\n`);
  console.log("| what | figure | bound | holds |\n|---|---|---|---|");
  const storage = openSqlite({ dir, onFatal });
  await activations(storage);
  await joins(storage);
  await history(storage);
  await unread(storage);
  await storage.close();
} finally {
  rmSync(dir, { recursive: true });
}
process.exitCode = missed === 0 ? 0 : 1;
