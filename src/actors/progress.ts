/** Which link records are dealt with: the highest number up to which all are, whatever order they are completed in. */

export class Progress {
  #low = 0;
  readonly #above = new Set<number>();

  /** Every record up to here is complete. */
  get low(): number {
    return this.#low;
  }

  complete(record: number): void {
    if (record <= this.#low) return;
    if (record !== this.#low + 1) {
      this.#above.add(record);
      return;
    }
    this.#low = record;
    while (this.#above.delete(this.#low + 1)) this.#low += 1;
  }
}
