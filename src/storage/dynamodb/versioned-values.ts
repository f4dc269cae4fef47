/**
 * Rows as items of the rooms table, each with the version that wrote it, and in parts where they are large.
 * Invariant: a row gives way only to a newer one; one that is gone leaves its version behind.
 */
import { DYNAMO_ITEM_BYTES_MAX } from "../../base/limits.ts";
import type { LogKey } from "../journal.ts";
import type { ApiResult, DynamoApi } from "./dynamo-api.ts";
import { fromJsonBytes, type Item, type ItemKey, jsonBytes, keyOf, number, numberIn } from "./items.ts";
import { seqKey } from "./keys.ts";
import { type LargeValues, partsIn } from "./large-values.ts";
import type { Versioned } from "./pending-rows.ts";

/** What an item needs beside its value: keys, version, names. */
const OVERHEAD_BYTES = 4_000;
const NOTHING = new Uint8Array();

/** Where a row stands and what its parts are called. */
export interface Place {
  readonly key: ItemKey;
  /** Of the attribute. */
  readonly name: string;
  /** Of the parts, together with the version. */
  readonly partsId: string;
}

export class VersionedValues {
  readonly #api: DynamoApi;
  readonly #table: string;
  readonly #values: LargeValues;

  constructor(api: DynamoApi, table: string, values: LargeValues) {
    this.#api = api;
    this.#table = table;
    this.#values = values;
  }

  /** Also done when something newer stands there. */
  async write<Value>(log: LogKey, place: Place, row: Versioned<Value | null>): Promise<ApiResult<unknown>> {
    const { key, name, partsId } = place;
    const bytes = row.value === null ? NOTHING : jsonBytes(row.value);
    const inlineMax = DYNAMO_ITEM_BYTES_MAX - OVERHEAD_BYTES;
    const id = `${partsId}.${seqKey(row.version)}`;
    const value = await this.#values.store(log, id, name, bytes, inlineMax, "background");
    if (!value.ok) return value;
    const version = number(row.version);
    const condition = {
      expression: "attribute_not_exists(version) OR version < :version",
      values: { ":version": version },
    };
    const item = { ...keyOf(key), version, ...value.value };
    const put = await this.#api.put(this.#table, item, condition, "background");
    if (put.ok && put.value !== undefined) await this.#values.remove(log, partsIn(put.value, name));
    return put.ok || put.error !== "condition" ? put : { ok: true, value: true };
  }

  async load<Value>(log: LogKey, item: Item, name: string): Promise<ApiResult<Versioned<Value | null>>> {
    const bytes = await this.#values.load(log, item, name);
    if (!bytes.ok) return bytes;
    // Its parts are gone: a newer one has come between the two reads.
    if (bytes.value === undefined) return { ok: false, error: "unavailable" };
    const value = bytes.value.length === 0 ? null : fromJsonBytes<Value>(bytes.value);
    return { ok: true, value: { version: numberIn(item, "version") ?? 0, value } };
  }
}
