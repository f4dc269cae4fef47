/** What the providers' thread tells, and when: first pieces at once, the rest no more often than it is shown, together. Virtual time. */
import { beforeEach, expect, test } from "bun:test";
import { PacedNews, type ProviderNews } from "../../../src/ai/paced-news.ts";
import type { EngineEnd } from "../../../src/ai/run-engine.ts";
import { AI_BLOCK_INTERVAL_MS, AI_BLOCK_PIECES_MAX, AI_PIECE_INTERVAL_MS } from "../../../src/base/limits.ts";
import { pieceIntervalMs } from "../../../src/base/piece-interval.ts";
import { SmallWorld } from "../../support/small-shard.ts";

const END: EngineEnd = { state: "complete", spent: { input: 1, output: 1 }, tried: [] };

let world: SmallWorld;
let news: PacedNews;
let blocks: { readonly atMs: number; readonly block: readonly ProviderNews[] }[];

beforeEach(() => {
  world = new SmallWorld();
  blocks = [];
  news = new PacedNews(world.clock, world.soon, (block) => blocks.push({ atMs: world.clock.monotonicMs(), block }));
});

/** Of one run, in order, with the time of each. */
function told(id: number): readonly (ProviderNews & { readonly atMs: number })[] {
  return blocks.flatMap(({ atMs, block }) => block.filter((one) => one.id === id).map((one) => ({ ...one, atMs })));
}

function textOf(id: number): string {
  return told(id)
    .map((one) => (one.kind === "piece" ? one.text : ""))
    .join("");
}

test("a first piece leaves at once with its beginning, whatever left just before", () => {
  news.began(1);
  news.piece(1, "a");
  world.run(0);
  expect(told(1).map(({ kind }) => kind)).toEqual(["began", "piece"]);
  const atMs = world.clock.monotonicMs();
  news.began(2);
  news.piece(2, "b");
  world.run(0);
  expect(told(2).map((one) => [one.kind, one.atMs])).toEqual([
    ["began", atMs],
    ["piece", atMs],
  ]);
});

test("what follows leaves no more often than it may be shown, and every letter once", () => {
  news.began(1);
  for (let i = 0; i < 400; i += 1) {
    news.piece(1, "x");
    world.run(3);
  }
  world.run(500);
  const pieces = told(1).filter(({ kind }) => kind === "piece");
  for (const [i, { atMs }] of pieces.entries()) {
    if (i > 0) expect(atMs - (pieces[i - 1]?.atMs ?? 0)).toBeGreaterThanOrEqual(AI_PIECE_INTERVAL_MS);
  }
  expect(pieces.length).toBeGreaterThan(15);
  expect(textOf(1)).toBe("x".repeat(400));
});

test("of many leave together, a bounded number in a block, each less often", () => {
  const runs = 200;
  for (let id = 0; id < runs; id += 1) news.began(id);
  world.run(1);
  for (let i = 0; i < 200; i += 1) {
    for (let id = 0; id < runs; id += 1) news.piece(id, "x");
    world.run(5);
  }
  world.run(1_000);
  // The beginnings left at once, all of them.
  const [first, ...rest] = blocks;
  expect(first?.block.length).toBe(runs);
  for (const [i, { atMs, block }] of rest.entries()) {
    expect(block.length).toBeLessThanOrEqual(AI_BLOCK_PIECES_MAX);
    if (i > 0) expect(atMs - (rest[i - 1]?.atMs ?? 0)).toBeGreaterThanOrEqual(AI_BLOCK_INTERVAL_MS);
  }
  for (let id = 0; id < runs; id += 1) expect(textOf(id)).toBe("x".repeat(200));
  const own = told(7).filter(({ kind }) => kind === "piece");
  for (const [i, { atMs }] of own.entries()) {
    if (i > 0) expect(atMs - (own[i - 1]?.atMs ?? 0)).toBeGreaterThanOrEqual(pieceIntervalMs(runs));
  }
});

test("an end takes what is left with it, and nothing follows", () => {
  news.began(1);
  news.piece(1, "a");
  world.run(1);
  news.piece(1, "b");
  news.ended(1, END);
  world.run(AI_BLOCK_INTERVAL_MS);
  expect(told(1).map(({ kind }) => kind)).toEqual(["began", "piece", "piece", "ended"]);
  world.run(1_000);
  expect(told(1)).toHaveLength(4);
});

test("another provider's beginning voids what was not told of the one before", () => {
  news.began(1);
  news.piece(1, "old");
  world.run(1);
  news.piece(1, " void");
  news.began(1);
  news.piece(1, "new");
  world.run(1_000);
  const texts = told(1).map((one) => (one.kind === "piece" ? one.text : one.kind));
  expect(texts).toEqual(["began", "old", "began", "new"]);
});

test("of a run that was stopped nothing is told any more", () => {
  news.began(1);
  news.piece(1, "a");
  world.run(1);
  news.piece(1, "b");
  news.forget(1);
  world.run(1_000);
  expect(textOf(1)).toBe("a");
});
