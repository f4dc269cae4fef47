/**
 * UTF-8 in and out of byte arrays, by the platform's own routines: Buffer's where there is one (half the cost of
 * TextDecoder on short strings), else the standard ones. Invariant: bytes that are not UTF-8 are refused, never guessed.
 */

interface NativeUtf8 {
  utf8Slice(this: Uint8Array, start: number, end: number): string;
  utf8Write(this: Uint8Array, text: string, offset: number): number;
}

// Looked up by name, so that a bundler for the browser does not pull in a replacement.
const native: NativeUtf8 | undefined = (Reflect.get(globalThis, "Buffer") as { prototype: NativeUtf8 } | undefined)
  ?.prototype;
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Up to here a loop over the characters beats a native call. */
const LOOP_BYTES_MAX = 8;

/** Returns the text in `bytes[start, end)`, or `undefined` when these are not UTF-8. The range must lie in the array. */
export function readUtf8(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end - start <= LOOP_BYTES_MAX) {
    let text = "";
    let at = start;
    for (; at < end; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte > 0x7f) break;
      text += String.fromCharCode(byte);
    }
    if (at === end) return text;
  }
  if (native === undefined) return readStrictly(bytes, start, end);
  const text = native.utf8Slice.call(bytes, start, end);
  // The native routine writes U+FFFD for what it can't read; only then is it worth looking closely.
  return text.includes("\ufffd") ? readStrictly(bytes, start, end) : text;
}

/** Writes the text at `offset` and returns the number of bytes. The array must have three bytes for each UTF-16 unit. */
export function writeUtf8(bytes: Uint8Array, text: string, offset: number): number {
  if (native !== undefined) return native.utf8Write.call(bytes, text, offset);
  return encoder.encodeInto(text, bytes.subarray(offset)).written;
}

/** A new array with the text's bytes. */
export function utf8Bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

function readStrictly(bytes: Uint8Array, start: number, end: number): string | undefined {
  try {
    return strictDecoder.decode(bytes.subarray(start, end));
  } catch {
    return undefined;
  }
}
