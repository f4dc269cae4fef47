/** Nodes that meet in Redis. */
import type { Clock } from "../base/clock.ts";
import { RedisBus } from "../cluster/redis/redis-bus.ts";
import { RedisDirectory } from "../cluster/redis/redis-directory.ts";
import { RedisMembership } from "../cluster/redis/redis-membership.ts";
import type { Config } from "../config/config.ts";
import type { ClusterParts } from "./cluster-parts.ts";

export function openRedisCluster(
  settings: NonNullable<Config["redis"]>,
  parts: {
    readonly clock: Clock;
    readonly ttlMs: number;
    readonly onTrouble: (part: string, what: string) => void;
  },
): ClusterParts {
  const { clock, ttlMs, onTrouble } = parts;
  const membership = new RedisMembership(settings, clock);
  const directory = new RedisDirectory({ settings, clock, ttlMs });
  return {
    bus: new RedisBus({ settings, clock, onTrouble: (what) => onTrouble("bus", what) }),
    membership,
    directory,
    close: () => {
      membership.close();
      directory.close();
    },
  };
}
