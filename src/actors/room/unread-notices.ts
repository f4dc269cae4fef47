/**
 * Keeps the unread counts of a room's members right on all of their devices: what does not listen to the room hears that
 * there is something new, and who reads on one device hears it on the others.
 * A message costs nothing by itself: a round a second tells `NOTICES_PER_ROUND_MAX` members' actors, where there are any, that
 * the room goes on; one with a device to be told asks back, and only then a count is made. All of it may be lost: the next
 * message makes good.
 * Invariant: no round without a message since the last member was told; nobody is activated to be told.
 */
import type { Timer } from "../../base/clock.ts";
import type { ConnectionId, Seq, UserId } from "../../base/ids.ts";
import { NOTICES_INTERVAL_MS, NOTICES_PER_ROUND_MAX, NOTICES_REMEMBERED_MEMBERS_MAX } from "../../base/limits.ts";
import type { LogEvent } from "../../domain/room/events.ts";
import type { MemberRow } from "../../domain/room/state.ts";
import type { UnreadCount } from "../../storage/projections.ts";
import type { Later } from "../actor.ts";
import { userAddress } from "../address.ts";
import type { RoomActor } from "./room-actor.ts";
import type { ShardEnv } from "../shard-env.ts";

export class UnreadNotices {
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #later: Later;
  #timer: Timer | undefined;
  #roundMs = Number.NEGATIVE_INFINITY;
  /** Listeners with more than one device: the others may not listen. Some may have one only, meanwhile. */
  readonly #many = new Set<UserId>();
  #hasMany = false;
  /** Members, where one page has them all; forgotten when somebody comes or goes, and where they are many when it is silent. */
  #all: readonly UserId[] | undefined;
  /** Larger rooms: told last. */
  #after: UserId | undefined;
  /** Rounds to go until everybody was told of the newest message. */
  #roundsLeft = 0;

  constructor(env: ShardEnv, room: RoomActor, later: Later) {
    this.#env = env;
    this.#room = room;
    this.#later = later;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** On the way of every message: cheap, and nothing where all members listen. */
  committed(events: readonly LogEvent[]): void {
    let isNews = false;
    for (const event of events) {
      if (event.kind === "message_sent") isNews = true;
      else if (event.kind === "member_joined" || event.kind === "member_left") {
        this.#all = undefined;
        this.#many.delete(event.userId);
        this.#hasMany = this.#many.size > 0;
      }
    }
    if (!isNews || (!this.#hasMany && this.#allListen)) return;
    this.#roundsLeft = Math.ceil(this.#room.state.memberCount / NOTICES_PER_ROUND_MAX);
    this.#arm();
  }

  /** A listener's actor told of them. */
  heard(userId: UserId, hasMany: boolean): void {
    if (hasMany) this.#many.add(userId);
    else this.#many.delete(userId);
    this.#hasMany = this.#many.size > 0;
  }

  /** A member's actor has a device to be told. */
  asked(userId: UserId): void {
    this.#countsOf(userId, (counts, readSeq) => this.#tell(userId, counts, readSeq, undefined));
  }

  /** What a member has not read, and how far they have; no answer for others, and when the store gives none. */
  #countsOf(userId: UserId, answer: (counts: UnreadCount, readSeq: Seq) => void): void {
    const { state, marks, key } = this.#room;
    const withMember = (member: MemberRow | null): void => {
      if (member === null) return;
      marks.of(userId, (mark) => {
        if (mark.ok) answer(marks.countsOf(mark.value, member), mark.value.readSeq);
      });
    };
    const known = state.members.get(userId);
    if (known !== undefined) return withMember(known);
    this.#env.journal.readMembers(
      key,
      [userId],
      this.#later((read) => {
        if (read.ok) withMember(state.members.get(userId) ?? read.value[0] ?? null);
      }),
    );
  }

  /** The member's counts changed by what they did on one device. */
  changed(userId: UserId, counts: UnreadCount, readSeq: Seq, on: ConnectionId | undefined): void {
    this.#tell(userId, counts, readSeq, { on });
  }

  #tell(userId: UserId, counts: UnreadCount, readSeq: Seq, own: { on: ConnectionId | undefined } | undefined): void {
    const { tenant, room } = this.#room;
    const by = own?.on === undefined ? {} : { on: own.on };
    this.#env.tell(userAddress(tenant, userId), {
      kind: "unread",
      room,
      ...counts,
      readSeq,
      toAll: own !== undefined,
      ...by,
    });
  }

  get #allListen(): boolean {
    return this.#room.audience.hasAll(this.#room.state.memberCount);
  }

  #arm(): void {
    if (this.#timer !== undefined) return;
    const waitMs = this.#roundMs + NOTICES_INTERVAL_MS - this.#env.clock.monotonicMs();
    this.#timer = this.#env.clock.after(
      Math.max(0, waitMs),
      this.#later(() => this.#round()),
    );
  }

  #round(): void {
    this.#timer = undefined;
    this.#roundMs = this.#env.clock.monotonicMs();
    if (this.#roundsLeft === 0) {
      if (this.#all !== undefined && this.#all.length > NOTICES_REMEMBERED_MEMBERS_MAX) this.#all = undefined;
      return;
    }
    this.#roundsLeft -= 1;
    if (this.#all !== undefined) return this.#tellPage(this.#all);
    if (this.#allListen) {
      const rounds = Math.ceil(this.#many.size / NOTICES_PER_ROUND_MAX);
      this.#roundsLeft = Math.min(this.#roundsLeft, Math.max(0, rounds - 1));
      return this.#tellPage(this.#nextOfMany());
    }
    const after = this.#after === undefined ? {} : { after: this.#after };
    this.#env.journal.listMembers(
      this.#room.key,
      { ...after, limit: NOTICES_PER_ROUND_MAX },
      this.#later((read) => {
        if (!read.ok) return;
        const page = read.value.map(({ userId }) => userId);
        const isLast = page.length < NOTICES_PER_ROUND_MAX;
        if (isLast && this.#after === undefined) this.#all = page;
        this.#after = isLast ? undefined : page[page.length - 1];
        this.#tellPage(page);
      }),
    );
  }

  /** Those who were told longest ago. */
  #nextOfMany(): readonly UserId[] {
    const page = [...this.#many].slice(0, NOTICES_PER_ROUND_MAX);
    for (const userId of page) {
      this.#many.delete(userId);
      this.#many.add(userId);
    }
    return page;
  }

  /** Also arms the next round: the one after the last finds nothing to do, and forgets. */
  #tellPage(page: readonly UserId[]): void {
    const { tenant, room, audience } = this.#room;
    // Where many listen, their own actors know it better than a search through all of them.
    const listening = audience.size <= NOTICES_PER_ROUND_MAX ? audience.listening() : undefined;
    for (const userId of page) {
      if (listening?.has(userId) !== true || this.#many.has(userId))
        this.#env.tell(userAddress(tenant, userId), { kind: "stirred", room });
    }
    this.#arm();
  }
}
