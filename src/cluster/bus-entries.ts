/**
 * Messages packed into the entries of a store that carries them, and back. An entry: its number (u32), then pieces; a piece:
 * a header (u32: length and two flags) and bytes. A message that is larger than an entry goes over several, so that what a
 * store keeps is bounded by its number of entries.
 * Invariant: what comes out is what went in, or nothing; a message of which a part is missing is dropped.
 */
import { BUS_QUEUE_BYTES_MAX } from "../base/limits.ts";

const HEADER_BYTES = 4;
/** The message goes on in the next entry. */
const MORE = 0x8000_0000;
/** The message began in an entry before. */
const CONTINUED = 0x4000_0000;
const LENGTH = 0x3fff_ffff;

/** Of one sender: numbers its entries. */
export class EntryPacker {
  readonly #entryBytesMax: number;
  #number = 0;

  constructor(entryBytesMax: number) {
    this.#entryBytesMax = entryBytesMax;
  }

  /** The entries of these messages, in order. */
  pack(messages: readonly Uint8Array[]): readonly Buffer[] {
    const entries: Buffer[] = [];
    let left = messages.reduce((sum, message) => sum + HEADER_BYTES + message.length, 0);
    let entry = this.#begin(left);
    let at = HEADER_BYTES;
    const next = (): void => {
      entries.push(entry.subarray(0, at));
      entry = this.#begin(left);
      at = HEADER_BYTES;
    };
    for (const message of messages) {
      if (at > HEADER_BYTES && at + HEADER_BYTES + message.length > entry.length) next();
      let from = 0;
      do {
        if (from > 0) next();
        const length = Math.min(message.length - from, entry.length - at - HEADER_BYTES);
        const flags = (from > 0 ? CONTINUED : 0) | (from + length < message.length ? MORE : 0);
        entry.writeUInt32LE((length | flags) >>> 0, at);
        entry.set(message.subarray(from, from + length), at + HEADER_BYTES);
        at += HEADER_BYTES + length;
        from += length;
        left -= length;
      } while (from < message.length);
      left -= HEADER_BYTES;
    }
    if (at > HEADER_BYTES) entries.push(entry.subarray(0, at));
    return entries;
  }

  /** An entry for up to `left` bytes of pieces; one more header than counted, in case that the first piece is a later one. */
  #begin(left: number): Buffer {
    const entry = Buffer.allocUnsafe(Math.min(this.#entryBytesMax, left + 2 * HEADER_BYTES));
    this.#number = (this.#number + 1) >>> 0;
    entry.writeUInt32LE(this.#number, 0);
    return entry;
  }
}

interface Sender {
  number: number;
  /** The parts so far of a message that goes on. */
  parts: Uint8Array[];
  partBytes: number;
  heardMs: number;
}

/** Of one inbox: what comes from each sender. */
export class EntryUnpacker {
  readonly #senders = new Map<string, Sender>();

  /** Calls `take` for each message that is whole with this entry. An entry that was written twice counts once. */
  unpack(from: string, entry: Buffer, nowMs: number, take: (message: Uint8Array) => void): void {
    if (entry.length < HEADER_BYTES) return;
    const number = entry.readUInt32LE(0);
    const sender = this.#senderOf(from);
    sender.heardMs = nowMs;
    if (number === sender.number) return;
    if (number !== (sender.number + 1) >>> 0) forgetParts(sender);
    sender.number = number;
    for (let at = HEADER_BYTES; at + HEADER_BYTES <= entry.length; ) {
      const header = entry.readUInt32LE(at);
      const start = at + HEADER_BYTES;
      const end = start + (header & LENGTH);
      if (end > entry.length) return forgetParts(sender);
      // A copy: the entry's memory may be a part of a larger one.
      const piece = new Uint8Array(entry.subarray(start, end));
      const message = joined(sender, piece, (header & CONTINUED) !== 0, (header & MORE) !== 0);
      if (message !== undefined) take(message);
      at = end;
    }
  }

  /** Forgets senders that said nothing since. */
  forgetBefore(monotonicMs: number): void {
    for (const [from, sender] of this.#senders) if (sender.heardMs < monotonicMs) this.#senders.delete(from);
  }

  #senderOf(from: string): Sender {
    const known = this.#senders.get(from);
    if (known !== undefined) return known;
    const sender: Sender = { number: 0, parts: [], partBytes: 0, heardMs: 0 };
    this.#senders.set(from, sender);
    return sender;
  }
}

/** The message that this piece completes. */
function joined(sender: Sender, piece: Uint8Array, isContinued: boolean, goesOn: boolean): Uint8Array | undefined {
  if (!isContinued) {
    forgetParts(sender);
    if (!goesOn) return piece;
  } else if (sender.parts.length === 0) {
    return undefined;
  }
  sender.parts.push(piece);
  sender.partBytes += piece.length;
  if (sender.partBytes > BUS_QUEUE_BYTES_MAX) forgetParts(sender);
  if (goesOn || sender.parts.length === 0) return undefined;
  const message = new Uint8Array(sender.partBytes);
  let at = 0;
  for (const part of sender.parts) {
    message.set(part, at);
    at += part.length;
  }
  forgetParts(sender);
  return message;
}

function forgetParts(sender: Sender): void {
  sender.parts = [];
  sender.partBytes = 0;
}

/** Takes the first messages that fit into `bytesMax` together out of those that wait; at least one. */
export function takeFirst(
  waiting: Uint8Array[],
  bytesMax: number,
): { readonly messages: readonly Uint8Array[]; readonly bytes: number } {
  let bytes = 0;
  let count = 0;
  for (const message of waiting) {
    if (count > 0 && bytes + message.length > bytesMax) break;
    bytes += message.length;
    count += 1;
  }
  return { messages: waiting.splice(0, count), bytes };
}
