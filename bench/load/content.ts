/**
 * The text of every benchmark message: who sent it, its number, when it was sent, then filler.
 * Invariant: fixed places and plain ASCII without quote and backslash, so that it stands unchanged in JSON and MessagePack,
 * can be written into prebuilt frames, and is read back by place. No `@`: ordinary text names nobody.
 */

/** Characters (= bytes) of one message's text. */
export const CONTENT_BYTES = 130;
/** Digits are five bits each, the lowest first, written as `_`…`~`. */
const DIGIT_ZERO = "_";
const DIGIT_ZERO_CODE = DIGIT_ZERO.charCodeAt(0);
const SENDER_AT = 0;
const SENDER_DIGITS = 3;
const NUMBER_AT = SENDER_AT + SENDER_DIGITS;
const NUMBER_DIGITS = 5;
const TIME_AT = NUMBER_AT + NUMBER_DIGITS;
const TIME_DIGITS = 8;
const FILLER =
  " the quick brown fox jumps over the lazy dog while the rain falls mainly on the plain and nobody minds it at all, really; so";

/** Content bytes before any field is written. */
export function blankContent(): string {
  const fields = DIGIT_ZERO.repeat(TIME_AT + TIME_DIGITS);
  return (fields + FILLER.repeat(2)).slice(0, CONTENT_BYTES);
}

/** Writes a field's digits at `at`, whose place in the frame's payload is `place`, under the frame's mask. */
function writeDigits(
  bytes: Uint8Array,
  at: number,
  place: number,
  digits: number,
  value: number,
  mask: Uint8Array,
): void {
  let rest = value;
  for (let i = 0; i < digits; i += 1) {
    bytes[at + i] = (DIGIT_ZERO_CODE + (rest % 32)) ^ (mask[(place + i) & 3] ?? 0);
    rest = Math.floor(rest / 32);
  }
}

/** `at`: where the content begins in `bytes`; `place`: where it begins in the payload (that decides the mask's phase). */
export function writeSender(bytes: Uint8Array, at: number, place: number, sender: number, mask: Uint8Array): void {
  writeDigits(bytes, at + SENDER_AT, place + SENDER_AT, SENDER_DIGITS, sender, mask);
}
export function writeNumber(bytes: Uint8Array, at: number, place: number, number: number, mask: Uint8Array): void {
  writeDigits(bytes, at + NUMBER_AT, place + NUMBER_AT, NUMBER_DIGITS, number, mask);
}
/** Microseconds since the load generator's start. */
export function writeTime(bytes: Uint8Array, at: number, place: number, timeUs: number, mask: Uint8Array): void {
  writeDigits(bytes, at + TIME_AT, place + TIME_AT, TIME_DIGITS, timeUs, mask);
}

function digit(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) - DIGIT_ZERO_CODE;
}

export function readSender(bytes: Uint8Array, at: number): number {
  return digit(bytes, at) + (digit(bytes, at + 1) << 5) + (digit(bytes, at + 2) << 10);
}
export function readNumber(bytes: Uint8Array, at: number): number {
  const low = digit(bytes, at + 3) + (digit(bytes, at + 4) << 5) + (digit(bytes, at + 5) << 10);
  return low + (digit(bytes, at + 6) << 15) + (digit(bytes, at + 7) << 20);
}
export function readTime(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = TIME_DIGITS - 1; i >= 0; i -= 1) value = value * 32 + digit(bytes, at + TIME_AT + i);
  return value;
}
