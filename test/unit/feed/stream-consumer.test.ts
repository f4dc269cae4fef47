/** Who writes the streams: a trimming that is under way when it is stopped is the last one. */
import { expect, test } from "bun:test";
import { FEED_TRIM_MS } from "../../../src/base/limits.ts";
import { StreamConsumer } from "../../../src/feed/stream-consumer.ts";
import { EventQueue, VirtualClock } from "../../sim/virtual-clock.ts";
import { ACME, FeedRig } from "../../support/feed-rig.ts";

test("a trimming that is under way when it is stopped is not followed by another", async () => {
  const queue = new EventQueue();
  const clock = new VirtualClock(queue, 1_750_000_000_000);
  const { stream } = new FeedRig(clock).parts;
  const trimmed = Promise.withResolvers<void>();
  const trim = stream.trim.bind(stream);
  stream.trim = async (...range) => {
    const done = await trim(...range);
    trimmed.resolve();
    return done;
  };
  const consumer = new StreamConsumer({ stream, clock, keptMs: 1_000, streamed: () => undefined });
  consumer.follow([ACME]);
  expect(queue.runNext(FEED_TRIM_MS)).toBeTrue();
  consumer.stop();
  await trimmed.promise;
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(queue.runNext(10 * FEED_TRIM_MS)).toBeFalse();
});
