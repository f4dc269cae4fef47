/** People whom a profile service knows: when it is asked, what comes of its answer, and what of none. */
import { expect, test } from "bun:test";
import type { RoomId, UserId } from "../../../../src/base/ids.ts";
import { PROFILE_RETRY_MS, PROFILE_WAITERS_MAX } from "../../../../src/base/limits.ts";
import type { Profile, ProfileQuestion, ProfileSource } from "../../../../src/domain/user/profile-source.ts";
import { type ScriptedEdge, SmallShard, SmallWorld, TENANT } from "../../../support/small-shard.ts";

const ROOM = "room" as RoomId;
const TTL_MS = 600_000;

/** Answers when the test says so. */
class ScriptedSource implements ProfileSource {
  readonly ttlMs = TTL_MS;
  readonly asked: UserId[] = [];
  #answers: ((profile: Profile | undefined) => void)[] = [];

  profileOf({ userId }: ProfileQuestion, done: (profile: Profile | undefined) => void): void {
    this.asked.push(userId);
    this.#answers.push(done);
  }

  answer(profile: Profile | undefined): void {
    const answers = this.#answers;
    this.#answers = [];
    for (const answer of answers) answer(profile);
  }
}

interface Scene {
  readonly world: SmallWorld;
  readonly source: ScriptedSource;
  readonly shard: SmallShard;
  readonly edge: ScriptedEdge;
}

/** Ben in a room, and ann, of whom the service is being asked. */
function scene(world = new SmallWorld(), source = new ScriptedSource()): Scene {
  const shard = new SmallShard("here", world, undefined, {}, undefined, source);
  const edge = shard.ownEdge();
  edge.open(2, "ben");
  if (world.store.currentLog(TENANT, ROOM) === undefined) edge.create(2, ROOM);
  else edge.join(2, ROOM);
  edge.post();
  shard.run();
  source.answer({});
  shard.run();
  edge.open(1, "ann");
  edge.join(1, ROOM);
  edge.post();
  shard.run();
  return { world, source, shard, edge };
}

const nameOf = (edge: ScriptedEdge): unknown =>
  edge.published
    .filter(({ frame }) => frame.type === "events")
    .flatMap(({ frame }) => frame["events"] as { message?: { authorName?: string } }[])
    .flatMap(({ message }) => (message === undefined ? [] : [message.authorName ?? "nobody"]))
    .at(-1);

function say({ shard, edge }: Scene, text: string): unknown {
  edge.say(1, ROOM, text);
  edge.post();
  shard.run();
  return nameOf(edge);
}

let calls = 0;
/** As a REST request would ask for the name that it is made under. */
function ask({ edge, shard }: Scene, userId: string): number {
  calls += 1;
  const by = { tenant: TENANT, userId: userId as UserId, role: "user" } as const;
  edge.writer.call(calls, by, { to: "user", user: by.userId, kind: "get_presence", userId: by.userId, settled: true });
  edge.post();
  shard.run();
  return calls;
}
const ownOf = ({ edge }: Scene, call: number): unknown =>
  (edge.replies.get(call) as { value?: { own?: unknown } } | undefined)?.value?.own;

test("nobody waits for it: a message before the answer is under the token's name, one after it under the service's", () => {
  const all = scene();
  const { source, shard, edge } = all;
  expect(source.asked).toEqual(["ben", "ann"] as UserId[]);
  expect(say(all, "before")).toBe("nobody");
  source.answer({ name: "Ann of the service" });
  shard.run();
  expect(edge.records).toContain('person 1 {"name":"Ann of the service"}');
  const presences = edge.published.filter(({ frame }) => frame.type === "presence_update");
  expect(presences.at(-1)?.frame["user"]).toMatchObject({ userId: "ann", name: "Ann of the service" });
  expect(say(all, "after")).toBe("Ann of the service");
});

