/** What retention takes of a room, and when: at its bounds, with clocks that jump, and of what somebody wrote who is held. */
import { expect, test } from "bun:test";
import type { KeepAsk, KeepReply } from "../../../src/actors/keeping-calls.ts";
import { itemNames, type RoomId, type TenantId, type UserId } from "../../../src/base/ids.ts";
import { RETENTION_GUARD_MS } from "../../../src/base/limits.ts";
import { SmallNode } from "../../support/small-node.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const TENANT = "acme" as TenantId;
const ROOM = "room" as RoomId;
const DAYS = 30;

function nodeWithMessages(): SmallNode {
  const node = new SmallNode({ settings: { messageRetentionDays: DAYS } });
  const ann = node.connect("ann");
  ann.create("room");
  for (let i = 0; i < 5; i += 1) ann.say("room", `old ${i}`);
  ann.close();
  node.run(1_000);
  return node;
}

function keep(node: SmallNode, ask: KeepAsk): Promise<KeepReply> {
  const by = { tenant: TENANT, userId: "system" as UserId, role: "system" } as const;
  const answered = node.gateway.call(by, { to: "room", room: ROOM, kind: "keep", ask });
  node.run(100);
  return answered.then((result) => {
    if (!result.ok) throw new Error(result.error.code);
    return result.value;
  });
}

async function dueMessages(node: SmallNode, heldUsers: readonly UserId[] = []): Promise<number> {
  const { due } = await keep(node, { do: "due", heldUsers });
  return due?.messages ?? -1;
}

/** As many as people are shown. */
async function shown(node: SmallNode): Promise<number> {
  const by = { tenant: TENANT, userId: "ann" as UserId, role: "user" } as const;
  const page = node.gateway.call(by, { to: "room", room: ROOM, kind: "history", limit: 50 });
  node.run(100);
  const answered = await page;
  return answered.ok ? answered.value.messages.length : -1;
}

test("is hidden when its days are over, and deleted two hours later, not before", async () => {
  const node = nodeWithMessages();
  expect([await shown(node), await dueMessages(node)]).toEqual([5, 0]);
  node.clock.jumpWall(DAYS * DAY_MS - 60_000);
  expect([await shown(node), await dueMessages(node)]).toEqual([5, 0]);
  node.clock.jumpWall(120_000);
  expect([await shown(node), await dueMessages(node)]).toEqual([0, 0]);
  node.clock.jumpWall(RETENTION_GUARD_MS - 180_000);
  expect(await dueMessages(node)).toBe(0);
  node.clock.jumpWall(180_000);
  expect(await dueMessages(node)).toBe(5);
});

test("a clock that is an hour ahead hides too early and deletes nothing; set right, all is seen again", async () => {
  const node = nodeWithMessages();
  node.clock.jumpWall(DAYS * DAY_MS - HOUR_MS / 2);
  node.clock.jumpWall(HOUR_MS);
  expect([await shown(node), await dueMessages(node)]).toEqual([0, 0]);
  node.clock.jumpWall(-HOUR_MS);
  expect([await shown(node), await dueMessages(node)]).toEqual([5, 0]);
});

test("nothing goes from the first message on of a person who is held", async () => {
  const node = nodeWithMessages();
  node.clock.jumpWall(40 * DAY_MS);
  expect(await dueMessages(node, ["ann" as UserId])).toBe(0);
  expect(await dueMessages(node, ["bob" as UserId])).toBe(5);
});

test("is for the engine alone, whatever it asks", async () => {
  const node = nodeWithMessages();
  for (const role of ["user", "admin"] as const) {
    const by = { tenant: TENANT, userId: "ann" as UserId, role };
    const ask: KeepAsk = { do: "erase_messages", userId: "ann" as UserId, targets: [2, 3] };
    const answered = node.gateway.call(by, { to: "room", room: ROOM, kind: "keep", ask });
    node.run(100);
    expect(await answered).toMatchObject({ ok: false, error: { code: "room_not_found" } });
  }
  expect(await shown(node)).toBe(5);
});

