import { describe, expect, test } from "bun:test";
import { Sightings } from "../../../../src/cluster/dynamodb/sightings.ts";
import { EventQueue, VirtualClock } from "../../../sim/virtual-clock.ts";

const TTL_MS = 6_000;
const BEAT_MS = 1_000;
const WALL_MS = 1_700_000_000_000;

/** A reader that looks once a second at one other, who beats or does not. */
function reader() {
  const queue = new EventQueue();
  const clock = new VirtualClock(queue, WALL_MS);
  const sightings = new Sightings(clock);
  let mark = 0;
  const look = (wallMs = clock.wallMs()): boolean | undefined =>
    sightings.look([{ id: "bob", mark: String(mark), ttlMs: TTL_MS, wallMs }])[0]?.isAlive;
  return {
    look,
    beat: () => {
      mark += 1;
    },
    pass: (ms: number) => void queue.runNext(queue.nowMs + ms),
    nowMs: () => queue.nowMs,
  };
}

describe("who is alive, as a reader sees it", () => {
  test("who changes its mark stays alive", () => {
    const { look, beat, pass } = reader();
    for (let beats = 0; beats < 30; beats += 1) {
      expect(look()).toBe(true);
      pass(BEAT_MS);
      beat();
    }
  });

  test("who stops is dead one time to live after the reader saw the last change, not earlier", () => {
    const { look, beat, pass } = reader();
    look();
    pass(BEAT_MS);
    beat();
    const seen: (boolean | undefined)[] = [look()];
    for (let looks = 0; looks < 7; looks += 1) {
      pass(BEAT_MS);
      seen.push(look());
    }
    expect(seen).toEqual([true, true, true, true, true, true, false, false]);
  });

  test("one that was dead before the reader came is alive for one time to live at most", () => {
    const { look, pass, nowMs } = reader();
    while (look() === true) pass(BEAT_MS);
    expect(nowMs()).toBe(TTL_MS);
  });

  test("one whose wall clock says that it is dead for minutes is not believed to live until it does something", () => {
    const { look, beat, pass } = reader();
    expect(look(WALL_MS - 120_000)).toBe(false);
    pass(BEAT_MS);
    expect(look(WALL_MS - 120_000)).toBe(false);
    // It lives, and its clock is wrong: that costs it one beat.
    beat();
    expect(look(WALL_MS - 120_000)).toBe(true);
  });

  test("one whose wall clock is an hour ahead dies like everybody", () => {
    const { look, pass, nowMs } = reader();
    while (look(WALL_MS + 3_600_000) === true) pass(BEAT_MS);
    expect(nowMs()).toBe(TTL_MS);
  });

  test("after a time without looks the others have half a time to live to show themselves", () => {
    const { look, pass } = reader();
    look();
    pass(60_000);
    expect(look()).toBe(true);
    pass(TTL_MS / 2 - 1);
    expect(look()).toBe(true);
    pass(1);
    expect(look()).toBe(false);
  });
});
