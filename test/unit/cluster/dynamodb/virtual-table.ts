/** A table in virtual time, and the running of that time with the promises that hang on it. */
import type { Clock } from "../../../../src/base/clock.ts";
import { EventQueue, VirtualClock } from "../../../sim/virtual-clock.ts";
import { MemoryTable } from "../../../support/memory-table.ts";

export const WALL_MS = 1_700_000_000_000;

export function virtualTable() {
  const queue = new EventQueue();
  const clock: Clock = new VirtualClock(queue, WALL_MS);
  const calls = new MemoryTable(clock);
  /** Lets so many milliseconds pass. */
  const pass = async (ms: number): Promise<void> => {
    const untilMs = queue.nowMs + ms;
    do await new Promise((resolve) => setImmediate(resolve));
    while (queue.runNext(untilMs));
  };
  return {
    clock,
    calls,
    table: { calls, name: "cluster" },
    pass,
    clockAhead: (ms: number) => new VirtualClock(queue, WALL_MS + ms),
  };
}
