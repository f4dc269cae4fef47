/**
 * Remembers which requests a room has carried out, so that a retry is answered and not repeated.
 * Invariant: every keyed event with a sequence above `floor` is known here. What is dropped depends on the log alone, never
 * on the time of asking, so snapshot and tail give the same window as the whole log.
 */
import type { Seq, UserId } from "../../base/ids.ts";
import {
  DUPLICATE_WINDOW_AGE_MS_MAX,
  DUPLICATE_WINDOW_EVENTS_MAX,
  DUPLICATE_WINDOW_EVENTS_MIN,
} from "../../base/limits.ts";

export interface WindowEntry {
  readonly seq: Seq;
  readonly timestamp: number;
  readonly bodyHash: number;
}

/** Slots at first: most rooms are small, and a process holds many. */
const CAPACITY_MIN = 16;
/** Numbers per slot: key, sequence, timestamp. Body hashes have their own array. */
const STRIDE = 3;
const BYTES_VERSION = 1;
const HEADER_BYTES = 29;
/** 7 of key, 4 of body hash, two variable-length differences of at most 8. */
const ENTRY_BYTES_MAX = 27;

export class DuplicateWindow {
  /** A ring of slots; it grows by doubling. */
  #numbers = new Float64Array(0);
  #bodyHashes = new Uint32Array(0);
  #mask = -1;
  #first = 0;
  #size = 0;
  #floor: Seq = 0;
  readonly #slotOf = new Map<number, number>();
  // The last key that was asked for: `decide` looks it up, `apply` adds it a moment later.
  #lastUser = "";
  #lastClientId = "";
  #lastKey = keyOf("", "");

  /** Keyed events up to this sequence may have been forgotten. */
  get floor(): Seq {
    return this.#floor;
  }

  get size(): number {
    return this.#size;
  }

  find(userId: UserId, clientId: string): WindowEntry | undefined {
    const slot = this.#slotOf.get(this.#key(userId, clientId));
    if (slot === undefined) return undefined;
    const at = slot * STRIDE;
    return {
      seq: this.#numbers[at + 1] ?? 0,
      timestamp: this.#numbers[at + 2] ?? 0,
      bodyHash: this.#bodyHashes[slot] ?? 0,
    };
  }

