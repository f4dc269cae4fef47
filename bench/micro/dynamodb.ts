/**
 * The DynamoDB adapters against a server on this machine: appends of one room, one after another, and of 50 rooms at once.
 * What it measures is mostly that server; what of it is ours is the CPU of this process.
 * `bun bench/micro/dynamodb.ts [dynalite|local]`
 */
import type { RoomId, TenantId } from "../../src/base/ids.ts";
import type { LogTail, Segment } from "../../src/storage/journal.ts";
import { openDynamo } from "../../src/storage/dynamodb/open-dynamo.ts";
import { startDynalite, startDynamoLocal } from "../../test/support/dynamodb-servers.ts";
import { makeTestTables } from "../../test/support/dynamodb-tables.ts";

const WARM = 200;
const SERIAL = 500;
const ROOMS = 50;
const PER_ROOM = 20;
/** Ten messages of 150 bytes. */
const ENTRIES_BYTES = 1_500;
const TAIL_SEGMENTS = 500;

const server = await (process.argv[2] === "local" ? startDynamoLocal() : startDynalite());
const tables = await makeTestTables(server);
const report = (event: string, details: object): void => {
  process.stderr.write(`${event} ${JSON.stringify(details)}\n`);
};
const storage = openDynamo({ ...tables.location, requestMsMax: 20_000, report });
const { journal } = storage;

const logOf = (room: string) => ({ tenant: "bench" as TenantId, room: room as RoomId, incarnation: 1 });

function segmentAt(seq: number): Segment {
  return {
    firstSeq: seq,
    lastSeq: seq,
    epoch: 1,
    owner: "bench",
    batchId: `batch.${seq}`,
    messageCount: seq,
    timestamp: 1_700_000_000_000 + seq,
    entries: new Uint8Array(ENTRIES_BYTES),
  };
}

async function appendMany(room: string, from: number, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let seq = from; seq < from + count; seq += 1) {
    const started = performance.now();
    const outcome = await new Promise<string>((resolve) => journal.append(logOf(room), segmentAt(seq), [], resolve));
    if (outcome !== "written") throw new Error(`${room} ${seq}: ${outcome}`);
    times.push(performance.now() - started);
  }
  return times;
}

async function measured(name: string, appends: number, run: () => Promise<number[]>): Promise<void> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const times = (await run()).toSorted((a, b) => a - b);
  const ms = performance.now() - started;
  const used = process.cpuUsage(cpu);
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(1);
  const perSecond = Math.round((appends / ms) * 1_000);
  const cpuMicros = Math.round((used.user + used.system) / appends);
  process.stdout.write(
    `${name.padEnd(44)} ${perSecond} /s   p50 ${at(0.5)} ms   p99 ${at(0.99)} ms   own CPU ${cpuMicros} µs each\n`,
  );
}

await appendMany("warm", 1, WARM);
process.stdout.write(`${server.name}, segments of ${ENTRIES_BYTES} bytes\n`);
await measured("appends of one room", SERIAL, () => appendMany("one", 1, SERIAL));
await measured(`appends of ${ROOMS} rooms at once`, ROOMS * PER_ROOM, async () => {
  const rooms = Array.from({ length: ROOMS }, (_, index) => appendMany(`room-${index}`, 1, PER_ROOM));
  return (await Promise.all(rooms)).flat();
});
await measured(`tail of ${TAIL_SEGMENTS} segments`, 20, async () => {
  const times: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const started = performance.now();
    const tail = await new Promise<{ ok: boolean; value?: LogTail }>((resolve) =>
      journal.readTail(logOf("one"), resolve),
    );
    if (tail.value?.segments.length !== TAIL_SEGMENTS) throw new Error("not the whole tail");
    times.push(performance.now() - started);
  }
  return times;
});
await storage.close();
await tables.remove();
await server.stop();
