/** What runs in a shard's thread: one shard on the real ports, nothing else. `worker.ts` is the thread's entry. */
import type { MessagePort } from "node:worker_threads";
import type { RoomAddress } from "./actors/address.ts";
import { RoomActor } from "./actors/room-actor.ts";
import { Shard } from "./actors/shard.ts";
import type { ShardEnv, ShardSettings } from "./actors/shard-env.ts";
import { BEAT_MS, type WorkerNotice, type WorkerOrder, type WorkerStart } from "./actors/supervisor.ts";
import { WorkingMark } from "./actors/working-mark.ts";
import { SystemClock } from "./base/clock.ts";
import { SystemRandom } from "./base/prng.ts";
import { createCodecs } from "./protocol/codecs.ts";
import { openSqlite } from "./storage/sqlite/open-sqlite.ts";

/** What the composition root gives every worker. */
export interface ShardThreadSettings {
  readonly dataDir: string;
  readonly shard: ShardSettings;
}

/** `makeRoom` lets tests put a room with a fault in the place of the real one. */
export function runShardThread(
  host: MessagePort,
  start: WorkerStart<ShardThreadSettings>,
  makeRoom: (env: ShardEnv, address: RoomAddress) => RoomActor = (env, { tenant, id }) =>
    new RoomActor(env, tenant, id),
): void {
  const { settings, shard: number, shards, storePort } = start;
  const mark = new WorkingMark(start.mark);
  const notice = (message: WorkerNotice): void => host.postMessage(message);
  const storage = openSqlite({
    dir: settings.dataDir,
    ...(storePort !== undefined && { port: storePort }),
    onFatal: (error) => notice({ kind: "fatal", message: error.message }),
  });
  const shard = new Shard(
    {
      clock: new SystemClock(),
      random: new SystemRandom(),
      journal: storage.journal,
      projections: storage.projections,
      codecs: createCodecs({ messageLengthMax: settings.shard.messageLengthMax }),
      settings: settings.shard,
      defer: queueMicrotask,
      send: (block) => host.postMessage(block, [block.buffer]),
      report: (event, details) => notice({ kind: "report", event, details }),
      working: (record) => {
        mark.record = record;
        mark.beat();
      },
      shard: number,
      shards,
    },
    makeRoom,
  );
  setInterval(() => mark.beat(), BEAT_MS);
  host.on("message", (message: Uint8Array | WorkerOrder) => {
    if (message instanceof Uint8Array) shard.receive(message);
    else void close();
  });
  notice({ kind: "ready" });

  async function close(): Promise<void> {
    shard.stop();
    await storage.close();
    notice({ kind: "closed" });
  }
}
