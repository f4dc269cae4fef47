/** Whoever is answered that they are called otherwise is called so in all that they say from then on, through whatever node. */
import { expect, test } from "bun:test";
import { addressHash, userAddress } from "../../../../src/actors/address.ts";
import type { RoomId, TenantId, UserId } from "../../../../src/base/ids.ts";
import { PROFILES_TOLD_MS_MAX } from "../../../../src/base/limits.ts";
import type { NodeId } from "../../../../src/cluster/membership.ts";
import { Placement } from "../../../../src/cluster/placement.ts";
import { ProfiledEngine } from "../../../../src/edge/rest/profiled-engine.ts";
import { at } from "../../../support/json.ts";
import { SmallCluster } from "../../../support/small-cluster.ts";
import { principalOf } from "../../../support/small-node.ts";

/** What their actor's node says takes longer to where they are connected than to where they ask. */
const WAY_MS = 2;
const LONG_WAY_MS = 60;

/** Asks at `a`, is connected at `b`, and has their actor at `c`. */
function scene() {
  const cluster = new SmallCluster(["a", "b", "c"]);
  const view = cluster.node("c").clusterNode?.view;
  if (view === undefined) throw new Error("no view");
  const placement = new Placement(view);
  const isHere = (name: string): boolean =>
    placement.isOwn(addressHash(userAddress("acme" as TenantId, name as UserId)));
  const user = Array.from({ length: 100 }, (_, i) => `ann-${i}`).find(isHere);
  if (user === undefined) throw new Error("nobody");
  const ann = cluster.node("b").connect(user);
  const room = cluster.roomOf("a");
  ann.create(room);
  cluster.world.cluster.carry = (from, to) => [
    from === ("c" as NodeId) && to === ("b" as NodeId) ? LONG_WAY_MS : WAY_MS,
  ];
  const engine = (name: string) => new ProfiledEngine(cluster.node(name).gateway, cluster.node(name).circle.profiles);
  const by = principalOf(user);
  const rename = (name: string): Promise<unknown> =>
    engine("a").call(by, { to: "user", user: by.userId, kind: "update_profile", name });
  /** Time goes on until it is settled. */
  const settled = async <Value>(waiting: Promise<Value>): Promise<Value> => {
    let isDone = false;
    void waiting.then(() => {
      isDone = true;
    });
    for (let step = 0; !isDone && step < 2_000; step += 1) {
      await Bun.sleep(0);
      cluster.run(1);
    }
    return await waiting;
  };
  const nameOf = (content: string): unknown =>
    ann.rooms
      .get(room)
      ?.events.map((event) => at(event.body, "message"))
      .filter((message) => at(message, "content") === content)
      .map((message) => at(message, "authorName"))[0];
  return { cluster, ann, room, engine, by, rename, settled, nameOf };
}

test("through a connection at another node than the one that was asked", async () => {
  const { ann, room, rename, settled, nameOf } = scene();
  await settled(rename("Countess"));
  ann.say(room, "said");
  expect(nameOf("said")).toBe("Countess");
});

test("over another node's REST, also when it has just asked how they were called", async () => {
  const { room, engine, by, rename, settled, nameOf } = scene();
  const post = (content: string) => {
    const command = { kind: "send_message", content, messageType: "text", clientId: content } as const;
    return engine("b").call(by, { to: "room", room: room as RoomId, kind: "mutate", command });
  };
  await settled(rename("Ada"));
  // Its question and the change are under way at once.
  const asked = post("before");
  await settled(rename("Countess"));
  await settled(asked);
  await settled(post("after"));
  expect(nameOf("after")).toBe("Countess");
});

test("a node that does not answer holds it up for a moment only", async () => {
  const { cluster, rename, settled } = scene();
  cluster.node("b").circle.heard = () => undefined;
  const startMs = cluster.world.queue.nowMs;
  expect(await settled(rename("Countess"))).toMatchObject({ ok: true, value: { name: "Countess" } });
  const tookMs = cluster.world.queue.nowMs - startMs;
  expect(tookMs).toBeGreaterThanOrEqual(PROFILES_TOLD_MS_MAX);
  expect(tookMs).toBeLessThan(PROFILES_TOLD_MS_MAX + 10 * WAY_MS);
});
