/** How consumers ask the engine: in bounded numbers, each answered once. */
import { expect, test } from "bun:test";
import { FOLLOW_CALLS_AT_ONCE, FOLLOW_CALLS_WAITING_MAX } from "../../../src/base/limits.ts";
import { err, ok } from "../../../src/base/result.ts";
import { EngineCalls } from "../../../src/followers/engine-calls.ts";
import { ASKED } from "../../support/asked.ts";

const { by, call } = ASKED;

test("so many are under way, so many wait, and one more is refused, later", async () => {
  const posted: number[] = [];
  const answers: string[] = [];
  const calls = new EngineCalls((no) => void posted.push(no));
  const ask = (name: string): void => calls.ask(by, call, ({ ok }) => void answers.push(`${name} ${ok}`));
  for (let i = 0; i < FOLLOW_CALLS_AT_ONCE + FOLLOW_CALLS_WAITING_MAX; i += 1) ask(String(i));
  expect(posted).toHaveLength(FOLLOW_CALLS_AT_ONCE);
  ask("one more");
  expect(answers).toEqual([]);
  await Promise.resolve();
  expect(answers).toEqual(["one more false"]);

  // A place that is free again is taken by the one that waits longest.
  calls.answered(2, ok({}));
  expect(posted.at(-1)).toBe(FOLLOW_CALLS_AT_ONCE + 1);
  expect(answers).toEqual(["one more false", "1 true"]);
  calls.answered(FOLLOW_CALLS_AT_ONCE + 1, err({ code: "unavailable" }));
  expect(answers.at(-1)).toBe(`${FOLLOW_CALLS_AT_ONCE} false`);
});

test("what was answered, or was never asked, is not answered again", () => {
  const answers: unknown[] = [];
  const calls = new EngineCalls(() => undefined);
  calls.ask(by, call, (result) => void answers.push(result));
  calls.answered(1, ok({ a: 1 }));
  calls.answered(1, ok({ a: 2 }));
  calls.answered(9, ok({}));
  expect(answers).toEqual([ok({ a: 1 })]);
});

test("who asks again from within an answer is served, too", () => {
  const posted: number[] = [];
  const calls = new EngineCalls((no) => void posted.push(no));
  let left = 3;
  const again = (): void => {
    left -= 1;
    if (left > 0) calls.ask(by, call, again);
  };
  calls.ask(by, call, again);
  for (let no = 1; no <= 3; no += 1) calls.answered(no, ok({}));
  expect([posted, left]).toEqual([[1, 2, 3], 0]);
});
