import { expect, test } from "bun:test";
import { wantedOf } from "../../../../src/edge/files/ranges.ts";

const whole = { kind: "whole" } as const;
const beyond = { kind: "beyond" } as const;
const part = (start: number, end: number) => ({ kind: "part", start, end }) as const;

test.each([
  [null, whole],
  ["bytes=0-0", part(0, 1)],
  ["bytes=2-4", part(2, 5)],
  ["bytes=2-", part(2, 10)],
  ["bytes=2-99", part(2, 10)],
  ["bytes=-3", part(7, 10)],
  ["bytes=-99", part(0, 10)],
  ["bytes=-0", beyond],
  ["bytes=9-", part(9, 10)],
  ["bytes=10-", beyond],
  ["bytes=5-4", whole],
  ["bytes=0-1,3-4", whole],
  ["bytes=-", whole],
  ["chunks=0-1", whole],
  ["bytes=a-b", whole],
  ["bytes=9999999999999999-", whole],
])("of ten bytes, %j", (header, wanted) => {
  expect(wantedOf(header, 10)).toEqual(wanted);
});
