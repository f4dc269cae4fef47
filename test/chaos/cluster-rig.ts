/**
 * A whole cluster on this machine: Redis, DynamoDB and several nodes as processes of their own, with proxies between each
 * node and its servers. Invariant: everything that was started is gone when `stop` returns, and each process is only
 * ever touched by its own id.
 */
import { createWriteStream, mkdirSync, type WriteStream } from "node:fs";
import { join } from "node:path";
import { type DynamoStorage, openDynamo } from "../../src/storage/dynamodb/open-dynamo.ts";
import { type DynamoServer, startDynalite } from "../support/dynamodb-servers.ts";
import { makeTables } from "../support/make-tables.ts";
import { LOCAL_AWS, nodeEnvironment, TABLES } from "../support/node-environment.ts";
import { RedisServer } from "../support/redis-servers.ts";
import { TestServer } from "../support/server.ts";
import { SECRET } from "../support/tokens.ts";
import { DynamoFaultProxy } from "./dynamodb-fault-proxy.ts";
import { TcpFaultProxy } from "./tcp-fault-proxy.ts";

/** Short, so that who is gone is known within a round. */
const PRESENCE_GRACE_MS = 2_000;
const REPLICATION_MS_MAX = 10_000;

export interface RigOptions {
  readonly nodes: number;
  readonly seed: number;
  /** Each node writes a file here. */
  readonly logFolder: string;
}

export interface RigNode {
  readonly name: string;
  readonly server: TestServer;
  /** Between this node and its servers. */
  readonly redis: TcpFaultProxy;
  readonly dynamo: DynamoFaultProxy;
}

export class ClusterRig {
  readonly nodes: RigNode[] = [];
  readonly logFolder: string;
  readonly #closers: (() => Promise<unknown>)[] = [];
  #redis: RedisServer | undefined;
  #spareRedis: RedisServer | undefined;
  #storage: DynamoStorage | undefined;

  private constructor(logFolder: string) {
    this.logFolder = logFolder;
  }

  static async start(options: RigOptions): Promise<ClusterRig> {
    const rig = new ClusterRig(options.logFolder);
    try {
      await rig.#start(options);
    } catch (error) {
      await rig.stop();
      throw error;
    }
    return rig;
  }

  /** The one that all nodes use. */
  get redis(): RedisServer {
    if (this.#redis === undefined) throw new Error("Redis was not started");
    return this.#redis;
  }

  /** One that no node uses, unless it is made to. */
  get spareRedis(): RedisServer {
    if (this.#spareRedis === undefined) throw new Error("the spare Redis was not started");
    return this.#spareRedis;
  }

  /** The store itself, past every proxy. */
  get storage(): DynamoStorage {
    if (this.#storage === undefined) throw new Error("DynamoDB was not started");
    return this.#storage;
  }

  /**
   * A replica follows until its link is cut, Redis serves on for `behindMs`, is killed, and the replica takes its place
   * as it was when the link was cut.
   */
  async failOver(behindMs: number): Promise<void> {
    const old = this.redis;
    const link = await TcpFaultProxy.start(old.port);
    try {
      const replica = await this.#keep(RedisServer.start({ args: ["--replicaof", "127.0.0.1", String(link.port)] }));
      const deadline = performance.now() + REPLICATION_MS_MAX;
      while (!(await replica.command("INFO", "replication")).includes("master_link_status:up")) {
        if (performance.now() > deadline) throw new Error("the replica of Redis did not follow in time");
        await Bun.sleep(20);
      }
      link.cut();
      await Bun.sleep(behindMs);
      await old.kill();
      await replica.command("REPLICAOF", "NO", "ONE");
      this.#redis = replica;
      for (const { redis } of this.nodes) redis.retarget(replica.port);
      await old.dispose();
    } finally {
      await link.stop();
    }
  }

  /** Everything runs and nothing is in the way; for after a round that failed half-way. */
  async mend(): Promise<void> {
    await this.redis.command("PING").catch(() => this.redis.restart());
    for (const { server, redis, dynamo } of this.nodes) {
      redis.heal();
      if (redis.targetPort !== this.redis.port) redis.retarget(this.redis.port);
      dynamo.heal();
      if (server.isRunning) process.kill(server.pid, "SIGCONT");
      else await server.restart();
    }
  }

  async stop(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }

  async #start({ nodes, seed, logFolder }: RigOptions): Promise<void> {
    mkdirSync(logFolder, { recursive: true });
    this.#redis = await this.#keep(RedisServer.start());
    this.#spareRedis = await this.#keep(RedisServer.start());
    const dynamo = await startDynalite();
    this.#closers.push(() => dynamo.stop());
    await makeTables(dynamo.endpoint);
    const storage = openDynamo({
      messagesTable: TABLES.messages,
      roomsTable: TABLES.rooms,
      endpoint: dynamo.endpoint,
      region: LOCAL_AWS.AWS_REGION,
      anyCredentials: true,
      report: (event, details) => process.stderr.write(`${event} ${JSON.stringify(details)}\n`),
    });
    this.#storage = storage;
    this.#closers.push(() => storage.close());
    for (let i = 0; i < nodes; i += 1) this.nodes.push(await this.#startNode(i, dynamo, seed));
  }

  async #startNode(i: number, { endpoint }: DynamoServer, seed: number): Promise<RigNode> {
    const name = `node-${i + 1}`;
    const redis = await TcpFaultProxy.start(this.redis.port);
    this.#closers.push(() => redis.stop());
    const dynamo = await DynamoFaultProxy.start(endpoint, seed + i);
    this.#closers.push(() => dynamo.stop());
    const log = createWriteStream(join(this.logFolder, `${name}.log`), { flags: "a" });
    this.#closers.push(() => ended(log));
    const server = await TestServer.start({
      env: {
        ...nodeEnvironment(name, { redisPort: redis.port, dynamoEndpoint: dynamo.endpoint }),
        // Nodes need not have the same number of shards.
        STOA_SHARDS: String(1 + (i % 2)),
        STOA_PRESENCE_GRACE_MS: String(PRESENCE_GRACE_MS),
        STOA_RATE_PER_SECOND: "100000",
        STOA_RATE_BURST: "100000",
        LOG_LEVEL: "info",
        NODE_ENV: "test",
        JWT_SECRET_KEY: SECRET,
      },
      onOutput: (text) => void log.write(text),
    });
    this.#closers.push(() => server.dispose());
    return { name, server, redis, dynamo };
  }

  async #keep(started: Promise<RedisServer>): Promise<RedisServer> {
    const server = await started;
    this.#closers.push(() => server.dispose());
    return server;
  }
}

function ended(log: WriteStream): Promise<void> {
  return new Promise((resolve) => log.end(() => resolve()));
}
