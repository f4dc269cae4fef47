import { expect, test } from "bun:test";
import { Pace } from "../../../../src/web/chat/pace.ts";

test("what was there when the room was opened is not read aloud, what comes then is", () => {
  const pace = new Pace();
  expect(pace.isCalm(1_000, 0)).toBe(false);
  expect(pace.isCalm(1_001, 5_000)).toBe(true);
});

test("in an empty room the first message is", () => {
  const pace = new Pace();
  pace.begin();
  expect(pace.isCalm(3, 0)).toBe(true);
});

test("five in five seconds are, one more is not, until it is quiet again", () => {
  const pace = new Pace();
  pace.begin();
  for (let seq = 1; seq <= 5; seq += 1) expect(pace.isCalm(seq, seq)).toBe(true);
  expect(pace.isCalm(6, 6)).toBe(false);
  expect(pace.isCalm(7, 5_005)).toBe(true);
});

test("an older stretch of the room is nothing new", () => {
  const pace = new Pace();
  pace.begin();
  expect([pace.isCalm(4, 0), pace.isCalm(2, 1)]).toEqual([true, true]);
});
