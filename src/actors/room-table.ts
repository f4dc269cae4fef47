/** The active rooms of a shard, by tenant and id. Two lookups by strings that stand already: no key is built per message. */
import type { RoomId, TenantId } from "../base/ids.ts";
import type { RoomActor } from "./room-actor.ts";

export class RoomTable {
  readonly #tenants = new Map<TenantId, Map<RoomId, RoomActor>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(tenant: TenantId, room: RoomId): RoomActor | undefined {
    return this.#tenants.get(tenant)?.get(room);
  }

  set(tenant: TenantId, room: RoomId, actor: RoomActor): void {
    let rooms = this.#tenants.get(tenant);
    if (rooms === undefined) {
      rooms = new Map();
      this.#tenants.set(tenant, rooms);
    }
    if (!rooms.has(room)) this.#size += 1;
    rooms.set(room, actor);
  }

  delete(tenant: TenantId, room: RoomId): void {
    const rooms = this.#tenants.get(tenant);
    if (rooms?.delete(room) !== true) return;
    this.#size -= 1;
    if (rooms.size === 0) this.#tenants.delete(tenant);
  }

  *values(): Generator<RoomActor> {
    for (const rooms of this.#tenants.values()) yield* rooms.values();
  }
}
