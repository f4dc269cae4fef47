/**
 * What one person wants to be told of while they are away, and how far they were told: documents.
 * Invariant: how far they were told only goes forward; who wants all messages stands in the tenant's list of these before it
 * stands in the person's own settings, so that the list lacks nobody.
 */
import type { RoomId, Seq, TenantId, UserId } from "../../base/ids.ts";
import { BLOCKS_MAX, NOTIFY_ROOMS_MAX } from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import {
  type Preferences,
  type RoomPreferences,
  TENANT_NOTIFY_DEFAULT,
  type TenantNotify,
} from "../../domain/notify/preferences.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Done } from "../../storage/journal.ts";
import type { StoredDocument } from "../../storage/projections.ts";
import type { Later } from "../actor.ts";
import { changeDocument } from "../change-document.ts";
import { gather } from "../gather.ts";
import type {
  KeptSubscription,
  NotifyAsk,
  NotifyReply,
  NotifySettingsAsk,
  NotifySettingsReply,
  RoomSetting,
} from "../notify-calls.ts";
import type { ShardEnv } from "../shard-env.ts";
import { TENANT_NOTIFY, TENANT_SETTINGS } from "../tenant/tenant-moderation.ts";
import { blocksOf } from "./user-blocks.ts";
import { UserBrowsers } from "./user-browsers.ts";

type Answer<Value> = (result: Result<Value, Rejection>) => void;

/** The tenant's people who may want all messages: `*`, or a room, then a slash and who. */
export const EAGER = "notify_eager";
const OF_ALL_ROOMS = "*";

export function preferencesOf(userId: UserId): string {
  return `notify.${userId}`;
}
export function notifiedOf(userId: UserId): string {
  return `notified.${userId}`;
}

const PERSON = "me";
const ROOM = "r/";
const UNAVAILABLE: Rejection = { code: "unavailable", retryAfterMs: 500 };

/** How far one person was told of one room. */
export interface Notified {
  readonly seq: Seq;
  readonly incarnation: number;
  readonly id: string;
  readonly at: number;
}

export class UserNotify {
  readonly #env: ShardEnv;
  readonly #tenant: TenantId;
  readonly #userId: UserId;
  readonly #later: Later;
  readonly #browsers: UserBrowsers;

  constructor(env: ShardEnv, tenant: TenantId, userId: UserId, later: Later) {
    this.#env = env;
    this.#tenant = tenant;
    this.#userId = userId;
    this.#later = later;
    this.#browsers = new UserBrowsers(env, tenant, userId, later);
  }

  settings(ask: NotifySettingsAsk, answer: Answer<NotifySettingsReply>): void {
    switch (ask.of) {
      case "person":
        if (ask.set === undefined) return this.#person(answer);
        return this.#setPerson(ask.set, (set) => (set.ok ? this.#person(answer) : answer(set)));
      case "room": {
        const { room, set } = ask;
        if (set === undefined) return this.#room(room, answer);
        return this.#setRoom(room, set, (done) => (done.ok ? this.#room(room, answer) : answer(done)));
      }
      case "rooms":
        return this.#rooms(ask, answer);
      case "browsers":
        return this.#browsers.asked(ask, answer);
    }
  }

  /** Of who is connected nothing is read. */
  engine(ask: NotifyAsk, isLive: () => boolean, hasBlocks: boolean, answer: Answer<NotifyReply>): void {
    switch (ask.do) {
      case "check":
        if (isLive()) return answer(ok({ isLive: true }));
        return this.#check(ask, isLive, hasBlocks, answer);
      case "told": {
        const { room, ...told } = ask;
        return this.#told(room, told, (done) => answer(done.ok ? ok({ isLive: isLive() }) : done));
      }
      case "forget_browsers":
        return this.#browsers.forget(ask.ids, (done) => answer(done.ok ? ok({ isLive: isLive() }) : done));
    }
  }

  // ---------------------------------------------------------------------------------------------- settings

  #person(answer: Answer<NotifySettingsReply>): void {
    gather<StoredDocument | null>(
      [this.#reading(preferencesOf(this.#userId), PERSON), this.#reading(TENANT_SETTINGS, TENANT_NOTIFY)],
      (read) => {
        if (!read.ok) return answer(err(UNAVAILABLE));
        const [own, tenant] = read.value;
        const preferences = (own?.value as Preferences | undefined) ?? {};
        answer(ok({ preferences, tenant: (tenant?.value as TenantNotify | undefined) ?? TENANT_NOTIFY_DEFAULT }));
      },
    );
  }

