/**
 * What this process writes into the directory: leases, terms and entries (`directory-keys.ts` has the schema).
 * Invariant: an answer `known` says that everything that was written in this term before is still there: every write of a
 * tenant's entries is counted in Redis and here, and where the counts differ (a server lost it, or was set back) a new term begins.
 */
import { randomBytes } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { TenantId } from "../../base/ids.ts";
import {
  DIRECTORY_LOOK_TENANTS_MAX,
  DIRECTORY_SCRIPT_ENTRIES_MAX,
  DIRECTORY_SWEEP_TENANTS_MAX,
} from "../../base/limits.ts";
import type { NodeId } from "../membership.ts";
import type { ConnectionRecord, DirectoryChange } from "../presence-directory.ts";
import { CHANGE, END_LEASE, entryKeys, type LeaseKeys, leaseKeys, RENEW, TOUCH } from "./directory-keys.ts";
import type { RedisCalls, RedisReply } from "./redis-calls.ts";
import type { RedisArgument } from "./redis-options.ts";

export const DIRECTORY_CALL_MS_MAX = 1_000;
/** A tenant's entries are looked at so often, milliseconds, and in any case four times within their time to live. */
const LOOK_MS_MAX = 30_000;
/** Tenants at once, so that a large change does not flood the connection. */
const TENANTS_AT_ONCE = 16;

interface Written {
  /** Writes that were answered. */
  writes: number;
  /** Writes without an answer since: they may be counted in Redis. */
  doubtful: number;
  lookedMs: number;
}

interface Term {
  readonly name: string;
  readonly tenants: Map<TenantId, Written>;
}

interface TenantChange {
  opened: ConnectionRecord[];
  closed: ConnectionRecord[];
  statuses: { readonly userId: string; readonly status: string }[];
}

export class DirectoryWriter {
  readonly #calls: RedisCalls;
  readonly #clock: Clock;
  readonly #prefix: string;
  readonly #ttlMs: number;
  readonly #leases: LeaseKeys;
  /** Of each node that is written for here: one, but for tests. */
  readonly #terms = new Map<NodeId, Term>();
  readonly #sweeping = new Set<NodeId>();

  constructor(calls: RedisCalls, clock: Clock, prefix: string, ttlMs: number) {
    this.#calls = calls;
    this.#clock = clock;
    this.#prefix = prefix;
    this.#ttlMs = ttlMs;
    this.#leases = leaseKeys(prefix);
  }

