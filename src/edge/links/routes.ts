/**
 * Which shard of which node an address is with, as this edge believes now.
 * Invariant: a target stays the same object for as long as its node is in the view.
 */
import { addressHash, roomAddress, userAddress } from "../../actors/address.ts";
import type { RoomId, TenantId, UserId } from "../../base/ids.ts";
import type { NodeId, NodeInfo } from "../../cluster/membership.ts";
import { Placement, SLOTS, slotOfHash, type View } from "../../cluster/placement.ts";
import type { EgressOwner } from "../sockets/egress.ts";
import { ShardTarget } from "./shard-target.ts";

/** What a change of view did. */
export interface Moves {
  /** Targets from which slots moved away: their links begin anew. */
  readonly losing: readonly ShardTarget[];
  /** Those of them whose node is not in the view any more, or not to be reached. */
  readonly gone: ReadonlySet<ShardTarget>;
  /** Shards of nodes that were not there before: their links begin. */
  readonly come: readonly ShardTarget[];
}

export class Routes {
  readonly own: readonly ShardTarget[];
  readonly #owner: EgressOwner;
  readonly #remote = new Map<NodeId, readonly ShardTarget[]>();
  /** By slot; `undefined`: this node's own shards. Without other nodes there is no table. */
  #table: readonly (readonly ShardTarget[])[] | undefined;

  constructor(owner: EgressOwner, shards: number) {
    this.#owner = owner;
    this.own = Array.from({ length: shards }, (_, shard) => new ShardTarget(owner, undefined, shard));
  }

  room(tenant: TenantId, room: RoomId): ShardTarget {
    if (this.#table === undefined && this.own.length === 1) return this.own[0] as ShardTarget;
    return this.ofHash(addressHash(roomAddress(tenant, room)));
  }

  user(tenant: TenantId, user: UserId): ShardTarget {
    if (this.#table === undefined && this.own.length === 1) return this.own[0] as ShardTarget;
    return this.ofHash(addressHash(userAddress(tenant, user)));
  }

  ofHash(hash: number): ShardTarget {
    const shards = this.#table === undefined ? this.own : (this.#table[slotOfHash(hash)] as readonly ShardTarget[]);
    return shards[hash % shards.length] as ShardTarget;
  }

  /** Own ones first. */
  *all(): Generator<ShardTarget> {
    yield* this.own;
    for (const targets of this.#remote.values()) yield* targets;
  }

  remote(node: NodeId, shard: number): ShardTarget | undefined {
    return this.#remote.get(node)?.[shard];
  }

  ofNode(node: NodeId): readonly ShardTarget[] {
    return this.#remote.get(node) ?? [];
  }

  /** Rooms of nodes that cannot be reached are with this node's shards, which follow their logs. */
  setView(view: View): Moves {
    const unreachable = new Set(view.unreachable);
    const reachable = view.nodes.filter((node) => node.id !== view.self && !unreachable.has(node.id));
    const before = this.#table;
    const come = this.#meet(reachable);
    const table = this.#tableOf(view, reachable);
    const losers = new Set<readonly ShardTarget[]>();
    for (let slot = 0; slot < SLOTS; slot += 1) {
      const had = before?.[slot] ?? this.own;
      if (had !== (table?.[slot] ?? this.own)) losers.add(had);
    }
    this.#table = table;
    const gone = new Set<ShardTarget>();
    for (const [node, targets] of this.#remote) {
      if (reachable.some(({ id }) => id === node)) continue;
      this.#remote.delete(node);
      for (const target of targets) gone.add(target);
    }
    // A node that owned nothing and goes loses nothing, and is gone all the same.
    return { losing: [...new Set([...[...losers].flat(), ...gone])], gone, come };
  }

  #meet(reachable: readonly NodeInfo[]): ShardTarget[] {
    const come: ShardTarget[] = [];
    for (const { id, shards } of reachable) {
      if (this.#remote.has(id)) continue;
      const targets = Array.from({ length: shards }, (_, shard) => new ShardTarget(this.#owner, id, shard));
      this.#remote.set(id, targets);
      come.push(...targets);
    }
    return come;
  }

  #tableOf(view: View, reachable: readonly NodeInfo[]): readonly (readonly ShardTarget[])[] | undefined {
    if (reachable.length === 0) return undefined;
    const placement = new Placement(view);
    return Array.from({ length: SLOTS }, (_, slot) => {
      const owner = placement.ownerOfSlot(slot);
      return (owner !== undefined && this.#remoteIf(owner, reachable)) || this.own;
    });
  }

  #remoteIf(owner: NodeId, reachable: readonly NodeInfo[]): readonly ShardTarget[] | undefined {
    return reachable.some(({ id }) => id === owner) ? this.#remote.get(owner) : undefined;
  }
}
