/**
 * Reads across rooms, synchronous: lists, unread counts, marks, people. Heads of logs come from the settled part and, where
 * newer, from the recent segments; so lists never lag.
 */
import type { Database } from "bun:sqlite";
import type { RoomId, TenantId, UserId } from "../../base/ids.ts";
import type { RoomCard } from "../journal.ts";
import {
  type LogPage,
  type Mark,
  type Marked,
  mentionsAfter,
  readNoIn,
  type RoomListItem,
  type RoomListQuery,
  type UnreadCount,
  type UserRow,
} from "../projections.ts";
import { hidesArchived, isInScope, isListed, needsCards } from "../room-filter.ts";
import { byNewestActivity } from "../room-order.ts";
import type { LogNumbers } from "./log-numbers.ts";
import type { LogReader } from "./log-reader.ts";
import type { RecentSegments } from "./recent-segments.ts";

/** log, room, last_seq, message_count, timestamp */
type ListedRow = [number, RoomId, number | null, number | null, number | null];
/** log, room, joined_no, last_seq, message_count, read_no or where it is unread from, card where it says who mentioned all */
type UnreadRow = [number, RoomId, number, number | null, number | null, number | null, string | null];

interface LogRow {
  readonly id: number;
  readonly tenant: TenantId;
  readonly room: RoomId;
  readonly incarnation: number;
  readonly card: string | null;
}
type LogQuery = { readonly tenant?: TenantId; readonly after?: string; readonly limit: number };

interface ListedRoom {
  readonly log: number;
  readonly roomId: RoomId;
  readonly head: number;
  readonly messageCount: number;
  readonly lastActivity: number;
}
interface MarkRow {
  readonly readSeq: number;
  readonly readNo: number;
  readonly deliveredSeq: number;
  readonly unreadVersion: number;
  readonly unreadSeq: number;
  readonly unreadNo: number;
}

export class RoomListReader {
  readonly #numbers: LogNumbers;
  readonly #logs: LogReader;
  readonly #roomsOfUser;
  readonly #publicRooms;
  readonly #otherRooms;
  readonly #unread;
  readonly #mentioned;
  readonly #card;
  readonly #mark;
  readonly #person;
  readonly #allLogs;
  readonly #countOf;

