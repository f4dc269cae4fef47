/**
 * A room's items as they are: what waits to be written before what stands in the table.
 * Invariant: of each item the newer version counts, whether it is a value or an absence.
 */
import { type ItemKey, itemKey, itemNames } from "../../base/ids.ts";
import type { ItemValue } from "../../domain/room/state.ts";
import { idRangeOf, isWithin } from "../item-page.ts";
import type { ItemQuery, ItemScan, ListedItem, LogKey, ScannedItems } from "../journal.ts";
import type { ApiResult } from "./dynamo-api.ts";
import type { ItemStore } from "./item-store.ts";
import type { PendingRows, VersionedItem } from "./pending-rows.ts";

export class ItemLists {
  readonly #items: ItemStore;
  readonly #pending: PendingRows;

  constructor(items: ItemStore, pending: PendingRows) {
    this.#items = items;
    this.#pending = pending;
  }

  async read(log: LogKey, keys: readonly ItemKey[]): Promise<ApiResult<readonly (ItemValue | null)[]>> {
    // Looked at before the table: what is written meanwhile is found there.
    const waiting = this.#pending.log(log)?.items;
    const first = keys.map((key) => waiting?.get(key));
    const found = await this.#items.read(log, keys);
    if (!found.ok) return found;
    return { ok: true, value: keys.map((key, index) => newest(first[index], found.value.get(key))) };
  }

  /** What waits and is in no page yet comes with the page that it belongs to. */
  async scan(log: LogKey, { after, limit }: ItemScan): Promise<ApiResult<ScannedItems>> {
    const waiting = new Map(this.#pending.log(log)?.items);
    const found = await this.#items.pageOfAll(log, limit, after);
    if (!found.ok) return found;
    const { rows, through } = found.value;
    const values = new Map<ItemKey, ItemValue | null>();
    for (const [key, row] of rows) values.set(key, newest(waiting.get(key), row));
    for (const [key, row] of waiting) {
      const isHere = (after === undefined || key > after) && (through === undefined || key <= through);
      if (isHere && !values.has(key)) values.set(key, row.value);
    }
    const items: [ItemKey, ItemValue][] = [];
    for (const [key, value] of values) if (value !== null) items.push([key, value]);
    return { ok: true, value: { items, next: through } };
  }

  async list(log: LogKey, query: ItemQuery): Promise<ApiResult<readonly ListedItem[]>> {
    const { collection, limit } = query;
    const range = idRangeOf(query);
    if (range === undefined) return { ok: true, value: [] };
    const backward = query.backward === true;
    const waiting = new Map<string, VersionedItem>();
    for (const [key, row] of this.#pending.log(log)?.items ?? []) {
      const names = itemNames(key);
      if (names.collection === collection && isWithin(range, names.id)) waiting.set(names.id, row);
    }
    const listed: ListedItem[] = [];
    const note = (id: string, value: ItemValue | null): void => {
      if (value !== null && isWithin(range, id)) listed.push({ id, value });
    };
    let through: ItemKey | undefined;
    do {
      const page = { limit: limit + waiting.size + 1, backward, after: through };
      const found = await this.#items.page(log, collection, range, page);
      if (!found.ok) return found;
      for (const [key, row] of found.value.rows) {
        const { id } = itemNames(key);
        note(id, newest(waiting.get(id), row));
        waiting.delete(id);
      }
      through = found.value.through;
    } while (through !== undefined && listed.length < limit);
    // Those that wait and are in no page yet; beyond what was looked at, others may stand between.
    for (const [id, row] of waiting) {
      const key = itemKey(collection, id);
      if (through === undefined || (backward ? key >= through : key <= through)) note(id, row.value);
    }
    const order = backward ? -1 : 1;
    listed.sort((a, b) => (a.id < b.id ? -order : order));
    return { ok: true, value: listed.slice(0, limit) };
  }
}

function newest(a: VersionedItem | undefined, b: VersionedItem | undefined): ItemValue | null {
  if (a === undefined || b === undefined) return (a ?? b)?.value ?? null;
  return a.version >= b.version ? a.value : b.value;
}
