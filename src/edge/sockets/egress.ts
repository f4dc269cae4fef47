/**
 * Carries out what one shard says (of this node or another): sends, publishes, subscriptions, in the order of the block.
 * Invariant: a connection's sends leave before it is subscribed, so a replay never overtakes what follows it.
 */
import type { ConnectionNo, Profile, ToEdgeHandler, TopicNo } from "../../actors/link.ts";
import type { Seq } from "../../base/ids.ts";
import type { Result } from "../../base/result.ts";
import type { CodecId } from "../../protocol/codec.ts";
import type { CloseReason, Rejection } from "../../protocol/errors.ts";
import type { EdgeCounters } from "../figures/edge-counters.ts";
import type { Connection } from "./connection.ts";
import type { DeliveryTrace } from "../circle/delivery-trace.ts";
import { EdgeRoom } from "./edge-room.ts";
import type { Broadcaster } from "../ports.ts";
import type { ShardTarget } from "../links/shard-target.ts";

/** What the gateway does on behalf of a shard. */
export interface EgressOwner {
  readonly connections: ReadonlyMap<ConnectionNo, Connection>;
  readonly broadcaster: Broadcaster;
  readonly counters: Pick<EdgeCounters, "framesSent" | "publishes" | "deliveries">;
  /** By key: `tenant/room`. */
  readonly rooms: Map<string, EdgeRoom>;
  /** Notes what becomes of frames that somebody may ask about. */
  readonly trace: DeliveryTrace | undefined;
  progressed(target: ShardTarget, record: number): void;
  completed(target: ShardTarget, record: number): void;
  /** The connection's first frame went out. */
  greeted(connection: Connection): void;
  replied(callNo: number, result: Result<unknown, Rejection>): void;
  /** What its person chose to be called and shown as, over what its token says. */
  named(connection: Connection, profile: Profile): void;
  /** For an actor elsewhere, by its address's hash. */
  forward(hash: number, packed: Uint8Array): void;
  /** For the other nodes. */
  heads(block: Uint8Array): void;
  /** The connection's client said this at another node; nothing: that it goes. */
  relayed(connection: Connection, post: string, data: Uint8Array): void;
}

export class Egress implements ToEdgeHandler {
  readonly #owner: EgressOwner;
  readonly #target: ShardTarget;
  /** Topic numbers of the present link. */
  readonly #topics = new Map<TopicNo, { readonly key: string; readonly room: EdgeRoom }>();
  #dirty: Connection[] = [];

  constructor(owner: EgressOwner, target: ShardTarget) {
    this.#owner = owner;
    this.#target = target;
  }

  /** The link begins anew, and its topics are counted anew. */
  reset(): void {
    this.#topics.clear();
  }

  /** After the last record of a block. */
  finish(): void {
    const dirty = this.#dirty;
    if (dirty.length === 0) return;
    this.#dirty = [];
    for (const connection of dirty) connection.flush();
  }

  progress(record: number): void {
    this.#owner.progressed(this.#target, record);
  }

  done(record: number): void {
    this.#owner.completed(this.#target, record);
  }

  send(no: ConnectionNo, text: boolean, data: Uint8Array): void {
    const connection = this.#owner.connections.get(no);
    if (connection === undefined) return;
    this.#owner.counters.framesSent += 1;
    if (connection.queue(data, text)) this.#dirty.push(connection);
    if (!connection.greeted) this.#owner.greeted(connection);
  }

  publish(topic: TopicNo, codec: CodecId, text: boolean, head: Seq, data: Uint8Array): void {
    const found = this.#topics.get(topic);
    if (found === undefined) return;
    if (head > 0) found.room.lastSeq = head;
    const { counters } = this.#owner;
    counters.publishes += 1;
    counters.deliveries += found.room.connections.size;
    if (found.room.tracedUntilMs !== 0) this.#owner.trace?.published(found.room, head);
    this.#owner.broadcaster.publish(found.room.topic(codec), data, text, head);
  }

  subscribe(no: ConnectionNo, topic: TopicNo): void {
    const connection = this.#owner.connections.get(no);
    const found = this.#topics.get(topic);
    if (connection === undefined || found === undefined || connection.closed) return;
    connection.flush();
    connection.socket?.subscribe(found.room.topic(connection.codec.id), found.room.lastSeq);
    found.room.connections.add(connection);
    connection.rooms ??= new Set();
    connection.rooms.add(found.room);
    if (found.room.tracedUntilMs !== 0) this.#owner.trace?.began(found.room, connection);
  }

  unsubscribe(no: ConnectionNo, topic: TopicNo): void {
    const connection = this.#owner.connections.get(no);
    const found = this.#topics.get(topic);
    if (connection === undefined || found === undefined) return;
    connection.socket?.unsubscribe(found.room.topic(connection.codec.id));
    found.room.connections.delete(connection);
    connection.rooms?.delete(found.room);
    if (found.room.tracedUntilMs !== 0) this.#owner.trace?.ended(found.room, connection);
  }

  close(no: ConnectionNo, reason: CloseReason): void {
    this.#owner.connections.get(no)?.dismiss(reason);
  }

  reply(callNo: number, result: Result<unknown, Rejection>): void {
    this.#owner.replied(callNo, result);
  }

  person(no: ConnectionNo, profile: Profile): void {
    const connection = this.#owner.connections.get(no);
    if (connection !== undefined) this.#owner.named(connection, profile);
  }

  actor(hash: number, packed: Uint8Array): void {
    this.#owner.forward(hash, packed);
  }

  heads(block: Uint8Array): void {
    this.#owner.heads(block);
  }

  relay(no: ConnectionNo, post: string, data: Uint8Array): void {
    const connection = this.#owner.connections.get(no);
    if (connection !== undefined) this.#owner.relayed(connection, post, data);
  }

  openTopic(topic: TopicNo, key: string, head: Seq): void {
    let room = this.#owner.rooms.get(key);
    if (room === undefined) {
      room = new EdgeRoom(this.#target, key, head);
      this.#owner.rooms.set(key, room);
    }
    // Two views may differ for a while: whoever has the room now says what its listeners get.
    room.target = this.#target;
    // Whoever is subscribed has all up to here: it stands before this record.
    room.lastSeq = Math.max(room.lastSeq, head);
    this.#topics.set(topic, { key, room });
  }

  trace(topic: TopicNo, untilMs: number): void {
    const found = this.#topics.get(topic);
    if (found !== undefined) found.room.tracedUntilMs = untilMs;
  }

  closeTopic(topic: TopicNo): void {
    const found = this.#topics.get(topic);
    if (found === undefined) return;
    this.#topics.delete(topic);
    if (found.room.connections.size === 0) this.#owner.rooms.delete(found.key);
  }
}
