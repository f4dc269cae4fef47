/** Votes that are committed together are told together: one event with the results after all of them. */
import { expect, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import { at, listAt } from "../../support/json.ts";
import { type ScriptedEdge, SmallShard } from "../../support/small-shard.ts";

const ROOM = "room" as RoomId;
const VOTERS = 40;

function eventsOf({ published }: ScriptedEdge): readonly unknown[] {
  return published.flatMap(({ frame }) => (frame.type === "events" ? listAt(frame, "events") : []));
}

test("what one commit brings to a poll is one event with the results of all, and the order of the others stays", () => {
  const shard = new SmallShard();
  const edge = shard.ownEdge();
  for (let no = 1; no <= VOTERS; no += 1) edge.open(no, `u${no}`);
  edge.create(1, ROOM);
  edge.post();
  shard.run();
  for (let no = 1; no <= VOTERS; no += 1) edge.join(no, ROOM);
  const poll = { question: "Which?", options: [{ text: "a" }, { text: "b" }] };
  for (const ref of ["one", "two"]) edge.ask(1, { type: "send_message", ref, roomId: ROOM, content: ref, poll });
  edge.post();
  shard.run();
  const [one, two] = eventsOf(edge).flatMap((event) => {
    const messageId = at(event, "message.messageId");
    return typeof messageId === "string" ? [messageId] : [];
  });
  edge.published.length = 0;

  for (let no = 1; no <= VOTERS; no += 1) {
    edge.ask(no, { type: "vote_poll", ref: `v${no}`, roomId: ROOM, messageId: one, choices: [no % 2] });
    if (no === 10) edge.say(1, ROOM, "meanwhile");
    if (no === 20) edge.ask(1, { type: "vote_poll", ref: "w", roomId: ROOM, messageId: two, choices: [0] });
  }
  edge.ask(1, { type: "close_poll", ref: "close", roomId: ROOM, messageId: two });
  edge.post();
  shard.run();

  const events = eventsOf(edge);
  const results = events.filter((event) => at(event, "change.kind") === "poll");
  const lastOf = (messageId: string | undefined) =>
    results.filter((event) => at(event, "messageId") === messageId).at(-1);
  expect(at(lastOf(one), "change.poll")).toEqual({ votes: [20, 20], voters: VOTERS, isClosed: false });
  expect(lastOf(one)).not.toHaveProperty("by");
  expect(at(lastOf(two), "change.poll")).toEqual({ votes: [1, 0], voters: 1, isClosed: true });
  expect(at(lastOf(two), "by")).toBe("u1");
  // The first vote is committed alone; what came while that was written is the second commit.
  expect(results.length).toBeLessThanOrEqual(4);
  const seqs = events.map((event) => at(event, "seq") as number);
  expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
  expect(events.filter((event) => at(event, "message.content") === "meanwhile")).toHaveLength(1);
});