  /** Events come in the order of the log. Of several with one key the first counts: its sequence is the answer. */
  add(userId: UserId, clientId: string, seq: Seq, timestamp: number, bodyHash: number): void {
    const key = this.#key(userId, clientId);
    if (this.#size > 0) {
      const newest = (this.#first + this.#size - 1) & this.#mask;
      if (this.#numbers[newest * STRIDE] === key) return;
    }
    this.#append(key, seq, timestamp, bodyHash);
  }

  /** Drops what is older than the age limit at `now`, an event's timestamp; the newest few stay whatever their age. */
  expire(now: number): void {
    const oldest = now - DUPLICATE_WINDOW_AGE_MS_MAX;
    while (
      this.#size > DUPLICATE_WINDOW_EVENTS_MIN &&
      (this.#numbers[this.#first * STRIDE + 2] ?? Number.POSITIVE_INFINITY) < oldest
    ) {
      this.#dropOldest();
    }
  }

  toBytes(): Uint8Array {
    const bytes = new Uint8Array(HEADER_BYTES + this.#size * ENTRY_BYTES_MAX);
    const view = new DataView(bytes.buffer);
    const firstAt = this.#first * STRIDE;
    let seq = this.#size === 0 ? 0 : (this.#numbers[firstAt + 1] ?? 0);
    let timestamp = this.#size === 0 ? 0 : (this.#numbers[firstAt + 2] ?? 0);
    view.setUint8(0, BYTES_VERSION);
    view.setUint32(1, this.#size, true);
    view.setFloat64(5, this.#floor, true);
    view.setFloat64(13, seq, true);
    view.setFloat64(21, timestamp, true);
    let at = HEADER_BYTES;
    for (let i = 0; i < this.#size; i += 1) {
      const slot = (this.#first + i) & this.#mask;
      const key = this.#numbers[slot * STRIDE] ?? 0;
      const entrySeq = this.#numbers[slot * STRIDE + 1] ?? 0;
      const entryTimestamp = this.#numbers[slot * STRIDE + 2] ?? 0;
      const high = Math.floor(key / 0x1_0000_0000);
      view.setUint32(at, key >>> 0, true);
      view.setUint16(at + 4, high & 0xffff, true);
      view.setUint8(at + 6, high >>> 16);
      view.setUint32(at + 7, this.#bodyHashes[slot] ?? 0, true);
      at = writeVarint(bytes, at + 11, entrySeq - seq);
      at = writeVarint(bytes, at, entryTimestamp - timestamp);
      seq = entrySeq;
      timestamp = entryTimestamp;
    }
    return bytes.slice(0, at);
  }

  /** Throws when the bytes are not of this format: a broken snapshot. */
  static fromBytes(bytes: Uint8Array): DuplicateWindow {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (view.getUint8(0) !== BYTES_VERSION) throw new Error(`unknown duplicate window version ${view.getUint8(0)}`);
    const size = view.getUint32(1, true);
    const window = new DuplicateWindow();
    window.#reserve(size);
    let seq = view.getFloat64(13, true);
    let timestamp = view.getFloat64(21, true);
    let at = HEADER_BYTES;
    const readVarint = (): number => {
      let value = 0;
      let factor = 1;
      for (;;) {
        const byte = view.getUint8(at);
        at += 1;
        if (byte < 0x80) return value + byte * factor;
        value += (byte & 0x7f) * factor;
        factor *= 0x80;
      }
    };
    for (let i = 0; i < size; i += 1) {
      const high = view.getUint16(at + 4, true) + view.getUint8(at + 6) * 0x1_0000;
      const key = high * 0x1_0000_0000 + view.getUint32(at, true);
      const bodyHash = view.getUint32(at + 7, true);
      at += 11;
      seq += readVarint();
      timestamp += readVarint();
      window.#append(key, seq, timestamp, bodyHash);
    }
    window.#floor = view.getFloat64(5, true);
    return window;
  }

  #key(userId: string, clientId: string): number {
    if (userId === this.#lastUser && clientId === this.#lastClientId) return this.#lastKey;
    this.#lastUser = userId;
    this.#lastClientId = clientId;
    this.#lastKey = keyOf(userId, clientId);
    return this.#lastKey;
  }

  #append(key: number, seq: Seq, timestamp: number, bodyHash: number): void {
    if (this.#size === DUPLICATE_WINDOW_EVENTS_MAX) this.#dropOldest();
    if (this.#size > this.#mask) this.#reserve(this.#size + 1);
    const slot = (this.#first + this.#size) & this.#mask;
    const at = slot * STRIDE;
    this.#numbers[at] = key;
    this.#numbers[at + 1] = seq;
    this.#numbers[at + 2] = timestamp;
    this.#bodyHashes[slot] = bodyHash;
    this.#slotOf.set(key, slot);
    this.#size += 1;
  }

  #dropOldest(): void {
    const at = this.#first * STRIDE;
    const key = this.#numbers[at] ?? 0;
    // A later event may have taken the key over after it was thought forgotten.
    if (this.#slotOf.get(key) === this.#first) this.#slotOf.delete(key);
    this.#floor = this.#numbers[at + 1] ?? 0;
    this.#first = (this.#first + 1) & this.#mask;
    this.#size -= 1;
  }

  /** Makes room for `size` entries; moving them to the front changes their slots. */
  #reserve(size: number): void {
    let capacity = Math.max(CAPACITY_MIN, this.#mask + 1);
    while (capacity < size) capacity *= 2;
    if (capacity === this.#mask + 1) return;
    const numbers = new Float64Array(capacity * STRIDE);
    const bodyHashes = new Uint32Array(capacity);
    const moved = this.#first !== 0;
    for (let i = 0; i < this.#size; i += 1) {
      const slot = (this.#first + i) & this.#mask;
      const key = this.#numbers[slot * STRIDE] ?? 0;
      numbers[i * STRIDE] = key;
      numbers[i * STRIDE + 1] = this.#numbers[slot * STRIDE + 1] ?? 0;
      numbers[i * STRIDE + 2] = this.#numbers[slot * STRIDE + 2] ?? 0;
      bodyHashes[i] = this.#bodyHashes[slot] ?? 0;
      if (moved) this.#slotOf.set(key, i);
    }
    this.#numbers = numbers;
    this.#bodyHashes = bodyHashes;
    this.#mask = capacity - 1;
    this.#first = 0;
  }
}

/** 53 bits of both texts in one pass: two lanes with their own multipliers, mixed at the end. Stands in snapshots. */
function keyOf(userId: string, clientId: string): number {
  let low = 0x9e3779b1;
  let high = 0x85ebca77;
  for (let i = 0; i < userId.length; i += 1) {
    const unit = userId.charCodeAt(i);
    low = Math.imul(low ^ unit, 0x9e3779b1);
    high = Math.imul(high ^ unit, 0x5f356495);
  }
  // No text has this unit, so ("ab", "c") and ("a", "bc") differ.
  low = Math.imul(low ^ 0x1_0000, 0x9e3779b1);
  high = Math.imul(high ^ 0x1_0000, 0x5f356495);
  for (let i = 0; i < clientId.length; i += 1) {
    const unit = clientId.charCodeAt(i);
    low = Math.imul(low ^ unit, 0x9e3779b1);
    high = Math.imul(high ^ unit, 0x5f356495);
  }
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  return (high & 0x1f_ffff) * 0x1_0000_0000 + (low >>> 0);
}

/** Seven bits a byte, lowest first. Returns the place after it. */
function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let place = at;
  while (rest >= 0x80) {
    bytes[place] = (rest % 0x80) + 0x80;
    rest = Math.floor(rest / 0x80);
    place += 1;
  }
  bytes[place] = rest;
  return place + 1;
}
