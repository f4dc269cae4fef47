/**
 * What is done to logs that have been there for long: the front is taken away, entries are put in the place of others.
 * Order makes it safe to be lost half-way: rows go before the segments that tell of them, and segments from the front on, so
 * whoever repeats it finds what is left. Nobody's lock is touched: places at the end are taken as ever, and a segment is
 * replaced only while the same batch stands in its place.
 */
import type { Seq, TenantId, UserId } from "../../base/ids.ts";
import { DYNAMO_ITEM_BYTES_MAX } from "../../base/limits.ts";
import type { Random } from "../../base/prng.ts";
import type { AbsentItems, Cleanse, ItemsOf, LogKey, Rewrite, RoomCard } from "../journal.ts";
import type { LogPage } from "../projections.ts";
import type { ApiResult, Condition, DynamoApi } from "./dynamo-api.ts";
import { fromJsonBytes, bytesIn, type Item, type ItemKey, keyOf, numberIn, text, textIn } from "./items.ts";
import {
  belongingsPartition,
  itemRowKey,
  logPartition,
  overlayKey,
  partsPartition,
  personKey,
  segmentKey,
  seqKey,
  SEQ_KEY_LAST,
  snapshotKey,
  userPartition,
} from "./keys.ts";
import { type LargeValues, partsIn } from "./large-values.ts";
import type { RowStore } from "./row-store.ts";
import { packRows, ROWS, rowsId, SEGMENT_OVERHEAD_BYTES, segmentItem, unpackRows } from "./segment-item.ts";

export interface LogKeeperParts {
  readonly api: DynamoApi;
  readonly messagesTable: string;
  readonly roomsTable: string;
  readonly rows: RowStore;
  readonly values: LargeValues;
  readonly random: Random;
}

const DONE = { ok: true, value: true } as const;
const NOT_AS_READ = { ok: true, value: false } as const;
const UNAVAILABLE = { ok: false, error: "unavailable" } as const;
/** Names of the attributes in which overlays and items stand. */
const OVERLAY = "overlay";
const ITEM = "item";
const PAGE_SEGMENTS = 100;
const AT_ONCE = 8;
/** Items that one scan looks at, and scans for one page: most items are no rooms. */
const SCAN_ITEMS = 1_000;
const SCANS_PER_PAGE = 20;
const LAST = "\u007f";
/** How the keys of rooms begin, and what their sort key is. */
const ROOM_PREFIX = "R#";
const ROOM_KEY = "room";
const MARKS = ["readSeq", "readNo", "deliveredSeq", "unreadVersion", "unreadSeq", "unreadNo"];

export class LogKeeper {
  readonly #parts: LogKeeperParts;

  constructor(parts: LogKeeperParts) {
    this.#parts = parts;
  }

