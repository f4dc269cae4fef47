/**
 * One client connection of the load generator: a raw TCP socket with just enough of WebSocket to be cheap.
 * Invariant: no allocation per message; what does not fit into the socket is kept and goes out first.
 */
import type { Socket } from "bun";
import { writeNumber, writeTime } from "./content.ts";

/** Clients must mask. A fixed key is as good as any here, and lets fields be written into masked bytes. */
export const MASK = new Uint8Array([0x37, 0xfa, 0x21, 0x3d]);
const SCRATCH = new Uint8Array(1024 * 1024);

export const OPCODES = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A prebuilt, masked client frame with the places that change from message to message. */
export interface Template {
  readonly bytes: Uint8Array;
  /** Where the payload begins in `bytes`. */
  readonly payloadAt: number;
  /** Where the content begins in the payload. */
  readonly contentAt: number;
  /** Where a big-endian 32-bit message number stands in the payload; 0: nowhere. */
  readonly refAt: number;
}

/** One masked frame. `payload` is not changed. */
export function clientFrame(
  opcode: number,
  payload: Uint8Array,
): { readonly bytes: Uint8Array; readonly payloadAt: number } {
  const long = payload.length > 125;
  const payloadAt = (long ? 4 : 2) + 4;
  const bytes = new Uint8Array(payloadAt + payload.length);
  bytes[0] = 0x80 | opcode;
  bytes[1] = 0x80 | (long ? 126 : payload.length);
  if (long) new DataView(bytes.buffer).setUint16(2, payload.length);
  bytes.set(MASK, payloadAt - 4);
  for (let i = 0; i < payload.length; i += 1) bytes[payloadAt + i] = (payload[i] ?? 0) ^ (MASK[i & 3] ?? 0);
  return { bytes, payloadAt };
}

