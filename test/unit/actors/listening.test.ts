/** Joining and resuming with a long replay: what is read in pages while the room goes on. */
import { expect, test } from "bun:test";
import { RECENT_EVENTS_MAX, REPLAY_BYTES_MAX, RESUME_EVENTS_MAX } from "../../../src/base/limits.ts";
import { at, listAt, numberAt } from "../../support/json.ts";
import { type SmallClient, SmallNode, type SmallNodeOptions } from "../../support/small-node.ts";

/** More messages than the room has in memory, so that a replay from the start needs the store. */
const MANY = RECENT_EVENTS_MAX + 600;

function longRoom(options: object = {}): { node: SmallNode; ann: SmallClient } {
  const node = new SmallNode();
  const ann = node.connect("ann");
  ann.create("room", { roomType: "private", participants: ["ben"], ...options });
  say(node, ann, MANY);
  return { node, ann };
}

function say(node: SmallNode, client: SmallClient, count: number): void {
  for (let i = 1; i <= count; i += 1) {
    client.send({ type: "send_message", roomId: "room", content: `${i}` });
    if (i % 1_000 === 0 || i === count) node.run(1_000);
  }
}

test("a room asked for again while its replay is under way is sent once, and each request is answered", () => {
  const { node, ann } = longRoom();
  const ben = node.connect("ben");
  const refs = [
    ben.send({ type: "resume", rooms: { room: 0 } }),
    ben.send({ type: "resume", rooms: { room: 0 } }),
    ben.send({ type: "join_room", roomId: "room", lastSeq: 5 }),
  ];
  say(node, ann, 10);
  expect(refs.map((ref) => ben.answerTo(ref)?.type)).toEqual(["resumed", "resumed", "ack"]);
  expect(ben.texts("room")).toHaveLength(MANY + 10);
  expect(ben.faults()).toEqual([]);
});

test("what an earlier request did not ask for is replayed for the later one that does", () => {
  const { node } = longRoom();
  const ben = node.connect("ben");
  const first = ben.send({ type: "resume", rooms: { room: 100 } });
  const second = ben.send({ type: "resume", rooms: { room: 0 } });
  node.run();
  expect([first, second].map((ref) => ben.answerTo(ref)?.type)).toEqual(["resumed", "resumed"]);
  const firstAfters = ben.of("events").map((frame) => frame["after"]);
  expect(firstAfters.filter((after) => after === 0)).toHaveLength(1);
});

test("who is removed while their replay is under way gets nothing of what came after", () => {
  const { node, ann } = longRoom();
  const ben = node.connect("ben");
  const ref = ben.send({ type: "resume", rooms: { room: 0 } });
  const leave = ben.send({ type: "leave_room", roomId: "room", membership: true });
  node.runUntil(() => ben.answerTo(leave) !== undefined && ben.answerTo(ref) !== undefined);
  ann.say("room", "secret");
  node.run();
  expect(ann.texts("room").at(-1)).toBe("secret");
  expect(ben.texts("room")).not.toContain("secret");
});

test("who leaves the room's stream while their replay is under way is not subscribed by it", () => {
  const { node, ann } = longRoom();
  const ben = node.connect("ben");
  ben.send({ type: "join_room", roomId: "room", lastSeq: 0 });
  ben.ack({ type: "leave_room", roomId: "room" });
  node.run();
  ann.say("room", "later");
  node.run();
  expect(ben.texts("room")).not.toContain("later");
});

test("who leaves the room's stream while their replay is under way, and comes back, is subscribed", () => {
  const { node, ann } = longRoom();
  const ben = node.connect("ben");
  ben.send({ type: "join_room", roomId: "room", lastSeq: 0 });
  ben.send({ type: "leave_room", roomId: "room" });
  ben.join("room", 0);
  ann.say("room", "later");
  node.run();
  expect([ben.texts("room").at(-1), new Set(ben.texts("room")).size]).toEqual(["later", MANY + 1]);
});

test("a resume from as far back as is allowed is replayed; from one further the missing range is named", () => {
  const { node, ann } = longRoom();
  say(node, ann, RESUME_EVENTS_MAX);
  const head = Number(ann.say("room", "last")["seq"]);
  const ben = node.connect("ben");
  ben.ack({ type: "resume", rooms: { room: head - RESUME_EVENTS_MAX } });
  expect(ben.texts("room")).toHaveLength(RESUME_EVENTS_MAX);
  const again = node.connect("ben");
  const resumed = again.ack({ type: "resume", rooms: { room: head - RESUME_EVENTS_MAX - 1 } });
  expect(listAt(resumed, "rooms")).toMatchObject([{ head, missing: { from: head - RESUME_EVENTS_MAX, to: head } }]);
  expect(again.texts("room")).toEqual([]);
}, 20_000);

