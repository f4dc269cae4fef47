/** Long polling at a node in one thread: nothing is lost between polls, with a lost answer, or when the session is gone. */
import { expect, test } from "bun:test";
import { BACKPRESSURE_BYTES_MAX, POLL_IDLE_MS_MIN } from "../../../../src/base/limits.ts";
import { pollJson } from "../../../../src/edge/streams/poll-json.ts";
import { SmallCluster } from "../../../support/small-cluster.ts";
import { SmallNode } from "../../../support/small-node.ts";
import { contentsOf, SmallPoll } from "../../../support/small-streams.ts";

const ROOM = "room_general";

function nodeWithRoom() {
  const node = new SmallNode();
  const ann = node.connect("ann");
  ann.create(ROOM);
  return { node, ann };
}
/** The first poll, answered. */
function begin(node: SmallNode, user = "ben", rooms: readonly string[] = [ROOM]): SmallPoll {
  const poll = new SmallPoll(node, user, { rooms });
  node.runUntil(() => poll.answer !== undefined);
  return poll;
}

test("the first answer has the connection and the rooms; the next one waits until something happens", () => {
  const { node, ann } = nodeWithRoom();
  const first = begin(node);
  expect(first.frames.map(({ type }) => type)).toEqual(["connection", "presence_update", "ack"]);
  const second = new SmallPoll(node, "ben", { cursor: first.cursor });
  node.run(5_000);
  expect(second.answer).toBeUndefined();
  ann.say(ROOM, "hello");
  node.run(100);
  expect(contentsOf(second.frames)).toEqual(["hello"]);
  expect(second.answer?.connectionId).toBe(
    first.answer?.connectionId as NonNullable<typeof first.answer>["connectionId"],
  );
});

test("with nothing to say it is answered when its time is over", () => {
  const { node } = nodeWithRoom();
  const quiet = new SmallPoll(node, "ben", { cursor: begin(node).cursor, waitMs: 3_000 });
  node.run(2_900);
  expect(quiet.answer).toBeUndefined();
  node.run(200);
  expect(quiet.frames).toEqual([]);
});

test("what happens between two polls waits, and an answer that was lost is given again", () => {
  const { node, ann } = nodeWithRoom();
  const first = begin(node);
  ann.say(ROOM, "one");
  const lost = new SmallPoll(node, "ben", { cursor: first.cursor });
  node.run(100);
  ann.say(ROOM, "two");
  const again = new SmallPoll(node, "ben", { cursor: first.cursor });
  node.run(100);
  expect([contentsOf(lost.frames), contentsOf(again.frames)]).toEqual([["one"], ["one", "two"]]);
  const next = new SmallPoll(node, "ben", { cursor: again.cursor, waitMs: 100 });
  node.run(200);
  expect(next.frames).toEqual([]);
});

test("of two polls the older one is answered with nothing and where it was, as is one whose client hung up", () => {
  const { node, ann } = nodeWithRoom();
  const first = begin(node);
  const older = new SmallPoll(node, "ben", { cursor: first.cursor });
  const newer = new SmallPoll(node, "ben", { cursor: first.cursor });
  expect([older.frames, older.cursor]).toEqual([[], first.cursor]);
  newer.hangUp();
  ann.say(ROOM, "for the next");
  node.run(100);
  expect([newer.frames, newer.cursor]).toEqual([[], first.cursor]);
  const next = new SmallPoll(node, "ben", { cursor: newer.cursor });
  node.run(100);
  expect(contentsOf(next.frames)).toEqual(["for the next"]);
});

test("a session that nobody asks ends after the grace time; its cursor goes on in another one, without a gap", () => {
  const { node, ann } = nodeWithRoom();
  ann.join(ROOM);
  const first = begin(node);
  node.run(2 * POLL_IDLE_MS_MIN + 1_500);
  expect(node.streams.size).toBe(0);
  expect(ann.of("presence_update").at(-1)).toMatchObject({ user: { userId: "ben" }, status: "offline" });
  ann.say(ROOM, "meanwhile");
  const later = new SmallPoll(node, "ben", { cursor: first.cursor });
  node.run(1_500);
  expect(later.answer?.connectionId).not.toBe(first.answer?.connectionId as string as never);
  expect(contentsOf(later.frames)).toEqual(["meanwhile"]);
  expect(later.frames.at(-1)).toMatchObject({ type: "resumed", rooms: [{ roomId: ROOM }] });
});

test("too much for the buffer ends the session; the next poll resumes, and what is missing is named", () => {
  const { node, ann } = nodeWithRoom();
  const first = begin(node);
  const content = "x".repeat(4_900);
  const fits = Math.floor(BACKPRESSURE_BYTES_MAX / 5_200);
  for (let i = 0; i < fits; i += 1) ann.say(ROOM, content);
  expect(node.streams.size).toBe(1);
  for (let i = 0; i < 40; i += 1) ann.say(ROOM, content);
  expect(node.streams.size).toBe(0);
  const next = new SmallPoll(node, "ben", { cursor: first.cursor });
  node.run(1_500);
  const resumed = next.frames.find(({ type }) => type === "resumed");
  expect(resumed).toMatchObject({ rooms: [{ roomId: ROOM, missing: {} }] });
});

test("a cursor of long ago, of somebody else or of nobody begins another session from its positions", () => {
  const { node, ann } = nodeWithRoom();
  const first = begin(node);
  ann.say(ROOM, "one");
  const second = new SmallPoll(node, "ben", { cursor: first.cursor });
  node.run(100);
  void new SmallPoll(node, "ben", { cursor: second.cursor, waitMs: 10 });
  node.run(100);
  for (const user of ["ben", "ann"]) {
    const old = new SmallPoll(node, user, { cursor: first.cursor });
    node.run(1_500);
    expect(contentsOf(old.frames)).toEqual(["one"]);
    expect(old.answer?.connectionId).not.toBe(first.answer?.connectionId as string as never);
  }
});

test("a poll may come to any node: it goes on there, and the session at the other one ends", () => {
  const cluster = new SmallCluster(["n1", "n2"]);
  const room = cluster.roomOf("n1");
  const [n1, n2] = [cluster.node("n1"), cluster.node("n2")];
  const ann = n1.connect("ann");
  ann.create(room);
  const first = new SmallPoll(n1, "ben", { rooms: [room] });
  cluster.run(1_500);
  ann.say(room, "one");
  const second = new SmallPoll(n2, "ben", { cursor: first.cursor });
  cluster.run(1_500);
  expect(contentsOf(second.frames)).toEqual(["one"]);
  expect([n1.streams.size, n2.streams.size]).toEqual([0, 1]);
  ann.say(room, "two");
  const third = new SmallPoll(n1, "ben", { cursor: second.cursor });
  cluster.run(1_500);
  expect(contentsOf(third.frames)).toEqual(["two"]);
});

test("a server that stops answers with what there is and asks to come back", () => {
  const { node } = nodeWithRoom();
  const waits = new SmallPoll(node, "ben", { cursor: begin(node).cursor });
  node.gateway.dismissAll("going_away", 1_000);
  node.run();
  expect(waits.frames.at(-1)?.type).toBe("reconnect");
  expect(waits.answer?.closed).toMatchObject({ code: 1001, reconnect: true });
  expect(JSON.parse(Buffer.from(pollJson(waits.answer as NonNullable<typeof waits.answer>)).toString())).toMatchObject({
    success: true,
    data: { frames: [{ type: "reconnect" }], closed: { code: 1001 } },
  });
});
