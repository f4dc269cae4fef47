/**
 * How those who listen to a room come, are told its events, and go: subscriptions, replays, fan-out.
 * Invariant: a connection gets durable events only between its `subscribe` and `unsubscribe` records, which stand in the
 * same ordered stream as the events.
 */
import type { RoomId, Seq, TenantId, UserId } from "../../base/ids.ts";
import { MemberCount } from "./member-count.ts";
import type { LogEvent, MemberBanned, MemberLeft } from "../../domain/room/events.ts";
import type { EventsFrame, RoomPosition, ServerFrame } from "../../protocol/frames.ts";
import type { Later } from "../actor.ts";
import { type UserAddress, userAddress } from "../address.ts";
import { sendReplay, type ShardConnection, type Subscribed } from "../connections.ts";
import type { EdgeLink } from "../edge-link.ts";
import { RoomEphemera } from "./room-ephemera.ts";
import { type Listeners, type Released, RoomListeners, topicKey } from "./room-listeners.ts";
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
  /** All up to here was sent; it waits until somebody says that more may be. Nobody else waits for it then. */
  waitsAt: Seq | undefined;
  /** Whoever else asked meanwhile. */
  readonly waiting: ((missing: Missing | undefined) => void)[];
}
/** What could not be replayed. */
export type Missing = NonNullable<RoomPosition["missing"]>;

export class RoomAudience implements Subscribed {
  readonly #env: ShardEnv;
  readonly #tenant: TenantId;
  readonly #room: RoomId;
  readonly #catchUps = new Map<ShardConnection, CatchUp>();
  /** What it is shown that is not in the log. */
  readonly ephemera: RoomEphemera;
  readonly #memberCount: MemberCount;
  readonly #routes: RoomRoutes;
  readonly #listeners: RoomListeners;

  constructor(env: ShardEnv, tenant: TenantId, room: RoomId, later: Later) {
    this.#env = env;
    this.#tenant = tenant;
    this.#room = room;
    this.#routes = new RoomRoutes(env, tenant, room);
    this.#listeners = new RoomListeners(env.codecs, topicKey(tenant, room), this.#routes);
    this.ephemera = new RoomEphemera(env, room, this, later);
    this.#memberCount = new MemberCount(env.clock, room, (frame) => this.show(frame), later);
  }

  get isEmpty(): boolean {
    return this.#listeners.size === 0;
  }

  get size(): number {
    return this.#listeners.size;
  }

  /** As far as it is quickly told: so many people have a connection that listens. */
  hasAll(people: number): boolean {
    return this.#listeners.hasAll(people);
  }

  /** People with a connection that listens. */
  listening(): Set<UserId> {
    return this.#listeners.people();
  }

  /** Some of them have not been told yet what the others have. */
  get hasLaggards(): boolean {
    return this.#listeners.hasLaggards;
  }

  /** To all subscribers, outside of the log's order. */
  show(frame: ServerFrame): void {
    this.#listeners.publish(frame, 0, this.#listeners.edges);
  }

