/**
 * Rows of the store as an active room knows them, the least recently used leaving first.
 * Invariant: an entry is the row as of the room's present state. A row that was changed after the last commit never leaves
 * (the store has an older one), and none leaves while reads are under way (their answers may be older than a row that left).
 */
import type { Seq } from "../../base/ids.ts";

interface Entry<K, V> {
  readonly key: K;
  value: V | null;
  changedAt: Seq;
  newer: Entry<K, V> | undefined;
  older: Entry<K, V> | undefined;
}

export class RowCache<K, V> {
  readonly #entries = new Map<K, Entry<K, V>>();
  readonly #sizeMax: number;
  #newest: Entry<K, V> | undefined;
  #oldest: Entry<K, V> | undefined;
  #pins = 0;
  /** The one found last, while it is here: a room is often asked for the same one again, and a map's way to it is long. */
  #found: Entry<K, V> | undefined;

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  /** Entries held, known absences included. Above the bound until the next `evict`. */
  get size(): number {
    return this.#entries.size;
  }

  /** Reads under way. */
  get pinned(): number {
    return this.#pins;
  }

  /** `undefined`: not known, ask the store. `null`: known to be absent. */
  get(key: K): V | null | undefined {
    const entry = this.#found?.key === key ? this.#found : this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#found = entry;
    this.#use(entry);
    return entry.value;
  }

  /** The row as event `changedAt` left it. */
  set(key: K, value: V | null, changedAt: Seq): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#insert(key, value, changedAt);
      return;
    }
    entry.value = value;
    entry.changedAt = changedAt;
    this.#use(entry);
  }

  /** The row as the store has it. What is known already is at least as new, so it stays. */
  learn(key: K, value: V | null): void {
    if (!this.#entries.has(key)) this.#insert(key, value, 0);
  }

  /** A read of the store begins: nothing leaves before `unpin`. */
  pin(): void {
    this.#pins += 1;
  }

  unpin(): void {
    if (this.#pins === 0) throw new Error("unpin without pin");
    this.#pins -= 1;
  }

  /** Drops the least recently used rows beyond the bound that were last changed at or before `committedSeq`. */
  evict(committedSeq: Seq): void {
    if (this.#pins > 0) return;
    let entry = this.#oldest;
    while (entry !== undefined && this.#entries.size > this.#sizeMax) {
      const newer: Entry<K, V> | undefined = entry.newer;
      if (entry.changedAt <= committedSeq) {
        this.#unlink(entry);
        this.#entries.delete(entry.key);
        if (entry === this.#found) this.#found = undefined;
      }
      entry = newer;
    }
  }

  #insert(key: K, value: V | null, changedAt: Seq): void {
    const entry: Entry<K, V> = { key, value, changedAt, newer: undefined, older: undefined };
    this.#entries.set(key, entry);
    this.#link(entry);
  }

  /** Far from the bound nothing will have to leave soon, and who was used last is not worth noting: it writes to four entries. */
  #use(entry: Entry<K, V>): void {
    if (entry === this.#newest || this.#entries.size * 2 <= this.#sizeMax) return;
    this.#unlink(entry);
    this.#link(entry);
  }

  #link(entry: Entry<K, V>): void {
    entry.newer = undefined;
    entry.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  #unlink(entry: Entry<K, V>): void {
    if (entry.newer === undefined) this.#newest = entry.older;
    else entry.newer.older = entry.older;
    if (entry.older === undefined) this.#oldest = entry.newer;
    else entry.older.newer = entry.newer;
  }
}
