/**
 * Rows of the directory: one for each connection, under its node's lease, in the order of tenant, user, connection. A user's
 * status stands in the rows of the connections that the user has at the node where it was chosen.
 */
import type { ConnectionId, TenantId, UserId } from "../../base/ids.ts";
import type { NodeId } from "../membership.ts";
import type { ConnectionRecord, DirectoryChange, DirectoryStatus } from "../presence-directory.ts";
import { type Item, number, numberIn, sortKeyOf, textIn, textOrNothing } from "./cluster-table.ts";

/** Sorts before every character of an id, so that rows stand in the order of ids. */
const BETWEEN = " ";
/** The first character that an id may begin or go on with: what comes after all rows of an id. */
const AFTER = "!";
const STATUSES: readonly string[] = ["online", "away", "busy", "offline"] satisfies DirectoryStatus[];

export interface Chosen {
  readonly status: DirectoryStatus;
  /** Wall clock of the node where it was chosen: of two nodes' the later one is shown. */
  readonly atMs: number;
}

export interface Row {
  readonly record: ConnectionRecord;
  readonly chosen: Chosen | undefined;
}

/** Bounds of sort keys, inclusive. */
export interface Range {
  readonly from: string;
  readonly to: string;
}

export const rangeOfTenant = (tenant: TenantId, after?: UserId): Range => ({
  from: after === undefined ? tenant + BETWEEN : tenant + BETWEEN + after + AFTER,
  to: tenant + AFTER,
});

export const rangeOfUser = (tenant: TenantId, user: UserId): Range => ({
  from: tenant + BETWEEN + user + BETWEEN,
  to: tenant + BETWEEN + user + AFTER,
});

export const rowKey = ({ tenant, userId, connectionId }: ConnectionRecord): string =>
  [tenant, userId, connectionId].join(BETWEEN);

export function itemOf(pk: string, { record, chosen }: Row): Item {
  return {
    pk: { S: pk },
    sk: { S: rowKey(record) },
    nodeId: { S: record.node },
    ...textOrNothing("userAgent", record.userAgent),
    ...textOrNothing("address", record.address),
    ...textOrNothing("transport", record.transport),
    connectedAt: number(record.connectedAt),
    ...(chosen !== undefined && { shown: { S: chosen.status }, shownAt: number(chosen.atMs) }),
  };
}

export function rowOf(item: Item): Row | undefined {
  const [tenant, userId, ...rest] = sortKeyOf(item).split(BETWEEN);
  if (tenant === undefined || userId === undefined || rest.length === 0) return undefined;
  const status = textIn(item, "shown");
  return {
    record: {
      tenant: tenant as TenantId,
      userId: userId as UserId,
      connectionId: rest.join(BETWEEN) as ConnectionId,
      node: textIn(item, "nodeId") as NodeId,
      userAgent: textIn(item, "userAgent"),
      address: textIn(item, "address"),
      transport: textIn(item, "transport"),
      connectedAt: numberIn(item, "connectedAt"),
    },
    chosen: STATUSES.includes(status)
      ? { status: status as DirectoryStatus, atMs: numberIn(item, "shownAt") }
      : undefined,
  };
}

interface HereUser {
  chosen: Chosen | undefined;
  readonly records: Map<ConnectionId, ConnectionRecord>;
}

/** What one node has written under one lease: as many entries as it has connections. */
export class HeldRows {
  readonly #users = new Map<string, HereUser>();

  /** Takes the change in; what there is to write: rows, and sort keys of those that go. */
  apply({ opened, closed, statuses }: DirectoryChange, nowMs: number) {
    const puts = new Map<string, Row>();
    const removals = new Set<string>();
    for (const record of opened) {
      const user = this.#userOf(record.tenant, record.userId);
      user.records.set(record.connectionId, record);
      puts.set(rowKey(record), { record, chosen: user.chosen });
    }
    for (const record of closed) {
      const name = nameOf(record.tenant, record.userId);
      const user = this.#users.get(name);
      if (user?.records.delete(record.connectionId) !== true) continue;
      if (user.records.size === 0) this.#users.delete(name);
      puts.delete(rowKey(record));
      removals.add(rowKey(record));
    }
    for (const { tenant, userId, status } of statuses) {
      const user = this.#users.get(nameOf(tenant, userId));
      if (user === undefined) continue;
      user.chosen = { status, atMs: nowMs };
      for (const record of user.records.values()) puts.set(rowKey(record), { record, chosen: user.chosen });
    }
    return { puts: [...puts.values()], removals: [...removals] };
  }

  #userOf(tenant: TenantId, userId: UserId): HereUser {
    const name = nameOf(tenant, userId);
    const known = this.#users.get(name);
    if (known !== undefined) return known;
    const user: HereUser = { chosen: undefined, records: new Map() };
    this.#users.set(name, user);
    return user;
  }
}

const nameOf = (tenant: TenantId, userId: UserId): string => tenant + BETWEEN + userId;
