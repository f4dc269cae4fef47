/**
 * The segments that stand in `batch` rows, by log, in memory. The writer keeps one and feeds it with what it commits; a
 * reading thread keeps its own and catches up from the table before each read.
 * Invariant: a log's records are in the order of their places. It may still have some that are settled already: readers
 * pass over what is not behind `head.last_seq`.
 */
import type { Seq } from "../../base/ids.ts";
import { type RecordRef, recordsOf } from "./segment-record.ts";

const NONE: readonly RecordRef[] = [];

export class RecentSegments {
  readonly #logs = new Map<number, RecordRef[]>();
  #bytes = 0;

  /** Bytes of the records held. */
  get bytes(): number {
    return this.#bytes;
  }

  logs(): Iterable<number> {
    return this.#logs.keys();
  }

  of(log: number): readonly RecordRef[] {
    return this.#logs.get(log) ?? NONE;
  }

  newest(log: number): RecordRef | undefined {
    return this.#logs.get(log)?.at(-1);
  }

  at(log: number, firstSeq: Seq): RecordRef | undefined {
    return this.#logs.get(log)?.find((record) => record.firstSeq === firstSeq);
  }

  /** `bytes` is kept: it must not change any more. */
  addBatch(bytes: Uint8Array): void {
    for (const record of recordsOf(bytes)) {
      const records = this.#logs.get(record.log);
      if (records === undefined) this.#logs.set(record.log, [record]);
      else records.push(record);
    }
    this.#bytes += bytes.length;
  }

  forget(log: number): void {
    for (const record of this.of(log)) this.#bytes -= record.end - record.offset;
    this.#logs.delete(log);
  }

  clear(): void {
    this.#logs.clear();
    this.#bytes = 0;
  }
}
