/** What people's actors and rooms say to whoever sends notifications, and what they keep for it; on a shard with virtual time. */
import { expect, test } from "bun:test";
import type { Call, ReplyOf } from "../../../../src/actors/calls.ts";
import { messageIdOf, type RoomId, type UserId } from "../../../../src/base/ids.ts";
import { NOTIFY_ROOMS_MAX, PUSH_SUBSCRIPTIONS_MAX } from "../../../../src/base/limits.ts";
import type { Result } from "../../../../src/base/result.ts";
import { settingsOfNewRoom } from "../../../../src/domain/room/new-room.ts";
import type { Principal } from "../../../../src/domain/principal.ts";
import type { Rejection } from "../../../../src/protocol/errors.ts";
import { SmallShard, TENANT } from "../../../support/small-shard.ts";

const ROOM = "talk" as RoomId;
const user = (name: string): UserId => name as UserId;

function rig() {
  const small = new SmallShard();
  const edge = small.ownEdge();
  let calls = 0;
  const call = <C extends Call>(name: string, role: Principal["role"], made: C): Result<ReplyOf<C>, Rejection> => {
    calls += 1;
    edge.writer.call(calls, { tenant: TENANT, userId: user(name), role }, made);
    edge.post();
    small.run(500);
    return edge.replies.get(calls) as Result<ReplyOf<C>, Rejection>;
  };
  const value = <C extends Call>(name: string, role: Principal["role"], made: C): ReplyOf<C> => {
    const reply = call(name, role, made);
    if (!reply.ok) throw new Error(JSON.stringify(reply));
    return reply.value;
  };
  const check = (name: string, incarnation = 1) =>
    value(name, "system", {
      to: "user",
      user: user(name),
      kind: "notify",
      ask: { do: "check", room: ROOM, incarnation },
    });
  return { small, edge, call, value, check };
}
type Rig = ReturnType<typeof rig>;

const settings = ({ call }: Rig, name: string, ask: Extract<Call, { kind: "notify_settings" }>["ask"]) =>
  call(name, "user", { to: "user", user: user(name), kind: "notify_settings", ask });
const browser = (n: number) => ({ endpoint: `https://push.example/${n}`, p256dh: `p${n}`, auth: `a${n}` });

test("of who is connected it is said that they are, and nothing is read; then what they want, and their browsers", () => {
  const world = rig();
  const { edge, small, check } = world;
  settings(world, "ben", { of: "person", set: { level: "all" } });
  settings(world, "ben", { of: "room", room: ROOM, set: { level: "none" } });
  settings(world, "ben", { of: "browsers", put: browser(1) });
  edge.open(1, "ben");
  edge.post();
  small.run();
  expect(check("ben")).toEqual({ isLive: true });
  edge.writer.close(1, true);
  edge.post();
  small.run();
  expect(check("ben")).toMatchObject({
    ...{ isLive: false, preferences: { level: "all" }, room: { level: "none" }, blocked: [], notifiedSeq: 0 },
    browsers: [{ ...browser(1), addedAt: expect.any(Number) as number }],
  });
});

test("nobody but the engine asks for it", () => {
  const { call } = rig();
  for (const role of ["user", "admin"] as const) {
    const check = { do: "check", room: ROOM, incarnation: 1 } as const;
    const person = call("ben", role, { to: "user", user: user("ben"), kind: "notify", ask: check });
    expect(person).toMatchObject({ ok: false, error: { code: "forbidden" } });
  }
  call("ben", "user", { to: "room", room: ROOM, kind: "mutate", command: createRoom() });
  const room = call("ben", "admin", { to: "room", room: ROOM, kind: "notify", ask: { do: "audience", roots: [] } });
  expect(room).toMatchObject({ ok: false, error: { code: "forbidden" } });
});

const createRoom = (participants: readonly string[] = []) =>
  ({
    kind: "create_room",
    clientId: "make",
    participants: participants.map(user),
    settings: settingsOfNewRoom({ name: "Talk", type: "group" }),
  }) as const;

