/** What a shard does when nodes come, go, sleep or are out of reach: hand over, read again, follow, compare heads. */
import { expect, test } from "bun:test";
import { addressHash, userAddress } from "../../../src/actors/address.ts";
import type { RoomId, UserId } from "../../../src/base/ids.ts";
import {
  HEAD_BEACON_MS,
  HEADS_PER_BEACON_MAX,
  LOG_WATCH_MS,
  RETELLING_MS,
  SNAPSHOT_EVENTS_MIN,
} from "../../../src/base/limits.ts";
import type { NodeId } from "../../../src/cluster/membership.ts";
import { decodeEntries } from "../../../src/actors/log-codec.ts";
import {
  GRACE_MS,
  roomOf,
  type ScriptedEdge,
  SmallShard,
  SmallWorld,
  TENANT,
  userOf,
  viewOf,
} from "../../support/small-shard.ts";

const BOTH = viewOf("here", ["here", "there"]);
const HERE = roomOf("here", BOTH);
const THERE = roomOf("there", BOTH);
const UNREACHABLE = ["there" as NodeId];

/** A node with one person; `room` is made unless it is there. */
class Node extends SmallShard {
  readonly edge: ScriptedEdge;

  constructor(name: string, world: SmallWorld, user: string, room: RoomId) {
    super(name, world);
    this.edge = this.ownEdge();
    this.edge.open(1, user);
    if (world.store.currentLog(TENANT, room) === undefined) this.edge.create(1, room);
    else this.edge.join(1, room);
    this.edge.post();
    this.run();
  }

  say(room: RoomId, ...texts: string[]): void {
    for (const text of texts) {
      this.edge.say(1, room, text);
      this.edge.post();
      this.run();
    }
  }
}

/** Ann at `here`, ben at `there`; each node believes that the room is its own until told otherwise. `here` wrote to it last. */
function pair(room: RoomId): { world: SmallWorld; here: Node; there: Node } {
  const world = new SmallWorld();
  const here = new Node("here", world, "ann", room);
  const there = new Node("there", world, "ben", room);
  // Whoever finds that the log was taken leaves it to others for a while.
  here.shard.setView(viewOf("here", ["here"], { lapses: 1 }));
  here.run(5_000);
  here.say(room, "first");
  expect(here.edge.answer("first")?.type).toBe("ack");
  there.shard.setView(viewOf("there", ["there"], { lapses: 1 }));
  there.run();
  expect(there.edge.texts(room)).toEqual(["first"]);
  for (const { edge } of [here, there]) edge.published.length = 0;
  return { world, here, there };
}

