/** Who delivers to a webhook, with a receiver whose answers are written and time that a test owns. */
import { expect, test } from "bun:test";
import { WEBHOOK_DEAD_MAX, WEBHOOK_EVENTS_MAX, WEBHOOKS_AT_ONCE } from "../../../../src/base/limits.ts";
import { cursorText, FEED_START } from "../../../../src/feed/cursor.ts";
import type { Outcome } from "../../../../src/integrations/webhooks/webhook-sender.ts";
import { ACME } from "../../../support/feed-rig.ts";
import { unwrap } from "../../../support/unwrap.ts";
import { AWAY, REFUSED, SETTINGS, TAKEN, WebhookRig } from "../../../support/webhook-rig.ts";

test("one delivery at a time, in order, page after page, and the place moves with what was taken", async () => {
  const rig = new WebhookRig();
  await rig.append("a", 0, 600);
  const id = await rig.make();
  rig.start();
  await rig.settle();
  expect(rig.sent.flatMap(({ seqs }) => seqs)).toEqual(Array.from({ length: 600 }, (_, i) => i + 1));
  expect(rig.sent[0]?.seqs).toHaveLength(WEBHOOK_EVENTS_MAX);
  expect((await rig.state(id)).place).toMatchObject({ cursor: "2-0-0-0", delivered: 600, dead: 0 });
  await rig.append("a", 600, 601);
  await rig.settle();
  expect(rig.sent.at(-1)?.seqs).toEqual([601]);
  rig.runners?.stop();
});

test("whoever is away is asked again after pauses that double up to a bound, or after the one that it names", async () => {
  const rig = new WebhookRig();
  rig.answer = () => AWAY;
  await rig.append("a", 0, 3);
  const id = await rig.make();
  rig.start();
  await rig.run(600_000);
  const pauses = rig.sent.slice(1).map(({ atMs }, i) => atMs - (rig.sent[i]?.atMs ?? 0));
  for (const [i, pause] of pauses.entries()) {
    const full = Math.min(60_000, 1_000 * 2 ** i);
    expect(pause).toBeGreaterThanOrEqual(full / 2);
    expect(pause).toBeLessThanOrEqual(full);
  }
  expect(pauses.length).toBeGreaterThan(10);
  expect(new Set(pauses.slice(7)).size).toBeGreaterThan(1);
  expect((await rig.state(id)).place).toMatchObject({ cursor: "1-0-0-0", failing: { why: "refused" } });
  // More of the same does not wake it before its time; what it does next is what was first.
  const before = rig.sent.length;
  await rig.append("a", 3, 4);
  await rig.settle();
  expect(rig.sent).toHaveLength(before);
  rig.answer = () => ({ kind: "away", why: "status 429", retryAfterMs: 200_000 });
  const { length } = rig.sent;
  await rig.run(60_000);
  const asked = rig.sent[length];
  if (asked === undefined) throw new Error("not asked again");
  await rig.run(asked.atMs + 199_000 - rig.queue.nowMs);
  expect(rig.sent).toHaveLength(length + 1);
  rig.answer = () => TAKEN;
  await rig.run(60_000);
  expect(rig.sent.at(-1)?.seqs).toEqual([1, 2, 3, 4]);
  expect((await rig.state(id)).place.failing).toBeUndefined();
  rig.runners?.stop();
});

test("nothing is held between two attempts: what is posted next is read anew", async () => {
  const rig = new WebhookRig();
  rig.answer = () => AWAY;
  await rig.append("a", 0, 3);
  await rig.make();
  rig.start();
  await rig.settle();
  expect(rig.sent[0]?.seqs).toEqual([1, 2, 3]);
  // The second one was erased meanwhile.
  rig.feed.rooms.set("a", rig.feed.rooms.get("a")?.filter(({ seq }) => seq !== 2) ?? []);
  rig.answer = () => TAKEN;
  await rig.run(2_000);
  expect(rig.sent.map(({ seqs }) => seqs)).toEqual([
    [1, 2, 3],
    [1, 3],
  ]);
  rig.runners?.stop();
});

test("what is refused is cut in halves down to the one that is not wanted, which becomes a dead letter; all others are taken", async () => {
  const rig = new WebhookRig();
  rig.answer = ({ seqs }) => (seqs.includes(77) ? REFUSED : TAKEN);
  await rig.append("a", 0, 100);
  const id = await rig.make();
  rig.start();
  await rig.run(600_000);
  const taken = rig.sent.filter(({ seqs }) => !seqs.includes(77)).flatMap(({ seqs }) => seqs);
  expect(taken).toEqual(Array.from({ length: 100 }, (_, i) => i + 1).filter((seq) => seq !== 77));
  expect(rig.sent.filter(({ seqs }) => seqs.length === 1 && seqs[0] === 77)).toHaveLength(SETTINGS.attemptsMax);
  const letters = unwrap(await rig.webhooks.deadLetters(ACME, id, { limit: 10 }));
  expect(letters.map(({ value }) => [value.events, value.why])).toEqual([[1, "status 422"]]);
  expect((await rig.state(id)).place).toMatchObject({ cursor: "2-0-0-0", delivered: 99, dead: 1 });
  rig.runners?.stop();
});

