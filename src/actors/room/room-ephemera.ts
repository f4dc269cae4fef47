/**
 * What a room's audience is shown that is not in its log: typing, presence. All of it may be lost; nothing of it
 * stays for ever: typing ends by itself, people whose word was lost are dropped after the grace period.
 * Invariant: what one person does is shown to all only in small rooms; in large ones clients ask for pages.
 */
import type { Timer } from "../../base/clock.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import { POSITION_NAMES_MAX, ROOM_PRESENCE_SUBSCRIBERS_MAX } from "../../base/limits.ts";
import type { ServerFrame, UserRef } from "../../protocol/frames.ts";
import type { Later } from "../actor.ts";
import type { UserAddress } from "../address.ts";
import type { PresentView, RoomCalls } from "../calls.ts";
import type { Departed } from "../link.ts";
import type { ShownPresence } from "../messages.ts";
import type { ShardEnv } from "../shard-env.ts";

/** The audience, as far as it is shown something. */
export interface Onlookers {
  readonly isEmpty: boolean;
  readonly size: number;
  listening(): ReadonlySet<UserId>;
  /** Has people's actors say once more how they are to be seen. */
  tellAgain(isTold: (address: UserAddress) => boolean): void;
  show(frame: ServerFrame): void;
}

interface Typing {
  readonly user: UserRef;
  /** The connection that said so last; `undefined`: it came over REST. */
  readonly from: object | undefined;
  readonly timer: Timer;
  /** Monotonic time of the last frame that said so. */
  readonly shownMs: number;
}

/** Beyond the grace period: for the word of a user's actor, which knows more, to arrive, milliseconds. */
const DEPARTURE_SLACK_MS = 1_500;
/** Departures are looked at no more often, milliseconds: each look goes through all subscribers. */
const DEPARTURES_INTERVAL_MS = 500;

export class RoomEphemera {
  readonly #env: ShardEnv;
  readonly #room: RoomId;
  readonly #audience: Onlookers;
  readonly #later: Later;
  readonly #typing = new Map<UserId, Typing>();
  /** Of them. A field: each message asks. */
  #typists = 0;
  readonly #present = new Map<UserId, ShownPresence>();
  /**
   * When to look at somebody again: shown as present, and one of their connections has gone, they are dropped unless their actor
   * says more; said to be gone, and listening all the same, their actor is asked.
   */
  readonly #departed = new Map<UserId, number>();
  #departedTimer: Timer | undefined;
  #departuresDueMs = 0;

