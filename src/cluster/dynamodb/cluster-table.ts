/**
 * The table by which nodes without Redis know and reach one another. Its own, beside those of rooms and messages: nothing in
 * it is worth a backup, and it may be emptied at any time. Partition key `pk`, sort key `sk`, both text.
 *
 *   NODES               generation#          a random text that is made when there is none
 *   NODES               node#ID              a node's registration                        `dynamo-membership.ts`
 *   I#node              sender#000000000001  packed messages to a node, by sender and number     `inbox-reader.ts`
 *   LEASES              lease                a node's word that its connections are there      `directory-leases.ts`
 *   C#lease             tenant user id       a connection; a space sorts before all that ids have  `directory-rows.ts`
 *
 * `expires` (seconds since 1970) is the table's time to live. It clears away what nobody is left to delete: messages to a
 * node that died. Nothing else relies on it, and it may be off.
 */
import type { AttributeValue, WriteRequest } from "@aws-sdk/client-dynamodb";

export type Item = Record<string, AttributeValue>;
export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

export type TableError = "condition" | "throttled" | "refused" | "unavailable";
export type TableAnswer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: TableError };
type Lane = "user" | "background";

/**
 * What the adapters need of DynamoDB; the composition root gives them the same one that storage has, since adapters of
 * different ports do not know each other. Reads are strongly consistent, each request has a time limit, nothing throws.
 */
export interface TableCalls {
  get(table: string, key: ItemKey): Promise<TableAnswer<Item | undefined>>;
  query(query: TableQuery): Promise<TableAnswer<{ readonly items: readonly Item[]; readonly next: Item | undefined }>>;
  queryAll(query: TableQuery): Promise<TableAnswer<readonly Item[]>>;
  put(table: string, item: Item, condition?: TableCondition): Promise<TableAnswer<unknown>>;
  update(
    table: string,
    key: ItemKey,
    change: { readonly expression: string; readonly condition: string; readonly values: Item },
    lane: Lane,
  ): Promise<TableAnswer<unknown>>;
  delete(table: string, key: ItemKey, condition?: TableCondition): Promise<TableAnswer<unknown>>;
  writeAll(table: string, writes: readonly WriteRequest[], lane: Lane): Promise<TableAnswer<unknown>>;
}

export interface TableCondition {
  readonly expression: string;
  readonly values?: Item;
}

export interface TableQuery {
  readonly table: string;
  readonly pk: string;
  /** Inclusive. */
  readonly from?: string;
  readonly to?: string;
  readonly limit?: number;
  readonly start?: Item | undefined;
}

/** What every adapter here is made of. */
export interface ClusterTable {
  readonly calls: TableCalls;
  readonly name: string;
}

/** Milliseconds that a request of these adapters may take: all of them are asked again soon. */
export const CLUSTER_REQUEST_MS_MAX = 900;
/** The attribute that the table's time to live looks at. */
export const EXPIRES = "expires";

export function clusterTableOf(roomsTable: string): string {
  return `${roomsTable}_cluster`;
}

export function keyOf({ pk, sk }: ItemKey): Item {
  return { pk: { S: pk }, sk: { S: sk } };
}

export function sortKeyOf(item: Item): string {
  return item["sk"]?.S ?? "";
}

/** Older DynamoDBs refuse empty text: it is left out. */
export function textOrNothing(name: string, value: string): Item {
  return value === "" ? {} : { [name]: { S: value } };
}

export function textIn(item: Item, name: string): string {
  return item[name]?.S ?? "";
}

export function numberIn(item: Item, name: string): number {
  return Number(item[name]?.N ?? 0);
}

export const number = (value: number): AttributeValue => ({ N: String(value) });

export const removal = (key: ItemKey): WriteRequest => ({ DeleteRequest: { Key: keyOf(key) } });
