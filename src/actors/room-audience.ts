/**
 * Who is listening to a room on this node, and how they get its events: subscriptions, replays, fan-out.
 * Invariant: every frame is encoded once per codec in use; a connection gets durable events only between its `subscribe`
 * and `unsubscribe` records, which stand in the same ordered stream as the events.
 */
import type { RoomId, Seq, TenantId, UserId } from "../base/ids.ts";
import type { LogEvent } from "../domain/room/events.ts";
import type { RoomEvent, RoomPosition, ServerFrame } from "../protocol/frames.ts";
import { userAddress } from "./address.ts";
import type { ShardConnection, Subscribed } from "./connections.ts";
import type { TopicNo } from "./link.ts";
import { RoomEphemera } from "./room-ephemera.ts";
import type { ShardEnv } from "./shard-env.ts";
import { type RoomFacts, roomEvent } from "./views.ts";

/** A replay under way: the connection is subscribed when it has reached the head, unless it leaves before. */
export interface CatchUp {
  readonly connection: ShardConnection;
  /** What is sent follows this sequence. */
  readonly after: Seq;
  left: boolean;
  /** Whoever else asked meanwhile. */
  readonly waiting: ((missing: Missing | undefined) => void)[];
}
/** What could not be replayed. */
export type Missing = NonNullable<RoomPosition["missing"]>;

/** `tenant/room`: what the edge calls the topic. Ids have no `/`. */
export function topicKey(tenant: TenantId, room: RoomId): string {
  return `${tenant}/${room}`;
}

export class RoomAudience implements Subscribed {
  readonly #env: ShardEnv;
  readonly #tenant: TenantId;
  readonly #room: RoomId;
  readonly #subscribers = new Map<number, ShardConnection>();
  readonly #catchUps = new Map<number, CatchUp>();
  /** Subscribers by codec id: what nobody reads is not encoded. */
  readonly #perCodec = [0, 0, 0, 0];
  #topic: TopicNo = 0;
  /** What it is shown that is not in the log. */
  readonly ephemera: RoomEphemera;

  constructor(
    env: ShardEnv,
    tenant: TenantId,
    room: RoomId,
    later: <Args extends readonly unknown[]>(run: (...args: Args) => void) => (...args: Args) => void,
  ) {
    this.#env = env;
    this.#tenant = tenant;
    this.#room = room;
    this.ephemera = new RoomEphemera(env, room, this, later);
  }

  get isEmpty(): boolean {
    return this.#subscribers.size === 0;
  }

  get size(): number {
    return this.#subscribers.size;
  }

