/** Which link records are dealt with: the highest number up to which all are, and those above it, in whatever order. */

const NONE: readonly number[] = [];

export class Progress {
  #low = 0;
  readonly #above = new Set<number>();
  /** Completed above `low`, and not yet taken by `takeAbove`. */
  #untold: number[] = [];

  /** Every record up to here is complete. */
  get low(): number {
    return this.#low;
  }

  complete(record: number): void {
    if (record <= this.#low) return;
    if (record !== this.#low + 1) {
      this.#above.add(record);
      this.#untold.push(record);
      return;
    }
    this.#low = record;
    while (this.#above.delete(this.#low + 1)) this.#low += 1;
  }

  /** Records above `low` that were completed since the last call: what they led to must not be repeated either. */
  takeAbove(): readonly number[] {
    if (this.#untold.length === 0) return NONE;
    const above = this.#untold.filter((record) => record > this.#low);
    this.#untold = [];
    return above;
  }
}
