/**
 * Things by numbers that only grow, in pages: one look where a map takes two, each into memory that nothing was near to. What is looked
 * up for every frame of thousands of connections is waited for, not computed.
 * Invariant: a page without things is given back.
 */
interface Page<Item> {
  readonly items: (Item | undefined)[];
  size: number;
}

const PAGE_BITS = 8;
const PAGE_ITEMS = 2 ** PAGE_BITS;

export class Numbered<Item extends object> {
  /** Few, and so at hand. */
  readonly #pages = new Map<number, Page<Item>>();

  get(no: number): Item | undefined {
    return this.#pages.get(no >>> PAGE_BITS)?.items[no & (PAGE_ITEMS - 1)];
  }

  set(no: number, item: Item): void {
    let page = this.#pages.get(no >>> PAGE_BITS);
    if (page === undefined) {
      page = { items: new Array<undefined>(PAGE_ITEMS).fill(undefined), size: 0 };
      this.#pages.set(no >>> PAGE_BITS, page);
    }
    const at = no & (PAGE_ITEMS - 1);
    if (page.items[at] === undefined) page.size += 1;
    page.items[at] = item;
  }

  delete(no: number): void {
    const page = this.#pages.get(no >>> PAGE_BITS);
    const at = no & (PAGE_ITEMS - 1);
    if (page?.items[at] === undefined) return;
    page.items[at] = undefined;
    page.size -= 1;
    if (page.size === 0) this.#pages.delete(no >>> PAGE_BITS);
  }

  *values(): Generator<Item> {
    for (const { items } of this.#pages.values()) for (const item of items) if (item !== undefined) yield item;
  }
}
