/** Counts of readers share one bound per shard: the one not used for longest gives way. */
import { expect, test } from "bun:test";
import { BoardBudget, type BoardKeeper } from "../../../../src/actors/room/board-budget.ts";

function keepers(...names: readonly string[]) {
  const forgotten: string[] = [];
  const of = (name: string): BoardKeeper => ({ forgetBoard: () => forgotten.push(name) });
  return { forgotten, all: names.map(of) as [BoardKeeper, BoardKeeper, BoardKeeper] };
}

test("at the bound nobody gives way; one past it the one that was used longest ago does", () => {
  const budget = new BoardBudget(100);
  const { forgotten, all } = keepers("a", "b", "c");
  const [a, b, c] = all;
  budget.used(a, 40);
  budget.used(b, 30);
  budget.used(c, 30);
  expect([budget.members, forgotten.length]).toEqual([100, 0]);
  budget.used(a, 40);
  budget.used(c, 31);
  expect(forgotten).toEqual(["b"]);
  expect(budget.members).toBe(71);
});

test("a count that is larger than the bound by itself is kept alone, and gone when its room says so", () => {
  const budget = new BoardBudget(100);
  const { forgotten, all } = keepers("a", "b", "c");
  const [a, b] = all;
  budget.used(a, 10);
  budget.used(b, 500);
  expect([budget.members, forgotten]).toEqual([500, ["a"]]);
  budget.gone(b);
  budget.gone(b);
  expect(budget.members).toBe(0);
});