test("how far somebody was told only goes forward, and begins anew with a room that was made anew", () => {
  const { value, check } = rig();
  const told = (seq: number, incarnation = 1) =>
    value("ben", "system", {
      ...{ to: "user", user: user("ben"), kind: "notify" },
      ask: { do: "told", room: ROOM, incarnation, seq, id: `n${seq}` },
    });
  told(7);
  told(5);
  expect(check("ben").notifiedSeq).toBe(7);
  expect(check("ben", 2).notifiedSeq).toBe(0);
  told(2, 2);
  expect([check("ben", 2).notifiedSeq, check("ben").notifiedSeq]).toEqual([2, 0]);
});

test("there are settings for so many rooms, and not for one more until one is taken away", () => {
  const world = rig();
  const set = (i: number) => settings(world, "ben", { of: "room", room: `r${i}` as RoomId, set: { level: "none" } });
  for (let i = 0; i < NOTIFY_ROOMS_MAX; i += 1) expect(set(i).ok).toBe(true);
  expect(set(NOTIFY_ROOMS_MAX)).toMatchObject({ ok: false, error: { code: "too_many" } });
  expect(set(3).ok).toBe(true);
  expect(settings(world, "ben", { of: "room", room: "r3" as RoomId, set: null }).ok).toBe(true);
  expect(set(NOTIFY_ROOMS_MAX).ok).toBe(true);
});

test("of more browsers than there may be the one added first is given up; the same again is the newest", () => {
  const world = rig();
  const put = (n: number) => settings(world, "ben", { of: "browsers", put: browser(n) });
  const endpoints = () => {
    const listed = settings(world, "ben", { of: "browsers" });
    return listed.ok ? listed.value.browsers?.map(({ endpoint }) => endpoint) : undefined;
  };
  for (let n = 0; n < PUSH_SUBSCRIPTIONS_MAX; n += 1) put(n);
  put(0);
  put(PUSH_SUBSCRIPTIONS_MAX);
  const kept = Array.from({ length: PUSH_SUBSCRIPTIONS_MAX - 2 }, (_, i) => browser(i + 2).endpoint);
  expect(endpoints()).toEqual([...kept, browser(0).endpoint, browser(PUSH_SUBSCRIPTIONS_MAX).endpoint]);
});

test("a room says who follows a thread, who its members are, and how each of some people stands", () => {
  const { call, value } = rig();
  const mutate = (name: string, command: Extract<Call, { kind: "mutate" }>["command"]) =>
    value(name, "user", { to: "room", room: ROOM, kind: "mutate", command });
  mutate("ann", createRoom(["ben", "cyd"]));
  const send = (name: string, content: string, more: object = {}) =>
    mutate(name, { kind: "send_message", clientId: content, content, messageType: "text", ...more }).seq;
  const root = send("ann", "root");
  const reply = send("ben", "reply", { replyTo: messageIdOf(root) });
  const gone = send("ann", "gone");
  mutate("ann", { kind: "delete_message", clientId: "delete", messageId: messageIdOf(gone) });
  mutate("ann", { kind: "create_invite", clientId: "invite", userId: user("dan"), durationMs: 60_000 });
  call("cyd", "user", { to: "room", room: ROOM, kind: "mark_read", seq: root });
  const said = value("system", "system", {
    ...{ to: "room", room: ROOM, kind: "notify" },
    ask: { do: "audience", roots: [root], members: { limit: 2 } },
  });
  expect(said).toMatchObject({ type: "group", name: "Talk", memberCount: 3, members: ["ann", "ben"], next: "ben" });
  expect(new Set(said.followers?.[0]?.[1])).toEqual(new Set(["ann", "ben"].map(user)));
  const { people, messages } = value("system", "system", {
    ...{ to: "room", room: ROOM, kind: "notify" },
    ask: {
      do: "standing",
      people: ["ann", "cyd", "dan", "eve"].map((name) => ({ userId: user(name), roots: name === "ann" ? [root] : [] })),
      seqs: [root, reply, gone, 1_000],
    },
  });
  expect(messages?.map(({ seq }) => seq)).toEqual([root, reply]);
  expect(people).toMatchObject([
    { userId: "ann", isMember: true, isInvited: false, threads: [[root, 0]] },
    { userId: "cyd", isMember: true, readSeq: root, threads: [] },
    { userId: "dan", isMember: false, isInvited: true },
    { userId: "eve", isMember: false, isInvited: false, readSeq: 0 },
  ]);
});
