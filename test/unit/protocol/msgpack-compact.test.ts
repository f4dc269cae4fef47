/** The clients' small MessagePack against a second implementation, at the bounds of each form. */
import { expect, test } from "bun:test";
import * as reference from "@msgpack/msgpack";
import fc from "fast-check";
import { decode, encode } from "../../../src/protocol/msgpack-compact.ts";

const EDGES = [0, 1, 31, 32, 127, 128, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];
const NUMBERS = [...EDGES, ...EDGES.filter((edge) => edge < 2 ** 31).map((edge) => -edge - 1), 0.5, -0.25, 1e300];

test.each(NUMBERS)("%p in its shortest form, and back", (number) => {
  expect(Buffer.from(encode(number))).toEqual(Buffer.from(reference.encode(number)));
  expect(decode(reference.encode(number))).toBe(number);
});

test.each([0, 15, 16, 31, 32, 255, 256, 65_535, 65_536])("texts and lists of %p", (length) => {
  for (const value of ["x".repeat(length), Array.from({ length }, (_, i) => i % 3)]) {
    expect(Buffer.from(encode(value))).toEqual(Buffer.from(reference.encode(value)));
    expect(decode(reference.encode(value))).toEqual(value);
  }
});

test("any plain data is what the other implementation reads and writes", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const zeroes = JSON.parse(JSON.stringify(value)) as unknown;
      // The other implementation refuses that key.
      fc.pre(!JSON.stringify(value).includes("__proto__"));
      expect(reference.decode(encode(zeroes))).toEqual(zeroes);
      const read = decode(reference.encode(zeroes));
      expect(
        JSON.parse(
          JSON.stringify(read, (_key, item: unknown) => (item instanceof Map ? Object.fromEntries(item) : item)),
        ),
      ).toEqual(zeroes);
    }),
    { numRuns: 500 },
  );
});

test("bytes that end too early, have something behind, or are an extension are refused", () => {
  const whole = reference.encode(["text", { key: 70_000 }, 0.5]);
  for (let end = 0; end < whole.length; end += 1) expect(() => decode(whole.slice(0, end))).toThrow(RangeError);
  expect(() => decode(Uint8Array.from([...whole, 0]))).toThrow("behind");
  for (const byte of [0xc1, 0xc7, 0xd4, 0xd8])
    expect(() => decode(Uint8Array.from([byte, 0, 0]))).toThrow("no MessagePack");
});
