/** Who is given what of that which a socket may be sent at once, while one resume is under way. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import type { ResumeReport } from "../../../../src/actors/link.ts";
import type { RoomId } from "../../../../src/base/ids.ts";
import { err, ok, type Result } from "../../../../src/base/result.ts";
import { Resumption, type ResumptionPart } from "../../../../src/edge/sockets/resumption.ts";
import type { Rejection } from "../../../../src/protocol/errors.ts";
import type { RoomPosition } from "../../../../src/protocol/frames.ts";

type Told = (result: Result<unknown, Rejection>) => void;
interface Asked extends ResumptionPart {
  readonly target: string;
  readonly told: Told;
}

/** A room is called as its shard, a point, and a name. */
function resumption(bytesMax: number, ...rooms: string[]) {
  const asked: Asked[] = [];
  const done: RoomPosition[][] = [];
  const one = new Resumption<string>(bytesMax, {
    targetOf: (room) => room.split(".")[0] ?? "",
    ask: (target, part, told) => void asked.push({ target, ...part, told }),
    done: (positions) => void done.push(positions),
  });
  one.begin(rooms.map((room) => [room as RoomId, 10] as const));
  const round = (): readonly Asked[] => asked.splice(0);
  return { round, done };
}
const position = (room: string, missingFrom?: number): RoomPosition => ({
  roomId: room as RoomId,
  head: 20,
  typing: [],
  present: [],
  ...(missingFrom !== undefined && { missing: { from: missingFrom, to: 20 } }),
});
const report = (replayedBytes: number, positions: RoomPosition[], lacking: Readonly<Record<string, number>> = {}) =>
  ok<ResumeReport>({ positions, replayedBytes, lacking: Object.entries(lacking) as [RoomId, number][] });
const seen = (calls: readonly Asked[]): unknown =>
  calls.map(({ target, rooms, bytesMax, isLast }) => [target, rooms, bytesMax, ...(isLast ? ["last"] : [])]);

test("each shard begins with an equal part; without a room that lacks something that is all", () => {
  const { round, done } = resumption(900, "a.1", "a.2", "b.1", "c.1");
  const calls = round();
  expect(seen(calls)).toEqual([
    [
      "a",
      [
        ["a.1", 10],
        ["a.2", 10],
      ],
      300,
    ],
    ["b", [["b.1", 10]], 300],
    ["c", [["c.1", 10]], 300],
  ]);
  calls[2]?.told(report(0, [position("c.1")]));
  calls[0]?.told(report(120, [position("a.2"), position("a.1")]));
  expect(done).toEqual([]);
  calls[1]?.told(report(0, [position("b.1", 11)]));
  expect([round(), done]).toEqual([[], [[position("c.1"), position("a.2"), position("a.1"), position("b.1", 11)]]]);
});

test("a room that lacks bytes goes on as soon as others left enough, the smallest first", () => {
  const { round, done } = resumption(900, "a.1", "b.1", "b.2", "c.1");
  const [a, b, c] = round();
  a?.told(report(100, [position("a.1", 15)], { "a.1": 500 }));
  // 200 of the part of a are left.
  expect(round()).toEqual([]);
  b?.told(report(200, [position("b.1", 11), position("b.2", 12)], { "b.1": 350, "b.2": 250 }));
  const second = round();
  expect(seen(second)).toEqual([["b", [["b.2", 11, true]], 450]]);
  c?.told(report(0, [position("c.1")]));
  expect(round()).toEqual([]);
  second[0]?.told(report(440, [position("b.2")]));
  const third = round();
  // Of 360 that are left 350 are for b; those 10 more would be nobody's, if a did not wait.
  expect(seen(third)).toEqual([["b", [["b.1", 10, true]], 790]]);
  third[0]?.told(report(500, [position("b.1", 18)], { "b.1": 310 }));
  const last = round();
  expect(seen(last)).toEqual([
    ["a", [["a.1", 14, true]], 100, "last"],
    ["b", [["b.1", 17, true]], 500, "last"],
  ]);
  expect(done).toEqual([]);
  last[0]?.told(ok([position("a.1", 15)]));
  last[1]?.told(ok([position("b.1", 18)]));
  expect([done.length, done[0]?.map(({ roomId, missing }) => [String(roomId), missing?.from])]).toEqual([
    1,
    [
      ["a.1", 15],
      ["b.1", 18],
      ["b.2", undefined],
      ["c.1", undefined],
    ],
  ]);
});

