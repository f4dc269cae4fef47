/**
 * What is one person's in all rooms: their items, and the threads that they follow. The person's side of the items is read,
 * corrected by what this shard has not written yet; from other shards it may lag by the flusher's interval.
 */
import { itemNames, type RoomId, type Seq, type TenantId, type UserId } from "../../base/ids.ts";
import type { ItemValue } from "../../domain/room/state.ts";
import type { LogKey } from "../journal.ts";
import type { PersonalItem, PersonalQuery, UnreadThread, UnreadThreadsQuery } from "../projections.ts";
import type { DocumentStore } from "./document-store.ts";
import type { ApiResult } from "./dynamo-api.ts";
import type { ItemStore } from "./item-store.ts";
import { logName } from "./keys.ts";
import type { PendingRows, Versioned } from "./pending-rows.ts";
import type { RoomRow, RowStore } from "./row-store.ts";

interface Owned {
  readonly log: LogKey;
  readonly id: string;
  readonly row: Versioned<ItemValue | null>;
}
interface Followed extends Owned {
  readonly root: Seq;
  readonly no: number;
}

/** Items read at once, absences included. */
const PAGE = 200;

export class PersonalReader {
  readonly #rows: RowStore;
  readonly #items: ItemStore;
  readonly #documents: DocumentStore;
  readonly #pending: PendingRows;

  constructor(rows: RowStore, items: ItemStore, documents: DocumentStore, pending: PendingRows) {
    this.#rows = rows;
    this.#items = items;
    this.#documents = documents;
    this.#pending = pending;
  }

  async items(tenant: TenantId, user: UserId, query: PersonalQuery): Promise<ApiResult<readonly PersonalItem[]>> {
    const { collection, id, after, limit } = query;
    const found: PersonalItem[] = [];
    const owned = await this.#owned(tenant, user, collection, { limit: Number.POSITIVE_INFINITY, backward: false });
    if (!owned.ok) return owned;
    const wanted = owned.value.filter(
      (one) => (id === undefined || one.id === id) && (after === undefined || one.log.room > after),
    );
    for (let at = 0; at < wanted.length && found.length < limit; at += PAGE) {
      const some = wanted.slice(at, at + PAGE);
      const rooms = await this.#roomsOf(tenant, some);
      if (!rooms.ok) return rooms;
      for (const { log, id: itemId, row } of some) {
        const card = liveCard(rooms.value.get(log.room), log);
        if (card !== undefined && row.value !== null && found.length < limit)
          found.push({ room: log.room, card, id: itemId, value: row.value });
      }
    }
    return { ok: true, value: found };
  }

  async threads(
    tenant: TenantId,
    user: UserId,
    query: UnreadThreadsQuery,
  ): Promise<ApiResult<readonly UnreadThread[]>> {
    const page = { limit: query.lookedAtMax, backward: true };
    const owned = await this.#owned(tenant, user, query.follows, page);
    if (!owned.ok || owned.value.length === 0) return owned.ok ? { ok: true, value: [] } : owned;
    const followed = owned.value.map((one) => ({ ...one, root: Number(one.id), no: noOf(one.row.value) }));
    const [rooms, members, marks, last] = await Promise.all([
      this.#roomsOf(tenant, followed),
      this.#memberOf(tenant, user),
      this.#documents.list(tenant, query.marks, { limit: query.lookedAtMax }),
      this.#lastReplies(followed),
    ]);
    if (!rooms.ok) return rooms;
    if (!members.ok) return members;
    if (!marks.ok) return marks;
    if (!last.ok) return last;
    const read = new Map(marks.value.map(({ id, value }) => [id, noOf(value)]));
    const threads: UnreadThread[] = [];
    for (const { log, id, root, no } of followed) {
      if (liveCard(rooms.value.get(log.room), log) === undefined || !members.value.has(logName(log))) continue;
      const unread = (last.value.get(`${logName(log)}/${id}`) ?? 0) - Math.max(no, read.get(`${log.room}/${id}`) ?? 0);
      if (unread > 0) threads.push({ room: log.room, root, unread });
    }
    return { ok: true, value: threads.slice(0, query.limit) };
  }

