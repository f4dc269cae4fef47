/**
 * Who may come in although their token is good: what a tenant's administrators revoked or suspended, asked of each token when
 * it is verified, and of live connections when something changes.
 * Invariant: nobody is let in on account of a tenant that is not known here; a known one is as new as the last notice of another
 * edge, and `ACCESS_REREAD_MS` old at most where a notice was lost.
 */
import type { AccessEntry, TenantAccess, TenantLimits } from "../../actors/tenant-calls.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import type { TenantId } from "../../base/ids.ts";
import { ACCESS_REREAD_MS, ACCESS_TENANTS_MAX } from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Principal } from "../../domain/principal.ts";
import { closeReasonOf, type Rejection } from "../../protocol/errors.ts";
import type { Auth, Verified } from "../auth.ts";
import type { Connection } from "../sockets/connection.ts";

export interface AccessPorts {
  readonly clock: Clock;
  readonly auth: Pick<Auth, "verifyToken">;
  /** Somebody is let in. */
  readonly seen?: ((principal: Principal) => void) | undefined;
  readonly load: (tenant: TenantId) => Promise<Result<TenantAccess, Rejection>>;
  /** All live connections of this node. */
  readonly connections: () => Iterable<Connection>;
  readonly limitsChanged: (tenant: TenantId, limits: TenantLimits) => void;
}

interface Known {
  readonly entries: Map<string, AccessEntry>;
  limits: string;
  /** Monotonic time of the last token that was asked about. */
  usedMs: number;
}

const RETRY_MS = 500;
const NO_LIMITS = "{}";

export class Access {
  readonly #ports: AccessPorts;
  /** In the order in which they were first asked about. */
  readonly #tenants = new Map<TenantId, Known>();
  readonly #loading = new Map<TenantId, Promise<Result<Known, Rejection>>>();
  #timer: Timer;
  #rereading: Promise<void> | undefined;

  constructor(ports: AccessPorts) {
    this.#ports = ports;
    this.#timer = ports.clock.after(ACCESS_REREAD_MS, () => this.#onTimer());
  }

  /** As `Auth.verifyToken`, and refuses what was revoked. */
  async verifyToken(token: string): Promise<Result<Verified, Rejection>> {
    const verified = await this.#ports.auth.verifyToken(token);
    if (!verified.ok) return verified;
    const { tenant, userId } = verified.value.principal;
    let known = this.#tenants.get(tenant);
    if (known === undefined) {
      const loaded = await this.#load(tenant);
      if (!loaded.ok) return loaded;
      known = loaded.value;
    }
    known.usedMs = this.#ports.clock.monotonicMs();
    const { entries } = known;
    const nowMs = this.#ports.clock.wallMs();
    const refusal = entries.size === 0 ? undefined : refusalOf(entries, userId, verified.value, nowMs);
    if (refusal !== undefined) return err(refusal);
    this.#ports.seen?.(verified.value.principal);
    return verified;
  }

  /** An entry as it is now, from here or from another edge. Connections that it concerns end. */
  learn(tenant: TenantId, entry: AccessEntry): void {
    const known = this.#tenants.get(tenant);
    // Of one that had to be forgotten there may be connections all the same.
    if (known === undefined) this.#sweep(tenant, new Map([[entry.key, entry]]));
    else if (take(known, [entry])) this.#sweep(tenant, known.entries);
  }

  learnLimits(tenant: TenantId, limits: TenantLimits): void {
    const known = this.#tenants.get(tenant);
    if (known !== undefined) this.#limit(tenant, known, limits);
  }

