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
/** 32-bit words of an entry: two of key, body hash. Its doubles: sequence, timestamp. */
const WORDS = 3;
const DOUBLES = 2;
/** Bits of a table's cell that say the slot; those above are the key's. */
const SLOT_WIDTH = 17;
const SLOT_BITS = 2 ** SLOT_WIDTH - 1;
const BYTES_VERSION = 1;
const HEADER_BYTES = 29;
/** 7 of key, 4 of body hash, two variable-length differences of at most 8. */
const ENTRY_BYTES_MAX = 27;

export class DuplicateWindow {
  // A ring of entries in the order of the log; it grows by doubling.
  #words = new Int32Array(0);
  #doubles = new Float64Array(0);
  #mask = -1;
  #first = 0;
  #size = 0;
  #floor: Seq = 0;
  /**
   * Where an entry is: an open-addressed table of ring slots plus one, 0 for none, at most half full. Above the slot stand the
   * key's upper bits, so that another key's entry is passed over without a look at it, which would be one into memory that is
   * far away. A Map of 65,536 entries costs five times as much per message, and its garbage is collected.
   */
  #table = new Int32Array(0);
  // The key last computed: `decide` looks it up, `apply` adds it a moment later.
  #userId = "";
  #clientId = "";
  #low = 0;
  #high = 0;

  constructor() {
    this.#computeKey("", "");
  }

  /** Keyed events up to this sequence may have been forgotten. */
  get floor(): Seq {
    return this.#floor;
  }

  get size(): number {
    return this.#size;
  }

