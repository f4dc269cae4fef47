/**
 * One node: the production gateway and shards, put together as `src/server.ts` and `src/worker.ts` do, on simulated ports.
 * Shards crash, hang and come back; the whole node can lose everything but its store.
 * Invariant: as with real threads, what a replaced shard still says is not listened to, and what it still writes is not undone.
 */
import type { RoomAddress } from "../../src/actors/address.ts";
import type { RoomActor } from "../../src/actors/room-actor.ts";
import { Shard } from "../../src/actors/shard.ts";
import type { ShardEnv, ShardSettings } from "../../src/actors/shard-env.ts";
import { SeededRandom } from "../../src/base/prng.ts";
import { err } from "../../src/base/result.ts";
import type { Connection } from "../../src/edge/connection.ts";
import { Gateway } from "../../src/edge/gateway.ts";
import type { Socket } from "../../src/edge/ports.ts";
import type { Arrival } from "../../src/edge/socket-plugin.ts";
import type { Codecs } from "../../src/protocol/codecs.ts";
import type { Journal } from "../../src/storage/journal.ts";
import type { Disruption } from "./history.ts";
import { Pipe, SimTopics, SimWire } from "./sim-network.ts";
import { SimProcess } from "./sim-process.ts";
import { SimJournal, SimProjections, type SimStore } from "./sim-store.ts";
import type { Trace } from "./trace.ts";
import type { EventQueue, VirtualClock } from "./virtual-clock.ts";

/** What all of a simulation shares. */
export interface World {
  readonly queue: EventQueue;
  readonly clock: VirtualClock;
  readonly store: SimStore;
  readonly trace: Trace;
  readonly random: SeededRandom;
  readonly codecs: Codecs;
  /** Bytes under way to one client; a client that lags by more can't catch up before this is raised. */
  backpressureMax: number;
  readonly disruptions: Disruption[];
  /** A name for the fences of one incarnation of a shard, as if each were on a node of its own. */
  readonly newOwner: () => string;
  /** Owners that went on after they had been given up. */
  readonly ghosts: Set<string>;
}

/** Calls of a room in trouble: `crash` ends the shard's thread in the middle of the turn. */
export interface RoomHost {
  crash(): void;
}

/** Where planted bugs go in. The defaults are production. */
export interface Parts {
  readonly makeRoom: (env: ShardEnv, address: RoomAddress, host: RoomHost) => RoomActor;
  readonly wrapJournal: (journal: Journal, store: SimStore) => Journal;
  readonly wrapSocket: (socket: Socket) => Socket;
  /** What Bun does with `closeOnBackpressureLimit`. */
  readonly closesSlowSockets: boolean;
}

export interface NodePlan {
  readonly shards: number;
  readonly linkDelayMsMax: number;
  readonly clientDelayMsMax: number;
  readonly settings: Omit<ShardSettings, "node">;
}

/** The client's end of a wire. */
export interface ClientEnd {
  received(data: Uint8Array): void;
  closed(code: number): void;
}

interface Incarnation {
  readonly process: SimProcess;
  readonly shard: Shard;
  readonly toEdge: Pipe;
  readonly owner: string;
  /** The link record that it is handling. */
  record: number;
}

/** After so long without a beat a supervisor gives a shard up, milliseconds. */
const STUCK_MS = 1_000;
const RESTART_MS_MAX = 60;
/** How long after a crash its sender's puts may still land, milliseconds. */
const AFTERMATH_MS = 6_000;
const RATE = { perSecond: 5_000, burst: 5_000 };

export class SimNode {
  readonly gateway: Gateway;
  readonly reports: string[] = [];
  readonly #world: World;
  readonly #plan: NodePlan;
  readonly #parts: Parts;
  readonly #process: SimProcess;
  readonly #topics: SimTopics;
  readonly #wires = new Set<SimWire>();
  readonly #running: (Incarnation | undefined)[];
  readonly #replaced = new Set<Incarnation>();

  constructor(world: World, plan: NodePlan, parts: Parts) {
    this.#world = world;
    this.#plan = plan;
    this.#parts = parts;
    this.#topics = new SimTopics(parts.closesSlowSockets);
    this.#process = new SimProcess(world.queue, world.clock);
    this.gateway = new Gateway({
      clock: this.#process,
      random: this.#newRandom(),
      codecs: world.codecs,
      auth: { verifyToken: () => Promise.resolve(err({ code: "unauthorized" })) },
      broadcaster: this.#topics,
      shards: plan.shards,
      rate: RATE,
      defer: this.#process.defer,
    });
    this.#running = new Array<Incarnation | undefined>(plan.shards).fill(undefined);
    for (let shard = 0; shard < plan.shards; shard += 1) this.#start(shard, 0);
  }

  get isDead(): boolean {
    return this.#process.isDead;
  }

  /** All shards serve, and no former one is at work behind their back. */
  get isHealthy(): boolean {
    return this.#running.every((incarnation) => incarnation !== undefined) && this.#replaced.size === 0;
  }

