/**
 * The links of this edge to the shards of all nodes: where each address is, what each shard has been told, and how a link
 * begins anew when a shard is lost, something got lost on the way, or rooms move.
 * Invariant: a shard hears of a connection before its first record, and of a room's listeners before the repeated requests.
 */
import type { LinkCall } from "../../actors/link.ts";
import { readToEdge } from "../../actors/link.ts";
import type { Clock } from "../../base/clock.ts";
import type { RoomId } from "../../base/ids.ts";
import type { NodeId } from "../../cluster/membership.ts";
import type { View } from "../../cluster/placement.ts";
import type { Principal } from "../../domain/principal.ts";
import type { CodecId } from "../../protocol/codec.ts";
import type { Connection } from "../sockets/connection.ts";
import type { BlockWatch } from "../tracing/message-spans.ts";
import { AnswerTimes } from "./answer-probe.ts";
import { Departures } from "./departures.ts";
import type { EdgeRoom } from "../sockets/edge-room.ts";
import type { EgressOwner } from "../sockets/egress.ts";
import { Routes } from "./routes.ts";
import type { Unfinished, Verdict } from "./shard-outlet.ts";
import type { ShardTarget } from "./shard-target.ts";

type Post = (block: Uint8Array<ArrayBuffer>) => void;

/** To the other nodes; without one this node is alone. */
export interface RemoteShards {
  /** The block with this number (from 0) of the link's `generation`, for a shard of another node. */
  post(node: NodeId, shard: number, generation: number, no: number, block: Uint8Array<ArrayBuffer>): void;
  /**
   * This edge's link to a shard of its own node begins anew: what is posted from now on is of the new one. From here on
   * nothing may come from the shard that it said before it knew.
   */
  begin(shard: number): void;
  heads(block: Uint8Array): void;
  /** To the edges of all other nodes (`edge-notices.ts`). */
  tellEdges(block: Uint8Array): void;
  /** What was posted in this turn may leave. */
  flush(): void;
}

/** The gateway, as its links need it. */
export interface LinksOwner extends EgressOwner {
  /** To wherever the address is now; `losses` that nobody can explain are counted on by `target`. */
  repeatFrame(connection: Connection, frameNo: number, room: RoomId | undefined, data: Uint8Array): void;
  repeatCall(target: ShardTarget, callNo: number, principal: Principal, call: LinkCall): void;
  refuseFrame(connection: Connection, data: Uint8Array, verdict: Exclude<Verdict, "repeat">): void;
  refuseCall(callNo: number, verdict: Exclude<Verdict, "repeat">): void;
}

export interface LinksPorts {
  readonly owner: LinksOwner;
  readonly clock: Clock;
  readonly shards: number;
  readonly presenceGraceMs: number;
  readonly remote: RemoteShards | undefined;
  /** Follows some messages; `undefined`: none. */
  readonly watch: BlockWatch | undefined;
}

export class Links {
  readonly routes: Routes;
  readonly #ports: LinksPorts;
  /** `undefined`: nobody asks, and no clock is read for it. */
  #answerTimes: AnswerTimes | undefined;
  readonly #departures: Departures;
  /** How to reach the present workers of this node. */
  readonly #posts: (Post | undefined)[] = [];
  #lastGeneration = 0;

  constructor(ports: LinksPorts) {
    this.#ports = ports;
    this.#departures = new Departures(ports.presenceGraceMs);
    this.routes = new Routes(ports.owner, ports.shards);
  }

  get isAnyFull(): boolean {
    for (const { outlet } of this.routes.all()) if (outlet.isFull) return true;
    return false;
  }

  /** Frames and calls that wait for an answer. */
  get pending(): number {
    let pending = 0;
    for (const { outlet } of this.routes.all()) pending += outlet.pending;
    return pending;
  }

  /** From now on samples are taken of how long shards take to answer. */
  timeAnswers(): AnswerTimes {
    this.#answerTimes ??= new AnswerTimes();
    return this.#answerTimes;
  }

