import { expect, test } from "bun:test";
import type { TenantId, UserId } from "../../../../src/base/ids.ts";
import { decodeNotice, encodeNotice } from "../../../../src/edge/circle/edge-notices.ts";
import { Rates, type RateSettings } from "../../../../src/edge/rates/rates.ts";
import { EventQueue, VirtualClock } from "../../../sim/virtual-clock.ts";

const NONE: RateSettings = {
  user: undefined,
  tenant: undefined,
  connectsOfUser: undefined,
  connectsOfAddress: undefined,
};
const ann = { tenant: "t" as TenantId, userId: "ann" as UserId, role: "user" as const };
const ben = { ...ann, userId: "ben" as UserId };
const stranger = { ...ann, tenant: "other" as TenantId };

function rates(settings: Partial<RateSettings>) {
  const queue = new EventQueue();
  const clock = new VirtualClock(queue, 0);
  return { clock, rates: new Rates({ clock, settings: { ...NONE, ...settings } }) };
}

test("sockets and REST of one user take from the same share; other users and tenants have theirs", () => {
  const { rates: limits } = rates({ user: { perSecond: 1, burst: 3 } });
  const share = limits.hold(ann);
  limits.take(share, 0);
  limits.take(share, 0);
  expect(limits.request(ann).waitMs).toBe(0);
  expect(limits.request(ann)).toMatchObject({ waitMs: 1_000, standing: { remaining: 0 } });
  expect(limits.waitMs(share, 0)).toBe(1_000);
  expect([limits.request(ben).waitMs, limits.request(stranger).waitMs]).toEqual([0, 0]);
});

test("a tenant's bound holds for its users together, and what it refuses takes nothing from theirs", () => {
  const { rates: limits } = rates({ user: { perSecond: 1, burst: 5 }, tenant: { perSecond: 1, burst: 2 } });
  expect([limits.request(ann).waitMs, limits.request(ben).waitMs]).toEqual([0, 0]);
  expect(limits.request(ann)).toMatchObject({ waitMs: 1_000, standing: { rate: { burst: 2 } } });
  expect(limits.request(stranger).standing).toMatchObject({ rate: { burst: 5 }, remaining: 4 });
  expect(limits.hold(ann).user?.level(0)).toBe(4);
});

test("a tenant may set less than the installation allows, and not more", () => {
  const { rates: limits } = rates({ user: { perSecond: 10, burst: 10 } });
  limits.setTenant(ann.tenant, { user: { perSecond: 1, burst: 2 } });
  expect([limits.request(ann).waitMs, limits.request(ann).waitMs, limits.request(ann).waitMs]).toEqual([0, 0, 1_000]);
  limits.setTenant(ann.tenant, { user: { perSecond: 1_000, burst: 1_000 } });
  expect(limits.hold(ann).user?.rate).toEqual({ perSecond: 10, burst: 10 });
  limits.setTenant(ann.tenant, { tenant: { perSecond: 1, burst: 1 } });
  expect(limits.hold(ben).tenant?.rate).toEqual({ perSecond: 1, burst: 1 });
  limits.setTenant(ann.tenant, undefined);
  expect(limits.hold(ben).tenant).toBeUndefined();
});

test("a tenant's new rates hold at once, for what is held already too; those of others stay", () => {
  const rate = { perSecond: 10, burst: 10 };
  const { rates: limits } = rates({ user: rate, tenant: rate });
  const [held, others] = [limits.hold(ann), limits.hold(stranger)];
  const lower = { perSecond: 1, burst: 1 };
  limits.setTenant(ann.tenant, { user: lower, tenant: lower });
  expect([held.user?.rate, held.tenant?.rate]).toEqual([lower, lower]);
  expect([others.user?.rate, others.tenant?.rate]).toEqual([rate, rate]);
  limits.setTenant(ann.tenant, undefined);
  expect([held.user?.rate, held.tenant?.rate]).toEqual([rate, rate]);
});

test("attempts of one address and of one user are counted, those of this machine are not", () => {
  const { rates: limits } = rates({
    connectsOfAddress: { perSecond: 1, burst: 2 },
    connectsOfUser: { perSecond: 1, burst: 1 },
  });
  const from = (address: string): number => limits.attempt(address);
  expect([from("203.0.113.5"), from("203.0.113.5"), from("203.0.113.5"), from("203.0.113.6")]).toEqual([
    0, 0, 1_000, 0,
  ]);
  for (let i = 0; i < 9; i += 1)
    expect([from("127.0.0.1"), from("::1"), from("::ffff:127.0.0.1"), from("")]).toEqual([0, 0, 0, 0]);
  expect([limits.connect(ann), limits.connect(ann), limits.connect(ben)]).toEqual([0, 1_000, 0]);
});

test("what another node gave out is owed here; what nobody understands is no notice", () => {
  const { rates: limits } = rates({ user: { perSecond: 1, burst: 8 } });
  const notice = decodeNotice(encodeNotice({ kind: "usage", used: [["u/t/ann", 6]] }));
  if (notice?.kind === "usage") limits.heard(notice.used);
  expect(limits.request(ann).standing?.remaining).toBe(1);
  for (const text of ["", "{", "null", "7", '{"kind":"of another version"}'])
    expect(decodeNotice(new TextEncoder().encode(text))).toBeUndefined();
});
