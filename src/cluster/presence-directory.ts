/**
 * Port of the directory of connections in the whole cluster: for operators and for what asks "is this user anywhere?".
 * Rooms show presence by user actors, not by this; so it may lag by a second and be lost as a whole: nodes write it anew.
 * A node's entries live as long as the lease that it renews, and `ttlMs` at most without being renewed.
 */
import type { ConnectionId, TenantId, UserId } from "../base/ids.ts";
import type { NodeId } from "./membership.ts";

export type DirectoryStatus = "online" | "away" | "busy" | "offline";

export interface ConnectionRecord {
  readonly tenant: TenantId;
  readonly userId: UserId;
  readonly connectionId: ConnectionId;
  readonly node: NodeId;
  /** What the client said of itself at the upgrade, cut to 200 characters. */
  readonly userAgent: string;
  /** The client's address as it may be shown: shortened, unless the installation says otherwise. `""`: nobody knows. */
  readonly address: string;
  /** How it talks: the name of its encoding, or of another transport. */
  readonly transport: string;
  /** Wall clock, milliseconds since 1970. */
  readonly connectedAt: number;
}

export interface OnlineUser {
  readonly userId: UserId;
  readonly status: DirectoryStatus;
  readonly devices: number;
}

export type DirectoryAnswer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: "unavailable" };

/** What changed at one node since the last write. */
export interface DirectoryChange {
  readonly opened: readonly ConnectionRecord[];
  readonly closed: readonly ConnectionRecord[];
  /** The status that a user chose; only for users with a connection. */
  readonly statuses: readonly {
    readonly tenant: TenantId;
    readonly userId: UserId;
    readonly status: DirectoryStatus;
  }[];
}

export interface PresenceDirectory {
  /**
   * Writes the changes and renews the node's lease for `leaseMs` by the store's own clock. `known: false` in the answer:
   * the store has no lease of this node (it expired, or the store was emptied), so everything is to be written again.
   */
  write(
    node: NodeId,
    change: DirectoryChange,
    leaseMs: number,
    done: (answer: DirectoryAnswer<{ readonly known: boolean }>) => void,
  ): void;
  /** Live connections of a user, all nodes; those of nodes without a lease are left out. */
  connectionsOf(
    tenant: TenantId,
    userId: UserId,
    done: (answer: DirectoryAnswer<readonly ConnectionRecord[]>) => void,
  ): void;
  /** Users with a live connection, in the order of their ids, after `after`. */
  onlineUsers(
    tenant: TenantId,
    page: { readonly after?: UserId; readonly limit: number },
    done: (answer: DirectoryAnswer<readonly OnlineUser[]>) => void,
  ): void;
  /** Live connections and users of a tenant. */
  count(
    tenant: TenantId,
    done: (answer: DirectoryAnswer<{ readonly connections: number; readonly users: number }>) => void,
  ): void;
  /** Takes all entries of a node out: it leaves, or a sweep found that its lease is over. */
  forget(node: NodeId, done: () => void): void;
}
