/**
 * Where Redis is, and what that means for a client of it.
 * Invariant: a client never repeats a command by itself and never comes back by itself. Who uses one decides what a lost
 * answer means, and makes a new client; so there is one way of recovery, on one server and on a cluster.
 */
import { tracingChannel } from "node:diagnostics_channel";
import { Cluster, type ClusterOptions, Redis } from "ioredis";

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

export interface RedisSettings {
  /** One server, or some nodes of a Redis Cluster, from which the others are learned. */
  readonly kind: "single" | "cluster";
  /** At least one; of `single` exactly one. */
  readonly nodes: readonly RedisAddress[];
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: boolean;
  /** 0 on a cluster. */
  readonly db: number;
  /** Begins every key, so that several installations can share one Redis. Without braces: hash tags are the adapters'. */
  readonly prefix: string;
}

/** Milliseconds in which a connection has to stand. */
const CONNECT_MS_MAX = 2_000;
/** How often a client asks a cluster which node has what, milliseconds: a node that hangs never says that it was replaced. */
const SLOTS_REFRESH_MS = 3_000;
/** How long it waits for the one that it asks before it asks another, milliseconds: less than the calls that wait for it. */
const SLOTS_ANSWER_MS_MAX = 500;

/** A client as the adapters use it: one server and a cluster look alike. */
export interface RedisClient {
  /** Text replies as strings. */
  call(command: string, ...args: readonly RedisArgument[]): Promise<unknown>;
  /** Text replies as bytes. */
  callBuffer(command: string, ...args: readonly RedisArgument[]): Promise<unknown>;
  /** `ended`: no more replies, for whatever reason; called once. */
  onEnd(ended: (why: string) => void): void;
  /** Connects, if it has not; rejects when that fails. */
  connect(): Promise<void>;
  /** Drops the connection without waiting for anything; what is under way is rejected. */
  disconnect(): void;
}

export type RedisArgument = string | number | Buffer;

/** Connects at the first command. What it is asked before that waits; what it is asked after its end is rejected. */
export function createRedisClient(settings: RedisSettings): RedisClient {
  return settings.kind === "single" ? singleClient(settings) : clusterClient(settings);
}

function connectionOptions(settings: RedisSettings) {
  return {
    // In RESP3 the shapes of replies differ between named and generic commands.
    protocol: 2,
    lazyConnect: true,
    maxRetriesPerRequest: null,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    // Blocking commands and automatic pipelines don't go together.
    enableAutoPipelining: false,
    connectTimeout: CONNECT_MS_MAX,
    disableClientInfo: true,
    ...(settings.username === undefined ? {} : { username: settings.username }),
    ...(settings.password === undefined ? {} : { password: settings.password }),
    ...(settings.tls ? { tls: {} } : {}),
  } as const;
}

function singleClient(settings: RedisSettings): RedisClient {
  const [address] = settings.nodes;
  if (address === undefined) throw new Error("no address of Redis");
  const redis = new Redis({ ...connectionOptions(settings), ...address, db: settings.db, retryStrategy: () => null });
  let lastError = "the connection was closed";
  redis.on("error", (error: Error) => {
    lastError = error.message;
  });
  return {
    call: (command, ...args) => redis.call(command, ...args),
    callBuffer: (command, ...args) => redis.callBuffer(command, ...args),
    onEnd: (ended) => void redis.once("end", () => ended(lastError)),
    connect: () => redis.connect(),
    disconnect: () => redis.disconnect(),
  };
}

function clusterClient(settings: RedisSettings): RedisClient {
  const cluster = new Cluster(
    settings.nodes.map((node) => ({ ...node })),
    {
      lazyConnect: true,
      enableAutoPipelining: false,
      clusterRetryStrategy: () => null,
      slotsRefreshTimeout: SLOTS_ANSWER_MS_MAX,
      slotsRefreshInterval: SLOTS_REFRESH_MS,
      redisOptions: connectionOptions(settings),
      // The certificates of managed clusters name hosts, not addresses.
      ...(settings.tls
        ? { dnsLookup: ((address, found) => found(null, address)) satisfies ClusterOptions["dnsLookup"] }
        : {}),
    },
  );
  let lastError = "the connection was closed";
  const note = (error: Error) => {
    lastError = error.message;
  };
  cluster.on("error", note);
  cluster.on("node error", note);
  return {
    call: (command, ...args) => cluster.call(command, ...args),
    callBuffer: (command, ...args) => cluster.callBuffer(command, ...args),
    onEnd: (ended) => void cluster.once("end", () => ended(lastError)),
    connect: () => cluster.connect(),
    disconnect: () => cluster.disconnect(),
  };
}

/**
 * Node's tracing channels say whether anybody listens; Bun's lack that, and ioredis then writes out the arguments of every
 * command, large binary ones too, for nobody: a sixth of the bus's time.
 */
function completeTracingChannels(): void {
  const prototype: object = Object.getPrototypeOf(tracingChannel("stoa:none"));
  if ("hasSubscribers" in prototype) return;
  Object.defineProperty(prototype, "hasSubscribers", {
    configurable: true,
    get(this: ReturnType<typeof tracingChannel>) {
      return [this.start, this.end, this.asyncStart, this.asyncEnd, this.error].some((each) => each.hasSubscribers);
    },
  });
}

completeTracingChannels();
