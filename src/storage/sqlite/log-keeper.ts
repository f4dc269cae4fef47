/**
 * What is done to logs that have been there for long, within the writer's transaction: the front is taken away, entries are
 * put in the place of others; and, outside of one, the file is made anew so that nothing of it is left in free pages.
 * Invariant: `run` stays a run of whole segments up to the settled head, the newest of which never goes.
 */
import type { Database } from "bun:sqlite";
import type { TenantId, UserId } from "../../base/ids.ts";
import type { ItemsOf, Rewrite } from "../journal.ts";
import type { LogNumbers } from "./log-numbers.ts";
import { recordsOf, RecordWriter, segmentOf } from "./segment-record.ts";
import type { UpkeepOperation } from "./write-operation.ts";

/** Runs looked at in one go. */
const RUNS_PER_READ = 64;

interface Run {
  readonly place: bigint | number;
  readonly bytes: Uint8Array;
}

export class LogKeeper {
  readonly #numbers: LogNumbers;
  /** Moves all of a log that is committed to `run`. */
  readonly #settle: (log: number) => unknown;
  readonly #packed = new RecordWriter();
  readonly #state;
  readonly #front;
  readonly #runOf;
  readonly #deleteRun;
  readonly #insertRun;
  readonly #setRun;
  readonly #deleteOverlays;
  readonly #deleteItems;
  readonly #deleteItem;
  readonly #deletePerson;
  readonly #deleteMarks;

  constructor(db: Database, numbers: LogNumbers, settle: (log: number) => unknown) {
    this.#numbers = numbers;
    this.#settle = settle;
    this.#state = db.prepare<{ lastSeq: number | null; snapshotSeq: number | null }, [number]>(
      `SELECT (SELECT last_seq FROM head WHERE log = ?1) AS lastSeq,
              (SELECT seq FROM snapshot WHERE log = ?1) AS snapshotSeq`,
    );
    this.#front = db.prepare<Run, [number, number]>(
      `SELECT place, bytes FROM run WHERE place BETWEEN (?1 << 32) AND ((?1 << 32) | ?2)
       ORDER BY place LIMIT ${RUNS_PER_READ}`,
    );
    this.#runOf = db.prepare<Run, [number, number]>(
      `SELECT place, bytes FROM run WHERE place BETWEEN (?1 << 32) AND ((?1 << 32) | ?2) ORDER BY place DESC LIMIT 1`,
    );
    this.#deleteRun = db.prepare<unknown, [number | bigint]>("DELETE FROM run WHERE place = ?");
    this.#insertRun = db.prepare<unknown, [number, number, Uint8Array]>(
      "INSERT INTO run (place, bytes) VALUES ((?1 << 32) | ?2, ?3)",
    );
    this.#setRun = db.prepare<unknown, [Uint8Array, number | bigint]>("UPDATE run SET bytes = ? WHERE place = ?");
    this.#deleteOverlays = db.prepare<unknown, [number, number]>("DELETE FROM overlay WHERE log = ? AND seq <= ?");
    this.#deleteItems = db.prepare<unknown, [number, string]>("DELETE FROM item WHERE log = ? AND collection = ?");
    this.#deleteItem = db.prepare<unknown, [number, string, string]>(
      "DELETE FROM item WHERE log = ? AND collection = ? AND id = ?",
    );
    this.#deletePerson = db.prepare<unknown, [number, UserId]>("DELETE FROM person WHERE tenant = ? AND user_id = ?");
    this.#deleteMarks = db.prepare<unknown, [UserId, number]>(
      "DELETE FROM mark WHERE user_id = ? AND log IN (SELECT id FROM log WHERE tenant = ?)",
    );
  }

  /** false: a rewrite did not find all as it was read. */
  do(operation: Exclude<UpkeepOperation, { readonly kind: "clean" }>): boolean {
    if (operation.kind === "forget") this.#forget(operation.tenant, operation.userId);
    if (operation.kind === "forget") return true;
    const log = this.#numbers.log(operation.log);
    if (log === undefined) return operation.kind === "trim" || operation.changes.length === 0;
    this.#settle(log);
    if (operation.kind === "rewrite") {
      return operation.changes.map((change) => this.#rewrite(log, change)).every(Boolean);
    }
    this.#trim(log, operation.throughSeq, operation.items);
    return true;
  }

  #trim(log: number, throughSeq: number, items: readonly ItemsOf[]): void {
    const { lastSeq, snapshotSeq } = this.#state.get(log) ?? {};
    if (lastSeq == null || snapshotSeq == null || snapshotSeq < throughSeq || this.#isNewest(log, throughSeq)) return;
    let removedThrough = 0;
    for (;;) {
      const runs = this.#front.all(log, throughSeq);
      for (const run of runs) {
        const records = recordsOf(run.bytes);
        const kept = records.filter((record) => record.lastSeq > throughSeq);
        removedThrough = records[records.length - kept.length - 1]?.lastSeq ?? removedThrough;
        if (kept.length < records.length) this.#deleteRun.run(run.place);
        const first = kept[0];
        if (first === undefined) continue;
        if (kept.length < records.length) {
          this.#packed.reset();
          for (const record of kept) this.#packed.appendRecord(record);
          this.#insertRun.run(log, first.firstSeq, this.#packed.bytes);
        }
        return this.#trimRows(log, removedThrough, items);
      }
      if (runs.length < RUNS_PER_READ) return this.#trimRows(log, removedThrough, items);
    }
  }

  /** Whether the newest segment would go with it. */
  #isNewest(log: number, throughSeq: number): boolean {
    const run = this.#runOf.get(log, 0xffff_ffff);
    const newest = run === null ? undefined : recordsOf(run.bytes).at(-1);
    return newest === undefined || newest.firstSeq <= throughSeq;
  }

  #trimRows(log: number, removedThrough: number, items: readonly ItemsOf[]): void {
    this.#deleteOverlays.run(log, removedThrough);
    for (const { collection, ids } of items) {
      if (ids === undefined) this.#deleteItems.run(log, collection);
      else for (const id of ids) this.#deleteItem.run(log, collection, id);
    }
  }

  #rewrite(log: number, { segment, before }: Rewrite): boolean {
    const run = this.#runOf.get(log, segment.firstSeq);
    if (run === null) return false;
    let isThere = false;
    this.#packed.reset();
    for (const record of recordsOf(run.bytes)) {
      const standing = record.firstSeq === segment.firstSeq ? segmentOf(record) : undefined;
      if (standing?.batchId !== segment.batchId || Buffer.compare(standing.entries, before) !== 0) {
        this.#packed.appendRecord(record);
        continue;
      }
      isThere = true;
      this.#packed.append(log, { ...standing, entries: segment.entries });
    }
    if (isThere) this.#setRun.run(this.#packed.bytes, run.place);
    return isThere;
  }

  #forget(tenantName: TenantId, userId: UserId): void {
    const tenant = this.#numbers.tenant(tenantName);
    if (tenant === undefined) return;
    this.#deletePerson.run(tenant, userId);
    this.#deleteMarks.run(userId, tenant);
  }
}
