/**
 * A simulated node's part in a cluster: the production `ClusterNode` on ports whose answers enter the node's process, so that
 * a node that stands still reads neither bus nor registry.
 */
import type { ShardOrder } from "../../src/actors/link.ts";
import type { SeededRandom } from "../../src/base/prng.ts";
import type { Bus } from "../../src/cluster/bus.ts";
import type { Membership, NodeId } from "../../src/cluster/membership.ts";
import { ClusterNode } from "../../src/node/cluster-node.ts";
import type { View } from "../../src/cluster/placement.ts";
import type { Principal } from "../../src/domain/principal.ts";
import type { Gateway } from "../../src/edge/sockets/gateway.ts";
import type { TenantId, UserId } from "../../src/base/ids.ts";
import type { SimProcess } from "./sim-process.ts";

/** Where a node sits: one run of one instance. */
export interface Seat {
  readonly id: NodeId;
  readonly instance: string;
  readonly bus: Bus;
  readonly membership: Membership;
}

interface MemberParts {
  readonly process: SimProcess;
  readonly random: SeededRandom;
  readonly shards: number;
  readonly postToShard: (shard: number, order: ShardOrder) => void;
  readonly viewed: (view: View) => void;
  readonly report: (event: string, details: Readonly<Record<string, string | number>>) => void;
}

export function joinCluster(
  seat: Seat,
  { process, random, shards, postToShard, viewed, report }: MemberParts,
): ClusterNode {
  const { id, instance, bus, membership } = seat;
  return new ClusterNode({
    clock: process,
    random,
    bus: busInProcess(bus, process),
    membership: membershipInProcess(membership, process),
    self: { id, instance, shards, address: "", startedAt: process.wallMs(), leaving: false },
    postToShard,
    viewed,
    report,
  });
}

function busInProcess(bus: Bus, { enter }: SimProcess): Bus {
  return {
    start: (self, events) =>
      bus.start(self, {
        received: (message) => enter(() => events.received(message)),
        changed: (isUp) => enter(() => events.changed(isUp)),
      }),
    send: (to, message) => bus.send(to, message),
    get queuedBytes() {
      return bus.queuedBytes;
    },
    stop: () => bus.stop(),
  };
}

function membershipInProcess(membership: Membership, { enter }: SimProcess): Membership {
  return {
    beat: (self, options, done) => membership.beat(self, options, (beat) => enter(() => done(beat))),
    leave: (self, done) => membership.leave(self, () => enter(done)),
  };
}

const SYSTEM: Principal = { tenant: "-" as TenantId, userId: "-" as UserId, role: "admin" };
const POLL_MS = 20;
/** As in `src/server.ts`, shorter where the simulation has nothing to gain. */
const RETIRE_MS_MAX = 2_000;
const DRAIN_MS_MAX = 5_000;
const SETTLE_MS_MAX = 3_000;
const SPREAD_MS = 500;
const LINGER_MS = 250;

/** What `src/server.ts` does on SIGTERM. */
export async function stopNode(process: SimProcess, gateway: Gateway, cluster: ClusterNode): Promise<void> {
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => process.after(ms, resolve));
  const until = async (withinMs: number, isSo: () => boolean): Promise<void> => {
    const dueMs = process.monotonicMs() + withinMs;
    while (!isSo() && process.monotonicMs() < dueMs) await sleep(POLL_MS);
  };
  cluster.retire();
  await until(RETIRE_MS_MAX, () => cluster.view?.nodes.find(({ id }) => id === cluster.view?.self)?.leaving === true);
  await gateway.drain(SYSTEM, DRAIN_MS_MAX);
  gateway.pauseAll();
  await gateway.drain(SYSTEM, DRAIN_MS_MAX);
  await until(SETTLE_MS_MAX, () => gateway.pending === 0);
  gateway.dismissAll("going_away", SPREAD_MS);
  await sleep(LINGER_MS);
  await cluster.leave();
}
