/** Who may come in although their token is good, as one edge knows it: before it knows, out of order, and after a loss. */
import { expect, test } from "bun:test";
import type { AccessEntry, TenantAccess } from "../../../../src/actors/tenant-calls.ts";
import type { TenantId, UserId } from "../../../../src/base/ids.ts";
import { ACCESS_REREAD_MS, ACCESS_TENANTS_MAX } from "../../../../src/base/limits.ts";
import { err, ok, type Result } from "../../../../src/base/result.ts";
import { Access } from "../../../../src/edge/circle/access.ts";
import type { Verified } from "../../../../src/edge/auth.ts";
import type { Connection } from "../../../../src/edge/sockets/connection.ts";
import type { Rejection } from "../../../../src/protocol/errors.ts";
import { EventQueue, VirtualClock } from "../../../sim/virtual-clock.ts";

const T = "t" as TenantId;
const NOW = 1_750_000_000_000;
const NOTHING: Result<TenantAccess, Rejection> = ok({ entries: [], limits: {} });

function entry(key: string, version: number, more: Partial<AccessEntry>): AccessEntry {
  return { key, version, by: "root" as UserId, at: NOW, keepUntil: NOW + 1e9, ...more };
}

/** A token is `tenant user issuedAtMs id`. */
function world() {
  const queue = new EventQueue();
  const clock = new VirtualClock(queue, NOW);
  const loads: TenantId[] = [];
  const stored = { answer: NOTHING };
  const limits: unknown[] = [];
  const connections: Connection[] = [];
  const closed: string[] = [];
  const told: string[] = [];
  const access = new Access({
    clock,
    auth: {
      verifyToken: (token) => {
        const [tenant, userId, issued, tokenId] = token.split(" ");
        const principal = { tenant: tenant as TenantId, userId: userId as UserId, role: "user" as const };
        const issuedAtMs = issued === undefined ? {} : { issuedAtMs: Number(issued) };
        return Promise.resolve(ok({ principal, expiresAtMs: NOW + 1e9, ...issuedAtMs, ...(tokenId && { tokenId }) }));
      },
    },
    load: (tenant) => {
      loads.push(tenant);
      return Promise.resolve(stored.answer);
    },
    connections: () => connections,
    limitsChanged: (_tenant, changed) => limits.push(changed),
  });
  const connect = (user: string, issuedAtMs: number, tokenId?: string): void => {
    const live = {
      principal: { tenant: T, userId: user as UserId, role: "user" },
      issuedAtMs,
      tokenId,
      dismissed: false,
      reject: ({ code }: Rejection) => told.push(`${user} ${code}`),
      dismiss(reason: string) {
        this.dismissed = true;
        closed.push(`${user} ${reason}`);
      },
    };
    connections.push(live as unknown as Connection);
  };
  const run = async (ms: number): Promise<void> => {
    const untilMs = queue.nowMs + ms;
    while (queue.runNext(untilMs)) for (let i = 0; i < 20; i += 1) await Promise.resolve();
  };
  const verdict = async (token: string): Promise<string> => codeOf(await access.verifyToken(token));
  return { access, connect, closed, told, loads, stored, limits, run, verdict };
}

function codeOf(verified: Result<Verified, Rejection>): string {
  return verified.ok ? "ok" : verified.error.code;
}

test("a tenant is read once for all who come at once, and its tokens cost nothing more", async () => {
  const { verdict, loads } = world();
  expect(await Promise.all(["t ann", "t ben", "t carl"].map(verdict))).toEqual(["ok", "ok", "ok"]);
  await verdict("t ann");
  await verdict("other ann");
  expect(loads).toEqual([T, "other" as TenantId]);
});

test("nobody is let in on account of a tenant that is not known, and it is asked for again", async () => {
  const { verdict, stored } = world();
  stored.answer = err({ code: "unavailable", retryAfterMs: 200 });
  expect(await verdict("t ann")).toBe("unavailable");
  stored.answer = NOTHING;
  expect(await verdict("t ann")).toBe("ok");
  stored.answer = err({ code: "unavailable" });
  expect(await verdict("t ann")).toBe("ok");
});

