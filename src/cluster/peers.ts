/**
 * Sessions between this node and the others over a bus that may lose and repeat: numbers what it sends, drops what comes
 * twice, and when something is missing says so at both ends. What travels inside is opaque to it.
 * Invariant: between two `broken` events of a peer everything that its other end sent arrives once and in order.
 */
import type { NodeId } from "./membership.ts";

/** `generation`: which beginning of the link between that edge and that shard the block belongs to. */
export type PeerMessage =
  /** From the sender's edge to a shard of the receiver. */
  | { readonly kind: "to_shard"; readonly shard: number; readonly generation: number; readonly block: Uint8Array }
  /** From a shard of the sender to the receiver's edge. */
  | { readonly kind: "to_edge"; readonly shard: number; readonly generation: number; readonly block: Uint8Array }
  /**
   * A shard of the sender was lost and runs again. When what it was handling came from the receiver, `fatalRecord` of the
   * link's `generation` names it; 0: it was not, or nobody knows (`explained` tells which).
   */
  | {
      readonly kind: "shard_up";
      readonly shard: number;
      readonly generation: number;
      readonly fatalRecord: number;
      readonly explained: boolean;
    }
  /** Heads of rooms that the sender wrote to lately. */
  | { readonly kind: "heads"; readonly block: Uint8Array }
  /** Somebody comes or goes: read the registry now. */
  | { readonly kind: "roll_call" };

export interface PeersEvents {
  received(from: NodeId, message: PeerMessage): void;
  /** Something between the two was lost, in one direction or both: links in both directions begin anew. Told at both ends. */
  broken(peer: NodeId): void;
  /** A peer of the view is silent for too long, or is heard again. A new peer counts as reachable. */
  reachable(peer: NodeId, isReachable: boolean): void;
}
