/**
 * DynamoDB's operations as results: one attempt each by the SDK, our own time limit, and full jitter where DynamoDB asks
 * to come more slowly. Knows tables and items, nothing of chat.
 * Invariant: never throws; `condition` and `throttled` are answers (nothing was written), `unavailable` is none (it may have been).
 */
import {
  BatchGetItemCommand,
  type BatchGetItemCommandOutput,
  BatchWriteItemCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  UpdateItemCommand,
  type WriteRequest,
} from "@aws-sdk/client-dynamodb";
import type { Clock } from "../../base/clock.ts";
import {
  DYNAMO_ATTEMPTS_MAX,
  DYNAMO_BACKGROUND_REQUESTS_MAX,
  DYNAMO_REQUEST_MS_MAX,
  DYNAMO_REQUESTS_MAX,
} from "../../base/limits.ts";
import type { Random } from "../../base/prng.ts";
import { Gate, type Went } from "./gate.ts";
import { type Item, type ItemKey, keyOf } from "./items.ts";

/**
 * - `condition`: the item was not as demanded.
 * - `throttled`: refused for going too fast, also after several attempts.
 * - `refused`: a wrong table, right or request; trying again does not help, an operator does.
 * - `unavailable`: no answer, or a failure of the server. A write may have been done, or still be.
 */
export type ApiError = "condition" | "throttled" | "refused" | "unavailable";
export type ApiResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: ApiError };
/** What a user waits for goes before what only has to be done some time. */
export type Lane = "user" | "background";

export interface Condition {
  readonly expression: string;
  readonly values?: Item;
  /** Of attributes whose names are words of the language. */
  readonly names?: Readonly<Record<string, string>>;
}

export interface Query {
  readonly table: string;
  readonly pk: string;
  /** Inclusive. */
  readonly from?: string;
  readonly to?: string;
  readonly backward?: boolean;
  readonly limit?: number;
  /** The last page's `next`. */
  readonly start?: Item | undefined;
}

export interface Page {
  readonly items: readonly Item[];
  /** There may be more. */
  readonly next: Item | undefined;
}

export interface DynamoApiParts {
  readonly client: Pick<DynamoDBClient, "send">;
  readonly clock: Clock;
  readonly random: Random;
  readonly requestMsMax?: number;
  /** Called for each failure that is not part of normal work, once a minute for each kind at most. */
  readonly report: (event: string, details: Readonly<Record<string, string | number>>) => void;
  /** Called when several requests in a row got no useful answer (true), and when one does again (false). */
  readonly away?: (isAway: boolean) => void;
}

const BATCH_WRITE_MAX = 25;
const BATCH_GET_MAX = 100;
/** Bound of the first pause, milliseconds; it doubles up to the second one. */
const PAUSE_MS_MIN = 25;
const PAUSE_MS_MAX = 800;
const REPORT_INTERVAL_MS = 60_000;
/** Requests without a useful answer in a row, after which the store counts as away: one alone may be bad luck. */
const FAILURES_IN_A_ROW = 3;
const THROTTLED: readonly string[] = [
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "ThrottlingException",
  "Throttling",
];