  /** In the order of rooms; what is gone is left out. */
  async #owned(
    tenant: TenantId,
    user: UserId,
    collection: string,
    { limit, backward }: { readonly limit: number; readonly backward: boolean },
  ): Promise<ApiResult<readonly Owned[]>> {
    // Looked at before the table: what is written meanwhile is found there.
    const owned = new Map<string, Owned>();
    for (const log of this.#pending.rooms(tenant).values()) {
      for (const [key, row] of log.items) {
        const names = itemNames(key);
        if (row.person !== user || names.collection !== collection) continue;
        owned.set(`${logName(log.key)}/${names.id}`, { log: log.key, id: names.id, row });
      }
    }
    let after: string | undefined;
    for (let seen = 0; seen < limit; seen += PAGE) {
      const page = await this.#items.belongings(
        tenant,
        user,
        { collection, backward, ...(after !== undefined && { after }) },
        Math.min(PAGE, limit),
      );
      if (!page.ok) return page;
      for (const { log, id, row } of page.value) {
        const name = `${logName(log)}/${id}`;
        const waiting = owned.get(name);
        if (waiting === undefined || waiting.row.version < row.version) owned.set(name, { log, id, row });
      }
      after = page.value.at(-1)?.sk;
      if (page.value.length < PAGE) break;
    }
    const there = [...owned.values()].filter(({ row }) => row.value !== null);
    return { ok: true, value: there.toSorted((a, b) => (a.log.room < b.log.room ? -1 : 1)) };
  }

  /** As they are now, with what waits to be written. */
  async #roomsOf(tenant: TenantId, owned: readonly Owned[]): Promise<ApiResult<ReadonlyMap<RoomId, RoomRow>>> {
    const pending = this.#pending.rooms(tenant);
    const cards = new Map([...pending].map(([room, { key, card }]) => [room, { key, card }] as const));
    const rooms = await this.#rows.rooms(tenant, new Set(owned.map(({ log }) => log.room)));
    if (!rooms.ok) return rooms;
    const corrected = new Map(rooms.value);
    for (const [room, { key, card }] of cards) {
      const standing = corrected.get(room);
      if (card === undefined || (standing?.card?.version ?? 0) > card.version) continue;
      const former = standing ?? { head: 0, messageCount: 0, lastActivity: 0 };
      corrected.set(room, { ...former, incarnation: key.incarnation, card });
    }
    return { ok: true, value: corrected };
  }

  /** Names of the logs that the person is a member of now. */
  async #memberOf(tenant: TenantId, user: UserId): Promise<ApiResult<ReadonlySet<string>>> {
    const waiting = [...this.#pending.rooms(tenant).values()].map(
      (log) => [logName(log.key), log.members.get(user)] as const,
    );
    const memberships = await this.#rows.memberships(tenant, user);
    if (!memberships.ok) return memberships;
    const rows = new Map(
      memberships.value.map(({ room, incarnation, member }) => [logName({ tenant, room, incarnation }), member]),
    );
    for (const [name, row] of waiting) {
      if (row !== undefined && row.version >= (rows.get(name)?.version ?? 0)) rows.set(name, row);
    }
    return { ok: true, value: new Set([...rows].filter(([, { value }]) => value !== null).map(([name]) => name)) };
  }

  /** Numbers of the threads' last replies, by `log/id`. */
  async #lastReplies(followed: readonly Followed[]): Promise<ApiResult<ReadonlyMap<string, number>>> {
    const byLog = new Map<string, Followed[]>();
    for (const one of followed) byLog.set(logName(one.log), [...(byLog.get(logName(one.log)) ?? []), one]);
    const last = new Map<string, number>();
    const reads = [...byLog.values()].map(async (some): Promise<ApiResult<true>> => {
      const [first] = some;
      if (first === undefined) return { ok: true, value: true };
      const waiting = this.#pending.log(first.log)?.overlays;
      const pending = new Map(some.map(({ root }) => [root, waiting?.get(root)]));
      const overlays = await this.#rows.overlays(
        first.log,
        some.map(({ root }) => root),
      );
      if (!overlays.ok) return overlays;
      for (const { log, id, root } of some) {
        const [stored, newer] = [overlays.value.get(root), pending.get(root)];
        const overlay = newer !== undefined && newer.version >= (stored?.version ?? 0) ? newer : stored;
        last.set(`${logName(log)}/${id}`, overlay?.value.thread?.lastNo ?? 0);
      }
      return { ok: true, value: true };
    });
    for (const read of await Promise.all(reads)) if (!read.ok) return read;
    return { ok: true, value: last };
  }
}

function noOf(value: object | null): number {
  return (value as { readonly no: number } | null)?.no ?? 0;
}

/** `undefined`: the room is not there any more, or is another one now. */
function liveCard(room: RoomRow | undefined, log: LogKey): PersonalItem["card"] | undefined {
  if (room?.incarnation !== log.incarnation || room.card?.value.deletedAt !== undefined) return undefined;
  return room.card?.value;
}
