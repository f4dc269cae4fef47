/**
 * The directory of connections of a node that is alone: it looks at the connections themselves and keeps nothing of them, so
 * that an idle one costs no more memory. Every question goes through all of them, which is for operators to ask.
 */
import type { TenantId, UserId } from "../../base/ids.ts";
import { CENSUS_CHANGES_MAX } from "../../base/limits.ts";
import type { NodeId } from "../../cluster/membership.ts";
import type {
  ConnectionRecord,
  DirectoryAnswer,
  DirectoryStatus,
  OnlineUser,
  PresenceDirectory,
} from "../../cluster/presence-directory.ts";
import type { ShownAddress } from "./addresses.ts";
import { recordOf } from "./census.ts";
import type { Connection } from "../sockets/connection.ts";

type Done<Value> = (answer: DirectoryAnswer<Value>) => void;

export class OwnDirectory implements PresenceDirectory {
  readonly #node: NodeId;
  readonly #shownAddress: ShownAddress;
  readonly #connections: () => Iterable<Connection>;
  /** What people chose to show, by `tenant/user`; the oldest are forgotten first. */
  readonly #chosen = new Map<string, DirectoryStatus>();

  constructor(node: NodeId, shownAddress: ShownAddress, connections: () => Iterable<Connection>) {
    this.#node = node;
    this.#shownAddress = shownAddress;
    this.#connections = connections;
  }

  opened(): void {
    // Looked for when somebody asks.
  }

  closed(): void {
    // The same.
  }

  chose(tenant: TenantId, userId: UserId, status: DirectoryStatus): void {
    const key = `${tenant}/${userId}`;
    this.#chosen.delete(key);
    this.#chosen.set(key, status);
    if (this.#chosen.size <= CENSUS_CHANGES_MAX) return;
    for (const oldest of this.#chosen.keys()) {
      this.#chosen.delete(oldest);
      return;
    }
  }

  write(_node: NodeId, _change: unknown, _leaseMs: number, done: Done<{ readonly known: boolean }>): void {
    later(done, { known: true });
  }

  connectionsOf(tenant: TenantId, userId: UserId, done: Done<readonly ConnectionRecord[]>): void {
    later(
      done,
      this.#records(tenant).filter((record) => record.userId === userId),
    );
  }

  onlineUsers(
    tenant: TenantId,
    { after, limit }: { readonly after?: UserId; readonly limit: number },
    done: Done<readonly OnlineUser[]>,
  ): void {
    const devices = this.#devices(tenant);
    const page = [...devices.keys()]
      .filter((userId) => after === undefined || userId > after)
      .sort()
      .slice(0, limit)
      .map((userId) => ({
        userId,
        status: this.#chosen.get(`${tenant}/${userId}`) ?? ("online" as const),
        devices: devices.get(userId) ?? 0,
      }));
    later(done, page);
  }

  count(tenant: TenantId, done: Done<{ readonly connections: number; readonly users: number }>): void {
    const devices = this.#devices(tenant);
    let connections = 0;
    for (const each of devices.values()) connections += each;
    later(done, { connections, users: devices.size });
  }

  forget(_node: NodeId, done: () => void): void {
    queueMicrotask(done);
  }

  #devices(tenant: TenantId): Map<UserId, number> {
    const devices = new Map<UserId, number>();
    for (const { userId } of this.#records(tenant)) devices.set(userId, (devices.get(userId) ?? 0) + 1);
    return devices;
  }

  #records(tenant: TenantId): ConnectionRecord[] {
    const records: ConnectionRecord[] = [];
    for (const connection of this.#connections()) {
      if (connection.principal?.tenant !== tenant) continue;
      const record = recordOf(connection, this.#node, this.#shownAddress);
      if (record !== undefined) records.push(record);
    }
    return records;
  }
}

function later<Value>(done: Done<Value>, value: Value): void {
  queueMicrotask(() => done({ ok: true, value }));
}
