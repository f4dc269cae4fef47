/** A tenant's wishes as a shard knows them: what is changed while they are being read is read once more. */
import { expect, test } from "bun:test";
import { TENANT_COLLECTION, TENANT_RULES, TenantModerations } from "../../../../src/actors/tenant/tenant-moderation.ts";
import type { TenantId } from "../../../../src/base/ids.ts";
import { MemoryProjections } from "../../../../src/storage/memory/memory-projections.ts";
import { MemoryStore } from "../../../../src/storage/memory/memory-store.ts";

const T = "t" as TenantId;
const NOW = 1_750_000_000_000;

test("what was read before a change and comes after it is not believed; who waits is told when the change is known", async () => {
  const projections = new MemoryProjections(new MemoryStore());
  const late: (() => void)[] = [];
  const read = projections.readDocument.bind(projections);
  let isSlow = true;
  projections.readDocument = (tenant, collection, id, done) =>
    read(tenant, collection, id, (found) => {
      if (isSlow && collection === TENANT_COLLECTION) late.push(() => done(found));
      else done(found);
    });
  const tenants = new TenantModerations(projections, () => NOW);
  const wishes = tenants.of(T);
  tenants.renew(T, wishes);
  while (late.length === 0) await Promise.resolve();
  isSlow = false;
  const rules = [{ id: "never", action: "reject", words: ["never"] }];
  await new Promise<void>((resolve) =>
    projections.writeDocument(T, TENANT_COLLECTION, TENANT_RULES, { rules, hook: false }, 0, () => resolve()),
  );
  const known = new Promise<void>((resolve) => tenants.outdate(T, resolve));
  expect(wishes.isKnown).toBeFalse();
  late[0]?.();
  await known;
  expect(wishes.current).toMatchObject({ rules });
  expect(wishes.isNewAt(NOW)).toBeTrue();
});
