/**
 * Rows of the directory in memory.
 * Invariant: every entry belongs to the lease under which it was written; it is seen while that lease lives, and a lease that
 * ended is never the same one again.
 */
import type { Clock } from "../../base/clock.ts";
import type { ConnectionId, TenantId, UserId } from "../../base/ids.ts";
import type { NodeId } from "../membership.ts";
import type { ConnectionRecord, DirectoryChange, DirectoryStatus, OnlineUser } from "../presence-directory.ts";

interface UserEntry {
  status: DirectoryStatus;
  readonly connections: Map<ConnectionId, ConnectionRecord>;
}

interface Lease {
  untilMs: number;
  readonly records: Set<ConnectionRecord>;
}

export class MemoryConnections {
  readonly #clock: Clock;
  readonly #leases = new Map<NodeId, Lease>();
  readonly #tenants = new Map<TenantId, Map<UserId, UserEntry>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  write(node: NodeId, change: DirectoryChange, leaseMs: number): { readonly known: boolean } {
    const known = this.#isLive(node);
    if (!known) this.forget(node);
    const lease = this.#leases.get(node) ?? { untilMs: 0, records: new Set() };
    lease.untilMs = this.#clock.monotonicMs() + leaseMs;
    this.#leases.set(node, lease);
    for (const record of change.opened) this.#put(lease, record);
    for (const record of change.closed) this.#take(record);
    for (const { tenant, userId, status } of change.statuses) {
      const entry = this.#tenants.get(tenant)?.get(userId);
      if (entry !== undefined) entry.status = status;
    }
    return { known };
  }

  connectionsOf(tenant: TenantId, userId: UserId): readonly ConnectionRecord[] {
    const entry = this.#tenants.get(tenant)?.get(userId);
    return entry === undefined ? [] : this.#live(entry);
  }

  onlineUsers(tenant: TenantId, after: UserId | undefined, limit: number): readonly OnlineUser[] {
    const ids = [...(this.#tenants.get(tenant)?.keys() ?? [])].filter((id) => after === undefined || id > after).sort();
    const page: OnlineUser[] = [];
    for (const userId of ids) {
      if (page.length >= limit) break;
      const entry = this.#tenants.get(tenant)?.get(userId);
      const devices = entry === undefined ? 0 : this.#live(entry).length;
      if (entry !== undefined && devices > 0) page.push({ userId, status: entry.status, devices });
    }
    return page;
  }

  count(tenant: TenantId): { readonly connections: number; readonly users: number } {
    let connections = 0;
    let users = 0;
    for (const entry of this.#tenants.get(tenant)?.values() ?? []) {
      const devices = this.#live(entry).length;
      connections += devices;
      if (devices > 0) users += 1;
    }
    return { connections, users };
  }

  forget(node: NodeId): void {
    for (const record of this.#leases.get(node)?.records ?? []) this.#take(record);
    this.#leases.delete(node);
  }

  clear(): void {
    this.#leases.clear();
    this.#tenants.clear();
  }

  #isLive(node: NodeId): boolean {
    return (this.#leases.get(node)?.untilMs ?? 0) > this.#clock.monotonicMs();
  }

  #live(entry: UserEntry): ConnectionRecord[] {
    return [...entry.connections.values()].filter((record) => this.#isLive(record.node));
  }

  #put(lease: Lease, record: ConnectionRecord): void {
    this.#take(record);
    const users = this.#tenants.get(record.tenant) ?? new Map<UserId, UserEntry>();
    this.#tenants.set(record.tenant, users);
    const entry = users.get(record.userId) ?? { status: "online", connections: new Map() };
    users.set(record.userId, entry);
    entry.connections.set(record.connectionId, record);
    lease.records.add(record);
  }

  /** A user's chosen status goes with the last connection. */
  #take(record: ConnectionRecord): void {
    const users = this.#tenants.get(record.tenant);
    const entry = users?.get(record.userId);
    const stored = entry?.connections.get(record.connectionId);
    if (users === undefined || entry === undefined || stored === undefined || stored.node !== record.node) return;
    this.#leases.get(stored.node)?.records.delete(stored);
    entry.connections.delete(record.connectionId);
    if (entry.connections.size > 0) return;
    users.delete(record.userId);
    if (users.size === 0) this.#tenants.delete(record.tenant);
  }
}
