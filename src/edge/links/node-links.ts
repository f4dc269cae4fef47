/**
 * This node among others: carries blocks between its shards and the edges of other nodes, and between its edge and their
 * shards. Blocks are not read on the way.
 * Invariant: a shard gets the blocks of a link from its first one on, without a gap; after a loss nothing of that link more.
 */
import type { ShardOrder } from "../../actors/link.ts";
import type { NodeId } from "../../cluster/membership.ts";
import type { PeerMessage } from "../../cluster/peers.ts";
import type { View } from "../../cluster/placement.ts";
import type { Gateway } from "../sockets/gateway.ts";
import type { RemoteShards } from "./links.ts";

export interface NodeLinksPorts {
  readonly shards: number;
  /** Dropped while the shard is down. */
  readonly postToShard: (shard: number, order: ShardOrder) => void;
  /** The sessions with other nodes (`cluster/peers.ts`). */
  readonly peers: {
    send(to: NodeId, message: PeerMessage): void;
    flush(): void;
    setNodes(nodes: readonly NodeId[]): void;
  };
  /** Somebody asks every node to look at the registry. */
  readonly rollCall: () => void;
  /** The edge of another node says something. */
  readonly heard?: ((block: Uint8Array) => void) | undefined;
}

/** A remote edge's link to one shard of this node. */
interface ShardLink {
  readonly no: number;
  readonly edge: NodeId;
  readonly shard: number;
  readonly generation: number;
  /** Blocks so far. */
  received: number;
  sent: number;
  /** Something of it was lost: what still comes is not for the shard. */
  isOver: boolean;
}

export class NodeLinks implements RemoteShards {
  readonly #ports: NodeLinksPorts;
  /** The newest link of each edge, by shard. */
  readonly #links: readonly Map<NodeId, ShardLink>[];
  readonly #byNo = new Map<number, ShardLink>();
  #gateway: Gateway | undefined;
  #view: View | undefined;
  #lastNo = 0;

  constructor(ports: NodeLinksPorts) {
    this.#ports = ports;
    this.#links = Array.from({ length: ports.shards }, () => new Map());
  }

  /** The gateway is made with this object, so it comes later. */
  connect(gateway: Gateway): void {
    this.#gateway = gateway;
  }

  get view(): View | undefined {
    return this.#view;
  }

  // ---------------------------------------------------------------------------------------------- from this node's edge

  post(node: NodeId, shard: number, generation: number, no: number, block: Uint8Array): void {
    this.#ports.peers.send(node, { kind: "to_shard", shard, generation, no, block });
  }

  begin(shard: number): void {
    this.#ports.postToShard(shard, { kind: "link" });
  }

