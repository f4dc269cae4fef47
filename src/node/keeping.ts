/** What the engine itself does to rooms that nobody asked for now: retention, erasures, and the receipts that prove them. */
import { ERASURE_ABANDONED_MS } from "../base/limits.ts";
import type { Clock } from "../base/clock.ts";
import type { Config } from "../config/config.ts";
import { Erasures } from "../edge/keeping/erasures.ts";
import { ErasureSteps } from "../edge/keeping/erasure-steps.ts";
import { Keeper } from "../edge/keeping/keeper.ts";
import { Receipts } from "../edge/keeping/receipt.ts";
import { Retention } from "../edge/keeping/retention.ts";
import type { Log } from "../edge/log.ts";
import type { Gateway } from "../edge/sockets/gateway.ts";
import type { BlobStore } from "../storage/blobs.ts";
import type { ClusterNode } from "./cluster-node.ts";
import type { FollowHost } from "./follow-host.ts";

export interface KeepingParts {
  readonly clock: Clock;
  readonly gateway: Gateway;
  readonly cluster: ClusterNode | undefined;
  readonly followers: FollowHost | undefined;
  /** `undefined`: this server keeps no files. */
  readonly blobs: BlobStore | undefined;
  /** Of several nodes, this one does it. */
  isMine(): boolean;
}

/** Nothing runs yet: `retention` and `erasures` are started when the port is open. */
export function keepRooms(
  { config, secret, log }: { readonly config: Config; readonly secret: string; readonly log: Log },
  { clock, gateway, cluster, followers, blobs, isMine }: KeepingParts,
) {
  const keeper = new Keeper(gateway, clock);
  const retention = new Retention({
    ...{ keeper, log, days: config.messageRetentionDays },
    everyMs: config.retentionSweepSeconds * 1_000,
    isTurn: isMine,
  });
  const erasures = new Erasures({
    ...{ keeper, log },
    steps: new ErasureSteps(keeper, blobs, async (tenant, room, seqs) => {
      const log = { tenant, room, incarnation: 1 };
      return followers === undefined || (await followers.forget(log, { what: "seqs", seqs })) === "durable";
    }),
    searchBehind: () => followers?.lags.search?.events,
    // Alone, nobody else can be at work on one.
    abandonedMs: cluster === undefined ? 0 : ERASURE_ABANDONED_MS,
    isTurn: isMine,
  });
  return { keeper, retention, erasures, receipts: new Receipts(secret) };
}
