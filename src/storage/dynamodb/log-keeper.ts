/**
 * What is done to logs that have been there for long: the front is taken away, entries are put in the place of others.
 * Order makes it safe to be lost half-way: rows go before the segments that tell of them, and segments from the front on, so
 * whoever repeats it finds what is left. Nobody's lock is touched: places at the end are taken as ever, and a segment is
 * replaced only while the same batch stands in its place.
 */
import type { Seq, TenantId, UserId } from "../../base/ids.ts";
import { DYNAMO_ITEM_BYTES_MAX } from "../../base/limits.ts";
import type { Random } from "../../base/prng.ts";
import type { Cleanse, ItemsOf, LogKey, Segment } from "../journal.ts";
import type { LogPage } from "../projections.ts";
import type { ApiResult, DynamoApi } from "./dynamo-api.ts";
import { fromJsonBytes, bytesIn, type Item, type ItemKey, keyOf, numberIn, text, textIn } from "./items.ts";
import {
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
const UNAVAILABLE = { ok: false, error: "unavailable" } as const;
/** Names of the attributes in which overlays and items stand. */
const OVERLAY = "overlay";
const ITEM = "item";
const PAGE_SEGMENTS = 100;
const AT_ONCE = 8;
const LAST = "\u007f";
const ROOM_PREFIX = "R#";
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

  async rewrite(log: LogKey, segments: readonly Segment[], cleanse: Cleanse): Promise<ApiResult<true>> {
    for (let at = 0; at < segments.length; at += AT_ONCE) {
      const some = segments.slice(at, at + AT_ONCE).map((segment) => this.#rewriteOne(log, segment, cleanse));
      for (const written of await Promise.all(some)) if (!written.ok) return written;
    }
    return DONE;
  }

  /** Parts of segments' rows that their segment does not name: of former versions, or of writers that were lost. */
  async clean(log: LogKey): Promise<ApiResult<"clean">> {
    const { api, messagesTable } = this.#parts;
    const parts = await api.queryAll({ table: messagesTable, pk: partsPartition(log), from: "rows.", to: `rows.${LAST}` });
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
    const start = after === undefined ? undefined : keyOf(JSON.parse(after) as ItemKey);
    const prefix = tenant === undefined ? ROOM_PREFIX : `${ROOM_PREFIX}${tenant}#`;
    const page = await this.#parts.api.scan(this.#parts.roomsTable, prefix, limit, start);
    if (!page.ok) return page;
    const logs = page.value.items.map((item) => {
      const [, name = "", room = ""] = (textIn(item, "pk") ?? "").split("#");
      const card = bytesIn(item, "card");
      const log = { tenant: name, room, incarnation: numberIn(item, "incarnation") ?? 1 } as LogKey;
      return { log, ...(card !== undefined && { card: fromJsonBytes<NonNullable<LogPage["logs"][number]["card"]>>(card) }) };
    });
    const { next } = page.value;
    const place = next && JSON.stringify({ pk: textIn(next, "pk"), sk: textIn(next, "sk") });
    return { ok: true, value: { logs, ...(place !== undefined && { next: place }) } };
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
    return { ok: true, value: rows };
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

  async #removeRows(log: LogKey, rows: readonly Item[], name: string): Promise<ApiResult<true>> {
    const { api, values, roomsTable } = this.#parts;
    for (const row of rows) await values.remove(log, partsIn(row, name));
    return api.writeAll(roomsTable, rows.map(deletionOf), "background");
  }

  async #rewriteOne(log: LogKey, segment: Segment, cleanse: Cleanse): Promise<ApiResult<true>> {
    const { api, values, messagesTable, random } = this.#parts;
    const standing = await api.get(messagesTable, segmentKey(log, segment.firstSeq));
    if (!standing.ok) return standing;
    if (standing.value === undefined || textIn(standing.value, "batchId") !== segment.batchId) return DONE;
    const bytes = await values.load(log, standing.value, ROWS);
    if (!bytes.ok) return bytes;
    if (bytes.value === undefined) return UNAVAILABLE;
    const packed = bytes.value.length === 0 ? bytes.value : packRows(unpackRows(bytes.value).map(cleanse));
    const inlineMax = DYNAMO_ITEM_BYTES_MAX - SEGMENT_OVERHEAD_BYTES - segment.entries.length;
    const id = `${rowsId(segment)}.${random.token(6)}`;
    const rows = await values.store(log, id, ROWS, packed, inlineMax, "background");
    if (!rows.ok) return rows;
    const condition = { expression: "batchId = :batch", values: { ":batch": text(segment.batchId) } };
    const put = await api.put(messagesTable, segmentItem(log, segment, rows.value), condition, "background");
    if (put.ok) await values.remove(log, partsIn(standing.value, ROWS));
    else if (put.error === "condition") await values.remove(log, partsIn(rows.value, ROWS));
    return put.ok || put.error === "condition" ? DONE : put;
  }

  async #isBehindTheEnd(log: LogKey, place: string): Promise<boolean> {
    const { api, messagesTable: table } = this.#parts;
    const later = await api.query({ table, pk: logPartition(log), from: place, to: SEQ_KEY_LAST, limit: 1 });
    return !later.ok || later.value.items.length === 0;
  }
}

function deletionOf({ pk, sk }: Item) {
  return { DeleteRequest: { Key: { pk, sk } as Item } };
}

function idOfPart(sk: string): string {
  return sk.slice(0, sk.lastIndexOf("#"));
}
