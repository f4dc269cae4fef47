/**
 * Turns readings of the registry into views. Owns the heartbeat; decides what silence means.
 */
import type { NodeId } from "./membership.ts";
import type { View } from "./placement.ts";

/** What the roster tells. */
export interface RosterEvents {
  /** Something of the view changed; the first one comes with the first answer of the registry. */
  changed(view: View): void;
  /** This node has just come or is about to go: others should look now instead of at their next beat. */
  announce(): void;
}

/** What the roster is told by others than the registry. */
export interface RosterInputs {
  busChanged(isUp: boolean): void;
  peerReachable(peer: NodeId, isReachable: boolean): void;
  /** A peer asked to look now. */
  rollCall(): void;
  /**
   * This node is about to go: from its next beat, made at once, it is registered as `leaving`. It stays in everybody's view,
   * its own included, and owns nothing; its clients are still served through it.
   */
  retire(): void;
  /** Takes this node out of the registry; no beat follows. */
  leave(done: () => void): void;
}
