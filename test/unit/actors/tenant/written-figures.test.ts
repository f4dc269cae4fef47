/** What a shard counts of what its rooms commit. */
import { expect, test } from "bun:test";
import { WrittenFigures } from "../../../../src/actors/tenant/written-figures.ts";
import { HOUR_MS } from "../../../../src/base/days.ts";
import type { RoomId, Seq, TenantId, UserId } from "../../../../src/base/ids.ts";
import { FIGURES_TELL_MS } from "../../../../src/base/limits.ts";
import { Distinct } from "../../../../src/base/distinct.ts";
import type { FiguresDelta } from "../../../../src/domain/figures.ts";
import type { LogEvent } from "../../../../src/domain/room/events.ts";
import { EventQueue, VirtualClock } from "../../../sim/virtual-clock.ts";

const NOON = Date.UTC(2026, 0, 31, 12);
const room = { tenant: "t" as TenantId, room: "plaza" as RoomId, counted: undefined };

function sent(by: string, timestamp: number, as?: string): LogEvent {
  return { kind: "message_sent", seq: 1 as Seq, by: by as UserId, timestamp, ...(as && { as }) } as LogEvent;
}

function setUp() {
  const queue = new EventQueue();
  const clock = new VirtualClock(queue, 0);
  const run = (untilMs: number): void => {
    while (queue.runNext(untilMs));
  };
  const told: (readonly FiguresDelta[])[] = [];
  return { run, told, figures: new WrittenFigures(clock, (deltas) => void told.push(deltas)) };
}

const hoursOf = (deltas: readonly FiguresDelta[] = []) =>
  deltas.flatMap(({ figures }) =>
    figures.hours.map(({ hour, messages, writers }) => [hour, messages, Distinct.of(writers).count]),
  );

test("messages and who wrote them are told together, once in a while; nothing is told of nothing", () => {
  const { run, told, figures } = setUp();
  figures.committed(room, [sent("ann", NOON), sent("ben", NOON), { ...sent("ann", NOON), kind: "fence" } as LogEvent]);
  figures.committed(room, [sent("ann", NOON)]);
  run(FIGURES_TELL_MS - 1);
  expect(told).toEqual([]);
  run(FIGURES_TELL_MS);
  expect(hoursOf(told[0])).toEqual([[12, 3, 2]]);
  expect(told[0]?.[0]?.figures.rooms).toEqual([["plaza", 3]]);
  run(10 * FIGURES_TELL_MS);
  expect(told).toHaveLength(1);
});

test("each message counts in its own hour, and whoever writes under a pseudonym is nobody", () => {
  const { run, told, figures } = setUp();
  figures.committed(room, [sent("ann", NOON + HOUR_MS - 1), sent("ben", NOON + HOUR_MS, "mask")]);
  figures.committed(room, [sent("ann", NOON + HOUR_MS + 1)]);
  run(FIGURES_TELL_MS);
  expect(hoursOf(told[0])).toEqual([
    [12, 1, 1],
    [13, 2, 1],
  ]);
});
