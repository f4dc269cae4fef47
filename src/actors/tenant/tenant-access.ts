/**
 * Who of a tenant may not come in, whatever their token says: revoked tokens, and suspended people. Documents of the tenant, a
 * few of them so that no one grows too large; an entry that nobody can need any more is dropped with the next write.
 * Invariant: of two writes of one entry the later has the higher version, so whoever hears of them out of order can tell.
 */
import { hash32 } from "../../base/hash.ts";
import type { TenantId, UserId } from "../../base/ids.ts";
import { ACCESS_ENTRIES_PER_PART_MAX, ACCESS_KEPT_MS, DOCUMENT_ROUNDS_MAX } from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Done } from "../../storage/journal.ts";
import type { Projections } from "../../storage/projections.ts";
import { afterCollision, type Collisions } from "../collisions.ts";
import type { AccessChange, AccessEntry, TenantAccess, TenantLimits } from "../tenant-calls.ts";
import { TENANT_LIMITS, TENANT_SETTINGS } from "./tenant-moderation.ts";

const ACCESS = "access";
const PARTS = 16;

export const userKey = (userId: UserId): string => `user:${userId}`;
const tokenKey = (tokenId: string): string => `token:${tokenId}`;

interface Part {
  readonly entries: readonly AccessEntry[];
}

/** All of a tenant's, as edges keep it. */
export function readAccess(projections: Projections, tenant: TenantId, done: Done<TenantAccess>): void {
  projections.listDocuments(tenant, ACCESS, { limit: PARTS }, (parts) => {
    if (!parts.ok) return done(parts);
    const entries = parts.value.flatMap(({ value }) => (value as Part).entries);
    projections.readDocument(tenant, TENANT_SETTINGS, TENANT_LIMITS, (limits) => {
      if (!limits.ok) return done(limits);
      done({ ok: true, value: { entries, limits: (limits.value?.value as TenantLimits | undefined) ?? {} } });
    });
  });
}

export interface AccessWrite {
  readonly tenant: TenantId;
  readonly by: UserId;
  readonly change: AccessChange;
  readonly nowMs: number;
}

/** What stands there afterwards. `done` comes as the store answers: it is the caller's turn to make. */
export function writeAccess(
  env: Collisions & { readonly projections: Projections },
  write: AccessWrite,
  done: (written: Result<AccessEntry, Rejection>) => void,
  round = 1,
): void {
  const { projections } = env;
  const { tenant, change, nowMs } = write;
  const key = change.kind === "revoke_token" ? tokenKey(change.tokenId) : userKey(change.userId);
  const id = (hash32(key) % PARTS).toString(PARTS);
  projections.readDocument(tenant, ACCESS, id, (read) => {
    if (!read.ok) return done(err(UNAVAILABLE));
    const version = read.value?.version ?? 0;
    const known = (read.value?.value as Part | undefined)?.entries ?? [];
    const entry = nextEntry(
      known.find((each) => each.key === key),
      write,
      key,
      version + 1,
    );
    const kept = known.filter((each) => each.key !== key && each.keepUntil > nowMs);
    if (kept.length >= ACCESS_ENTRIES_PER_PART_MAX) return done(err({ code: "too_many", message: TOO_MANY }));
    projections.writeDocument(tenant, ACCESS, id, { entries: [...kept, entry] }, version, (written) => {
      if (!written.ok) return done(err(UNAVAILABLE));
      if (written.value === "written") return done(ok(entry));
      if (round >= DOCUMENT_ROUNDS_MAX) return done(err(UNAVAILABLE));
      afterCollision(env, round, () => writeAccess(env, write, done, round + 1));
    });
  });
}

const UNAVAILABLE: Rejection = { code: "unavailable", retryAfterMs: 500 };
const TOO_MANY = "The tenant has as many revoked tokens and suspended people as it may have.";

/** What was revoked stays so; what is said again takes the place of what was. */
export function nextEntry(
  known: AccessEntry | undefined,
  { by, change, nowMs }: AccessWrite,
  key: string,
  version: number,
): AccessEntry {
  const reason = change.reason === undefined ? {} : { reason: change.reason };
  const base = { key, by, at: nowMs, version, ...reason };
  if (change.kind === "revoke_token") {
    return { ...base, before: Number.MAX_SAFE_INTEGER, keepUntil: change.expiresAt ?? nowMs + ACCESS_KEPT_MS };
  }
  const before = change.kind === "revoke_user" ? Math.max(change.before, known?.before ?? 0) : known?.before;
  const suspended = change.kind === "revoke_user" ? known?.suspended : suspensionOf(change);
  const revoked = before === undefined ? {} : { before };
  const keepUntil = Math.max(
    before === undefined ? nowMs : Math.max(nowMs, before) + ACCESS_KEPT_MS,
    suspended === undefined ? 0 : (suspended.until ?? Number.MAX_SAFE_INTEGER),
  );
  return { ...base, ...revoked, ...(suspended !== undefined && { suspended }), keepUntil };
}

function suspensionOf(change: Extract<AccessChange, { kind: "suspend" | "reinstate" }>): AccessEntry["suspended"] {
  if (change.kind === "reinstate") return undefined;
  return change.until === undefined ? {} : { until: change.until };
}
