/**
 * Costs of the SQLite storage, each alone: group commits, activation, history, lists. Prints a table.
 *   bun bench/micro/storage.ts [folder]     the folder decides which disk is measured
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RoomId, TenantId, UserId } from "../../src/base/ids.ts";
import type { Done, LogKey, ReadResult, RowChange, Segment } from "../../src/storage/journal.ts";
import { openSqlite, type SqliteStorage } from "../../src/storage/sqlite/open-sqlite.ts";
import { DATABASE_FILE } from "../../src/storage/sqlite/schema.ts";
import { startSqliteWriter } from "../../src/storage/sqlite/writer-host.ts";

interface Line {
  readonly what: string;
  readonly "wall µs": string;
  readonly "CPU µs": string;
  readonly "p99 µs": string;
  readonly "max µs": string;
}
const lines: Line[] = [];
const TENANT = "bench" as TenantId;
const ADA = "ada" as UserId;

function onFatal(error: Error): never {
  throw error;
}

function logOf(room: string): LogKey {
  return { tenant: TENANT, room: room as RoomId, incarnation: 1 };
}

function segmentOf(firstSeq: number, events: number, bytes: number): Segment {
  const lastSeq = firstSeq + events - 1;
  const rest = { epoch: 1, owner: "node-1/ab12cd", batchId: `${firstSeq}-abcdefgh`, messageCount: lastSeq };
  return { firstSeq, lastSeq, timestamp: 1_700_000_000_000 + lastSeq, entries: new Uint8Array(bytes).fill(7), ...rest };
}

function ask<Value>(call: (done: Done<Value>) => void): Promise<Value> {
  return new Promise((resolve, reject) =>
    call((result: ReadResult<Value>) => (result.ok ? resolve(result.value) : reject(new Error(result.error)))),
  );
}

/** One append to each of `keys`, one flush, all answers awaited. */
function commit(
  storage: SqliteStorage,
  keys: readonly LogKey[],
  segments: readonly Segment[],
  rows: readonly RowChange[] = [],
): Promise<void> {
  return new Promise((resolve, reject) => {
    let missing = keys.length;
    const done = (outcome: string): void => {
      if (outcome !== "written") reject(new Error(outcome));
      missing -= 1;
      if (missing === 0) resolve();
    };
    for (const [index, key] of keys.entries()) {
      const segment = segments[index];
      if (segment !== undefined) storage.journal.append(key, segment, rows, done);
    }
    storage.journal.flush();
  });
}

