/** One shard, several edges: each is told everything once, whatever happens to its link or to the others'. */
import { expect, test } from "bun:test";
import { roomAddress } from "../../../src/actors/address.ts";
import { ToEdgeWriter } from "../../../src/actors/link.ts";
import type { RoomId, UserId } from "../../../src/base/ids.ts";
import { EDGES_REMEMBERED_MAX, RECENT_EVENTS_MAX } from "../../../src/base/limits.ts";
import { CODECS } from "../../../src/protocol/codec.ts";
import { GRACE_MS, type ScriptedEdge, SmallShard, TENANT } from "../../support/small-shard.ts";

const ROOM = "room" as RoomId;

interface Two {
  readonly shard: SmallShard;
  readonly own: ScriptedEdge;
  readonly peer: ScriptedEdge;
}

/** Ann at the own edge, ben at another one, both in a room. Connections have the same number at both. */
function two(): Two {
  const shard = new SmallShard();
  const own = shard.ownEdge();
  const peer = shard.peerEdge("peer");
  own.open(1, "ann");
  own.create(1, ROOM);
  own.post();
  shard.run();
  peer.open(1, "ben");
  peer.join(1, ROOM);
  peer.post();
  shard.run();
  return { shard, own, peer };
}

function say(shard: SmallShard, edge: ScriptedEdge, ...texts: string[]): void {
  for (const text of texts) {
    edge.say(1, ROOM, text);
    edge.post();
    shard.run();
  }
}

const offline = (edge: ScriptedEdge): unknown[] =>
  edge.published.filter(({ frame }) => frame.type === "presence_update" && frame["status"] === "offline");

test("a commit is encoded once per codec and leaves once for each edge with listeners of that codec", () => {
  const { shard, own, peer } = two();
  peer.open(2, "cid", { codec: CODECS.json });
  peer.open(3, "dee", { codec: CODECS.msgpack });
  peer.join(2, ROOM);
  peer.post();
  shard.run();
  // Joins by JSON text are read by the JSON codec only: dee's connection comes with a repeated room.
  peer.attach(ROOM, peer.lastSeq(ROOM), [3]);
  peer.post();
  shard.run();
  shard.encoded.length = 0;
  own.records.length = 0;
  peer.records.length = 0;
  say(shard, own, "hello");
  expect(shard.encoded.filter((what) => what.startsWith("events")).sort()).toEqual([
    `events ${CODECS.msgpack}`,
    `events ${CODECS.json}`,
  ]);
  const head = own.lastSeq(ROOM);
  expect(own.records).toEqual([`publish room ${CODECS.json} ${head}`]);
  expect(peer.records).toEqual([`publish room ${CODECS.msgpack} ${head}`, `publish room ${CODECS.json} ${head}`]);
  // Who asked is answered at their edge only.
  expect(own.answer("hello")?.type).toBe("ack");
  expect(peer.answer("hello")).toBeUndefined();
});

test("records are counted for each link, and each edge is told its own progress", () => {
  const { shard, own, peer } = two();
  say(shard, own, "one", "two", "three");
  expect([own.progress, peer.progress]).toEqual([5, 2]);
});

test("a link that begins anew loses and repeats nothing, and the others notice nothing", () => {
  const { shard, own, peer } = two();
  say(shard, own, "one");
  const before = peer.lastSeq(ROOM);
  say(shard, own, "lost on the way");
  const again = shard.peerEdge("peer", 2);
  again.open(1, "ben", { rooms: [ROOM] });
  again.attach(ROOM, before, [1]);
  again.say(1, ROOM, "said again");
  const blocks = peer.blocks;
  again.post();
  shard.run();
  say(shard, own, "two");
  expect(again.texts(ROOM)).toEqual(["lost on the way", "said again", "two"]);
  expect(own.texts(ROOM)).toEqual(["one", "lost on the way", "said again", "two"]);
  expect(again.answer("said again")?.type).toBe("ack");
  // The former link is told nothing any more, and what comes over it is not read.
  peer.say(1, ROOM, "too late");
  peer.post();
  shard.run();
  expect(peer.blocks).toBe(blocks);
  expect(own.texts(ROOM)).not.toContain("too late");
});

test("what was under way over the former link is done once, and answered over the new one", () => {
  const { shard, own, peer } = two();
  const held: (() => void)[] = [];
  shard.journal.onAppend = (append) => held.push(() => append.write());
  peer.say(1, ROOM, "under way");
  peer.post();
  shard.run();
  const again = shard.peerEdge("peer", 2);
  again.open(1, "ben", { rooms: [ROOM] });
  again.attach(ROOM, peer.lastSeq(ROOM), [1]);
  again.say(1, ROOM, "under way");
  again.post();
  shard.run();
  expect(again.answer("under way")).toBeUndefined();
  shard.journal.onAppend = undefined;
  for (const write of held) write();
  shard.run();
  expect(peer.answer("under way")).toBeUndefined();
  expect(again.answer("under way")).toMatchObject({ type: "ack", duplicate: true });
  expect([again.texts(ROOM), own.texts(ROOM)]).toEqual([["under way"], ["under way"]]);
  expect(again.progress).toBe(3);
});