  flush(): void {
    const { watch } = this.#ports;
    for (const target of this.routes.all()) {
      target.outlet.flush();
      if (this.#answerTimes !== undefined) target.probe.left(this.#ports.clock);
      watch?.left(target);
    }
    this.#ports.remote?.flush();
  }

  forget(monotonicMs: number): void {
    this.#departures.forget(monotonicMs);
  }

  // ---------------------------------------------------------------------------------------------- connections

  introduceHome(connection: Connection, { tenant, userId }: Principal): void {
    this.#introduce(this.routes.user(tenant, userId), connection);
  }

  /** Before a record of the connection's. */
  ensureKnown(target: ShardTarget, connection: Connection): void {
    if (!target.knows(connection)) this.#introduce(target, connection);
  }

  /** Its person is called otherwise now. Its home said so itself. */
  introduceAgain(connection: Connection): void {
    for (const target of this.routes.all()) {
      if (target !== connection.home && target.knows(connection)) this.#introduce(target, connection);
    }
  }

  closed(connection: Connection, clean: boolean): void {
    if (connection.rooms !== undefined) this.#departures.note(connection, clean, this.#ports.clock.monotonicMs());
    for (const target of this.routes.all()) {
      if (!target.knows(connection)) continue;
      target.outlet.writer.close(connection.no, clean);
      target.forget(connection);
    }
  }

  #introduce(target: ShardTarget, connection: Connection, again = false): void {
    const { no, id, principal, codec, greeted } = connection;
    if (principal === undefined) return;
    const home = this.routes.user(principal.tenant, principal.userId) === target;
    if (home) connection.home = target;
    target.note(connection);
    const info = { connectionId: id, principal, codec: codec.id as CodecId, home, greeted };
    const rooms = again && home ? { rooms: [...(connection.rooms ?? [])].map((room) => room.room) } : {};
    target.outlet.writer.open(no, { ...info, ...rooms });
  }

  // ---------------------------------------------------------------------------------------------- this node's shards

  /** A worker listens for this shard. `fatalRecord`: what the one before it was handling when it was lost. */
  shardUp(shard: number, post: Post, fatalRecord: number): void {
    const target = this.own(shard);
    this.#posts[shard] = post;
    target.egress.reset();
    target.outlet.up(post, fatalRecord, () => this.#introduceAll(target), this.#unfinished(target));
  }

  shardDown(shard: number): void {
    const target = this.own(shard);
    this.#posts[shard] = undefined;
    target.outlet.down();
    this.#departures.shardDown(target, this.#ports.clock.monotonicMs());
  }

  isShardUp(shard: number): boolean {
    return this.own(shard).outlet.isUp;
  }

  receiveBlock(shard: number, block: Uint8Array): void {
    this.#receive(this.own(shard), block);
  }

  #receive(target: ShardTarget, block: Uint8Array): void {
    const { watch } = this.#ports;
    watch?.arrived(target);
    receive(target, block);
    if (this.#answerTimes !== undefined) target.probe.heard(this.#ports.clock, this.#answerTimes);
    watch?.heard(target);
  }

  own(shard: number): ShardTarget {
    return this.routes.own[shard] as ShardTarget;
  }

  // ---------------------------------------------------------------------------------------------- other nodes

  receivePeerBlock(node: NodeId, shard: number, generation: number, no: number, block: Uint8Array): void {
    const target = this.routes.remote(node, shard);
    if (target?.generation !== generation) return;
    if (no !== target.blocksReceived) return this.#restartAll([target]);
    target.blocksReceived += 1;
    this.#receive(target, block);
  }

  /**
   * A shard of another node was lost and runs again, or does not know this link. What it was handling is said for the link
   * of `generation`; 0: whatever link there is.
   */
  peerShardUp(node: NodeId, shard: number, generation: number, fatalRecord: number, explained: boolean): void {
    const target = this.routes.remote(node, shard);
    if (target === undefined || (generation !== 0 && target.generation !== generation)) return;
    if (explained && fatalRecord === 0) return this.#restartAll([target]);
    target.outlet.down();
    target.egress.reset();
    const post = this.#newPost(target);
    if (post === undefined) return;
    target.outlet.up(post, fatalRecord, () => this.#introduceAll(target), this.#unfinished(target));
    this.flush();
  }

  /** Something was lost between the two nodes. */
  linkBroken(node: NodeId): void {
    this.#restartAll(this.routes.ofNode(node));
  }

  /** Rooms and people may be elsewhere now. */
  setView(view: View): void {
    const moves = this.routes.setView(view);
    for (const target of moves.come) this.#restart(target, true);
    const gaining = this.#moveRooms(new Set(moves.losing));
    const repeats = moves.losing.map((target) => this.#restart(target, !moves.gone.has(target)));
    for (const target of moves.losing) if (!moves.gone.has(target)) this.#introduceAll(target);
    this.#introduceMoved(new Set(moves.losing), gaining);
    for (const repeat of repeats) repeat();
    this.flush();
  }

  /** Lets every room know where it should be. The result: rooms by the target that gains them without beginning anew. */
  #moveRooms(losing: ReadonlySet<ShardTarget>): ReadonlyMap<ShardTarget, ReadonlySet<EdgeRoom>> {
    const gaining = new Map<ShardTarget, Set<EdgeRoom>>();
    for (const [key, room] of this.#ports.owner.rooms) {
      if (room.connections.size === 0 && losing.has(room.target)) {
        this.#ports.owner.rooms.delete(key);
        continue;
      }
      const target = this.routes.room(room.tenant, room.room);
      if (target === room.target) continue;
      room.target = target;
      if (losing.has(target)) continue;
      const rooms = gaining.get(target);
      if (rooms === undefined) gaining.set(target, new Set([room]));
      else rooms.add(room);
    }
    return gaining;
  }

  /** To targets that gain something and whose link goes on. */
  #introduceMoved(losing: ReadonlySet<ShardTarget>, gaining: ReadonlyMap<ShardTarget, ReadonlySet<EdgeRoom>>): void {
    for (const connection of this.#ports.owner.connections.values()) {
      if (connection.principal === undefined) continue;
      const { tenant, userId } = connection.principal;
      const home = this.routes.user(tenant, userId);
      // A shard that knows the connection, but not as its home, is told once more.
      if (!losing.has(home) && connection.home !== home) this.#introduce(home, connection, true);
    }
    for (const [target, rooms] of gaining) {
      for (const room of rooms) for (const connection of room.connections) this.ensureKnown(target, connection);
      this.#attachRooms(target, rooms);
    }
  }

  #restartAll(targets: readonly ShardTarget[]): void {
    const repeats = targets.map((target) => this.#restart(target, true));
    for (const target of targets) this.#introduceAll(target);
    for (const repeat of repeats) repeat();
    this.flush();
  }

  /** The link begins anew, empty. The result repeats what was unfinished, wherever it belongs now. */
  #restart(target: ShardTarget, isAlive: boolean): () => void {
    target.egress.reset();
    const repeat = target.outlet.restart(isAlive ? this.#newPost(target) : undefined);
    return () => repeat(this.#unfinished(target));
  }

  #newPost(target: ShardTarget): Post | undefined {
    const { remote } = this.#ports;
    const { node, shard } = target;
    if (node === undefined || remote === undefined) {
      const post = this.#posts[shard];
      if (post !== undefined) remote?.begin(shard);
      return post;
    }
    this.#lastGeneration += 1;
    const generation = this.#lastGeneration;
    target.generation = generation;
    target.blocksReceived = 0;
    let no = 0;
    return (block) => {
      remote.post(node, shard, generation, no, block);
      no += 1;
    };
  }

  // ---------------------------------------------------------------------------------------------- beginnings

  #unfinished(target: ShardTarget): Unfinished {
    const { owner } = this.#ports;
    return {
      frame: (no, frameNo, room, data, verdict) => {
        const connection = owner.connections.get(no);
        if (connection === undefined) return;
        if (verdict === "repeat") owner.repeatFrame(connection, frameNo, room, data);
        else owner.refuseFrame(connection, data, verdict);
      },
      call: (callNo, principal, call, verdict) => {
        if (verdict === "repeat") owner.repeatCall(target, callNo, principal, call);
        else owner.refuseCall(callNo, verdict);
      },
    };
  }