  constructor(db: Database, numbers: LogNumbers, logs: LogReader) {
    this.#numbers = numbers;
    this.#logs = logs;
    const listed = "l.id, l.room, h.last_seq, h.message_count, h.timestamp";
    // CROSS JOIN keeps the order of the tables: from the user's memberships to their rooms, never the other way round.
    this.#roomsOfUser = db.prepare<unknown, [number, UserId, string | null]>(
      `SELECT ${listed} FROM member m CROSS JOIN log l ON l.id = m.log LEFT JOIN head h ON h.log = m.log
       WHERE m.tenant = ?1 AND m.user_id = ?2 AND l.is_current = 1 AND l.type IS NOT NULL AND (?3 IS NULL OR l.type = ?3)`,
    );
    // Each of the two has an index of its own.
    const discoverable = (type: "public" | "broadcast"): string =>
      `SELECT ${listed} FROM log l LEFT JOIN head h ON h.log = l.id
       WHERE l.tenant = ?1 AND l.type = '${type}' AND l.is_current = 1 AND (?2 IS NULL OR ?2 = '${type}')
         AND (?3 = 1 OR instr(l.card, '"isArchived":true') = 0)`;
    this.#publicRooms = db.prepare<unknown, [number, string | null, 0 | 1]>(
      `${discoverable("public")} UNION ALL ${discoverable("broadcast")}`,
    );
    this.#otherRooms = db.prepare<unknown, [number, string | null]>(
      `SELECT ${listed} FROM log l LEFT JOIN head h ON h.log = l.id
       WHERE l.tenant = ?1 AND l.is_current = 1 AND l.type IS NOT NULL AND l.type <> 'direct' AND (?2 IS NULL OR l.type = ?2)`,
    );
    this.#unread = db.prepare<unknown, [number, UserId]>(
      `SELECT l.id, l.room, m.joined_no, h.last_seq, h.message_count, min(k.read_no, k.unread_no),
         CASE WHEN instr(l.card, '"mentioned":[') > 0 OR instr(l.card, '"trimmedNo":') > 0 THEN l.card END
       FROM member m CROSS JOIN log l ON l.id = m.log LEFT JOIN head h ON h.log = m.log
       LEFT JOIN mark k ON k.user_id = m.user_id AND k.log = m.log
       WHERE m.tenant = ?1 AND m.user_id = ?2 AND l.is_current = 1 AND l.type IS NOT NULL`,
    );
    this.#mentioned = db.prepare<{ log: number; mentioned: string }, [number, UserId]>(
      "SELECT log, mentioned FROM member WHERE tenant = ? AND user_id = ? AND mentioned IS NOT NULL",
    );
    this.#card = db.prepare<{ card: string }, [number]>("SELECT card FROM log WHERE id = ?");
    this.#mark = db.prepare<MarkRow, [UserId, number]>(
      `SELECT read_seq AS readSeq, read_no AS readNo, delivered_seq AS deliveredSeq, unread_version AS unreadVersion,
         unread_seq AS unreadSeq, unread_no AS unreadNo
       FROM mark WHERE user_id = ? AND log = ?`,
    );
    this.#person = db.prepare<{ row: string }, [number, UserId]>(
      "SELECT row FROM person WHERE tenant = ? AND user_id = ?",
    );
    this.#allLogs = db.prepare<LogRow, [number, TenantId | null, number]>(
      `SELECT l.id, t.name AS tenant, l.room, l.incarnation, l.card FROM log l JOIN tenant t ON t.id = l.tenant
       WHERE l.id > ?1 AND (?2 IS NULL OR t.name = ?2) ORDER BY l.id LIMIT ?3`,
    );
    this.#countOf = db.prepare<{ count: number }, [number, UserId]>(
      `SELECT (SELECT count(*) FROM person WHERE tenant = ?1 AND user_id = ?2)
            + (SELECT count(*) FROM mark WHERE user_id = ?2 AND log IN (SELECT id FROM log WHERE tenant = ?1)) AS count`,
    );
  }

  logs({ tenant, after = "0", limit }: LogQuery): LogPage {
    const rows = this.#allLogs.all(Number(after), tenant ?? null, limit);
    const logs = rows.map(({ tenant: name, room, incarnation, card }) => ({
      log: { tenant: name, room, incarnation },
      ...(card !== null && { card: JSON.parse(card) as RoomCard }),
    }));
    const last = rows.length < limit ? undefined : rows.at(-1);
    return { logs, ...(last !== undefined && { next: String(last.id) }) };
  }

  /** Rows of one person that `forget` takes away. */
  rowsOf(tenantName: TenantId, userId: UserId): number {
    const tenant = this.#numbers.tenant(tenantName);
    return tenant === undefined ? 0 : (this.#countOf.get(tenant, userId)?.count ?? 0);
  }

  list(
    query: RoomListQuery,
    recent: RecentSegments,
  ): { readonly items: readonly RoomListItem[]; readonly total: number } {
    const tenant = this.#numbers.tenant(query.tenant);
    if (tenant === undefined) return { items: [], total: 0 };
    const found = this.#matching(tenant, query, recent);
    const rooms = needsCards(query) ? found.filter((room) => isListed(this.#cardOf(room), query)) : found;
    rooms.sort(byNewestActivity);
    const page = rooms.slice(query.offset, query.offset + query.limit);
    return { items: page.map((room) => this.#item(room, query.userId)), total: rooms.length };
  }

  unread(tenantName: TenantId, userId: UserId, recent: RecentSegments): ReadonlyMap<RoomId, UnreadCount> {
    const counts = new Map<RoomId, UnreadCount>();
    const tenant = this.#numbers.tenant(tenantName);
    if (tenant === undefined) return counts;
    const mentioned = new Map<number, string>();
    for (const { log, mentioned: numbers } of this.#mentioned.all(tenant, userId)) mentioned.set(log, numbers);
    for (const row of this.#unread.values(tenant, userId) as UnreadRow[]) {
      const [log, room, joinedNo, lastSeq, settledCount, readNo, card] = row;
      const newest = recent.newest(log);
      const count = newest !== undefined && newest.lastSeq > (lastSeq ?? 0) ? newest.messageCount : (settledCount ?? 0);
      const known = card === null ? undefined : (JSON.parse(card) as RoomCard);
      const seenNo = Math.max(readNo ?? 0, known?.trimmedNo ?? 0);
      const unread = count - Math.max(seenNo, joinedNo);
      if (unread <= 0) continue;
      const numbers = mentioned.get(log);
      const member = { joinedNo, ...(numbers !== undefined && { mentioned: JSON.parse(numbers) as number[] }) };
      counts.set(room, { unread, mentions: mentionsAfter(member, known?.mentioned, seenNo) });
    }
    return counts;
  }

  marks(tenant: TenantId, room: RoomId, users: readonly UserId[]): readonly (Mark | null)[] {
    const log = this.#numbers.currentLog(tenant, room);
    return users.map((userId) => {
      const row = log === undefined ? null : this.#mark.get(userId, log);
      return row === null ? null : { tenant, room, userId, ...markedOf(row) };
    });
  }

  person(tenantName: TenantId, userId: UserId): UserRow | null {
    const tenant = this.#numbers.tenant(tenantName);
    const row = tenant === undefined ? null : this.#person.get(tenant, userId);
    return row === null ? null : (JSON.parse(row.row) as UserRow);
  }

  #matching(tenant: number, query: RoomListQuery, recent: RecentSegments): ListedRoom[] {
    const own = this.#roomsOfUser.values(tenant, query.userId, query.type ?? null) as ListedRow[];
    const rooms = own.map((row) => listedRoom(row, recent));
    const { scope, type } = query;
    if (scope === "member" || (type !== undefined && !isInScope(scope, type))) return rooms;
    const ownLogs = new Set(rooms.map((room) => room.log));
    const others =
      scope === "all"
        ? this.#otherRooms.values(tenant, type ?? null)
        : this.#publicRooms.values(tenant, type ?? null, hidesArchived(query) ? 0 : 1);
    for (const row of others as ListedRow[]) {
      if (!ownLogs.has(row[0])) rooms.push(listedRoom(row, recent));
    }
    return rooms;
  }

  #cardOf(room: ListedRoom): RoomCard {
    const card = this.#card.get(room.log);
    if (card === null) throw new Error(`log ${room.log} is listed and has no row`);
    return JSON.parse(card.card) as RoomCard;
  }

  #item(room: ListedRoom, userId: UserId): RoomListItem {
    const mark = this.#mark.get(userId, room.log);
    const card = this.#cardOf(room);
    return {
      roomId: room.roomId,
      card,
      head: room.head,
      messageCount: room.messageCount,
      lastActivity: room.lastActivity,
      member: this.#logs.memberOf(room.log, userId) ?? undefined,
      readSeq: mark?.readSeq ?? 0,
      readNo: readNoIn(mark === null ? undefined : markedOf(mark), card),
    };
  }
}

function markedOf({ readSeq, readNo, deliveredSeq, unreadVersion, unreadSeq, unreadNo }: MarkRow): Marked {
  const marked = { readSeq, readNo, deliveredSeq };
  if (unreadVersion === 0) return marked;
  return { ...marked, unreadFrom: { version: unreadVersion, seq: unreadSeq, no: unreadNo } };
}

function listedRoom(row: ListedRow, recent: RecentSegments): ListedRoom {
  const [log, roomId, lastSeq, messageCount, timestamp] = row;
  const newest = recent.newest(log);
  if (newest !== undefined && newest.lastSeq > (lastSeq ?? 0)) {
    const { timestamp: lastActivity } = newest;
    return { log, roomId, head: newest.lastSeq, messageCount: newest.messageCount, lastActivity };
  }
  return { log, roomId, head: lastSeq ?? 0, messageCount: messageCount ?? 0, lastActivity: timestamp ?? 0 };
}