test("tokens of a user from before are refused, at the moment itself not; those without a time are old", async () => {
  const { verdict, stored } = world();
  stored.answer = ok({ entries: [entry("user:ann", 1, { before: NOW })], limits: {} });
  expect(await Promise.all([`t ann ${NOW - 1}`, `t ann ${NOW}`, "t ann", `t ben ${NOW - 1}`].map(verdict))).toEqual([
    "token_revoked",
    "ok",
    "token_revoked",
    "ok",
  ]);
  expect(await verdict(`other ann ${NOW - 1}`)).toBe("token_revoked");
});

test("a suspension ends at its time, and live connections end when something is learned that concerns them", async () => {
  const { access, verdict, connect, closed, told, run } = world();
  await verdict("t ann");
  connect("ann", NOW - 5, "one");
  connect("ann", NOW + 5, "two");
  connect("ben", NOW - 5);
  access.learn(T, entry("token:two", 1, { before: Number.MAX_SAFE_INTEGER }));
  expect(closed).toEqual(["ann unauthorized"]);
  access.learn(T, entry("user:ann", 1, { before: NOW }));
  expect(closed).toEqual(["ann unauthorized", "ann unauthorized"]);
  access.learn(T, entry("user:ben", 1, { suspended: { until: NOW + 1_000 } }));
  expect(closed.at(-1)).toBe("ben forbidden");
  expect(told).toEqual(["ann token_revoked", "ann token_revoked", "ben suspended"]);
  expect(await verdict(`t ben ${NOW}`)).toBe("suspended");
  await run(999);
  expect(await verdict(`t ben ${NOW}`)).toBe("suspended");
  await run(1);
  expect(await verdict(`t ben ${NOW}`)).toBe("ok");
});

test("what is heard out of order, or read late, does not undo what came after it", async () => {
  const { access, verdict, stored } = world();
  await verdict("t ann");
  access.learn(T, entry("user:ann", 3, {}));
  access.learn(T, entry("user:ann", 2, { suspended: {} }));
  stored.answer = ok({ entries: [entry("user:ann", 1, { suspended: {} })], limits: {} });
  await access.reread();
  expect(await verdict("t ann")).toBe("ok");
});

test("what was lost between nodes is read again at once, or within the bound, and closes connections", async () => {
  const { access, verdict, connect, closed, stored, limits, run } = world();
  await verdict("t ann");
  connect("ann", NOW - 5);
  stored.answer = ok({
    entries: [entry("user:ann", 1, { before: NOW })],
    limits: { user: { perSecond: 1, burst: 1 } },
  });
  await access.reread();
  expect(closed).toEqual(["ann unauthorized"]);
  expect(limits).toEqual([{ user: { perSecond: 1, burst: 1 } }]);
  stored.answer = ok({ entries: [entry("user:ben", 1, { before: NOW })], limits: {} });
  await run(ACCESS_REREAD_MS);
  expect(await verdict(`t ben ${NOW - 1}`)).toBe("token_revoked");
  expect(limits).toHaveLength(2);
});

test("a tenant that nobody asks about is forgotten; beyond the bound the one asked for first", async () => {
  const { verdict, loads, run } = world();
  await verdict("t ann");
  await run(2 * ACCESS_REREAD_MS);
  loads.length = 0;
  await verdict("t ann");
  expect(loads).toEqual([T]);
  for (let i = 0; i < ACCESS_TENANTS_MAX - 1; i += 1) await verdict(`n${i} ann`);
  loads.length = 0;
  await verdict("t ann");
  expect(loads).toEqual([]);
  await verdict("one-more ann");
  await verdict("t ann");
  expect(loads).toEqual(["one-more" as TenantId, T]);
});