test("whoever only listens and is banned is told that they are out, alone, and gets nothing of what follows", () => {
  const node = new SmallNode();
  const [ann, ben, cid] = [node.connect("ann"), node.connect("ben"), node.connect("cid")];
  ann.create("room");
  ben.join("room");
  expect(at(cid.request({ type: "resume", rooms: { room: 0 } }), "rooms.0.role")).toBeUndefined();
  ann.send({ type: "send_message", roomId: "room", content: "before" });
  ann.send({ type: "ban_member", roomId: "room", userId: "cid", reason: "spam" });
  ann.send({ type: "send_message", roomId: "room", content: "after" });
  node.run();
  const left = (client: SmallClient): unknown[] =>
    client
      .of("events")
      .flatMap((frame) => listAt(frame, "events").filter((event) => at(event, "type") === "user_left"));
  expect(left(cid)).toMatchObject([{ user: { userId: "cid" }, by: "ann", reason: "banned" }]);
  expect(cid.texts("room")).toEqual(["before"]);
  for (const client of [ann, ben]) {
    expect(left(client)).toEqual([]);
    expect(client.texts("room")).toEqual(["before", "after"]);
  }
  expect([ann, ben, cid].flatMap((client) => client.faults())).toEqual([]);
  // Nobody is told of a ban that finds nobody listening.
  ann.ack({ type: "ban_member", roomId: "room", userId: "dee" });
  expect(left(ann)).toEqual([]);
});

test("a position says that one may not write there, and until when, as long as it holds", () => {
  const node = new SmallNode();
  const ann = node.connect("ann");
  ann.create("room", { roomType: "private", participants: ["ben"] });
  const muted = (user: string): unknown[] => {
    const one = node.connect(user);
    return [
      at(one.join("room"), "position.muted"),
      at(one.ack({ type: "resume", rooms: { room: 1 } }), "rooms.0.muted"),
    ];
  };
  ann.ack({ type: "mute_member", roomId: "room", userId: "ben", durationMs: 60_000 });
  const { until } = muted("ben")[0] as { readonly until: string };
  expect(Date.parse(until)).toBeWithin(node.clock.wallMs(), node.clock.wallMs() + 60_001);
  expect([muted("ben"), muted("ann")]).toEqual([
    [{ until }, { until }],
    [undefined, undefined],
  ]);
  node.run(61_000);
  expect(muted("ben")).toEqual([undefined, undefined]);
  ann.ack({ type: "mute_member", roomId: "room", userId: "ben" });
  expect(muted("ben")).toEqual([{}, {}]);
  ann.ack({ type: "unmute_member", roomId: "room", userId: "ben" });
  expect(muted("ben")).toEqual([undefined, undefined]);
});

/** What is not taken by others of a socket's 768 KiB. */
const TEXT = "x".repeat(4_000);

/** Rooms of several shards, so many messages in each, and somebody who has none of them. */
function rooms(counts: Readonly<Record<string, number>>, options: SmallNodeOptions = {}) {
  const node = new SmallNode({ shards: 4, ...options });
  const ann = node.connect("ann");
  for (const [roomId, count] of Object.entries(counts)) {
    ann.create(roomId, { roomType: "private", participants: ["ben"] });
    for (let i = 0; i < count; i += 1) ann.send({ type: "send_message", roomId, content: `${i} ${TEXT}` });
    node.run(1_000);
  }
  const wanted = Object.fromEntries(Object.keys(counts).map((roomId) => [roomId, 1]));
  return { node, ann, ben: node.connect("ben"), wanted };
}
const QUIET = { q1: 0, q2: 0, q3: 0, q4: 0, q5: 0, q6: 0, q7: 0, q8: 0 };

test("of what a socket may be sent at once a room gets what rooms of other shards leave", () => {
  const { node, ann, ben, wanted } = rooms({ ...QUIET, busy: 150 });
  const resumed = ben.ack({ type: "resume", rooms: wanted });
  expect(listAt(resumed, "rooms").filter((position) => at(position, "missing") !== undefined)).toEqual([]);
  expect(ben.texts("busy")).toHaveLength(150);
  ann.say("busy", "more");
  node.run();
  expect([ben.texts("busy").at(-1), ben.faults()]).toEqual(["more", []]);
});

