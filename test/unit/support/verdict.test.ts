/** The checkers themselves: what follows passes, and every planted break is seen. */
import { expect, test } from "bun:test";
import { type Acked, judge, type Kept, type Witness } from "../../chaos/verdict.ts";
import { RoomLog } from "../../support/room-log.ts";

const ROOM = "tea";
const HISTORY: readonly Kept[] = [1, 2, 3, 4].map((n) => ({ messageId: `msg_${n}`, seq: n, content: `text ${n}` }));

function frame(after: number, messages: readonly Kept[], head = messages.at(-1)?.seq ?? after) {
  const events = messages.map((message) => ({ type: "new_message", seq: message.seq, message }));
  return { type: "events", roomId: ROOM, after, head, events };
}

function witness(
  change: { log?: (log: RoomLog) => void; acked?: readonly Kept[]; faults?: readonly string[] } = {},
): Witness {
  const log = new RoomLog();
  if (change.log === undefined) log.accept(frame(0, HISTORY));
  else change.log(log);
  const acked = (change.acked ?? HISTORY).map((message) => ackOf(message, message.seq, message.seq + 1.5));
  return {
    userId: "ann",
    memberOf: [ROOM],
    left: false,
    acked,
    rooms: new Map([[ROOM, log]]),
    faults: change.faults ?? [],
  };
}

function ackOf(message: Kept, sentMs: number, ackedMs: number): Acked {
  return { ...message, roomId: ROOM, sentMs, ackedMs };
}

const judged = (seen: Witness, history = HISTORY) => judge(new Map([[ROOM, history]]), [seen]);

test("a client that saw and was told the truth gives no failure", () => {
  expect(judged(witness())).toEqual({
    acked: 4,
    lost: 0,
    duplicates: 0,
    misordered: 0,
    gaps: 0,
    resets: 0,
    failures: [],
  });
});

test("frames that follow each other are one history, fences and empty frames included", () => {
  const seen = witness({
    log: (log) => {
      log.accept(frame(0, HISTORY.slice(0, 2), 2));
      log.accept(frame(2, [], 2));
      log.accept(frame(2, HISTORY.slice(2)));
    },
  });
  expect(judged(seen)).toMatchObject({ gaps: 0, lost: 0 });
});

test("an acked message that is not in the history is lost", () => {
  expect(judged(witness(), HISTORY.slice(0, 3))).toMatchObject({ lost: 1 });
});

test("an acked message with another text or at another place is lost", () => {
  const [first, second] = HISTORY;
  if (first === undefined || second === undefined) throw new Error("no history");
  expect(judged(witness({ acked: [{ ...first, content: "another" }] }))).toMatchObject({ lost: 1 });
  expect(judged(witness({ acked: [{ ...first, seq: second.seq }] }))).toMatchObject({ lost: 1 });
});

test("a text that stands twice in the history is a duplicate", () => {
  const twice = [...HISTORY, { messageId: "msg_5", seq: 5, content: "text 2" }];
  const seen = witness({ log: (log) => log.accept(frame(0, twice)) });
  expect(judged(seen, twice)).toMatchObject({ duplicates: 1, gaps: 0 });
});

test("a frame that does not follow what was seen is a gap, also when the rest agrees", () => {
  const seen = witness({
    log: (log) => {
      log.accept(frame(0, HISTORY.slice(0, 1)));
      log.accept(frame(2, HISTORY.slice(2)));
    },
  });
  // One for the frame, one for the message that was never seen.
  expect(judged(seen)).toMatchObject({ gaps: 2 });
});

test("an event that comes again, or too late, is seen", () => {
  const seen = witness({
    log: (log) => {
      log.accept(frame(0, HISTORY));
      log.accept(frame(3, HISTORY.slice(3)));
    },
  });
  expect(judged(seen).gaps).toBe(2);
});

test("what comes again in answer to an open question was asked for", () => {
  const asked = (since: number): RoomLog => {
    const log = new RoomLog();
    log.accept(frame(0, HISTORY));
    log.asked(since);
    log.accept(frame(2, HISTORY.slice(2)));
    return log;
  };
  expect(asked(2).faults).toEqual([]);
  expect(asked(2).events).toHaveLength(4);
  expect(asked(3).faults).toHaveLength(2);
});

test("a question that was answered allows nothing any more", () => {
  const log = new RoomLog();
  log.accept(frame(0, HISTORY));
  log.settled(log.asked(0));
  log.accept(frame(3, HISTORY.slice(3)));
  expect(log.faults).toHaveLength(1);
});

test("a range that a resume could not replay, and named, is a reset and no gap", () => {
  const reset = (log: RoomLog): void => {
    log.accept(frame(0, HISTORY.slice(0, 1)));
    // What is new may come before the answer that says what is missing before it.
    log.accept(frame(3, HISTORY.slice(3)));
  };
  const named = witness({
    log: (log) => {
      reset(log);
      log.resumed({ roomId: ROOM, head: 3, missing: { from: 2, to: 3 } });
    },
  });
  expect(judged(named)).toMatchObject({ gaps: 0, resets: 1 });
  const partly = witness({
    log: (log) => {
      reset(log);
      log.resumed({ roomId: ROOM, head: 3, missing: { from: 3, to: 3 } });
    },
  });
  expect(judged(partly).gaps).toBeGreaterThan(0);
});

test("a resume that says to be further than what came is seen", () => {
  const log = new RoomLog();
  log.accept(frame(0, HISTORY));
  log.resumed({ roomId: ROOM, head: 5 });
  expect(log.faults).toHaveLength(1);
});

test("live events may come before the answer to a resume, as long as none is left out", () => {
  const log = new RoomLog();
  log.accept(frame(0, HISTORY));
  log.resumed({ roomId: ROOM, head: 3 });
  log.accept(frame(4, [], 5));
  expect(log.faults).toEqual([]);
});

test("a message that was sent after another's ack and stands before it is misordered", () => {
  const [first, second] = HISTORY;
  if (first === undefined || second === undefined) throw new Error("no history");
  const told = (ackedMs: number): Witness => ({ ...witness(), acked: [ackOf(second, 1, ackedMs), ackOf(first, 6, 7)] });
  expect(judged(told(5))).toMatchObject({ misordered: 1, lost: 0 });
  // Under way at the same time: either order is right.
  expect(judged(told(6.5))).toMatchObject({ misordered: 0 });
});

test("who left early saw a beginning of the history, without a hole in it", () => {
  const first = witness({ log: (log) => log.accept(frame(0, HISTORY.slice(0, 2))) });
  expect(judged({ ...first, left: true })).toMatchObject({ gaps: 0 });
  const holed = witness({
    log: (log) =>
      log.accept(
        frame(
          0,
          [HISTORY[0], HISTORY[2]].filter((kept) => kept !== undefined),
        ),
      ),
  });
  expect(judged({ ...holed, left: true })).toMatchObject({ gaps: 1 });
});

test("who is no member of a room need not have seen it", () => {
  const stranger: Witness = { ...witness(), memberOf: [], rooms: new Map(), acked: [] };
  expect(judged(stranger)).toMatchObject({ gaps: 0 });
});

test("what a client itself complains about is not overlooked", () => {
  expect(judged(witness({ faults: ["acked twice"] }))).toMatchObject({ lost: 1 });
});
