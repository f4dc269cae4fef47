/**
 * A bag of places in a room's log, counted: how many stand at or after a place, in O(log n) whatever the room's history.
 * A Fenwick tree over blocks of places, and the exact places of the blocks in which somebody stands: 4 bytes for each 64 events
 * of the log, and 256 for each block that is in use.
 * Invariant: the tree's count of a block is the sum of the block's cells; blocks without anybody take no memory.
 */
import type { Seq } from "../../base/ids.ts";

const BLOCK_BITS = 6;
const BLOCK = 1 << BLOCK_BITS;
/** Blocks at first: more of them when places come that lie behind. A power of two. */
const BLOCKS_MIN = 64;

export class CountedPlaces {
  /** Index 0 is not used; `tree[i]` is the sum of the blocks (i − lowest bit of i, i]. */
  #tree = new Int32Array(BLOCKS_MIN + 1);
  readonly #blocks = new Map<number, Uint32Array>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(place: Seq): void {
    const block = Math.floor(place / BLOCK);
    let cells = this.#blocks.get(block);
    if (cells === undefined) {
      cells = new Uint32Array(BLOCK);
      this.#blocks.set(block, cells);
    }
    const cell = place % BLOCK;
    cells[cell] = (cells[cell] ?? 0) + 1;
    this.#count(block, 1);
  }

  /** Throws when nobody stands there. */
  remove(place: Seq): void {
    const block = Math.floor(place / BLOCK);
    const cells = this.#blocks.get(block);
    const cell = place % BLOCK;
    const standing = cells?.[cell] ?? 0;
    if (cells === undefined || standing === 0) throw new Error(`nobody stands at ${place}`);
    cells[cell] = standing - 1;
    if (standing === 1 && cells.every((count) => count === 0)) this.#blocks.delete(block);
    this.#count(block, -1);
  }

  atLeast(place: Seq): number {
    const block = Math.floor(place / BLOCK);
    let before = this.#before(block);
    const cells = this.#blocks.get(block);
    if (cells !== undefined) for (let cell = 0; cell < place % BLOCK; cell += 1) before += cells[cell] ?? 0;
    return this.#size - before;
  }

  #count(block: number, difference: 1 | -1): void {
    this.#size += difference;
    while (block + 1 >= this.#tree.length) this.#grow(difference);
    const tree = this.#tree;
    for (let i = block + 1; i < tree.length; i += i & -i) tree[i] = (tree[i] ?? 0) + difference;
  }

  /** Twice as many blocks: the new ones are empty, and the last of them stands for all. `pending` is not in the tree yet. */
  #grow(pending: number): void {
    const blocks = this.#tree.length - 1;
    const grown = new Int32Array(2 * blocks + 1);
    grown.set(this.#tree);
    grown[2 * blocks] = this.#size - pending;
    this.#tree = grown;
  }

  /** How many stand in the blocks before this one. */
  #before(block: number): number {
    let sum = 0;
    for (let i = Math.min(block, this.#tree.length - 1); i > 0; i -= i & -i) sum += this.#tree[i] ?? 0;
    return sum;
  }
}
