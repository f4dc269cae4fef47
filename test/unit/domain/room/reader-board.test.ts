/** "Seen by N of M", against counting everybody one by one. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { UserId } from "../../../../src/base/ids.ts";
import { CountedPlaces } from "../../../../src/domain/room/counted-places.ts";
import { ReaderBoard } from "../../../../src/domain/room/reader-board.ts";

const user = (n: number): UserId => `u${n}` as UserId;

describe("counted places", () => {
  test("agree with a plain list through any sequence of additions and removals, near and far", () => {
    const place = fc.oneof(fc.nat(200), fc.nat(5_000), fc.nat(2 ** 22));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), place), { maxLength: 120 }), place, (steps, asked) => {
        const places = new CountedPlaces();
        const list: number[] = [];
        for (const [isRemoval, at] of steps) {
          if (isRemoval && list.length > 0) places.remove(list.splice(at % list.length, 1)[0] ?? 0);
          else {
            places.add(at);
            list.push(at);
          }
          const probe = list[at % Math.max(1, list.length)] ?? asked;
          for (const from of [asked, probe, probe + 1]) {
            expect(places.atLeast(from)).toBe(list.filter((one) => one >= from).length);
          }
        }
        expect(places.size).toBe(list.length);
      }),
    );
  });

  test("a place where nobody stands cannot be left", () => {
    const places = new CountedPlaces();
    places.add(3);
    expect(() => places.remove(4)).toThrow("nobody stands at 4");
    places.remove(3);
    expect(() => places.remove(3)).toThrow("nobody stands at 3");
  });
});

describe("a board of readers", () => {
  test("counts like somebody who asks every member, through joins, leaves and marks", () => {
    type Member = { joined: number; read: number; delivered: number };
    const step = fc.record({
      kind: fc.constantFrom("join" as const, "leave" as const, "read" as const, "delivered" as const),
      who: fc.nat(7),
      seq: fc.integer({ min: 1, max: 150 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 160 }), (steps, asked) => {
        const board = new ReaderBoard();
        const members = new Map<UserId, Member>();
        for (const { kind, who, seq } of steps) {
          const member = members.get(user(who));
          if (kind === "join") {
            members.set(user(who), { joined: seq, read: 0, delivered: 0 });
            board.join(user(who), seq, 0, 0);
          } else if (kind === "leave") {
            members.delete(user(who));
            board.leave(user(who));
          } else {
            if (kind === "read" && member !== undefined) member.read = Math.max(member.read, seq);
            if (member !== undefined) member.delivered = Math.max(member.delivered, seq);
            board.move(user(who), kind === "read" ? seq : 0, kind === "delivered" ? seq : 0);
          }
        }
        const concerned = [...members].filter(([, { joined }]) => joined <= asked);
        const read = concerned.filter(([, one]) => one.read >= asked).map(([id]) => id);
        const got = concerned.filter(([, one]) => one.delivered >= asked).map(([id]) => id);
        expect(board.at(asked)).toEqual({ readBy: read.length, deliveredTo: got.length, members: concerned.length });
        expect([...board.of(asked, "read")].sort()).toEqual(read.sort());
        expect([...board.of(asked, "delivered")].sort()).toEqual(got.filter((id) => !read.includes(id)).sort());
        expect([...board.of(asked, "pending")]).toHaveLength(concerned.length - got.length);
      }),
      { numRuns: 500 },
    );
  });

  test("who joined later does not count for what was sent before, also when they have read on", () => {
    const board = new ReaderBoard();
    board.join(user(1), 1, 0, 0);
    board.join(user(2), 50, 0, 0);
    board.move(user(2), 60, 60);
    expect(board.at(40)).toEqual({ readBy: 0, deliveredTo: 0, members: 1 });
    expect(board.at(55)).toEqual({ readBy: 1, deliveredTo: 1, members: 2 });
    board.leave(user(2));
    expect(board.at(55)).toEqual({ readBy: 0, deliveredTo: 0, members: 1 });
  });

  test("marks do not go back, and those of strangers count nothing", () => {
    const board = new ReaderBoard();
    board.join(user(1), 1, 20, 30);
    expect(board.move(user(1), 10, 25)).toBe(false);
    expect(board.move(user(2), 90, 90)).toBe(false);
    expect(board.move(user(1), 21, 0)).toBe(true);
    expect(board.at(21)).toEqual({ readBy: 1, deliveredTo: 1, members: 1 });
  });
});
