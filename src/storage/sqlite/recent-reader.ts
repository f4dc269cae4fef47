/**
 * Catches an index of recent segments up with the `batch` table, for connections that do not write it themselves.
 * Ids only grow and rows never change, so only rows behind the last one seen are read.
 */
import type { Database } from "bun:sqlite";
import { RecentSegments } from "./recent-segments.ts";

interface Batch {
  readonly id: number;
  readonly bytes: Uint8Array;
}
/** Settled batches kept before the index is built anew without them. */
const STALE_BATCHES_MIN = 64;

export class RecentReader {
  readonly segments = new RecentSegments();
  #batches: Batch[] = [];
  readonly #bounds;
  readonly #since;

  constructor(db: Database) {
    this.#bounds = db.prepare<{ first: number | null; last: number | null }, []>(
      "SELECT (SELECT min(id) FROM batch) AS first, (SELECT max(id) FROM batch) AS last",
    );
    this.#since = db.prepare<Batch, [number]>("SELECT id, bytes FROM batch WHERE id > ? ORDER BY id");
  }

  /** To be called within the read transaction whose snapshot is to be seen. Answers the newest batch's id. */
  refresh(): number {
    const bounds = this.#bounds.get();
    const first = bounds?.first ?? 0;
    const last = bounds?.last ?? 0;
    const seen = this.#batches.at(-1)?.id ?? 0;
    // Ids never fall; if they did, the file was replaced under us and nothing held is worth anything.
    if (last < seen) this.#rebuild([]);
    this.#forgetStale(first);
    if (last > seen) {
      for (const batch of this.#since.all(seen)) this.#add(batch);
    }
    return last;
  }

  reload(): number {
    this.#rebuild([]);
    return this.refresh();
  }

  /** Only the index goes on; the writer feeds it itself from now on. */
  release(): void {
    this.#batches = [];
  }

  #add(batch: Batch): void {
    this.#batches.push(batch);
    this.segments.addBatch(batch.bytes);
  }

  #forgetStale(first: number): void {
    const live = this.#batches.findIndex((batch) => batch.id >= first);
    const stale = live === -1 ? this.#batches.length : live;
    // All of it: then it costs nothing, and what was erased is in no memory either.
    if (live === -1 && stale > 0) return this.#rebuild([]);
    if (stale < STALE_BATCHES_MIN || stale * 2 < this.#batches.length) return;
    this.#rebuild(this.#batches.slice(stale));
  }

  #rebuild(batches: readonly Batch[]): void {
    this.segments.clear();
    this.#batches = [];
    for (const batch of batches) this.#add(batch);
  }
}
