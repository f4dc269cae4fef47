/**
 * Reads MessagePack that a stranger sent, in one pass. Invariant: no read goes past the end, no declared length makes
 * memory grow beyond what the bytes can fill, nesting is bounded, and extension types are refused, all before any
 * value is built from them. Throws `Malformed` and nothing else.
 */
import { parseId, type RoomId } from "../base/ids.ts";
import { FRAME_CONTAINERS_MAX, FRAME_DEPTH_MAX, ID_LENGTH_MAX, INTERNED_IDS_MAX } from "../base/limits.ts";
import { readUtf8 } from "./utf8.ts";

/** These bytes are not a frame. The message is for the client's developer. */
export class Malformed extends Error {}

const EMPTY = new Uint8Array(0);
const NO_VIEW = new DataView(EMPTY.buffer);

export class MsgpackReader {
  readonly #internedIds: (RoomId | undefined)[] = new Array<undefined>(INTERNED_IDS_MAX).fill(undefined);
  readonly #depthMax: number;
  readonly #containersMax: number;
  #bytes: Uint8Array = EMPTY;
  /** Made when a number of more than one byte is met: most frames have none. */
  #view: DataView = NO_VIEW;
  #at = 0;
  #containers = 0;

  constructor(depthMax: number = FRAME_DEPTH_MAX, containersMax: number = FRAME_CONTAINERS_MAX) {
    this.#depthMax = depthMax;
    this.#containersMax = containersMax;
  }