export class DynamoApi {
  readonly #parts: DynamoApiParts;
  readonly #gates: Readonly<Record<Lane, Gate>> = {
    user: new Gate(DYNAMO_REQUESTS_MAX),
    background: new Gate(DYNAMO_BACKGROUND_REQUESTS_MAX),
  };
  readonly #reportedAt = new Map<string, number>();
  #failures = 0;

  constructor(parts: DynamoApiParts) {
    this.#parts = parts;
  }

  /** Strongly consistent. */
  async get(table: string, key: ItemKey): Promise<ApiResult<Item | undefined>> {
    const input = { TableName: table, Key: keyOf(key), ConsistentRead: true };
    const got = await this.#call("user", (options) => this.#parts.client.send(new GetItemCommand(input), options));
    return got.ok ? { ok: true, value: got.value.Item } : got;
  }

  /** Strongly consistent; in no order, items that do not exist are left out. */
  async getAll(table: string, keys: readonly ItemKey[]): Promise<ApiResult<readonly Item[]>> {
    const chunks = chunksOf(keys, BATCH_GET_MAX);
    const results = await Promise.all(chunks.map((chunk) => this.#getChunk(table, chunk.map(keyOf))));
    const items: Item[] = [];
    for (const result of results) {
      if (!result.ok) return result;
      items.push(...result.value);
    }
    return { ok: true, value: items };
  }

  /** Strongly consistent. One page: up to 1 MB, up to `limit` items. */
  async query(query: Query): Promise<ApiResult<Page>> {
    const { table, pk, from, to, limit, start } = query;
    const input: QueryCommandInput = {
      TableName: table,
      ConsistentRead: true,
      ScanIndexForward: query.backward !== true,
      KeyConditionExpression: `pk = :pk${rangeExpression(from, to)}`,
      ExpressionAttributeValues: {
        ":pk": { S: pk },
        ...(from !== undefined && { ":from": { S: from } }),
        ...(to !== undefined && { ":to": { S: to } }),
      },
      ...(limit !== undefined && { Limit: limit }),
      ...(start !== undefined && { ExclusiveStartKey: start }),
    };
    const got = await this.#call("user", (options) => this.#parts.client.send(new QueryCommand(input), options));
    if (!got.ok) return got;
    return { ok: true, value: { items: got.value.Items ?? [], next: got.value.LastEvaluatedKey } };
  }

  /** One page of the items with this sort key, of all partitions: reads the whole table. */
  async scan(
    table: string,
    { sk, limit, start }: { readonly sk: string; readonly limit: number; readonly start: Item | undefined },
  ): Promise<ApiResult<Page>> {
    const command = new ScanCommand({
      TableName: table,
      Limit: limit,
      ConsistentRead: true,
      FilterExpression: "sk = :sk",
      ExpressionAttributeValues: { ":sk": { S: sk } },
      ...(start !== undefined && { ExclusiveStartKey: start }),
    });
    const got = await this.#call("background", (options) => this.#parts.client.send(command, options));
    if (!got.ok) return got;
    return { ok: true, value: { items: got.value.Items ?? [], next: got.value.LastEvaluatedKey } };
  }

  /** All pages. */
  async queryAll(query: Query): Promise<ApiResult<readonly Item[]>> {
    const items: Item[] = [];
    let start: Item | undefined;
    do {
      const page = await this.query({ ...query, start });
      if (!page.ok) return page;
      items.push(...page.value.items);
      start = page.value.next;
    } while (start !== undefined);
    return { ok: true, value: items };
  }

  /** Answers the item that stood there before. */
  async put(
    table: string,
    item: Item,
    condition?: Condition,
    lane: Lane = "user",
  ): Promise<ApiResult<Item | undefined>> {
    const command = new PutItemCommand({
      TableName: table,
      Item: item,
      ReturnValues: "ALL_OLD",
      ...(condition !== undefined && { ConditionExpression: condition.expression }),
      ...(condition?.values !== undefined && { ExpressionAttributeValues: condition.values }),
      ...(condition?.names !== undefined && { ExpressionAttributeNames: condition.names }),
    });
    const done = await this.#call(lane, (options) => this.#parts.client.send(command, options));
    return done.ok ? { ok: true, value: done.value.Attributes } : done;
  }

  /** Answers the former values of the attributes that changed. */
  async update(
    table: string,
    key: ItemKey,
    change: { readonly expression: string; readonly condition: string; readonly values: Item },
    lane: Lane,
  ): Promise<ApiResult<Item | undefined>> {
    const command = new UpdateItemCommand({
      TableName: table,
      Key: keyOf(key),
      UpdateExpression: change.expression,
      ConditionExpression: change.condition,
      ExpressionAttributeValues: change.values,
      ReturnValues: "UPDATED_OLD",
    });
    const done = await this.#call(lane, (options) => this.#parts.client.send(command, options));
    return done.ok ? { ok: true, value: done.value.Attributes } : done;
  }

  async delete(table: string, key: ItemKey, condition?: Condition): Promise<ApiResult<true>> {
    const command = new DeleteItemCommand({
      TableName: table,
      Key: keyOf(key),
      ...(condition !== undefined && { ConditionExpression: condition.expression }),
      ...(condition?.values !== undefined && { ExpressionAttributeValues: condition.values }),
    });
    const done = await this.#call("background", (options) => this.#parts.client.send(command, options));
    return done.ok ? { ok: true, value: true } : done;
  }

  /** Without conditions: only for items that never change, or that are a hint. What DynamoDB leaves over is sent again. */
  async writeAll(table: string, writes: readonly WriteRequest[], lane: Lane): Promise<ApiResult<true>> {
    for (const chunk of chunksOf(writes, BATCH_WRITE_MAX)) {
      const written = await this.#writeChunk(table, chunk, lane);
      if (!written.ok) return written;
    }
    return { ok: true, value: true };
  }

  /** Between nothing and `PAUSE_MS_MIN · 2^attempt` milliseconds. */
  pause(attempt: number, msMax = PAUSE_MS_MAX): Promise<void> {
    const bound = Math.min(msMax, PAUSE_MS_MIN * 2 ** attempt);
    const delay = this.#parts.random.next() * bound;
    return new Promise((resume) => this.#parts.clock.after(delay, resume));
  }

  async #writeChunk(table: string, chunk: readonly WriteRequest[], lane: Lane): Promise<ApiResult<true>> {
    let left = [...chunk];
    for (let attempt = 0; ; attempt += 1) {
      const command = new BatchWriteItemCommand({ RequestItems: { [table]: left } });
      const done = await this.#call(lane, (options) => this.#parts.client.send(command, options));
      if (!done.ok) return done;
      const unprocessed = done.value.UnprocessedItems?.[table] ?? [];
      if (unprocessed.length === 0) return { ok: true, value: true };
      if (unprocessed.length < left.length) attempt = 0;
      if (attempt >= DYNAMO_ATTEMPTS_MAX) return { ok: false, error: "throttled" };
      left = unprocessed;
      await this.pause(attempt);
    }
  }

  async #getChunk(table: string, keys: Item[]): Promise<ApiResult<readonly Item[]>> {
    const items: Item[] = [];
    let left = keys;
    for (let attempt = 0; ; attempt += 1) {
      const command = new BatchGetItemCommand({ RequestItems: { [table]: { Keys: left, ConsistentRead: true } } });
      const got: ApiResult<BatchGetItemCommandOutput> = await this.#call("user", (options) =>
        this.#parts.client.send(command, options),
      );
      if (!got.ok) return got;
      const found = got.value.Responses?.[table] ?? [];
      items.push(...found);
      const unprocessed = got.value.UnprocessedKeys?.[table]?.Keys ?? [];
      if (unprocessed.length === 0) return { ok: true, value: items };
      // What was left over because the answer was full can be asked for at once.
      if (unprocessed.length < left.length) attempt = 0;
      else if (attempt >= DYNAMO_ATTEMPTS_MAX) return { ok: false, error: "throttled" };
      else await this.pause(attempt);
      left = unprocessed;
    }
  }

  async #call<Output>(
    lane: Lane,
    send: (options: { abortSignal: AbortSignal }) => Promise<Output>,
  ): Promise<ApiResult<Output>> {
    for (let attempt = 0; ; attempt += 1) {
      const result = await this.#gates[lane].run<ApiResult<Output>>(() => this.#once(send), howItWent);
      this.#note(result);
      if (result.ok || result.error !== "throttled" || attempt + 1 >= DYNAMO_ATTEMPTS_MAX) return result;
      await this.pause(attempt);
    }
  }

  /** The time limit holds for all of it, credentials and the answer's body included, whatever the SDK does with the signal. */
  #once<Output>(send: (options: { abortSignal: AbortSignal }) => Promise<Output>): Promise<ApiResult<Output>> {
    return new Promise((resolve) => {
      const abort = new AbortController();
      const timer = this.#parts.clock.after(this.#parts.requestMsMax ?? DYNAMO_REQUEST_MS_MAX, () => {
        resolve(this.#failed(new Error("no answer in time")));
        abort.abort();
      });
      send({ abortSignal: abort.signal }).then(
        (value) => {
          timer.cancel();
          resolve({ ok: true, value });
        },
        (error: unknown) => {
          timer.cancel();
          resolve(abort.signal.aborted ? { ok: false, error: "unavailable" } : this.#failed(error));
        },
      );
    });
  }

  #note(result: ApiResult<unknown>): void {
    if (result.ok || result.error === "condition" || result.error === "throttled") {
      if (this.#failures >= FAILURES_IN_A_ROW) this.#parts.away?.(false);
      this.#failures = 0;
      return;
    }
    this.#failures += 1;
    if (this.#failures === FAILURES_IN_A_ROW) this.#parts.away?.(true);
  }

  #failed(error: unknown): { readonly ok: false; readonly error: ApiError } {
    const kind = kindOf(error);
    if (kind !== "condition") this.#report(kind, error instanceof Error ? error : new Error(String(error)));
    return { ok: false, error: kind };
  }

  #report(kind: ApiError, error: Error): void {
    const about = `${kind} ${error.name}`;
    const now = this.#parts.clock.monotonicMs();
    const before = this.#reportedAt.get(about);
    if (before !== undefined && now - before < REPORT_INTERVAL_MS) return;
    this.#reportedAt.set(about, now);
    this.#parts.report("dynamodb_trouble", { kind, error: `${error.name}: ${error.message}` });
  }
}

/** For the gate: what a store says that has too much to do, or what it does not say at all. */
function howItWent(result: ApiResult<unknown>): Went {
  return !result.ok && (result.error === "unavailable" || result.error === "throttled") ? "badly" : "well";
}

function kindOf(error: unknown): ApiError {
  if (!(error instanceof Error)) return "unavailable";
  if (error.name === "ConditionalCheckFailedException") return "condition";
  if (THROTTLED.includes(error.name)) return "throttled";
  if (error.name === "CredentialsProviderError") return "refused";
  const status = (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode;
  return status !== undefined && status >= 400 && status < 500 ? "refused" : "unavailable";
}

function rangeExpression(from: string | undefined, to: string | undefined): string {
  if (from !== undefined) return to === undefined ? " AND sk >= :from" : " AND sk BETWEEN :from AND :to";
  return to === undefined ? "" : " AND sk <= :to";
}

function chunksOf<Value>(values: readonly Value[], size: number): readonly (readonly Value[])[] {
  const chunks: (readonly Value[])[] = [];
  for (let at = 0; at < values.length; at += size) chunks.push(values.slice(at, at + size));
  return chunks;
}
