import { expect, test } from "bun:test";
import { isKnown } from "../../../../src/edge/rest/known.ts";

test.each(['"a"', 'W/"a"', '"x", "a"', '"x" , W/"a"', "*"])("a client with %s has it", (header) => {
  expect(isKnown(header, '"a"')).toBe(true);
});

test.each([null, "", '"x"', "a", '"ab"'])("a client with %p has not", (header) => {
  expect(isKnown(header, '"a"')).toBe(false);
});
