/**
 * Several server processes and the stores they share, for one run. Invariant: everything is fresh and everything is gone
 * after `stop`, each process by its own id.
 */
import { ensureRedis, RedisServer } from "../../test/support/redis-servers.ts";
import { nodeEnvironment } from "../../test/support/node-environment.ts";
import type { Peer } from "../load/job.ts";
import { makeFolder, removeFolder, type Server, startServer } from "../processes.ts";
import { type CountingStore, startCountingStore } from "./counting-store.ts";

/** Registering takes a beat, and seeing one another another one: then all have the same view. */
const VIEW_MS = 3_000;

export interface Cluster {
  readonly peer: Peer;
  readonly servers: readonly Server[];
  /** By name, the process of each. */
  readonly stores: Readonly<Record<string, number>>;
  /** Stoa only. */
  readonly dynamo: CountingStore | undefined;
  /** One more node; returns when it is ready. */
  add(name: string): Promise<Server>;
  stop(): Promise<void>;
}

/** Why there can be no scenario with several nodes here; `undefined`: there can. */
export function nodesMissing(): Promise<string | undefined> {
  return ensureRedis();
}

/** Runs `use` on a fresh cluster; a failure tells what the nodes said. */
export async function withNodes<Value>(
  peer: Peer,
  nodes: number,
  dataDir: string,
  use: (cluster: Cluster) => Promise<Value>,
): Promise<Value> {
  const cluster = await startCluster(peer, nodes, dataDir);
  try {
    return await use(cluster);
  } catch (error) {
    const said = cluster.servers.map((server) => server.said()).join("\n");
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${said}`, { cause: error });
  } finally {
    await cluster.stop();
  }
}

async function startCluster(peer: Peer, nodes: number, dataDir: string): Promise<Cluster> {
  const servers: Server[] = [];
  const folders: string[] = [];
  const stores: { redis?: RedisServer; dynamo?: CountingStore } = {};
  const stop = async (): Promise<void> => {
    // What they would leave behind in order is thrown away with the stores.
    await Promise.all(servers.map((server) => server.kill()));
    for (const folder of folders) removeFolder(folder);
    await stores.dynamo?.stop();
    await stores.redis?.dispose();
  };
  try {
    const redis = await RedisServer.start();
    stores.redis = redis;
    const dynamo = peer === "stoa" ? await startCountingStore() : undefined;
    if (dynamo !== undefined) stores.dynamo = dynamo;
    const add = async (name: string): Promise<Server> => {
      const folder = makeFolder(dataDir);
      folders.push(folder);
      const env =
        dynamo === undefined
          ? { REDIS_PORT: String(redis.port), NODES: String(nodes) }
          : {
              ...nodeEnvironment(name, { redisPort: redis.port, dynamoEndpoint: dynamo.endpoint }),
              // Views and peers that come and go: a few lines that say why a run failed.
              LOG_LEVEL: "info",
            };
      const server = await startServer(peer, { dataDir: folder, member: { name, env } });
      servers.push(server);
      return server;
    };
    // All of them are known before the first failure is told: what was started can then be stopped.
    const starting = Array.from({ length: nodes }, (_, i) => add(`${peer}-${i + 1}`));
    await Promise.allSettled(starting);
    const first = await Promise.all(starting);
    await Bun.sleep(VIEW_MS);
    const pids = { redis: redis.pid, ...(dynamo === undefined ? {} : { dynamodb: dynamo.pid }) };
    return { peer, servers: first, stores: pids, dynamo, add, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