  /** `undefined`: unavailable. One write of a node at a time. */
  async write(
    node: NodeId,
    change: DirectoryChange,
    leaseMs: number,
  ): Promise<{ readonly known: boolean } | undefined> {
    const byTenant = splitByTenant(change);
    const leased = await this.#renew(node, leaseMs, [...byTenant.keys()]);
    if (leased === undefined) return undefined;
    const { term, known } = leased;
    const changed = await inGroups([...byTenant], (entry) => this.#writeTenant(term, ...entry));
    if (changed === "failed") return undefined;
    const looked = changed === "intact" ? await this.#look(term) : "intact";
    if (looked === "failed") return undefined;
    if (changed === "intact" && looked === "intact") return { known };
    this.#terms.delete(node);
    return (await this.#renew(node, leaseMs, [])) && { known: false };
  }

  /** Ends the node's lease and removes what it wrote. `onlyEnded`: a sweep, which a node may have forestalled. */
  async forget(node: NodeId, onlyEnded: boolean): Promise<void> {
    if (!onlyEnded) this.#terms.delete(node);
    else if (this.#sweeping.has(node)) return;
    this.#sweeping.add(node);
    const { until, term } = this.#leases;
    const ended = await this.#script(END_LEASE, [until, term], [node, onlyEnded ? "1" : "0"]);
    if (ended.ok && typeof ended.value === "string") await this.#remove(ended.value);
    this.#sweeping.delete(node);
  }

  async #renew(
    node: NodeId,
    leaseMs: number,
    tenants: readonly TenantId[],
  ): Promise<{ readonly term: Term; readonly known: boolean } | undefined> {
    const current = this.#terms.get(node);
    const fresh: Term = { name: randomBytes(8).toString("hex"), tenants: new Map() };
    const { until, term, tenantsOf } = this.#leases;
    // Entries live no longer than their keys.
    const lease = Math.ceil(Math.min(leaseMs, this.#ttlMs));
    const keys = [until, term, tenantsOf(current?.name ?? ""), tenantsOf(fresh.name)];
    const args = [node, lease, current?.name ?? "", fresh.name, this.#ttlMs, ...tenants];
    const reply = await this.#script(RENEW, keys, args);
    if (!reply.ok || !Array.isArray(reply.value)) return undefined;
    const [known, replaced] = reply.value as readonly unknown[];
    if (known === 1 && current !== undefined) return { term: current, known: true };
    this.#terms.set(node, fresh);
    if (typeof replaced === "string" && replaced !== "") void this.#remove(replaced);
    return { term: fresh, known: false };
  }

  async #writeTenant(term: Term, tenant: TenantId, change: TenantChange): Promise<Outcome> {
    for (const args of scriptArguments(change)) {
      const written = term.tenants.get(tenant) ?? { writes: 0, doubtful: 0, lookedMs: this.#clock.monotonicMs() };
      term.tenants.set(tenant, written);
      written.doubtful += 1;
      const reply = await this.#script(CHANGE, this.#entryKeysOf(tenant, term.name), [this.#ttlMs, ...args]);
      if (!reply.ok || !Array.isArray(reply.value)) return "failed";
      const [writes = 0, connections] = reply.value as readonly number[];
      if (!isExpected(written, writes)) return "lost";
      if (connections === 0) {
        term.tenants.delete(tenant);
        continue;
      }
      written.writes = writes;
      written.doubtful = 0;
      written.lookedMs = this.#clock.monotonicMs();
    }
    return "intact";
  }

  /** Renews the keys of tenants that were not written to for a while, and sees whether they are as they were left. */
  #look(term: Term): Promise<Outcome> {
    const before = this.#clock.monotonicMs() - Math.min(LOOK_MS_MAX, this.#ttlMs / 4);
    const due = [...term.tenants].filter(([, written]) => written.lookedMs <= before);
    return inGroups(due.slice(0, DIRECTORY_LOOK_TENANTS_MAX), async ([tenant, written]) => {
      const reply = await this.#script(TOUCH, this.#entryKeysOf(tenant, term.name), [this.#ttlMs]);
      if (!reply.ok) return "failed";
      written.lookedMs = this.#clock.monotonicMs();
      const writes = Number(reply.value);
      return writes === written.writes || isExpected(written, writes) ? "intact" : "lost";
    });
  }

  /** What fails here expires. */
  async #remove(term: string): Promise<void> {
    for (;;) {
      const reply = await this.#calls.ask(
        DIRECTORY_CALL_MS_MAX,
        "SPOP",
        this.#leases.tenantsOf(term),
        DIRECTORY_SWEEP_TENANTS_MAX,
      );
      if (!reply.ok || !Array.isArray(reply.value) || reply.value.length === 0) return;
      const removed = await inGroups(reply.value as readonly TenantId[], async (tenant) => {
        const done = await this.#calls.ask(DIRECTORY_CALL_MS_MAX, "UNLINK", ...this.#entryKeysOf(tenant, term));
        return done.ok ? "intact" : "failed";
      });
      if (removed === "failed") return;
    }
  }

  #entryKeysOf(tenant: TenantId, term: string): readonly string[] {
    const { connections, users, infos, statuses } = entryKeys(this.#prefix, tenant, term);
    return [connections, users, infos, statuses];
  }

  #script(source: string, keys: readonly string[], args: readonly RedisArgument[]): Promise<RedisReply> {
    return this.#calls.script(DIRECTORY_CALL_MS_MAX, source, keys, args);
  }
}

/** `lost`: Redis does not have what was written before. */
type Outcome = "intact" | "failed" | "lost";

/** Some at a time; the worst outcome of all, and no further ones after a failure. */
async function inGroups<Item>(items: readonly Item[], run: (item: Item) => Promise<Outcome>): Promise<Outcome> {
  let worst: Outcome = "intact";
  for (let from = 0; from < items.length; from += TENANTS_AT_ONCE) {
    const outcomes = await Promise.all(items.slice(from, from + TENANTS_AT_ONCE).map(run));
    if (outcomes.includes("failed")) return "failed";
    if (outcomes.includes("lost")) worst = "lost";
  }
  return worst;
}

function isExpected(written: Written, writes: number): boolean {
  return writes > written.writes && writes <= written.writes + written.doubtful;
}

function splitByTenant(change: DirectoryChange): Map<TenantId, TenantChange> {
  const byTenant = new Map<TenantId, TenantChange>();
  const of = (tenant: TenantId): TenantChange => {
    const part = byTenant.get(tenant) ?? { opened: [], closed: [], statuses: [] };
    byTenant.set(tenant, part);
    return part;
  };
  for (const record of change.opened) of(record.tenant).opened.push(record);
  for (const record of change.closed) of(record.tenant).closed.push(record);
  for (const { tenant, userId, status } of change.statuses) of(tenant).statuses.push({ userId, status });
  return byTenant;
}

/** The arguments of one or more scripts, each bounded: first what opened, then what closed, then statuses. */
function scriptArguments({ opened, closed, statuses }: TenantChange): readonly (readonly RedisArgument[])[] {
  const scripts: RedisArgument[][] = [];
  const most = Math.max(opened.length, closed.length, statuses.length);
  if (most <= DIRECTORY_SCRIPT_ENTRIES_MAX) return [[...opening(opened), ...closing(closed), ...stating(statuses)]];
  for (const part of parts(opened)) scripts.push([...opening(part), 0, 0]);
  for (const part of parts(closed)) scripts.push([0, ...closing(part), 0]);
  for (const part of parts(statuses)) scripts.push([0, 0, ...stating(part)]);
  return scripts;
}

function* parts<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let from = 0; from < items.length; from += DIRECTORY_SCRIPT_ENTRIES_MAX) {
    yield items.slice(from, from + DIRECTORY_SCRIPT_ENTRIES_MAX);
  }
}

function opening(records: readonly ConnectionRecord[]): readonly RedisArgument[] {
  const each = records.flatMap((record) => [record.userId, record.connectionId, JSON.stringify(record)]);
  return [records.length, ...each];
}

function closing(records: readonly ConnectionRecord[]): readonly RedisArgument[] {
  return [records.length, ...records.flatMap((record) => [record.userId, record.connectionId])];
}

function stating(statuses: Readonly<TenantChange["statuses"]>): readonly RedisArgument[] {
  return [statuses.length, ...statuses.flatMap(({ userId, status }) => [userId, status])];
}
