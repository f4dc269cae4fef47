/**
 * Port of the messages between nodes: short-lived, in order per sender when nothing goes wrong, and allowed to lose and to
 * repeat. `peers.ts` numbers what it sends and notices both, so an adapter needs no promise beyond trying.
 */
import type { NodeId } from "./membership.ts";

export interface BusEvents {
  /** One message as it was sent; the bytes are the receiver's own. Never from within `send`. */
  received(message: Uint8Array): void;
  /** The bus carries messages again, or no longer does. It begins as down. */
  changed(isUp: boolean): void;
}

export interface Bus {
  /** Opens this node's inbox; called once. */
  start(self: NodeId, events: BusEvents): void;
  /** Takes the message; it leaves soon, with others for the same node in one entry. Dropped while the bus is down or full. */
  send(to: NodeId, message: Uint8Array): void;
  /** Bytes taken and not yet handed over. */
  readonly queuedBytes: number;
  /** Closes the inbox and removes it. */
  stop(): Promise<void>;
}
