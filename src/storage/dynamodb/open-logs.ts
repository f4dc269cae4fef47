/**
 * The list of logs that somebody may have to follow: a log is put on it before the first segment of an activation is written,
 * and again before any segment when that is long ago. So a log that nobody activates again after a crash is still found.
 * Invariant: when a segment is put, the list has had the log on it for less than `FOLLOW_REOPEN_MS`.
 */
import type { Clock } from "../../base/clock.ts";
import { hash32 } from "../../base/hash.ts";
import { FOLLOW_REOPEN_MS, STORAGE_HEADS_CACHED_MAX } from "../../base/limits.ts";
import { type KnownLog, type LogPage, logOfName, nameOfLog } from "../follow-store.ts";
import type { LogKey } from "../journal.ts";
import type { ApiResult, DynamoApi } from "./dynamo-api.ts";
import { type Item, keyOf, number, numberIn, textIn } from "./items.ts";
import { OPEN_PARTITIONS, openLogKey, openPartition } from "./keys.ts";

export class OpenLogs {
  readonly #api: DynamoApi;
  readonly #table: string;
  readonly #clock: Clock;
  /** When they were put on the list by this process, monotonic. */
  readonly #noted = new Map<string, number>();

  constructor(api: DynamoApi, table: string, clock: Clock) {
    this.#api = api;
    this.#table = table;
    this.#clock = clock;
  }

  isNoted(log: LogKey): boolean {
    const noted = this.#noted.get(nameOfLog(log));
    return noted !== undefined && this.#clock.monotonicMs() - noted < FOLLOW_REOPEN_MS;
  }

  async note(log: LogKey): Promise<ApiResult<unknown>> {
    const name = nameOfLog(log);
    const atMs = this.#clock.monotonicMs();
    const item = { ...keyOf(keyOfLog(log)), openedAt: number(this.#clock.wallMs()) };
    const put = await this.#api.put(this.#table, item);
    if (!put.ok) return put;
    if (this.#noted.size >= STORAGE_HEADS_CACHED_MAX) this.#noted.clear();
    this.#noted.set(name, atMs);
    return put;
  }

  /** `after`: partition and, within it, the last name. */
  async page(after: string | undefined, limit: number): Promise<ApiResult<LogPage>> {
    const [partition, name] = after === undefined ? [0, ""] : placeOf(after);
    const pk = openPartition(partition);
    const start = name === "" ? undefined : keyOf({ pk, sk: name });
    const page = await this.#api.query({ table: this.#table, pk, limit, start });
    if (!page.ok) return page;
    const { items, next } = page.value;
    const logs = items.map(knownIn).filter((known) => known !== undefined);
    if (next !== undefined) return { ok: true, value: { logs, next: `${partition}/${textIn(next, "sk")}` } };
    const isLast = partition + 1 >= OPEN_PARTITIONS;
    return { ok: true, value: { logs, next: isLast ? undefined : `${partition + 1}/` } };
  }

  /** Unless somebody put it there again. */
  async remove({ log, openedAt }: KnownLog): Promise<ApiResult<true>> {
    const condition = { expression: "openedAt = :at", values: { ":at": number(openedAt) } };
    const removed = await this.#api.delete(this.#table, keyOfLog(log), condition);
    return removed.ok || removed.error !== "condition" ? removed : { ok: true, value: true };
  }
}

function keyOfLog(log: LogKey) {
  const name = nameOfLog(log);
  return openLogKey(hash32(name) % OPEN_PARTITIONS, name);
}

function placeOf(after: string): readonly [number, string] {
  const at = after.indexOf("/");
  return [Number(after.slice(0, at)), after.slice(at + 1)];
}

function knownIn(item: Item): KnownLog | undefined {
  const log = logOfName(textIn(item, "sk") ?? "");
  return log && { log, head: undefined, openedAt: numberIn(item, "openedAt") ?? 0 };
}
