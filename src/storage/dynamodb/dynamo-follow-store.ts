/** Positions of followers in the rooms table, one item per log and consumer; logs from the list of open ones, or a scan. */
import type { Seq } from "../../base/ids.ts";
import type { FollowStore, KnownLog, LogPage } from "../follow-store.ts";
import type { Done, LogKey, ReadResult } from "../journal.ts";
import { answer } from "./answering.ts";
import type { ApiResult, DynamoApi } from "./dynamo-api.ts";
import { fromJsonBytes, type Item, jsonBytes, number, numberIn, textIn } from "./items.ts";
import { positionKey, roomOfKey } from "./keys.ts";
import type { OpenLogs } from "./open-logs.ts";

export class DynamoFollowStore implements FollowStore {
  readonly #api: DynamoApi;
  readonly #table: string;
  readonly #open: OpenLogs;
  readonly #failed: (error: unknown) => void;

  constructor(api: DynamoApi, table: string, open: OpenLogs, failed: (error: unknown) => void) {
    this.#api = api;
    this.#table = table;
    this.#open = open;
    this.#failed = failed;
  }

  positions(consumer: string, logs: readonly LogKey[], done: Done<readonly Seq[]>): void {
    const read = async (): Promise<ApiResult<readonly Seq[]>> => {
      const keys = logs.map((log) => positionKey(log, consumer));
      const found = await this.#api.getAll(this.#table, keys);
      if (!found.ok) return found;
      const seqs = new Map(found.value.map((item) => [textIn(item, "pk"), numberIn(item, "seq") ?? 0]));
      return { ok: true, value: keys.map(({ pk }) => seqs.get(pk) ?? 0) };
    };
    answer(read(), done, this.#failed);
  }

  move(consumer: string, log: LogKey, from: Seq, to: Seq, done: Done<"moved" | "conflict">): void {
    const write = async (): Promise<ApiResult<"moved" | "conflict">> => {
      const change = {
        expression: "SET seq = :to",
        condition: from === 0 ? "attribute_not_exists(seq) OR seq = :from" : "seq = :from",
        values: { ":to": number(to), ":from": number(from) },
      };
      const moved = await this.#api.update(this.#table, positionKey(log, consumer), change, "background");
      if (moved.ok) return { ok: true, value: "moved" };
      return moved.error === "condition" ? { ok: true, value: "conflict" } : moved;
    };
    answer(write(), done, this.#failed);
  }

  openLogs(after: string | undefined, limit: number, done: Done<LogPage>): void {
    answer(this.#open.page(after, limit), done, this.#failed);
  }

  /** Reads the whole rooms table: for who begins from the start, not for every day. */
  allLogs(after: string | undefined, limit: number, done: Done<LogPage>): void {
    const read = async (): Promise<ApiResult<LogPage>> => {
      const start = after === undefined ? undefined : fromJsonBytes<Item>(Buffer.from(after, "base64"));
      const page = await this.#api.scan(this.#table, { sk: "room", limit, start });
      if (!page.ok) return page;
      const logs = page.value.items.map(logIn).filter((known) => known !== undefined);
      const { next } = page.value;
      const place = next === undefined ? undefined : Buffer.from(jsonBytes(next)).toString("base64");
      return { ok: true, value: { logs, next: place } };
    };
    answer(read(), done, this.#failed);
  }

  closeLog(known: KnownLog, done: (closed: ReadResult<true>) => void): void {
    answer(this.#open.remove(known), done, this.#failed);
  }
}

function logIn(item: Item): KnownLog | undefined {
  const room = roomOfKey(textIn(item, "pk") ?? "");
  if (room === undefined) return undefined;
  return {
    log: { ...room, incarnation: numberIn(item, "incarnation") ?? 1 },
    head: numberIn(item, "head"),
    openedAt: 0,
  };
}
