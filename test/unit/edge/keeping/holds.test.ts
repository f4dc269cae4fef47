import { expect, test } from "bun:test";
import { SystemClock } from "../../../../src/base/clock.ts";
import type { RoomId, TenantId, UserId } from "../../../../src/base/ids.ts";
import { HOLDS_MAX } from "../../../../src/base/limits.ts";
import { readHolds, setHold } from "../../../../src/edge/keeping/holds.ts";
import { Keeper } from "../../../../src/edge/keeping/keeper.ts";
import { SmallNode } from "../../../support/small-node.ts";

const TENANT = "acme" as TenantId;
const hold = { by: "root" as UserId, at: 1 };
const user = (n: number) => ({ scope: "user", id: `user ${n}/ü` as UserId }) as const;

/** The real actors; their time goes on while somebody waits. */
async function within<Value>(node: SmallNode, work: Promise<Value>): Promise<Value> {
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    node.run(50);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return done;
}

test("holds are placed once, lifted once, and read back by scope", async () => {
  const node = new SmallNode();
  const keeper = new Keeper(node.gateway, new SystemClock());
  const set = (...args: [Parameters<typeof setHold>[2], Parameters<typeof setHold>[3]]) =>
    within(node, setHold(keeper, TENANT, ...args));
  expect(await set(user(1), hold)).toEqual({ ok: true, value: true });
  expect(await set(user(1), hold)).toEqual({ ok: true, value: false });
  expect(await set({ scope: "tenant" }, hold)).toEqual({ ok: true, value: true });
  const read = await within(node, readHolds(keeper, TENANT));
  if (!read.ok) throw new Error(read.error.code);
  expect([read.value.tenant, [...read.value.users], read.value.rooms.size]).toEqual([true, [user(1).id], 0]);
  const others = await within(node, readHolds(keeper, "other" as TenantId));
  expect(others.ok && others.value.all).toEqual([]);
  expect(await set(user(1), null)).toEqual({ ok: true, value: true });
  expect(await set(user(1), null)).toEqual({ ok: true, value: false });
});

test(`a tenant has ${HOLDS_MAX} holds, and not one more`, async () => {
  const node = new SmallNode();
  const keeper = new Keeper(node.gateway, new SystemClock());
  for (let n = 1; n < HOLDS_MAX; n += 1) {
    const place = { collection: "holds", id: `user.${n}`, expectedVersion: 0 };
    await within(node, keeper.user(TENANT, { do: "write", value: hold, ...place }));
  }
  expect(await within(node, setHold(keeper, TENANT, user(1), hold))).toEqual({ ok: true, value: true });
  const beyond = await within(node, setHold(keeper, TENANT, user(2), hold));
  expect(beyond).toMatchObject({ ok: false, error: { code: "too_many" } });
});

test("a room on hold, by itself or with its tenant, is not deleted; when the hold is lifted, it is", async () => {
  const node = new SmallNode();
  const keeper = new Keeper(node.gateway, new SystemClock());
  const ann = node.connect("ann");
  ann.create("room");
  ann.create("other");
  for (const scope of [{ scope: "room", id: "room" as RoomId }, { scope: "tenant" }] as const) {
    await within(node, setHold(keeper, TENANT, scope, hold));
    const refused = ann.request({ type: "delete_room", roomId: "room" });
    expect(refused).toMatchObject({ code: "on_hold", temporary: false });
    expect(refused["message"]).toContain(scope.scope === "room" ? "This room" : "Your tenant");
    if (scope.scope === "room") ann.ack({ type: "archive_room", roomId: "room", archived: true });
    await within(node, setHold(keeper, TENANT, scope, null));
  }
  await within(node, setHold(keeper, TENANT, user(1), hold));
  ann.ack({ type: "delete_room", roomId: "room" });
  ann.ack({ type: "delete_room", roomId: "other" });
});
