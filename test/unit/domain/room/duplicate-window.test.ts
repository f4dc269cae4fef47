import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { UserId } from "../../../../src/base/ids.ts";
import {
  DUPLICATE_WINDOW_AGE_MS_MAX,
  DUPLICATE_WINDOW_EVENTS_MAX,
  DUPLICATE_WINDOW_EVENTS_MIN,
} from "../../../../src/base/limits.ts";
import { DuplicateWindow } from "../../../../src/domain/room/duplicate-window.ts";

const ANN = "ann" as UserId;
const BOB = "bob" as UserId;

function filled(count: number, stepMs = 1): DuplicateWindow {
  const window = new DuplicateWindow();
  for (let seq = 1; seq <= count; seq += 1) window.add(ANN, `c${seq}`, seq, 1_000 + seq * stepMs, seq * 7);
  return window;
}

describe("the duplicate window", () => {
  test("finds a request by user and client id with its sequence, time and body", () => {
    const window = filled(3);
    expect(window.find(ANN, "c2")).toEqual({ seq: 2, timestamp: 1_002, bodyHash: 14 });
    expect(window.find(BOB, "c2")).toBeUndefined();
    expect(window.find(ANN, "c4")).toBeUndefined();
    expect(new DuplicateWindow().find(ANN, "c1")).toBeUndefined();
  });

  test("tells (ab, c) from (a, bc)", () => {
    const window = new DuplicateWindow();
    window.add("ab" as UserId, "c", 1, 1, 1);
    expect(window.find("a" as UserId, "bc")).toBeUndefined();
    expect(window.find("ab" as UserId, "c")?.seq).toBe(1);
  });

  test("keeps the first of several events of one request", () => {
    const window = new DuplicateWindow();
    window.add(ANN, "c", 1, 10, 5);
    window.add(ANN, "c", 2, 10, 5);
    expect(window.find(ANN, "c")?.seq).toBe(1);
    expect(window.size).toBe(1);
  });

  test("keeps body hashes above 2^31", () => {
    const window = new DuplicateWindow();
    window.add(ANN, "c", 1, 10, 0xffff_fffe);
    expect(window.find(ANN, "c")?.bodyHash).toBe(0xffff_fffe);
    expect(DuplicateWindow.fromBytes(window.toBytes()).find(ANN, "c")?.bodyHash).toBe(0xffff_fffe);
  });

  test("at the bound everything is known; one past it the oldest is forgotten and the floor says so", () => {
    const window = filled(DUPLICATE_WINDOW_EVENTS_MAX);
    expect([window.size, window.floor]).toEqual([DUPLICATE_WINDOW_EVENTS_MAX, 0]);
    expect(window.find(ANN, "c1")?.seq).toBe(1);
    window.add(ANN, "one more", DUPLICATE_WINDOW_EVENTS_MAX + 1, 99_999, 1);
    expect([window.size, window.floor]).toEqual([DUPLICATE_WINDOW_EVENTS_MAX, 1]);
    expect(window.find(ANN, "c1")).toBeUndefined();
    expect(window.find(ANN, "c2")?.seq).toBe(2);
    expect(window.find(ANN, "one more")?.seq).toBe(DUPLICATE_WINDOW_EVENTS_MAX + 1);
  });

  test("forgets what is older than the age limit, but never the newest few", () => {
    const count = DUPLICATE_WINDOW_EVENTS_MIN + 10;
    const window = filled(count);
    window.expire(1_005 + DUPLICATE_WINDOW_AGE_MS_MAX);
    expect(window.floor).toBe(4);
    expect(window.find(ANN, "c4")).toBeUndefined();
    expect(window.find(ANN, "c5")?.seq).toBe(5);
    window.expire(Number.MAX_SAFE_INTEGER);
    expect([window.size, window.floor]).toEqual([DUPLICATE_WINDOW_EVENTS_MIN, 10]);
    expect(window.find(ANN, "c11")?.seq).toBe(11);
  });

  test("survives bytes: what was known is known, the floor stays", () => {
    const window = filled(5_000, 977);
    window.expire(1_000 + 4_000 * 977);
    const copy = DuplicateWindow.fromBytes(window.toBytes());
    expect(copy.floor).toBe(window.floor);
    expect(copy.size).toBe(window.size);
    for (let seq = 1; seq <= 5_000; seq += 1) expect(copy.find(ANN, `c${seq}`)).toEqual(window.find(ANN, `c${seq}`));
    expect(copy.toBytes()).toEqual(window.toBytes());
  });

  test("refuses bytes that are cut short or of another version", () => {
    const bytes = filled(3).toBytes();
    expect(() => DuplicateWindow.fromBytes(bytes.subarray(0, bytes.length - 1))).toThrow();
    expect(() => DuplicateWindow.fromBytes(Uint8Array.from([9, ...bytes.subarray(1)]))).toThrow("version 9");
  });

  test("agrees with a plain Map through any sequence of additions and expiries", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ client: fc.nat(700), stepMs: fc.nat(8_000), expire: fc.boolean() }), {
          maxLength: 1_500,
          size: "max",
        }),
        (steps) => {
          const window = new DuplicateWindow();
          const model = new Map<string, { seq: number; timestamp: number }>();
          let now = 0;
          let floor = 0;
          for (const [index, { client, stepMs, expire }] of steps.entries()) {
            now += stepMs;
            const id = `c${client}`;
            window.add(ANN, id, index + 1, now, 0);
            if (!model.has(id)) model.set(id, { seq: index + 1, timestamp: now });
            if (!expire) continue;
            window.expire(now);
            for (const [key, entry] of model) {
              if (model.size <= DUPLICATE_WINDOW_EVENTS_MIN || entry.timestamp >= now - DUPLICATE_WINDOW_AGE_MS_MAX)
                break;
              model.delete(key);
              floor = entry.seq;
            }
          }
          expect(window.size).toBe(model.size);
          expect(window.floor).toBe(floor);
          for (let client = 0; client <= 700; client += 1) {
            expect(window.find(ANN, `c${client}`)?.seq).toBe(model.get(`c${client}`)?.seq);
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});