/** Who wrote them, in whatever view. */
function fences(world: SmallWorld, room: RoomId): string[] {
  const segments = world.store.currentLog(TENANT, room)?.segments ?? [];
  return segments
    .flatMap(({ firstSeq, entries }) => decodeEntries(firstSeq, entries))
    .flatMap((event) => (event.kind === "fence" ? [event.owner.replace(/#\d+$/, "")] : []));
}

// handing over

test("an idle room that is another node's now ends at once, and nothing is read or written for it", () => {
  const shard = new SmallShard();
  const edge = shard.ownEdge();
  edge.open(1, userOf("here", BOTH));
  for (const room of [HERE, THERE]) edge.create(1, room);
  for (const room of [HERE, THERE]) edge.ask(1, { type: "leave_room", roomId: room });
  edge.post();
  shard.run(2_000);
  expect(shard.shard.activations).toBe(3);
  shard.journal.calls.length = 0;
  shard.see(["there"]);
  expect(shard.shard.activations).toBe(2);
  expect(shard.journal.calls).toEqual([]);
});

test("a room that moves away leaves a snapshot when replaying it would take long", () => {
  const shard = new SmallShard();
  const edge = shard.ownEdge();
  edge.open(1, "ann");
  edge.create(1, THERE);
  for (let i = 0; i < SNAPSHOT_EVENTS_MIN / 2; i += 1) edge.say(1, THERE, `${i}`);
  edge.ask(1, { type: "leave_room", roomId: THERE });
  edge.post();
  shard.run();
  shard.see(["there"]);
  shard.run(1_000);
  expect(shard.world.store.currentLog(TENANT, THERE)?.snapshot?.seq).toBeGreaterThan(SNAPSHOT_EVENTS_MIN / 2);
});

test("a room that moves away first finishes what is under way", () => {
  const shard = new SmallShard();
  const edge = shard.ownEdge();
  edge.open(1, "ann");
  edge.create(1, THERE);
  edge.ask(1, { type: "leave_room", roomId: THERE });
  edge.post();
  shard.run(2_000);
  const before = shard.shard.activations;
  const held: (() => void)[] = [];
  shard.journal.onAppend = (append) => held.push(() => append.write());
  edge.say(1, THERE, "under way");
  edge.post();
  shard.run();
  shard.see(["there"]);
  expect(shard.shard.activations).toBe(before);
  for (const write of held) write();
  shard.run(1_000);
  expect(edge.answer("under way")?.type).toBe("ack");
  expect(shard.shard.activations).toBe(before - 1);
});

test("a room that moves away ends when its listeners' links have begun anew elsewhere", () => {
  const { here, there, world } = pair(THERE);
  here.see(["there"]);
  there.see(["here"]);
  here.run(2_000);
  here.say(THERE, "still served");
  expect(here.edge.answer("still served")?.type).toBe("ack");
  // The edge takes its listeners to the new owner.
  here.shard.beginLink();
  const again = here.ownEdge();
  again.open(1, "ann", { home: false });
  again.post();
  const link = there.peerEdge("here");
  link.open(1, "ann", { home: false });
  link.attach(THERE, here.edge.lastSeq(THERE), [1]);
  link.say(1, THERE, "at the new owner");
  link.post();
  world.run(1_000);
  expect(here.shard.activations).toBe(1);
  expect(link.texts(THERE)).toEqual(["at the new owner"]);
  expect(there.edge.texts(THERE)).toEqual(["still served", "at the new owner"]);
});

test("a request for another node's room is served as its owner would, and the room ends soon", () => {
  const shard = new SmallShard();
  const edge = shard.ownEdge();
  edge.open(1, userOf("here", BOTH));
  shard.see(["there"]);
  edge.create(1, THERE);
  edge.ask(1, { type: "leave_room", roomId: THERE });
  edge.post();
  shard.run();
  expect(edge.answer(`create ${THERE}`)?.type).toBe("ack");
  expect(shard.shard.activations).toBe(2);
  shard.run(11_000);
  expect(shard.shard.activations).toBe(1);
});

test("the actor of a person whose home has moved says nothing of them any more", () => {
  const shard = new SmallShard();
  const own = shard.ownEdge();
  const peer = shard.peerEdge("there");
  const mover = userOf("there", BOTH);
  own.open(1, userOf("here", BOTH));
  own.create(1, HERE);
  own.post();
  shard.run();
  peer.open(1, mover);
  peer.join(1, HERE);
  peer.post();
  shard.run();
  shard.see(["there"]);
  own.published.length = 0;
  // The person still listens to the room here, but is at home elsewhere.
  const again = shard.peerEdge("there", 2);
  again.open(1, mover, { home: false });
  again.attach(HERE, peer.lastSeq(HERE), [1]);
  again.post();
  shard.run(3 * GRACE_MS);
  expect(own.published).toEqual([]);
});

test("messages between actors go to the own edge when the address is another node's, and are handed over when it is here", () => {
  const shard = new SmallShard();
  const edge = shard.ownEdge();
  shard.see(["there"]);
  const [local, remote] = [userOf("here", BOTH), userOf("there", BOTH)];
  edge.open(1, local);
  edge.open(2, remote);
  edge.create(1, HERE);
  edge.post();
  shard.run();
  expect(edge.forwarded).toEqual([]);
  edge.join(2, HERE);
  edge.post();
  shard.run();
  const hash = addressHash(userAddress(TENANT, remote as UserId));
  expect(edge.forwarded.map((one) => one.hash)).toEqual([hash]);
});

test("who listens where is told again after something was lost on the way to the owner of their actor, and to nobody else", () => {
  const shard = new SmallShard();
  const edge = shard.ownEdge();
  shard.see(["there"]);
  const remote = userOf("there", BOTH);
  edge.open(1, userOf("here", BOTH));
  edge.open(2, remote);
  edge.create(1, HERE);
  edge.post();
  shard.run();
  edge.join(2, HERE);
  edge.post();
  shard.run(3 * RETELLING_MS);
  edge.forwarded.length = 0;
  shard.shard.lost("elsewhere" as NodeId);
  shard.run(3 * RETELLING_MS);
  expect(edge.forwarded).toEqual([]);
  shard.shard.lost("there" as NodeId);
  shard.run(3 * RETELLING_MS);
  const hash = addressHash(userAddress(TENANT, remote as UserId));
  expect(edge.forwarded.map((one) => one.hash)).toEqual([hash]);
});

// lapses

test("after a lapse a room reads its log again before it goes on, and its listeners are told what others wrote", () => {
  const { here, there } = pair(HERE);
  here.see(["there"]);
  there.say(HERE, "while you slept");
  expect(here.edge.texts(HERE)).toEqual([]);
  here.see(["there"], { lapses: 2 });
  expect(here.edge.texts(HERE)).toEqual(["while you slept"]);
  here.run(5_000);
  here.say(HERE, "awake");
  expect(here.edge.texts(HERE)).toEqual(["while you slept", "awake"]);
  expect(here.edge.answer("awake")?.type).toBe("ack");
});

test("after a lapse what was in hand is left to be repeated when another owner took the log meanwhile", () => {
  const { here, there } = pair(HERE);
  here.see(["there"]);
  // Never written: the node stands still with it, and its sender may have heard from the other one that it is not to be.
  here.journal.onAppend = () => undefined;
  here.edge.say(1, HERE, "in hand");
  here.edge.post();
  here.run();
  here.journal.onAppend = undefined;
  there.say(HERE, "while you slept");
  here.see(["there"], { lapses: 2 });
  here.run(5_000);
  expect(here.edge.answer("in hand")).toMatchObject({ type: "error", code: "unavailable", temporary: true });
  expect(here.edge.texts(HERE)).toEqual(["while you slept"]);
  here.edge.ask(1, { type: "send_message", ref: "again", roomId: HERE, content: "in hand", clientId: "in hand" });
  here.edge.post();
  here.run();
  expect(here.edge.answer("again")?.type).toBe("ack");
  expect(here.edge.texts(HERE)).toEqual(["while you slept", "in hand"]);
});

test("after a lapse idle rooms are dropped unread, and what was under way is answered by the next activation", () => {
  const shard = new SmallShard();
  const edge = shard.ownEdge();
  edge.open(1, userOf("here", BOTH));
  const idle = roomOf("here", BOTH, 100);
  edge.create(1, idle);
  edge.ask(1, { type: "leave_room", roomId: idle });
  edge.create(1, HERE);
  edge.post();
  shard.run(2_000);
  shard.see(["there"]);
  let appends = 0;
  shard.journal.onAppend = () => {
    // Never answered.
    appends += 1;
  };
  edge.say(1, HERE, "under way");
  edge.post();
  shard.run();
  expect(appends).toBe(1);
  shard.journal.onAppend = undefined;
  shard.journal.calls.length = 0;
  shard.see(["there"], { lapses: 1 });
  shard.run();
  expect(edge.answer("under way")?.type).toBe("ack");
  expect(edge.texts(HERE)).toEqual(["under way"]);
  expect(shard.journal.calls.filter((call) => call === "readTail")).toHaveLength(1);
  // The person, and the room that had something to do.
  expect(shard.shard.activations).toBe(2);
});

test("lapses do not use up the attempts of a request", () => {
  const shard = new SmallShard();
  const edge = shard.ownEdge();
  edge.open(1, "ann");
  edge.create(1, HERE);
  edge.post();
  shard.run();
  shard.journal.onAppend = () => undefined;
  edge.say(1, HERE, "patient");
  edge.post();
  for (let lapses = 1; lapses < 8; lapses += 1) shard.see(["there"], { lapses });
  expect(edge.answer("patient")).toBeUndefined();
  shard.journal.onAppend = undefined;
  shard.see(["there"], { lapses: 8 });
  shard.run();
  expect(edge.answer("patient")?.type).toBe("ack");
});

// following

test("a room whose owner is out of reach is read and not written: no message, no mark, no fence", () => {
  const { world, here, there } = pair(THERE);
  there.say(THERE, "one");
  here.edge.records.length = 0;
  here.see(["there"], { unreachable: UNREACHABLE });
  const before = fences(world, THERE);
  here.journal.calls.length = 0;
  here.edge.say(1, THERE, "no");
  here.edge.ask(1, { type: "mark_read", ref: "mark", roomId: THERE, seq: 5 });
  here.edge.writer.call(
    1,
    { tenant: TENANT, userId: "ann" as UserId, role: "user" },
    {
      to: "room",
      room: THERE,
      kind: "history",
      limit: 10,
    },
  );
  here.edge.open(2, "ann");
  here.edge.join(2, THERE, 0);
  here.edge.post();
  here.run();
  for (const ref of ["no", "mark"]) {
    expect(here.edge.answer(ref)).toMatchObject({ type: "error", code: "unavailable", temporary: true });
    expect(here.edge.answer(ref)).toMatchObject({ retryAfterMs: 1_000 });
  }
  expect(here.edge.answer(`join ${THERE}`)?.type).toBe("ack");
  expect(here.edge.replies.get(1)).toMatchObject({
    ok: true,
    value: { messages: [{ content: "first" }, { content: "one" }] },
  });
  here.run(10_000);
  expect(here.journal.calls.filter((call) => call === "append" || call === "saveSnapshot")).toEqual([]);
  expect(fences(world, THERE)).toEqual(before);
});

test("a follower refuses nothing for good: what it knows may be out of date, and the owner may have a copy", () => {
  const { here, there } = pair(THERE);
  there.say(THERE, "one");
  here.see(["there"], { unreachable: UNREACHABLE });
  here.edge.open(2, "stranger");
  here.edge.say(2, THERE, "not a member yet");
  here.edge.ask(2, { type: "leave_room", ref: "leave", roomId: THERE, membership: true });
  here.edge.post();
  here.run();
  for (const ref of ["not a member yet", "leave"]) {
    expect(here.edge.answer(ref)).toMatchObject({ type: "error", code: "unavailable", temporary: true });
  }
});

test("a follower tells its listeners what the owner writes, within the time between two looks", () => {
  const { here, there } = pair(THERE);
  here.see(["there"], { unreachable: UNREACHABLE });
  for (const text of ["one", "two", "three"]) {
    there.say(THERE, text);
    here.run(LOG_WATCH_MS * 1.5);
    expect(here.edge.texts(THERE).at(-1)).toBe(text);
  }
  expect(here.edge.texts(THERE)).toEqual(["one", "two", "three"]);
  // In reach again: it is a room of another node's, which may be written until its listeners have gone there.
  here.see(["there"]);
  here.say(THERE, "reached");
  expect(here.edge.answer("reached")?.type).toBe("ack");
});

test("an isolated node goes on with its own rooms and reads for their listeners what others wrote", () => {
  const { here, there } = pair(HERE);
  here.see(["there"], { isolated: true });
  here.say(HERE, "alone");
  expect(here.edge.answer("alone")?.type).toBe("ack");
  // Somebody took the room in the meantime, and nobody here writes to it.
  there.run(5_000);
  there.say(HERE, "taken");
  here.run(LOG_WATCH_MS * 1.5);
  expect(here.edge.texts(HERE)).toEqual(["alone", "taken"]);
});

test("an isolated node gives an own room up when it was fenced, until it is among the others again", () => {
  const { world, here, there } = pair(HERE);
  here.see(["there"], { isolated: true });
  here.say(HERE, "mine");
  there.run(5_000);
  there.say(HERE, "theirs");
  here.say(HERE, "refused");
  expect(here.edge.answer("refused")).toMatchObject({ type: "error", code: "unavailable", temporary: true });
  const before = fences(world, HERE).length;
  here.run(10_000);
  here.say(HERE, "refused again");
  expect(here.edge.answer("refused again")).toMatchObject({ type: "error", code: "unavailable" });
  there.say(HERE, "theirs still");
  here.run(LOG_WATCH_MS * 1.5);
  expect(here.edge.texts(HERE)).toEqual(["mine", "theirs", "theirs still"]);
  expect(fences(world, HERE)).toHaveLength(before);
  here.see(["there"]);
  here.run(5_000);
  here.say(HERE, "mine again");
  expect(here.edge.answer("mine again")?.type).toBe("ack");
});

test("nothing is watched once everybody is in reach", () => {
  const { here } = pair(HERE);
  here.see(["there"], { isolated: true });
  here.run(10_000);
  here.see(["there"]);
  here.run(10_000);
  here.journal.calls.length = 0;
  here.run(60_000);
  expect(here.journal.calls).toEqual([]);
});

test("what is refused for good is refused by a log that no former owner can add to any more", () => {
  const { world, here, there } = pair(THERE);
  here.see(["there"]);
  there.see(["here"]);
  there.run(5_000);
  // Its own rooms' log was fenced by `here` last; nobody listens, so it has not fenced it since.
  const room = roomOf("there", BOTH, Number(THERE.slice("room-".length)) + 1);
  here.edge.create(1, room);
  here.edge.post();
  here.run();
  expect(fences(world, room)).toEqual(["here"]);
  there.edge.open(2, "stranger");
  there.edge.say(2, room, "refused");
  there.edge.post();
  const held: (() => void)[] = [];
  there.journal.onAppend = (append) => held.push(() => append.write());
  there.run();
  expect(there.edge.answer("refused")).toBeUndefined();
  there.journal.onAppend = undefined;
  for (const write of held) write();
  there.run();
  expect(there.edge.answer("refused")).toMatchObject({ type: "error", code: "forbidden" });
  expect(fences(world, room)).toEqual(["here", "there"]);
  // Once is enough, and who only reads costs nothing.
  there.edge.say(2, room, "refused again");
  there.edge.post();
  there.run();
  expect(there.edge.answer("refused again")).toMatchObject({ type: "error", code: "forbidden" });
  expect(fences(world, room)).toEqual(["here", "there"]);
});

/** A stranger wrote to a room whose log could not be read; meanwhile its owner refused that for good, and then let them in. */
function lateReader(ask: (here: SmallShard) => ScriptedEdge): { here: SmallShard; there: Node; read: () => void } {
  const world = new SmallWorld();
  const there = new Node("there", world, "ann", THERE);
  const here = new SmallShard("here", world);
  here.see(["there"]);
  const held: (() => void)[] = [];
  here.journal.onReadTail = (read) => held.push(read);
  const edge = ask(here);
  edge.open(1, "ben");
  edge.say(1, THERE, "refused");
  edge.post();
  here.run();
  there.edge.open(2, "ben");
  there.edge.say(2, THERE, "refused");
  there.edge.post();
  there.run();
  expect(there.edge.answer("refused")).toMatchObject({ type: "error", code: "forbidden" });
  there.edge.join(2, THERE);
  there.edge.post();
  there.run();
  return {
    here,
    there,
    read: () => {
      here.journal.onReadTail = undefined;
      for (const read of held) read();
      here.run();
    },
  };
}

test("what came over a link that has begun anew is not carried out any more: another owner may have refused it for good", () => {
  const { here, there, read } = lateReader((shard) => shard.peerEdge("third"));
  const again = here.peerEdge("third", 2);
  again.post();
  read();
  again.open(1, "ben");
  again.say(1, THERE, "asked since");
  again.post();
  here.run(5_000);
  expect(again.answer("asked since")?.type).toBe("ack");
  there.shard.setView(viewOf("there", ["there", "here"], { lapses: 1 }));
  there.run();
  expect(there.edge.texts(THERE)).toEqual(["asked since"]);
});

test("nor what came over the own edge's former link, from a node that is gone, or from one that something got lost from", () => {
  const own = lateReader((shard) => shard.ownEdge());
  own.here.shard.beginLink();
  own.here.shard.receive(new Uint8Array());
  own.read();
  const gone = lateReader((shard) => shard.peerEdge("third"));
  gone.here.see(["there"]);
  gone.read();
  const broken = lateReader((shard) => shard.peerEdge("third"));
  broken.here.shard.lost("third" as NodeId);
  broken.read();
  for (const { there } of [own, gone, broken]) {
    there.shard.setView(viewOf("there", ["there", "here"], { lapses: 1 }));
    there.run();
    expect(there.edge.texts(THERE)).toEqual([]);
  }
});

test("after nodes have come or gone a room looks once whether they wrote to its log, for its listeners' sake", () => {
  const { here, there } = pair(HERE);
  here.see(["there"]);
  here.run(2 * LOG_WATCH_MS);
  there.say(HERE, "unheard");
  here.run(2 * LOG_WATCH_MS);
  expect(here.edge.texts(HERE)).toEqual([]);
  here.see([]);
  here.run(2 * LOG_WATCH_MS);
  expect(here.edge.texts(HERE)).toEqual(["unheard"]);
  here.run(5_000);
  here.journal.calls.length = 0;
  here.see(["there"]);
  here.run(10 * LOG_WATCH_MS);
  expect(here.journal.calls).toEqual(["readSegment"]);
});

// heads

test("heads of rooms that were written are told every two seconds, and only to others that are there", () => {
  const { here } = pair(HERE);
  here.say(HERE, "one");
  here.run(2 * HEAD_BEACON_MS);
  expect(here.edge.heads).toEqual([]);
  here.see(["there"]);
  here.run(2 * HEAD_BEACON_MS);
  here.edge.heads.length = 0;
  here.say(HERE, "two", "three");
  here.run(2 * HEAD_BEACON_MS);
  expect(here.edge.heads).toHaveLength(1);
});

test("a room that is behind the head that another node tells reads its log again; one that is not does nothing", () => {
  const { here, there } = pair(HERE);
  here.see(["there"]);
  there.see(["here"]);
  here.run(5_000);
  there.edge.heads.length = 0;
  there.say(HERE, "unheard");
  there.run(HEAD_BEACON_MS);
  expect(here.edge.texts(HERE)).toEqual([]);
  const [heads] = there.edge.heads;
  if (heads === undefined) throw new Error("no heads were told");
  here.shard.heads(heads);
  here.run(600);
  expect(here.edge.texts(HERE)).toEqual(["unheard"]);
  here.run(5_000);
  here.journal.calls.length = 0;
  here.shard.heads(heads);
  here.run(1_000);
  expect(here.journal.calls).toEqual([]);
});

test("a room that is appending when it hears of a greater head finds out by that", () => {
  const { here, there } = pair(HERE);
  here.see(["there"]);
  there.see(["here"]);
  here.run(5_000);
  there.edge.heads.length = 0;
  there.say(HERE, "unheard");
  there.run(HEAD_BEACON_MS);
  const held: (() => void)[] = [];
  here.journal.onAppend = (append) => held.push(() => append.write());
  here.say(HERE, "slow");
  here.shard.heads(there.edge.heads[0] as Uint8Array);
  here.run(3_000);
  expect(here.edge.texts(HERE)).toEqual([]);
  here.journal.onAppend = undefined;
  for (const write of held) write();
  here.run(1_000);
  expect(here.edge.texts(HERE)).toEqual(["unheard"]);
});

test("one beacon tells no more heads than its bound; the rest comes with the next", () => {
  const shard = new SmallShard();
  const edge = shard.ownEdge();
  shard.see(["there"]);
  edge.open(1, "ann");
  for (let i = 0; i <= HEADS_PER_BEACON_MAX; i += 1) edge.create(1, `many-${i}` as RoomId);
  edge.post();
  shard.run(HEAD_BEACON_MS + 100);
  expect(edge.heads).toHaveLength(1);
  shard.run(HEAD_BEACON_MS);
  expect(edge.heads).toHaveLength(2);
  const [full, rest] = edge.heads as [Uint8Array, Uint8Array];
  expect(rest.length).toBeLessThan(100);
  expect(full.length).toBeGreaterThan(HEADS_PER_BEACON_MAX * 10);
});

test("an edge that has heard more than the room knows makes it read its log, and is told nothing again", () => {
  const { here, there } = pair(HERE);
  here.see(["there"]);
  there.say(HERE, "unheard here");
  const link = here.peerEdge("there");
  link.open(1, "ben", { home: false });
  link.attach(HERE, there.edge.lastSeq(HERE), [1]);
  link.post();
  here.run(5_000);
  expect(here.edge.texts(HERE)).toEqual(["unheard here"]);
  expect(link.texts(HERE)).toEqual([]);
  here.say(HERE, "heard by all");
  expect(link.texts(HERE)).toEqual(["heard by all"]);
});

test("who resumes from further than the room knows makes it read its log, now and then", () => {
  const { here, there } = pair(HERE);
  here.see(["there"]);
  there.say(HERE, "unheard here");
  here.run(2_000);
  here.edge.open(2, "ben");
  here.edge.join(2, HERE, there.edge.lastSeq(HERE));
  here.edge.post();
  here.run();
  expect(here.edge.texts(HERE)).toEqual(["unheard here"]);
  expect(here.edge.answer(`join ${HERE}`)).toMatchObject({ position: { head: there.edge.lastSeq(HERE) } });
  // A client that errs costs one read in a second.
  here.journal.calls.length = 0;
  for (let no = 3; no < 20; no += 1) {
    here.edge.open(no, "ben");
    here.edge.join(no, HERE, 2 ** 40);
  }
  here.edge.post();
  here.run(500);
  expect(here.journal.calls.filter((call) => call === "readTail")).toEqual([]);
  // Until then it is not told of a place behind the one that it named; after that it is taken to err.
  expect(here.edge.frames.find(({ no }) => no === 19)?.frame).toMatchObject({ type: "error", code: "unavailable" });
  here.run(1_000);
  here.edge.open(20, "ben");
  here.edge.join(20, HERE, 2 ** 40);
  here.edge.post();
  here.run();
  expect(here.edge.frames.find(({ no }) => no === 20)?.frame).toMatchObject({
    type: "ack",
    position: { head: there.edge.lastSeq(HERE) },
  });
});

test("a node that sees nobody else believes, too, whoever has seen more of a room", () => {
  const { here, there } = pair(HERE);
  here.shard.setView(viewOf("here", ["here"], { lapses: 1 }));
  there.say(HERE, "unheard here");
  here.run(2_000);
  here.edge.open(2, "ben");
  here.edge.join(2, HERE, there.edge.lastSeq(HERE));
  here.edge.post();
  here.run();
  expect(here.edge.texts(HERE)).toEqual(["unheard here"]);
});

test("heads are told to who comes later, also when there was nobody when they were written; the rest is not told again", () => {
  const shard = new SmallShard();
  const edge = shard.ownEdge();
  shard.see([]);
  edge.open(1, "ann");
  edge.create(1, HERE);
  edge.post();
  shard.run(5 * HEAD_BEACON_MS);
  expect(edge.heads).toEqual([]);
  shard.see(["there"]);
  shard.run(5 * HEAD_BEACON_MS);
  expect(edge.heads).toHaveLength(1);
  shard.see(["there"], { unreachable: UNREACHABLE });
  shard.run(5 * HEAD_BEACON_MS);
  expect(edge.heads).toHaveLength(1);
  shard.see(["there"]);
  shard.run(5 * HEAD_BEACON_MS);
  expect(edge.heads).toHaveLength(2);
  // Long after it was told a loss has nothing to do with it.
  shard.run(10_000);
  shard.shard.lost("there" as NodeId);
  shard.run(5 * HEAD_BEACON_MS);
  expect(edge.heads).toHaveLength(2);
});

test("a room that was elsewhere and comes back is fenced once more: whoever had it may still be writing", () => {
  const world = new SmallWorld();
  const here = new Node("here", world, "ann", THERE);
  here.shard.setView(viewOf("here", ["here"]));
  here.run();
  expect(fences(world, THERE)).toEqual(["here"]);
  // Listeners of `here` go to the other node and come back, before that one has written anything.
  here.see(["there"]);
  here.edge.writer.close(1, true);
  here.edge.post();
  here.run(1_000);
  expect(here.shard.activations).toBeLessThan(2);
  here.see([]);
  here.edge.open(2, "ann");
  here.edge.join(2, THERE);
  here.edge.post();
  here.run();
  expect(fences(world, THERE)).toEqual(["here", "here"]);
  // Nothing has happened since: who only listens costs no write.
  here.edge.writer.close(2, true);
  here.edge.post();
  here.run(200_000);
  here.edge.open(3, "ann");
  here.edge.join(3, THERE);
  here.edge.post();
  here.run();
  expect(fences(world, THERE)).toEqual(["here", "here"]);
});

test("a shard that is about to end tells the heads that it has not told yet", () => {
  const shard = new SmallShard();
  const edge = shard.ownEdge();
  shard.see(["there"]);
  edge.open(1, "ann");
  edge.create(1, HERE);
  edge.post();
  shard.run();
  expect(edge.heads).toEqual([]);
  edge.writer.call(7, { tenant: TENANT, userId: "ann" as UserId, role: "system" }, { to: "shard", kind: "drain" });
  edge.post();
  shard.run();
  expect(edge.replies.get(7)).toMatchObject({ ok: true });
  expect(edge.heads).toHaveLength(1);
});
