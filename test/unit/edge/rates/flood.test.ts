import { expect, test } from "bun:test";
import { FLOOD_BURSTS, FLOOD_FORGIVEN_MS, FLOOD_PAUSE_MS, FLOODS_MAX } from "../../../../src/base/limits.ts";
import { Flood } from "../../../../src/edge/rates/flood.ts";

const RATE = { perSecond: 10, burst: 4 };
const ALLOWED = FLOOD_BURSTS * RATE.burst;

function refuse(flood: Flood, nowMs: number, times: number) {
  let last = flood.refused(nowMs);
  for (let i = 1; i < times; i += 1) last = flood.refused(nowMs);
  return last;
}

test("as many refused frames as are allowed are told to wait; one more is a flood and pauses", () => {
  const flood = new Flood(RATE, 0);
  expect(refuse(flood, 0, ALLOWED)).toEqual({ kind: "wait" });
  expect(flood.refused(0)).toEqual({ kind: "pause", ms: FLOOD_PAUSE_MS });
});

test("what was read before the pause is not counted", () => {
  const flood = new Flood(RATE, 0);
  refuse(flood, 0, ALLOWED + 1);
  expect(refuse(flood, 500, 10_000)).toEqual({ kind: "pause", ms: FLOOD_PAUSE_MS - 500 });
  expect(flood.refused(FLOOD_PAUSE_MS)).toEqual({ kind: "wait" });
});

test("so many floods are paused, the next one closes", () => {
  const flood = new Flood(RATE, 0);
  let nowMs = 0;
  for (let i = 0; i < FLOODS_MAX; i += 1) {
    expect(refuse(flood, nowMs, ALLOWED + 1).kind).toBe("pause");
    nowMs += FLOOD_PAUSE_MS;
  }
  expect(refuse(flood, nowMs, ALLOWED)).toEqual({ kind: "wait" });
  expect(flood.refused(nowMs)).toEqual({ kind: "close" });
});

test("after a quiet minute former floods are forgiven, a millisecond before they are not", () => {
  for (const [quietMs, kind] of [
    [FLOOD_FORGIVEN_MS, "pause"],
    [FLOOD_FORGIVEN_MS - 1, "close"],
  ] as const) {
    const flood = new Flood(RATE, 0);
    let nowMs = 0;
    for (let i = 0; i < FLOODS_MAX; i += 1) {
      refuse(flood, nowMs, ALLOWED + 1);
      nowMs += FLOOD_PAUSE_MS;
    }
    expect(refuse(flood, nowMs + quietMs, ALLOWED + 1).kind).toBe(kind);
  }
});

test("whoever sends twice what is allowed, and waits when told, never floods", () => {
  const flood = new Flood(RATE, 0);
  for (let nowMs = 0; nowMs < 600_000; nowMs += 1000 / RATE.perSecond) {
    expect(flood.refused(nowMs)).toEqual({ kind: "wait" });
  }
});

test("after a pause, and after being forgiven, all is allowed as at first", () => {
  const flood = new Flood(RATE, 0);
  refuse(flood, 0, ALLOWED + 1);
  expect(refuse(flood, FLOOD_PAUSE_MS, ALLOWED)).toEqual({ kind: "wait" });
  let nowMs = FLOOD_PAUSE_MS + FLOOD_FORGIVEN_MS;
  for (let i = 0; i < FLOODS_MAX; i += 1) {
    expect(refuse(flood, nowMs, ALLOWED + 1).kind).toBe("pause");
    nowMs += FLOOD_PAUSE_MS;
  }
  expect(refuse(flood, nowMs, ALLOWED + 1).kind).toBe("close");
});
