/**
 * Who is listening to a room on this node, and what they are shown that is not in the log: typing, presence, receipts.
 * Invariant: every frame is encoded once per codec in use; a connection gets durable events only between its `subscribe`
 * and `unsubscribe` records, which stand in the same ordered stream as the events.
 */
import type { Timer } from "../base/clock.ts";
import type { RoomId, Seq, TenantId, UserId } from "../base/ids.ts";
import {
  POSITION_NAMES_MAX,
  RECEIPTS_INTERVAL_MS,
  RECEIPTS_PER_FRAME_MAX,
  ROOM_PRESENCE_SUBSCRIBERS_MAX,
} from "../base/limits.ts";
import type { LogEvent } from "../domain/room/events.ts";
import type { RoomEvent, RoomPosition, ServerFrame, UserRef } from "../protocol/frames.ts";
import { userAddress } from "./address.ts";
import type { ShardConnection, Subscribed } from "./connections.ts";
import type { Departed, TopicNo } from "./link.ts";
import type { ShownPresence } from "./messages.ts";
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

interface Typing {
  readonly user: UserRef;
  readonly timer: Timer;
  /** Monotonic time of the last frame that said so. */
  readonly shownMs: number;
}

/** Beyond the grace period: for the word of a user's actor, which knows more, to arrive, milliseconds. */
const DEPARTURE_SLACK_MS = 1_500;
/** Departures are looked at no more often, milliseconds: each look goes through all subscribers. */
const DEPARTURES_INTERVAL_MS = 500;

/** `tenant/room`: what the edge calls the topic. Ids have no `/`. */
export function topicKey(tenant: TenantId, room: RoomId): string {
  return `${tenant}/${room}`;
}

export class RoomAudience implements Subscribed {
  readonly #env: ShardEnv;
  readonly #tenant: TenantId;
  readonly #room: RoomId;
  readonly #later: <Args extends readonly unknown[]>(run: (...args: Args) => void) => (...args: Args) => void;
  readonly #subscribers = new Map<number, ShardConnection>();
  readonly #catchUps = new Map<number, CatchUp>();
  /** Subscribers by codec id: what nobody reads is not encoded. */
  readonly #perCodec = [0, 0, 0, 0];
  #topic: TopicNo = 0;
  readonly #typing = new Map<UserId, Typing>();
  readonly #present = new Map<UserId, ShownPresence>();
  /** Shown as present, and one of their connections has gone: when they are dropped unless their actor says more. */
  readonly #departed = new Map<UserId, number>();
  #departedTimer: Timer | undefined;
  #departuresDueMs = 0;
  readonly #receipts = new Map<UserId, { userId: UserId; readSeq: Seq; deliveredSeq: Seq }>();
  #receiptsTimer: Timer | undefined;
  #receiptsSentMs = Number.NEGATIVE_INFINITY;

  constructor(
    env: ShardEnv,
    tenant: TenantId,
    room: RoomId,
    later: <Args extends readonly unknown[]>(run: (...args: Args) => void) => (...args: Args) => void,
  ) {
    this.#env = env;
    this.#tenant = tenant;
    this.#room = room;
    this.#later = later;
  }

  get isEmpty(): boolean {
    return this.#subscribers.size === 0;
  }

  has(connection: ShardConnection): boolean {
    return this.#subscribers.has(connection.no);
  }

