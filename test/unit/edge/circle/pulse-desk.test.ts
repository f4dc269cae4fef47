/** What the nodes of a cluster tell one another of how they are, and which of them are gone without having said so. */
import { expect, test } from "bun:test";
import { PULSE_NODE_KEPT_MS, PULSE_NODES_MAX, TRACE_WAIT_MS } from "../../../../src/base/limits.ts";
import { PulseDesk, type SeenNode } from "../../../../src/edge/circle/pulse-desk.ts";
import type { EdgeNotice } from "../../../../src/edge/circle/edge-notices.ts";
import type { PulseView } from "../../../../src/edge/figures/pulse.ts";
import { EventQueue, VirtualClock } from "../../../sim/virtual-clock.ts";

const nodeOf = (id: string, leaving = false): SeenNode => ({ id: `${id}.1`, instance: id, leaving });
const viewOf = (node: string, sinceMs: number): PulseView => ({
  ...{ node, instance: node, startedMs: 1, isReady: true, shards: 1, restarts: 0, dependencies: {}, lagsMs: {} },
  assistant: { runs: {}, requests: {}, failures: {}, inputTokens: {}, outputTokens: {} },
  samples: [[sinceMs + 1]],
});

function scene(names: readonly string[]) {
  const queue = new EventQueue();
  const clock = new VirtualClock(queue, 1_000_000);
  const cluster = { nodes: names.map((name) => nodeOf(name)), deaf: new Set<string>() };
  const desks = new Map<string, PulseDesk>();
  const desk = (name: string): PulseDesk => desks.get(name) as PulseDesk;
  for (const { id } of cluster.nodes) {
    const tell = (notice: EdgeNotice): void => {
      for (const [other, one] of desks) if (other !== id && !cluster.deaf.has(other)) one.heard(notice);
    };
    const own = (sinceMs: number) => viewOf(id, sinceMs);
    desks.set(id, new PulseDesk({ clock, node: id, nodes: () => cluster.nodes, tell, own }));
  }
  const run = (ms: number): void => {
    const untilMs = queue.nowMs + ms;
    while (queue.runNext(untilMs));
  };
  return { cluster, desk, run };
}

test("each node is asked once, and what it says since then is in the answer", async () => {
  const { desk } = scene(["a", "b", "c"]);
  const answers = await desk("b.1").ask(500);
  expect(answers?.views.map(({ node, samples }) => [node, samples])).toEqual([
    ["b.1", [[501]]],
    ["a.1", [[501]]],
    ["c.1", [[501]]],
  ]);
  expect([answers?.silent, answers?.lost]).toEqual([[], []]);
});

test("what was said to another node is no answer to this one, whatever its number", async () => {
  const { cluster, desk, run } = scene(["a", "b"]);
  cluster.deaf.add("b.1");
  const asking = desk("a.1").ask(0);
  const view = viewOf("b.1", 7);
  desk("a.1").heard({ kind: "pulse_told", to: "c.1", ask: 1, view });
  desk("a.1").heard({ kind: "pulse_told", to: "a.1", ask: 2, view });
  run(TRACE_WAIT_MS);
  const answers = await asking;
  expect([answers?.silent, answers?.views.map(({ node }) => node)]).toEqual([["b.1"], ["a.1"]]);
});

test("a node that says nothing in time is named", async () => {
  const { cluster, desk, run } = scene(["a", "b", "c"]);
  cluster.deaf.add("c.1");
  const asking = desk("a.1").ask(0);
  run(TRACE_WAIT_MS);
  const answers = await asking;
  expect(answers?.silent).toEqual(["c.1"]);
  expect(answers?.views.map(({ node }) => node)).toEqual(["a.1", "b.1"]);
});

test("one that is gone is lost, unless it took its leave or is back under its name, and is forgotten after a while", async () => {
  const { cluster, desk, run } = scene(["a", "b", "c", "d"]);
  const a = desk("a.1");
  const lost = async () => (await a.ask(0))?.lost.map(({ instance }) => instance);
  a.look();
  cluster.nodes = [nodeOf("a"), nodeOf("b", true), nodeOf("d")];
  a.look();
  cluster.nodes = [nodeOf("a"), { ...nodeOf("d"), id: "d.2" }];
  cluster.deaf.add("d.1");
  a.look();
  const asking = lost();
  run(TRACE_WAIT_MS);
  expect(await asking).toEqual(["c"]);
  run(PULSE_NODE_KEPT_MS);
  cluster.nodes = [nodeOf("a")];
  a.look();
  expect(await lost()).toEqual([]);
});

test("so many are remembered, the oldest go first", async () => {
  const { cluster, desk } = scene(["a"]);
  const a = desk("a.1");
  cluster.nodes = Array.from({ length: PULSE_NODES_MAX }, (_, i) => nodeOf(`n${i}`));
  a.look();
  cluster.nodes = [nodeOf("a")];
  a.look();
  const lost = (await a.ask(0))?.lost ?? [];
  expect(lost).toHaveLength(PULSE_NODES_MAX - 1);
  expect(lost.some(({ instance }) => instance === "n0")).toBe(false);
});

test("where nothing is counted nobody is answered", async () => {
  const clock = new VirtualClock(new EventQueue(), 0);
  const told: EdgeNotice[] = [];
  const ports = { clock, node: "a", nodes: () => [nodeOf("a")], own: () => undefined };
  const desk = new PulseDesk({ ...ports, tell: (notice) => void told.push(notice) });
  desk.heard({ kind: "pulse_ask", from: "b", ask: 1, sinceMs: 0 });
  expect(await desk.ask(0)).toBeUndefined();
  expect(told).toEqual([]);
});