  /** People with a connection that listens. */
  listening(): Set<UserId> {
    const people = new Set<UserId>();
    for (const connection of this.#subscribers.values()) people.add(connection.info.principal.userId);
    return people;
  }

  /** To all subscribers, outside of the log's order. */
  show(frame: ServerFrame): void {
    this.#publish(frame, 0);
  }

  has(connection: ShardConnection): boolean {
    return this.#subscribers.has(connection.no);
  }

  /** From here on the connection gets what is committed after `head`. */
  subscribe(connection: ShardConnection, head: Seq): void {
    if (connection.closed || this.#subscribers.has(connection.no)) return;
    this.#add(connection, head);
    this.#env.out.subscribe(connection.no, this.#topic);
    const user = userAddress(this.#tenant, connection.info.principal.userId);
    this.#env.tell(user, { kind: "subscribed", room: this.#room, connectionId: connection.info.connectionId });
  }

  catchUpOf(connection: ShardConnection): CatchUp | undefined {
    return this.#catchUps.get(connection.no);
  }

  beginCatchUp(connection: ShardConnection, after: Seq): CatchUp {
    const catchUp: CatchUp = { connection, after, left: false, waiting: [] };
    this.#catchUps.set(connection.no, catchUp);
    return catchUp;
  }

  endCatchUp(catchUp: CatchUp, head: Seq): void {
    this.#catchUps.delete(catchUp.connection.no);
    if (!catchUp.left) this.subscribe(catchUp.connection, head);
  }

  /** The edge has the connection subscribed already: it outlived this room's former activation. */
  reattach(connection: ShardConnection, head: Seq): void {
    if (connection.closed || this.#subscribers.has(connection.no)) return;
    this.#add(connection, head);
    const user = userAddress(this.#tenant, connection.info.principal.userId);
    this.#env.tell(user, { kind: "subscribed", room: this.#room, connectionId: connection.info.connectionId });
  }

  unsubscribe(connection: ShardConnection): void {
    const catchUp = this.#catchUps.get(connection.no);
    if (catchUp !== undefined) catchUp.left = true;
    if (!this.#subscribers.has(connection.no)) return;
    this.#env.out.unsubscribe(connection.no, this.#topic);
    connection.rooms?.delete(this);
    const user = userAddress(this.#tenant, connection.info.principal.userId);
    this.#env.tell(user, { kind: "unsubscribed", room: this.#room, connectionId: connection.info.connectionId });
    this.#remove(connection);
  }

  connectionClosed(connection: ShardConnection): void {
    this.#remove(connection);
  }

  /** What the subscribers lack cannot be had now: they are to come back and resume. */
  sendAway(): void {
    for (const connection of this.#subscribers.values()) this.#env.out.close(connection.no, "reconnect");
  }

  /** The activation ends while connections are subscribed: the next one attaches them again. */
  release(): ShardConnection[] {
    const connections = [...this.#subscribers.values()];
    for (const connection of connections) connection.rooms?.delete(this);
    this.#subscribers.clear();
    if (this.#topic !== 0) this.#env.out.closeTopic(this.#topic);
    this.ephemera.stop();
    return connections;
  }

  /** Fans out what one commit brought, cut after each event that takes a member away. */
  publishCommitted(events: readonly LogEvent[], after: Seq, facts: RoomFacts): void {
    let from = 0;
    let follows = after;
    for (let i = 0; i < events.length; i += 1) {
      const event = events[i] as LogEvent;
      if (event.kind === "message_sent") this.ephemera.stopTyping(event.by);
      if (event.kind !== "member_left") continue;
      this.#publishRun(events.slice(from, i + 1), follows, facts);
      this.#dismiss(event.userId);
      follows = event.seq;
      from = i + 1;
    }
    if (from < events.length) this.#publishRun(from === 0 ? events : events.slice(from), follows, facts);
  }

  /** Sends events to one connection, as `publishCommitted` would have. false: too much at once, nothing was sent. */
  replay(connection: ShardConnection, events: readonly LogEvent[], after: Seq, facts: RoomFacts): boolean {
    const frame = this.#eventsFrame(events, after, facts);
    return frame === undefined || this.#env.connections.sendReplay(connection, frame, this.#env.clock.monotonicMs());
  }

  #add(connection: ShardConnection, head: Seq): void {
    if (this.#topic === 0) {
      this.#topic = this.#env.newTopic();
      this.#env.out.openTopic(this.#topic, topicKey(this.#tenant, this.#room), head);
    }
    this.#subscribers.set(connection.no, connection);
    this.#count(connection, 1);
    connection.rooms ??= new Set();
    connection.rooms.add(this);
  }

  #remove(connection: ShardConnection): void {
    if (!this.#subscribers.delete(connection.no)) return;
    this.#count(connection, -1);
    const { userId } = connection.info.principal;
    this.ephemera.mayHaveLeft(userId);
    if (this.#subscribers.size > 0) return;
    this.#env.out.closeTopic(this.#topic);
    this.#topic = 0;
  }

  #count(connection: ShardConnection, difference: number): void {
    this.#perCodec[connection.codec.id] = (this.#perCodec[connection.codec.id] ?? 0) + difference;
  }

  /** The user is no member any more: none of their connections gets what follows. */
  #dismiss(userId: UserId): void {
    this.ephemera.stopTyping(userId);
    for (const connection of this.#subscribers.values()) {
      if (connection.info.principal.userId === userId) this.unsubscribe(connection);
    }
    for (const { connection } of this.#catchUps.values()) {
      if (connection.info.principal.userId === userId) this.unsubscribe(connection);
    }
  }

  #eventsFrame(events: readonly LogEvent[], after: Seq, facts: RoomFacts): ServerFrame | undefined {
    const shown: RoomEvent[] = [];
    let head = after;
    for (const event of events) {
      const view = roomEvent(this.#room, event, facts);
      if (view !== undefined) shown.push(view);
      head = event.seq;
    }
    return head === after ? undefined : { type: "events", roomId: this.#room, after, head, events: shown };
  }

  #publishRun(events: readonly LogEvent[], after: Seq, facts: RoomFacts): void {
    if (this.#subscribers.size === 0) return;
    const frame = this.#eventsFrame(events, after, facts);
    if (frame !== undefined) this.#publish(frame, events[events.length - 1]?.seq ?? after);
  }

  #publish(frame: ServerFrame, head: Seq): void {
    if (this.#topic === 0) return;
    for (const codec of this.#env.codecs) {
      if ((this.#perCodec[codec.id] ?? 0) === 0) continue;
      for (const data of codec.encode(frame)) this.#env.out.publish(this.#topic, codec.id, codec.text, head, data);
    }
  }
}