  async trim(log: LogKey, throughSeq: Seq, items: readonly ItemsOf[]): Promise<ApiResult<true>> {
    const may = await this.#mayTrim(log, throughSeq);
    if (!may.ok) return may;
    if (!may.value) return DONE;
    for (const one of items) {
      const gone = await this.#removeItems(log, one);
      if (!gone.ok) return gone;
    }
    for (;;) {
      const page = await this.#parts.api.query({
        ...{ table: this.#parts.messagesTable, pk: logPartition(log), from: seqKey(0), to: seqKey(throughSeq) },
        limit: PAGE_SEGMENTS,
      });
      if (!page.ok) return page;
      const old = page.value.items.filter((item) => (numberIn(item, "lastSeq") ?? Number.MAX_VALUE) <= throughSeq);
      const last = old.at(-1);
      if (last === undefined) return DONE;
      const gone = await this.#removeSegments(log, old, numberIn(last, "lastSeq") ?? 0);
      if (!gone.ok) return gone;
    }
  }

  async rewrite(log: LogKey, changes: readonly Rewrite[], cleanse: Cleanse): Promise<ApiResult<boolean>> {
    let isWhole = true;
    for (let at = 0; at < changes.length; at += AT_ONCE) {
      const some = changes.slice(at, at + AT_ONCE).map((change) => this.#rewriteOne(log, change, cleanse));
      for (const written of await Promise.all(some)) {
        if (!written.ok) return written;
        isWhole &&= written.value;
      }
    }
    return { ok: true, value: isWhole };
  }

  /** Parts of segments' rows that their segment does not name: of former versions, or of writers that were lost. */
  async clean(log: LogKey, absent: readonly AbsentItems[]): Promise<ApiResult<"clean">> {
    const { api, messagesTable } = this.#parts;
    for (const one of absent) {
      const gone = await this.#removeAbsent(log, one);
      if (!gone.ok) return gone;
    }
    const parts = await api.queryAll({
      table: messagesTable,
      pk: partsPartition(log),
      from: "rows.",
      to: `rows.${LAST}`,
    });
    if (!parts.ok) return parts;
    const ids = new Set(parts.value.map((part) => idOfPart(textIn(part, "sk") ?? "")));
    for (const id of ids) {
      const place = id.split(".")[1] ?? "";
      const standing = await api.get(messagesTable, segmentKey(log, Number(place)));
      if (!standing.ok) return standing;
      if (standing.value !== undefined && partsIn(standing.value, ROWS)?.id === id) continue;
      // The rows of an append that is under way stand there before it: only what is behind the end may be one.
      if (standing.value === undefined && (await this.#isBehindTheEnd(log, place))) continue;
      await this.#parts.values.sweep(log, `${id}#`, `${id}#${LAST}`);
    }
    return { ok: true, value: "clean" };
  }

  async logs(tenant: TenantId | undefined, after: string | undefined, limit: number): Promise<ApiResult<LogPage>> {
    const prefix = tenant === undefined ? ROOM_PREFIX : `${ROOM_PREFIX}${tenant}#`;
    let start = after === undefined ? undefined : keyOf(JSON.parse(after) as ItemKey);
    const found: Item[] = [];
    for (let scans = 0; scans < SCANS_PER_PAGE && found.length < limit; scans += 1) {
      const page = await this.#parts.api.scan(this.#parts.roomsTable, { sk: ROOM_KEY, limit: SCAN_ITEMS, start });
      if (!page.ok) return page;
      found.push(...page.value.items.filter((item) => textIn(item, "pk")?.startsWith(prefix) === true));
      start = page.value.next;
      if (start === undefined) break;
    }
    const taken = found.slice(0, limit);
    const last = found.length > limit ? taken.at(-1) : start;
    const next = last && JSON.stringify({ pk: textIn(last, "pk"), sk: textIn(last, "sk") });
    return { ok: true, value: { logs: taken.map(listedLog), ...(next !== undefined && { next }) } };
  }

  async forgetUser(tenant: TenantId, user: UserId): Promise<ApiResult<number>> {
    const { api, roomsTable } = this.#parts;
    let rows = 0;
    const person = await api.get(roomsTable, personKey(tenant, user));
    if (!person.ok) return person;
    if (person.value !== undefined) {
      const gone = await api.delete(roomsTable, personKey(tenant, user));
      if (!gone.ok) return gone;
      rows += 1;
    }
    const memberships = await api.queryAll({ table: roomsTable, pk: userPartition(tenant, user) });
    if (!memberships.ok) return memberships;
    for (const item of memberships.value.filter((one) => numberIn(one, "readSeq") !== undefined)) {
      const key = { pk: textIn(item, "pk") ?? "", sk: textIn(item, "sk") ?? "" };
      // A value that no attribute has: an update needs one.
      const change = {
        ...{ expression: `REMOVE ${MARKS.join(", ")}`, condition: "attribute_exists(readSeq) AND pk = :pk" },
        values: { ":pk": text(key.pk) },
      };
      const gone = await api.update(roomsTable, key, change, "background");
      if (!gone.ok && gone.error !== "condition") return gone;
      rows += 1;
    }
    const own = await this.#removeBelongings(tenant, user);
    return own.ok ? { ok: true, value: rows } : own;
  }

  /** The person's side of items; the rooms' side is what counts, and was dealt with before. */
  async #removeBelongings(tenant: TenantId, user: UserId): Promise<ApiResult<true>> {
    const { api, roomsTable } = this.#parts;
    const found = await api.queryAll({ table: roomsTable, pk: belongingsPartition(tenant, user) });
    if (!found.ok) return found;
    const keys = found.value.map((item) => keyOf({ pk: textIn(item, "pk") ?? "", sk: textIn(item, "sk") ?? "" }));
    return api.writeAll(
      roomsTable,
      keys.map((Key) => ({ DeleteRequest: { Key } })),
      "background",
    );
  }

  async #mayTrim(log: LogKey, throughSeq: Seq): Promise<ApiResult<boolean>> {
    const { api, messagesTable, rows } = this.#parts;
    const end = { table: messagesTable, pk: logPartition(log), from: seqKey(0), to: SEQ_KEY_LAST };
    const [snapshot, newest, room] = await Promise.all([
      api.get(messagesTable, snapshotKey(log)),
      api.query({ ...end, backward: true, limit: 1 }),
      rows.room(log.tenant, log.room),
    ]);
    if (!snapshot.ok) return snapshot;
    if (!newest.ok) return newest;
    if (!room.ok) return room;
    const covered = (snapshot.value && numberIn(snapshot.value, "seq")) ?? 0;
    const last = newest.value.items[0];
    if (covered < throughSeq || last === undefined || Number(textIn(last, "sk")) <= throughSeq) {
      return { ok: true, value: false };
    }
    // Segments go only when their rows are in the table: later there is nothing to take them from.
    const isCarried = room.value?.incarnation === log.incarnation && room.value.head >= throughSeq;
    return isCarried ? { ok: true, value: true } : UNAVAILABLE;
  }

  async #removeSegments(log: LogKey, old: readonly Item[], throughSeq: Seq): Promise<ApiResult<true>> {
    const { api, values, messagesTable, roomsTable } = this.#parts;
    const { pk } = overlayKey(log, 0);
    const overlays = await api.queryAll({ table: roomsTable, pk, from: seqKey(0), to: seqKey(throughSeq) });
    if (!overlays.ok) return overlays;
    const gone = await this.#removeRows(log, overlays.value, OVERLAY);
    if (!gone.ok) return gone;
    for (const item of old) await values.remove(log, partsIn(item, ROWS));
    return api.writeAll(messagesTable, old.map(deletionOf), "background");
  }

  async #removeItems(log: LogKey, { collection, ids }: ItemsOf): Promise<ApiResult<true>> {
    const { api, roomsTable } = this.#parts;
    const { pk, sk } = itemRowKey(log, `${collection}/`);
    const found =
      ids === undefined
        ? await api.queryAll({ table: roomsTable, pk, from: sk, to: sk + LAST })
        : await api.getAll(
            roomsTable,
            [...new Set(ids)].map((id) => itemRowKey(log, `${collection}/${id}`)),
          );
    return found.ok ? this.#removeRows(log, found.value, ITEM) : found;
  }

  /** Rows without a value: an older one may come back after this, and is gone again with the next erasure. */
  async #removeAbsent(log: LogKey, { collection, isMeant }: AbsentItems): Promise<ApiResult<true>> {
    const { api, roomsTable } = this.#parts;
    const { pk, sk } = itemRowKey(log, `${collection}/`);
    const found = await api.queryAll({ table: roomsTable, pk, from: sk, to: sk + LAST });
    if (!found.ok) return found;
    const gone = found.value.filter((item) => {
      const id = (textIn(item, "sk") ?? "").slice(sk.length);
      return bytesIn(item, ITEM) === undefined && partsIn(item, ITEM) === undefined && isMeant(id);
    });
    return api.writeAll(roomsTable, gone.map(deletionOf), "background");
  }

  async #removeRows(log: LogKey, rows: readonly Item[], name: string): Promise<ApiResult<true>> {
    const { api, values, roomsTable } = this.#parts;
    for (const row of rows) await values.remove(log, partsIn(row, name));
    return api.writeAll(roomsTable, rows.map(deletionOf), "background");
  }

  /** Under the condition that all of it is as it was read: another erasure may be at work on the same segment. */
  async #rewriteOne(log: LogKey, { segment, before }: Rewrite, cleanse: Cleanse): Promise<ApiResult<boolean>> {
    const { api, values, messagesTable, random } = this.#parts;
    const got = await api.get(messagesTable, segmentKey(log, segment.firstSeq));
    if (!got.ok) return got;
    const standing = got.value;
    const entries = standing && (bytesIn(standing, "entries") ?? new Uint8Array());
    if (standing === undefined || textIn(standing, "batchId") !== segment.batchId) return NOT_AS_READ;
    if (entries === undefined || Buffer.compare(entries, before) !== 0) return NOT_AS_READ;
    const bytes = await values.load(log, standing, ROWS);
    if (!bytes.ok) return bytes;
    if (bytes.value === undefined) return UNAVAILABLE;
    const packed = bytes.value.length === 0 ? bytes.value : packRows(unpackRows(bytes.value).map(cleanse));
    const inlineMax = DYNAMO_ITEM_BYTES_MAX - SEGMENT_OVERHEAD_BYTES - segment.entries.length;
    const id = `${rowsId(segment)}.${random.token(6)}`;
    const rows = await values.store(log, id, ROWS, packed, inlineMax, "background");
    if (!rows.ok) return rows;
    const put = await api.put(messagesTable, segmentItem(log, segment, rows.value), asRead(standing), "background");
    if (put.ok) await values.remove(log, partsIn(standing, ROWS));
    else if (put.error === "condition") await values.remove(log, partsIn(rows.value, ROWS));
    if (put.ok) return DONE;
    return put.error === "condition" ? NOT_AS_READ : put;
  }

  async #isBehindTheEnd(log: LogKey, place: string): Promise<boolean> {
    const { api, messagesTable: table } = this.#parts;
    const later = await api.query({ table, pk: logPartition(log), from: place, to: SEQ_KEY_LAST, limit: 1 });
    return !later.ok || later.value.items.length === 0;
  }
}

function listedLog(item: Item): LogPage["logs"][number] {
  const [, tenant = "", room = ""] = (textIn(item, "pk") ?? "").split("#");
  const log = { tenant, room, incarnation: numberIn(item, "incarnation") ?? 1 } as LogKey;
  const card = bytesIn(item, "card");
  return { log, ...(card !== undefined && { card: fromJsonBytes<RoomCard>(card) }) };
}

/** The attributes that a rewrite changes, as they stand. */
function asRead(standing: Item): Condition {
  const values: Item = {};
  const names: Record<string, string> = {};
  const terms = ["batchId", "entries", ROWS, `${ROWS}Parts`].map((name) => {
    const value = standing[name];
    names[`#${name}`] = name;
    if (value === undefined) return `attribute_not_exists(#${name})`;
    values[`:${name}`] = value;
    return `#${name} = :${name}`;
  });
  return { expression: terms.join(" AND "), values, names };
}

function deletionOf({ pk, sk }: Item) {
  return { DeleteRequest: { Key: { pk, sk } as Item } };
}

function idOfPart(sk: string): string {
  return sk.slice(0, sk.lastIndexOf("#"));
}
