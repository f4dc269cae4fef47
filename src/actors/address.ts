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

/** Rooms of two, and no others, have names that begin like this. */
export const DIRECT_ROOMS = "direct_";

export function roomAddress(tenant: TenantId, id: RoomId): RoomAddress {
  return { kind: "room", tenant, id };
}

export function userAddress(tenant: TenantId, id: UserId): UserAddress {
  return { kind: "user", tenant, id };
}

/** The room of these two people, whether it was made or not: its name follows from theirs, so that there is one. */
export function directRoomId(tenant: TenantId, one: UserId, other: UserId): RoomId {
  return `${DIRECT_ROOMS}${fingerprint([tenant, ...[one, other].sort()])}` as RoomId;
}

/** 120 bits: no two of them meet. JSON keeps `["a","bc"]` and `["ab","c"]` apart. */
export function fingerprint(parts: readonly string[]): string {
  return new Bun.CryptoHasher("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 30);
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
