/** Requests that wait for a feed, named consumers moved by two at once, and who looks for what others changed. */
import { expect, test } from "bun:test";
import type { TenantId, UserId } from "../../../src/base/ids.ts";
import { FEED_LOOK_MS, FEED_WAITING_MAX, FEED_WATCH_MS } from "../../../src/base/limits.ts";
import { FeedWatch } from "../../../src/feed/feed-watch.ts";
import { EventQueue, VirtualClock } from "../../sim/virtual-clock.ts";
import { ACME, FeedRig } from "../../support/feed-rig.ts";
import { unwrap } from "../../support/unwrap.ts";

const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i += 1) await new Promise<void>((resolve) => setImmediate(resolve));
};

function timed() {
  const queue = new EventQueue();
  const clock = new VirtualClock(queue, 1_750_000_000_000);
  const rig = new FeedRig(clock);
  const run = async (ms: number): Promise<void> => {
    const until = queue.nowMs + ms;
    do await settle();
    while (queue.runNext(until));
  };
  return { queue, clock, rig, run };
}

test("whoever waits is answered when it rings, when another node wrote, and at the end of the wait", async () => {
  const { queue, rig, run } = timed();
  rig.fill("a", 1, 3);
  const answers: string[] = [];
  const wait = (name: string, waitMs: number): void => {
    void rig.parts.feed.page(ACME, "beginning", { limit: 10, waitMs }).then((page) => {
      answers.push(`${name} ${unwrap(page).events.length} after ${queue.nowMs}`);
    });
  };
  wait("short", 500);
  wait("long", 20_000);
  await run(600);
  expect(answers).toEqual(["short 0 after 500"]);
  await rig.parts.stream.append(ACME, [rig.range("a", 0, 3)]);
  rig.parts.bell.ring("other" as TenantId);
  await settle();
  expect(answers).toHaveLength(1);
  rig.parts.bell.ring(ACME);
  await settle();
  expect(answers[1]).toBe("long 3 after 600");

  // Nobody rings: it looks by itself.
  const { rig: silent, run: runSilent, queue: silentQueue } = timed();
  silent.fill("a", 1, 1);
  let answeredMs = 0;
  void silent.parts.feed.page(ACME, "beginning", { limit: 10, waitMs: 20_000 }).then(() => {
    answeredMs = silentQueue.nowMs;
  });
  await settle();
  await silent.parts.stream.append(ACME, [silent.range("a", 0, 1)]);
  await runSilent(FEED_LOOK_MS);
  expect(answeredMs).toBe(FEED_LOOK_MS);
});

test("so many requests may wait, and one more is told to come back", async () => {
  const { rig } = timed();
  const { bell } = rig.parts;
  for (let i = 0; i < FEED_WAITING_MAX - 1; i += 1) void bell.wait(ACME, 20_000);
  expect(bell.hasRoom).toBe(true);
  void rig.parts.feed.page(ACME, "beginning", { limit: 10, waitMs: 20_000 });
  await settle();
  expect(bell.hasRoom).toBe(false);
  const one = await rig.parts.feed.page(ACME, "beginning", { limit: 10, waitMs: 20_000 });
  expect(one).toMatchObject({ ok: false, error: { code: "overloaded" } });
  expect((await rig.parts.feed.page(ACME, "beginning", { limit: 10, waitMs: 0 })).ok).toBe(true);
});

test("of two who commit from the same place one is told that the other was first", async () => {
  const { rig } = timed();
  const { feed } = rig.parts;
  unwrap(await feed.put(ACME, "crm", { by: "root" as UserId }));
  const from = unwrap(await feed.consumer(ACME, "crm")).cursor;
  const both = await Promise.all([
    feed.commit(ACME, "crm", { after: "5-0-0-0", from }),
    feed.commit(ACME, "crm", { after: "6-0-0-0", from }),
  ]);
  expect(both.map((result) => (result.ok ? "moved" : result.error.code)).toSorted()).toEqual(["conflict", "moved"]);
  // What it wants stays when it is only moved.
  unwrap(await feed.put(ACME, "crm", { by: "root" as UserId, types: ["new_message"] }));
  const moved = unwrap(await feed.put(ACME, "crm", { by: "root" as UserId, from: { after: "2-0-0-0" } }));
  expect(moved).toMatchObject({ cursor: "2-0-0-0", types: ["new_message"], isNew: false });
  // An empty list wants everything again.
  const all = unwrap(await feed.put(ACME, "crm", { by: "root" as UserId, types: [] }));
  expect(all.types).toBeUndefined();
});

test("who looks sees each change of each tenant once, within its time, and one that was told at once", async () => {
  const { rig, run, clock } = timed();
  const { registry } = rig.parts;
  unwrap(await registry.ensure(ACME));
  const seen: string[] = [];
  const watch = new FeedWatch({
    registry,
    clock,
    have: (tenants) => void seen.push(`have ${tenants.length}`),
    changed: (tenant) => void seen.push(`changed ${tenant}`),
  });
  watch.look();
  await settle();
  expect(seen.splice(0)).toEqual(["have 1", "changed acme"]);
  unwrap(await registry.touch("other" as TenantId));
  unwrap(await registry.touch(ACME));
  await run(FEED_WATCH_MS);
  expect(seen.splice(0)).toEqual(["have 2", "changed acme", "changed other"]);
  await run(FEED_WATCH_MS);
  expect(seen.splice(0)).toEqual(["have 2"]);
  unwrap(await registry.touch(ACME));
  watch.look();
  await settle();
  expect(seen.splice(0)).toEqual(["have 2", "changed acme"]);
  watch.stop();
});
