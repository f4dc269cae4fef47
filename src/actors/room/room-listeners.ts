/**
 * Who listens to a room, by the edge that they are at, and the way of one frame to them.
 * Invariant: every frame is encoded once per codec in use, and leaves once per edge.
 */
import type { RoomId, Seq, TenantId, UserId } from "../../base/ids.ts";
import type { Codec } from "../../protocol/codec.ts";
import type { ServerFrame } from "../../protocol/frames.ts";
import type { ShardConnection } from "../connections.ts";
import type { EdgeLink } from "../edge-link.ts";
import type { TopicNo } from "../link.ts";
import type { RoomRoutes } from "./room-routes.ts";

/** The listeners at one edge. */
export interface Listeners {
  readonly link: EdgeLink;
  readonly topic: TopicNo;
  /** By codec id. */
  readonly perCodec: number[];
  size: number;
  /** How far they have been told while they lag behind the others: until then they get nothing of what is committed. */
  toldSeq: Seq | undefined;
  /** What follows this sequence they get; whoever joins them has what is before it. */
  readonly fromSeq: Seq;
}
/** The listeners at one edge, for the next activation. */
export interface Released {
  readonly link: EdgeLink;
  readonly toldSeq: Seq;
  readonly connections: readonly ShardConnection[];
}

/** `tenant/room`: what the edge calls the topic. Ids have no `/`. */
export function topicKey(tenant: TenantId, room: RoomId): string {
  return `${tenant}/${room}`;
}

export class RoomListeners {
  readonly #codecs: readonly Codec[];
  /** See `topicKey`. */
  readonly #key: string;
  readonly #routes: RoomRoutes;
  readonly #connections = new Set<ShardConnection>();
  /** Of them. A field: each commit asks, and a set's size is in memory of its own. */
  #size = 0;
  /** How many people that are; `undefined`: not counted since somebody came or went. */
  #people: number | undefined;
  /** One for each edge with listeners. */
  readonly #edges: Listeners[] = [];
  /** How many of them lag behind the others. */
  #laggards = 0;
  /** Connections by codec id, at all edges: what nobody reads is not encoded. */
  readonly #perCodec = [0, 0, 0, 0];

  constructor(codecs: readonly Codec[], key: string, routes: RoomRoutes) {
    this.#codecs = codecs;
    this.#key = key;
    this.#routes = routes;
  }

  get connections(): ReadonlySet<ShardConnection> {
    return this.#connections;
  }

  get size(): number {
    return this.#size;
  }

  get edges(): readonly Listeners[] {
    return this.#edges;
  }

  /** As far as it is quickly told: so many people have a connection that listens. */
  hasAll(people: number): boolean {
    if (this.#size < people) return false;
    this.#people ??= this.people().size;
    return this.#people >= people;
  }

  /** People with a connection that listens. */
  people(): Set<UserId> {
    const people = new Set<UserId>();
    for (const connection of this.#connections) people.add(connection.principal.userId);
    return people;
  }

  /** Some of them have not been told yet what the others have. */
  get hasLaggards(): boolean {
    return this.#laggards > 0;
  }

  /** Those that do not lag behind. */
  get inStep(): readonly Listeners[] {
    const all = this.#edges;
    return this.#laggards > 0 ? all.filter(({ toldSeq }) => toldSeq === undefined) : all;
  }

  at(link: EdgeLink): Listeners | undefined {
    for (const listeners of this.#edges) if (listeners.link === link) return listeners;
    return undefined;
  }

  add(connection: ShardConnection, head: Seq): Listeners {
    const { link } = connection;
    let listeners = this.at(link);
    if (listeners === undefined) {
      const topic = link.newTopic();
      listeners = { link, topic, perCodec: [0, 0, 0, 0], size: 0, toldSeq: undefined, fromSeq: head };
      this.#edges.push(listeners);
      link.out.openTopic(topic, this.#key, head);
      this.#routes.opened(listeners);
    }
    this.#connections.add(connection);
    this.#size = this.#connections.size;
    this.#people = undefined;
    this.#count(listeners, connection, 1);
    return listeners;
  }

  /** false: it was none of them. */
  remove(connection: ShardConnection): boolean {
    if (!this.#connections.delete(connection)) return false;
    this.#size = this.#connections.size;
    this.#people = undefined;
    const listeners = this.at(connection.link) as Listeners;
    this.#count(listeners, connection, -1);
    if (listeners.size > 0) return true;
    this.lagsNoMore(listeners);
    this.#edges.splice(this.#edges.indexOf(listeners), 1);
    listeners.link.out.closeTopic(listeners.topic);
    return true;
  }

  #count(listeners: Listeners, connection: ShardConnection, difference: 1 | -1): void {
    const codec = connection.codec.id;
    listeners.size += difference;
    for (const counts of [listeners.perCodec, this.#perCodec]) counts[codec] = (counts[codec] ?? 0) + difference;
  }

  lagsFrom(listeners: Listeners, told: Seq): void {
    listeners.toldSeq = told;
    this.#laggards += 1;
  }

  lagsNoMore(listeners: Listeners): void {
    if (listeners.toldSeq === undefined) return;
    listeners.toldSeq = undefined;
    this.#laggards -= 1;
  }

  /** Nobody listens any more. Those who did had been told up to `head`. */
  release(head: Seq): readonly Released[] {
    const released = this.#edges.map(({ link, toldSeq = head }) => ({
      link,
      toldSeq,
      connections: [...this.#connections].filter((connection) => connection.link === link),
    }));
    this.#connections.clear();
    this.#size = 0;
    this.#people = undefined;
    for (const { link, topic } of this.#edges) link.out.closeTopic(topic);
    this.#edges.length = 0;
    this.#laggards = 0;
    this.#perCodec.fill(0);
    return released;
  }

  /** `head`: the sequence that they have been told up to with it; 0: it says nothing of that. */
  publish(frame: ServerFrame, head: Seq, to: readonly Listeners[]): void {
    for (const codec of this.#codecs) {
      if ((this.#perCodec[codec.id] ?? 0) === 0) continue;
      let encoded: readonly Uint8Array[] | undefined;
      for (const { link, topic, perCodec } of to) {
        if ((perCodec[codec.id] ?? 0) === 0) continue;
        encoded ??= codec.encode(frame);
        for (const data of encoded) link.out.publish(topic, codec.id, codec.text, head, data);
      }
    }
  }
}