  #setPerson(set: Preferences, done: Answer<true>): void {
    const write = (then: Answer<true>): void =>
      this.#change(preferencesOf(this.#userId), PERSON, () => ok(Object.keys(set).length === 0 ? null : set), then);
    this.#withEager(OF_ALL_ROOMS, set.level === "all", write, done);
  }

  #room(room: RoomId, answer: Answer<NotifySettingsReply>): void {
    this.#read(preferencesOf(this.#userId), `${ROOM}${room}`, (read) => {
      if (!read.ok) return answer(err(UNAVAILABLE));
      answer(ok({ room: (read.value?.value as RoomPreferences | undefined) ?? {} }));
    });
  }

  #setRoom(room: RoomId, set: RoomPreferences | null, done: Answer<true>): void {
    const value = set === null || Object.keys(set).length === 0 ? null : set;
    const id = `${ROOM}${room}`;
    const write = (then: Answer<true>): void => this.#change(preferencesOf(this.#userId), id, () => ok(value), then);
    if (value === null) return this.#withEager(room, false, write, done);
    this.#roomSettings({ limit: NOTIFY_ROOMS_MAX }, (rooms) => {
      if (!rooms.ok) return done(err(UNAVAILABLE));
      const isKnown = rooms.value.some(({ roomId }) => roomId === room);
      if (!isKnown && rooms.value.length >= NOTIFY_ROOMS_MAX) return done(err(TOO_MANY_ROOMS));
      this.#withEager(room, value.level === "all", write, done);
    });
  }

  /** First into the list of those who want all, last out of it. */
  #withEager(scope: string, isEager: boolean, write: (then: Answer<true>) => void, done: Answer<true>): void {
    const list = (then: Answer<true>): void =>
      this.#change(EAGER, `${scope}/${this.#userId}`, () => ok(isEager ? {} : null), then);
    const [first, second] = isEager ? [list, write] : [write, list];
    first((result) => (result.ok ? second(done) : done(result)));
  }

  #rooms(
    { after, limit }: { readonly after?: RoomId; readonly limit: number },
    answer: Answer<NotifySettingsReply>,
  ): void {
    this.#roomSettings({ limit, ...(after !== undefined && { after }) }, (rooms) => {
      answer(rooms.ok ? ok({ rooms: rooms.value }) : err(UNAVAILABLE));
    });
  }

  #roomSettings(
    { after, limit }: { readonly after?: RoomId; readonly limit: number },
    done: Done<readonly RoomSetting[]>,
  ): void {
    const page = { after: `${ROOM}${after ?? ""}`, limit };
    this.#env.projections.listDocuments(
      this.#tenant,
      preferencesOf(this.#userId),
      page,
      this.#later((read) => {
        if (!read.ok) return done(read);
        const rooms = read.value.map(({ id, value }) => ({ roomId: id.slice(ROOM.length) as RoomId, ...value }));
        done({ ok: true, value: rooms });
      }),
    );
  }

  // ---------------------------------------------------------------------------------------------- for whoever sends

  #check(
    { room, incarnation }: Extract<NotifyAsk, { do: "check" }>,
    isLive: () => boolean,
    hasBlocks: boolean,
    answer: Answer<NotifyReply>,
  ): void {
    const own = preferencesOf(this.#userId);
    const reads: readonly ((done: Done<unknown>) => void)[] = [
      this.#reading(own, PERSON),
      this.#reading(own, `${ROOM}${room}`),
      this.#reading(notifiedOf(this.#userId), room),
      (done) => this.#browsers.list(done),
      (done) => (hasBlocks ? this.#blocked(done) : done({ ok: true, value: [] })),
    ];
    gather(reads, (read) => {
      if (!read.ok) return answer(err(UNAVAILABLE));
      // They are of these types, in this order.
      const [person, ofRoom, notified, browsers, blocked] = read.value as [
        StoredDocument | null,
        StoredDocument | null,
        StoredDocument | null,
        readonly KeptSubscription[],
        readonly UserId[],
      ];
      // Whoever came while this was read is there.
      if (isLive()) return answer(ok({ isLive: true }));
      const told = notified?.value as Notified | undefined;
      answer(
        ok({
          isLive: false,
          preferences: (person?.value as Preferences | undefined) ?? {},
          room: (ofRoom?.value as RoomPreferences | undefined) ?? {},
          blocked,
          notifiedSeq: told?.incarnation === incarnation ? told.seq : 0,
          browsers,
        }),
      );
    });
  }

  #blocked(done: Done<readonly UserId[]>): void {
    this.#env.projections.listDocuments(
      this.#tenant,
      blocksOf(this.#userId),
      { limit: BLOCKS_MAX },
      this.#later((read) => done(read.ok ? { ok: true, value: read.value.map(({ id }) => id as UserId) } : read)),
    );
  }

  #told(room: RoomId, told: Omit<Notified, "at">, done: Answer<true>): void {
    const { seq, incarnation, id } = told;
    const next = { seq, incarnation, id, at: this.#env.clock.wallMs() };
    this.#change(
      notifiedOf(this.#userId),
      room,
      (value) => {
        const known = value as Notified | undefined;
        const isBehind = known === undefined || known.incarnation !== incarnation || known.seq < seq;
        return ok(isBehind ? next : known);
      },
      done,
    );
  }

  // ---------------------------------------------------------------------------------------------- documents

  #reading(collection: string, id: string): (done: Done<StoredDocument | null>) => void {
    return (done) => this.#read(collection, id, done);
  }

  #read(collection: string, id: string, done: Done<StoredDocument | null>): void {
    this.#env.projections.readDocument(this.#tenant, collection, id, this.#later(done));
  }

  #change(
    collection: string,
    id: string,
    change: (value: object | undefined) => Result<object | null, Rejection>,
    done: Answer<true>,
  ): void {
    changeDocument(this.#env, { tenant: this.#tenant, collection, id }, change, this.#later, done);
  }
}

const TOO_MANY_ROOMS: Rejection = {
  code: "too_many",
  message: `There are notification settings for ${NOTIFY_ROOMS_MAX} rooms already.`,
};
