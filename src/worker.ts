/** Entry of a shard's thread. */
import { parentPort, workerData } from "node:worker_threads";
import type { WorkerStart } from "./actors/supervisor.ts";
import { runShardThread, type ShardThreadSettings } from "./node/shard-thread.ts";

if (parentPort === null) throw new Error("worker.ts runs as a worker thread only");
await runShardThread(parentPort, workerData as WorkerStart<ShardThreadSettings>);
