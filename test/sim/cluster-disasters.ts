/**
 * When which disaster of a seed's profile strikes which node. Each ends by itself, after a time that is bounded.
 */
import type { RoomId } from "../../src/base/ids.ts";
import type { SeededRandom } from "../../src/base/prng.ts";
import type { NodeId } from "../../src/cluster/membership.ts";
import type { ClusterNetwork } from "./cluster-network.ts";
import { type ClusterProfile, TROUBLE_MS_MAX } from "./cluster-profile.ts";
import type { Crowd } from "./crowd.ts";
import type { SimClient } from "./sim-client.ts";
import type { FeedPrograms } from "./feed-programs.ts";
import { retain } from "./sim-keeper.ts";
import type { SimMachine } from "./sim-machine.ts";
import { CRASHING_CONTENT, THROWING_CONTENT } from "./sim-room.ts";
import type { EventQueue } from "./virtual-clock.ts";

export interface DisasterParts {
  readonly profile: ClusterProfile;
  readonly queue: EventQueue;
  readonly random: SeededRandom;
  readonly network: ClusterNetwork;
  readonly machines: readonly SimMachine[];
  readonly crowd: Crowd;
  readonly addMachine: () => SimMachine;
  /** Absent: nobody follows the logs. */
  readonly programs: FeedPrograms | undefined;
}

const HOUR_MS = 3_600_000;
const CRASH_DOWN_MS_MAX = 10_000;
const STORE_OUTAGE_MS_MAX = 8_000;
/** How long a client waits for a node that does not answer, milliseconds, at most. */
const PATIENCE_MS_MAX = 20_000;

export class ClusterDisasters {
  readonly #parts: DisasterParts;
  #durationMs = 0;

  constructor(parts: DisasterParts) {
    this.#parts = parts;
  }

  /** Returns when the last one has begun. */
  plan(): number {
    const { profile: p, queue } = this.#parts;
    this.#durationMs = Math.max(3_000, (p.requests * p.thinkMsMax) / 2 / p.clients);
    this.#planNodes();
    this.#planNetwork();
    this.#planOthers();
    return queue.nowMs + this.#durationMs;
  }

  #planNodes(): void {
    const { profile: p, addMachine } = this.#parts;
    this.#times(p.nodeCrashes, () => this.#machine().crash(20 + this.#upTo(CRASH_DOWN_MS_MAX)));
    this.#times(p.nodePauses, () => {
      const isNoticed = this.#chance(0.7);
      const patienceMs = isNoticed ? () => 500 + this.#upTo(PATIENCE_MS_MAX) : undefined;
      this.#machine().pause(this.#upTo(p.nodePauseMsMax), patienceMs);
    });
    this.#times(p.shardCrashes, () => this.#machine().node?.crashShard(this.#shard()));
    this.#times(p.shardPauses, () =>
      this.#machine().node?.pauseShard(this.#shard(), this.#random.next() ** 2 * 4_000, this.#upTo(2_000)),
    );
    this.#times(p.joins, () => addMachine().start());
    this.#times(p.retirements, () => {
      const machine = this.#machine();
      if (this.#parts.machines.filter(({ node }) => node?.isReady === true && !node.isPaused).length < 2) return;
      machine.retire(this.#chance(0.5) ? this.#upTo(20_000) : undefined);
    });
  }

  #planNetwork(): void {
    const { profile: p, network } = this.#parts;
    this.#times(p.partitions, () =>
      this.#pair((a, b) => {
        const durationMs = this.#upTo(TROUBLE_MS_MAX);
        network.cut(a, b, durationMs);
        if (this.#chance(0.5)) network.cut(b, a, durationMs);
      }),
    );
    this.#times(p.registryCuts, () => {
      const { id } = this.#machine();
      const cut = this.#chance(0.5) ? "questions" : "answers";
      if (id !== undefined) network.cutRegistry(id, cut, this.#upTo(TROUBLE_MS_MAX));
    });
    this.#times(p.busOutages, () => {
      const { id } = this.#machine();
      if (id !== undefined) network.busDown(id, this.#upTo(TROUBLE_MS_MAX));
    });
    this.#times(p.splitViews, () =>
      this.#pair((a, b) => {
        const durationMs = 2_000 + this.#upTo(TROUBLE_MS_MAX);
        network.hide(a, b, durationMs);
        if (this.#chance(0.6)) network.hide(b, a, durationMs);
      }),
    );
    this.#times(p.silences, () => network.silence(this.#upTo(TROUBLE_MS_MAX)));
    this.#times(p.flushes, () => network.flush());
    this.#times(p.rollBacks, () => network.rollBackLater(this.#upTo(10_000), this.#chance(0.5)));
  }

  #planOthers(): void {
    const { profile: p, queue, crowd, programs } = this.#parts;
    if (programs !== undefined) {
      this.#times(p.followerCrashes, () => this.#machine().node?.crashFollowers());
      this.#times(p.feedChanges, () => programs.disturb());
    }
    this.#times(p.connectionCuts, () => this.#client().wire?.cut(this.#upTo(400), this.#upTo(200)));
    this.#times(p.stalls, () => this.#client().wire?.stall(this.#upTo(1_500)));
    this.#times(p.storeOutages, () => {
      this.#machine().store.unavailableUntilMs = queue.nowMs + this.#upTo(STORE_OUTAGE_MS_MAX);
    });
    this.#times(p.wallJumps, () => this.#machine().clock.jumpWall((this.#random.next() - 0.5) * 2 * HOUR_MS));
    this.#times(p.oldEvents > 0 ? p.retentions : 0, () => {
      const { node, clock } = this.#machine();
      const { tenant } = this.#client().principal;
      if (node !== undefined) retain(node, clock, tenant, crowd.rooms[0] as RoomId);
    });
    this.#times(p.poison, () => {
      const content = this.#chance(0.5) ? CRASHING_CONTENT : THROWING_CONTENT;
      const poisoner = this.#client();
      const room = crowd.rooms[0] as RoomId;
      if (poisoner.isConnected)
        poisoner.request(room, { kind: "send_message", content: `${content} ${crowd.content(poisoner)}` });
    });
  }

  // ---------------------------------------------------------------------------------------------- dice

  get #random(): SeededRandom {
    return this.#parts.random;
  }

  #times(count: number, run: () => void): void {
    for (let i = 0; i < count; i += 1) this.#parts.queue.after(this.#upTo(this.#durationMs), run);
  }

  #chance(probability: number): boolean {
    return this.#random.next() < probability;
  }

  #upTo(ms: number): number {
    return this.#random.next() * ms;
  }

  #machine(): SimMachine {
    const { machines } = this.#parts;
    return machines[this.#random.below(machines.length)] as SimMachine;
  }

  #shard(): number {
    return this.#random.below(this.#parts.profile.shards);
  }

  #client(): SimClient {
    const { clients } = this.#parts.crowd;
    return clients[this.#random.below(clients.length)] as SimClient;
  }

  /** Two nodes that run. */
  #pair(run: (a: NodeId, b: NodeId) => void): void {
    const ids = this.#parts.machines.flatMap(({ id }) => (id === undefined ? [] : [id]));
    const a = ids[this.#random.below(ids.length)];
    const others = ids.filter((id) => id !== a);
    const b = others[this.#random.below(others.length)];
    if (a !== undefined && b !== undefined) run(a, b);
  }
}