  get typingUsers(): UserId[] {
    return [...this.#typing.keys()].slice(0, POSITION_NAMES_MAX);
  }

  get presentUsers(): UserId[] {
    const users: UserId[] = [];
    for (const [userId, presence] of this.#present) {
      if (users.length >= POSITION_NAMES_MAX) break;
      if (presence.status !== "offline") users.push(userId);
    }
    return users;
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

  get shown(): readonly ShownPresence[] {
    return [...this.#present.values()];
  }

  /** What the former activation of this room showed. */
  inherit(present: readonly ShownPresence[]): void {
    for (const presence of present) {
      this.#present.set(presence.user.userId, presence);
      this.#noteDeparture(presence.user.userId, this.#departureMs);
    }
  }

  /** These were shown before the shard was lost. Those who came back meanwhile are found among the subscribers. */
  departed(people: readonly Departed[]): void {
    const lastSeen = this.#env.clock.wallMs();
    for (const { user, clean, agoMs } of people) {
      if (!this.#present.has(user.userId)) this.#present.set(user.userId, { user, status: "online", lastSeen });
      this.#noteDeparture(user.userId, clean ? 0 : Math.max(0, this.#env.settings.presenceGraceMs - agoMs));
    }
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
    this.#receiptsTimer?.cancel();
    this.#departedTimer?.cancel();
    for (const typing of this.#typing.values()) typing.timer.cancel();
    return connections;
  }

  /** Fans out what one commit brought, cut after each event that takes a member away. */
  publishCommitted(events: readonly LogEvent[], after: Seq, facts: RoomFacts): void {
    let from = 0;
    let follows = after;
    for (let i = 0; i < events.length; i += 1) {
      const event = events[i] as LogEvent;
      if (event.kind === "message_sent" && this.#typing.size > 0) this.stopTyping(event.by);
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

  startTyping(user: UserRef, snake: boolean): void {
    const { clock, settings } = this.#env;
    const timeoutMs = snake ? settings.typingTimeoutSnakeMs : settings.typingTimeoutMs;
    const before = this.#typing.get(user.userId);
    before?.timer.cancel();
    const now = clock.monotonicMs();
    const show = before === undefined || now - before.shownMs >= timeoutMs / 2;
    const timer = clock.after(
      timeoutMs,
      this.#later(() => this.stopTyping(user.userId)),
    );
    this.#typing.set(user.userId, { user, timer, shownMs: show ? now : before.shownMs });
    if (show)
      this.#publishEphemeral({
        type: "typing_indicator",
        roomId: this.#room,
        user,
        isTyping: true,
        expiresInMs: timeoutMs,
      });
  }

  stopTyping(userId: UserId): void {
    const typing = this.#typing.get(userId);
    if (typing === undefined) return;
    typing.timer.cancel();
    this.#typing.delete(userId);
    this.#publishEphemeral({
      type: "typing_indicator",
      roomId: this.#room,
      user: typing.user,
      isTyping: false,
      expiresInMs: 0,
    });
  }

  showPresence(presence: ShownPresence): void {
    const { userId } = presence.user;
    const before = this.#present.get(userId);
    if (presence.status === "offline") {
      this.#present.delete(userId);
      if (before === undefined) return;
    } else {
      this.#present.set(userId, presence);
      if (before !== undefined && before.status === presence.status && before.customStatus === presence.customStatus)
        return;
    }
    this.#publishEphemeral({
      type: "presence_update",
      roomId: this.#room,
      user: presence.user,
      status: presence.status,
      ...(presence.customStatus !== undefined && { customStatus: presence.customStatus }),
      lastSeen: presence.lastSeen,
    });
  }

  #noteDeparture(userId: UserId, delayMs: number): void {
    const dueMs = this.#env.clock.monotonicMs() + delayMs;
    this.#departed.set(userId, dueMs);
    if (this.#departedTimer === undefined || dueMs < this.#departuresDueMs) this.#checkDeparturesIn(delayMs);
  }

  #checkDeparturesIn(delayMs: number): void {
    this.#departedTimer?.cancel();
    this.#departuresDueMs = this.#env.clock.monotonicMs() + delayMs;
    this.#departedTimer = this.#env.clock.after(delayMs, this.#later(this.#checkDepartures));
  }

  /** A word that was lost with a shard would leave somebody here for ever. */
  readonly #checkDepartures = (): void => {
    this.#departedTimer = undefined;
    const now = this.#env.clock.monotonicMs();
    const listening = new Set<UserId>();
    for (const connection of this.#subscribers.values()) listening.add(connection.info.principal.userId);
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [userId, dueMs] of this.#departed) {
      const shown = this.#present.get(userId);
      if (shown !== undefined && !listening.has(userId) && dueMs > now) {
        nextMs = Math.min(nextMs, dueMs - now);
        continue;
      }
      this.#departed.delete(userId);
      if (shown === undefined || listening.has(userId)) continue;
      this.showPresence({ ...shown, status: "offline", lastSeen: this.#env.clock.wallMs() });
    }
    if (this.#departed.size > 0) this.#checkDeparturesIn(Math.max(nextMs, DEPARTURES_INTERVAL_MS));
  };

  get #departureMs(): number {
    return this.#env.settings.presenceGraceMs + DEPARTURE_SLACK_MS;
  }

  /** A watermark moved: told to all, at most one frame per `RECEIPTS_INTERVAL_MS`. */
  showReceipt(userId: UserId, readSeq: Seq, deliveredSeq: Seq): void {
    if (this.isEmpty) return;
    this.#receipts.set(userId, { userId, readSeq, deliveredSeq });
    if (this.#receiptsTimer !== undefined) return;
    const waitMs = this.#receiptsSentMs + RECEIPTS_INTERVAL_MS - this.#env.clock.monotonicMs();
    this.#receiptsTimer = this.#env.clock.after(Math.max(0, waitMs), this.#later(this.#sendReceipts));
  }

  readonly #sendReceipts = (): void => {
    this.#receiptsTimer = undefined;
    this.#receiptsSentMs = this.#env.clock.monotonicMs();
    const receipts = [...this.#receipts.values()];
    this.#receipts.clear();
    for (let i = 0; i < receipts.length; i += RECEIPTS_PER_FRAME_MAX) {
      this.#publish(
        { type: "receipts", roomId: this.#room, receipts: receipts.slice(i, i + RECEIPTS_PER_FRAME_MAX) },
        0,
      );
    }
  };

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
    if (this.#present.has(userId)) this.#noteDeparture(userId, this.#departureMs);
    if (this.#subscribers.size > 0) return;
    this.#env.out.closeTopic(this.#topic);
    this.#topic = 0;
  }

  #count(connection: ShardConnection, difference: number): void {
    this.#perCodec[connection.codec.id] = (this.#perCodec[connection.codec.id] ?? 0) + difference;
  }

  /** The user is no member any more: none of their connections gets what follows. */
  #dismiss(userId: UserId): void {
    this.stopTyping(userId);
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

  #publishEphemeral(frame: ServerFrame): void {
    if (this.#subscribers.size <= ROOM_PRESENCE_SUBSCRIBERS_MAX) this.#publish(frame, 0);
  }

  #publish(frame: ServerFrame, head: Seq): void {
    if (this.#topic === 0) return;
    for (const codec of this.#env.codecs) {
      if ((this.#perCodec[codec.id] ?? 0) === 0) continue;
      for (const data of codec.encode(frame)) this.#env.out.publish(this.#topic, codec.id, codec.text, head, data);
    }
  }
}
