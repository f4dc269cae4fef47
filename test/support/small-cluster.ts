/**
 * Several nodes in one thread: production gateways, shards, links, sessions and rosters on one memory store, one memory bus
 * and one virtual clock. For tests of what happens between nodes.
 */
import { addressHash, roomAddress } from "../../src/actors/address.ts";
import type { RoomId, TenantId } from "../../src/base/ids.ts";
import { MemoryCluster } from "../../src/cluster/memory/memory-cluster.ts";
import { Placement } from "../../src/cluster/placement.ts";
import { MemoryStore } from "../../src/storage/memory/memory-store.ts";
import { EventQueue, VirtualClock } from "../sim/virtual-clock.ts";
import { type SharedWorld, SmallNode, type SmallNodeOptions } from "./small-node.ts";

const WALL_AT_START_MS = 1_750_000_000_000;
const SETTLE_MS = 500;

export class SmallCluster {
  readonly world: SharedWorld;
  readonly nodes = new Map<string, SmallNode>();
  readonly #options: SmallNodeOptions;

  constructor(names: readonly string[], options: SmallNodeOptions = {}) {
    const queue = new EventQueue();
    const clock = new VirtualClock(queue, WALL_AT_START_MS);
    this.world = { queue, clock, store: new MemoryStore(), cluster: new MemoryCluster(clock) };
    this.#options = options;
    for (const name of names) this.start(name);
    this.run(SETTLE_MS);
  }

  /** `instance`: whose run it is; absent: nobody else's. */
  start(name: string, instance: string = name): SmallNode {
    const node = new SmallNode({ ...this.#options, among: { ...this.world, name, instance } });
    this.nodes.set(name, node);
    return node;
  }

  node(name: string): SmallNode {
    const node = this.nodes.get(name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  run(ms: number): void {
    const until = this.world.queue.nowMs + ms;
    while (this.world.queue.runNext(until));
  }

  /** A room's name that the node should own, as `seenBy` sees it now. */
  roomOf(owner: string, seenBy: string = owner): string {
    const view = this.node(seenBy).clusterNode?.view;
    if (view === undefined) throw new Error(`${seenBy} has no view`);
    const placement = new Placement(view);
    for (let i = 0; i < 10_000; i += 1) {
      const room = `room-${i}`;
      const hash = addressHash(roomAddress("acme" as TenantId, room as RoomId));
      if (placement.owner(hash)?.id === owner) return room;
    }
    throw new Error(`${owner} owns nothing`);
  }
}