test("it is given up with its reason: when it is gone, when nothing was taken for too long, when too much was refused", async () => {
  for (const [outcome, waitMs, said] of [
    [{ kind: "gone", why: "status 410" }, 0, "gone for good"],
    [AWAY, 4_000_000, "too long"],
  ] as const) {
    const rig = new WebhookRig();
    rig.answer = () => outcome;
    await rig.append("a", 0, 1);
    const id = await rig.make();
    rig.start();
    await rig.run(waitMs);
    expect((await rig.state(id)).hook.disabled?.reason).toContain(said);
    expect(rig.reports).toEqual(["webhook_disabled"]);
    const { length } = rig.sent;
    await rig.run(100_000);
    expect(rig.sent).toHaveLength(length);
    // Switched on again it goes on where it was.
    rig.answer = () => TAKEN;
    unwrap(await rig.webhooks.change(ACME, id, { isPaused: false }));
    rig.runners?.changed(ACME);
    await rig.settle();
    expect(rig.sent.at(-1)?.seqs).toEqual([1]);
    rig.runners?.stop();
  }
  const rig = new WebhookRig();
  rig.answer = () => REFUSED;
  await rig.append("a", 0, 2);
  const id = await rig.make();
  const { place } = await rig.state(id);
  unwrap(await rig.webhooks.move(ACME, id, { ...place, dead: WEBHOOK_DEAD_MAX - 1 }, 1));
  rig.start({ ...SETTINGS, attemptsMax: 1 });
  await rig.run(100_000);
  // One more letter, and not another one.
  expect(await rig.state(id)).toMatchObject({ place: { dead: WEBHOOK_DEAD_MAX }, hook: { disabled: {} } });
  rig.runners?.stop();
});

test("a place that somebody moves while a delivery is under way is where it goes on", async () => {
  const rig = new WebhookRig();
  await rig.append("a", 0, 3);
  await rig.append("a", 3, 6);
  let answerNow: (outcome: Outcome) => void = () => undefined;
  rig.answer = () =>
    new Promise((resolve) => {
      answerNow = resolve;
    });
  const id = await rig.make();
  rig.start();
  await rig.settle();
  unwrap(await rig.webhooks.replay(ACME, id, { after: cursorText({ ...FEED_START, entry: 2 }) }));
  rig.answer = () => TAKEN;
  answerNow(TAKEN);
  await rig.run(2_000);
  expect(rig.sent.map(({ seqs }) => seqs)).toEqual([
    [1, 2, 3, 4, 5, 6],
    [4, 5, 6],
  ]);
  expect((await rig.state(id)).place.cursor).toBe("3-0-0-0");
  rig.runners?.stop();
});

test("so many deliveries of a node are under way at once, and one more waits for its turn", async () => {
  const rig = new WebhookRig();
  await rig.append("a", 0, 1);
  const waiting: ((outcome: Outcome) => void)[] = [];
  rig.answer = () => new Promise((resolve) => void waiting.push(resolve));
  const { hook, place } = await rig.state(await rig.make());
  // More than one tenant may have: written as if they were there already.
  const all = Array.from({ length: WEBHOOKS_AT_ONCE + 1 }, (_, i) => ({ id: `wh_${i}`, hook, place }));
  for (const { id } of all) {
    rig.feed.documents.set(`${ACME}/webhook_places/${id}`, { value: place, version: 1 });
    rig.feed.documents.set(`${ACME}/webhooks/${id}`, { value: hook, version: 1 });
  }
  rig.webhooks.list = async () => ({ ok: true, value: all });
  rig.start();
  await rig.settle();
  expect(rig.sent).toHaveLength(WEBHOOKS_AT_ONCE);
  expect(rig.runners?.figures).toMatchObject({ running: WEBHOOKS_AT_ONCE + 1 });
  waiting[0]?.(TAKEN);
  await rig.settle();
  expect(rig.sent).toHaveLength(WEBHOOKS_AT_ONCE + 1);
  expect(new Set(rig.sent.map(({ id }) => id)).size).toBe(WEBHOOKS_AT_ONCE + 1);
  rig.runners?.stop();
});
