/** When a node may take connections: it knows the others, and they know it. */
import { expect, test } from "bun:test";
import type { NodeId } from "../../../src/cluster/membership.ts";
import { SILENCE_MS_MAX } from "../../../src/cluster/peers.ts";
import { SmallCluster } from "../../support/small-cluster.ts";

const WAY_MS = 40;
/** Between two looks at who is silent. */
const LOOK_MS = 500;

const knows = (cluster: SmallCluster, one: string, other: string): boolean =>
  cluster.node(one).clusterNode?.view?.nodes.some(({ id }) => id === other) === true;

test("a node that comes has joined when each of the others has it in its view", () => {
  const cluster = new SmallCluster(["a", "b"]);
  cluster.world.cluster.carry = (from) => [from === ("b" as NodeId) ? 5 * WAY_MS : WAY_MS];
  const d = cluster.start("d");
  d.runUntil(() => d.clusterNode?.view !== undefined);
  expect([d.hasJoined, knows(cluster, "a", "d")]).toEqual([false, false]);
  d.runUntil(() => d.hasJoined, 1_000);
  expect([knows(cluster, "a", "d"), knows(cluster, "b", "d")]).toEqual([true, true]);
});

test("of nodes that start at once none has joined before all know one another", () => {
  const cluster = new SmallCluster([]);
  cluster.world.cluster.carry = () => [WAY_MS];
  const names = ["a", "b", "c"];
  const nodes = names.map((name) => cluster.start(name));
  const joined = (): readonly boolean[] => nodes.map(({ hasJoined }) => hasJoined);
  while (!joined().includes(true)) cluster.run(1);
  // The first one may see nobody: whoever comes after it waits for it.
  cluster.node("c").runUntil(() => !joined().includes(false), 1_500);
  for (const one of names) for (const other of names) expect(knows(cluster, one, other)).toBe(true);
});

test("a bus that comes up late makes nobody pass over the others", () => {
  const cluster = new SmallCluster(["a"]);
  cluster.world.cluster.carry = () => [WAY_MS];
  cluster.world.cluster.setBusUp("d" as NodeId, false);
  const d = cluster.start("d");
  cluster.run(2 * SILENCE_MS_MAX);
  expect(d.hasJoined).toBe(false);
  cluster.world.cluster.setBusUp("d" as NodeId, true);
  d.runUntil(() => d.hasJoined);
  expect(knows(cluster, "a", "d")).toBe(true);
  expect(cluster.node("a").clusterNode?.view?.unreachable).toEqual([]);
});

test("one that was killed and is registered still is waited for until it is silent for too long", () => {
  const cluster = new SmallCluster(["a", "b"]);
  cluster.node("b").kill();
  const d = cluster.start("d");
  cluster.run(SILENCE_MS_MAX - LOOK_MS);
  expect(d.hasJoined).toBe(false);
  cluster.run(2 * LOOK_MS);
  expect(d.hasJoined).toBe(true);
});

test("one that does not hear it is waited for as long, and no longer", () => {
  const cluster = new SmallCluster(["a"]);
  cluster.world.cluster.carry = (from) => (from === ("d" as NodeId) ? [] : [WAY_MS]);
  cluster.world.cluster.setBusUp("d" as NodeId, false);
  const d = cluster.start("d");
  cluster.run(2 * SILENCE_MS_MAX);
  cluster.world.cluster.setBusUp("d" as NodeId, true);
  cluster.run(SILENCE_MS_MAX - LOOK_MS);
  expect(d.hasJoined).toBe(false);
  cluster.run(2 * LOOK_MS);
  expect(d.hasJoined).toBe(true);
});

test("a node does not wait for its own former run", () => {
  const cluster = new SmallCluster(["a"]);
  cluster.node("a").kill();
  const again = cluster.start("a.2", "a");
  cluster.run(LOOK_MS);
  expect([again.hasJoined, knows(cluster, "a.2", "a")]).toEqual([true, true]);
});
