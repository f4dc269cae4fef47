/** What is wrong is said, the worst first; what is well is not. */
import { expect, test } from "bun:test";
import { problemsOf } from "../../../../src/web/admin/problems.ts";
import { type Overview, type OverviewNode, PulseHistory } from "../../../../src/web/admin/pulse-history.ts";

const T = 1_800_000_000_000;
const COLUMNS = ["at", "notWritten", "serverErrors", "edgeLateMs", "shardLateMs", "requestsWaiting"];
const WELL: OverviewNode = {
  ...{ node: "a.1", instance: "a", startedAt: "", isReady: true, shards: 1, restarts: 0 },
  dependencies: { shards: "healthy", redis: "healthy" },
  lagsMs: { search: 20 },
  assistant: { runs: {}, requests: {}, failures: {}, inputTokens: {}, outputTokens: {} },
  samples: [[T, 0, 0, 1, 1, 0]],
};

function said(changes: Partial<Overview> & { readonly node?: Partial<OverviewNode> } = {}): readonly string[] {
  const { node, ...rest } = changes;
  const overview = { everyMs: 2_000, columns: COLUMNS, nodes: [{ ...WELL, ...node }], silent: [], lost: [], ...rest };
  const history = new PulseHistory();
  history.add(overview);
  return problemsOf(overview, history, T).map(({ level, what }) => `${level}: ${what}`);
}

test("nothing is wrong where all is well", () => {
  expect(said()).toEqual([]);
});

test("nodes that are gone, or do not answer, come first", () => {
  const lost = [{ node: "b.1", instance: "b", lastSeen: new Date(T - 65_000).toISOString() }];
  expect(said({ lost, silent: ["c.1"], node: { isReady: false } })).toEqual([
    "bad: Node b is gone",
    "bad: Node c.1 does not answer",
    "warn: Not ready (node a)",
  ]);
});

test("parts that are down or degraded, and what the samples tell", () => {
  expect(said({ node: { dependencies: { redis: "down", search: "degraded" } } })).toEqual([
    "bad: redis is down (node a)",
    "warn: search is degraded (node a)",
  ]);
  expect(said({ node: { samples: [[T, 3, 1, 400, 20, 9_000]], lagsMs: { search: 60_000 } } })).toEqual([
    "bad: 3 appends found no store (node a)",
    "warn: 1 answer with status 5xx (node a)",
    "warn: Threads are 400 ms late (node a)",
    "warn: 9,000 requests wait (node a)",
    "warn: search is 60 s behind (node a)",
  ]);
});
