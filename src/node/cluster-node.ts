/**
 * This node's part in the cluster, put together: registry, bus, sessions, links. Production and simulation construct it
 * alike; only the ports differ.
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { Random } from "../base/prng.ts";
import type { Bus } from "../cluster/bus.ts";
import type { Membership, NodeInfo } from "../cluster/membership.ts";
import { Peers, SILENCE_MS_MAX } from "../cluster/peers.ts";
import type { View } from "../cluster/placement.ts";
import { Roster, type RosterSettings } from "../cluster/roster.ts";
import type { Gateway } from "../edge/sockets/gateway.ts";
import type { ShardOrder } from "../actors/link.ts";
import { NodeLinks } from "../edge/links/node-links.ts";

export interface ClusterNodePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly bus: Bus;
  readonly membership: Membership;
  readonly self: NodeInfo;
  readonly settings?: Partial<RosterSettings>;
  /** Dropped while the shard is down. */
  readonly postToShard: (shard: number, order: ShardOrder) => void;
  readonly report: (event: string, details: Readonly<Record<string, string | number>>) => void;
  /** This node's edge: what those of other nodes tell it, and that something of it may have been lost. */
  readonly edges?: { heard(block: Uint8Array): void; lost(): void } | undefined;
  /** Hears each view, after the links. */
  readonly viewed?: (view: View) => void;
}

export class ClusterNode {
  readonly links: NodeLinks;
  readonly #peers: Peers;
  readonly #roster: Roster;
  readonly #ports: ClusterNodePorts;
  #onJoined: (() => void) | undefined;
  /** While others are waited for. */
  #patience: Timer | undefined;

  constructor(ports: ClusterNodePorts) {
    this.#ports = ports;
    const { clock, random, bus, membership, self, report } = ports;
    this.#peers = new Peers({
      bus,
      clock,
      random,
      self: self.id,
      report,
      events: {
        received: (from, message) => this.links.received(from, message),
        broken: (peer) => {
          this.links.broken(peer);
          ports.edges?.lost();
        },
        met: () => this.#join(),
        reachable: (peer, isReachable) => this.#roster.peerReachable(peer, isReachable),
        busChanged: (isUp) => this.#roster.busChanged(isUp),
      },
    });
    this.links = new NodeLinks({
      shards: self.shards,
      postToShard: ports.postToShard,
      peers: this.#peers,
      rollCall: () => this.#roster.rollCall(),
      heard: (block) => ports.edges?.heard(block),
    });
    this.#roster = new Roster({
      membership,
      clock,
      random,
      self,
      report,
      ...(ports.settings !== undefined && { settings: ports.settings }),
      events: { changed: (view) => this.#viewed(view), announce: () => this.links.announce() },
    });
  }

  get view(): View | undefined {
    return this.links.view;
  }

  /** `joined` is called once: registry and bus answer, this node knows who is there, and whoever is there knows it. */
  start(gateway: Gateway, joined: () => void): void {
    this.links.connect(gateway);
    this.#onJoined = joined;
    this.#peers.start();
    this.#roster.start();
  }

  /** Gives its rooms to the others and goes on serving its clients through them. */
  retire(): void {
    this.#roster.retire();
  }

  /** Out of the registry, and off the bus. */
  async leave(): Promise<void> {
    this.#patience?.cancel();
    this.#onJoined = undefined;
    await new Promise<void>((resolve) => this.#roster.leave(resolve));
    await this.#peers.stop();
  }

  #viewed(view: View): void {
    const { isolated, nodes, unreachable, lapses, version } = view;
    const counts = {
      version,
      nodes: nodes.length,
      unreachable: unreachable.length,
      lapses,
      isolated: isolated ? 1 : 0,
    };
    this.#ports.report("view_changed", counts);
    this.links.setView(view);
    this.#ports.viewed?.(view);
    this.#join();
  }

  /**
   * Whoever is connected here before the others know this node is nobody to them. One that says nothing is waited for as long as it may
   * be silent; a former run of this node, which is still registered when it was killed, is not waited for.
   */
  #join(): void {
    const { view } = this;
    const joined = this.#onJoined;
    if (joined === undefined || view === undefined || view.isolated) return;
    const { self, clock } = this.#ports;
    const isAwaited = ({ id, instance }: NodeInfo): boolean => instance !== self.instance && this.#peers.isAwaited(id);
    if (view.nodes.some(isAwaited)) {
      this.#patience ??= clock.after(SILENCE_MS_MAX, () => {
        this.#patience = undefined;
        this.#join();
      });
      return;
    }
    this.#patience?.cancel();
    this.#onJoined = undefined;
    joined();
  }
}
