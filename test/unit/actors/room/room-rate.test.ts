/** How much may be written in a room: the bound and one past it, whom it counts, and what a tenant sets for its rooms. */
import { expect, test } from "bun:test";
import type { RoomId } from "../../../../src/base/ids.ts";
import { TENANT_RULES_MS } from "../../../../src/base/limits.ts";
import { TENANT_LIMITS, TENANT_SETTINGS } from "../../../../src/actors/tenant/tenant-moderation.ts";
import { MemoryProjections } from "../../../../src/storage/memory/memory-projections.ts";
import { SmallShard, SmallWorld, TENANT } from "../../../support/small-shard.ts";

const ROOM = "room" as RoomId;
const [OWNER, BOB] = [1, 2] as const;
const SLOW = { perSecond: 1, burst: 3 };

function shardWith(roomRate?: typeof SLOW) {
  const world = new SmallWorld();
  const shard = new SmallShard("here", world, undefined, roomRate === undefined ? {} : { roomRate });
  const edge = shard.ownEdge();
  edge.open(OWNER, "owner");
  edge.open(BOB, "bob");
  edge.create(OWNER, ROOM);
  edge.join(BOB, ROOM);
  const act = (ms?: number): void => {
    edge.post();
    shard.run(ms);
  };
  act();
  let asked = 0;
  const ask = (no: number, frame: object): Record<string, unknown> | undefined => {
    asked += 1;
    const ref = `r${asked}`;
    edge.ask(no, { roomId: ROOM, clientId: ref, ...frame, ref } as never);
    act();
    return edge.answer(ref);
  };
  const say = (no: number, more: object = {}) => ask(no, { type: "send_message", content: "hello", ...more });
  return { world, act, ask, say };
}

test("people together write as much as the room takes; one more is told when, and may then", () => {
  const { ask, act, say } = shardWith(SLOW);
  for (const no of [OWNER, BOB, OWNER]) expect(say(no)?.["type"]).toBe("ack");
  const refused = say(BOB, { clientId: "again" });
  expect(refused).toMatchObject({ type: "error", code: "rate_limited", temporary: true, roomId: ROOM });
  expect(ask(BOB, { type: "message_reaction", messageId: "x", emoji: "👍" })?.["type"]).toBe("error");
  act(Number(refused?.["retryAfterMs"]));
  expect(say(BOB, { clientId: "again" })?.["type"]).toBe("ack");
});

test("what was done before is answered as it was then, and moderators go on acting", () => {
  const { ask, say } = shardWith(SLOW);
  const first = say(BOB, { clientId: "first" });
  say(BOB);
  say(BOB);
  expect(say(BOB)).toMatchObject({ code: "rate_limited" });
  expect(say(BOB, { clientId: "first" })).toMatchObject({ type: "ack", seq: first?.["seq"], duplicate: true });
  expect(ask(OWNER, { type: "delete_message", messageId: first?.["messageId"] })?.["type"]).toBe("ack");
  expect(ask(OWNER, { type: "mute_member", userId: "bob" })?.["type"]).toBe("ack");
});

test("a tenant may ask for less in its rooms, and not for more", () => {
  for (const [installation, expected] of [
    [undefined, 2],
    [SLOW, 2],
    [{ perSecond: 1, burst: 1 }, 1],
  ] as const) {
    const { world, act, say } = shardWith(installation);
    const limits = { room: { perSecond: 1, burst: 2 } };
    new MemoryProjections(world.store, world.soon).writeDocument(
      TENANT,
      TENANT_SETTINGS,
      TENANT_LIMITS,
      limits,
      0,
      () => undefined,
    );
    act(TENANT_RULES_MS);
    // The first one notices that what is known is old.
    say(OWNER);
    act(10_000);
    const answers = [1, 2, 3].map(() => say(BOB)?.["type"]);
    expect(answers.filter((type) => type === "ack")).toHaveLength(expected);
  }
});
