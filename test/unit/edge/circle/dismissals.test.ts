/** All connections of a person end when an administrator says so, at whatever nodes, also while nodes come and people move. */
import { expect, test } from "bun:test";
import { addressHash, userAddress } from "../../../../src/actors/address.ts";
import type { TenantId, UserId } from "../../../../src/base/ids.ts";
import { TRACE_WAIT_MS } from "../../../../src/base/limits.ts";
import { ok } from "../../../../src/base/result.ts";
import { Placement } from "../../../../src/cluster/placement.ts";
import { accessPlugin } from "../../../../src/edge/plugins/access-plugin.ts";
import { at } from "../../../support/json.ts";
import { SmallCluster } from "../../../support/small-cluster.ts";
import { principalOf, type SmallNode } from "../../../support/small-node.ts";

type Role = Parameters<typeof principalOf>[1];
const DISCONNECTED = 4423;
const WAY_MS = 5;

const PEOPLE = Array.from({ length: 20 }, (_, i) => `ann-${i}`);

/** One of the people whose actor the owner should have, as it sees it now. */
function personOf(owner: SmallNode): string {
  const view = owner.clusterNode?.view;
  if (view === undefined) throw new Error("no view");
  const placement = new Placement(view);
  const isOwn = (name: string): boolean =>
    placement.isOwn(addressHash(userAddress("acme" as TenantId, name as UserId)));
  const found = PEOPLE.find(isOwn);
  if (found === undefined) throw new Error("nobody");
  return found;
}

/** Asks this node, as an administrator; time goes on until it has answered. */
async function disconnect(cluster: SmallCluster, by: string, user: string, role: Role = "admin"): Promise<unknown> {
  const node = cluster.node(by);
  const auth = {
    verifyToken: async () => ok({ principal: principalOf("root", role), expiresAtMs: Number.MAX_SAFE_INTEGER }),
  };
  const app = accessPlugin("/v1/chat", { engine: node.gateway, circle: node.circle, auth });
  const request = new Request(`http://stoa/v1/chat/admin/users/${user}/disconnect`, {
    method: "POST",
    headers: { authorization: "Bearer root" },
  });
  let reply: Response | undefined;
  void app.handle(request).then((response) => {
    reply = response;
  });
  for (let step = 0; reply === undefined && step < 2_000; step += 1) {
    await Bun.sleep(0);
    cluster.run(1);
  }
  if (reply === undefined) throw new Error("no answer");
  cluster.run(50);
  return await reply.json();
}

/** Connected at `a`, and `d` has just come: it sees `a`, and `a` has not yet heard of it. */
function coming() {
  const cluster = new SmallCluster(["a"]);
  cluster.world.cluster.carry = () => [WAY_MS];
  const clients = new Map(PEOPLE.map((name) => [name, cluster.node("a").connect(name)]));
  const d = cluster.start("d");
  d.runUntil(() => d.clusterNode?.view !== undefined);
  expect(cluster.node("a").clusterNode?.view?.nodes).toHaveLength(1);
  const ann = personOf(d);
  return { cluster, ann, socket: clients.get(ann)?.socket };
}

test("a node that has just come ends what is at one that has not heard of it, and counts it", async () => {
  const { cluster, ann, socket } = coming();
  expect(at(await disconnect(cluster, "d", ann), "data")).toEqual({ userId: ann, connections: 1 });
  expect(socket?.closedWith).toBe(DISCONNECTED);
});

test("connections of a node that does not answer are ended and counted by the person's actor, each once", async () => {
  const cluster = new SmallCluster(["a", "b", "c"]);
  const ann = personOf(cluster.node("b"));
  const sockets = ["a", "a", "b", "c"].map((name) => cluster.node(name).connect(ann).socket);
  // As one of another version does, which knows no such question.
  cluster.node("c").circle.heard = () => undefined;
  const startMs = cluster.world.queue.nowMs;
  expect(at(await disconnect(cluster, "a", ann), "data.connections")).toBe(4);
  expect(cluster.world.queue.nowMs - startMs).toBeLessThan(2 * TRACE_WAIT_MS);
  expect(sockets.map(({ closedWith }) => closedWith)).toEqual(sockets.map(() => DISCONNECTED));
});

test("nobody else ends, and whoever is no administrator ends nobody", async () => {
  const cluster = new SmallCluster(["a", "b"]);
  const [ann, ben] = [cluster.node("b").connect("ann").socket, cluster.node("b").connect("ben").socket];
  expect(at(await disconnect(cluster, "a", "ann", "user"), "error.code")).toBe("forbidden");
  expect(ann.closedWith).toBeUndefined();
  expect(at(await disconnect(cluster, "a", "ann"), "data.connections")).toBe(1);
  expect([ann.closedWith, ben.closedWith]).toEqual([DISCONNECTED, undefined]);
  expect(at(await disconnect(cluster, "a", "ann"), "data.connections")).toBe(0);
});