test("an edge that lags by more than is in memory catches up from the log while the others go on", () => {
  const { shard, own, peer } = two();
  const before = peer.lastSeq(ROOM);
  const texts = Array.from({ length: RECENT_EVENTS_MAX + 700 }, (_, i) => `${i}`);
  for (const text of texts) own.say(1, ROOM, text);
  own.post();
  shard.run();
  const again = shard.peerEdge("peer", 2);
  again.open(1, "ben", { rooms: [ROOM] });
  again.attach(ROOM, before, [1]);
  again.post();
  own.say(1, ROOM, "live");
  own.post();
  shard.run();
  expect(again.texts(ROOM)).toEqual([...texts, "live"]);
  expect(own.texts(ROOM)).toEqual([...texts, "live"]);
});

test("what cannot be read for an edge that lags sends its listeners away, and nobody else", () => {
  const { shard, own, peer } = two();
  const before = peer.lastSeq(ROOM);
  for (let i = 0; i < RECENT_EVENTS_MAX + 10; i += 1) own.say(1, ROOM, `${i}`);
  own.post();
  shard.run();
  shard.journal.onReadRange = (fail) => fail();
  const again = shard.peerEdge("peer", 2);
  again.open(1, "ben", { rooms: [ROOM] });
  again.attach(ROOM, before, [1]);
  again.post();
  shard.run();
  expect(again.records).toContain("close 1 reconnect");
  expect(own.records.filter((what) => what.startsWith("close"))).toEqual([]);
  say(shard, own, "on");
  expect(own.texts(ROOM).at(-1)).toBe("on");
});

test("several edges that lag by different amounts are each told what they lack", () => {
  const { shard, own, peer } = two();
  const third = shard.peerEdge("third");
  third.open(1, "cid");
  third.join(1, ROOM);
  third.post();
  shard.run();
  say(shard, own, "one");
  const thirds = third.lastSeq(ROOM);
  say(shard, own, "two");
  const peers = peer.lastSeq(ROOM);
  say(shard, own, "three");
  const [peerAgain, thirdAgain] = [shard.peerEdge("peer", 2), shard.peerEdge("third", 2)];
  for (const [edge, user, lastSeq] of [
    [peerAgain, "ben", peers],
    [thirdAgain, "cid", thirds],
  ] as const) {
    edge.open(1, user, { rooms: [ROOM] });
    edge.attach(ROOM, lastSeq, [1]);
    edge.post();
  }
  shard.run();
  say(shard, own, "four");
  expect(peerAgain.texts(ROOM)).toEqual(["three", "four"]);
  expect(thirdAgain.texts(ROOM)).toEqual(["two", "three", "four"]);
});

test("after the room itself failed, the listeners of every edge go on where each of them was", () => {
  const { shard, own, peer } = two();
  say(shard, own, "one");
  const last = shard.world.store.currentLog("acme" as never, ROOM)?.segments.at(-1);
  if (last === undefined) throw new Error("nothing was written");
  // The place of the next append is taken by the room's own former owner: it is fenced, and reads its log anew.
  const journal = shard.journal;
  journal.onAppend = (append) => {
    journal.onAppend = undefined;
    append.answer("fenced");
  };
  say(shard, own, "two");
  shard.run(5_000);
  say(shard, own, "three");
  expect(own.texts(ROOM)).toEqual(["one", "two", "three"]);
  expect(peer.texts(ROOM)).toEqual(["one", "two", "three"]);
});

test("the own edge's link begins anew in the same way", () => {
  const { shard, own, peer } = two();
  say(shard, peer, "one");
  const before = own.lastSeq(ROOM);
  shard.shard.beginLink();
  const again = shard.ownEdge();
  const blocks = own.blocks;
  // Said before the first block is there: not for the former link, and not lost for the new one.
  say(shard, peer, "two");
  again.open(1, "ann", { rooms: [ROOM] });
  again.attach(ROOM, before, [1]);
  again.post();
  shard.run();
  say(shard, peer, "three");
  expect(own.blocks).toBe(blocks);
  expect(again.texts(ROOM)).toEqual(["two", "three"]);
  expect(peer.texts(ROOM)).toEqual(["one", "two", "three"]);
});

test("an empty first block ends what the former link left", () => {
  const { shard, own } = two();
  shard.peerEdge("peer", 2).post();
  shard.run(GRACE_MS + 1_000);
  expect(offline(own)).toHaveLength(1);
});

test("nobody is seen to leave or to come back because their edge's link began anew", () => {
  const { shard, own } = two();
  for (let generation = 2; generation < 5; generation += 1) {
    own.published.length = 0;
    const again = shard.peerEdge("peer", generation);
    again.open(1, "ben", { rooms: [ROOM] });
    again.attach(ROOM, own.lastSeq(ROOM), [1]);
    again.post();
    shard.run(2 * GRACE_MS);
    expect(own.published).toEqual([]);
  }
  shard.shard.beginLink();
  const again = shard.ownEdge();
  again.open(1, "ann", { rooms: [ROOM] });
  again.attach(ROOM, own.lastSeq(ROOM), [1]);
  again.post();
  shard.run(2 * GRACE_MS);
  expect(again.published).toEqual([]);
});

