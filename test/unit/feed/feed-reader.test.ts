/** Pages of a tenant's feed: order, no gap, no more than asked, and what can't be read is said or waited for. */
import { describe, expect, test } from "bun:test";
import type { Call } from "../../../src/actors/calls.ts";
import type { RoomId } from "../../../src/base/ids.ts";
import {
  FEED_ENTRIES_MAX,
  FEED_PAGE_BYTES_MAX,
  FEED_PAGE_MAX,
  FEED_ROOM_PATIENCE_MS,
} from "../../../src/base/limits.ts";
import { cursorText, FEED_START, type FeedCursor, parseCursor } from "../../../src/feed/cursor.ts";
import type { FeedMissing, FeedWish } from "../../../src/feed/feed-reader.ts";
import { EventQueue, VirtualClock } from "../../sim/virtual-clock.ts";
import { ACME, FeedRig } from "../../support/feed-rig.ts";
import { unwrap } from "../../support/unwrap.ts";

async function entries(rig: FeedRig, ...all: readonly (readonly [room: string, after: number, to: number][])[]) {
  for (const ranges of all) {
    unwrap(
      await rig.parts.stream.append(
        ACME,
        ranges.map(([room, after, to]) => rig.range(room, after, to)),
      ),
    );
  }
}

/** Every page from `cursor` on, until nothing follows. */
async function readAll(rig: FeedRig, wish: FeedWish, from: FeedCursor = FEED_START) {
  const seen: string[] = [];
  const sizes: number[] = [];
  for (let cursor = from; ; ) {
    const page = unwrap(await rig.parts.reader.page(ACME, cursor, wish));
    sizes.push(page.events.length);
    for (const { roomId, seq } of page.events) seen.push(`${roomId}${seq}`);
    cursor = page.cursor;
    if (!page.hasMore) return { seen, sizes, cursor };
  }
}
const names = (room: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `${room}${from + i}`);

describe("pages", () => {
  test("have what the entries name, in their order, whatever their size, and each event once", async () => {
    const rig = new FeedRig();
    rig.fill("a", 1, 20);
    rig.fill("b", 1, 5);
    await entries(
      rig,
      [
        ["a", 0, 3],
        ["b", 0, 2],
      ],
      [["a", 3, 12]],
      [
        ["b", 2, 5],
        ["a", 12, 20],
      ],
    );
    const order = [...names("a", 1, 3), ...names("b", 1, 2), ...names("a", 4, 12), ...names("b", 3, 5)];
    for (const limit of [1, 2, 3, 7, 25, FEED_PAGE_MAX]) {
      const { seen, sizes, cursor } = await readAll(rig, { limit });
      expect([limit, seen]).toEqual([limit, [...order, ...names("a", 13, 20)]]);
      expect(Math.max(...sizes)).toBe(Math.min(limit, 25));
      expect(cursor).toEqual({ ...FEED_START, entry: 4 });
    }
  });

  test("go over as many entries and events of one room as there are", async () => {
    const rig = new FeedRig();
    rig.fill("a", 1, 3_000);
    rig.fill("b", 1, 100);
    await entries(
      rig,
      [["a", 0, 3_000]],
      ...names("b", 1, 100).map((_, i) => [["b", i, i + 1] as [string, number, number]]),
    );
    const { seen } = await readAll(rig, { limit: FEED_PAGE_MAX });
    expect(seen).toEqual([...names("a", 1, 3_000), ...names("b", 1, 100)]);
    const first = unwrap(await rig.parts.reader.page(ACME, { ...FEED_START, entry: 2 }, { limit: FEED_PAGE_MAX }));
    expect([first.events.length, first.hasMore]).toEqual([FEED_ENTRIES_MAX, true]);
  });

  test("end where they are large enough", async () => {
    const rig = new FeedRig();
    const long = "x".repeat(100_000);
    rig.rooms.set(
      "a",
      Array.from({ length: 20 }, (_, i) => {
        const seq = i + 1;
        return { type: "message_pinned", messageId: long as never, by: "ada" as never, seq, timestamp: seq };
      }),
    );
    await entries(rig, [["a", 0, 20]]);
    const { seen, sizes } = await readAll(rig, { limit: FEED_PAGE_MAX });
    expect(seen).toEqual(names("a", 1, 20));
    // One that would go beyond is the last one.
    expect(Math.max(...sizes)).toBe(Math.ceil(FEED_PAGE_BYTES_MAX / 100_100));
  });

  test("show only the rooms and types that are wanted, and go past the others", async () => {
    const rig = new FeedRig();
    rig.fill("a", 1, 10);
    rig.fill("b", 1, 10);
    await entries(
      rig,
      [
        ["a", 0, 10],
        ["b", 0, 4],
      ],
      [["b", 4, 10]],
    );
    expect((await readAll(rig, { limit: 3, rooms: ["b" as RoomId] })).seen).toEqual(names("b", 1, 10));
    expect(rig.asked.some((call) => call.to === "room" && call.room === "a")).toBe(false);
    const none = await readAll(rig, { limit: 3, types: ["new_message"] });
    expect([none.seen, none.cursor]).toEqual([[], { ...FEED_START, entry: 3 }]);
  });

  test("what came again and ends earlier does not bring what follows it twice", async () => {
    const rig = new FeedRig();
    rig.fill("a", 1, 6);
    await entries(rig, [["a", 0, 2]], [["a", 2, 4]], [["a", 0, 2]], [["a", 2, 6]]);
    expect((await readAll(rig, { limit: 50 })).seen).toEqual(names("a", 1, 6));
  });

  test("what a later entry says again from the start does not stop a page that begins in the middle of a long range", async () => {
    const rig = new FeedRig();
    rig.fill("a", 1, 40);
    // As two nodes write them that follow one log for a moment.
    await entries(rig, [["a", 0, 33]], [["a", 0, 40]]);
    const limit = 5;
    const seen: string[] = [];
    let cursor = FEED_START;
    for (let pages = 0; pages < 40; pages += 1) {
      const page = unwrap(await rig.parts.reader.page(ACME, cursor, { limit }));
      for (const { roomId, seq } of page.events) seen.push(`${roomId}${seq}`);
      cursor = page.cursor;
      if (!page.hasMore) break;
    }
    expect(cursor.entry).toBe(3);
    expect([...new Set(seen)]).toEqual(names("a", 1, 40));
  });

  test("what came again in the stream is shown once on a page, and never out of order", async () => {
    const rig = new FeedRig();
    rig.fill("a", 1, 10);
    await entries(rig, [["a", 0, 6]], [["a", 3, 6]], [["a", 0, 2]], [["a", 6, 10]]);
    expect((await readAll(rig, { limit: 100 })).seen).toEqual(names("a", 1, 10));
  });
});