  constructor(env: ShardEnv, room: RoomId, audience: Onlookers, later: Later) {
    this.#env = env;
    this.#room = room;
    this.#audience = audience;
    this.#later = later;
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

  get presentCount(): number {
    return this.#present.size;
  }

  /** `undefined`: is not there, or not to be seen. */
  presenceOf(userId: UserId): ShownPresence | undefined {
    return this.#present.get(userId);
  }

  /** A page of who is there. */
  present({ after, limit }: { readonly after?: UserId; readonly limit: number }): RoomCalls["present"]["reply"] {
    const ids = smallestAfter(this.#present.keys(), after, limit + 1);
    const present: PresentView[] = [];
    for (const id of ids.slice(0, limit)) {
      const shown = this.#present.get(id);
      if (shown === undefined) continue;
      const { user, status, customStatus } = shown;
      present.push({ ...user, status, ...(customStatus !== undefined && { customStatus }) });
    }
    return { present, count: this.#present.size, hasMore: ids.length > limit };
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

  /** These were shown before the shard was lost. Who listens again is shown as their actor says, or not at all. */
  departed(people: readonly Departed[]): void {
    if (people.length === 0) return;
    const lastSeen = this.#env.clock.wallMs();
    const listening = this.#audience.listening();
    for (const { user, clean, agoMs } of people) {
      if (listening.has(user.userId)) continue;
      if (!this.#present.has(user.userId)) this.#present.set(user.userId, { user, status: "online", lastSeen });
      this.#noteDeparture(user.userId, clean ? 0 : Math.max(0, this.#env.settings.presenceGraceMs - agoMs));
    }
  }

  /** One of a person's connections listens no more. Whoever typed there cannot go on. */
  mayHaveLeft(userId: UserId, connection: object): void {
    if (this.#typing.get(userId)?.from === connection) this.stopTyping(userId);
    if (this.#present.has(userId)) this.#noteDeparture(userId, this.#departureMs);
  }

  stop(): void {
    this.#departedTimer?.cancel();
    for (const typing of this.#typing.values()) typing.timer.cancel();
  }

  startTyping(user: UserRef, snake: boolean, from?: object): void {
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
    this.#typing.set(user.userId, { user, from, timer, shownMs: show ? now : before.shownMs });
    this.#typists = this.#typing.size;
    if (show)
      this.#show({
        type: "typing_indicator",
        roomId: this.#room,
        user,
        isTyping: true,
        expiresInMs: timeoutMs,
      });
  }

  stopTyping(userId: UserId): void {
    const typing = this.#typists === 0 ? undefined : this.#typing.get(userId);
    if (typing === undefined) return;
    typing.timer.cancel();
    this.#typing.delete(userId);
    this.#typists = this.#typing.size;
    this.#show({
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
      this.#noteDeparture(userId, DEPARTURES_INTERVAL_MS);
    } else {
      this.#present.set(userId, presence);
      // Told from afar, and perhaps gone again by now: then the word of that may be lost.
      if (before === undefined) this.#noteDeparture(userId, this.#departureMs);
      if (before !== undefined && isSameSight(before, presence)) return;
    }
    this.#show({
      type: "presence_update",
      roomId: this.#room,
      user: presence.user,
      status: presence.status,
      ...(presence.customStatus !== undefined && { customStatus: presence.customStatus }),
      lastSeen: presence.lastSeen,
      ...(presence.customStatusUntil !== undefined && { customStatusUntil: presence.customStatusUntil }),
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

  /**
   * A word that was lost with a shard would leave somebody here for ever; that of a node which had not heard yet that they are
   * with another one, for ever gone.
   */
  readonly #checkDepartures = (): void => {
    this.#departedTimer = undefined;
    const now = this.#env.clock.monotonicMs();
    const listening = this.#audience.listening();
    const doubtful = new Set<UserId>();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [userId, dueMs] of this.#departed) {
      const shown = this.#present.get(userId);
      if (shown !== undefined && !listening.has(userId) && dueMs > now) {
        nextMs = Math.min(nextMs, dueMs - now);
        continue;
      }
      this.#departed.delete(userId);
      if (shown === undefined && listening.has(userId)) doubtful.add(userId);
      if (shown === undefined || listening.has(userId)) continue;
      this.showPresence({ ...shown, status: "offline", lastSeen: this.#env.clock.wallMs() });
    }
    if (doubtful.size > 0) this.#audience.tellAgain(({ id }) => doubtful.has(id));
    if (this.#departed.size > 0) this.#checkDeparturesIn(Math.max(nextMs, DEPARTURES_INTERVAL_MS));
  };

  get #departureMs(): number {
    return this.#env.settings.presenceGraceMs + DEPARTURE_SLACK_MS;
  }

  #show(frame: ServerFrame): void {
    if (this.#audience.size <= ROOM_PRESENCE_SUBSCRIBERS_MAX) this.#audience.show(frame);
  }
}

function isSameSight(a: ShownPresence, b: ShownPresence): boolean {
  const isSameStatus = a.status === b.status && a.customStatus === b.customStatus;
  return (
    isSameStatus &&
    a.customStatusUntil === b.customStatusUntil &&
    a.user.name === b.user.name &&
    a.user.avatar === b.user.avatar
  );
}

/** The first `limit` ids after `after`, in order: one pass, and few moves however many there are. */
export function smallestAfter<Id extends string>(ids: Iterable<Id>, after: Id | undefined, limit: number): Id[] {
  const page: Id[] = [];
  for (const id of ids) {
    if (after !== undefined && id <= after) continue;
    const last = page[page.length - 1];
    if (page.length === limit && last !== undefined && id >= last) continue;
    let [low, high] = [0, page.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((page[middle] as Id) < id) low = middle + 1;
      else high = middle;
    }
    page.splice(low, 0, id);
    if (page.length > limit) page.pop();
  }
  return page;
}
