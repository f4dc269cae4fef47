/**
 * Follows the logs and tells people who are away. A log is left alone for a window, so that what happened meanwhile is one
 * notification; then those whom it is for are asked for right before it is sent: their actor whether they are there, the room
 * whether they have read it.
 * Invariants: the log is the queue, so nothing that waits is lost with this process; what was sent is noted before the position
 * moves, so that a crash in between repeats one notification at most, with the same id.
 */
import type { RoomNotifyReply } from "../../actors/notify-calls.ts";
import type { Clock } from "../../base/clock.ts";
import type { UserId } from "../../base/ids.ts";
import {
  MENTION_ALL_MAX,
  NOTICES_PAGE,
  NOTIFY_AGE_MS_MAX,
  NOTIFY_LOGS_AT_ONCE,
  NOTIFY_PEOPLE_AT_ONCE,
  NOTIFY_ROOMS_KNOWN_MAX,
  NOTIFY_RUN_EVENTS_MAX,
  NOTIFY_SMALL_ROOM_MEMBERS,
} from "../../base/limits.ts";
import { audienceOf, type RoomAudience } from "../../domain/notify/audience.ts";
import { type Occasion, occasionsIn } from "../../domain/notify/occasions.ts";
import type { RoomType } from "../../domain/room/vocabulary.ts";
import type { Delivered, LogConsumer, LogRun, Pace } from "../../followers/log-consumer.ts";
import type { LogKey } from "../../storage/journal.ts";
import type { EngineAsker } from "./engine-asker.ts";
import { PeopleTeller, type TellerParts } from "./people-teller.ts";
import type { KnownTenant, TenantBook } from "./tenant-book.ts";

export interface ConsumerParts extends TellerParts {
  readonly engine: EngineAsker;
  readonly book: TenantBook;
  readonly clock: Clock;
  readonly windowMs: number;
  readonly report: (event: string, details: Readonly<Record<string, string | number>>) => void;
}

/** What was said of a room last, for rooms where nobody need be asked for. */
interface KnownRoom {
  readonly type: RoomType;
  readonly memberCount: number;
}
/** Of a room that is not there any more: nobody. */
type Audience = RoomAudience | "gone" | undefined;

export class NotifyConsumer implements LogConsumer {
  readonly name = "notify";
  readonly pace: Pace;
  readonly #parts: ConsumerParts;
  readonly #teller: PeopleTeller;
  readonly #rooms = new Map<string, KnownRoom>();

  constructor(parts: ConsumerParts) {
    this.#parts = parts;
    this.#teller = new PeopleTeller(parts);
    this.pace = { delayMs: parts.windowMs, eventsMax: NOTIFY_RUN_EVENTS_MAX, logsAtOnce: NOTIFY_LOGS_AT_ONCE };
  }

  deliver(run: LogRun, done: (outcome: Delivered) => void): void {
    const occasions = occasionsIn(run.events, this.#parts.clock.wallMs() - NOTIFY_AGE_MS_MAX);
    if (occasions.length === 0) return queueMicrotask(() => done("durable"));
    this.#tell(run.log, occasions).then(done, (error: unknown) => {
      // A broken invariant: this log waits, the others go on.
      const { tenant, room } = run.log;
      this.#parts.report("notify_failed", { tenant, room, error: error instanceof Error ? error.message : "error" });
      done("later");
    });
  }

  async #tell(log: LogKey, occasions: readonly Occasion[]): Promise<Delivered> {
    const tenant = await this.#parts.book.tenant(log.tenant);
    if (tenant === undefined) return "later";
    const audience = await this.#audience(log, occasions, tenant);
    if (audience === undefined) return "later";
    if (audience === "gone") return "durable";
    const people = [...audienceOf(occasions, audience)];
    for (let at = 0; at < people.length; at += NOTIFY_PEOPLE_AT_ONCE) {
      // A few at a time: between asking and sending there is no time for them to come.
      const told = await this.#teller.tell(log, tenant, people.slice(at, at + NOTIFY_PEOPLE_AT_ONCE));
      if (told === "later") return told;
    }
    return "durable";
  }

  // ---------------------------------------------------------------------------------------------- who it is for

  async #audience(log: LogKey, occasions: readonly Occasion[], tenant: KnownTenant): Promise<Audience> {
    const messages = occasions.filter(({ kind }) => kind === "message");
    if (messages.length === 0) return { type: "group", followers: new Map(), members: [], eager: [] };
    const chosen = await this.#parts.book.eagerIn(log.tenant, log.room);
    if (chosen === undefined) return undefined;
    const roots = [...new Set(messages.flatMap(({ thread }) => (thread === undefined ? [] : [thread.root])))];
    const isForAll = messages.some(({ everybody }) => everybody);
    const mayBeEager = tenant.notify.level === "all" || tenant.eager.size > 0;
    const key = `${log.tenant}/${log.room}`;
    const known = this.#rooms.get(key);
    const isQuiet = known !== undefined && known.type !== "direct" && roots.length === 0 && !isForAll;
    const isLarge = known !== undefined && known.memberCount > NOTIFY_SMALL_ROOM_MEMBERS;
    if (isQuiet && (!mayBeEager || isLarge)) return audience(known.type, { eager: chosen });
    const first = await this.#page(log, roots, isForAll || mayBeEager);
    if (first === undefined || first === "gone") return first;
    this.#know(key, first);
    const members = isForAll ? await this.#allMembers(log, first) : first.members;
    if (members === undefined && (isForAll || mayBeEager)) return undefined;
    const isSmall = first.memberCount <= NOTIFY_SMALL_ROOM_MEMBERS;
    const eager = isSmall && mayBeEager ? eagerAmong(first.members ?? [], tenant) : [];
    return audience(first.type, {
      eager: [...new Set([...chosen, ...eager])],
      followers: new Map(first.followers ?? []),
      members: isForAll || first.type === "direct" ? (members ?? []) : [],
    });
  }

  async #page(
    log: LogKey,
    roots: readonly number[],
    withMembers: boolean,
  ): Promise<RoomNotifyReply | "gone" | undefined> {
    const members = withMembers ? { members: { limit: NOTICES_PAGE } } : {};
    const said = await this.#parts.engine.room(log.tenant, log.room, { do: "audience", roots, ...members });
    if (said.ok) return said.value;
    return said.error.code === "room_not_found" ? "gone" : undefined;
  }

  /** Page by page, as many as are told of a message to all. */
  async #allMembers(log: LogKey, first: RoomNotifyReply): Promise<readonly UserId[] | undefined> {
    const members = [...(first.members ?? [])];
    for (let { next } = first; next !== undefined && members.length < MENTION_ALL_MAX; ) {
      const page = { after: next, limit: Math.min(NOTICES_PAGE, MENTION_ALL_MAX - members.length) };
      const said = await this.#parts.engine.room(log.tenant, log.room, { do: "audience", roots: [], members: page });
      if (!said.ok) return undefined;
      members.push(...(said.value.members ?? []));
      next = said.value.next;
    }
    return members;
  }

  #know(key: string, { type, memberCount }: RoomNotifyReply): void {
    if (this.#rooms.size >= NOTIFY_ROOMS_KNOWN_MAX) this.#rooms.clear();
    this.#rooms.set(key, { type, memberCount });
  }
}

function audience(type: RoomType, parts: Partial<RoomAudience>): RoomAudience {
  return { type, followers: new Map(), members: [], eager: [], ...parts };
}

function eagerAmong(members: readonly UserId[], { notify, eager }: KnownTenant): readonly UserId[] {
  return notify.level === "all" ? members : members.filter((userId) => eager.has(userId));
}