describe("a moment to begin at", () => {
  test("leaves out what happened before, and does not read all of a long history for it", async () => {
    const rig = new FeedRig();
    rig.fill("a", 1, 100_000);
    rig.fill("old", 1, 10);
    await entries(rig, [
      ["a", 0, 100_000],
      ["old", 0, 10],
    ]);
    const since = { ...FEED_START, sinceMs: 1_000 * 99_990 };
    expect((await readAll(rig, { limit: 100 }, since)).seen).toEqual(names("a", 99_990, 100_000));
    expect(rig.asked.filter(({ to }) => to === "room").length).toBeLessThan(25);
    expect(rig.asked.some((call) => call.to === "room" && call.room === "old")).toBe(false);
  });

  test("is found among the entries, also where the first ones are kept no more", async () => {
    const rig = new FeedRig();
    for (let i = 0; i < 20; i += 1) await entries(rig, [["a", i, i + 1]]);
    for (const [name, kept] of rig.documents) {
      const no = Number(name.split("/")[2]);
      rig.documents.set(name, { ...kept, value: { ...kept.value, at: 1_000 * no } });
      if (no <= 5) rig.documents.delete(name);
    }
    for (const [ms, no] of [
      [0, 6],
      [6_000, 6],
      [6_001, 7],
      [13_500, 14],
      [20_000, 20],
      [20_001, 21],
    ] as const) {
      expect([ms, unwrap(await rig.parts.stream.at(ACME, ms))]).toEqual([ms, no]);
    }
  });
});

