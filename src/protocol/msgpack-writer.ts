/**
 * Writes MessagePack into one growing buffer. Invariant: each value in its shortest form, so that equal frames are equal
 * bytes in every implementation; what `finish` returns is a copy that later writes never touch.
 */
import { FRAME_BYTES_MAX } from "../base/limits.ts";
import { writeUtf8 } from "./utf8.ts";

/** Up to here a loop over the characters beats a native call. */
const LOOP_CHARS_MAX = 16;
/** A buffer that grew beyond this for one large frame is given back. */
const BUFFER_BYTES_KEPT_MAX = 16 * FRAME_BYTES_MAX;

export class MsgpackWriter {
  #bytes = new Uint8Array(FRAME_BYTES_MAX);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  /** Returns what was written since the last call. */
  finish(): Uint8Array {
    const frame = this.#bytes.slice(0, this.#at);
    this.reset();
    return frame;
  }

  /** Forgets what was written: after an exception in the middle of a frame. */
  reset(): void {
    this.#at = 0;
    if (this.#bytes.length > BUFFER_BYTES_KEPT_MAX) this.#replace(new Uint8Array(FRAME_BYTES_MAX));
  }

  nil(): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = 0xc0;
  }

  boolean(value: boolean): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value ? 0xc3 : 0xc2;
  }

  number(value: number): void {
    this.#reserve(9);
    const bytes = this.#bytes;
    let at = this.#at;
    const low = value >>> 0;
    if (low === value) {
      // Bytes one by one: a DataView's calls are not inlined everywhere, and every event has several numbers.
      if (low < 0x80) {
        bytes[at++] = low;
      } else if (low < 0x100) {
        bytes[at++] = 0xcc;
        bytes[at++] = low;
      } else if (low < 0x1_0000) {
        bytes[at++] = 0xcd;
        bytes[at++] = low >>> 8;
        bytes[at++] = low & 0xff;
      } else {
        bytes[at++] = 0xce;
        at = putUint32(bytes, at, low);
      }
      this.#at = at;
    } else if (value > 0 && Number.isSafeInteger(value)) {
      bytes[at++] = 0xcf;
      at = putUint32(bytes, at, (value - low) / 0x1_0000_0000);
      this.#at = putUint32(bytes, at, low);
    } else if (Number.isSafeInteger(value)) {
      this.#negative(value);
    } else {
      bytes[at] = 0xcb;
      this.#view.setFloat64(at + 1, value);
      this.#at = at + 9;
    }
  }

  string(text: string): void {
    const length = text.length;
    this.#reserve(5 + length * 3);
    const bytes = this.#bytes;
    if (length <= LOOP_CHARS_MAX) {
      let at = this.#at + 1;
      let i = 0;
      for (; i < length; i += 1) {
        const code = text.charCodeAt(i);
        if (code > 0x7f) break;
        bytes[at++] = code;
      }
      if (i === length) {
        bytes[this.#at] = 0xa0 | length;
        this.#at = at;
        return;
      }
    }
    // Written behind the header that an ASCII text would have, and moved in the rare case that it needs a longer one.
    const start = this.#at;
    const expected = stringHeaderBytes(length);
    const written = writeUtf8(bytes, text, start + expected);
    const header = stringHeaderBytes(written);
    if (header !== expected) bytes.copyWithin(start + header, start + expected, start + expected + written);
    if (header === 1) bytes[start] = 0xa0 | written;
    else if (header === 2) {
      bytes[start] = 0xd9;
      bytes[start + 1] = written;
    } else if (header === 3) {
      bytes[start] = 0xda;
      this.#view.setUint16(start + 1, written);
    } else {
      bytes[start] = 0xdb;
      this.#view.setUint32(start + 1, written);
    }
    this.#at = start + header + written;
  }

  /** Nil when absent. */
  optionalString(text: string | undefined): void {
    if (text === undefined) this.nil();
    else this.string(text);
  }

  /** Nil when absent. */
  optionalNumber(value: number | undefined): void {
    if (value === undefined) this.nil();
    else this.number(value);
  }

  arrayHeader(count: number): void {
    this.#collectionHeader(count, 0x90, 0xdc);
  }

  mapHeader(count: number): void {
    this.#collectionHeader(count, 0x80, 0xde);
  }

  /** Any value of plain data: scalars, lists, and objects as maps. `undefined` is nil. */
  value(value: unknown): void {
    if (typeof value === "string") this.string(value);
    else if (typeof value === "number") this.number(value);
    else if (typeof value === "boolean") this.boolean(value);
    else if (value === undefined || value === null) this.nil();
    else if (Array.isArray(value)) {
      this.arrayHeader(value.length);
      for (const item of value) this.value(item);
    } else if (typeof value === "object") {
      const entries = Object.entries(value);
      this.mapHeader(entries.length);
      for (const [key, item] of entries) {
        this.string(key);
        this.value(item);
      }
    } else throw new Error(`a frame has no room for a ${typeof value}`);
  }

  #negative(value: number): void {
    if (value >= -0x20) this.#bytes[this.#at++] = value & 0xff;
    else if (value >= -0x80) {
      this.#bytes[this.#at++] = 0xd0;
      this.#bytes[this.#at++] = value & 0xff;
    } else if (value >= -0x8000) {
      this.#bytes[this.#at++] = 0xd1;
      this.#view.setInt16(this.#at, value);
      this.#at += 2;
    } else if (value >= -0x8000_0000) {
      this.#bytes[this.#at++] = 0xd2;
      this.#view.setInt32(this.#at, value);
      this.#at += 4;
    } else {
      this.#bytes[this.#at++] = 0xd3;
      this.#view.setBigInt64(this.#at, BigInt(value));
      this.#at += 8;
    }
  }

  #collectionHeader(count: number, fix: number, wide: number): void {
    this.#reserve(5);
    if (count < 16) {
      this.#bytes[this.#at++] = fix | count;
    } else if (count < 0x1_0000) {
      this.#bytes[this.#at++] = wide;
      this.#view.setUint16(this.#at, count);
      this.#at += 2;
    } else {
      this.#bytes[this.#at++] = wide + 1;
      this.#view.setUint32(this.#at, count);
      this.#at += 4;
    }
  }

  #reserve(length: number): void {
    const needed = this.#at + length;
    if (needed <= this.#bytes.length) return;
    let size = this.#bytes.length * 2;
    while (size < needed) size *= 2;
    const larger = new Uint8Array(size);
    larger.set(this.#bytes);
    this.#replace(larger);
  }

  #replace(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

function stringHeaderBytes(length: number): number {
  if (length < 0x20) return 1;
  if (length < 0x100) return 2;
  return length < 0x1_0000 ? 3 : 5;
}

function putUint32(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 24;
  bytes[at + 1] = (value >>> 16) & 0xff;
  bytes[at + 2] = (value >>> 8) & 0xff;
  bytes[at + 3] = value & 0xff;
  return at + 4;
}
