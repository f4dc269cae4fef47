/**
 * Keeps the cluster's directory of connections true for this node: gathers who came and went, writes it once a second, and
 * renews the node's lease with it. When the directory has forgotten this node, all of it is written again.
 * Invariant: what the directory says of this node is behind by one interval at most while it answers.
 */
import type { Clock, Timer } from "../../base/clock.ts";
import type { TenantId, UserId } from "../../base/ids.ts";
import { CENSUS_CHANGES_MAX } from "../../base/limits.ts";
import type { NodeId } from "../../cluster/membership.ts";
import type { ConnectionRecord, DirectoryStatus, PresenceDirectory } from "../../cluster/presence-directory.ts";
import { CODECS, type CodecId } from "../../protocol/codec.ts";
import type { ShownAddress } from "./addresses.ts";
import type { Connection } from "../sockets/connection.ts";

export interface CensusPorts {
  readonly clock: Clock;
  readonly directory: PresenceDirectory;
  readonly node: NodeId;
  /** How long the directory believes in this node without hearing of it, milliseconds. */
  readonly leaseMs: number;
  readonly shownAddress: ShownAddress;
  /** All live connections of this node. */
  readonly connections: () => Iterable<Connection>;
}

/** How often changes are written, milliseconds. */
const INTERVAL_MS = 1_000;
const USER_AGENT_LENGTH_MAX = 200;

export class Census {
  readonly #ports: CensusPorts;
  #opened = new Map<Connection, ConnectionRecord>();
  #closed: ConnectionRecord[] = [];
  /** By tenant and user: ids have no `/`. */
  #statuses = new Map<
    string,
    { readonly tenant: TenantId; readonly userId: UserId; readonly status: DirectoryStatus }
  >();
  /** The directory knows nothing of this node, or changes were lost. */
  #isForgotten = true;
  #timer: Timer;
  #stopped = false;

  constructor(ports: CensusPorts) {
    this.#ports = ports;
    this.#timer = ports.clock.after(INTERVAL_MS, () => this.#write());
  }

  opened(connection: Connection): void {
    if (this.#isForgotten) return;
    const record = this.#recordOf(connection);
    if (record !== undefined) this.#opened.set(connection, record);
    this.#bound();
  }

  closed(connection: Connection): void {
    if (this.#isForgotten || this.#opened.delete(connection)) return;
    const record = this.#recordOf(connection);
    if (record !== undefined) this.#closed.push(record);
    this.#bound();
  }

  /** What a user chose to show. */
  chose(tenant: TenantId, userId: UserId, status: DirectoryStatus): void {
    this.#statuses.set(`${tenant}/${userId}`, { tenant, userId, status });
    this.#bound();
  }

  /** The node goes: its entries are taken out. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#timer.cancel();
    return new Promise((resolve) => this.#ports.directory.forget(this.#ports.node, resolve));
  }

  #recordOf(connection: Connection): ConnectionRecord | undefined {
    return recordOf(connection, this.#ports.node, this.#ports.shownAddress);
  }

  /** Beyond the bound writing all of it anew is cheaper than keeping what changed. */
  #bound(): void {
    if (this.#opened.size + this.#closed.length + this.#statuses.size > CENSUS_CHANGES_MAX) this.#isForgotten = true;
  }

  #write(): void {
    const change = { opened: [...this.#opened.values()], closed: this.#closed, statuses: [...this.#statuses.values()] };
    if (this.#isForgotten) {
      change.opened = [];
      for (const connection of this.#ports.connections()) {
        const record = this.#recordOf(connection);
        if (record !== undefined) change.opened.push(record);
      }
    }
    const wasForgotten = this.#isForgotten;
    this.#opened = new Map();
    this.#closed = [];
    this.#statuses = new Map();
    this.#isForgotten = false;
    const { directory, node, leaseMs, clock } = this.#ports;
    const write = (): void =>
      directory.write(node, change, leaseMs, (answer) => {
        // A first write finds no lease and makes one.
        if (!answer.ok || (!answer.value.known && !wasForgotten)) this.#isForgotten = true;
        if (!this.#stopped) this.#timer = clock.after(INTERVAL_MS, () => this.#write());
      });
    // What is left of former entries of this node would stay otherwise.
    if (wasForgotten) directory.forget(node, write);
    else write();
  }
}

/** How each codec is called. */
const ENCODINGS: Readonly<Record<CodecId, string>> = {
  [CODECS.msgpack]: "msgpack",
  [CODECS.json]: "json",
  [CODECS.camel]: "plain json",
  [CODECS.snake]: "plain json in snake_case",
};

/** `undefined`: nobody knows yet whose it is. */
export function recordOf(
  { principal, id, userAgent, openedAtMs, remote, codec, socket }: Connection,
  node: NodeId,
  shownAddress: ShownAddress,
): ConnectionRecord | undefined {
  if (principal === undefined) return undefined;
  return {
    tenant: principal.tenant,
    userId: principal.userId,
    connectionId: id,
    node,
    userAgent: userAgent.slice(0, USER_AGENT_LENGTH_MAX),
    address: shownAddress(remote),
    transport: `${socket?.transport ?? "websocket"}, ${ENCODINGS[codec.id]}`,
    connectedAt: openedAtMs,
  };
}