  /** What a shard must know when a link begins: the connections that it knew, and the rooms that they listen to. */
  #introduceAll(target: ShardTarget): void {
    const { connections, rooms } = this.#ports.owner;
    for (const connection of target.knownOf(connections.values())) {
      target.forget(connection);
      if (connection.closed || connection.principal === undefined) continue;
      this.#introduce(target, connection, true);
    }
    const attached: EdgeRoom[] = [];
    for (const room of rooms.values()) {
      if (room.target !== target || room.connections.size === 0) continue;
      for (const connection of room.connections) this.ensureKnown(target, connection);
      attached.push(room);
    }
    for (const connection of connections.values()) {
      if (connection.principal === undefined || target.knows(connection)) continue;
      const { tenant, userId } = connection.principal;
      if (this.routes.user(tenant, userId) === target) this.#introduce(target, connection, true);
    }
    this.#attachRooms(target, attached);
  }

  #attachRooms(target: ShardTarget, rooms: Iterable<EdgeRoom>): void {
    const nowMs = this.#ports.clock.monotonicMs();
    const departed = this.#departures.shardUp(
      target,
      nowMs,
      (room) => this.routes.room(room.tenant, room.room) === target,
    );
    for (const room of rooms) {
      target.outlet.writer.attach({
        tenant: room.tenant,
        room: room.room,
        lastSeq: room.lastSeq,
        connections: [...room.connections].map((connection) => connection.no),
        departed: departed.get(room.key) ?? [],
      });
    }
  }
}

function receive(target: ShardTarget, block: Uint8Array): void {
  readToEdge(block, target.egress);
  target.egress.finish();
}