  connect(arrival: Arrival, client: ClientEnd): SimWire {
    let connection: Connection | undefined;
    const wire: SimWire = new SimWire(
      this.#world.queue,
      this.#topics,
      {
        enterServer: this.#process.enter,
        serverReceived: (data) => connection && this.gateway.received(connection, data),
        serverClosed: (code) => {
          this.#wires.delete(wire);
          if (connection !== undefined) this.gateway.closed(connection, code);
        },
        clientReceived: (data) => client.received(data),
        clientClosed: (code) => client.closed(code),
      },
      { delayMs: this.#delays(this.#plan.clientDelayMsMax), backpressureMax: () => this.#world.backpressureMax },
    );
    this.#wires.add(wire);
    this.#process.enter(() => {
      connection = this.gateway.accept(arrival);
      connection.socket = this.#parts.wrapSocket(wire);
      this.gateway.opened(connection);
    });
    return wire;
  }

  // ---------------------------------------------------------------------------------------------- shards

  #start(shard: number, fatalRecord: number): void {
    const { queue, clock, store, codecs, trace } = this.#world;
    const process = new SimProcess(queue, clock);
    const toEdge = new Pipe(queue, this.#delays(this.#plan.linkDelayMsMax));
    const toShard = new Pipe(queue, this.#delays(this.#plan.linkDelayMsMax));
    const owner = this.#world.newOwner();
    const host: RoomHost = { crash: () => this.crashShard(shard) };
    const built = new Shard(
      {
        clock: process,
        random: this.#newRandom(),
        journal: this.#parts.wrapJournal(new SimJournal(store, process), store),
        projections: new SimProjections(store, process),
        codecs,
        settings: { ...this.#plan.settings, node: owner },
        defer: process.defer,
        send: (block) =>
          toEdge.send(() =>
            this.#process.enter(() => {
              if (this.#running[shard] === incarnation) this.gateway.receiveBlock(shard, block);
            }),
          ),
        report: (event, details) => this.reports.push(`${event} ${JSON.stringify(details)}`),
        working: (record) => {
          if (!process.isDead) incarnation.record = record;
        },
        shard,
        shards: this.#plan.shards,
      },
      (env, address) => this.#parts.makeRoom(env, address, host),
    );
    const incarnation: Incarnation = { process, shard: built, toEdge, owner, record: 0 };
    this.#running[shard] = incarnation;
    trace.note(queue.nowMs, `shard ${shard} up`);
    const post = (block: Uint8Array<ArrayBuffer>): void =>
      toShard.send(() => process.enter(() => incarnation.shard.receive(block)));
    this.gateway.shardUp(shard, post, fatalRecord);
  }

  /** The thread ends now; its supervisor learns it a little later and starts another one. */
  crashShard(shard: number): void {
    const { queue, random, trace } = this.#world;
    const incarnation = this.#running[shard];
    if (incarnation === undefined || incarnation.process.isDead) return;
    trace.note(queue.nowMs, `shard ${shard} crashes in record ${incarnation.record}`);
    this.#noteDisruption(AFTERMATH_MS);
    this.#end(incarnation);
    // What it had posted may reach the edge before the news of its end, or not at all.
    if (random.next() < 0.5) incarnation.toEdge.cut();
    queue.after(random.next() * 5, () => this.#process.enter(() => this.#replace(shard, incarnation)));
  }

  /** The thread stands still, is given up when that takes too long, and goes on behind its successor's back for a while. */
  pauseShard(shard: number, pauseMs: number, afterlifeMs: number): void {
    const { queue, trace } = this.#world;
    const incarnation = this.#running[shard];
    if (incarnation === undefined || incarnation.process.isDead || incarnation.process.isPaused) return;
    trace.note(queue.nowMs, `shard ${shard} pauses for ${pauseMs}`);
    incarnation.process.pause();
    if (pauseMs < STUCK_MS) {
      queue.after(pauseMs, () => incarnation.process.resume());
      return;
    }
    this.#noteDisruption(pauseMs + afterlifeMs + AFTERMATH_MS, true);
    queue.after(STUCK_MS, () => this.#process.enter(() => this.#replace(shard, incarnation)));
    this.#replaced.add(incarnation);
    queue.after(pauseMs, () => {
      trace.note(queue.nowMs, `shard ${shard}'s former thread goes on`);
      this.#world.ghosts.add(incarnation.owner);
      incarnation.process.resume();
    });
    queue.after(pauseMs + afterlifeMs, () => {
      this.#end(incarnation);
      this.#replaced.delete(incarnation);
    });
  }

  #replace(shard: number, incarnation: Incarnation): void {
    const { queue, random } = this.#world;
    if (this.#running[shard] !== incarnation) return;
    this.#running[shard] = undefined;
    this.gateway.shardDown(shard);
    const fatalRecord = Math.max(0, incarnation.record);
    queue.after(random.next() * RESTART_MS_MAX, () => this.#process.enter(() => this.#start(shard, fatalRecord)));
  }

  // ---------------------------------------------------------------------------------------------- the node

  /** Power off: sockets, threads and memory are gone. */
  crash(): void {
    const { queue, random, trace } = this.#world;
    trace.note(queue.nowMs, "node crashes");
    this.#noteDisruption(AFTERMATH_MS);
    this.#process.kill();
    this.gateway.stop();
    for (const incarnation of [...this.#running, ...this.#replaced]) {
      if (incarnation !== undefined) this.#end(incarnation);
    }
    for (const wire of this.#wires) wire.cut(0, random.next() * 20);
  }

  #end(incarnation: Incarnation): void {
    incarnation.process.kill();
    incarnation.shard.stop();
  }

  #noteDisruption(durationMs: number, hasCopies = false): void {
    const { nowMs } = this.#world.queue;
    this.#world.disruptions.push({ fromMs: nowMs, toMs: nowMs + durationMs, hasCopies });
  }

  #delays(delayMsMax: number): () => number {
    const { random } = this.#world;
    return () => 0.02 + random.next() ** 3 * delayMsMax;
  }

  #newRandom(): SeededRandom {
    return new SeededRandom(this.#world.random.below(0xffff_ffff));
  }
}
