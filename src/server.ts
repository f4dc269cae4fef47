/**
 * One node, put together: store, shards, gateway, HTTP. `main.ts` runs it for the environment; tests run it with parts of
 * their own. Starts in that order, stops in the reverse one.
 */
import { Supervisor } from "./actors/supervisor.ts";
import { SystemClock } from "./base/clock.ts";
import type { TenantId, UserId } from "./base/ids.ts";
import { SystemRandom } from "./base/prng.ts";
import { err, ok, type Result } from "./base/result.ts";
import type { Config } from "./config.ts";
import type { Principal } from "./domain/principal.ts";
import { type Auth, createAuth } from "./edge/auth.ts";
import { BunBroadcaster } from "./edge/bun-socket.ts";
import { Gateway } from "./edge/gateway.ts";
import { createApp } from "./edge/http.ts";
import { listen } from "./edge/listen.ts";
import type { Log } from "./edge/log.ts";
import type { Broadcaster } from "./edge/ports.ts";
import { createCodecs } from "./protocol/codecs.ts";
import { startSqliteWriter } from "./storage/sqlite/writer-host.ts";
import type { ShardThreadSettings } from "./shard-thread.ts";

export interface ServerParts {
  readonly config: Config;
  readonly secret: string;
  readonly log: Log;
  /** The file that a shard's thread runs. */
  readonly workerEntry?: URL;
  /** The process has to end at once: the store is in doubt. */
  readonly onFatal: (message: string) => void;
}

export interface RunningServer {
  readonly port: number;
  readonly auth: Auth;
  readonly gateway: Gateway;
  /** Not ready at once; finishes what was asked, tells clients to come back, closes the store. */
  stop(): Promise<void>;
}

/** The engine itself, for what no user asked. */
export const SYSTEM: Principal = { tenant: "default" as TenantId, userId: "system" as UserId, role: "system" };

const DRAIN_MS_MAX = 15_000;
/** Clients are asked to come back over so long a time, milliseconds. */
const RECONNECT_SPREAD_MS = 5_000;
/** Time for the last frames to leave, milliseconds. */
const LINGER_MS = 250;
const HEARTBEAT_MS = 30_000;
const TYPING_TIMEOUT_SNAKE_MS = 10_000;

export async function startServer(parts: ServerParts): Promise<Result<RunningServer, string>> {
  const { config, secret, log, onFatal } = parts;
  const clock = new SystemClock();
  const codecs = createCodecs({ messageLengthMax: config.messageLengthMax });
  const auth = createAuth({ secret, issuer: config.jwt.issuer, audience: config.jwt.audience });
  // Shards run before the port is open; until then nobody can have subscribed to anything.
  const sockets: { broadcaster: Broadcaster | undefined } = { broadcaster: undefined };
  const gateway = new Gateway({
    clock,
    random: new SystemRandom(),
    codecs,
    auth,
    broadcaster: { publish: (topic, data, text) => sockets.broadcaster?.publish(topic, data, text) },
    shards: config.shards,
    rate: config.rate,
    presenceGraceMs: config.presenceGraceMs,
    defer: queueMicrotask,
  });
  const settings: ShardThreadSettings = {
    dataDir: config.dataDir,
    shard: {
      node: config.instanceId,
      messageLengthMax: config.messageLengthMax,
      typingTimeoutMs: config.typingTimeoutMs,
      typingTimeoutSnakeMs: Math.max(TYPING_TIMEOUT_SNAKE_MS, config.typingTimeoutMs),
      presenceGraceMs: config.presenceGraceMs,
      heartbeatMs: Math.min(HEARTBEAT_MS, config.socketIdleSeconds * 500),
    },
  };
  // With one shard its thread writes the store itself: there is nobody to share an fsync with.
  const store =
    config.shards > 1
      ? await startSqliteWriter({ dir: config.dataDir, onFatal: (error) => onFatal(error.message) })
      : undefined;
  const supervisor = new Supervisor<ShardThreadSettings>({
    entry: parts.workerEntry ?? new URL("./worker.ts", import.meta.url),
    settings,
    shards: config.shards,
    clock,
    report: (event, details) => log.error(details, event),
    connectStore: store && (() => store.connect()),
    up: (shard, post, lost) => gateway.shardUp(shard, post, lost.record),
    down: (shard) => gateway.shardDown(shard),
    received: (shard, block) => gateway.receiveBlock(shard, block),
    fatal: onFatal,
  });
  try {
    await supervisor.start();
  } catch (error) {
    return err(`The data in ${config.dataDir} could not be opened: ${error instanceof Error ? error.message : error}`);
  }
  let ready = true;
  const shardsUp = (): boolean => Array.from({ length: config.shards }, (_, i) => i).every((i) => gateway.isShardUp(i));
  const app = createApp({
    engine: gateway,
    auth,
    config,
    log,
    health: {
      ready: () => ready,
      activeConnections: () => gateway.connections.size,
      dependencies: () => ({ shards: shardsUp() ? "healthy" : "degraded" }),
    },
    sockets: {
      codecs,
      accept: (arrival) => (ready ? ok(gateway.accept(arrival)) : err({ code: "shutting_down", retryAfterMs: 1_000 })),
    },
  });
  const server = listen(app, { host: config.host, port: config.port });
  if (!server.ok) {
    await supervisor.stop();
    await store?.stop();
    return server;
  }
  sockets.broadcaster = new BunBroadcaster(server.value);

  const stop = async (): Promise<void> => {
    ready = false;
    // Stops listening; sockets that are open stay open.
    void server.value.stop(false);
    gateway.pauseAll();
    await gateway.drain(SYSTEM, DRAIN_MS_MAX);
    gateway.dismissAll("going_away", RECONNECT_SPREAD_MS);
    await new Promise((resolve) => setTimeout(resolve, LINGER_MS));
    gateway.stop();
    await supervisor.stop();
    await store?.stop();
    await server.value.stop(true);
  };
  return ok({ port: server.value.port ?? config.port, auth, gateway, stop });
}
