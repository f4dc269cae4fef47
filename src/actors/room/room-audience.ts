/**
 * Who is listening to a room, at whatever edge, and how they get its events: subscriptions, replays, fan-out.
 * Invariant: every frame is encoded once per codec in use and leaves once per edge; a connection gets durable events only
 * between its `subscribe` and `unsubscribe` records, which stand in the same ordered stream as the events.
 */
import type { RoomId, Seq, TenantId, UserId } from "../../base/ids.ts";
import { MemberCount } from "./member-count.ts";
import type { LogEvent, MemberBanned, MemberLeft } from "../../domain/room/events.ts";
import type { EventsFrame, RoomPosition, ServerFrame } from "../../protocol/frames.ts";
import type { Later } from "../actor.ts";
import { type UserAddress, userAddress } from "../address.ts";
import { sendReplay, type ShardConnection, type Subscribed } from "../connections.ts";
import type { EdgeLink } from "../edge-link.ts";
import type { TopicNo } from "../link.ts";
import { RoomEphemera } from "./room-ephemera.ts";
import { RoomRoutes } from "./room-routes.ts";
import type { ShardEnv } from "../shard-env.ts";
import { departureView, shownEvents } from "../event-views.ts";
import type { RoomFacts } from "../views.ts";

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

export class RoomAudience implements Subscribed {
  readonly #env: ShardEnv;
  readonly #tenant: TenantId;
  readonly #room: RoomId;
  readonly #subscribers = new Set<ShardConnection>();
  readonly #catchUps = new Map<ShardConnection, CatchUp>();
  /** How many people that are; `undefined`: not counted since somebody came or went. */
  #people: number | undefined;
  /** One for each edge with subscribers. */
  readonly #listeners: Listeners[] = [];
  /** How many of them lag behind the others. */
  #laggards = 0;
  /** Subscribers by codec id, at all edges: what nobody reads is not encoded. */
  readonly #perCodec = [0, 0, 0, 0];
  /** What it is shown that is not in the log. */
  readonly ephemera: RoomEphemera;
  readonly #memberCount: MemberCount;
  readonly #routes: RoomRoutes;

  constructor(env: ShardEnv, tenant: TenantId, room: RoomId, later: Later) {
    this.#env = env;
    this.#tenant = tenant;
    this.#room = room;
    this.#routes = new RoomRoutes(env, tenant, room);
    this.ephemera = new RoomEphemera(env, room, this, later);
    this.#memberCount = new MemberCount(env.clock, room, (frame) => this.show(frame), later);
  }

  get isEmpty(): boolean {
    return this.#subscribers.size === 0;
  }

  get size(): number {
    return this.#subscribers.size;
  }