test("what is gone is in no store, and the room goes on from where it was", async () => {
  const node = nodeWithMessages();
  node.clock.jumpWall(40 * DAY_MS);
  const { due } = await keep(node, { do: "due", heldUsers: [] });
  if (due?.through === undefined) throw new Error("nothing is due");
  for (let step = 0; step < 5; step += 1) {
    const { more } = await keep(node, { do: "trim", through: due.through });
    if (more !== true) break;
  }
  const log = node.store.currentLog(TENANT, ROOM);
  expect(log?.segments[0]?.firstSeq).toBe(due.through.seq + 1);
  const ann = node.connect("ann");
  ann.say("room", "new");
  node.run(100);
  expect(await shown(node)).toBe(1);
  expect(await dueMessages(node)).toBe(0);
});

test("a page of events that was taken away unbeknownst to the room says so, and goes on with what is left, not at the end", async () => {
  const node = nodeWithMessages();
  const segments = node.store.currentLog(TENANT, ROOM)?.segments ?? [];
  segments.splice(0, segments.length - 2);
  const firstSeq = segments[0]?.firstSeq ?? 0;
  const by = { tenant: TENANT, userId: "system" as UserId, role: "system" } as const;
  const asked = node.gateway.call(by, { to: "room", room: ROOM, kind: "events", after: 0, limit: 1 });
  node.run(100);
  const page = await asked;
  expect(page).toMatchObject({ ok: true, value: { missing: { from: 1, to: firstSeq - 1 }, to: firstSeq } });
  expect(page.ok && page.value.events.map(({ seq }) => seq)).toEqual([firstSeq]);
});

test("reactions, votes and what people had read of threads go with their message, also when it was deleted long before", async () => {
  const node = new SmallNode({ settings: { messageRetentionDays: DAYS } });
  const [ann, ben] = [node.connect("ann"), node.connect("ben")];
  ann.create("room");
  ben.join("room");
  const say = (more: object): unknown => ann.ack({ type: "send_message", roomId: "room", ...more })["messageId"];
  const poll = { question: "?", options: [{ text: "a" }, { text: "b" }] };
  for (const isDeleted of [false, true]) {
    const [root, asked] = [say({ content: "root" }), say({ content: "?", poll })];
    ben.ack({ type: "message_reaction", roomId: "room", messageId: root, emoji: "+1", action: "add" });
    ben.ack({ type: "vote_poll", roomId: "room", messageId: asked, choices: [1] });
    ben.ack({ type: "send_message", roomId: "room", content: "a reply", replyTo: root });
    say({ content: "another", replyTo: root });
    ben.ack({ type: "mark_thread_read", roomId: "room", threadId: root });
    for (const messageId of isDeleted ? [root, asked] : [])
      ann.ack({ type: "delete_message", roomId: "room", messageId });
  }
  node.run(1_000);
  const kept = (): string[] =>
    [...(node.store.currentLog(TENANT, ROOM)?.items ?? [])]
      .filter(([, value]) => value !== null)
      .map(([key]) => itemNames(key).collection.replace(/\d+/, ""));
  const marks = (): number =>
    [...node.store.documents(TENANT, "threads.ben").values()].filter(({ value }) => value !== null).length;
  const before = kept();
  for (const name of ["r", "v", "f.ann", "f.ben"]) expect(before.filter((other) => other === name)).toHaveLength(2);
  expect(marks()).toBe(2);
  node.clock.jumpWall(40 * DAY_MS);
  const { due } = await keep(node, { do: "due", heldUsers: [] });
  if (due?.through === undefined) throw new Error("nothing is due");
  for (let step = 0; step < 20; step += 1) {
    const { more } = await keep(node, { do: "trim", through: due.through });
    if (more !== true) break;
  }
  expect(kept()).toEqual([]);
  expect(marks()).toBe(0);
});
