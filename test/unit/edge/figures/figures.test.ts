/** Figures that are handed on: a round that is under way when the node stops is the last one. */
import { expect, test } from "bun:test";
import type { TenantId, UserId } from "../../../../src/base/ids.ts";
import { Figures } from "../../../../src/edge/figures/figures.ts";
import { EventQueue, VirtualClock } from "../../../sim/virtual-clock.ts";

const EVERY_MS = 1_000;

test("a round that is under way when it is stopped is not followed by another", async () => {
  const queue = new EventQueue();
  const written = Promise.withResolvers<boolean>();
  const begun = Promise.withResolvers<void>();
  const figures = new Figures({
    clock: new VirtualClock(queue, 1_750_000_000_000),
    everyMs: EVERY_MS,
    connections: () => [],
    write: () => {
      begun.resolve();
      return written.promise;
    },
  });
  figures.seen({ tenant: "acme" as TenantId, userId: "ann" as UserId, role: "user" });
  expect(queue.runNext(EVERY_MS)).toBeTrue();
  await begun.promise;
  const stopped = figures.stop();
  written.resolve(true);
  await stopped;
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(queue.runNext(10 * EVERY_MS)).toBeFalse();
});
