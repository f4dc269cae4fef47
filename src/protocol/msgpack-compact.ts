/**
 * MessagePack in as little code as possible, for clients: the server is trusted, so nothing is bounded here, and what it never
 * writes (bytes, single floats) is not read. Numbers are written in their shortest form. Throws
 * `RangeError` where the bytes end too early, and on what is not read.
 */

/** Made at its first use: platforms without it speak JSON. */
let decoder: TextDecoder | undefined;

/** What is being read, and where: reading is one turn. */
let view: DataView = new DataView(new ArrayBuffer(0));
let at = 0;

/** One value, and nothing behind it. Maps are objects. */
export function decode(bytes: Uint8Array): unknown {
  view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  at = 0;
  const value = read();
  if (at !== view.byteLength) throw new RangeError("bytes behind");
  return value;
}

function read(): unknown {
  const byte = readUint(0);
  if (byte < 0x80) return byte;
  if (byte < 0x90) return readMap(byte & 0x0f);
  if (byte < 0xa0) return readList(byte & 0x0f);
  if (byte < 0xc0) return readText(byte & 0x1f);
  if (byte >= 0xe0) return byte - 0x100;
  if (byte >= 0xde) return readMap(readUint(byte - 0xdd));
  if (byte >= 0xdc) return readList(readUint(byte - 0xdb));
  if (byte >= 0xd9) return readText(readUint(byte - 0xd9));
  if (byte === 0xd3) return Number(view.getBigInt64(skip(8)));
  if (byte >= 0xd0 && byte < 0xd3) {
    const shift = 32 - 8 * 2 ** (byte - 0xd0);
    return (readUint(byte - 0xd0) << shift) >> shift;
  }
  if (byte >= 0xcc && byte < 0xd0) return readUint(byte - 0xcc);
  if (byte === 0xcb) return view.getFloat64(skip(8));
  if (byte === 0xc3) return true;
  if (byte === 0xc2) return false;
  if (byte === 0xc0) return null;
  throw new RangeError("no MessagePack");
}

function readList(count: number): unknown[] {
  const items: unknown[] = [];
  for (let i = 0; i < count; i += 1) items.push(read());
  return items;
}

/** `__proto__` is a key like any other. */
function readMap(count: number): object {
  const entries: [string, unknown][] = [];
  for (let i = 0; i < count; i += 1) entries.push([String(read()), read()]);
  return Object.fromEntries(entries);
}

function readText(length: number): string {
  decoder ??= new TextDecoder();
  return decoder.decode(new Uint8Array(view.buffer, view.byteOffset + skip(length), length));
}

/** Of 2 to the power of `size` bytes. */
function readUint(size: number): number {
  let whole = 0;
  for (let i = 0; i < 2 ** size; i += 1) whole = whole * 0x100 + view.getUint8(skip(1));
  return whole;
}

function skip(length: number): number {
  const start = at;
  at += length;
  if (at > view.byteLength) throw new RangeError("ends too early");
  return start;
}

/** Of plain data: scalars, lists, and objects as maps. `undefined` is nil. */
export function encode(value: unknown): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  write(bytes, value);
  return Uint8Array.from(bytes);
}

function write(bytes: number[], value: unknown): void {
  if (typeof value === "string") {
    const text = new TextEncoder().encode(value);
    head(bytes, text.length, 0xa0, 32, 0xd9);
    for (const byte of text) bytes.push(byte);
  } else if (typeof value === "number") number(bytes, value);
  else if (typeof value === "boolean") bytes.push(value ? 0xc3 : 0xc2);
  else if (Array.isArray(value)) {
    head(bytes, value.length, 0x90, 16, 0xdb);
    for (const item of value) write(bytes, item);
  } else if (value) {
    const entries = Object.entries(value);
    head(bytes, entries.length, 0x80, 16, 0xdd);
    for (const item of entries.flat()) write(bytes, item);
  } else bytes.push(0xc0);
}

/** A small count is part of the first byte; `wide` is the first byte for one of eight bits. */
function head(bytes: number[], count: number, fix: number, fixMax: number, wide: number): void {
  if (count < fixMax) bytes.push(fix | count);
  else uint(bytes, count, wide, wide === 0xd9 ? 0 : 1);
}

function number(bytes: number[], value: number): void {
  if (!Number.isSafeInteger(value) || value < -0x8000_0000) {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value);
    bytes.push(0xcb, ...new Uint8Array(view.buffer));
  } else if (value >= 0x80) uint(bytes, value, 0xcc, 0);
  else if (value >= -32) bytes.push(value & 0xff);
  else {
    const size = value >= -0x80 ? 0 : value >= -0x8000 ? 1 : 2;
    uint(bytes, value + 2 ** (8 * 2 ** size), 0xd0, size);
  }
}

/** In 2 to the power of `size` bytes, or as many more as it takes. */
function uint(bytes: number[], value: number, wide: number, size: number): void {
  if (size < 3 && value >= 2 ** (8 * 2 ** size)) return uint(bytes, value, wide, size + 1);
  bytes.push(wide + size);
  for (let i = 2 ** size - 1; i >= 0; i -= 1) bytes.push(Math.floor(value / 2 ** (8 * i)) % 0x100);
}
