/** The threads of this node's shards: who hears what of them. */
import type { MessagePort } from "node:worker_threads";
import { OWN_LINK } from "../actors/edge-link.ts";
import type { Report } from "../actors/shard-env.ts";
import { Supervisor } from "../actors/supervisor.ts";
import type { Clock } from "../base/clock.ts";
import type { Config } from "../config/config.ts";
import type { Figures } from "../edge/figures/figures.ts";
import type { ShardTally } from "../edge/figures/shard-tally.ts";
import type { Gateway } from "../edge/sockets/gateway.ts";
import type { ClusterNode } from "./cluster-node.ts";
import type { FollowHost } from "./follow-host.ts";
import type { ShardThreadSettings } from "./shard-thread.ts";

export interface ShardListeners {
  readonly clock: Clock;
  readonly report: Report;
  readonly settings: ShardThreadSettings;
  /** The file that a shard's thread runs. */
  readonly entry: URL;
  /** `undefined`: shards write for themselves. */
  readonly connectStore: (() => MessagePort) | undefined;
  readonly gateway: Gateway;
  readonly cluster: ClusterNode | undefined;
  readonly tally: ShardTally;
  readonly followers: FollowHost | undefined;
  readonly figures: Figures | undefined;
  /** Kept here: shards to which DynamoDB answers nothing useful. */
  readonly withoutStore: Set<number>;
  readonly fatal: (message: string) => void;
}

/** They are not started yet. */
export function superviseShards({ shards }: Config, parts: ShardListeners): Supervisor<ShardThreadSettings> {
  const { gateway, cluster, tally, followers, figures, withoutStore } = parts;
  const { clock, report, settings, entry, connectStore, fatal } = parts;
  return new Supervisor<ShardThreadSettings>({
    ...{ entry, settings, shards, clock, report, connectStore, fatal },
    up: (shard, post, lost) => {
      gateway.shardUp(shard, post, lost.link === OWN_LINK ? lost.record : 0);
      cluster?.links.shardUp(shard, lost);
    },
    down: (shard) => {
      withoutStore.delete(shard);
      tally.lost(shard);
      gateway.shardDown(shard);
      followers?.doubt();
    },
    storeAway: (shard, isAway) => {
      if (isAway) withoutStore.add(shard);
      else withoutStore.delete(shard);
    },
    received: (shard, block, link) => {
      if (link === OWN_LINK) gateway.receiveBlock(shard, block);
      else cluster?.links.shardSaid(link, block);
    },
    counted: (shard, sample) => tally.told(shard, sample),
    hinted: (hints) => followers?.hinted(hints),
    figured: (deltas) => figures?.counted(deltas),
  });
}
