/** A node of which the figures are known, for what is made of them. */
import { EdgeCounters } from "../../src/edge/figures/edge-counters.ts";
import type { MetricsSource } from "../../src/edge/figures/metrics.ts";
import type { ShardTally } from "../../src/edge/figures/shard-tally.ts";

export function sourceOf(tally: ShardTally, edge = new EdgeCounters()): MetricsSource {
  return {
    edge,
    shards: tally,
    instance: "node-1",
    isReady: () => true,
    connections: () => 7,
    rooms: () => 8,
    pending: () => 9,
    restarts: () => 1,
    lateMs: () => 250,
    nodes: () => 1,
    dependencies: () => ({ shards: "healthy", redis: "down" }),
    unreadableLogs: () => ({ search: 0 }),
    lagsMs: () => ({ search: 1_500 }),
    webhooks: () => undefined,
  };
}
