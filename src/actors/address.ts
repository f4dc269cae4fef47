/** Who a message is for. The tenant comes first in every address, so that nothing can be named across tenants. */
import { hash32 } from "../base/hash.ts";
import type { RoomId, TenantId, UserId } from "../base/ids.ts";

export interface RoomAddress {
  readonly kind: "room";
  readonly tenant: TenantId;
  readonly id: RoomId;
}
export interface UserAddress {
  readonly kind: "user";
  readonly tenant: TenantId;
  readonly id: UserId;
}
export type Address = RoomAddress | UserAddress;

export function roomAddress(tenant: TenantId, id: RoomId): RoomAddress {
  return { kind: "room", tenant, id };
}

export function userAddress(tenant: TenantId, id: UserId): UserAddress {
  return { kind: "user", tenant, id };
}

/** The same on every node and in every version: placement rests on it. */
export function addressHash(address: Address): number {
  return hash32(address.id, hash32(address.tenant));
}

/** The shard of this node that hosts the actor. The same address is always with the same shard. */
export function shardOf(address: Address, shards: number): number {
  if (shards === 1) return 0;
  return addressHash(address) % shards;
}