describe("what can't be read", () => {
  test("now is waited for: the page ends before it, or fails when it is the first", async () => {
    const rig = new FeedRig();
    rig.fill("a", 1, 3);
    rig.fill("b", 1, 3);
    await entries(rig, [
      ["a", 0, 3],
      ["b", 0, 3],
    ]);
    rig.trouble = (call) => (call.to === "room" && call.room === "b" ? { code: "unavailable" } : undefined);
    const page = unwrap(await rig.parts.reader.page(ACME, FEED_START, { limit: 10 }));
    expect([page.events.map(({ seq }) => seq), page.hasMore]).toEqual([[1, 2, 3], true]);
    expect(await rig.parts.reader.page(ACME, page.cursor, { limit: 10 })).toMatchObject({ ok: false });
    rig.trouble = () => undefined;
    expect((await readAll(rig, { limit: 10 }, page.cursor)).seen).toEqual(names("b", 1, 3));
  });

  test("of a room that has not heard of its own last events is waited for, too", async () => {
    const rig = new FeedRig();
    rig.fill("a", 1, 3);
    await entries(rig, [["a", 0, 5]]);
    const page = unwrap(await rig.parts.reader.page(ACME, FEED_START, { limit: 10 }));
    expect([page.events.map(({ seq }) => seq), page.hasMore]).toEqual([[1, 2, 3], true]);
    expect(await rig.parts.reader.page(ACME, page.cursor, { limit: 10 })).toMatchObject({ ok: false });
    rig.fill("a", 4, 5);
    expect((await readAll(rig, { limit: 10 }, page.cursor)).seen).toEqual(["a4", "a5"]);
  });

  test("ever again is named, and the rest goes on", async () => {
    const rig = new FeedRig();
    rig.fill("a", 1, 3);
    await entries(rig, [
      ["gone", 0, 7],
      ["a", 0, 3],
    ]);
    const page = unwrap(await rig.parts.reader.page(ACME, FEED_START, { limit: 100 }));
    expect(page.missing).toEqual([{ roomId: "gone" as RoomId, from: 1, to: 7 }]);
    expect(page.events).toHaveLength(3);
  });

  test("of a room's front is named once, range by range, and what is left comes once", async () => {
    const rig = new FeedRig();
    rig.fill("a", 8, 20);
    await entries(rig, [["a", 0, 5]], [["a", 5, 12]], [["a", 12, 20]]);
    const missing: FeedMissing[] = [];
    const seen: number[] = [];
    for (let cursor = FEED_START; ; ) {
      const page = unwrap(await rig.parts.reader.page(ACME, cursor, { limit: 4 }));
      missing.push(...page.missing);
      seen.push(...page.events.map(({ seq }) => seq));
      cursor = page.cursor;
      if (!page.hasMore) break;
    }
    expect(missing.map(({ from, to }) => [from, to])).toEqual([
      [1, 5],
      [6, 7],
    ]);
    expect(seen).toEqual(Array.from({ length: 13 }, (_, i) => 8 + i));
  });

  test("for long, without an answer, is passed over and named; it comes behind all else when the room answers again", async () => {
    const queue = new EventQueue();
    const clock = new VirtualClock(queue, 1_750_000_000_000);
    const rig = new FeedRig(clock);
    rig.fill("a", 1, 3);
    rig.fill("b", 1, 5);
    await entries(rig, [["b", 0, 5]], [["a", 0, 3]]);
    rig.trouble = (call) => (call.to === "room" && call.room === "b" ? { code: "unavailable" } : undefined);
    const read = (from: FeedCursor = FEED_START) => rig.parts.reader.page(ACME, from, { limit: 10 });
    expect(await read()).toMatchObject({ ok: false, error: { code: "unavailable" } });
    queue.runNext(FEED_ROOM_PATIENCE_MS - 1);
    expect(await read()).toMatchObject({ ok: false });
    expect(rig.reports).toEqual([]);
    queue.runNext(FEED_ROOM_PATIENCE_MS);
    const page = unwrap(await read());
    expect(page.missing).toEqual([{ roomId: "b" as RoomId, from: 1, to: 5, reason: "unreadable" }]);
    expect(page.events.map(({ roomId }) => roomId as string)).toEqual(["a", "a", "a"]);
    const everywhere = (): boolean => true;
    await rig.parts.passed.look(everywhere);
    expect(rig.reports).toEqual(["feed_room_passed"]);
    rig.trouble = () => undefined;
    await rig.parts.passed.look(() => false);
    expect((await readAll(rig, { limit: 10 }, page.cursor)).seen).toEqual([]);
    await rig.parts.passed.look(everywhere);
    await rig.parts.passed.look(everywhere);
    expect((await readAll(rig, { limit: 10 }, page.cursor)).seen).toEqual(names("b", 1, 5));
    expect(rig.reports).toEqual(["feed_room_passed", "feed_room_read_again"]);
  });

  test("for its log is at fault is passed over at once, by several readers of several stretches, and comes whole", async () => {
    const rig = new FeedRig();
    rig.fill("a", 1, 9);
    rig.fill("b", 1, 1);
    await entries(rig, [["a", 0, 4]], [["b", 0, 1]], [["a", 4, 9]]);
    rig.trouble = (call) => (call.to === "room" && call.room === "a" ? { code: "room_quarantined" } : undefined);
    const end = await readAll(rig, { limit: 1 });
    expect(end.seen).toEqual(["b1"]);
    const all = unwrap(await rig.parts.reader.page(ACME, FEED_START, { limit: 10 }));
    expect(all.missing).toEqual([{ roomId: "a" as RoomId, from: 1, to: 9, reason: "unreadable" }]);
    rig.trouble = () => undefined;
    await rig.parts.passed.look(() => true);
    expect((await readAll(rig, { limit: 10 }, end.cursor)).seen).toEqual(names("a", 1, 9));
  });

  test("is not passed over where that cannot be put on record, and not looked for where its room is gone", async () => {
    const rig = new FeedRig();
    rig.fill("b", 1, 1);
    await entries(rig, [["a", 0, 4]], [["b", 0, 1]]);
    const isOfA = (call: Call): boolean => call.to === "room" && call.room === "a";
    const writes = (call: Call): boolean => call.to === "user" && call.kind === "keep" && call.ask.do === "write";
    rig.trouble = (call) => {
      if (isOfA(call)) return { code: "room_quarantined" };
      return writes(call) ? { code: "internal" } : undefined;
    };
    const read = () => rig.parts.reader.page(ACME, FEED_START, { limit: 10 });
    expect(await read()).toMatchObject({ ok: false, error: { code: "unavailable" } });
    rig.trouble = (call) => (isOfA(call) ? { code: "room_quarantined" } : undefined);
    expect(unwrap(await read()).events).toHaveLength(1);
    rig.trouble = () => undefined;
    await rig.parts.passed.look(() => true);
    expect([...rig.documents.keys()].filter((name) => name.includes("feed_passed"))).toEqual([]);
    expect(rig.reports).toEqual(["feed_room_passed"]);
  });

  test("of the stream itself is named: entries that are kept no more", async () => {
    const rig = new FeedRig();
    rig.fill("a", 1, 300);
    for (let i = 0; i < 150; i += 1) await entries(rig, [["a", i, i + 1]]);
    // A page of the oldest, twice; the newest one stays whatever its age.
    expect(unwrap(await rig.parts.stream.trim(ACME, Number.MAX_SAFE_INTEGER))).toBe(true);
    expect(unwrap(await rig.parts.stream.trim(ACME, Number.MAX_SAFE_INTEGER))).toBe(false);
    const page = unwrap(await rig.parts.reader.page(ACME, FEED_START, { limit: 100 }));
    expect([page.missing, page.events.map(({ seq }) => seq)]).toEqual([[{ from: 1, to: 149 }], [150]]);
    expect(unwrap(await rig.parts.stream.append(ACME, [rig.range("a", 150, 151)]))).toBe(151);
    // What is left is younger: nobody looks for it again before its time.
    expect(unwrap(await rig.parts.stream.trim(ACME, 1_000))).toBe(false);
    const { length } = rig.asked;
    expect(unwrap(await rig.parts.stream.trim(ACME, 1_000))).toBe(false);
    expect(rig.asked).toHaveLength(length);
  });
});

