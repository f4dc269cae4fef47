/** The directory of connections in one process, asked through the ways and faults of its `MemoryCluster`. */
import type { TenantId, UserId } from "../../base/ids.ts";
import type { NodeId } from "../membership.ts";
import type {
  ConnectionRecord,
  DirectoryAnswer,
  DirectoryChange,
  OnlineUser,
  PresenceDirectory,
} from "../presence-directory.ts";
import type { MemoryCluster } from "./memory-cluster.ts";

const ANSWER_MS_MAX = 1_000;

export class MemoryDirectory implements PresenceDirectory {
  readonly #cluster: MemoryCluster;

  constructor(cluster: MemoryCluster) {
    this.#cluster = cluster;
  }

  write(
    node: NodeId,
    change: DirectoryChange,
    leaseMs: number,
    done: (answer: DirectoryAnswer<{ readonly known: boolean }>) => void,
  ): void {
    this.#ask(node, () => this.#cluster.connections.write(node, change, leaseMs), done);
  }

  connectionsOf(
    tenant: TenantId,
    userId: UserId,
    done: (answer: DirectoryAnswer<readonly ConnectionRecord[]>) => void,
  ): void {
    this.#ask(undefined, () => this.#cluster.connections.connectionsOf(tenant, userId), done);
  }

  onlineUsers(
    tenant: TenantId,
    page: { readonly after?: UserId; readonly limit: number },
    done: (answer: DirectoryAnswer<readonly OnlineUser[]>) => void,
  ): void {
    this.#ask(undefined, () => this.#cluster.connections.onlineUsers(tenant, page.after, page.limit), done);
  }

  count(
    tenant: TenantId,
    done: (answer: DirectoryAnswer<{ readonly connections: number; readonly users: number }>) => void,
  ): void {
    this.#ask(undefined, () => this.#cluster.connections.count(tenant), done);
  }

  forget(node: NodeId, done: () => void): void {
    this.#ask(node, () => this.#cluster.connections.forget(node), done);
  }

  #ask<Value>(node: NodeId | undefined, carryOut: () => Value, done: (answer: DirectoryAnswer<Value>) => void): void {
    let isAnswered = false;
    const answer = (value: DirectoryAnswer<Value>): void => {
      if (isAnswered) return;
      isAnswered = true;
      timer.cancel();
      done(value);
    };
    const timer = this.#cluster.clock.after(ANSWER_MS_MAX, () => answer({ ok: false, error: "unavailable" }));
    this.#cluster.ask(node, carryOut, (value) => answer({ ok: true, value }));
  }
}