  /** From here on the connection gets what is committed after `head`. */
  subscribe(connection: ShardConnection, head: Seq): void {
    if (connection.closed || this.#listeners.connections.has(connection)) return;
    const { topic } = this.#add(connection, head);
    connection.link.out.subscribe(connection.no, topic);
    const user = userAddress(this.#tenant, connection.principal.userId);
    this.#env.tell(user, { kind: "subscribed", room: this.#room, connectionId: connection.connectionId });
  }

  /** What their people's actors were told of them may not have arrived. */
  tellAgain(isTold: (address: UserAddress) => boolean): void {
    for (const { principal, connectionId } of this.#listeners.connections) {
      const user = userAddress(this.#tenant, principal.userId);
      if (isTold(user)) this.#env.tell(user, { kind: "subscribed", room: this.#room, connectionId });
    }
  }

  catchUpOf(connection: ShardConnection): CatchUp | undefined {
    return this.#catchUps.get(connection);
  }

  /** Instead of one that waits, or that the connection left: whoever asks anew has no part in it. */
  beginCatchUp(connection: ShardConnection, after: Seq): CatchUp {
    const catchUp: CatchUp = { connection, after, left: false, waitsAt: undefined, waiting: [] };
    this.#catchUps.set(connection, catchUp);
    return catchUp;
  }

  pauseCatchUp(catchUp: CatchUp, at: Seq): void {
    const { connection } = catchUp;
    catchUp.waitsAt = at;
    connection.rooms ??= new Set();
    connection.rooms.add(this);
  }

  endCatchUp(catchUp: CatchUp, head: Seq): void {
    // Whoever left may have come back meanwhile.
    if (this.#catchUps.get(catchUp.connection) === catchUp) this.#catchUps.delete(catchUp.connection);
    if (!catchUp.left) this.subscribe(catchUp.connection, head);
    else if (!this.#listeners.connections.has(catchUp.connection)) catchUp.connection.rooms?.delete(this);
  }

  /**
   * Their edge has these subscribed already, and published to them up to `told`. The result lags behind until `tellMissed`
   * has told it all up to `head`; `undefined`: they lack nothing, or nobody of them is there any more.
   */
  attach(link: EdgeLink, connections: readonly ShardConnection[], told: Seq, head: Seq): Listeners | undefined {
    const before = this.#listeners.at(link);
    for (const connection of connections) {
      if (connection.closed || this.#listeners.connections.has(connection)) continue;
      // What others at their edge were told before them is not told again, to nobody's surprise but theirs.
      if (before !== undefined && told < before.fromSeq) link.out.close(connection.no, "reconnect");
      this.#add(connection, told);
      const user = userAddress(this.#tenant, connection.principal.userId);
      this.#env.tell(user, { kind: "subscribed", room: this.#room, connectionId: connection.connectionId });
    }
    const listeners = this.#listeners.at(link);
    if (listeners === undefined || before !== undefined || told >= head) return undefined;
    this.#listeners.lagsFrom(listeners, told);
    return listeners;
  }

  /** Events that the others were told before. `toldSeq` says what to tell next; `undefined` when nothing is left. */
  tellMissed(listeners: Listeners, events: readonly LogEvent[], head: Seq, facts: RoomFacts): void {
    const after = listeners.toldSeq;
    const last = events[events.length - 1];
    if (after === undefined || last === undefined) return;
    this.#tell(events, after, facts, [listeners], listeners);
    if (last.seq < head) listeners.toldSeq = last.seq;
    else this.#listeners.lagsNoMore(listeners);
  }

  /** What they lack cannot be had now: they are to come back and resume. */
  sendAway(listeners: Listeners): void {
    this.#listeners.lagsNoMore(listeners);
    for (const connection of this.#listeners.connections) {
      if (connection.link === listeners.link) listeners.link.out.close(connection.no, "reconnect");
    }
  }

  unsubscribe(connection: ShardConnection): void {
    const catchUp = this.#catchUps.get(connection);
    if (catchUp !== undefined) catchUp.left = true;
    const listeners = this.#listeners.at(connection.link);
    if (listeners === undefined || !this.#listeners.connections.has(connection)) return;
    connection.link.out.unsubscribe(connection.no, listeners.topic);
    connection.rooms?.delete(this);
    const user = userAddress(this.#tenant, connection.principal.userId);
    this.#env.tell(user, { kind: "unsubscribed", room: this.#room, connectionId: connection.connectionId });
    this.#remove(connection);
  }

  connectionClosed(connection: ShardConnection): void {
    if (this.#catchUps.get(connection)?.waitsAt !== undefined) this.#catchUps.delete(connection);
    this.#remove(connection);
  }

  /** The activation ends while connections are subscribed, who were told up to `head`: the next one attaches them again. */
  release(head: Seq): readonly Released[] {
    for (const connection of this.#listeners.connections) connection.rooms?.delete(this);
    for (const connection of this.#catchUps.keys()) connection.rooms?.delete(this);
    const released = this.#listeners.release(head);
    this.ephemera.stop();
    this.#memberCount.stop();
    return released;
  }

  /** Fans out what one commit brought, to those who were told up to `after`. false: there was nothing to show, nothing was sent. */
  publishCommitted(events: readonly LogEvent[], after: Seq, facts: RoomFacts): boolean {
    return this.#tell(events, after, facts, this.#listeners.inStep);
  }

  /** Nothing of (after, head] is to be shown. */
  publishPosition(after: Seq, head: Seq): void {
    this.#publishInOrder(this.#positionFrame(after, head), this.#listeners.inStep);
  }

  #positionFrame(after: Seq, head: Seq): EventsFrame {
    return { type: "events", roomId: this.#room, after, head, events: [] };
  }

  /** Sends events to one connection, as `publishCommitted` would have. Not 0: it takes so many bytes, and nothing was sent. */
  replay(
    connection: ShardConnection,
    events: readonly LogEvent[],
    after: Seq,
    facts: RoomFacts,
    bytesMax: number,
  ): number {
    const frame = this.#eventsFrame(events, after, facts);
    if (frame === undefined) return 0;
    const lacks = sendReplay(connection, frame, this.#env.clock.monotonicMs(), bytesMax);
    if (lacks === 0 && this.#routes.isOn) this.#routes.replayed(connection, after, events.at(-1)?.seq ?? after);
    return lacks;
  }

  #add(connection: ShardConnection, head: Seq): Listeners {
    const listeners = this.#listeners.add(connection, head);
    connection.rooms ??= new Set();
    connection.rooms.add(this);
    return listeners;
  }

  #remove(connection: ShardConnection): void {
    if (!this.#listeners.remove(connection)) return;
    this.ephemera.mayHaveLeft(connection.principal.userId, connection);
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
      if (userId !== undefined && connection.principal.userId !== userId) return;
      const listeners = this.#listeners.at(connection.link);
      if (laggard === undefined ? listeners?.toldSeq === undefined : listeners === laggard) found.push(connection);
    };
    this.#listeners.connections.forEach(look);
    for (const connection of this.#catchUps.keys()) if (!this.#listeners.connections.has(connection)) look(connection);
    return found;
  }

  #partWith(event: MemberLeft | MemberBanned, laggard: Listeners | undefined): void {
    const { seq, userId } = event;
    const events = [departureView(event)];
    const frame: ServerFrame = { type: "events", roomId: this.#room, after: seq - 1, head: seq, events };
    for (const connection of this.#connectionsOf(userId, laggard)) {
      if (this.#listeners.connections.has(connection)) sendReplay(connection, frame, this.#env.clock.monotonicMs());
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
    if (this.#routes.isOn) this.#routes.routed(frame.after, frame.head, to, this.#listeners.edges);
    this.#listeners.publish(frame, frame.head, to);
  }
}
