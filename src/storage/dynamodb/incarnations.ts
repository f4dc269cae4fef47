/**
 * Which incarnation of a room is the newest, as far as is known here: marks name no incarnation.
 * Invariant: a remembered number only grows. Where a newer one was made elsewhere, marks of the older one are written:
 * nobody reads them.
 */
import type { RoomId, TenantId } from "../../base/ids.ts";
import { STORAGE_HEADS_CACHED_MAX } from "../../base/limits.ts";
import type { LogKey } from "../journal.ts";
import type { ApiResult } from "./dynamo-api.ts";
import type { RowStore } from "./row-store.ts";

export class Incarnations {
  readonly #rows: RowStore;
  readonly #known = new Map<string, number>();

  constructor(rows: RowStore) {
    this.#rows = rows;
  }

  note({ tenant, room, incarnation }: LogKey): void {
    const name = `${tenant}#${room}`;
    const known = this.#known.get(name);
    if (known !== undefined && known >= incarnation) return;
    if (this.#known.size >= STORAGE_HEADS_CACHED_MAX) this.#known.clear();
    this.#known.set(name, incarnation);
  }

  /** The newest incarnation's log; `undefined` when there is none. */
  async logOf(tenant: TenantId, room: RoomId): Promise<ApiResult<LogKey | undefined>> {
    const known = this.#known.get(`${tenant}#${room}`);
    if (known !== undefined) return { ok: true, value: { tenant, room, incarnation: known } };
    const read = await this.#rows.room(tenant, room);
    if (!read.ok) return read;
    if (read.value === undefined) return { ok: true, value: undefined };
    const log = { tenant, room, incarnation: read.value.incarnation };
    this.note(log);
    return { ok: true, value: log };
  }
}
