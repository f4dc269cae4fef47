/**
 * The newest entries of something that is asked about rarely: a bound on how many, and on how old they are.
 * Invariant: entries come out in the order in which they went in.
 */
export class RecentRing<Entry extends { readonly atMs: number }> {
  readonly #entries: Entry[] = [];
  readonly #sizeMax: number;
  readonly #ageMsMax: number;
  /** Where the oldest one is once the ring is full. */
  #first = 0;

  constructor(sizeMax: number, ageMsMax: number) {
    this.#sizeMax = sizeMax;
    this.#ageMsMax = ageMsMax;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** The oldest one goes when it is full. */
  push(entry: Entry): void {
    if (this.#entries.length < this.#sizeMax) {
      this.#entries.push(entry);
      return;
    }
    this.#entries[this.#first] = entry;
    this.#first = (this.#first + 1) % this.#sizeMax;
  }

  /** All that went in since then is there. */
  keptFromMs(nowMs: number): number {
    const oldest = this.#entries.length < this.#sizeMax ? undefined : this.#entries[this.#first];
    return Math.max(nowMs - this.#ageMsMax, oldest?.atMs ?? 0);
  }

  /** The oldest first, without those that are too old at `nowMs`. */
  *from(nowMs: number): Generator<Entry> {
    for (let i = 0; i < this.#entries.length; i += 1) {
      const entry = this.#entries[(this.#first + i) % this.#entries.length];
      if (entry !== undefined && entry.atMs >= nowMs - this.#ageMsMax) yield entry;
    }
  }
}
