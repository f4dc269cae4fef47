/** The measure of how long rooms did not take messages. */
import { expect, test } from "bun:test";
import { longestAckGap } from "../../chaos/ack-gap.ts";
import type { Witness } from "../../chaos/verdict.ts";

const FROM_MS = 1_000;
const UNTIL_MS = 2_000;

function witness(roomId: string, times: readonly number[]): Witness {
  const acked = times.map((ackedMs, seq) => ({ roomId, content: "", messageId: "", seq, sentMs: 0, ackedMs }));
  return { userId: "ann", memberOf: [roomId], left: false, acked, rooms: new Map(), faults: [] };
}

const gap = (...witnesses: readonly Witness[]): number => longestAckGap(witnesses, ["tea"], FROM_MS, UNTIL_MS).ms;

test("what was before it happened does not count, and the first silence begins when it happens", () => {
  expect(gap(witness("tea", [100, 1_300, 1_500, 1_900]))).toBe(400);
});

test("a room is served when anybody's message is acked", () => {
  expect(gap(witness("tea", [1_200, 1_600]), witness("tea", [1_400, 1_800]))).toBe(200);
});

test("a silence counts up to the end of all talk", () => {
  expect(gap(witness("tea", [1_100, 1_200, 4_000]))).toBe(800);
  expect(gap(witness("tea", []))).toBe(1_000);
});

test("the slowest room decides", () => {
  const witnesses = [witness("tea", [1_500, 1_900]), witness("milk", [1_600, 1_900])];
  expect(longestAckGap(witnesses, ["tea", "milk"], FROM_MS, UNTIL_MS)).toEqual({
    ms: 600,
    roomId: "milk",
    sinceMs: 1_000,
  });
});
