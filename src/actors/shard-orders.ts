/** What a shard does with what it is told beside the blocks of its own edge: in its thread, in the simulation, in tests. */
import type { ShardOrder } from "./link.ts";
import type { Shard } from "./shard.ts";

export type Ordered = Pick<Shard, "receivePeer" | "beginLink" | "setView" | "heads" | "lost">;

export interface OrderAnswers {
  /** The own edge's link has begun anew. */
  readonly linked: () => void;
  /** What a burst left is to be given back. */
  readonly collect?: () => void;
}

export function obeyOrder(shard: Ordered, order: ShardOrder, { linked, collect }: OrderAnswers): void {
  switch (order.kind) {
    case "peer":
      shard.receivePeer({ no: order.link, edge: order.edge, generation: order.generation }, order.block);
      return;
    case "link":
      shard.beginLink();
      linked();
      return;
    case "view":
      shard.setView(order.view);
      return;
    case "heads":
      shard.heads(order.block);
      return;
    case "lost":
      shard.lost(order.node);
      return;
    case "collect":
      collect?.();
  }
}
