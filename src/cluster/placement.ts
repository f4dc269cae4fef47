/**
 * Who should own an address: rendezvous hashing of slots over the nodes that are there. A view is a hint; the log decides.
 * Invariant: the same nodes give the same table everywhere, in every version; a node that comes or goes moves only the slots
 * that it gains or had.
 */
import { hash32 } from "../base/hash.ts";
import type { NodeId, NodeInfo } from "./membership.ts";

/** Slots of an installation; fixed for ever, nodes of different versions must agree. */
export const SLOTS = 4096;

/** Of an address's hash (`actors/address.ts`): other bits than those that choose the shard. */
export function slotOfHash(hash: number): number {
  return (hash >>> 8) & (SLOTS - 1);
}

export interface View {
  /** Counts this node's views. */
  readonly version: number;
  readonly self: NodeId;
  /** Sorted by id, this node among them. Those that are leaving own nothing. */
  readonly nodes: readonly NodeInfo[];
  /** The registry does not answer, or the bus is down: `nodes` is what was known before, all others are unreachable. */
  readonly isolated: boolean;
  /** Nodes of the view that this one cannot talk to now: their rooms are followed by reading the log. */
  readonly unreachable: readonly NodeId[];
  /** How often this node was away for so long that others may have taken its rooms: what it holds in memory is in doubt. */
  readonly lapses: number;
}

/** By slot: the owner's place in `nodes`. When all are leaving, they share the slots until the end. */
export function placeSlots(nodes: readonly Pick<NodeInfo, "id" | "leaving">[]): Uint16Array {
  const table = new Uint16Array(SLOTS);
  const allLeave = nodes.every((node) => node.leaving);
  const seeds = nodes.map((node) => (node.leaving && !allLeave ? undefined : hash32(node.id)));
  for (let slot = 0; slot < SLOTS; slot += 1) {
    let best = -1;
    for (const [i, seed] of seeds.entries()) {
      if (seed === undefined) continue;
      const weight = mix(seed ^ Math.imul(slot + 1, 0x9e3779b1));
      // Nodes are sorted: of equal weights the first wins everywhere.
      if (weight > best) {
        best = weight;
        table[slot] = i;
      }
    }
  }
  return table;
}

/** A view with its table. */
export class Placement {
  readonly view: View;
  readonly #table: Uint16Array;

  constructor(view: View) {
    this.view = view;
    this.#table = placeSlots(view.nodes);
  }

  owner(hash: number): NodeInfo | undefined {
    return this.view.nodes[this.#table[slotOfHash(hash)] as number];
  }

  ownerOfSlot(slot: number): NodeId | undefined {
    return this.view.nodes[this.#table[slot] as number]?.id;
  }

  isOwn(hash: number): boolean {
    return this.owner(hash)?.id === this.view.self;
  }
}

/** The finaliser of MurmurHash3 (public domain), unsigned. */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
