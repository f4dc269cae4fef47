/**
 * A room of many messages to a capsule and back: `bun bench/micro/capsule.ts [messages]`. On SQLite, in a folder of its own;
 * the log is written in segments of 50 events, every twentieth event is a reaction. Exits with 1 when the bound is missed.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RoomId, TenantId, UserId } from "../../src/base/ids.ts";
import { CapsuleReader } from "../../src/capsule/capsule-reader.ts";
import { exportRoom } from "../../src/capsule/export-room.ts";
import { importRoom } from "../../src/capsule/import-room.ts";
import { openSqlite } from "../../src/storage/sqlite/open-sqlite.ts";
import { openSqliteToRead } from "../../src/storage/sqlite/open-sqlite-to-read.ts";
import { TENANT, writePast } from "./past.ts";

const MESSAGES_DEFAULT = 1_000_000;
const MEMBERS = 1_000;
const REACTION_EVERY = 20;
const MIB = 1024 * 1024;

const EXPORT_SECONDS_MAX = 30;

/** What it gave, and the seconds that it took. */
async function timed<Value>(name: string, run: () => Promise<Value>): Promise<readonly [Value, number]> {
  const startMs = performance.now();
  const cpu = process.cpuUsage();
  const value = await run();
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - startMs) / 1_000;
  process.stdout.write(`${name}: ${seconds.toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s of CPU\n`);
  return [value, seconds];
}

function taken<Value>(result: { ok: true; value: Value } | { ok: false; error: string }): Value {
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

const messages = Number(process.argv[2] ?? MESSAGES_DEFAULT);
/** With the reactions. */
const events = Math.ceil((messages * REACTION_EVERY) / (REACTION_EVERY - 1));
const folder = mkdtempSync(join(tmpdir(), "stoa-capsule-"));
const onFatal = (error: Error): void => {
  throw error;
};
try {
  const room = "past" as RoomId;
  const members = Array.from({ length: MEMBERS }, (_, i) => `user-${i}` as UserId);
  const writer = openSqlite({ dir: folder, onFatal });
  await timed(`${messages} messages written`, () =>
    writePast(writer.journal, {
      room,
      members,
      messages: events,
      endMs: Date.now(),
      tailEvents: 500,
      reactionEvery: REACTION_EVERY,
    }),
  );
  await writer.close();
  const file = join(folder, "past.capsule");
  const source = openSqliteToRead(folder);
  const [, exportSeconds] = await timed("export", async () =>
    taken(await exportRoom(source, file, { tenant: TENANT, room, identities: false })),
  );
  await source.close();
  process.stdout.write(`${(statSync(file).size / MIB).toFixed(0)} MiB\n`);
  const [capsule] = await timed("check", async () => taken(CapsuleReader.open(file)));
  const target = openSqlite({ dir: join(folder, "other"), onFatal });
  await timed("import", async () => taken(await importRoom(target, capsule, { tenant: "b" as TenantId, room })));
  await target.close();
  if (exportSeconds > EXPORT_SECONDS_MAX) {
    process.stderr.write(`an export takes more than ${EXPORT_SECONDS_MAX} s\n`);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
