/** The active rooms, or people, of a shard, by tenant and id. Two lookups by strings that stand already: no key is built or kept. */
import type { TenantId } from "../base/ids.ts";

export class ActorTable<Id extends string, Actor> {
  readonly #tenants = new Map<TenantId, Map<Id, Actor>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(tenant: TenantId, id: Id): Actor | undefined {
    return this.#tenants.get(tenant)?.get(id);
  }

  set(tenant: TenantId, id: Id, actor: Actor): void {
    let actors = this.#tenants.get(tenant);
    if (actors === undefined) {
      actors = new Map();
      this.#tenants.set(tenant, actors);
    }
    if (!actors.has(id)) this.#size += 1;
    actors.set(id, actor);
  }

  delete(tenant: TenantId, id: Id): void {
    const actors = this.#tenants.get(tenant);
    if (actors?.delete(id) !== true) return;
    this.#size -= 1;
    if (actors.size === 0) this.#tenants.delete(tenant);
  }

  *values(): Generator<Actor> {
    for (const actors of this.#tenants.values()) yield* actors.values();
  }
}