  find(userId: UserId, clientId: string): WindowEntry | undefined {
    if (this.#size === 0) return undefined;
    // A key that is the last one is no use here, and a look at the last one's texts takes longer than the key.
    this.#computeKey(userId, clientId);
    const slot = ((this.#table[this.#placeOf(this.#low, this.#high)] ?? 0) & SLOT_BITS) - 1;
    if (slot < 0) return undefined;
    return {
      seq: this.#doubles[slot * DOUBLES] ?? 0,
      timestamp: this.#doubles[slot * DOUBLES + 1] ?? 0,
      bodyHash: (this.#words[slot * WORDS + 2] ?? 0) >>> 0,
    };
  }

  /** Events come in the order of the log. Of several with one key the first counts: its sequence is the answer. */
  add(userId: UserId, clientId: string, seq: Seq, timestamp: number, bodyHash: number): void {
    this.#setKey(userId, clientId);
    this.#append(this.#low, this.#high, seq, timestamp, bodyHash);
  }

  /** Drops what is older than the age limit at `now`, an event's timestamp; the newest few stay whatever their age. */
  expire(now: number): void {
    const oldest = now - DUPLICATE_WINDOW_AGE_MS_MAX;
    while (
      this.#size > DUPLICATE_WINDOW_EVENTS_MIN &&
      (this.#doubles[this.#first * DOUBLES + 1] ?? Number.POSITIVE_INFINITY) < oldest
    ) {
      this.#dropOldest();
    }
  }

  toBytes(): Uint8Array {
    const bytes = new Uint8Array(HEADER_BYTES + this.#size * ENTRY_BYTES_MAX);
    const view = new DataView(bytes.buffer);
    let seq = this.#size === 0 ? 0 : (this.#doubles[this.#first * DOUBLES] ?? 0);
    let timestamp = this.#size === 0 ? 0 : (this.#doubles[this.#first * DOUBLES + 1] ?? 0);
    view.setUint8(0, BYTES_VERSION);
    view.setUint32(1, this.#size, true);
    view.setFloat64(5, this.#floor, true);
    view.setFloat64(13, seq, true);
    view.setFloat64(21, timestamp, true);
    let at = HEADER_BYTES;
    for (let i = 0; i < this.#size; i += 1) {
      const slot = (this.#first + i) & this.#mask;
      const high = this.#words[slot * WORDS + 1] ?? 0;
      const entrySeq = this.#doubles[slot * DOUBLES] ?? 0;
      const entryTimestamp = this.#doubles[slot * DOUBLES + 1] ?? 0;
      view.setInt32(at, this.#words[slot * WORDS] ?? 0, true);
      view.setUint16(at + 4, high & 0xffff, true);
      view.setUint8(at + 6, high >>> 16);
      view.setInt32(at + 7, this.#words[slot * WORDS + 2] ?? 0, true);
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
    if (size > DUPLICATE_WINDOW_EVENTS_MAX) throw new Error(`duplicate window of ${size} entries`);
    const window = new DuplicateWindow();
    window.#reserve(size);
    let seq = view.getFloat64(13, true);
    let timestamp = view.getFloat64(21, true);
    let at = HEADER_BYTES;
    for (let i = 0; i < size; i += 1) {
      const low = view.getInt32(at, true);
      const high = view.getUint16(at + 4, true) + view.getUint8(at + 6) * 0x1_0000;
      const bodyHash = view.getInt32(at + 7, true);
      at += 11;
      // Two differences, seven bits a byte, lowest first.
      for (let field = 0; field < 2; field += 1) {
        let difference = 0;
        let factor = 1;
        let byte = view.getUint8(at);
        while (byte >= 0x80) {
          difference += (byte & 0x7f) * factor;
          factor *= 0x80;
          at += 1;
          byte = view.getUint8(at);
        }
        difference += byte * factor;
        at += 1;
        if (field === 0) seq += difference;
        else timestamp += difference;
      }
      window.#append(low, high, seq, timestamp, bodyHash);
    }
    window.#floor = view.getFloat64(5, true);
    return window;
  }

  #append(low: number, high: number, seq: Seq, timestamp: number, bodyHash: number): void {
    if (this.#size > this.#mask && this.#size < DUPLICATE_WINDOW_EVENTS_MAX) this.#reserve(this.#size + 1);
    const place = this.#placeOf(low, high);
    if (this.#table[place] !== 0) return;
    const slot = (this.#first + this.#size) & this.#mask;
    if (this.#size === DUPLICATE_WINDOW_EVENTS_MAX) {
      this.#dropOldest();
      // What left may have moved others: look for the place again.
      this.#table[this.#placeOf(low, high)] = cellOf(low, slot);
    } else {
      this.#table[place] = cellOf(low, slot);
    }
    this.#words[slot * WORDS] = low;
    this.#words[slot * WORDS + 1] = high;
    this.#words[slot * WORDS + 2] = bodyHash;
    this.#doubles[slot * DOUBLES] = seq;
    this.#doubles[slot * DOUBLES + 1] = timestamp;
    this.#size += 1;
  }

  #dropOldest(): void {
    const slot = this.#first;
    this.#removeFromTable(this.#placeOf(this.#words[slot * WORDS] ?? 0, this.#words[slot * WORDS + 1] ?? 0));
    this.#floor = this.#doubles[slot * DOUBLES] ?? 0;
    this.#first = (slot + 1) & this.#mask;
    this.#size -= 1;
  }

  /** Where the key stands in the table, or the free place where it would. */
  #placeOf(low: number, high: number): number {
    const tableMask = this.#table.length - 1;
    let place = low & tableMask;
    for (;;) {
      const cell = this.#table[place] ?? 0;
      if (cell === 0) return place;
      if ((cell ^ low) >>> SLOT_WIDTH === 0) {
        const slot = (cell & SLOT_BITS) - 1;
        if (this.#words[slot * WORDS] === low && this.#words[slot * WORDS + 1] === high) return place;
      }
      place = (place + 1) & tableMask;
    }
  }

  /** Closes the gap: entries behind it that would no longer be found from their home move up. */
  #removeFromTable(place: number): void {
    const tableMask = this.#table.length - 1;
    let gap = place;
    let next = (place + 1) & tableMask;
    for (;;) {
      const cell = this.#table[next] ?? 0;
      if (cell === 0) break;
      const home = (this.#words[((cell & SLOT_BITS) - 1) * WORDS] ?? 0) & tableMask;
      if (((next - home) & tableMask) >= ((next - gap) & tableMask)) {
        this.#table[gap] = cell;
        gap = next;
      }
      next = (next + 1) & tableMask;
    }
    this.#table[gap] = 0;
  }

  /** Makes room for `size` entries. */
  #reserve(size: number): void {
    let capacity = Math.max(CAPACITY_MIN, this.#mask + 1);
    while (capacity < size) capacity *= 2;
    if (capacity === this.#mask + 1) return;
    const words = new Int32Array(capacity * WORDS);
    const doubles = new Float64Array(capacity * DOUBLES);
    // The ring becomes straight: what stands before its end, then what stands from its start.
    const straight = Math.min(this.#size, this.#mask + 1 - this.#first);
    words.set(this.#words.subarray(this.#first * WORDS, (this.#first + straight) * WORDS));
    words.set(this.#words.subarray(0, (this.#size - straight) * WORDS), straight * WORDS);
    doubles.set(this.#doubles.subarray(this.#first * DOUBLES, (this.#first + straight) * DOUBLES));
    doubles.set(this.#doubles.subarray(0, (this.#size - straight) * DOUBLES), straight * DOUBLES);
    this.#words = words;
    this.#doubles = doubles;
    this.#table = new Int32Array(capacity * 2);
    this.#mask = capacity - 1;
    this.#first = 0;
    for (let slot = 0; slot < this.#size; slot += 1) {
      const low = words[slot * WORDS] ?? 0;
      this.#table[this.#placeOf(low, words[slot * WORDS + 1] ?? 0)] = cellOf(low, slot);
    }
  }

  #setKey(userId: string, clientId: string): void {
    if (userId !== this.#userId || clientId !== this.#clientId) this.#computeKey(userId, clientId);
  }

  /** 53 bits of both texts in one pass: two lanes with their own multipliers, mixed at the end. Stands in snapshots. */
  #computeKey(userId: string, clientId: string): void {
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
    this.#userId = userId;
    this.#clientId = clientId;
    this.#low = low;
    this.#high = high & 0x1f_ffff;
  }
}

/** What stands in the table for the entry in this slot. */
function cellOf(low: number, slot: number): number {
  return (low & ~SLOT_BITS) | (slot + 1);
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
