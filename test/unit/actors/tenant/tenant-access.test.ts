import { expect, test } from "bun:test";
import { SystemClock } from "../../../../src/base/clock.ts";
import { hash32 } from "../../../../src/base/hash.ts";
import type { TenantId, UserId } from "../../../../src/base/ids.ts";
import { ACCESS_ENTRIES_PER_PART_MAX, ACCESS_KEPT_MS } from "../../../../src/base/limits.ts";
import { SeededRandom } from "../../../../src/base/prng.ts";
import type { Result } from "../../../../src/base/result.ts";
import type { AccessChange, AccessEntry, TenantAccess } from "../../../../src/actors/tenant-calls.ts";
import { nextEntry, readAccess, writeAccess } from "../../../../src/actors/tenant/tenant-access.ts";
import type { Rejection } from "../../../../src/protocol/errors.ts";
import { MemoryProjections } from "../../../../src/storage/memory/memory-projections.ts";
import { MemoryStore } from "../../../../src/storage/memory/memory-store.ts";

const T = "t" as TenantId;
const by = "root" as UserId;
const ann = "ann" as UserId;
const NOW = 1_750_000_000_000;
const next = (known: AccessEntry | undefined, change: AccessChange, nowMs = NOW): AccessEntry =>
  nextEntry(known, { tenant: T, by, change, nowMs }, "user:ann", (known?.version ?? 0) + 1);

test("what was revoked stays revoked through suspension and reinstatement, and is never taken back", () => {
  const revoked = next(undefined, { kind: "revoke_user", userId: ann, before: NOW });
  const suspended = next(revoked, { kind: "suspend", userId: ann });
  expect(suspended).toMatchObject({ before: NOW, suspended: {}, keepUntil: Number.MAX_SAFE_INTEGER, version: 2 });
  const reinstated = next(suspended, { kind: "reinstate", userId: ann });
  expect(reinstated).toMatchObject({ before: NOW, version: 3, keepUntil: NOW + ACCESS_KEPT_MS });
  expect(reinstated.suspended).toBeUndefined();
  expect(next(reinstated, { kind: "revoke_user", userId: ann, before: NOW - 5 }).before).toBe(NOW);
});

test("an entry is kept as long as somebody may need it", () => {
  expect(next(undefined, { kind: "suspend", userId: ann, until: NOW + 7 }).keepUntil).toBe(NOW + 7);
  expect(next(undefined, { kind: "reinstate", userId: ann }).keepUntil).toBe(NOW);
  expect(next(undefined, { kind: "revoke_token", tokenId: "x", expiresAt: NOW + 9 }).keepUntil).toBe(NOW + 9);
  expect(next(undefined, { kind: "revoke_token", tokenId: "x" }).keepUntil).toBe(NOW + ACCESS_KEPT_MS);
});

function store() {
  const projections = new MemoryProjections(new MemoryStore());
  const env = { projections, clock: new SystemClock(), random: new SeededRandom(1) };
  const write = (change: AccessChange, nowMs = NOW): Promise<Result<AccessEntry, Rejection>> =>
    new Promise((resolve) => writeAccess(env, { tenant: T, by, change, nowMs }, resolve));
  const read = (): Promise<TenantAccess> =>
    new Promise((resolve, reject) =>
      readAccess(projections, T, (found) => (found.ok ? resolve(found.value) : reject(new Error(found.error)))),
    );
  return { write, read };
}

test("what is written at once by many is all there", async () => {
  const { write, read } = store();
  const names = Array.from({ length: 20 }, (_, i) => `user${i}` as UserId);
  const written = await Promise.all(names.map((userId) => write({ kind: "suspend", userId })));
  expect(written.every(({ ok }) => ok)).toBe(true);
  expect((await read()).entries.map(({ key }) => key).sort()).toEqual(names.map((name) => `user:${name}`).sort());
});

test("of many who change one entry at once each is heard", async () => {
  const { write, read } = store();
  const written = await Promise.all(Array.from({ length: 60 }, () => write({ kind: "suspend", userId: ann })));
  expect(written.filter(({ ok }) => !ok)).toEqual([]);
  expect((await read()).entries).toMatchObject([{ key: "user:ann", version: 60 }]);
}, 20_000);

test("a part holds as many as it may; one more is refused until one of them has ended", async () => {
  const { write, read } = store();
  const names = Array.from({ length: 40_000 }, (_, i) => `t${i}`).filter((id) => hash32(`token:${id}`) % 16 === 3);
  const [more = "", ...some] = names.slice(0, ACCESS_ENTRIES_PER_PART_MAX + 1);
  expect(some).toHaveLength(ACCESS_ENTRIES_PER_PART_MAX);
  for (const tokenId of some) await write({ kind: "revoke_token", tokenId, expiresAt: NOW + 1_000 });
  expect(await write({ kind: "revoke_token", tokenId: more })).toMatchObject({
    ok: false,
    error: { code: "too_many" },
  });
  expect(await write({ kind: "revoke_token", tokenId: some[0] ?? "" })).toMatchObject({ ok: true });
  expect(await write({ kind: "revoke_token", tokenId: more }, NOW + 1_000)).toMatchObject({ ok: true });
  expect((await read()).entries).toHaveLength(2);
}, 20_000);