/** Runs `once` many times; `per`: by how many the figures are divided. */
async function measure(
  what: string,
  times: number,
  per: number,
  once: (round: number) => Promise<unknown>,
): Promise<void> {
  const walls: number[] = [];
  const cpu = process.cpuUsage();
  for (let round = 0; round < times; round += 1) {
    const start = performance.now();
    await once(round);
    walls.push((performance.now() - start) * 1_000);
    // The loop's turn ends, as in a server: the writer copies its write-ahead log there. It counts in the CPU column.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const used = process.cpuUsage(cpu);
  walls.sort((a, b) => a - b);
  const shown = (value: number | undefined): string => (value ?? 0).toFixed(1);
  lines.push({
    what,
    "wall µs": shown(walls.reduce((sum, wall) => sum + wall, 0) / times / per),
    "CPU µs": shown((used.user + used.system) / times / per),
    "p99 µs": shown(walls[Math.floor(times * 0.99)]),
    "max µs": shown(walls.at(-1)),
  });
}

async function measureCommits(name: string, open: () => Promise<SqliteStorage>): Promise<void> {
  const storage = await open();
  for (const [rooms, bytes, times] of [
    [1, 250, 3_000],
    [1, 20_000, 1_000],
    [100, 250, 1_500],
    [250, 250, 1_000],
    [100, 2_000, 300],
    [1_000, 250, 200],
  ] as const) {
    const keys = Array.from({ length: rooms }, (_, index) => logOf(`${rooms}-${bytes}-${index}`));
    const what = `${name}: commit, ${rooms} segments of ${bytes} B, each`;
    await measure(what, times, rooms, (round) => {
      const one = segmentOf(round + 1, 1, bytes);
      return commit(
        storage,
        keys,
        keys.map(() => one),
      );
    });
  }
  await storage.close();
}

async function fill(storage: SqliteStorage): Promise<void> {
  const big = logOf("big");
  for (let first = 1; first < 1_000_000; first += 100) await commit(storage, [big], [segmentOf(first, 100, 15_000)]);
  await ask<true>((done) => {
    storage.journal.saveSnapshot(big, { seq: 999_500, bytes: new Uint8Array(60_000) }, done);
    storage.journal.flush();
  });
  const settings = { type: "group", name: "A room with a name", maxMembers: 50, allowInvites: true } as const;
  const member = { userId: ADA, role: "member", joinedSeq: 1, joinedAt: 1, joinedNo: 0, name: "Ada" } as const;
  const rows: RowChange[] = [
    { kind: "room", card: { settings, createdBy: ADA, createdAt: 1, memberCount: 3, mentioned: [3] } },
    { kind: "member", userId: ADA, row: { ...member, mentioned: [1, 2, 4] } },
  ];
  for (let start = 0; start < 5_000; start += 500) {
    const keys = Array.from({ length: 500 }, (_, index) => logOf(`list-${start + index}`));
    for (let round = 0; round < 4; round += 1) {
      await commit(
        storage,
        keys,
        keys.map((_, index) => segmentOf(round + 1, 1, 200 + index)),
        round === 0 ? rows : [],
      );
    }
    const marks = keys.map(({ room }, index) => {
      return { tenant: TENANT, room, userId: ADA, readSeq: index % 5, readNo: index % 5, deliveredSeq: 4 };
    });
    await ask<true>((done) => storage.projections.writeMarks(marks, done));
  }
}

async function measureReads(storage: SqliteStorage): Promise<void> {
  const big = logOf("big");
  await measure("activation: tail of a room of 1,000,000, snapshot 500 back", 200, 1, () =>
    ask<object>((done) => storage.journal.readTail(big, done)),
  );
  await measure("history: 100 messages anywhere in 1,000,000", 1_000, 1, (round) => {
    const from = 1 + ((round * 7_919_317) % 999_000);
    return ask<object>((done) => storage.journal.readRange(big, { from, to: from + 99, eventsMax: 100 }, done));
  });
  const query = { tenant: TENANT, userId: ADA, scope: "member", limit: 50, offset: 0 } as const;
  await measure("first page of a user's 5,000 rooms", 50, 1, () =>
    ask<object>((done) => storage.projections.listRooms(query, done)),
  );
  await measure("unread and mention counts of a user's 5,000 rooms, mentioned in each", 50, 1, () =>
    ask<object>((done) => storage.projections.unreadCounts(TENANT, ADA, done)),
  );
}

const dir = mkdtempSync(join(process.argv[2] ?? tmpdir(), "stoa-bench-"));
try {
  await measureCommits("same thread", async () => openSqlite({ dir: join(dir, "local"), onFatal }));
  const host = await startSqliteWriter({ dir: join(dir, "remote"), onFatal });
  await measureCommits("own thread", async () =>
    openSqlite({ dir: join(dir, "remote"), port: host.connect(), onFatal }),
  );
  await host.stop();

  const listDir = join(dir, "lists");
  let storage = openSqlite({ dir: listDir, onFatal });
  await fill(storage);
  await measureReads(storage);
  await storage.close();
  await measure("open a file with 1,000,000 messages", 20, 1, async () => {
    storage = openSqlite({ dir: listDir, onFatal });
    await storage.close();
  });
  console.table(lines);
  console.log(
    `file with 1,000,000 messages of 150 B: ${Math.round(statSync(join(listDir, DATABASE_FILE)).size / 1e6)} MB`,
  );
} finally {
  rmSync(dir, { recursive: true, force: true });
}
