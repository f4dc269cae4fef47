/** What shards are told of bounds that are the node's: together they keep to them. */
import { expect, test } from "bun:test";
import { AI_RUNS_MAX } from "../../../src/base/limits.ts";
import { readConfig } from "../../../src/config/config.ts";
import { shardSettingsOf } from "../../../src/node/shard-settings.ts";

test("as many answers as a node may have are divided among its shards, one at least for each", () => {
  const runsOf = (shards: number, runs: number): number => {
    const config = readConfig({ STOA_SHARDS: String(shards), STOA_AI_RUNS: String(runs) });
    if (!config.ok) throw new Error(config.error.join("; "));
    const around = { node: "n", isFollowed: false, hasFigures: false };
    return shards * shardSettingsOf(config.value, around).assistant.runsMax;
  };
  for (let shards = 1; shards <= 32; shards += 1) {
    const all = runsOf(shards, AI_RUNS_MAX);
    expect(all).toBeLessThanOrEqual(AI_RUNS_MAX);
    expect(all).toBeGreaterThan(AI_RUNS_MAX - shards);
  }
  expect([runsOf(1, 1), runsOf(4, 1), runsOf(4, 6)]).toEqual([1, 4, 4]);
});
