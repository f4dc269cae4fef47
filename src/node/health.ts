/** How this node is doing: what its parts say, put together for the health routes and for `/metrics`. */
import type { Gateway } from "../edge/sockets/gateway.ts";
import type { Lateness } from "../edge/sockets/lateness.ts";
import type { Health } from "../edge/plugins/health-plugin.ts";
import type { MetricsSource } from "../edge/figures/metrics.ts";
import type { ShardTally } from "../edge/figures/shard-tally.ts";
import type { Supervisor } from "../actors/supervisor.ts";
import type { ClusterNode } from "./cluster-node.ts";
import type { Config } from "../config/config.ts";
import type { FollowHost } from "./follow-host.ts";
import type { ShardThreadSettings } from "./shard-thread.ts";

type State = "healthy" | "degraded" | "down";

export interface HealthParts {
  readonly config: Config;
  readonly gateway: Gateway;
  readonly cluster: ClusterNode | undefined;
  readonly followers: FollowHost | undefined;
  /** The followers whose lateness concerns somebody: by the name in the answer, their own. */
  readonly watched: ReadonlyMap<string, string>;
  /** Shards to which DynamoDB answers nothing useful. */
  readonly withoutStore: ReadonlySet<number>;
  isReady(): boolean;
}

export function healthOf(parts: HealthParts): Health {
  const { config, gateway, cluster, followers } = parts;
  const isAmongOthers = (): boolean => cluster?.view?.isolated === false;
  const dependencies = (): Record<string, State> => {
    const states: Record<string, State> = { shards: areShardsUp(config, gateway) ? "healthy" : "degraded" };
    if (config.dynamodb !== undefined) states.dynamodb = parts.withoutStore.size === 0 ? "healthy" : "down";
    if (cluster !== undefined) {
      states[config.redis === undefined ? "registry" : "redis"] = isAmongOthers() ? "healthy" : "down";
    }
    for (const [name, own] of parts.watched) states[name] = followers?.isLate(own) ? "degraded" : "healthy";
    return states;
  };
  return {
    ready: parts.isReady,
    activeConnections: () => gateway.connections.size,
    dependencies,
    followers: () => followers?.lags ?? {},
    redisConnected: () => config.redis !== undefined && isAmongOthers(),
  };
}

export interface FiguresParts {
  readonly health: Health;
  readonly config: Config;
  readonly gateway: Gateway;
  readonly cluster: ClusterNode | undefined;
  readonly followers: FollowHost | undefined;
  readonly supervisor: Supervisor<ShardThreadSettings>;
  readonly tally: ShardTally;
  readonly lateness: Lateness;
}

export function figuresOfNode(parts: FiguresParts): MetricsSource {
  const { health, config, gateway, cluster, followers, supervisor, tally, lateness } = parts;
  return {
    edge: gateway.counters,
    shards: tally,
    instance: config.instanceId,
    isReady: () => health.ready(),
    connections: () => gateway.connections.size,
    rooms: () => gateway.rooms.size,
    pending: () => gateway.pending,
    restarts: () => supervisor.restarts,
    lateMs: () => lateness.ms,
    nodes: () => cluster?.view?.nodes.length ?? 1,
    dependencies: () => health.dependencies(),
    webhooks: () => followers?.webhooks,
    unreadableLogs: () =>
      Object.fromEntries(Object.entries(followers?.lags ?? {}).map(([name, { unreadable = 0 }]) => [name, unreadable])),
    lagsMs: () => Object.fromEntries(Object.entries(followers?.lags ?? {}).map(([name, { ms }]) => [name, ms])),
  };
}

function areShardsUp({ shards }: Config, gateway: Gateway): boolean {
  for (let shard = 0; shard < shards; shard += 1) if (!gateway.isShardUp(shard)) return false;
  return true;
}
