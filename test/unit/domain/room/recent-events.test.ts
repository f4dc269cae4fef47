import { describe, expect, test } from "bun:test";
import { RECENT_BYTES_MAX, RECENT_EVENTS_MAX } from "../../../../src/base/limits.ts";
import { RecentEvents } from "../../../../src/domain/room/recent-events.ts";

function filled(count: number, bytes = 1, first = 1): RecentEvents<{ seq: number }> {
  const recent = new RecentEvents<{ seq: number }>(first);
  for (let seq = first; seq < first + count; seq += 1) recent.push({ seq }, bytes);
  return recent;
}

describe("recent events", () => {
  test("give back what was pushed, by sequence and by range", () => {
    const recent = filled(40, 1, 100);
    expect([recent.firstSeq, recent.lastSeq, recent.size]).toEqual([100, 139, 40]);
    expect(recent.get(100)).toEqual({ seq: 100 });
    expect(recent.get(99)).toBeUndefined();
    expect(recent.get(140)).toBeUndefined();
    expect(recent.slice(136, 200).map((event) => event.seq)).toEqual([137, 138, 139]);
    expect(recent.slice(0, 101).map((event) => event.seq)).toEqual([100, 101]);
  });

  test("refuse a gap", () => {
    expect(() => filled(3).push({ seq: 5 }, 1)).toThrow("does not follow");
  });

  test("at the bound all are kept; one past it the oldest goes", () => {
    const recent = filled(RECENT_EVENTS_MAX);
    expect([recent.firstSeq, recent.covers(0)]).toEqual([1, true]);
    recent.push({ seq: RECENT_EVENTS_MAX + 1 }, 1);
    expect([recent.firstSeq, recent.size, recent.covers(0), recent.covers(1)]).toEqual([
      2,
      RECENT_EVENTS_MAX,
      false,
      true,
    ]);
    expect(recent.slice(1, Infinity).length).toBe(RECENT_EVENTS_MAX);
  });

  test("are bounded by bytes too, but the newest always stays", () => {
    const recent = filled(4, RECENT_BYTES_MAX / 4);
    expect(recent.size).toBe(4);
    recent.push({ seq: 5 }, 1);
    expect(recent.firstSeq).toBe(2);
    recent.push({ seq: 6 }, RECENT_BYTES_MAX * 2);
    expect([recent.firstSeq, recent.lastSeq]).toEqual([6, 6]);
  });

  test("an empty one covers what comes after its head and nothing before", () => {
    const recent = new RecentEvents(51);
    expect([recent.covers(50), recent.covers(49), recent.size]).toEqual([true, false, 0]);
  });

  test("remember which were changed later, also when they grow", () => {
    const recent = filled(10);
    recent.touch(3);
    recent.touch(99);
    for (let seq = 11; seq <= 100; seq += 1) recent.push({ seq }, 1);
    expect([2, 3, 4, 99, 101].map((seq) => recent.isUntouched(seq))).toEqual([true, false, true, true, false]);
  });

  test("forget a change together with the event that was changed", () => {
    const recent = filled(RECENT_EVENTS_MAX);
    recent.touch(1);
    recent.push({ seq: RECENT_EVENTS_MAX + 1 }, 1);
    expect(recent.isUntouched(RECENT_EVENTS_MAX + 1)).toBe(true);
    expect(recent.isUntouched(1)).toBe(false);
  });
});
