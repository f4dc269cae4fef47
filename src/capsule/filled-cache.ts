/** A cache of rows that knows every row: what it does not hold it reads, at once. For replays that make rows. */
import { RowCache } from "../domain/room/row-cache.ts";

export class FilledCache<K, V> extends RowCache<K, V> {
  readonly #read: (key: K) => V | null;

  constructor(sizeMax: number, read: (key: K) => V | null) {
    super(sizeMax);
    this.#read = read;
  }

  override get(key: K): V | null {
    const known = super.get(key);
    if (known !== undefined) return known;
    const row = this.#read(key);
    this.learn(key, row);
    return row;
  }
}
