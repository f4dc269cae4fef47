/** Reactions that a former version stored: a list of all names in the message's row, and no rows of people. */
import { expect, test } from "bun:test";
import type { Call } from "../../../src/actors/calls.ts";
import { messageIdOf, type RoomId, type Seq, type UserId } from "../../../src/base/ids.ts";
import type { LogKey } from "../../../src/storage/journal.ts";
import { at, listAt } from "../../support/json.ts";
import { type ScriptedEdge, SmallShard, SmallWorld, TENANT } from "../../support/small-shard.ts";

const ROOM = "room" as RoomId;
const KEY: LogKey = { tenant: TENANT, room: ROOM, incarnation: 1 };
const PEOPLE = ["ann", "bob", "cleo"];
let calls = 0;

function open(world: SmallWorld): { shard: SmallShard; edge: ScriptedEdge } {
  const shard = new SmallShard("here", world);
  const edge = shard.ownEdge();
  for (const [i, user] of PEOPLE.entries()) edge.open(i + 1, user);
  edge.post();
  shard.run();
  return { shard, edge };
}

function react(edge: ScriptedEdge, no: number, seq: Seq, action: "add" | "remove"): void {
  const messageId = messageIdOf(seq);
  edge.ask(no, { type: "message_reaction", ref: `${action} ${no}`, roomId: ROOM, messageId, emoji: "👍", action });
}

function ask(shard: SmallShard, edge: ScriptedEdge, user: string, call: Call): unknown {
  calls += 1;
  edge.writer.call(calls, { tenant: TENANT, userId: user as UserId, role: "user" }, call);
  edge.post();
  shard.run();
  return edge.replies.get(calls);
}

test("are counted, named and listed, and taken back by who gave them", () => {
  const world = new SmallWorld();
  const before = open(world);
  before.edge.create(1, ROOM);
  for (const no of [2, 3]) before.edge.join(no, ROOM);
  before.edge.say(1, ROOM, "like me");
  before.edge.post();
  before.shard.run();
  const seq = Number(before.edge.answer("like me")?.["seq"]);
  for (const no of [1, 2]) react(before.edge, no, seq, "add");
  before.edge.post();
  before.shard.run();
  const stored = world.store.log(KEY);
  stored?.overlays.set(seq, { reactions: { "👍": ["ann", "bob"] as UserId[] } });
  for (const key of [...(stored?.items.keys() ?? [])]) if (key.startsWith("r")) stored?.items.delete(key);

  const { shard, edge } = open(world);
  const history = { to: "room", room: ROOM, kind: "history", limit: 1 } as const;
  expect(at(ask(shard, edge, "bob", history), "value.messages.0.reactions")).toEqual({
    "👍": { count: 2, users: ["ann", "bob"], mine: true },
  });
  react(edge, 3, seq, "add");
  react(edge, 1, seq, "add");
  react(edge, 1, seq, "remove");
  edge.post();
  shard.run();
  expect(edge.answer("add 1")).toMatchObject({ seq: 0 });
  const page = {
    to: "room",
    room: ROOM,
    kind: "reactions",
    messageId: messageIdOf(seq),
    emoji: "👍",
    limit: 10,
  } as const;
  const listed = ask(shard, edge, "ann", page);
  expect(at(listed, "value.count")).toBe(2);
  expect(listAt(listed, "value.users")).toEqual([
    { userId: "bob", reactedAt: null },
    { userId: "cleo", reactedAt: expect.any(Number) },
  ]);
  expect(at(ask(shard, edge, "ann", history), "value.messages.0.reactions")).toEqual({
    "👍": { count: 2, users: ["bob", "cleo"] },
  });
});
