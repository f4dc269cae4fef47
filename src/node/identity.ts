/** This node among others: who it is, whose turn it is, and whether it has come in. */
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/prng.ts";
import type { ClusterNode } from "./cluster-node.ts";
import { clusterTableOf } from "../cluster/dynamodb/cluster-table.ts";
import type { NodeId, NodeInfo } from "../cluster/membership.ts";
import type { Config } from "../config/config.ts";
import type { Gateway } from "../edge/sockets/gateway.ts";

/** Another name for each run: what others know of a former one must not be taken for this one's. */
export function selfOf(config: Config, random: Random, clock: Clock): NodeInfo {
  return {
    id: `${config.instanceId}.${random.token(8)}` as NodeId,
    instance: config.instanceId,
    shards: config.shards,
    address: config.publicAddress ?? "",
    startedAt: clock.wallMs(),
    leaving: false,
  };
}

/** What is to be done by one node for all of them is this one's. */
export function isFirstNode(cluster: ClusterNode | undefined, self: NodeId): boolean {
  if (cluster === undefined) return true;
  const ids = cluster.view?.nodes.map(({ id }) => id) ?? [];
  return ids.toSorted()[0] === self;
}

/** Starts its part in the cluster; false: no view came within `msMax`. */
export function hasJoined(cluster: ClusterNode, gateway: Gateway, msMax: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), msMax);
    cluster.start(gateway, () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

/** Where nodes find one another, as an operator knows it. */
export function registryOf({ redis, dynamodb }: Config): string {
  if (redis !== undefined) return `Redis at ${redis.nodes.map(({ host, port }) => `${host}:${port}`).join(", ")}`;
  return `the table ${clusterTableOf(dynamodb?.roomsTable ?? "")} (made by "bun run tables")`;
}
