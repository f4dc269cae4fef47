/** What whoever delivers knows of a webhook, while others change it and the store's answers are lost. */
import { expect, test } from "bun:test";
import type { Call } from "../../../../src/actors/calls.ts";
import type { Outcome } from "../../../../src/integrations/webhooks/webhook-sender.ts";
import { ACME } from "../../../support/feed-rig.ts";
import { unwrap } from "../../../support/unwrap.ts";
import { AWAY, TAKEN, WebhookRig } from "../../../support/webhook-rig.ts";

/** Delivers events 1 to 3, and hears nothing of it until `answer`. */
async function underWay() {
  const rig = new WebhookRig();
  await rig.append("a", 0, 3);
  const id = await rig.make();
  let answer: (outcome: Outcome) => void = () => undefined;
  rig.answer = () => new Promise((resolve) => (answer = resolve));
  rig.start();
  await rig.settle();
  return {
    rig,
    id,
    /** And whatever follows is taken. */
    finish: async (outcome: Outcome = TAKEN): Promise<void> => {
      rig.answer = () => TAKEN;
      answer(outcome);
      await rig.run(20_000);
      rig.runners?.stop();
    },
  };
}

const writesPlace = (call: Call): boolean =>
  call.kind === "keep" && call.ask.do === "write" && call.ask.collection === "webhook_places";

test("what was taken is not posted again where somebody wrote the place meanwhile and left it where it was", async () => {
  const { rig, id, finish } = await underWay();
  const { place } = await rig.state(id);
  unwrap(await rig.webhooks.move(ACME, id, { ...place, dead: 7 }, 1));
  await finish();
  expect(rig.sent.map(({ seqs }) => seqs)).toEqual([[1, 2, 3]]);
  expect((await rig.state(id)).place).toMatchObject({ cursor: "2-0-0-0", delivered: 3, dead: 7 });
});

test("switching one on that goes well, while it delivers, has nothing posted again", async () => {
  const { rig, id, finish } = await underWay();
  unwrap(await rig.webhooks.change(ACME, id, { isPaused: false }));
  rig.runners?.changed(ACME);
  await finish();
  expect(rig.sent.map(({ seqs }) => seqs)).toEqual([[1, 2, 3]]);
});

test("what is taken while somebody clears its failures is not posted again", async () => {
  const { rig, id, finish } = await underWay();
  const { place } = await rig.state(id);
  const failing = { sinceMs: rig.clock.wallMs(), attempts: 1, why: "refused" };
  unwrap(await rig.webhooks.move(ACME, id, { ...place, failing }, 1));
  unwrap(await rig.webhooks.change(ACME, id, { isPaused: false }));
  await finish();
  expect(rig.sent.map(({ seqs }) => seqs)).toEqual([[1, 2, 3]]);
  expect((await rig.state(id)).place.failing).toBeUndefined();
});

test("a place that is set to where it stands while a delivery is under way brings it again", async () => {
  const { rig, id, finish } = await underWay();
  unwrap(await rig.webhooks.replay(ACME, id, "beginning"));
  await finish();
  expect(rig.sent.map(({ seqs }) => seqs)).toEqual([
    [1, 2, 3],
    [1, 2, 3],
  ]);
});

test("what was taken is not posted again when nobody can write that down for a while, nor when the answer is lost", async () => {
  for (const isWritten of [true, false]) {
    const { rig, id, finish } = await underWay();
    let refusals = 20;
    const isDown = (call: Call): boolean => writesPlace(call) && refusals-- > 0;
    if (isWritten) rig.feed.loses = isDown;
    else rig.feed.trouble = (call) => (isDown(call) ? { code: "unavailable" } : undefined);
    await finish();
    expect(refusals).toBeLessThan(20);
    expect(rig.sent.map(({ seqs }) => seqs)).toEqual([[1, 2, 3]]);
    expect((await rig.state(id)).place).toMatchObject({ cursor: "2-0-0-0", delivered: 3 });
  }
});

test("a place that is set with an answer that is lost is set once", async () => {
  const { rig, id, finish } = await underWay();
  await finish();
  rig.start();
  await rig.settle();
  // Before anybody asks again, all is delivered.
  rig.feed.loses = (call) => {
    if (!writesPlace(call)) return false;
    rig.feed.loses = () => false;
    rig.runners?.changed(ACME);
    return true;
  };
  const replayed = rig.webhooks.replay(ACME, id, "beginning");
  await rig.run(20_000);
  unwrap(await replayed);
  rig.runners?.changed(ACME);
  await rig.run(20_000);
  expect(rig.sent.map(({ seqs }) => seqs)).toEqual([
    [1, 2, 3],
    [1, 2, 3],
  ]);
  rig.runners?.stop();
});

test("what is read while it changes is not believed", async () => {
  const rig = new WebhookRig();
  const id = await rig.make();
  const { hook } = rig.webhooks;
  let release = (): void => undefined;
  rig.webhooks.hook = async (...asked) => {
    const read = await hook.call(rig.webhooks, ...asked);
    rig.webhooks.hook = hook;
    await new Promise<void>((resolve) => (release = resolve));
    return read;
  };
  rig.start();
  await rig.settle();
  unwrap(await rig.webhooks.change(ACME, id, { isPaused: true }));
  rig.runners?.changed(ACME);
  await rig.settle();
  release();
  await rig.append("a", 0, 3);
  await rig.run(20_000);
  expect(rig.sent).toEqual([]);
  rig.runners?.stop();
});

test("a change during an attempt that fails is looked at before the pause is over", async () => {
  const { rig, id, finish } = await underWay();
  rig.runners?.changed(ACME);
  unwrap(await rig.webhooks.change(ACME, id, { isPaused: false, url: "https://b.example" }));
  rig.runners?.changed(ACME);
  await rig.settle();
  await finish({ ...AWAY, retryAfterMs: 3_000_000 } as Outcome);
  expect(rig.sent.map(({ seqs }) => seqs)).toEqual([
    [1, 2, 3],
    [1, 2, 3],
  ]);
});

test("another secret whose answer is lost leaves the one before in force beside it", async () => {
  const rig = new WebhookRig();
  const id = await rig.make();
  const before = (await rig.state(id)).hook.secret;
  rig.feed.loses = (call) => {
    const isIt = call.kind === "keep" && call.ask.do === "write" && call.ask.collection === "webhooks";
    if (isIt) rig.feed.loses = () => false;
    return isIt;
  };
  const rotated = rig.webhooks.rotate(ACME, id);
  await rig.run(20_000);
  const { hook } = unwrap(await rotated);
  expect(hook.former?.secret).toBe(before);
  expect(hook.secret).not.toBe(before);
});
