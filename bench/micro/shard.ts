/**
 * What one message costs in the shard alone: link blocks in, SQLite on a real disk, link blocks out, no sockets and no
 * other thread. For finding out where time goes; the figures to quote come from `bun run bench`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Shard } from "../../src/actors/shard.ts";
import { ToShardWriter } from "../../src/actors/link.ts";
import { SystemClock } from "../../src/base/clock.ts";
import type { ConnectionId, RoomId, TenantId, UserId } from "../../src/base/ids.ts";
import { SystemRandom } from "../../src/base/prng.ts";
import { createCodecs } from "../../src/protocol/codecs.ts";
import { openSqlite } from "../../src/storage/sqlite/open-sqlite.ts";

const dir = mkdtempSync(join(import.meta.dir, "../results/shard-"));
const storage = openSqlite({
  dir,
  onFatal: (error) => {
    throw error;
  },
});
const codecs = createCodecs();
let due: (() => void)[] = [];
let bytesOut = 0;
const shard = new Shard({
  clock: new SystemClock(),
  random: new SystemRandom(),
  journal: storage.journal,
  projections: storage.projections,
  codecs,
  settings: {
    node: "bench",
    messageLengthMax: 5000,
    typingTimeoutMs: 3000,
    typingTimeoutSnakeMs: 10000,
    presenceGraceMs: 5000,
    heartbeatMs: 30000,
  },
  defer: (run) => void due.push(run),
  send: (block) => {
    bytesOut += block.length;
  },
  report: (event, details) => console.error(event, details),
  working: () => undefined,
  shard: 0,
  shards: 1,
});

async function settle(): Promise<void> {
  for (let i = 0; i < 3 || due.length > 0; i += 1) {
    const now = due;
    due = [];
    for (const run of now) run();
    await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
  }
}

let frameNo = 2;
const writer = new ToShardWriter();
const content = "x".repeat(130);
async function scenario(rooms: number, inFlight: number, rounds: number): Promise<void> {
  for (let no = 1; no <= rooms; no += 1) {
    const info = {
      connectionId: `bench:${rooms}-${no}` as ConnectionId,
      principal: { tenant: "default" as TenantId, userId: `u${no}` as UserId, role: "user" as const },
      codec: 0 as const,
      home: true,
      greeted: false,
    };
    writer.open(rooms * 1000 + no, info);
    const room = `r${rooms}-${no}` as RoomId;
    writer.frame(
      rooms * 1000 + no,
      1,
      room,
      codecs[0].encodeClientFrame({ type: "create_room", roomId: room, name: "r", roomType: "public" }),
    );
  }
  shard.receive(writer.take());
  await settle();
  const frames = Array.from({ length: rooms }, (_, i) =>
    codecs[0].encodeClientFrame({ type: "send_message", roomId: `r${rooms}-${i + 1}` as RoomId, content }),
  );
  const round = async (): Promise<void> => {
    for (let k = 0; k < inFlight; k += 1) {
      frameNo += 1;
      for (let no = 1; no <= rooms; no += 1)
        writer.frame(rooms * 1000 + no, frameNo, undefined, frames[no - 1] as Uint8Array);
    }
    shard.receive(writer.take());
    await settle();
  };
  for (let i = 0; i < rounds / 4; i += 1) await round();
  const before = process.cpuUsage();
  const start = performance.now();
  for (let i = 0; i < rounds; i += 1) await round();
  const cpu = process.cpuUsage(before);
  const messages = rooms * inFlight * rounds;
  console.log(
    `${rooms} rooms × ${inFlight}: ${((cpu.user + cpu.system) / messages).toFixed(2)} µs CPU, ${(((performance.now() - start) * 1000) / messages).toFixed(2)} µs wall a message`,
  );
}

// The first run of each is the compiler's.
for (let i = 0; i < 4; i += 1) await scenario(1, 64, 400);
for (let i = 0; i < 6; i += 1) await scenario(256, 1, 60);
for (let i = 0; i < 6; i += 1) await scenario(256, 16, 12);
shard.stop();
await storage.close();
rmSync(dir, { recursive: true });
console.log(`${bytesOut} bytes out`);