/** Bytes of the server frame at the front, or 0 when its header isn't complete. */
function frameSize(bytes: Uint8Array, length: number): number {
  if (length < 2) return 0;
  const short = (bytes[1] ?? 0) & 127;
  if (short < 126) return 2 + short;
  if (short === 126) return length < 4 ? 0 : 4 + (((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0));
  if (length < 10) return 0;
  return 10 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(6);
}

/** What a link does with what it receives. */
export interface LinkOwner {
  upgraded(link: Link): void;
  frame(link: Link, bytes: Uint8Array, start: number, end: number): void;
  /** All frames of one read were handed over. */
  readDone(link: Link): void;
  failed(link: Link, why: string): void;
}

/** What speaks on a link that is no WebSocket. */
export interface LinkStream {
  request(link: Link): string;
  receive(link: Link, chunk: Uint8Array): void;
}

export class Link {
  readonly id: number;
  readonly room: number;
  /** Id of the first member of the same room: a sender's place in the room is its id less this. */
  readonly roomFirst: number;
  template: Template | undefined;
  /** Messages handed to the socket so far; the last one's number. */
  sent = 0;
  /** Messages that came back and are to be followed by another one. */
  due = 0;
  /** For the wire's own use: position in a room's log, last ack seen. */
  head = 0;
  acked = 0;
  stage = 0;
  /** How far it has marked as read, and how many receipt frames came since the count began. */
  marked = 0;
  receipts = 0;
  /** Listens by an event stream instead of a WebSocket. */
  stream: LinkStream | undefined;
  readonly #owner: LinkOwner;
  #socket: Socket<Link> | undefined;
  #upgraded = false;
  #closing = false;
  #carry: Uint8Array | undefined;
  #carried = 0;
  #unsent: Uint8Array | undefined;

  constructor(owner: LinkOwner, id: number, room: number, roomFirst: number) {
    this.#owner = owner;
    this.id = id;
    this.room = room;
    this.roomFirst = roomFirst;
  }

  attach(socket: Socket<Link>, request: string): void {
    this.#socket = socket;
    this.write(new TextEncoder().encode(request));
  }

  write(bytes: Uint8Array): void {
    if (this.#unsent !== undefined) {
      const joined = new Uint8Array(this.#unsent.length + bytes.length);
      joined.set(this.#unsent);
      joined.set(bytes, this.#unsent.length);
      this.#unsent = joined;
      return;
    }
    const written = Math.max(0, this.#socket?.write(bytes) ?? 0);
    if (written < bytes.length) this.#unsent = bytes.slice(written);
  }

  writable(): void {
    const bytes = this.#unsent;
    this.#unsent = undefined;
    if (bytes !== undefined) this.write(bytes);
  }

  /** Sends the next `count` messages, all stamped with `timeUs`, in one write. */
  send(count: number, timeUs: number): void {
    const template = this.template;
    if (template === undefined) throw new Error("a link without a template cannot send");
    const size = template.bytes.length;
    const batchMax = Math.floor(SCRATCH.length / size);
    for (let left = count; left > 0; left -= batchMax) {
      const batch = Math.min(left, batchMax);
      for (let i = 0; i < batch; i += 1) {
        this.sent += 1;
        SCRATCH.set(template.bytes, i * size);
        this.#stamp(template, i * size, timeUs);
      }
      this.write(SCRATCH.subarray(0, batch * size));
    }
  }

  #stamp(template: Template, at: number, timeUs: number): void {
    const payload = at + template.payloadAt;
    const content = payload + template.contentAt;
    writeNumber(SCRATCH, content, template.contentAt, this.sent, MASK);
    writeTime(SCRATCH, content, template.contentAt, timeUs, MASK);
    if (template.refAt === 0) return;
    for (let i = 0; i < 4; i += 1) {
      const place = template.refAt + i;
      SCRATCH[payload + place] = ((this.sent >>> (24 - 8 * i)) & 255) ^ (MASK[place & 3] ?? 0);
    }
  }

  receive(chunk: Uint8Array): void {
    if (this.stream !== undefined) return this.stream.receive(this, chunk);
    let at = 0;
    if (!this.#upgraded) {
      at = this.#finishUpgrade(chunk);
      if (!this.#upgraded) return;
    } else if (this.#carried > 0) {
      at = this.#finishCarried(chunk);
    }
    const end = this.#scan(chunk, at, chunk.length);
    if (end < chunk.length) this.#keep(chunk.subarray(end));
    this.#owner.readDone(this);
  }

  close(): void {
    this.#closing = true;
    this.#socket?.terminate();
  }

  fail(why: string): void {
    if (!this.#closing) this.#owner.failed(this, why);
  }

  /** Returns where the first frame begins. */
  #finishUpgrade(chunk: Uint8Array): number {
    const before = this.#carried;
    this.#keep(chunk);
    const text = Buffer.from((this.#carry ?? chunk).subarray(0, this.#carried)).toString("latin1");
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) return 0;
    this.#carried = 0;
    if (!text.startsWith("HTTP/1.1 101") || /sec-websocket-extensions/i.test(text)) {
      this.fail(`upgrade refused: ${text.slice(0, 300)}`);
      return 0;
    }
    this.#upgraded = true;
    this.#owner.upgraded(this);
    return end + 4 - before;
  }

  /** Completes the frame that the last read cut. Returns where the next one begins. */
  #finishCarried(chunk: Uint8Array): number {
    let at = 0;
    while (this.#carried > 0 && at < chunk.length) {
      const carry = this.#carry ?? chunk;
      const size = frameSize(carry, this.#carried);
      const take = Math.min(size === 0 ? 1 : size - this.#carried, chunk.length - at);
      this.#keep(chunk.subarray(at, at + take));
      at += take;
      if (size === 0 || this.#carried < size) continue;
      this.#carried = 0;
      this.#scan(this.#carry ?? carry, 0, size);
    }
    return at;
  }

  #keep(bytes: Uint8Array): void {
    const needed = this.#carried + bytes.length;
    if (this.#carry === undefined || this.#carry.length < needed) {
      const grown = new Uint8Array(Math.max(512, needed * 2));
      if (this.#carry !== undefined) grown.set(this.#carry.subarray(0, this.#carried));
      this.#carry = grown;
    }
    this.#carry.set(bytes, this.#carried);
    this.#carried = needed;
  }

  /** Hands over all complete frames; returns where the first incomplete one begins. */
  #scan(bytes: Uint8Array, from: number, end: number): number {
    let at = from;
    while (end - at >= 2) {
      let length = (bytes[at + 1] ?? 0) & 127;
      let head = 2;
      if (length === 126) {
        if (end - at < 4) break;
        length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
        head = 4;
      } else if (length === 127) {
        if (end - at < 10) break;
        length = new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(6);
        head = 10;
      }
      if (end - at < head + length) break;
      this.#take(bytes, bytes[at] ?? 0, at + head, at + head + length);
      at += head + length;
    }
    return at;
  }

  #take(bytes: Uint8Array, first: number, start: number, end: number): void {
    if (first === 0x81 || first === 0x82) this.#owner.frame(this, bytes, start, end);
    else if (first === (0x80 | OPCODES.ping)) this.write(clientFrame(OPCODES.pong, bytes.subarray(start, end)).bytes);
    else if (first === (0x80 | OPCODES.close)) {
      const code = ((bytes[start] ?? 0) << 8) | (bytes[start + 1] ?? 0);
      this.fail(`closed by the server: ${code} ${Buffer.from(bytes.subarray(start + 2, end)).toString()}`);
    } else if (first !== (0x80 | OPCODES.pong)) this.fail(`unexpected frame 0x${first.toString(16)}`);
  }
}
