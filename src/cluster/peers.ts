/**
 * Sessions between this node and the others over a bus that may lose and repeat: numbers what it sends, drops what comes
 * twice, and when something is missing says so at both ends. What travels inside is opaque to it.
 * Invariant: between two `broken` events of a peer everything that its other end sent arrives once and in order.
 */
import type { Clock, Timer } from "../base/clock.ts";
import {
  PEER_QUEUE_BYTES_MAX,
  PEER_STRANGER_BYTES_MAX,
  PEER_STRANGER_MESSAGES_MAX,
  PEER_STRANGERS_MAX,
  PEERS_REMEMBERED_MAX,
} from "../base/limits.ts";
import type { Random } from "../base/prng.ts";
import type { Bus } from "./bus.ts";
import type { NodeId } from "./membership.ts";
import { PeerSession, type Remembered, SessionNumbers } from "./peer-session.ts";
import { decode, type Envelope, encode, pack, recordBytes } from "./peer-wire.ts";

/** `generation`: which beginning of the link between that edge and that shard the block belongs to. */
export type PeerMessage =
  /** From the sender's edge to a shard of the receiver. */
  | {
      readonly kind: "to_shard";
      readonly shard: number;
      readonly generation: number;
      /** Counts the blocks of this link and direction; the first is 0. */
      readonly no: number;
      readonly block: Uint8Array;
    }
  /** From a shard of the sender to the receiver's edge. */
  | {
      readonly kind: "to_edge";
      readonly shard: number;
      readonly generation: number;
      readonly no: number;
      readonly block: Uint8Array;
    }
  /**
   * A shard of the sender was lost and runs again. When what it was handling came from the receiver, `fatalRecord` of the
   * link's `generation` names it; 0: it was not, or nobody knows (`explained` tells which). Generation 0 means any: the
   * sender knows nothing of the receiver's links to that shard, and they begin anew.
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
  /** From the sender's edge to the receiver's. */
  | { readonly kind: "edge"; readonly block: Uint8Array }
  /** Somebody comes or goes: read the registry now. May be told twice, and of a node that is not in the view yet. */
  | { readonly kind: "roll_call" };

export interface PeersEvents {
  /** Blocks are the receiver's own. */
  received(from: NodeId, message: PeerMessage): void;
  /** Something between the two was lost, in one direction or both: links in both directions begin anew. Told at both ends. */
  broken(peer: NodeId): void;
  /** A peer says for the first time since it is one that it hears this node, which is in its view, too. */
  met(peer: NodeId): void;
  /** A peer of the view is silent for too long, or is heard again. A new peer counts as reachable. */
  reachable(peer: NodeId, isReachable: boolean): void;
  /** The bus carries messages again, or no longer does; it begins as down. Told before what follows from it. */
  busChanged(isUp: boolean): void;
}

export interface PeersPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly self: NodeId;
  readonly events: PeersEvents;
  readonly report: (event: string, details: Readonly<Record<string, string | number>>) => void;
}

/** A peer to whom nothing was sent for so long gets an empty message. */
const SIGN_OF_LIFE_MS = 1_000;
/** A peer of whom nothing was heard for so long, or who hears nothing of this node, is not reachable. */
export const SILENCE_MS_MAX = 3_000;
/** How long what an unknown node sends waits for the view. */
const STRANGER_MS_MAX = 3_000;
const TICK_MS = 250;
/** A tick that comes so late says that this process stood still: what others sent meanwhile waits to be read. */
const STOOD_STILL_MS = 1_000;

interface Peer {
  readonly id: NodeId;
  readonly session: PeerSession;
  /** What leaves with the next flush. */
  queue: PeerMessage[];
  queuedBytes: number;
  /** Something for this peer was dropped; told with the next flush, or when the bus is there again. */
  hasLost: boolean;
  lastSentMs: number;
  heardMs: number;
  /** It said that it hears this node. */
  hearsUs: boolean;
  isReachable: boolean;
  isMet: boolean;
  /** Since then it may be heard: it is a peer, and the bus is up. */
  sinceMs: number;
  /** Of a block that comes in several records. */
  parts: Uint8Array[];
  partsBytes: number;
  /** What came before this peer was one; new messages wait behind it. */
  waiting: Envelope[];
}

