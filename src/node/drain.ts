/** How a node stops serving: what was asked is answered, rooms go to other nodes, and clients are told to come back. */
import type { NodeId } from "../cluster/membership.ts";
import type { TenantId } from "../base/ids.ts";
import { engineOf } from "../domain/principal.ts";
import type { Gateway } from "../edge/sockets/gateway.ts";
import type { ClusterNode } from "./cluster-node.ts";

/** Of the tenant of a first start; what is asked of all shards names no other. */
export const SYSTEM = engineOf("default" as TenantId);

const DRAIN_MS_MAX = 15_000;
/** How long what is under way to other nodes may take at the stop, milliseconds. */
const SETTLE_MS_MAX = 3_000;
/** How long the registry may take to hear that this node goes, milliseconds. */
const RETIRE_MS_MAX = 2_500;
const POLL_MS = 20;
/** Clients are asked to come back over so long a time, milliseconds: so much for each of them, and at most this for all. */
const RECONNECT_MS_EACH = 1;
const RECONNECT_SPREAD_MS_MAX = 4_000;
/** Time for the last frames to leave, milliseconds. */
const LINGER_MS = 250;

/** Resolves when everybody has been told, and in bounded time: whatever another part does meanwhile. */
export async function drain(gateway: Gateway, cluster: ClusterNode | undefined, self: NodeId): Promise<void> {
  if (cluster !== undefined) {
    // Rooms go first: until the clients are sent away, they are served by the other nodes through this one.
    cluster.retire();
    await until(RETIRE_MS_MAX, () => cluster.view?.nodes.find(({ id }) => id === self)?.leaving === true);
    await gateway.drain(SYSTEM, DRAIN_MS_MAX);
  }
  gateway.pauseAll();
  await gateway.drain(SYSTEM, DRAIN_MS_MAX);
  // What other nodes still have to answer.
  await until(SETTLE_MS_MAX, () => gateway.pending === 0);
  const spreadMs = Math.min(RECONNECT_SPREAD_MS_MAX, gateway.connections.size * RECONNECT_MS_EACH);
  gateway.dismissAll("going_away", spreadMs);
  await new Promise((resolve) => setTimeout(resolve, LINGER_MS));
}

async function until(withinMs: number, isSo: () => boolean): Promise<void> {
  const dueMs = performance.now() + withinMs;
  while (!isSo() && performance.now() < dueMs) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