test("rooms of several shards that lack more than there is are given it in turn, and what is left out is named", () => {
  const { ben, wanted } = rooms({ ...QUIET, b1: 70, b2: 80, b3: 90, b4: 100, b5: 110 });
  const resumed = ben.ack({ type: "resume", rooms: wanted });
  const sent = ben.of("events").reduce((sum, frame) => sum + JSON.stringify(frame).length, 0);
  expect(sent).toBeWithin(600 * 1024, REPLAY_BYTES_MAX + 1);
  const missing = listAt(resumed, "rooms").filter((position) => at(position, "missing") !== undefined);
  for (const position of missing) {
    const came = ben.texts(String(at(position, "roomId")));
    expect([came, numberAt(position, "missing.from"), numberAt(position, "missing.to")]).toEqual([
      [],
      2,
      numberAt(position, "head"),
    ]);
  }
  expect(missing.length).toBeWithin(1, 4);
  expect(ben.faults()).toEqual([]);
});

test("what comes while a room waits for what others leave follows what it lacks", () => {
  const { node, ann, ben, wanted } = rooms({ ...QUIET, busy: 150 }, { linkDelayMs: 20 });
  const ref = ben.send({ type: "resume", rooms: wanted });
  node.run(30);
  ann.send({ type: "send_message", roomId: "busy", content: "new" });
  node.runUntil(() => ben.answerTo(ref) !== undefined);
  node.run();
  expect([ben.texts("busy").length, ben.texts("busy").at(-1), ben.faults()]).toEqual([151, "new", []]);
});

test("who asks anew for a room that waits is sent it then, and who asked before is to ask again", () => {
  const { node, ben, wanted } = rooms({ ...QUIET, busy: 150 }, { linkDelayMs: 20 });
  const ref = ben.send({ type: "resume", rooms: wanted });
  node.run(30);
  const join = ben.send({ type: "join_room", roomId: "busy", lastSeq: 1 });
  node.runUntil(() => ben.answerTo(ref) !== undefined && ben.answerTo(join) !== undefined);
  expect([ben.answerTo(join)?.type, ben.texts("busy").length]).toEqual(["ack", 150]);
  const busy = listAt(ben.answerTo(ref), "rooms").find((position) => at(position, "roomId") === "busy");
  expect([at(busy, "error"), ben.faults()]).toEqual(["unavailable", []]);
});

test("whose shard is lost while a room waits is to ask again", () => {
  const { node, ben, wanted } = rooms({ ...QUIET, busy: 150 }, { linkDelayMs: 20 });
  const ref = ben.send({ type: "resume", rooms: wanted });
  node.run(50);
  for (let shard = 0; shard < 4; shard += 1) node.restartShard(shard);
  node.runUntil(() => ben.answerTo(ref) !== undefined);
  const busy = listAt(ben.answerTo(ref), "rooms").find((position) => at(position, "roomId") === "busy");
  expect([at(busy, "error"), ben.texts("busy")]).toEqual(["unavailable", []]);
  ben.ack({ type: "resume", rooms: { busy: 1 } });
  expect([ben.texts("busy").length, ben.faults()]).toEqual([150, []]);
});

test("who leaves the room's stream before others left anything is not sent it", () => {
  const { node, ben, wanted } = rooms({ ...QUIET, busy: 150 }, { linkDelayMs: 20 });
  const ref = ben.send({ type: "resume", rooms: wanted });
  node.run(30);
  ben.send({ type: "leave_room", roomId: "busy" });
  node.runUntil(() => ben.answerTo(ref) !== undefined);
  const busy = listAt(ben.answerTo(ref), "rooms").find((position) => at(position, "roomId") === "busy");
  expect([ben.texts("busy"), at(busy, "missing.from")]).toEqual([[], 2]);
});

test("a join after a resume has as much as one without", () => {
  const { node, ben, wanted } = rooms({ ...QUIET, busy: 150 });
  const { busy: _busy, ...others } = wanted;
  ben.ack({ type: "resume", rooms: others });
  node.run(1_000);
  ben.join("busy", 1);
  expect(ben.texts("busy")).toHaveLength(150);
});
