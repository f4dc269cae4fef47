/** A room's items in the rooms table. Which of them are newer and still wait to be written, `item-lists.ts` knows. */
import { type ItemKey, itemNames, type TenantId, type UserId } from "../../base/ids.ts";
import type { ItemValue } from "../../domain/room/state.ts";
import type { IdRange } from "../item-page.ts";
import type { LogKey } from "../journal.ts";
import type { ApiResult, DynamoApi } from "./dynamo-api.ts";
import { type Item, textIn } from "./items.ts";
import { belongingKey, belongingsPartition, itemRowKey, namesOfBelonging } from "./keys.ts";
import type { Versioned, VersionedItem } from "./pending-rows.ts";
import type { VersionedValues } from "./versioned-values.ts";

export interface ItemPage {
  readonly rows: readonly (readonly [ItemKey, VersionedItem])[];
  /** All up to here were looked at; `undefined`: up to the end of the range. */
  readonly through: ItemKey | undefined;
}

/** An item on its person's side. */
export interface Belonging {
  readonly sk: string;
  readonly log: LogKey;
  readonly id: string;
  readonly row: Versioned<ItemValue | null>;
}

const VALUE = "item";
/** Behind every room and id, which are printable ASCII. */
const LAST = "\u007f";

export class ItemStore {
  readonly #api: DynamoApi;
  readonly #table: string;
  readonly #values: VersionedValues;

  constructor(api: DynamoApi, table: string, values: VersionedValues) {
    this.#api = api;
    this.#table = table;
    this.#values = values;
  }

  async read(log: LogKey, keys: readonly ItemKey[]): Promise<ApiResult<ReadonlyMap<ItemKey, VersionedItem>>> {
    const wanted = [...new Set(keys)].map((key) => itemRowKey(log, key));
    const read = await this.#api.getAll(this.#table, wanted);
    if (!read.ok) return read;
    const rows = await this.#load(log, read.value);
    return rows.ok ? { ok: true, value: new Map(rows.value) } : rows;
  }

  /** One page of a collection, absences included, in the order asked. */
  async page(
    log: LogKey,
    collection: string,
    { from, to }: IdRange,
    page: { readonly limit: number; readonly backward: boolean; readonly after: ItemKey | undefined },
  ): Promise<ApiResult<ItemPage>> {
    const { pk } = itemRowKey(log, `${collection}/`);
    const found = await this.#api.query({
      table: this.#table,
      pk,
      from: `${collection}/${from}`,
      to: `${collection}/${to}`,
      backward: page.backward,
      limit: page.limit,
      start: page.after === undefined ? undefined : { pk: { S: pk }, sk: { S: page.after } },
    });
    if (!found.ok) return found;
    const rows = await this.#load(log, found.value.items);
    if (!rows.ok) return rows;
    const { next } = found.value;
    return { ok: true, value: { rows: rows.value, through: next === undefined ? undefined : keyIn(next) } };
  }

  async write(log: LogKey, key: ItemKey, row: VersionedItem): Promise<ApiResult<unknown>> {
    const { person } = row;
    const own = this.#values.write(log, { key: itemRowKey(log, key), name: VALUE, partsId: `item.${key}` }, row);
    if (person === undefined) return own;
    const { collection, id } = itemNames(key);
    const place = { key: belongingKey(log, person, collection, id), name: VALUE, partsId: `own.${key}` };
    const results = await Promise.all([own, this.#values.write(log, place, row)]);
    return results.find((result) => !result.ok) ?? { ok: true, value: true };
  }

  /** What is one person's of a collection, in all rooms, absences included; up to `limit`, from `after` on. */
  async belongings(
    tenant: TenantId,
    user: UserId,
    {
      collection,
      after,
      backward,
    }: { readonly collection: string; readonly after?: string; readonly backward: boolean },
    limit: number,
  ): Promise<ApiResult<readonly Belonging[]>> {
    const pk = belongingsPartition(tenant, user);
    const range = { from: `${collection}#`, to: `${collection}#${LAST}` };
    const start = after === undefined ? undefined : { pk: { S: pk }, sk: { S: after } };
    const found = await this.#api.query({ table: this.#table, pk, ...range, backward, limit, start });
    if (!found.ok) return found;
    const belongings: Belonging[] = [];
    for (const item of found.value.items) {
      const names = namesOfBelonging(textIn(item, "sk") ?? "");
      const log = { tenant, room: names.room, incarnation: names.incarnation };
      const row = await this.#values.load<ItemValue>(log, item, VALUE);
      if (!row.ok) return row;
      belongings.push({ sk: textIn(item, "sk") ?? "", log, id: names.id, row: row.value });
    }
    return { ok: true, value: belongings };
  }

  /** One page of all collections, absences included. */
  async pageOfAll(log: LogKey, limit: number, after: ItemKey | undefined): Promise<ApiResult<ItemPage>> {
    const { pk } = itemRowKey(log, "/");
    const start = after === undefined ? undefined : { pk: { S: pk }, sk: { S: after } };
    const found = await this.#api.query({ table: this.#table, pk, limit, start });
    if (!found.ok) return found;
    const rows = await this.#load(log, found.value.items);
    if (!rows.ok) return rows;
    const { next } = found.value;
    return { ok: true, value: { rows: rows.value, through: next === undefined ? undefined : keyIn(next) } };
  }

  async #load(log: LogKey, items: readonly Item[]): Promise<ApiResult<readonly (readonly [ItemKey, VersionedItem])[]>> {
    const rows: (readonly [ItemKey, VersionedItem])[] = [];
    for (const item of items) {
      const row = await this.#values.load<ItemValue>(log, item, VALUE);
      if (!row.ok) return row;
      rows.push([keyIn(item), row.value]);
    }
    return { ok: true, value: rows };
  }
}

function keyIn(item: Item): ItemKey {
  return textIn(item, "sk") as ItemKey;
}
