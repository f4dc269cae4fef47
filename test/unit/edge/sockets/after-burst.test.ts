import { expect, test } from "bun:test";
import { EdgeCounters } from "../../../../src/edge/figures/edge-counters.ts";
import {
  AfterBurst,
  BURST_MIN,
  COLLECTED_MAX,
  LOOK_MS,
  QUIET_FRAMES_MAX,
} from "../../../../src/edge/sockets/after-burst.ts";
import { EventQueue, VirtualClock } from "../../../sim/virtual-clock.ts";

test("many that came or went are told of once, when it is quiet; few are not", () => {
  const queue = new EventQueue();
  const clock = new VirtualClock(queue, 0);
  const counters = new EdgeCounters();
  let told = 0;
  const burst = new AfterBurst(clock, counters, () => {
    told += 1;
  });
  const look = (): void => {
    const untilMs = queue.nowMs + LOOK_MS;
    while (queue.runNext(untilMs));
  };
  counters.connectionsOpened += BURST_MIN - 1;
  look();
  look();
  expect(told).toBe(0);
  counters.connectionsClosed += 1;
  counters.framesReceived += QUIET_FRAMES_MAX + 1;
  look();
  expect(told).toBe(0);
  counters.framesReceived += QUIET_FRAMES_MAX;
  look();
  look();
  expect(told).toBe(1);
  counters.connectionsClosed += BURST_MIN;
  look();
  expect(told).toBe(1);
  look();
  expect(told).toBe(2);
  counters.connectionsOpened += COLLECTED_MAX + 3;
  look();
  look();
  expect(told).toBe(2);
  counters.connectionsClosed += 1;
  look();
  expect(told).toBe(3);
  burst.stop();
});
