/**
 * The directory of connections in DynamoDB: rows under the lease of their node. A question asks for the leases, then each
 * live node's rows; what dead nodes left is not even read. So it costs one request per node and more, and is made for
 * operators and for an occasional look, not for every message.
 * Invariant: what is answered stands under a lease that lives.
 */
import type { WriteRequest } from "@aws-sdk/client-dynamodb";
import type { Clock } from "../../base/clock.ts";
import type { TenantId, UserId } from "../../base/ids.ts";
import { DIRECTORY_PAGE_MAX } from "../../base/limits.ts";
import type { NodeId } from "../membership.ts";
import type {
  ConnectionRecord,
  DirectoryAnswer,
  DirectoryChange,
  OnlineUser,
  PresenceDirectory,
} from "../presence-directory.ts";
import { type ClusterTable, type Item, removal } from "./cluster-table.ts";
import { DirectoryLeases, rowsOf } from "./directory-leases.ts";
import { HeldRows, itemOf, type Range, type Row, rangeOfTenant, rangeOfUser, rowOf } from "./directory-rows.ts";

const UNAVAILABLE = { ok: false, error: "unavailable" } as const;
/** Rows that go out in one request, and requests at once: a node that writes all of its rows anew leaves room for others. */
const ROWS_PER_WRITE = 25;
const WRITES_AT_ONCE = 8;
/** A writer looks at the leases so many times within its own: who is asked must have watched the others. */
const LOOKS_PER_LEASE = 4;
/** Rows that are read at once for a page, per user that was asked for: most have one device or two. */
const ROWS_PER_USER = 2;

interface Holding {
  readonly lease: string;
  readonly rows: HeldRows;
  untilMs: number;
}

export class DynamoDirectory implements PresenceDirectory {
  readonly #table: ClusterTable;
  readonly #clock: Clock;
  readonly #leases: DirectoryLeases;
  /** Of each node that is written for here: one, but for tests. */
  readonly #holdings = new Map<NodeId, Holding>();
  /** Writes come one after the other: of two changes of one connection the second has to win. */
  #lastWrite: Promise<unknown> = Promise.resolve();
  #chosenMs = 0;

  constructor(table: ClusterTable, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
    this.#leases = new DirectoryLeases(table, clock);
  }

  write(
    node: NodeId,
    change: DirectoryChange,
    leaseMs: number,
    done: (answer: DirectoryAnswer<{ readonly known: boolean }>) => void,
  ): void {
    const written = this.#lastWrite.then(() => this.#write(node, change, leaseMs));
    this.#lastWrite = written;
    void written.then((known) => done(known === undefined ? UNAVAILABLE : { ok: true, value: { known } }));
  }

