/**
 * Search on SQLite: fills a data folder with messages, builds the index with the command that operators use, and searches
 * through a real server over REST. Prints figures and bounds; exits with 1 when one is missed.
 *   bun bench/micro/search.ts [messages] [folder]     1,000,000 messages in 200 rooms when left out
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { encodeEntries } from "../../src/actors/log-codec.ts";
import type { RoomId, TenantId, UserId } from "../../src/base/ids.ts";
import { SeededRandom } from "../../src/base/prng.ts";
import type { LogEvent } from "../../src/domain/room/events.ts";
import type { RowChange } from "../../src/storage/journal.ts";
import { SEARCH_FILE } from "../../src/storage/sqlite/search-schema.ts";
import { openSqlite } from "../../src/storage/sqlite/open-sqlite.ts";
import { tokenFor } from "../load/token.ts";
import { endAll, makeFolder, SECRET, type Server, startServer } from "../processes.ts";

const ROOMS = 200;
const PER_SEGMENT = 50;
const VOCABULARY = 40_000;
const SEARCHES = 600;
const P95_MS_MAX = 100;
const INDEXED_PER_SECOND_MIN = 20_000;
const SETTINGS = { type: "group", name: "A room", maxMembers: 50, allowInvites: true } as const;
const AUTHORS = Array.from({ length: 40 }, (_, i) => `user-${i}` as UserId);
/** Ann is in all rooms, bob in some. */
const [ANN, BOB] = ["ann" as UserId, "bob" as UserId];
const BOBS_ROOMS = 20;

const random = new SeededRandom(1);
const words = Array.from({ length: VOCABULARY }, () => random.token(3 + random.below(7)).replace(/\d/g, "e"));
/** Few words are common and most are rare, as in speech. */
const word = (): string => words[Math.floor(random.next() ** 3.5 * VOCABULARY)] ?? "";
const sentence = (): string => Array.from({ length: 4 + random.below(16) }, word).join(" ");
const samples: string[] = [];

function roomOf(index: number): RoomId {
  return `room-${index}` as RoomId;
}

function isBobs(index: number): boolean {
  return index < BOBS_ROOMS;
}

function firstEvents(index: number, at: number): LogEvent[] {
  const common = { timestamp: at, by: ANN };
  const joined = (seq: number, userId: UserId, role: "owner" | "member"): LogEvent => {
    return { kind: "member_joined", seq, ...common, userId, role };
  };
  const events: LogEvent[] = [{ kind: "room_created", seq: 1, ...common, settings: SETTINGS }, joined(2, ANN, "owner")];
  return isBobs(index) ? [...events, joined(3, BOB, "member")] : events;
}

function rowsOf(index: number, at: number): readonly RowChange[] {
  const members = isBobs(index) ? [ANN, BOB] : [ANN];
  return [
    { kind: "room", card: { settings: SETTINGS, createdBy: ANN, createdAt: at, memberCount: members.length } },
    ...members.map((userId, i): RowChange => {
      const role = i === 0 ? "owner" : "member";
      return { kind: "member", userId, row: { userId, role, joinedSeq: 2 + i, joinedAt: at, joinedNo: 0 } };
    }),
  ];
}

/** Rooms are written in turns, so that their messages are of the same time. */
async function fill(dir: string, messages: number): Promise<void> {
  const storage = openSqlite({
    dir,
    onFatal: (error) => {
      throw error;
    },
  });
  const heads = new Array<number>(ROOMS).fill(0);
  const counts = new Array<number>(ROOMS).fill(0);
  let at = Date.now() - messages * 100;
  for (let written = 0; written < messages; ) {
    let missing = 0;
    await new Promise<void>((resolve) => {
      for (let index = 0; index < ROOMS && written < messages; index += 1) {
        const head = heads[index] ?? 0;
        const events = head === 0 ? firstEvents(index, at) : [];
        const firstSeq = head + 1;
        for (let i = 0; i < PER_SEGMENT && written < messages; i += 1, written += 1) {
          at += 100;
          const content = sentence();
          if (samples.length < 2_000 && random.below(400) === 0) samples.push(content);
          counts[index] = (counts[index] ?? 0) + 1;
          const by = AUTHORS[random.below(AUTHORS.length)] ?? ANN;
          const seq = firstSeq + events.length;
          const about = { seq, timestamp: at, by, messageNo: counts[index] ?? 0, messageType: "text" as const };
          events.push({ kind: "message_sent", ...about, content });
        }
        const lastSeq = firstSeq + events.length - 1;
        const about = { epoch: 1, owner: "bench/0", batchId: `b.${firstSeq}`, messageCount: counts[index] ?? 0 };
        const segment = { firstSeq, lastSeq, timestamp: at, ...about, entries: encodeEntries(events) };
        const log = { tenant: "default" as TenantId, room: roomOf(index), incarnation: 1 };
        heads[index] = lastSeq;
        missing += 1;
        storage.journal.append(log, segment, head === 0 ? rowsOf(index, at) : [], () => {
          missing -= 1;
          if (missing === 0) resolve();
        });
      }
      storage.journal.flush();
    });
  }
  await storage.close();
}

