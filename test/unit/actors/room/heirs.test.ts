/** Whose a room is when its last owner is erased. */
import { expect, test } from "bun:test";
import type { Heir, KeepAsk, KeepReply } from "../../../../src/actors/keeping-calls.ts";
import type { RoomId, TenantId, UserId } from "../../../../src/base/ids.ts";
import { UPKEEP_EVENTS_MAX } from "../../../../src/base/limits.ts";
import { firstHeir } from "../../../../src/domain/room/heirs.ts";
import { at, listAt } from "../../../support/json.ts";
import { type SmallClient, SmallNode } from "../../../support/small-node.ts";

const TENANT = "acme" as TenantId;
const ROOM = "room" as RoomId;

function keep(node: SmallNode, ask: KeepAsk): Promise<KeepReply> {
  const by = { tenant: TENANT, userId: "system" as UserId, role: "system" } as const;
  const answered = node.gateway.call(by, { to: "room", room: ROOM, kind: "keep", ask });
  node.run(100);
  return answered.then((result) => {
    if (!result.ok) throw new Error(result.error.code);
    return result.value;
  });
}

/** As an erasure does it. */
async function erase(node: SmallNode, userId: string): Promise<UserId | undefined> {
  const user = userId as UserId;
  let from: { readonly after?: UserId; readonly best?: Heir } = {};
  for (;;) {
    const { heir, after } = await keep(node, { do: "find_heir", userId: user, ...from });
    if (after !== undefined) {
      from = { after: after as UserId, ...(heir !== undefined && { best: heir }) };
      continue;
    }
    await keep(node, { do: "erase_member", userId: user, ...(heir !== undefined && { heir: heir.userId }) });
    return heir?.userId;
  }
}

function start(...joined: string[]): { node: SmallNode; ann: SmallClient } {
  const node = new SmallNode();
  const ann = node.connect("ann");
  ann.create("room");
  for (const user of joined) node.connect(user).join("room");
  return { node, ann };
}

const role = (ann: SmallClient, userId: string, name: string): unknown =>
  ann.ack({ type: "set_role", roomId: "room", userId, role: name });

test("an administrator goes before a moderator, a moderator before a member, and among equals who came first", async () => {
  const { node, ann } = start("dan", "cid", "ben", "eve");
  role(ann, "ben", "moderator");
  role(ann, "cid", "admin");
  role(ann, "eve", "admin");
  const ben = node.connect("ben");
  ben.join("room", 0);
  expect(await erase(node, "ann")).toBe("cid" as UserId);
  const events = ben.of("events").flatMap((frame) => listAt(frame, "events"));
  const last = events.slice(-2).map((event) => [at(event, "type"), at(event, "user.userId"), at(event, "role")]);
  expect(last).toEqual([
    ["member_updated", "cid", "owner"],
    ["user_left", "ann", undefined],
  ]);
  expect(await erase(node, "cid")).toBe("eve" as UserId);
  expect(await erase(node, "eve")).toBe("ben" as UserId);
  expect(await erase(node, "ben")).toBe("dan" as UserId);
  // Nobody is left to have it.
  expect(await erase(node, "dan")).toBeUndefined();
});

test("where there is another owner, or it was no owner, nobody inherits", async () => {
  const { node, ann } = start("ben", "cid");
  role(ann, "ben", "owner");
  expect(await erase(node, "cid")).toBeUndefined();
  expect(await erase(node, "ann")).toBeUndefined();
  expect(await erase(node, "ben")).toBeUndefined();
});

test("an heir who left in the meantime inherits nothing, and the person goes all the same", async () => {
  const { node } = start("ben");
  const ask = { do: "erase_member", userId: "ann" as UserId, heir: "nobody" as UserId } as const;
  expect(await keep(node, ask)).toEqual({ changed: 1 });
  expect(await keep(node, ask)).toEqual({ changed: 0 });
});

test("in a room of more members than a page has, the whole room is looked through", async () => {
  const { node, ann } = start("zoe");
  for (let i = 0; i < UPKEEP_EVENTS_MAX + 5; i += 1) {
    ann.send({ type: "add_member", roomId: "room", userId: `m${String(i).padStart(5, "0")}` });
    if (i % 500 === 0) node.run(100);
  }
  node.run(1_000);
  expect(await erase(node, "ann")).toBe("zoe" as UserId);
});

test("whoever came with others in one event is found by their id", () => {
  const member = (userId: string): Heir => ({ userId: userId as UserId, role: "member", joinedSeq: 3 });
  expect(firstHeir([member("b"), member("a"), member("c")])?.userId).toBe("a" as UserId);
  expect(firstHeir([])).toBeUndefined();
});