  connectionsOf(
    tenant: TenantId,
    userId: UserId,
    done: (answer: DirectoryAnswer<readonly ConnectionRecord[]>) => void,
  ): void {
    void this.#rowsIn(rangeOfUser(tenant, userId)).then((rows) => {
      done(rows === undefined ? UNAVAILABLE : { ok: true, value: rows.map(({ record }) => record) });
    });
  }

  onlineUsers(
    tenant: TenantId,
    { after, limit }: { readonly after?: UserId; readonly limit: number },
    done: (answer: DirectoryAnswer<readonly OnlineUser[]>) => void,
  ): void {
    const usersMax = Math.min(limit, DIRECTORY_PAGE_MAX);
    void this.#rowsIn(rangeOfTenant(tenant, after), usersMax).then((rows) => {
      done(rows === undefined ? UNAVAILABLE : { ok: true, value: usersIn(rows).slice(0, usersMax) });
    });
  }

  count(
    tenant: TenantId,
    done: (answer: DirectoryAnswer<{ readonly connections: number; readonly users: number }>) => void,
  ): void {
    void this.#rowsIn(rangeOfTenant(tenant)).then((rows) => {
      if (rows === undefined) return done(UNAVAILABLE);
      const users = new Set(rows.map(({ record }) => record.userId)).size;
      done({ ok: true, value: { connections: rows.length, users } });
    });
  }

  forget(node: NodeId, done: () => void): void {
    const forgotten = this.#lastWrite.then(() => {
      this.#holdings.delete(node);
      return this.#leases.endAll(node);
    });
    this.#lastWrite = forgotten;
    void forgotten.then(() => done());
  }

  /** `undefined`: not written, or not all of it; then the lease is given up, and everything is to be written again. */
  async #write(node: NodeId, change: DirectoryChange, leaseMs: number): Promise<boolean | undefined> {
    const startedMs = this.#clock.monotonicMs();
    this.#watch(startedMs, leaseMs);
    const renewed = await this.#renew(node, startedMs, leaseMs);
    const holding = renewed ?? (await this.#begin(node, startedMs, leaseMs));
    if (holding === undefined || !(await this.#writeRows(holding, change))) {
      this.#holdings.delete(node);
      return undefined;
    }
    return renewed !== undefined;
  }

  /** The holding, when its lease lives and could be renewed. */
  async #renew(node: NodeId, startedMs: number, leaseMs: number): Promise<Holding | undefined> {
    const holding = this.#holdings.get(node);
    if (holding === undefined || holding.untilMs <= startedMs) return undefined;
    const renewed = await this.#leases.renew(holding.lease, leaseMs);
    if (!renewed.ok) return undefined;
    holding.untilMs = startedMs + leaseMs;
    return holding;
  }

  async #begin(node: NodeId, startedMs: number, leaseMs: number): Promise<Holding | undefined> {
    const lease = await this.#leases.take(node, leaseMs);
    if (lease === undefined) return undefined;
    const holding: Holding = { lease, rows: new HeldRows(), untilMs: startedMs + leaseMs };
    this.#holdings.set(node, holding);
    return holding;
  }

  async #writeRows({ lease, rows }: Holding, change: DirectoryChange): Promise<boolean> {
    this.#chosenMs = Math.max(this.#chosenMs + 1, this.#clock.wallMs());
    const { puts, removals } = rows.apply(change, this.#chosenMs);
    const pk = rowsOf(lease);
    const writes: WriteRequest[] = [
      ...puts.map((row) => ({ PutRequest: { Item: itemOf(pk, row) } })),
      ...removals.map((sk) => removal({ pk, sk })),
    ];
    const length = Math.max(ROWS_PER_WRITE, Math.ceil(writes.length / WRITES_AT_ONCE));
    const chunks: WriteRequest[][] = [];
    for (let at = 0; at < writes.length; at += length) chunks.push(writes.slice(at, at + length));
    const { calls, name } = this.#table;
    const written = await Promise.all(chunks.map((chunk) => calls.writeAll(name, chunk, "background")));
    return written.every((each) => each.ok);
  }

  #watch(nowMs: number, leaseMs: number): void {
    if (nowMs - this.#leases.lookedMs > leaseMs / LOOKS_PER_LEASE) void this.#leases.alive();
  }

  /** All nodes' rows, of `usersMax` users of each node at least if there are so many; in no order. */
  async #rowsIn(range: Range, usersMax = Number.POSITIVE_INFINITY): Promise<readonly Row[] | undefined> {
    const leases = await this.#leases.alive();
    if (!leases.ok) return undefined;
    const all = await Promise.all(leases.value.map((lease) => this.#rowsUnder(lease.id, range, usersMax)));
    const rows: Row[] = [];
    for (const each of all) {
      if (each === undefined) return undefined;
      rows.push(...each);
    }
    return rows;
  }

  /** Beyond `usersMax` users the last one may be cut: that one is not asked for. */
  async #rowsUnder(lease: string, range: Range, usersMax: number): Promise<readonly Row[] | undefined> {
    const { calls, name } = this.#table;
    const rows: Row[] = [];
    const limit = Number.isFinite(usersMax) ? { limit: (usersMax + 1) * ROWS_PER_USER } : {};
    const users = new Set<UserId>();
    let start: Item | undefined;
    do {
      const page = await calls.query({ table: name, pk: rowsOf(lease), ...range, ...limit, start });
      if (!page.ok) return undefined;
      for (const item of page.value.items) {
        const row = rowOf(item);
        if (row === undefined) continue;
        users.add(row.record.userId);
        rows.push(row);
      }
      start = page.value.next;
    } while (start !== undefined && users.size <= usersMax);
    return rows;
  }
}

/** In the order of their ids. */
function usersIn(rows: readonly Row[]): OnlineUser[] {
  const users = new Map<UserId, { devices: number; newest: Row }>();
  for (const row of rows) {
    const user = users.get(row.record.userId);
    if (user === undefined) {
      users.set(row.record.userId, { devices: 1, newest: row });
      continue;
    }
    user.devices += 1;
    if ((row.chosen?.atMs ?? 0) > (user.newest.chosen?.atMs ?? 0)) user.newest = row;
  }
  return [...users]
    .map(([userId, { devices, newest }]) => ({ userId, status: newest.chosen?.status ?? "online", devices }) as const)
    .sort((a, b) => (a.userId < b.userId ? -1 : 1));
}