/** The command's last line: how many, in what time. */
async function reindex(dir: string): Promise<{ readonly messages: number; readonly seconds: number }> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "../../src/cli/reindex.ts")], {
    env: { PATH: process.env["PATH"] ?? "", STOA_DATA_DIR: dir, JWT_SECRET_KEY: SECRET },
    stdout: "pipe",
    stderr: "inherit",
  });
  const line = await new Response(child.stdout).text();
  const match = /^(\d+) messages in \d+ rooms, ([\d.]+) s/.exec(line);
  if (match === null || (await child.exited) !== 0) throw new Error(`reindex said: ${line}`);
  return { messages: Number(match[1]), seconds: Number(match[2]) };
}

interface Asked {
  readonly kind: string;
  readonly path: string;
  readonly user: UserId;
}

function question(round: number): Asked {
  const sample = (samples[random.below(samples.length)] ?? "").split(" ");
  const at = random.below(Math.max(1, sample.length - 1));
  const [first = "", second = ""] = sample.slice(at);
  const kinds = {
    "one word": first,
    "common word": words[random.below(20)] ?? "",
    "two words": `${first} ${second}`,
    phrase: `"${first} ${second}"`,
    beginning: `${first.slice(0, 3)}*`,
    "common beginning": `${(words[random.below(20)] ?? "").slice(0, 2)}*`,
    "rare word": words[VOCABULARY - 1 - random.below(2_000)] ?? "",
  };
  const names = Object.keys(kinds) as (keyof typeof kinds)[];
  const kind = names[round % names.length] ?? "one word";
  const places = ["all rooms", "some rooms", "one room"] as const;
  const place = places[random.below(places.length)] ?? "all rooms";
  const order = random.below(2) === 0 ? "relevance" : "newest";
  const author = random.below(5) === 0 ? `&author=${AUTHORS[random.below(AUTHORS.length)]}` : "";
  const path = place === "one room" ? `/v1/chat/rooms/${roomOf(random.below(ROOMS))}/search` : "/v1/chat/search";
  const query = `?q=${encodeURIComponent(kinds[kind])}&order=${order}&limit=20${author}`;
  return { kind, path: path + query, user: place === "some rooms" ? BOB : ANN };
}

async function measure(server: Server): Promise<ReadonlyMap<string, number[]>> {
  const tokens = new Map([ANN, BOB].map((user) => [user, tokenFor({ sub: user, name: user }, SECRET)]));
  const times = new Map<string, number[]>([["all", []]]);
  for (let round = 0; round < SEARCHES; round += 1) {
    const { kind, path, user } = question(round);
    const began = performance.now();
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
      headers: { authorization: `Bearer ${tokens.get(user)}` },
    });
    const body = await response.text();
    const took = performance.now() - began;
    if (response.status !== 200) throw new Error(`${path}: ${body}`);
    for (const name of ["all", kind]) times.set(name, [...(times.get(name) ?? []), took]);
  }
  return times;
}

const part = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

process.on("exit", endAll);
const messages = Number(process.argv[2] ?? 1_000_000);
const dir = makeFolder(process.argv[3] ?? tmpdir());
console.log(`filling ${messages} messages in ${ROOMS} rooms …`);
await fill(dir, messages);
const built = await reindex(dir);
console.log(`index of ${built.messages} messages: ${Math.round(statSync(join(dir, SEARCH_FILE)).size / 1e6)} MB`);
const perSecond = built.messages / built.seconds;
const server = await startServer("stoa", { dataDir: dir, isIndexed: true });
const times = await measure(server);
await server.stop();
console.table(
  [...times].map(([kind, values]) => {
    const sorted = values.toSorted((a, b) => a - b);
    const shown = (ms: number): string => ms.toFixed(1);
    return {
      searches: kind,
      count: sorted.length,
      "p50 ms": shown(part(sorted, 0.5)),
      "p95 ms": shown(part(sorted, 0.95)),
      "max ms": shown(sorted.at(-1) ?? Number.NaN),
    };
  }),
);
const p95 = part(
  (times.get("all") ?? []).toSorted((a, b) => a - b),
  0.95,
);
const checks = [
  {
    what: "indexed messages per second",
    value: Math.round(perSecond),
    bound: `≥ ${INDEXED_PER_SECOND_MIN}`,
    ok: perSecond >= INDEXED_PER_SECOND_MIN,
  },
  { what: "search, p95, ms", value: Number(p95.toFixed(1)), bound: `≤ ${P95_MS_MAX}`, ok: p95 <= P95_MS_MAX },
];
console.table(checks);
process.exitCode = checks.every(({ ok }) => ok) ? 0 : 1;
