/**
 * Carries pending rows into the rooms table, off the way of messages: members and cards at once, the rest once a second.
 * First the rows, then the room with its `head`: so `head` says up to where a crash has lost nothing, and whoever finds it
 * behind the log (the next owner at activation, or a writer at its next write) takes the rows from the segments again.
 * Invariant: of one log one write is under way at most.
 */
import type { Clock, Timer } from "../../base/clock.ts";
import type { Seq } from "../../base/ids.ts";
import { DYNAMO_ACTIVITY_INTERVAL_MS } from "../../base/limits.ts";
import type { LogKey } from "../journal.ts";
import type { ApiResult, DynamoApi } from "./dynamo-api.ts";
import { logName } from "./keys.ts";
import type { LogStore, StoredSegment } from "./log-store.ts";
import type { PendingLog, PendingRows, PendingWrites } from "./pending-rows.ts";
import type { RoomRow, RowStore } from "./row-store.ts";

const ROUNDS_MAX = 6;
/** Bound of the pause after a failure, milliseconds. */
const RETRY_MS_MAX = 5_000;
/** What is not written by then is found in the log by the next owner. */
const CLOSE_MS_MAX = 5_000;

export interface RowFlusherParts {
  readonly api: DynamoApi;
  readonly clock: Clock;
  readonly pending: PendingRows;
  readonly logs: LogStore;
  readonly rows: RowStore;
  readonly failed: (error: unknown) => void;
}

interface Flushing {
  timer: Timer | undefined;
  running: Promise<boolean> | undefined;
  queued: Promise<boolean> | undefined;
}

export class RowFlusher {
  readonly #parts: RowFlusherParts;
  readonly #logs = new Map<string, Flushing>();
  #closed = false;

  constructor(parts: RowFlusherParts) {
    this.#parts = parts;
  }

  /** Within the interval, unless somebody asks for it earlier. */
  soon(log: PendingLog): void {
    const flushing = this.#flushing(log);
    if (this.#closed || flushing.timer !== undefined || flushing.running !== undefined) return;
    flushing.timer = this.#parts.clock.after(DYNAMO_ACTIVITY_INTERVAL_MS, () => void this.now(log));
  }

  /** What is pending at this moment; true when it is in the table. */
  now(log: PendingLog): Promise<boolean> {
    const flushing = this.#flushing(log);
    const { running } = flushing;
    if (running === undefined) return this.#start(log, flushing);
    // What is under way was taken before this moment; whoever asks meanwhile gets the one behind it.
    flushing.queued ??= running.then(() => {
      flushing.queued = undefined;
      return this.#start(log, flushing);
    });
    return flushing.queued;
  }

  /** Everything that is pending, as far as it goes in the time given. */
  async close(): Promise<void> {
    const all = Promise.all(this.#parts.pending.all().map((log) => this.now(log)));
    const late = new Promise<void>((resolve) => this.#parts.clock.after(CLOSE_MS_MAX, resolve));
    await Promise.race([all, late]);
    this.#closed = true;
    for (const { timer } of this.#logs.values()) timer?.cancel();
  }

  #start(log: PendingLog, flushing: Flushing): Promise<boolean> {
    flushing.timer?.cancel();
    flushing.timer = undefined;
    const flushed = this.#flush(log).catch((error: unknown) => {
      this.#parts.failed(error);
      return false;
    });
    const running = flushed.then((written) => {
      flushing.running = undefined;
      if (log.isClean) this.#forget(log);
      else if (flushing.queued === undefined) this.soon(log);
      return written;
    });
    flushing.running = running;
    return running;
  }

  async #flush(log: PendingLog): Promise<boolean> {
    for (let round = 0; round < ROUNDS_MAX && !this.#closed; round += 1) {
      if (log.isClean) return true;
      const writes = log.take();
      const written = await this.#write(log, writes);
      if (written === "done") {
        log.settle(writes);
        return true;
      }
      if (written === "failed") await this.#parts.api.pause(round + 2, RETRY_MS_MAX);
    }
    return false;
  }

  /** `again`: rows were taken from the log that have to be written first. */
  async #write(log: PendingLog, writes: PendingWrites): Promise<"done" | "again" | "failed"> {
    const { rows } = this.#parts;
    const written = await rows.writeRows(log.key, writes);
    if (!written.ok) return "failed";
    const moved = await rows.writeRoom(log.key, writes, writes.before === 0);
    if (moved.ok) return "done";
    if (moved.error !== "condition") return "failed";
    const standing = await rows.room(log.key.tenant, log.key.room);
    if (!standing.ok) return "failed";
    return this.#reconcile(log, writes, standing.value);
  }

  async #reconcile(
    log: PendingLog,
    writes: PendingWrites,
    standing: RoomRow | undefined,
  ): Promise<"done" | "again" | "failed"> {
    const { incarnation } = log.key;
    const head = writes.activity?.head ?? 0;
    if (standing !== undefined && standing.incarnation > incarnation) return "done";
    const known = standing?.incarnation === incarnation ? standing.head : 0;
    if (known >= head) return "done";
    if (known > 0 && known >= writes.before) return await this.#moveOn(log, writes, known);
    const missed = await this.#missed(log.key, known, writes.before);
    if (!missed.ok) return "failed";
    log.catchUp(known, missed.value);
    return "again";
  }

  /** Somebody has written a part of it, or all before it. */
  async #moveOn(log: PendingLog, writes: PendingWrites, known: Seq): Promise<"done" | "again" | "failed"> {
    const moved = await this.#parts.rows.writeRoom(log.key, { ...writes, before: known }, false);
    if (moved.ok) return "done";
    return moved.error === "condition" ? "again" : "failed";
  }

  async #missed(key: LogKey, after: Seq, through: Seq): Promise<ApiResult<readonly RowsOfSegment[]>> {
    const found = await this.#parts.logs.segmentsFrom(key, after + 1);
    if (!found.ok) return found;
    return rowsOf(
      this.#parts.logs,
      key,
      found.value.filter(({ segment }) => segment.firstSeq <= through),
    );
  }

  #flushing(log: PendingLog): Flushing {
    const name = logName(log.key);
    const present = this.#logs.get(name);
    if (present !== undefined) return present;
    const created: Flushing = { timer: undefined, running: undefined, queued: undefined };
    this.#logs.set(name, created);
    return created;
  }

  #forget(log: PendingLog): void {
    this.#logs.delete(logName(log.key));
    this.#parts.pending.removeIfClean(log);
  }
}

export type RowsOfSegment = Parameters<PendingLog["catchUp"]>[1][number];

/** The rows that stand in segments. */
export async function rowsOf(
  logs: LogStore,
  key: LogKey,
  segments: readonly StoredSegment[],
): Promise<ApiResult<readonly RowsOfSegment[]>> {
  const found: RowsOfSegment[] = [];
  for (const one of segments) {
    const rows = await logs.rowsOf(key, one);
    if (!rows.ok) return rows;
    found.push({ segment: one.segment, rows: rows.value });
  }
  return { ok: true, value: found };
}
