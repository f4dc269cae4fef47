import { expect, test } from "bun:test";
import { SystemClock } from "../../../src/base/clock.ts";
import type { TenantId, UserId } from "../../../src/base/ids.ts";
import { WEBHOOKS_MAX, WEBHOOKS_WAITING_MAX } from "../../../src/base/limits.ts";
import { SeededRandom } from "../../../src/base/prng.ts";
import { Webhooks } from "../../../src/feed/webhooks.ts";
import { ACME, FeedRig } from "../../support/feed-rig.ts";

function webhooks() {
  const { documents, registry, feed } = new FeedRig().parts;
  const parts = { documents, registry, feed, clock: new SystemClock(), random: new SeededRandom(1) };
  return { registry, hooks: new Webhooks({ ...parts, refuseUrl: () => undefined }) };
}
const how = { by: "root" as UserId, from: "now" } as const;
const wish = { url: "https://receiver.example/stoa" };

test("of many that are made at once as many are there as a tenant may have, and each of the others is refused", async () => {
  const { hooks } = webhooks();
  const made = await Promise.all(Array.from({ length: WEBHOOKS_MAX + 5 }, () => hooks.create(ACME, wish, how)));
  const refused = made.flatMap((each) => (each.ok ? [] : [each.error.code]));
  expect(refused).toEqual(Array.from({ length: 5 }, () => "too_many"));
  const listed = await hooks.list(ACME);
  expect(listed.ok && listed.value).toHaveLength(WEBHOOKS_MAX);
});

test("so many of a tenant wait for their turn, one more is refused at once, and another tenant's is not", async () => {
  const { hooks } = webhooks();
  const made = Array.from({ length: WEBHOOKS_WAITING_MAX }, () => hooks.create(ACME, wish, how));
  const more = await hooks.create(ACME, wish, how);
  expect(more).toMatchObject({ ok: false, error: { code: "overloaded", retryAfterMs: expect.any(Number) } });
  expect(await hooks.create("other" as TenantId, wish, how)).toMatchObject({ ok: true });
  const refused = (await Promise.all(made)).flatMap((each) => (each.ok ? [] : [each.error.code]));
  expect(refused).toEqual(Array.from({ length: WEBHOOKS_WAITING_MAX - WEBHOOKS_MAX }, () => "too_many"));
  expect(await hooks.create(ACME, wish, how)).toMatchObject({ error: { code: "too_many" } });
});

test("of many who touch a tenant's feed at once each is heard, and its mark is another one", async () => {
  const { registry } = webhooks();
  const versionNow = async (): Promise<number | undefined> => {
    const marks = await registry.list();
    return marks.ok ? marks.value.find(({ tenant }) => tenant === ACME)?.version : undefined;
  };
  await registry.touch(ACME);
  const before = (await versionNow()) ?? 0;
  const touched = await Promise.all(Array.from({ length: 60 }, () => registry.touch(ACME)));
  expect(touched.filter(({ ok }) => !ok)).toEqual([]);
  expect(await versionNow()).toBeGreaterThan(before);
});
