/**
 * The last events of a room, bounded by count and by bytes: for resume, and for changing recent messages without the store.
 * Invariant: what is kept is contiguous and ends at the newest event pushed.
 */
import type { Seq } from "../../base/ids.ts";
import { RECENT_BYTES_MAX, RECENT_EVENTS_MAX } from "../../base/limits.ts";

const CAPACITY_MIN = 16;

export class RecentEvents<E extends { readonly seq: Seq }> {
  /** Slot = sequence modulo capacity, a power of two: sequences are contiguous, so no slot is asked for twice. */
  #events: (E | undefined)[] = [];
  #bytesOf = new Uint32Array(0);
  #touched = new Uint8Array(0);
  #next: Seq;
  #size = 0;
  #bytes = 0;

  /** `nextSeq`: the sequence of the first event that will be pushed. */
  constructor(nextSeq: Seq = 1) {
    this.#next = nextSeq;
  }

  /** Sequence of the oldest event kept; one past the newest when nothing is kept. */
  get firstSeq(): Seq {
    return this.#next - this.#size;
  }

  /** Sequence of the newest event, kept or not; 0 before the first. */
  get lastSeq(): Seq {
    return this.#next - 1;
  }

  get size(): number {
    return this.#size;
  }

  /** Whether every event after `afterSeq` is here. */
  covers(afterSeq: Seq): boolean {
    return afterSeq + 1 >= this.firstSeq;
  }

  /** `bytes` is an estimate of what the event holds in memory. Throws on a gap. The newest event always stays. */
  push(event: E, bytes: number): void {
    if (event.seq !== this.#next) throw new Error(`event ${event.seq} does not follow ${this.#next - 1}`);
    if (this.#size === RECENT_EVENTS_MAX) this.#dropOldest();
    if (this.#size === this.#events.length) this.#grow();
    const slot = event.seq & (this.#events.length - 1);
    this.#events[slot] = event;
    this.#bytesOf[slot] = bytes;
    this.#touched[slot] = 0;
    this.#next += 1;
    this.#size += 1;
    this.#bytes += bytes;
    while (this.#bytes > RECENT_BYTES_MAX && this.#size > 1) this.#dropOldest();
  }

  get(seq: Seq): E | undefined {
    return this.#has(seq) ? this.#events[seq & (this.#events.length - 1)] : undefined;
  }

  /** Events with `afterSeq` < sequence ≤ `toSeq`, as far as they are kept: ask `covers(afterSeq)` first. */
  slice(afterSeq: Seq, toSeq: Seq): E[] {
    const found: E[] = [];
    const last = Math.min(toSeq, this.#next - 1);
    for (let seq = Math.max(afterSeq + 1, this.firstSeq); seq <= last; seq += 1) {
      const event = this.#events[seq & (this.#events.length - 1)];
      if (event !== undefined) found.push(event);
    }
    return found;
  }

  /** Notes that a later event changed what this one said. */
  touch(seq: Seq): void {
    if (this.#has(seq)) this.#touched[seq & (this.#events.length - 1)] = 1;
  }

  /** Kept, and no later event changed what it says. */
  isUntouched(seq: Seq): boolean {
    return this.#has(seq) && this.#touched[seq & (this.#events.length - 1)] === 0;
  }

  #has(seq: Seq): boolean {
    return seq < this.#next && seq >= this.#next - this.#size;
  }

  #dropOldest(): void {
    const slot = (this.#next - this.#size) & (this.#events.length - 1);
    this.#events[slot] = undefined;
    this.#bytes -= this.#bytesOf[slot] ?? 0;
    this.#size -= 1;
  }

  #grow(): void {
    const capacity = Math.max(CAPACITY_MIN, this.#events.length * 2);
    const events = new Array<E | undefined>(capacity).fill(undefined);
    const bytesOf = new Uint32Array(capacity);
    const touched = new Uint8Array(capacity);
    for (let seq = this.firstSeq; seq < this.#next; seq += 1) {
      const from = seq & (this.#events.length - 1);
      const to = seq & (capacity - 1);
      events[to] = this.#events[from];
      bytesOf[to] = this.#bytesOf[from] ?? 0;
      touched[to] = this.#touched[from] ?? 0;
    }
    this.#events = events;
    this.#bytesOf = bytesOf;
    this.#touched = touched;
  }
}
