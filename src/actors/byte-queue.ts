/**
 * A growing byte buffer that is written to during a turn and taken as one exact block at its end.
 * Invariant: what `take` returned is never written to again.
 */

/** Up to here a loop over the bytes beats a native call. */
const LOOP_BYTES_MAX = 24;
const INITIAL_BYTES = 16 * 1024;
/** A buffer that grew larger than this in a burst is given back. */
const KEPT_BYTES_MAX = 1024 * 1024;

export class ByteQueue {
  #buffer: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length] = value;
    this.#length += 1;
  }

  u32(value: number): void {
    this.#reserve(4);
    const buffer = this.#buffer;
    const at = this.#length;
    buffer[at] = value & 0xff;
    buffer[at + 1] = (value >>> 8) & 0xff;
    buffer[at + 2] = (value >>> 16) & 0xff;
    buffer[at + 3] = value >>> 24;
    this.#length = at + 4;
  }

  f64(value: number): void {
    this.#reserve(8);
    this.#buffer.writeDoubleLE(value, this.#length);
    this.#length += 8;
  }

  /** Length-prefixed bytes. */
  bytes(value: Uint8Array): void {
    this.u32(value.length);
    this.#reserve(value.length);
    const buffer = this.#buffer;
    if (value.length > LOOP_BYTES_MAX) {
      buffer.set(value, this.#length);
    } else {
      const at = this.#length;
      for (let i = 0; i < value.length; i += 1) buffer[at + i] = value[i] ?? 0;
    }
    this.#length += value.length;
  }

  /** Length-prefixed UTF-8. */
  text(value: string): void {
    if (value === "") return this.u32(0);
    const start = this.#length;
    this.#reserve(4 + value.length * 3);
    const written = this.#buffer.write(value, start + 4, "utf8");
    this.#buffer.writeUInt32LE(written, start);
    this.#length = start + 4 + written;
  }

  /** All that was written, as a block of its own; the queue is empty afterwards. */
  take(): Uint8Array<ArrayBuffer> {
    const { buffer, byteOffset } = this.#buffer;
    // In one pass: memory that is made to be written to is not cleared before.
    const block = new Uint8Array(buffer.slice(byteOffset, byteOffset + this.#length) as ArrayBuffer);
    this.#length = 0;
    if (this.#buffer.length > KEPT_BYTES_MAX) this.#buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);
    return block;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

/** Reads what a `ByteQueue` wrote. The bytes it returns are views of the block. */
export class ByteCursor {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(block: Uint8Array) {
    this.#buffer = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  }

  get done(): boolean {
    return this.#at >= this.#buffer.length;
  }

  get position(): number {
    return this.#at;
  }

  u8(): number {
    const value = this.#buffer.readUInt8(this.#at);
    this.#at += 1;
    return value;
  }

  u32(): number {
    const buffer = this.#buffer;
    const at = this.#at;
    if (at + 4 > buffer.length) throw new Error(`block ends at ${buffer.length}, read at ${at}`);
    this.#at = at + 4;
    const low = (buffer[at] ?? 0) | ((buffer[at + 1] ?? 0) << 8) | ((buffer[at + 2] ?? 0) << 16);
    return (low | ((buffer[at + 3] ?? 0) << 24)) >>> 0;
  }

  f64(): number {
    const value = this.#buffer.readDoubleLE(this.#at);
    this.#at += 8;
    return value;
  }

  bytes(): Uint8Array {
    const length = this.u32();
    const value = this.#buffer.subarray(this.#at, this.#at + length);
    this.#at += length;
    return value;
  }

  text(): string {
    const length = this.u32();
    if (length === 0) return "";
    const value = this.#buffer.toString("utf8", this.#at, this.#at + length);
    this.#at += length;
    return value;
  }
}