test("an answer counts for its time, also after a restart; who stays is looked up again when it is over", () => {
  const all = scene();
  all.source.answer({ name: "Ann" });
  all.shard.run();
  all.shard.shard.stop();
  const later = scene(all.world, all.source);
  expect(all.source.asked.filter((user) => user === "ann")).toHaveLength(1);
  expect(say(later, "known")).toBe("Ann");
  later.shard.run(TTL_MS * 1.2);
  expect(all.source.asked.filter((user) => user === "ann")).toHaveLength(2);
  all.source.answer({ name: "Anne" });
  later.shard.run();
  expect(say(later, "renamed")).toBe("Anne");
});

test("without an answer what is known counts on, and it is asked again after a pause", () => {
  const all = scene();
  const { source, shard, edge } = all;
  source.answer({ name: "Ann" });
  shard.run(TTL_MS * 1.2);
  source.answer(undefined);
  shard.run();
  expect(say(all, "still")).toBe("Ann");
  const before = source.asked.length;
  edge.open(3, "ann");
  edge.post();
  shard.run(PROFILE_RETRY_MS / 2);
  expect(source.asked).toHaveLength(before);
  shard.run(PROFILE_RETRY_MS);
  expect(source.asked.slice(before)).toContain("ann" as UserId);
});

test("whoever writes over REST is waited for the first time, and never again", () => {
  const all = scene();
  const { source, shard } = all;
  const first = ask(all, "cid");
  expect(ownOf(all, first)).toBeUndefined();
  source.answer({ name: "Cid" });
  shard.run();
  expect(ownOf(all, first)).toEqual({ name: "Cid" });
  shard.run(TTL_MS * 1.2);
  const second = ask(all, "cid");
  expect(ownOf(all, second)).toEqual({ name: "Cid" });
  expect(source.asked.filter((user) => user === "cid")).toHaveLength(2);
});

test("a service that could not be asked makes nobody wait during the pause", () => {
  const all = scene();
  const first = ask(all, "cid");
  all.source.answer(undefined);
  all.shard.run();
  expect(ownOf(all, first)).toEqual({});
  expect(ownOf(all, ask(all, "cid"))).toEqual({});
  expect(all.source.asked.filter((user) => user === "cid")).toHaveLength(1);
});

test("so many wait for one person's profile; one more goes on without", () => {
  const all = scene();
  const waiting = Array.from({ length: PROFILE_WAITERS_MAX }, () => ask(all, "cid"));
  expect(waiting.map((call) => ownOf(all, call)).every((own) => own === undefined)).toBe(true);
  expect(ownOf(all, ask(all, "cid"))).toEqual({});
  all.source.answer({ name: "Cid" });
  all.shard.run();
  expect(waiting.map((call) => ownOf(all, call))).toEqual(waiting.map(() => ({ name: "Cid" })));
});

test("what somebody chose goes before it; a service that is taken away leaves the token's name", () => {
  const all = scene();
  const { source, shard, edge, world } = all;
  source.answer({ name: "Ann" });
  shard.run();
  calls += 1;
  const by = { tenant: TENANT, userId: "ann" as UserId, role: "user" } as const;
  edge.writer.call(calls, by, { to: "user", user: by.userId, kind: "update_profile", name: "Queen" });
  edge.post();
  shard.run();
  expect(say(all, "chosen")).toBe("Queen");
  edge.writer.call(calls + 1, by, { to: "user", user: by.userId, kind: "update_profile", name: null });
  calls += 1;
  edge.post();
  shard.run();
  expect(say(all, "taken back")).toBe("Ann");
  shard.shard.stop();
  const without = new SmallShard("here", world);
  const again = without.ownEdge();
  again.open(1, "ann");
  again.join(1, ROOM);
  again.post();
  without.run();
  expect(say({ ...all, shard: without, edge: again }, "nobody's")).toBe("nobody");
});

test("where there is none, nobody is asked about, and nobody waits", () => {
  const shard = new SmallShard();
  const edge = shard.ownEdge();
  const all = { world: shard.world, source: new ScriptedSource(), shard, edge };
  expect(ownOf(all, ask(all, "cid"))).toEqual({});
});
