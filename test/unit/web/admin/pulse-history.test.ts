/** What the dashboard makes of the figures that it polls: series of nodes, and of all of them together. */
import { expect, test } from "bun:test";
import { latestOf, type Overview, type OverviewNode, PulseHistory } from "../../../../src/web/admin/pulse-history.ts";

const T = 1_800_000_000_000;
const NO_ASSISTANT = { runs: {}, requests: {}, failures: {}, inputTokens: {}, outputTokens: {} };

function node(name: string, samples: readonly (readonly number[])[]): OverviewNode {
  return {
    ...{ node: name, instance: name, startedAt: "", isReady: true, shards: 1, restarts: 0 },
    ...{ dependencies: {}, lagsMs: {}, assistant: NO_ASSISTANT, samples },
  };
}
function overview(...nodes: readonly OverviewNode[]): Overview {
  return { everyMs: 2_000, columns: ["at", "connections", "answerP99Ms"], nodes, silent: [], lost: [] };
}

test("a sample counts once, whoever tells it again", () => {
  const history = new PulseHistory();
  history.add(overview(node("a", [[T, 1, 5]])));
  history.add(
    overview(
      node("a", [
        [T, 1, 5],
        [T + 2_000, 2, 6],
      ]),
    ),
  );
  expect(history.of("a", "connections")).toEqual({ at: [T, T + 2_000], values: [1, 2] });
  expect(latestOf(history, "a", "answerP99Ms")).toBe(6);
  expect(history.of("a", "unheard")).toEqual({ at: [], values: [] });
  expect(history.of("b", "connections")).toEqual({ at: [], values: [] });
});

test("of several nodes counts are added, of times the worst one counts", () => {
  const history = new PulseHistory();
  history.add(overview(node("a", [[T, 1, 5]]), node("b", [[T + 300, 10, 50]])));
  expect(history.total("connections").values).toEqual([11]);
  expect(history.total("answerP99Ms").values).toEqual([50]);
});

test("what a node has not told yet is no dip, and one that tells nothing any more is not waited for", () => {
  const history = new PulseHistory();
  const samples = (first: number, count: number) =>
    Array.from({ length: count }, (_, i) => [T + (first + i) * 2_000, 1, 1]);
  history.add(overview(node("a", samples(0, 3)), node("b", samples(0, 2))));
  expect(history.total("connections").values).toEqual([2, 2]);
  history.add(overview(node("a", samples(3, 5))));
  expect(history.total("connections").values).toEqual([2, 2, 1, 1, 1, 1, 1, 1]);
});

test("a late sample does not fall into the place of the one before", () => {
  const history = new PulseHistory();
  history.add(
    overview(
      node("a", [
        [T, 1, 1],
        [T + 2_900, 1, 1],
        [T + 4_000, 1, 1],
      ]),
    ),
  );
  expect(history.total("connections").values).toEqual([1, 1, 1]);
});

test("the next answer is wanted from what the slowest node said last; all of it while one has said nothing", () => {
  const history = new PulseHistory();
  expect(history.since(["a"])).toBeUndefined();
  history.add(overview(node("a", [[T + 4_000, 1, 1]]), node("b", [[T, 1, 1]])));
  expect(history.since(["a", "b"])).toBe(new Date(T).toISOString());
  expect(history.since(["a", "b", "c"])).toBeUndefined();
});

test("it keeps no more than the server does, and forgets nodes that are gone", () => {
  const history = new PulseHistory();
  history.add(overview(node("b", [[T, 1, 1]])));
  history.add(
    overview(
      node(
        "a",
        Array.from({ length: 400 }, (_, i) => [T + i * 2_000, 1, 1]),
      ),
    ),
  );
  expect(history.of("a", "connections").at).toHaveLength(300);
  expect(history.of("b", "connections").at).toHaveLength(0);
  expect(history.total("connections").at).toHaveLength(300);
});