  heads(block: Uint8Array): void {
    for (const node of this.#others()) this.#ports.peers.send(node, { kind: "heads", block });
    this.#ports.peers.flush();
  }

  tellEdges(block: Uint8Array): void {
    for (const node of this.#others()) this.#ports.peers.send(node, { kind: "edge", block });
    this.#ports.peers.flush();
  }

  flush(): void {
    this.#ports.peers.flush();
  }

  // ---------------------------------------------------------------------------------------------- from this node's shards

  /** A block for the edge of another node. */
  shardSaid(no: number, block: Uint8Array): void {
    const link = this.#byNo.get(no);
    if (link === undefined || link.isOver) return;
    const { edge, shard, generation, sent } = link;
    link.sent += 1;
    this.#ports.peers.send(edge, { kind: "to_edge", shard, generation, no: sent, block });
    this.#ports.peers.flush();
  }

  /** `lost`: what the worker before this one was handling; `link` 0 is the own edge. */
  shardUp(shard: number, lost: { readonly record: number; readonly link: number; readonly explained: boolean }): void {
    for (const link of this.#links[shard]?.values() ?? []) {
      link.isOver = true;
      const { edge, generation, no } = link;
      const fatalRecord = lost.link === no ? lost.record : 0;
      this.#ports.peers.send(edge, { kind: "shard_up", shard, generation, fatalRecord, explained: lost.explained });
    }
    this.#ports.peers.flush();
  }

  // ---------------------------------------------------------------------------------------------- from other nodes

  received(from: NodeId, message: PeerMessage): void {
    switch (message.kind) {
      case "to_shard":
        this.#toShard(from, message);
        return;
      case "to_edge":
        this.#gateway?.receivePeerBlock(from, message.shard, message.generation, message.no, message.block);
        return;
      case "shard_up": {
        const { shard, generation, fatalRecord, explained } = message;
        this.#gateway?.peerShardUp(from, shard, generation, fatalRecord, explained);
        return;
      }
      case "heads":
        for (let shard = 0; shard < this.#ports.shards; shard += 1) {
          this.#ports.postToShard(shard, { kind: "heads", block: message.block });
        }
        return;
      case "edge":
        this.#ports.heard?.(message.block);
        return;
      case "roll_call":
        this.#ports.rollCall();
        return;
    }
  }

  #toShard(edge: NodeId, { shard, generation, no, block }: Extract<PeerMessage, { kind: "to_shard" }>): void {
    const links = this.#links[shard];
    if (links === undefined) return;
    let link = links.get(edge);
    if (link === undefined || generation > link.generation) {
      if (link !== undefined) this.#byNo.delete(link.no);
      this.#lastNo += 1;
      link = { no: this.#lastNo, edge, shard, generation, received: 0, sent: 0, isOver: false };
      links.set(edge, link);
      this.#byNo.set(link.no, link);
    }
    if (generation < link.generation || link.isOver) return;
    if (no !== link.received) {
      // Its beginning, or something since, went by: this node may have forgotten that one for a while.
      link.isOver = true;
      this.#beginAgain(edge, shard, generation);
      return this.#ports.peers.flush();
    }
    link.received += 1;
    this.#ports.postToShard(shard, { kind: "peer", link: link.no, edge, generation, block });
  }

  #beginAgain(edge: NodeId, shard: number, generation: number): void {
    this.#ports.peers.send(edge, { kind: "shard_up", shard, generation, fatalRecord: 0, explained: true });
  }

  /** Links in both directions begin anew; the other node does its half by itself. */
  broken(peer: NodeId): void {
    for (const links of this.#links) {
      const link = links.get(peer);
      if (link !== undefined) link.isOver = true;
    }
    for (let shard = 0; shard < this.#ports.shards; shard += 1)
      this.#ports.postToShard(shard, { kind: "lost", node: peer });
    this.#gateway?.linkBroken(peer);
  }

  // ---------------------------------------------------------------------------------------------- views

  setView(view: View): void {
    const known = new Set(this.#others());
    this.#view = view;
    const nodes = new Set(view.nodes.map(({ id }) => id));
    for (const links of this.#links) {
      for (const [edge, link] of links) {
        if (nodes.has(edge)) continue;
        links.delete(edge);
        this.#byNo.delete(link.no);
      }
    }
    // Shards first: what the edge sends on account of the view must find them knowing it.
    for (let shard = 0; shard < this.#ports.shards; shard += 1) this.#ports.postToShard(shard, { kind: "view", view });
    this.#ports.peers.setNodes(this.#others());
    // Whoever was not in the view has no links here, whatever it may believe.
    for (const node of this.#others()) {
      if (known.has(node)) continue;
      for (let shard = 0; shard < this.#ports.shards; shard += 1) this.#beginAgain(node, shard, 0);
    }
    this.#gateway?.setView(view);
  }

  /** Somebody comes or goes: the others look at once. */
  announce(): void {
    for (const node of this.#others()) this.#ports.peers.send(node, { kind: "roll_call" });
    this.#ports.peers.flush();
  }

  #others(): NodeId[] {
    if (this.#view === undefined) return [];
    const { nodes, self } = this.#view;
    return nodes.map(({ id }) => id).filter((id) => id !== self);
  }
}
