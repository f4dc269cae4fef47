/**
 * One shard, of this node or of another one, as this edge sees it: the outlet towards it, what comes from it, and which
 * connections it has been told of.
 */
import type { NodeId } from "../../cluster/membership.ts";
import type { Connection } from "../sockets/connection.ts";
import { Egress, type EgressOwner } from "../sockets/egress.ts";
import { AnswerProbe } from "./answer-probe.ts";
import { ShardOutlet } from "./shard-outlet.ts";

export class ShardTarget {
  /** `undefined`: of this node. */
  readonly node: NodeId | undefined;
  readonly shard: number;
  readonly outlet = new ShardOutlet();
  readonly probe = new AnswerProbe(this.outlet);
  readonly egress: Egress;
  /** Of the link: what came from an earlier one is not listened to. */
  generation = 0;
  /** Blocks of this generation that came from another node's shard. */
  blocksReceived = 0;
  /** Connections that a remote shard knows; those of this node's shards carry a bit each, which costs an idle one nothing. */
  readonly #known = new Set<Connection>();

  constructor(owner: EgressOwner, node: NodeId | undefined, shard: number) {
    this.node = node;
    this.shard = shard;
    this.egress = new Egress(owner, this);
  }

  knows(connection: Connection): boolean {
    if (this.node === undefined) return (connection.introduced & (1 << this.shard)) !== 0;
    return this.#known.has(connection);
  }

  note(connection: Connection): void {
    if (this.node === undefined) connection.introduced |= 1 << this.shard;
    else this.#known.add(connection);
  }

  forget(connection: Connection): void {
    if (this.node === undefined) connection.introduced &= ~(1 << this.shard);
    else this.#known.delete(connection);
  }

  /** Those among `all` that it was told of. */
  *knownOf(all: Iterable<Connection>): Generator<Connection> {
    if (this.node !== undefined) yield* [...this.#known];
    else for (const connection of all) if (this.knows(connection)) yield connection;
  }
}
