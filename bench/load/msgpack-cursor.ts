/**
 * Walks over MessagePack without building anything: the load generator looks at every delivery and must stay cheaper than
 * any server. The bytes come from the server under test; what is malformed throws.
 */
const EMPTY = new Uint8Array(0);

export class MsgpackCursor {
  bytes: Uint8Array = EMPTY;
  at = 0;

  #big(size: number): number {
    let value = 0;
    for (let i = 0; i < size; i += 1) value = value * 256 + (this.bytes[this.at + i] ?? 0);
    this.at += size;
    return value;
  }

  /** An unsigned integer of any width. */
  uint(): number {
    const head = this.bytes[this.at++] ?? 0;
    if (head < 0x80) return head;
    if (head >= 0xcc && head <= 0xcf) return this.#big(1 << (head - 0xcc));
    throw new Error(`a number was expected, not 0x${head.toString(16)}`);
  }

  arrayLength(): number {
    const head = this.bytes[this.at++] ?? 0;
    if ((head & 0xf0) === 0x90) return head & 15;
    if (head === 0xdc) return this.#big(2);
    if (head === 0xdd) return this.#big(4);
    throw new Error(`an array was expected, not 0x${head.toString(16)}`);
  }

  /** Moves to the first byte of a string and returns how many it has. */
  stringLength(): number {
    const head = this.bytes[this.at++] ?? 0;
    if ((head & 0xe0) === 0xa0) return head & 31;
    if (head >= 0xd9 && head <= 0xdb) return this.#big(1 << (head - 0xd9));
    throw new Error(`a string was expected, not 0x${head.toString(16)}`);
  }

  /** Passes over so many values, whatever they hold. */
  skip(values: number): void {
    for (let left = values; left > 0; left -= 1) left += this.#skipHead();
  }

  /** Passes over one value without its items and returns how many items it has. */
  #skipHead(): number {
    const head = this.bytes[this.at++] ?? 0;
    if (head < 0x80 || head >= 0xe0) return 0;
    if (head < 0x90) return (head & 15) * 2;
    if (head < 0xa0) return head & 15;
    if (head < 0xc0) {
      this.at += head & 31;
      return 0;
    }
    return this.#skipLong(head);
  }

  #skipLong(head: number): number {
    if (head <= 0xc3) return 0;
    if (head <= 0xc6) this.at += this.#big(1 << (head - 0xc4));
    else if (head <= 0xc9) this.at += this.#big(1 << (head - 0xc7)) + 1;
    else if (head === 0xca) this.at += 4;
    else if (head === 0xcb) this.at += 8;
    else if (head <= 0xd3) this.at += 1 << ((head - 0xcc) & 3);
    else if (head <= 0xd8) this.at += 1 + (1 << (head - 0xd4));
    else if (head <= 0xdb) this.at += this.#big(1 << (head - 0xd9));
    else if (head <= 0xdd) return this.#big(head === 0xdc ? 2 : 4);
    else return this.#big(head === 0xde ? 2 : 4) * 2;
    return 0;
  }
}