interface Stranger {
  readonly sinceMs: number;
  readonly messages: Envelope[];
  bytes: number;
}

export class Peers {
  readonly #ports: PeersPorts;
  readonly #numbers: SessionNumbers;
  readonly #peers = new Map<NodeId, Peer>();
  readonly #strangers = new Map<NodeId, Stranger>();
  readonly #remembered = new Map<NodeId, Remembered>();
  #dirty = new Set<Peer>();
  #isBusUp = false;
  #isStopped = false;
  #tick: Timer | undefined;
  #tickedMs = 0;

  constructor(ports: PeersPorts) {
    this.#ports = ports;
    this.#numbers = new SessionNumbers(ports.random.next());
  }

  start(): void {
    this.#ports.bus.start(this.#ports.self, {
      received: (message) => this.#received(message),
      changed: (isUp) => this.#busChanged(isUp),
    });
    this.#tickedMs = this.#ports.clock.monotonicMs();
    this.#tick = this.#ports.clock.after(TICK_MS * this.#ports.random.next(), () => this.#onTick());
  }

  /** The other nodes of the view. Who is new counts as reachable; who is not named is forgotten, with what waits for it. */
  setNodes(ids: readonly NodeId[]): void {
    const named = new Set(ids);
    named.delete(this.#ports.self);
    for (const peer of this.#peers.values()) if (!named.has(peer.id)) this.#remove(peer);
    for (const id of named) if (!this.#peers.has(id)) this.#add(id);
  }

  /** It has not been met yet, and could not say so for as long as it may be silent. */
  isAwaited(id: NodeId): boolean {
    const peer = this.#peers.get(id);
    return peer !== undefined && !peer.isMet && this.#ports.clock.monotonicMs() - peer.sinceMs < SILENCE_MS_MAX;
  }

  /** Leaves with the next `flush`. The block belongs to `Peers` from now on. Dropped when `to` is not in the view. */
  send(to: NodeId, message: PeerMessage): void {
    const peer = this.#peers.get(to);
    if (peer === undefined) return;
    this.#dirty.add(peer);
    const bytes = recordBytes(message);
    if (!this.#isBusUp || peer.queuedBytes + bytes > PEER_QUEUE_BYTES_MAX) this.#lose(peer);
    // What follows something that was lost would come out of order: it is lost, too, until that was told.
    if (peer.hasLost) return;
    peer.queue.push(message);
    peer.queuedBytes += bytes;
  }

  /** Sends what was given since the last one: one message of the bus per peer, or a few of bounded size. */
  flush(): void {
    if (this.#dirty.size === 0) return;
    const dirty = this.#dirty;
    this.#dirty = new Set();
    for (const peer of dirty) if (this.#isPeer(peer)) this.#flush(peer);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#tick?.cancel();
    this.#peers.clear();
    this.#strangers.clear();
    this.#dirty.clear();
    await this.#ports.bus.stop();
  }

  #isPeer(peer: Peer): boolean {
    return this.#peers.get(peer.id) === peer;
  }

  #add(id: NodeId): void {
    const nowMs = this.#ports.clock.monotonicMs();
    const waiting = this.#strangers.get(id)?.messages ?? [];
    this.#strangers.delete(id);
    const peer: Peer = {
      id,
      session: new PeerSession(this.#numbers, this.#remembered.get(id)),
      queue: [],
      queuedBytes: 0,
      hasLost: false,
      lastSentMs: nowMs,
      heardMs: nowMs,
      hearsUs: true,
      isReachable: true,
      isMet: false,
      sinceMs: nowMs,
      parts: [],
      partsBytes: 0,
      waiting,
    };
    this.#remembered.delete(id);
    this.#peers.set(id, peer);
    this.#transmit(peer, true);
    // Not within `setNodes`: whoever called it has not yet done all that goes with a new view.
    if (waiting.length > 0) this.#ports.clock.after(0, () => this.#takeWaiting(peer));
  }

  #remove(peer: Peer): void {
    this.#peers.delete(peer.id);
    this.#dirty.delete(peer);
    this.#remembered.set(peer.id, peer.session.remembered);
    for (const id of this.#remembered.keys()) {
      if (this.#remembered.size <= PEERS_REMEMBERED_MAX) break;
      this.#remembered.delete(id);
    }
  }

  #busChanged(isUp: boolean): void {
    if (this.#isStopped || isUp === this.#isBusUp) return;
    this.#isBusUp = isUp;
    const nowMs = this.#ports.clock.monotonicMs();
    for (const peer of this.#peers.values()) {
      if (!isUp || peer.isMet) continue;
      // Until now it could not be heard.
      peer.sinceMs = nowMs;
      peer.heardMs = nowMs;
    }
    this.#ports.events.busChanged(isUp);
    for (const peer of [...this.#peers.values()]) {
      if (!this.#isPeer(peer)) continue;
      if (isUp) this.#flush(peer, true);
      else if (peer.queue.length > 0) this.#lose(peer);
      this.#judge(peer);
    }
  }

  #onTick(): void {
    const { clock } = this.#ports;
    const nowMs = clock.monotonicMs();
    const stoodStill = nowMs - this.#tickedMs > TICK_MS + STOOD_STILL_MS;
    this.#tickedMs = nowMs;
    this.#tick = clock.after(TICK_MS, () => this.#onTick());
    for (const peer of [...this.#peers.values()]) {
      if (!this.#isPeer(peer)) continue;
      if (stoodStill) peer.heardMs = Math.max(peer.heardMs, nowMs - SILENCE_MS_MAX + STOOD_STILL_MS);
      this.#flush(peer, nowMs - peer.lastSentMs >= SIGN_OF_LIFE_MS - TICK_MS / 2);
      this.#judge(peer);
    }
    for (const [id, stranger] of this.#strangers) {
      if (nowMs - stranger.sinceMs >= STRANGER_MS_MAX) this.#strangers.delete(id);
    }
  }

  #received(bytes: Uint8Array): void {
    if (this.#isStopped) return;
    const envelope = decode(bytes);
    if (envelope === undefined) {
      this.#ports.report("peer_message_unreadable", { bytes: bytes.length });
      return;
    }
    if (envelope.from === this.#ports.self) return;
    const peer = this.#peers.get(envelope.from);
    if (peer === undefined) this.#hold(envelope, bytes.length);
    else if (peer.waiting.length === 0) this.#take(peer, envelope);
    else if (peer.waiting.length < PEER_STRANGER_MESSAGES_MAX) peer.waiting.push(envelope);
  }

  /** A session may arrive before the view that names its node. What is dropped here is missed later: the links begin anew. */
  #hold(envelope: Envelope, bytes: number): void {
    for (const { message } of envelope.records) {
      // This is how the view comes to name the node.
      if (message.kind === "roll_call") this.#ports.events.received(envelope.from, message);
    }
    const known = this.#strangers.get(envelope.from);
    if (known === undefined && this.#strangers.size >= PEER_STRANGERS_MAX) return;
    const stranger = known ?? { sinceMs: this.#ports.clock.monotonicMs(), messages: [], bytes: 0 };
    if (stranger.messages.length >= PEER_STRANGER_MESSAGES_MAX) return;
    if (stranger.bytes + bytes > PEER_STRANGER_BYTES_MAX) return;
    // The view may have come from within.
    if (this.#peers.has(envelope.from)) return;
    stranger.messages.push(envelope);
    stranger.bytes += bytes;
    this.#strangers.set(envelope.from, stranger);
  }

  #takeWaiting(peer: Peer): void {
    const waiting = peer.waiting;
    peer.waiting = [];
    for (const envelope of waiting) if (this.#isPeer(peer)) this.#take(peer, envelope);
  }

  #take(peer: Peer, envelope: Envelope): void {
    if (peer.session.isOld(envelope.header)) return;
    const wasHeard = this.#isHeard(peer);
    peer.heardMs = this.#ports.clock.monotonicMs();
    peer.hearsUs = envelope.hears;
    const verdict = peer.session.take(envelope.header);
    this.#judge(peer);
    if (verdict.breaks) this.#tellBroken(peer);
    if (verdict.delivers) this.#deliver(peer, envelope);
    // It learns at once that a session ended, or that it is heard again.
    if (this.#isPeer(peer) && (verdict.breaks || !wasHeard)) this.#flush(peer, true);
    if (peer.isMet || !peer.hearsUs || !this.#isPeer(peer)) return;
    peer.isMet = true;
    this.#ports.events.met(peer.id);
  }

  #deliver(peer: Peer, { records }: Envelope): void {
    for (const { message, isPart } of records) {
      if (!this.#isPeer(peer)) return;
      if (!("block" in message)) {
        this.#ports.events.received(peer.id, message);
        continue;
      }
      peer.parts.push(message.block);
      peer.partsBytes += message.block.length;
      if (isPart) continue;
      const block = new Uint8Array(peer.partsBytes);
      let at = 0;
      for (const part of peer.parts) {
        block.set(part, at);
        at += part.length;
      }
      this.#forgetParts(peer);
      this.#ports.events.received(peer.id, { ...message, block });
    }
    // No node sends so much as one block: it is damaged, and would grow without end.
    if (peer.partsBytes > PEER_QUEUE_BYTES_MAX) this.#begin(peer);
  }

  /** Nothing of the present session is of use any more. */
  #begin(peer: Peer): void {
    peer.session.begin();
    this.#tellBroken(peer);
  }

  #tellBroken(peer: Peer): void {
    peer.queue = [];
    peer.queuedBytes = 0;
    peer.hasLost = false;
    this.#forgetParts(peer);
    this.#ports.report("peer_broken", { peer: peer.id });
    this.#ports.events.broken(peer.id);
  }

  #forgetParts(peer: Peer): void {
    peer.parts = [];
    peer.partsBytes = 0;
  }

  #lose(peer: Peer): void {
    peer.hasLost = true;
    peer.queue = [];
    peer.queuedBytes = 0;
  }

  /** `always`: also when there is nothing to say. */
  #flush(peer: Peer, always = false): void {
    if (!this.#isBusUp) return;
    const hasLost = peer.hasLost;
    if (hasLost) this.#begin(peer);
    if (this.#isPeer(peer)) this.#transmit(peer, always || hasLost);
  }

  #transmit(peer: Peer, always: boolean): void {
    if (!this.#isBusUp || (peer.queue.length === 0 && !always)) return;
    const { bus, clock, self } = this.#ports;
    const queue = peer.queue;
    peer.queue = [];
    peer.queuedBytes = 0;
    peer.lastSentMs = clock.monotonicMs();
    const hears = this.#isHeard(peer);
    for (const records of queue.length === 0 ? [[]] : pack(queue)) {
      bus.send(peer.id, encode(self, peer.session.next(), hears, records));
    }
  }

  #isHeard(peer: Peer): boolean {
    return this.#ports.clock.monotonicMs() - peer.heardMs < SILENCE_MS_MAX;
  }

  #judge(peer: Peer): void {
    const isReachable = this.#isBusUp && this.#isHeard(peer) && peer.hearsUs;
    if (isReachable === peer.isReachable || !this.#isPeer(peer)) return;
    peer.isReachable = isReachable;
    this.#ports.report(isReachable ? "peer_reachable" : "peer_silent", { peer: peer.id });
    this.#ports.events.reachable(peer.id, isReachable);
  }
}
