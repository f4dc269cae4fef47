/**
 * Values that may be larger than an item: bytes that fit stand in the item itself, others in parts of their own.
 * Invariant: parts are written before the item that names them and never change, so an item never names half a value.
 * Parts that lost their item to a crash or a fence are rubbish, not an error.
 */
import { DYNAMO_PART_BYTES_MAX } from "../../base/limits.ts";
import type { LogKey } from "../journal.ts";
import type { ApiResult, DynamoApi, Lane } from "./dynamo-api.ts";
import { binary, bytesIn, type Item, keyOf, number, numberIn, text, textIn } from "./items.ts";
import { partKey, partsPartition } from "./keys.ts";

export interface PartsRef {
  readonly id: string;
  readonly count: number;
}

export class LargeValues {
  readonly #api: DynamoApi;
  readonly #table: string;

  constructor(api: DynamoApi, table: string) {
    this.#api = api;
    this.#table = table;
  }

  /** Attributes that hold `bytes` under `name`, for an item that has room for `inlineMax` of them. */
  async store(
    log: LogKey,
    id: string,
    name: string,
    bytes: Uint8Array,
    inlineMax: number,
    lane: Lane,
  ): Promise<ApiResult<Item>> {
    if (bytes.length === 0) return { ok: true, value: {} };
    if (bytes.length <= inlineMax) return { ok: true, value: { [name]: binary(bytes) } };
    const count = Math.ceil(bytes.length / DYNAMO_PART_BYTES_MAX);
    const writes = Array.from({ length: count }, (_, index) => {
      const part = bytes.subarray(index * DYNAMO_PART_BYTES_MAX, (index + 1) * DYNAMO_PART_BYTES_MAX);
      return { PutRequest: { Item: { ...keyOf(partKey(log, id, index)), bytes: binary(part) } } };
    });
    const written = await this.#api.writeAll(this.#table, writes, lane);
    if (!written.ok) return written;
    return { ok: true, value: { [`${name}Parts`]: text(id), [`${name}PartCount`]: number(count) } };
  }

  /** The bytes; `undefined` when the item names parts that are gone: it was replaced since, and has to be read again. */
  async load(log: LogKey, item: Item, name: string): Promise<ApiResult<Uint8Array | undefined>> {
    const ref = partsIn(item, name);
    if (ref === undefined) return { ok: true, value: bytesIn(item, name) ?? new Uint8Array() };
    const keys = Array.from({ length: ref.count }, (_, index) => partKey(log, ref.id, index));
    const read = await this.#api.getAll(this.#table, keys);
    if (!read.ok) return read;
    const parts = new Map(read.value.map((part) => [textIn(part, "sk"), bytesIn(part, "bytes")]));
    const bytes = keys.map((key) => parts.get(key.sk));
    if (bytes.some((part) => part === undefined)) return { ok: true, value: undefined };
    return { ok: true, value: Buffer.concat(bytes as Uint8Array[]) };
  }

  /** Best effort. */
  async remove(log: LogKey, ref: PartsRef | undefined): Promise<void> {
    if (ref === undefined) return;
    const writes = Array.from({ length: ref.count }, (_, index) => {
      return { DeleteRequest: { Key: keyOf(partKey(log, ref.id, index)) } };
    });
    await this.#api.writeAll(this.#table, writes, "background");
  }

  /** Best effort: all parts whose ids lie in [from, to). */
  async sweep(log: LogKey, from: string, to: string): Promise<void> {
    const found = await this.#api.queryAll({ table: this.#table, pk: partsPartition(log), from, to });
    if (!found.ok) return;
    const writes = found.value.map(({ pk, sk }) => ({ DeleteRequest: { Key: { pk, sk } as Item } }));
    await this.#api.writeAll(this.#table, writes, "background");
  }
}

export function partsIn(item: Item, name: string): PartsRef | undefined {
  const id = textIn(item, `${name}Parts`);
  const count = numberIn(item, `${name}PartCount`);
  return id === undefined || count === undefined ? undefined : { id, count };
}
