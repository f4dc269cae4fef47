/** Which rooms two people share, synchronous. Both sides are read from their own index, newest memberships first, within a bound. */
import type { Database } from "bun:sqlite";
import type { RoomId, TenantId, UserId } from "../../base/ids.ts";
import { SHARED_ROOMS_LOOKED_AT_MAX } from "../../base/limits.ts";
import type { LogNumbers } from "./log-numbers.ts";

export class SharedRoomsReader {
  readonly #numbers: LogNumbers;
  readonly #logsOfUser;
  readonly #room;

  constructor(db: Database, numbers: LogNumbers) {
    this.#numbers = numbers;
    // Numbers of logs grow: the highest are the newest rooms.
    this.#logsOfUser = db.prepare<unknown, [number, UserId]>(
      `SELECT log FROM member WHERE tenant = ? AND user_id = ? ORDER BY log DESC LIMIT ${SHARED_ROOMS_LOOKED_AT_MAX}`,
    );
    this.#room = db.prepare<{ room: RoomId }, [number]>(
      "SELECT room FROM log WHERE id = ? AND is_current = 1 AND type IS NOT NULL",
    );
  }

  shared(
    tenantName: TenantId,
    userId: UserId,
    others: readonly UserId[],
    limit: number,
  ): readonly (readonly RoomId[])[] {
    const tenant = this.#numbers.tenant(tenantName);
    if (tenant === undefined) return others.map(() => []);
    const own = new Set(this.#logsOf(tenant, userId));
    return others.map((other) => {
      const rooms: RoomId[] = [];
      for (const log of this.#logsOf(tenant, other)) {
        if (rooms.length >= limit) break;
        const row = own.has(log) ? this.#room.get(log) : null;
        if (row !== null) rooms.push(row.room);
      }
      return rooms;
    });
  }

  #logsOf(tenant: number, userId: UserId): readonly number[] {
    return (this.#logsOfUser.values(tenant, userId) as [number][]).map(([log]) => log);
  }
}
