/**
 * Which link records are dealt with: the highest number up to which all are, and those above it, in whatever order.
 * Invariant: the ring has one cell for every record above `low`; it grows with what is under way.
 */

const CELLS_MIN = 1024;
const OPEN = 0;
const COMPLETE = 1;
/** Complete, and told by `takeAbove`. */
const TOLD = 2;
const NONE: readonly number[] = [];

export class Progress {
  #low = 0;
  /** Highest record completed. */
  #high = 0;
  /** Something above `low` was completed since `takeAbove`. */
  #hasUntold = false;
  /** By record modulo size. */
  #cells = new Uint8Array(CELLS_MIN);

  /** Every record up to here is complete. */
  get low(): number {
    return this.#low;
  }

  complete(record: number): void {
    if (record <= this.#low) return;
    if (record - this.#low >= this.#cells.length) this.#grow(record - this.#low);
    const cells = this.#cells;
    const mask = cells.length - 1;
    if (cells[record & mask] === OPEN) cells[record & mask] = COMPLETE;
    if (record > this.#high) this.#high = record;
    let low = this.#low;
    while (low < this.#high && cells[(low + 1) & mask] !== OPEN) {
      low += 1;
      cells[low & mask] = OPEN;
    }
    this.#low = low;
    if (record > low) this.#hasUntold = true;
  }

  /** Records above `low` that were completed since the last call: what they led to must not be repeated either. */
  takeAbove(): readonly number[] {
    if (!this.#hasUntold) return NONE;
    this.#hasUntold = false;
    const cells = this.#cells;
    const mask = cells.length - 1;
    const above: number[] = [];
    for (let record = this.#low + 1; record <= this.#high; record += 1) {
      if (cells[record & mask] !== COMPLETE) continue;
      cells[record & mask] = TOLD;
      above.push(record);
    }
    return above;
  }

  #grow(span: number): void {
    const before = this.#cells;
    let size = before.length;
    while (size <= span) size *= 2;
    this.#cells = new Uint8Array(size);
    for (let record = this.#low + 1; record <= this.#high; record += 1) {
      this.#cells[record & (size - 1)] = before[record & (before.length - 1)] ?? OPEN;
    }
  }
}
