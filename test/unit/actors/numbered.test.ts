import { expect, test } from "bun:test";
import fc from "fast-check";
import { Numbered } from "../../../src/actors/numbered.ts";

const step = fc.record({ no: fc.oneof(fc.nat(600), fc.constant(2 ** 32 - 1)), isThere: fc.boolean() });

test("agrees with a map through any sequence of changes", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const things = new Numbered<{ readonly no: number }>();
      const map = new Map<number, { readonly no: number }>();
      for (const { no, isThere } of steps) {
        const thing = { no };
        if (isThere) [things.set(no, thing), map.set(no, thing)];
        else [things.delete(no), map.delete(no)];
        expect(things.get(no)).toBe(map.get(no));
      }
      expect(new Set(things.values())).toEqual(new Set(map.values()));
    }),
  );
});

test("numbers that were never given have nothing", () => {
  const things = new Numbered<object>();
  things.delete(7);
  things.set(255, {});
  expect([things.get(0), things.get(256), things.get(2 ** 32 - 1)]).toEqual([undefined, undefined, undefined]);
});
