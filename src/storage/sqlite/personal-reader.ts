/** What is one person's in all rooms, synchronous: their items, and the threads that they follow. Read from the person's own index. */
import type { Database } from "bun:sqlite";
import type { RoomId, TenantId, UserId } from "../../base/ids.ts";
import type { ItemValue } from "../../domain/room/state.ts";
import type { RoomCard } from "../journal.ts";
import type { PersonalItem, PersonalQuery, UnreadThread, UnreadThreadsQuery } from "../projections.ts";
import type { LogNumbers } from "./log-numbers.ts";

/** room, card, id, row */
type ItemRow = [RoomId, string, string, string];
/** room, root, unread */
type ThreadRow = [RoomId, string, number];

export class PersonalReader {
  readonly #numbers: LogNumbers;
  readonly #items;
  readonly #threads;

  constructor(db: Database, numbers: LogNumbers) {
    this.#numbers = numbers;
    // CROSS JOIN keeps the order of the tables: from the person's items to their rooms, never the other way round.
    this.#items = db.prepare<unknown, [number, UserId, string, string | null, number, number]>(
      `SELECT l.room, l.card, i.id, i.row FROM item i CROSS JOIN log l ON l.id = i.log
       WHERE i.person = ?2 AND i.collection = ?3 AND i.log > ?5 AND (?4 IS NULL OR i.id = ?4)
         AND l.tenant = ?1 AND l.is_current = 1 AND l.type IS NOT NULL
       ORDER BY i.log, i.id LIMIT ?6`,
    );
    this.#threads = db.prepare<unknown, [number, UserId, string, string, number, number]>(
      `SELECT f.room, f.id, f.last_no - max(f.own_no, coalesce(json_extract(d.row, '$.no'), 0)) AS unread FROM (
         SELECT l.room, i.id, json_extract(i.row, '$.no') AS own_no, json_extract(o.row, '$.thread.lastNo') AS last_no
         FROM item i CROSS JOIN log l ON l.id = i.log CROSS JOIN member m ON m.log = i.log AND m.user_id = ?2
           CROSS JOIN overlay o ON o.log = i.log AND o.seq = CAST(i.id AS INTEGER)
         WHERE i.person = ?2 AND i.collection = ?3 AND l.tenant = ?1 AND l.is_current = 1 AND l.type IS NOT NULL
         ORDER BY i.log DESC, i.id DESC LIMIT ?5
       ) f LEFT JOIN document d ON d.tenant = ?1 AND d.collection = ?4 AND d.id = f.room || '/' || f.id
       WHERE unread > 0 LIMIT ?6`,
    );
  }

  items(tenantName: TenantId, userId: UserId, query: PersonalQuery): readonly PersonalItem[] {
    const tenant = this.#numbers.tenant(tenantName);
    if (tenant === undefined) return [];
    const { collection, id = null, after, limit } = query;
    const last = after === undefined ? 0 : (this.#numbers.currentLog(tenantName, after) ?? 0);
    const rows = this.#items.values(tenant, userId, collection, id, last, limit) as ItemRow[];
    return rows.map(([room, card, itemId, row]) => ({
      room,
      card: JSON.parse(card) as RoomCard,
      id: itemId,
      value: JSON.parse(row) as ItemValue,
    }));
  }

  threads(tenantName: TenantId, userId: UserId, query: UnreadThreadsQuery): readonly UnreadThread[] {
    const tenant = this.#numbers.tenant(tenantName);
    if (tenant === undefined) return [];
    const { follows, marks, lookedAtMax, limit } = query;
    const rows = this.#threads.values(tenant, userId, follows, marks, lookedAtMax, limit) as ThreadRow[];
    return rows.map(([room, root, unread]) => ({ room, root: Number(root), unread }));
  }
}