  reset(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = NO_VIEW;
    this.#at = 0;
    this.#containers = 0;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Reads an array's header; its elements follow. */
  arrayHeader(): number {
    const byte = this.#byte();
    if ((byte & 0xf0) === 0x90) return this.#checkCount(byte & 0x0f, 1);
    if (byte === 0xdc) return this.#checkCount(this.#uint16(), 1);
    if (byte === 0xdd) return this.#checkCount(this.#uint32(), 1);
    throw new Malformed("A frame is a MessagePack array.");
  }

  /** Reads nil (`null`), a valid room id, or anything else (`undefined`). An id read lately costs no new string. */
  roomId(): RoomId | null | undefined {
    const byte = this.#bytes[this.#at];
    if (byte === 0xc0) {
      this.#at += 1;
      return null;
    }
    let start = this.#at + 1;
    let length = -1;
    if (byte !== undefined && (byte & 0xe0) === 0xa0) length = byte & 0x1f;
    else if (byte === 0xd9) {
      length = this.#bytes[start] ?? -1;
      start += 1;
    }
    const end = start + length;
    if (length < 0 || length > ID_LENGTH_MAX || end > this.#bytes.length) return parseId<RoomId>(this.value(2));
    this.#at = end;
    let hash = length;
    for (let i = start; i < end; i += 1) hash = Math.imul(hash ^ (this.#bytes[i] ?? 0), 0x01000193);
    const slot = (hash ^ (hash >>> 15)) & (INTERNED_IDS_MAX - 1);
    const known = this.#internedIds[slot];
    if (known !== undefined && this.#sameText(known, start, length)) return known;
    const id = parseId<RoomId>(readUtf8(this.#bytes, start, end));
    if (id !== undefined) this.#internedIds[slot] = id;
    return id;
  }

  /**
   * Reads one value of any type: `null`, boolean, number, string, array, `Map`, or bytes.
   * `depth` is the nesting that the value would have were it an array: 1 for a whole frame.
   */
  value(depth: number): unknown {
    const byte = this.#byte();
    if (byte < 0x80) return byte;
    if (byte >= 0xe0) return byte - 0x100;
    if (byte >= 0xa0 && byte < 0xc0) return this.#text(byte & 0x1f);
    if (byte < 0x90) return this.#map(byte & 0x0f, depth);
    if (byte < 0xa0) return this.#array(byte & 0x0f, depth);
    switch (byte) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#binary(this.#byte());
      case 0xc5:
        return this.#binary(this.#uint16());
      case 0xc6:
        return this.#binary(this.#uint32());
      case 0xca:
        return this.#multibyte(4).getFloat32(this.#at - 4);
      case 0xcb:
        return this.#multibyte(8).getFloat64(this.#at - 8);
      case 0xcc:
        return this.#byte();
      case 0xcd:
        return this.#uint16();
      case 0xce:
        return this.#uint32();
      case 0xcf:
        return this.#uint32() * 0x1_0000_0000 + this.#uint32();
      case 0xd0:
        return (this.#byte() << 24) >> 24;
      case 0xd1:
        return this.#multibyte(2).getInt16(this.#at - 2);
      case 0xd2:
        return this.#multibyte(4).getInt32(this.#at - 4);
      case 0xd3:
        return this.#multibyte(4).getInt32(this.#at - 4) * 0x1_0000_0000 + this.#uint32();
      case 0xd9:
        return this.#text(this.#byte());
      case 0xda:
        return this.#text(this.#uint16());
      case 0xdb:
        return this.#text(this.#uint32());
      case 0xdc:
        return this.#array(this.#uint16(), depth);
      case 0xdd:
        return this.#array(this.#uint32(), depth);
      case 0xde:
        return this.#map(this.#uint16(), depth);
      case 0xdf:
        return this.#map(this.#uint32(), depth);
      case 0xc1:
        throw new Malformed("Byte 0xc1 is not MessagePack.");
      default:
        // 0xc7–0xc9 and 0xd4–0xd8: what they stand for is between a library and itself.
        throw new Malformed("MessagePack extension types are not accepted.");
    }
  }

  #array(count: number, depth: number): unknown[] {
    this.#checkNesting(depth);
    this.#checkCount(count, 1);
    const items: unknown[] = [];
    for (let i = 0; i < count; i += 1) items.push(this.value(depth + 1));
    return items;
  }

  /** A `Map`, because keys are the sender's: `__proto__` is a key like any other. */
  #map(count: number, depth: number): Map<unknown, unknown> {
    this.#checkNesting(depth);
    this.#checkCount(count, 2);
    const entries = new Map<unknown, unknown>();
    for (let i = 0; i < count; i += 1) {
      const key = this.value(depth + 1);
      entries.set(key, this.value(depth + 1));
    }
    return entries;
  }

  #text(length: number): string {
    const start = this.#at;
    this.#skip(length);
    const text = readUtf8(this.#bytes, start, this.#at);
    if (text === undefined) throw new Malformed("A string is not valid UTF-8.");
    return text;
  }

  #binary(length: number): Uint8Array {
    const start = this.#at;
    this.#skip(length);
    return this.#bytes.subarray(start, this.#at);
  }

  #sameText(text: string, start: number, length: number): boolean {
    if (text.length !== length) return false;
    for (let i = 0; i < length; i += 1) {
      if (text.charCodeAt(i) !== this.#bytes[start + i]) return false;
    }
    return true;
  }

  #checkNesting(depth: number): void {
    if (depth > this.#depthMax) throw new Malformed(`A frame is nested at most ${this.#depthMax} levels deep.`);
    this.#containers += 1;
    if (this.#containers > this.#containersMax) {
      throw new Malformed(`A frame has at most ${this.#containersMax} arrays and maps.`);
    }
  }

  #checkCount(count: number, bytesEachMin: number): number {
    if (count * bytesEachMin > this.#bytes.length - this.#at) throw new Malformed("The frame ends too early.");
    return count;
  }

  #skip(length: number): void {
    if (length > this.#bytes.length - this.#at) throw new Malformed("The frame ends too early.");
    this.#at += length;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new Malformed("The frame ends too early.");
    this.#at += 1;
    return byte;
  }

  #uint16(): number {
    return this.#byte() * 0x100 + this.#byte();
  }

  #uint32(): number {
    return this.#uint16() * 0x1_0000 + this.#uint16();
  }

  /** Moves past a number of `length` bytes and returns the view to read it from. */
  #multibyte(length: number): DataView {
    this.#skip(length);
    if (this.#view === NO_VIEW) {
      this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
    }
    return this.#view;
  }
}