  /** As far as it is quickly told: so many people have a connection that listens. */
  hasAll(people: number): boolean {
    if (this.#subscribers.size < people) return false;
    this.#people ??= this.listening().size;
    return this.#people >= people;
  }

  /** People with a connection that listens. */
  listening(): Set<UserId> {
    const people = new Set<UserId>();
    for (const connection of this.#subscribers) people.add(connection.info.principal.userId);
    return people;
  }

  /** Some of them have not been told yet what the others have. */
  get hasLaggards(): boolean {
    return this.#laggards > 0;
  }

  /** To all subscribers, outside of the log's order. */
  show(frame: ServerFrame): void {
    this.#publish(frame, 0, this.#listeners);
  }

  /** From here on the connection gets what is committed after `head`. */
  subscribe(connection: ShardConnection, head: Seq): void {
    if (connection.closed || this.#subscribers.has(connection)) return;
    const { topic } = this.#add(connection, head);
    connection.link.out.subscribe(connection.no, topic);
    const user = userAddress(this.#tenant, connection.info.principal.userId);
    this.#env.tell(user, { kind: "subscribed", room: this.#room, connectionId: connection.info.connectionId });
  }

  /** What their people's actors were told of them may not have arrived. */
  tellAgain(isTold: (address: UserAddress) => boolean): void {
    for (const { info } of this.#subscribers) {
      const user = userAddress(this.#tenant, info.principal.userId);
      if (isTold(user)) this.#env.tell(user, { kind: "subscribed", room: this.#room, connectionId: info.connectionId });
    }
  }

  catchUpOf(connection: ShardConnection): CatchUp | undefined {
    return this.#catchUps.get(connection);
  }

  beginCatchUp(connection: ShardConnection, after: Seq): CatchUp {
    const catchUp: CatchUp = { connection, after, left: false, waiting: [] };
    this.#catchUps.set(connection, catchUp);
    return catchUp;
  }

  endCatchUp(catchUp: CatchUp, head: Seq): void {
    this.#catchUps.delete(catchUp.connection);
    if (!catchUp.left) this.subscribe(catchUp.connection, head);
  }

  /**
   * Their edge has these subscribed already, and published to them up to `told`. The result lags behind until `tellMissed`
   * has told it all up to `head`; `undefined`: they lack nothing, or nobody of them is there any more.
   */
  attach(link: EdgeLink, connections: readonly ShardConnection[], told: Seq, head: Seq): Listeners | undefined {
    const before = this.#listenersAt(link);
    for (const connection of connections) {
      if (connection.closed || this.#subscribers.has(connection)) continue;
      // What others at their edge were told before them is not told again, to nobody's surprise but theirs.
      if (before !== undefined && told < before.fromSeq) link.out.close(connection.no, "reconnect");
      this.#add(connection, told);
      const user = userAddress(this.#tenant, connection.info.principal.userId);
      this.#env.tell(user, { kind: "subscribed", room: this.#room, connectionId: connection.info.connectionId });
    }
    const listeners = this.#listenersAt(link);
    if (listeners === undefined || before !== undefined || told >= head) return undefined;
    listeners.toldSeq = told;
    this.#laggards += 1;
    return listeners;
  }

  /** Events that the others were told before. `toldSeq` says what to tell next; `undefined` when nothing is left. */
  tellMissed(listeners: Listeners, events: readonly LogEvent[], head: Seq, facts: RoomFacts): void {
    const after = listeners.toldSeq;
    const last = events[events.length - 1];
    if (after === undefined || last === undefined) return;
    this.#tell(events, after, facts, [listeners], listeners);
    if (last.seq < head) listeners.toldSeq = last.seq;
    else this.#lagsNoMore(listeners);
  }

  /** What they lack cannot be had now: they are to come back and resume. */
  sendAway(listeners: Listeners): void {
    this.#lagsNoMore(listeners);
    for (const connection of this.#subscribers) {
      if (connection.link === listeners.link) listeners.link.out.close(connection.no, "reconnect");
    }
  }

  unsubscribe(connection: ShardConnection): void {
    const catchUp = this.#catchUps.get(connection);
    if (catchUp !== undefined) catchUp.left = true;
    const listeners = this.#listenersAt(connection.link);
    if (listeners === undefined || !this.#subscribers.has(connection)) return;
    connection.link.out.unsubscribe(connection.no, listeners.topic);
    connection.rooms?.delete(this);
    const user = userAddress(this.#tenant, connection.info.principal.userId);
    this.#env.tell(user, { kind: "unsubscribed", room: this.#room, connectionId: connection.info.connectionId });
    this.#remove(connection);
  }

  connectionClosed(connection: ShardConnection): void {
    this.#remove(connection);
  }

  /** The activation ends while connections are subscribed, who were told up to `head`: the next one attaches them again. */
  release(head: Seq): readonly Released[] {
    const released = this.#listeners.map(({ link, toldSeq = head }) => ({
      link,
      toldSeq,
      connections: [...this.#subscribers].filter((connection) => connection.link === link),
    }));
    for (const connection of this.#subscribers) connection.rooms?.delete(this);
    this.#subscribers.clear();
    this.#people = undefined;
    for (const { link, topic } of this.#listeners) link.out.closeTopic(topic);
    this.#listeners.length = 0;
    this.#laggards = 0;
    this.#perCodec.fill(0);
    this.ephemera.stop();
    this.#memberCount.stop();
    return released;
  }

  /** Fans out what one commit brought, to those who were told up to `after`. false: there was nothing to show, nothing was sent. */
  publishCommitted(events: readonly LogEvent[], after: Seq, facts: RoomFacts): boolean {
    return this.#tell(events, after, facts, this.#inStep);
  }

  /** Nothing of (after, head] is to be shown. */
  publishPosition(after: Seq, head: Seq): void {
    this.#publishInOrder(this.#positionFrame(after, head), this.#inStep);
  }

  #positionFrame(after: Seq, head: Seq): EventsFrame {
    return { type: "events", roomId: this.#room, after, head, events: [] };
  }

  /** Listeners that do not lag behind. */
  get #inStep(): readonly Listeners[] {
    const all = this.#listeners;
    return this.#laggards > 0 ? all.filter(({ toldSeq }) => toldSeq === undefined) : all;
  }

  /** Sends events to one connection, as `publishCommitted` would have. false: too much at once, nothing was sent. */
  replay(connection: ShardConnection, events: readonly LogEvent[], after: Seq, facts: RoomFacts): boolean {
    const frame = this.#eventsFrame(events, after, facts);
    if (frame === undefined) return true;
    const isSent = sendReplay(connection, frame, this.#env.clock.monotonicMs());
    if (isSent && this.#routes.isOn) this.#routes.replayed(connection, after, events.at(-1)?.seq ?? after);
    return isSent;
  }

  #listenersAt(link: EdgeLink): Listeners | undefined {
    for (const listeners of this.#listeners) if (listeners.link === link) return listeners;
    return undefined;
  }

  #add(connection: ShardConnection, head: Seq): Listeners {
    const { link } = connection;
    let listeners = this.#listenersAt(link);
    if (listeners === undefined) {
      const topic = link.newTopic();
      listeners = { link, topic, perCodec: [0, 0, 0, 0], size: 0, toldSeq: undefined, fromSeq: head };
      this.#listeners.push(listeners);
      link.out.openTopic(topic, topicKey(this.#tenant, this.#room), head);
      this.#routes.opened(listeners);
    }
    this.#subscribers.add(connection);
    this.#people = undefined;
    this.#count(listeners, connection, 1);
    connection.rooms ??= new Set();
    connection.rooms.add(this);
    return listeners;
  }

  #remove(connection: ShardConnection): void {
    if (!this.#subscribers.delete(connection)) return;
    this.#people = undefined;
    const { userId } = connection.info.principal;
    this.ephemera.mayHaveLeft(userId, connection);
    const listeners = this.#listenersAt(connection.link) as Listeners;
    this.#count(listeners, connection, -1);
    if (listeners.size > 0) return;
    this.#lagsNoMore(listeners);
    this.#listeners.splice(this.#listeners.indexOf(listeners), 1);
    listeners.link.out.closeTopic(listeners.topic);
  }

  #count(listeners: Listeners, connection: ShardConnection, difference: 1 | -1): void {
    const codec = connection.codec.id;
    listeners.size += difference;
    for (const counts of [listeners.perCodec, this.#perCodec]) counts[codec] = (counts[codec] ?? 0) + difference;
  }

  #lagsNoMore(listeners: Listeners): void {
    if (listeners.toldSeq === undefined) return;
    listeners.toldSeq = undefined;
    this.#laggards -= 1;
  }

  /**
   * The user is no member any more: none of their connections gets what follows. Where others lag, it is in their turn.
   * `undefined`: there is no such room any more, for anybody.
   */
  #dismiss(userId: UserId | undefined, laggard: Listeners | undefined): void {
    for (const connection of this.#connectionsOf(userId, laggard)) this.unsubscribe(connection);
  }

  #connectionsOf(userId: UserId | undefined, laggard: Listeners | undefined): readonly ShardConnection[] {
    const found: ShardConnection[] = [];
    const look = (connection: ShardConnection): void => {
      if (userId !== undefined && connection.info.principal.userId !== userId) return;
      const listeners = this.#listenersAt(connection.link);
      if (laggard === undefined ? listeners?.toldSeq === undefined : listeners === laggard) found.push(connection);
    };
    this.#subscribers.forEach(look);
    for (const connection of this.#catchUps.keys()) if (!this.#subscribers.has(connection)) look(connection);
    return found;
  }

  #partWith(event: MemberLeft | MemberBanned, laggard: Listeners | undefined): void {
    const { seq, userId } = event;
    const events = [departureView(event)];
    const frame: ServerFrame = { type: "events", roomId: this.#room, after: seq - 1, head: seq, events };
    for (const connection of this.#connectionsOf(userId, laggard)) {
      if (this.#subscribers.has(connection)) sendReplay(connection, frame, this.#env.clock.monotonicMs());
    }
    this.#dismiss(userId, laggard);
    // Whoever is out is not told of it any more.
    if (laggard === undefined) this.ephemera.stopTyping(userId);
  }

  #eventsFrame(events: readonly LogEvent[], after: Seq, facts: RoomFacts): EventsFrame | undefined {
    const last = events[events.length - 1];
    if (last === undefined) return undefined;
    const shown = shownEvents(this.#room, events, facts);
    return { type: "events", roomId: this.#room, after, head: last.seq, events: shown };
  }

  /**
   * Cut after each event that takes a member away. `laggard`: it is told alone, of what was long ago, and all of it.
   * false: there was nothing to show.
   */
  #tell(
    events: readonly LogEvent[],
    after: Seq,
    facts: RoomFacts,
    to: readonly Listeners[],
    laggard?: Listeners,
  ): boolean {
    let from = 0;
    let follows = after;
    for (let i = 0; i < events.length; i += 1) {
      const event = events[i] as LogEvent;
      // Of an anonymous message's author it is not shown that they stopped typing just now: it ends by itself.
      if (event.kind === "message_sent" && event.as === undefined && laggard === undefined)
        this.ephemera.stopTyping(event.by);
      if (event.kind === "room_deleted") {
        this.#publishRun(events.slice(from, i + 1), follows, facts, to);
        this.#dismiss(undefined, laggard);
        return true;
      }
      const isStranger = event.kind === "member_banned" && event.stranger === true;
      if (event.kind !== "member_joined" && event.kind !== "member_left" && !isStranger) continue;
      const isQuiet = event.kind !== "member_banned" && event.quiet === true;
      if (!isStranger) this.#memberCount.changed(facts.memberCount, !isQuiet);
      if (isQuiet || event.kind === "member_banned") {
        if (event.kind === "member_joined" || this.#connectionsOf(event.userId, laggard).length === 0) continue;
        // They alone are shown it, at its place; the others go on with what was before.
        if (i > from) this.#publishRun(events.slice(from, i), follows, facts, to);
        else if (follows < event.seq - 1) this.#publishInOrder(this.#positionFrame(follows, event.seq - 1), to);
        this.#partWith(event, laggard);
        follows = event.seq - 1;
        from = i;
        continue;
      }
      if (event.kind !== "member_left") continue;
      this.#publishRun(events.slice(from, i + 1), follows, facts, to);
      this.#dismiss(event.userId, laggard);
      if (laggard === undefined) this.ephemera.stopTyping(event.userId);
      follows = event.seq;
      from = i + 1;
    }
    // Of what was told in part already, the rest is told too: those who listen are not where they were.
    const isWhole = from === 0 && follows === after;
    if (from >= events.length) return true;
    const rest = from === 0 ? events : events.slice(from);
    return this.#publishRun(rest, follows, facts, to, isWhole && laggard === undefined);
  }

  /** false: it shows nothing, and so was left out. */
  #publishRun(
    events: readonly LogEvent[],
    after: Seq,
    facts: RoomFacts,
    to: readonly Listeners[],
    mayLeaveOut = false,
  ): boolean {
    if (to.length === 0) return true;
    const frame = this.#eventsFrame(events, after, facts);
    if (frame === undefined) return true;
    if (mayLeaveOut && frame.events.length === 0) return false;
    this.#publishInOrder(frame, to);
    return true;
  }

  #publishInOrder(frame: EventsFrame, to: readonly Listeners[]): void {
    if (this.#routes.isOn) this.#routes.routed(frame.after, frame.head, to, this.#listeners);
    this.#publish(frame, frame.head, to);
  }

  #publish(frame: ServerFrame, head: Seq, to: readonly Listeners[]): void {
    for (const codec of this.#env.codecs) {
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