test("who was not introduced again by a new link is gone after the grace period", () => {
  const { shard, own, peer } = two();
  peer.open(2, "cid");
  peer.join(2, ROOM);
  peer.post();
  shard.run();
  const again = shard.peerEdge("peer", 2);
  again.open(1, "ben", { rooms: [ROOM] });
  again.attach(ROOM, peer.lastSeq(ROOM), [1]);
  again.post();
  shard.run(GRACE_MS - 100);
  expect(offline(own)).toEqual([]);
  shard.run(1_000);
  expect(offline(own).map((one) => (one as { frame: { user: unknown } }).frame.user)).toEqual([{ userId: "cid" }]);
});

test("when an edge's node has gone, its people are gone after the grace period, and its late blocks are not read", () => {
  const { shard, own, peer } = two();
  shard.see(["peer"]);
  shard.see([]);
  const blocks = peer.blocks;
  peer.say(1, ROOM, "from beyond");
  peer.post();
  shard.run(GRACE_MS - 100);
  expect(offline(own)).toEqual([]);
  shard.run(1_000);
  expect(offline(own)).toHaveLength(1);
  expect(own.texts(ROOM)).toEqual([]);
  expect(peer.blocks).toBe(blocks);
  // It comes back with a link of its own.
  shard.see(["peer"]);
  const again = shard.peerEdge("peer", 2);
  again.open(1, "ben");
  again.join(1, ROOM);
  again.post();
  shard.run();
  say(shard, again, "back");
  expect(own.texts(ROOM)).toEqual(["back"]);
});

test("a connection whose home comes to this shard is told so without being opened anew", () => {
  const { shard, own, peer } = two();
  peer.open(5, "dee", { home: false, greeted: false });
  peer.join(5, ROOM);
  peer.post();
  shard.run();
  expect(peer.frames.filter(({ no, frame }) => no === 5 && frame.type === "connection")).toEqual([]);
  peer.open(5, "dee", { home: true, greeted: false, rooms: [ROOM] });
  peer.post();
  shard.run();
  expect(peer.frames.filter(({ no, frame }) => no === 5 && frame.type === "connection")).toHaveLength(1);
  say(shard, own, "hello");
  expect(peer.texts(ROOM)).toEqual(["hello"]);
});

test("rooms that come to a link that goes on are told to their listeners from where those were", () => {
  const { shard, own, peer } = two();
  say(shard, own, "one");
  const third = shard.peerEdge("third");
  third.open(1, "cid");
  third.post();
  shard.run();
  third.attach(ROOM, peer.lastSeq(ROOM) - 1, [1]);
  third.post();
  shard.run();
  say(shard, own, "two");
  expect(third.texts(ROOM)).toEqual(["one", "two"]);
});

test("who asks over a link that does not know them is sent away to come back, and the record is dealt with", () => {
  const shard = new SmallShard();
  const edge = shard.peerEdge("stranger");
  edge.say(7, ROOM, "hello?");
  edge.post();
  shard.run();
  expect(edge.records).toContain("close 7 reconnect");
  expect(edge.answer("hello?")).toBeUndefined();
});

test("a shard remembers the ended links of so many edges; the oldest are forgotten first", () => {
  const shard = new SmallShard();
  const knock = (name: string, ref: string): boolean => {
    const edge = shard.peerEdge(name, 1);
    edge.open(1, "ann");
    edge.join(1, "nowhere" as RoomId);
    edge.post();
    shard.run();
    return edge.answer(ref) !== undefined;
  };
  const ref = "join nowhere";
  expect(knock("edge-0", ref)).toBe(true);
  for (let i = 1; i < EDGES_REMEMBERED_MAX; i += 1) shard.peerEdge(`edge-${i}`).post();
  shard.see([]);
  expect(knock("edge-0", ref)).toBe(false);
  shard.peerEdge("one more").post();
  shard.see([]);
  expect(knock("edge-0", ref)).toBe(true);
  expect(knock("edge-2", ref)).toBe(false);
});

test("whoever listens is not shown as gone on the word of a node that has not heard where they are", () => {
  const { shard, own, peer } = two();
  const seen = (): unknown[] =>
    own.published.filter(({ frame }) => frame.type === "presence_update").map(({ frame }) => frame["status"]);
  const before = seen().length;
  const gone = { user: { userId: "ben" as UserId }, status: "offline", lastSeen: 1 } as const;
  const elsewhere = new ToEdgeWriter();
  elsewhere.actor(roomAddress(TENANT, ROOM), { kind: "presence", presence: gone });
  own.told(elsewhere.take());
  own.writer.actor(own.forwarded.at(-1)?.packed ?? new Uint8Array());
  own.post();
  shard.run(1_000);
  expect(seen().slice(before)).toEqual(["offline", "online"]);
  // Whoever is really not to be seen is asked for once, and stays away.
  peer.ask(1, { type: "set_presence", status: "offline" });
  peer.post();
  shard.run(60_000);
  expect(seen().slice(before)).toEqual(["offline", "online", "offline"]);
});