  /** Something that other edges said may not have arrived. */
  reread(): Promise<void> {
    this.#rereading ??= this.#rereadAll().finally(() => {
      this.#rereading = undefined;
    });
    return this.#rereading;
  }

  stop(): void {
    this.#timer.cancel();
  }

  #onTimer(): void {
    this.#timer = this.#ports.clock.after(ACCESS_REREAD_MS, () => this.#onTimer());
    void this.reread();
  }

  /** One after the other. Those that nobody asks about and that have no connection are forgotten. */
  async #rereadAll(): Promise<void> {
    const inUse = new Set<TenantId>();
    for (const { principal } of this.#ports.connections()) if (principal !== undefined) inUse.add(principal.tenant);
    const oldMs = this.#ports.clock.monotonicMs() - ACCESS_REREAD_MS;
    for (const [tenant, { usedMs }] of [...this.#tenants]) {
      if (usedMs < oldMs && !inUse.has(tenant)) this.#tenants.delete(tenant);
      else await this.#load(tenant);
    }
  }

  #load(tenant: TenantId): Promise<Result<Known, Rejection>> {
    let loading = this.#loading.get(tenant);
    if (loading === undefined) {
      loading = this.#loadNow(tenant).finally(() => this.#loading.delete(tenant));
      this.#loading.set(tenant, loading);
    }
    return loading;
  }

  async #loadNow(tenant: TenantId): Promise<Result<Known, Rejection>> {
    const read = await this.#ports.load(tenant);
    if (!read.ok) return err({ code: "unavailable", retryAfterMs: read.error.retryAfterMs ?? RETRY_MS });
    const known: Known = this.#tenants.get(tenant) ?? {
      entries: new Map(),
      limits: NO_LIMITS,
      usedMs: this.#ports.clock.monotonicMs(),
    };
    this.#tenants.set(tenant, known);
    if (this.#tenants.size > ACCESS_TENANTS_MAX) {
      const oldest = this.#tenants.keys().next();
      if (!oldest.done) this.#tenants.delete(oldest.value);
    }
    const nowMs = this.#ports.clock.wallMs();
    for (const { key, keepUntil } of known.entries.values()) if (keepUntil <= nowMs) known.entries.delete(key);
    if (take(known, read.value.entries)) this.#sweep(tenant, known.entries);
    this.#limit(tenant, known, read.value.limits);
    return ok(known);
  }

  #limit(tenant: TenantId, known: Known, limits: TenantLimits): void {
    const text = JSON.stringify(limits);
    if (text === known.limits) return;
    known.limits = text;
    this.#ports.limitsChanged(tenant, limits);
  }

  #sweep(tenant: TenantId, entries: ReadonlyMap<string, AccessEntry>): void {
    const nowMs = this.#ports.clock.wallMs();
    for (const connection of [...this.#ports.connections()]) {
      const { principal } = connection;
      if (principal?.tenant !== tenant || connection.dismissed) continue;
      const refusal = refusalOf(entries, principal.userId, connection, nowMs);
      if (refusal === undefined) continue;
      connection.reject(refusal, undefined);
      connection.dismiss(closeReasonOf(refusal.code));
    }
  }
}

/** true: something is new. Of one key the highest version counts, in whatever order they come. */
function take({ entries }: Known, learned: readonly AccessEntry[]): boolean {
  let isNew = false;
  for (const entry of learned) {
    if ((entries.get(entry.key)?.version ?? 0) >= entry.version) continue;
    entries.set(entry.key, entry);
    isNew = true;
  }
  return isNew;
}

/** A token that does not say when it was issued is older than any moment. */
function refusalOf(
  entries: ReadonlyMap<string, AccessEntry>,
  userId: string,
  { issuedAtMs = 0, tokenId }: { readonly issuedAtMs?: number | undefined; readonly tokenId?: string | undefined },
  nowMs: number,
): Rejection | undefined {
  const user = entries.get(`user:${userId}`);
  const suspended = user?.suspended;
  if (suspended !== undefined && (suspended.until ?? Number.POSITIVE_INFINITY) > nowMs) return { code: "suspended" };
  if (user?.before !== undefined && issuedAtMs < user.before) return { code: "token_revoked" };
  return tokenId !== undefined && entries.has(`token:${tokenId}`) ? { code: "token_revoked" } : undefined;
}