test("two who write to one stream never take one place, and leave none out", async () => {
  const rig = new FeedRig();
  const { documents, stream } = rig.parts;
  const other = new (stream.constructor as new (...parts: readonly unknown[]) => typeof stream)(documents, {
    wallMs: () => 1,
  });
  const all = await Promise.all(
    Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? stream : other).append(ACME, [rig.range("a", i, i + 1)])),
  );
  const numbers = all.flatMap((result) => (result.ok ? [result.value] : []));
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(numbers).toHaveLength(16);
  expect(unwrap(await stream.from(ACME, 1, 100)).map(({ no }) => no)).toEqual(numbers.toSorted((a, b) => a - b));
});

test("an entry whose answer is lost is written once", async () => {
  const rig = new FeedRig();
  const { stream } = rig.parts;
  unwrap(await stream.append(ACME, [rig.range("a", 0, 1)]));
  rig.loses = (call) => {
    const isIt = call.kind === "keep" && call.ask.do === "write";
    if (isIt) rig.loses = () => false;
    return isIt;
  };
  expect(unwrap(await stream.append(ACME, [rig.range("a", 1, 2)]))).toBe(2);
  expect(unwrap(await stream.append(ACME, [rig.range("a", 2, 3)]))).toBe(3);
  expect(unwrap(await stream.from(ACME, 1, 10)).map(({ ranges }) => ranges.map(({ to }) => to))).toEqual([
    [1],
    [2],
    [3],
  ]);
});

test("a cursor is what it says, and what is none is none", () => {
  const cursor = { entry: 123, range: 4, seq: 99_999, sinceMs: 1_750_000_000_000 };
  expect(parseCursor(cursorText(cursor))).toEqual(cursor);
  for (const wrong of ["", "1-2-3", "0-0-0-0", "1-0-0-0-0", "x", "1-0-0-ZZ", `${"z".repeat(11)}-0-0-0`, "1--0-0"]) {
    expect([wrong, parseCursor(wrong)]).toEqual([wrong, undefined]);
  }
});
