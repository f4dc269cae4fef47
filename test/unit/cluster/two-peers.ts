/** Two nodes' sessions over a bus in memory with virtual time, and what each was told, in order. */
import type { Clock } from "../../../src/base/clock.ts";
import { SeededRandom } from "../../../src/base/prng.ts";
import { MemoryBus } from "../../../src/cluster/memory/memory-bus.ts";
import { MemoryCluster } from "../../../src/cluster/memory/memory-cluster.ts";
import type { NodeId } from "../../../src/cluster/membership.ts";
import { type PeerMessage, Peers } from "../../../src/cluster/peers.ts";
import { EventQueue, VirtualClock } from "../../sim/virtual-clock.ts";

export type Told =
  | { readonly kind: "sent"; readonly text: string }
  | { readonly kind: "received"; readonly text: string }
  | { readonly kind: "broken" }
  | { readonly kind: "reachable"; readonly isReachable: boolean };

export class End {
  readonly id: NodeId;
  readonly peers: Peers;
  readonly told: Told[] = [];
  readonly messages: PeerMessage[] = [];
  readonly reports: string[] = [];
  other: NodeId;
  onBroken: () => void = () => undefined;
  onReceived: (message: PeerMessage) => void = () => undefined;

  constructor(id: string, other: string, cluster: MemoryCluster, seed: number, clock: Clock = cluster.clock) {
    this.id = id as NodeId;
    this.other = other as NodeId;
    this.peers = new Peers({
      bus: new MemoryBus(cluster),
      clock,
      random: new SeededRandom(seed),
      self: this.id,
      report: (event) => this.reports.push(event),
      events: {
        received: (_, message) => {
          this.messages.push(message);
          if ("block" in message) this.told.push({ kind: "received", text: Buffer.from(message.block).toString() });
          this.onReceived(message);
        },
        broken: () => {
          this.told.push({ kind: "broken" });
          this.onBroken();
        },
        met: () => undefined,
        reachable: (_, isReachable) => this.told.push({ kind: "reachable", isReachable }),
        busChanged: () => undefined,
      },
    });
  }

  send(text: string, flush = true): void {
    this.told.push({ kind: "sent", text });
    this.peers.send(this.other, textMessage(text));
    if (flush) this.peers.flush();
  }

  /** A peer that is new counts as reachable, which nobody tells. */
  sees(...nodes: readonly NodeId[]): void {
    if (!nodes.includes(this.other)) this.told.push({ kind: "reachable", isReachable: true });
    this.peers.setNodes(nodes);
  }

  get received(): readonly string[] {
    return this.told.flatMap((one) => (one.kind === "received" ? [one.text] : []));
  }

  get breaks(): number {
    return this.told.filter((one) => one.kind === "broken").length;
  }

  get isReachable(): boolean {
    return this.told.findLast((one) => one.kind === "reachable")?.isReachable ?? true;
  }

  /** What was sent, or received, between two breaks each. */
  segments(kind: "sent" | "received"): readonly (readonly string[])[] {
    const segments: string[][] = [[]];
    for (const one of this.told) {
      if (one.kind === "broken") segments.push([]);
      else if (one.kind === kind) segments.at(-1)?.push(one.text);
    }
    return segments;
  }
}

export function textMessage(text: string): PeerMessage {
  return { kind: "to_shard", shard: 3, generation: 7, no: 0, block: new TextEncoder().encode(text) };
}

export class TwoPeers {
  readonly queue = new EventQueue();
  readonly cluster = new MemoryCluster(new VirtualClock(this.queue, 1_700_000_000_000));
  readonly ada = new End("ada.1", "bob.1", this.cluster, 1);
  readonly bob = new End("bob.1", "ada.1", this.cluster, 2);

  /** Both are in one another's view, and what they said first has arrived. */
  static started(): TwoPeers {
    const two = new TwoPeers();
    two.ada.peers.start();
    two.bob.peers.start();
    two.pass(1);
    two.ada.sees(two.ada.id, two.bob.id);
    two.bob.sees(two.ada.id, two.bob.id);
    two.pass(1);
    return two;
  }

  pass(ms: number): void {
    const untilMs = this.queue.nowMs + ms;
    while (this.queue.runNext(untilMs));
  }

  /** The next message from one to the other is lost. */
  loseNext(from: End, count = 1): void {
    const carry = this.cluster.carry;
    let left = count;
    this.cluster.carry = (sender, to, bytes) => {
      if (sender !== from.id || left === 0) return carry(sender, to, bytes);
      left -= 1;
      return [];
    };
  }
}
