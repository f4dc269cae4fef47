/**
 * The links of one shard: to its own edge, and to those of other nodes that have something to do with it.
 * A link that begins anew replaces its predecessor once its first block has been taken in, so that whoever is on both is
 * never seen to leave.
 * Invariant: one link per edge; a block of a generation that was replaced or ended is not read.
 */
import { EDGES_REMEMBERED_MAX } from "../base/limits.ts";
import type { NodeId } from "../cluster/membership.ts";
import type { Codec } from "../protocol/codec.ts";
import { EdgeLink, type LinkOwner, OWN_LINK } from "./edge-link.ts";

/** Where a block of another node's edge comes from. */
export interface PeerLink {
  /** What the host of the shard calls this generation of the link. */
  readonly no: number;
  readonly edge: NodeId;
  /** Greater than those of the links from that edge before. */
  readonly generation: number;
}

export class ShardLinks {
  readonly #codecs: readonly Codec[];
  readonly #owner: LinkOwner;
  #own: EdgeLink;
  /** The one before, until the first block of the new one has been read. */
  #formerOwn: EdgeLink | undefined;
  readonly #peers = new Map<NodeId, EdgeLink>();
  /** The newest generation that was read from an edge, also when its link has ended. The oldest are forgotten first. */
  readonly #generations = new Map<NodeId, number>();

  constructor(codecs: readonly Codec[], owner: LinkOwner) {
    this.#codecs = codecs;
    this.#owner = owner;
    this.#own = new EdgeLink(OWN_LINK, 0, codecs, owner);
  }

  get own(): EdgeLink {
    return this.#own;
  }

  /** From here on the own edge is sent what belongs to the new link only. */
  beginOwn(): void {
    this.#formerOwn ??= this.#own;
    this.#own = new EdgeLink(OWN_LINK, this.#own.generation + 1, this.#codecs, this.#owner);
  }

  receiveOwn(block: Uint8Array): void {
    this.#own.read(block);
    if (this.#formerOwn === undefined) return;
    const former = this.#formerOwn;
    this.#formerOwn = undefined;
    former.retire();
  }

  receivePeer({ no, edge, generation }: PeerLink, block: Uint8Array): void {
    const present = this.#peers.get(edge);
    if (present?.generation === generation) return present.read(block);
    if (generation <= (this.#generations.get(edge) ?? Number.NEGATIVE_INFINITY)) return;
    this.#remember(edge, generation);
    const link = new EdgeLink(no, generation, this.#codecs, this.#owner, edge);
    this.#peers.set(edge, link);
    link.read(block);
    present?.retire();
  }

  /** Something got lost between this node and that one: what came from there is not carried out any more, it is repeated. */
  broke(node: NodeId): void {
    this.#peers.get(node)?.breakOff();
  }

  /** Ends the links to the edges of all other nodes. */
  keepOnly(nodes: ReadonlySet<NodeId>): void {
    for (const [edge, link] of this.#peers) {
      if (nodes.has(edge)) continue;
      this.#peers.delete(edge);
      link.retire();
    }
  }

  /** Hands over what every link has to say. */
  flush(send: (block: Uint8Array<ArrayBuffer>, link: number) => void): void {
    flushLink(this.#own, send);
    if (this.#peers.size > 0) for (const link of this.#peers.values()) flushLink(link, send);
    // Nobody reads it any more; it must not grow.
    this.#formerOwn?.take();
  }

  #remember(edge: NodeId, generation: number): void {
    this.#generations.delete(edge);
    this.#generations.set(edge, generation);
    if (this.#generations.size <= EDGES_REMEMBERED_MAX) return;
    for (const oldest of this.#generations.keys()) {
      this.#generations.delete(oldest);
      return;
    }
  }
}

function flushLink(link: EdgeLink, send: (block: Uint8Array<ArrayBuffer>, link: number) => void): void {
  const block = link.take();
  if (block !== undefined) send(block, link.no);
}