test("what nobody else wants goes to whoever goes on last, too", () => {
  const { round } = resumption(900, "a.1", "b.1", "c.1");
  const [a, b, c] = round();
  a?.told(report(300, [position("a.1", 15)], { "a.1": 310 }));
  b?.told(report(0, [position("b.1")]));
  c?.told(report(0, [position("c.1")]));
  expect(seen(round())).toEqual([["a", [["a.1", 14, true]], 900]]);
});

test("a shard that does not answer is unavailable, one that does not say what it sent has sent its part", () => {
  const { round, done } = resumption(900, "a.1", "b.1", "c.1");
  const [a, b, c] = round();
  a?.told(err({ code: "unavailable" }));
  b?.told(ok([position("b.1", 11)]));
  c?.told(report(100, [position("c.1", 12)], { "c.1": 201 }));
  // Of the 300 of a and of b nobody knows what was sent.
  const [last, ...others] = round();
  expect(seen(last === undefined ? [] : [last, ...others])).toEqual([["c", [["c.1", 11, true]], 100, "last"]]);
  last?.told(err({ code: "unavailable" }));
  expect(done[0]?.map(({ roomId, error, missing }) => [String(roomId), error, missing?.from])).toEqual([
    ["a.1", "unavailable", undefined],
    ["b.1", undefined, 11],
    ["c.1", "unavailable", undefined],
  ]);
});

test("without a room it is answered at once", () => {
  const { round, done } = resumption(900);
  expect([round(), done]).toEqual([[], [[]]]);
});

test("whatever rooms lack, never more than there is is sent, each room has one position, and what still fits is not missing", () => {
  const need = fc.record({
    shard: fc.constantFrom("a", "b", "c", "d"),
    pages: fc.array(fc.integer({ min: 1, max: 400 })),
  });
  const orders = fc.array(fc.nat(), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(
      fc.array(need, { maxLength: 12 }),
      fc.integer({ min: 0, max: 2_000 }),
      orders,
      (needs, bytesMax, order) => {
        const left = new Map(needs.map(({ shard, pages }, no) => [`${shard}.${no}`, [...pages]]));
        const { round, done } = resumption(bytesMax, ...left.keys());
        const sent = new Map<string, number>();
        const open: Asked[] = [];
        for (let no = 0; done.length === 0; no += 1) {
          open.push(...round());
          // In any order.
          const [call] = open.splice((order[no % order.length] ?? 0) % Math.max(1, open.length), 1);
          if (call === undefined) throw new Error("nobody is asked, and nothing is done");
          const { target, rooms, bytesMax: most, isLast, told } = call;
          const positions: RoomPosition[] = [];
          const lacking: Record<string, number> = {};
          for (const [room] of rooms) {
            const pages = left.get(room) ?? [];
            let before = sent.get(target) ?? 0;
            while (pages[0] !== undefined && before + pages[0] <= most) before += pages.shift() ?? 0;
            sent.set(target, before);
            positions.push(position(room, pages.length > 0 ? 11 : undefined));
            if (pages[0] !== undefined) lacking[room] = pages[0];
          }
          told(isLast ? ok(positions) : report(sent.get(target) ?? 0, positions, lacking));
        }
        const all = [...sent.values()].reduce((sum, bytes) => sum + bytes, 0);
        expect(all).toBeLessThanOrEqual(bytesMax);
        expect(done).toHaveLength(1);
        expect(done[0]?.map(({ roomId }) => String(roomId)).toSorted()).toEqual([...left.keys()].toSorted());
        for (const [next] of left.values()) if (next !== undefined) expect(next).toBeGreaterThan(bytesMax - all);
      },
    ),
    { numRuns: 500 },
  );
});
