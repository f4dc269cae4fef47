/** What waits for a person at connect beside unread messages: invites over all rooms, and threads with unread replies. */
import { expect, test } from "bun:test";
import type { TenantId, UserId } from "../../../src/base/ids.ts";
import { OWN_INVITES_PAGE_MAX, THREADS_AT_CONNECT_MAX } from "../../../src/base/limits.ts";
import { at } from "../../support/json.ts";
import { type SmallClient, SmallNode } from "../../support/small-node.ts";
import { unwrap } from "../../support/unwrap.ts";
import type { Frame } from "../../support/wire.ts";

const DAY_MS = 86_400_000;

function hello(node: SmallNode, user: string): Frame {
  return node.connect(user).frames[0] as Frame;
}

async function invitesOf(node: SmallNode, user: string, after?: string, limit = 50) {
  const by = { tenant: "acme" as TenantId, userId: user as UserId, role: "user" } as const;
  const start = after === undefined ? {} : { after: after as never };
  const asked = node.gateway.call(by, { to: "user", user: by.userId, kind: "list_invites", limit, ...start });
  node.run();
  return unwrap(await asked);
}

const invite = (client: SmallClient, roomId: string, userId: string, more = {}) =>
  client.ack({ type: "create_invite", roomId, userId, ...more });
const endings = (client: SmallClient) =>
  client.of("notification").filter((frame) => frame["kind"] === "invite_ended").length;

test("who was invited while away hears of it at connect, and finds what for", async () => {
  const node = new SmallNode({});
  const ann = node.connect("ann");
  for (const room of ["one", "two"]) {
    ann.create(room, { roomType: "private" });
    invite(ann, room, "ben");
  }
  expect(hello(node, "ben")["invites"]).toBe(2);
  expect(hello(node, "eve")["invites"]).toBeUndefined();
  const { invites, after } = await invitesOf(node, "ben");
  expect(invites).toMatchObject([
    { roomId: "one", type: "private", by: "ann" },
    { roomId: "two", type: "private", by: "ann" },
  ]);
  expect(after).toBeNull();
  expect((await invitesOf(node, "ben", undefined, 1)).after as string | null).toBe("one");
  expect((await invitesOf(node, "ben", "one", 1)).invites.map(({ roomId }) => roomId as string)).toEqual(["two"]);
});

test("what was declined, accepted, revoked or has ended is on the list no more, and all devices hear of it", async () => {
  const node = new SmallNode({});
  const ann = node.connect("ann");
  const [ben, other] = [node.connect("ben"), node.connect("ben")];
  for (const room of ["declined", "joined", "revoked", "ended", "deleted", "kept"]) {
    ann.create(room, { roomType: "private" });
    invite(ann, room, "ben", room === "ended" ? { durationMs: DAY_MS } : { durationMs: 10 * DAY_MS });
  }
  expect((await invitesOf(node, "ben")).invites).toHaveLength(6);
  ben.ack({ type: "decline_invite", roomId: "declined" });
  ben.join("joined");
  ann.ack({ type: "revoke_invite", roomId: "revoked", userId: "ben" });
  ann.ack({ type: "delete_room", roomId: "deleted" });
  expect([endings(ben), endings(other)]).toEqual([3, 3]);
  node.run(2 * DAY_MS);
  expect((await invitesOf(node, "ben")).invites.map(({ roomId }) => roomId as string)).toEqual(["kept"]);
  expect(hello(node, "ben")["invites"]).toBe(1);
});

test("the number of invites is counted up to its bound", () => {
  const node = new SmallNode({});
  const ann = node.connect("ann");
  for (let i = 0; i < OWN_INVITES_PAGE_MAX; i += 1) {
    ann.create(`room-${i}`, { roomType: "private" });
    invite(ann, `room-${i}`, "ben");
  }
  expect(hello(node, "ben")["invites"]).toBe(OWN_INVITES_PAGE_MAX);
  ann.create("more", { roomType: "private" });
  invite(ann, "more", "ben");
  expect(hello(node, "ben")["invites"]).toBe(OWN_INVITES_PAGE_MAX);
});

test("threads with replies that were not read come with the first frame, up to their bound", () => {
  const node = new SmallNode({});
  const [ann, ben] = [node.connect("ann"), node.connect("ben")];
  ann.create("room");
  ben.join("room");
  const start = (): unknown => ben.say("room", "root")["messageId"];
  const reply = (threadId: unknown) =>
    ann.ack({ type: "send_message", roomId: "room", content: "reply", threadId, replyTo: threadId });
  const roots = Array.from({ length: THREADS_AT_CONNECT_MAX }, start);
  const threads = () => at(hello(node, "ben"), "unread.threads") as unknown[] | undefined;
  expect(threads()).toBeUndefined();
  for (const root of roots) reply(root);
  reply(roots[0]);
  expect(threads()).toHaveLength(THREADS_AT_CONNECT_MAX);
  expect(threads()).toContainEqual({ roomId: "room", threadId: roots[0], unread: 2 });
  reply(start());
  expect(threads()).toHaveLength(THREADS_AT_CONNECT_MAX);
  for (const root of roots) ben.ack({ type: "mark_thread_read", roomId: "room", threadId: root });
  expect(threads()).toHaveLength(1);
  ben.ack({ type: "leave_room", roomId: "room", membership: true });
  expect(threads()).toBeUndefined();
});
