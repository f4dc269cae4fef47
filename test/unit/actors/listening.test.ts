/** Joining and resuming with a long replay: what is read in pages while the room goes on. */
import { expect, test } from "bun:test";
import { RECENT_EVENTS_MAX, RESUME_EVENTS_MAX } from "../../../src/base/limits.ts";
import { at, listAt } from "../../support/json.ts";
import { type SmallClient, SmallNode } from "../../support/small-node.ts";

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
