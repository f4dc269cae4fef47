/** One room's events at a client: in order, once, whatever comes in which order. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import type { RoomId, Seq, UserId } from "../../../src/base/ids.ts";
import { RoomFeed } from "../../../src/client/room-feed.ts";
import type { EventsFrame, RoomEvent } from "../../../src/protocol/frames.ts";

const ROOM = "room" as RoomId;

const event = (seq: number): RoomEvent => ({
  type: "message_deleted",
  seq: seq as Seq,
  timestamp: 0,
  messageId: `msg_${seq}` as never,
  by: "ann" as UserId,
});
const frame = (after: number, ...seqs: number[]): EventsFrame => ({
  type: "events",
  roomId: ROOM,
  after: after as Seq,
  head: (seqs.at(-1) ?? after) as Seq,
  events: seqs.map(event),
});
const position = (head: number, missing?: { from: number; to: number }) => ({
  roomId: ROOM,
  head: head as Seq,
  typing: [],
  present: [],
  ...(missing && { missing: missing as { from: Seq; to: Seq } }),
});

function feedAt(head: number | undefined, history: (after: number) => readonly number[] = () => []) {
  const told: number[] = [];
  const gaps: string[] = [];
  let resumes = 0;
  const feed = new RoomFeed(
    ROOM,
    {
      tell: (_room, { seq }) => void told.push(seq),
      gap: (_room, from, to) => void gaps.push(`${from}-${to}`),
      resume: () => {
        resumes += 1;
        feed.asked();
      },
      fetch: async (_room, after) => {
        const seqs = history(after);
        return { events: seqs.map(event), to: (seqs.at(-1) ?? after) as Seq };
      },
    },
    head as Seq | undefined,
  );
  return { feed, told, gaps, resumes: () => resumes };
}

test("what follows is told, what was seen is not told again, and of both only what is new", () => {
  const { feed, told } = feedAt(5);
  feed.take(frame(5, 6, 7));
  feed.take(frame(5, 6, 7));
  feed.take(frame(6, 7, 8, 9));
  expect(told).toEqual([6, 7, 8, 9]);
});

test("a frame that does not follow waits for the resume that it brings about", () => {
  const { feed, told, resumes } = feedAt(5);
  feed.take(frame(8, 9));
  feed.take(frame(9, 10));
  expect([told, resumes()]).toEqual([[], 1]);
  feed.take(frame(5, 6, 7, 8));
  feed.answered(position(8));
  expect(told).toEqual([6, 7, 8, 9, 10]);
});

test("a range that was not replayed is read from history before what came behind it", async () => {
  const { feed, told } = feedAt(5, (after) => [after + 1, after + 2].filter((seq) => seq <= 9));
  feed.asked();
  feed.take(frame(9, 10));
  feed.answered(position(9, { from: 6, to: 9 }));
  feed.take(frame(10, 11));
  await Bun.sleep(1);
  expect(told).toEqual([6, 7, 8, 9, 10, 11]);
  expect(feed.position).toBe(11 as Seq);
});

test("in any order of frames, with any of them twice, each event is told once and in order", () => {
  const arrivals = fc.shuffledSubarray(
    Array.from({ length: 12 }, (_, i) => i),
    { minLength: 0 },
  );
  fc.assert(
    fc.property(arrivals, arrivals, (first, second) => {
      const { feed, told } = feedAt(0);
      feed.asked();
      for (const at of [...first, ...second]) feed.take(frame(at, at + 1));
      for (let at = 0; at < 12; at += 1) feed.take(frame(at, at + 1));
      feed.answered(position(12));
      expect(told).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    }),
  );
});
