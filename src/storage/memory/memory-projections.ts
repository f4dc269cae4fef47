/** Room lists, marks and people in memory: computed from the store's logs at each question. Same scheduling as the journal. */
import type { RoomId, TenantId, UserId } from "../../base/ids.ts";
import type { Done, ReadResult } from "../journal.ts";
import type { Mark, Projections, RoomListItem, RoomListQuery, UserRow } from "../projections.ts";
import { unreadOf } from "../projections.ts";
import { byNewestActivity } from "../room-order.ts";
import type { Schedule } from "./memory-journal.ts";
import type { MemoryLog, MemoryStore } from "./memory-store.ts";

export class MemoryProjections implements Projections {
  readonly #store: MemoryStore;
  readonly #schedule: Schedule;

  constructor(store: MemoryStore, schedule: Schedule = queueMicrotask) {
    this.#store = store;
    this.#schedule = schedule;
  }

  listRooms(
    query: RoomListQuery,
    done: Done<{ readonly items: readonly RoomListItem[]; readonly total: number }>,
  ): void {
    this.#schedule(() => {
      const items: RoomListItem[] = [];
      for (const log of this.#store.currentLogs(query.tenant)) {
        const item = listItem(log, query.userId);
        if (item === undefined) continue;
        const { type } = item.card.settings;
        if (query.type !== undefined && type !== query.type) continue;
        if (item.member === undefined && (query.scope === "member" || type !== "public")) continue;
        items.push(item);
      }
      items.sort(byNewestActivity);
      const page = items.slice(query.offset, query.offset + query.limit);
      done({ ok: true, value: { items: page, total: items.length } });
    });
  }

  unreadCounts(tenant: TenantId, userId: UserId, done: Done<ReadonlyMap<RoomId, number>>): void {
    this.#schedule(() => {
      const counts = new Map<RoomId, number>();
      for (const log of this.#store.currentLogs(tenant)) {
        const item = listItem(log, userId);
        const unread = item === undefined ? 0 : unreadOf(item);
        if (unread > 0) counts.set(log.key.room, unread);
      }
      done({ ok: true, value: counts });
    });
  }

  readMarks(tenant: TenantId, room: RoomId, users: readonly UserId[], done: Done<readonly (Mark | null)[]>): void {
    this.#schedule(() => {
      const log = this.#store.currentLog(tenant, room);
      done({ ok: true, value: users.map((user) => log?.marks.get(user) ?? null) });
    });
  }

  writeMarks(marks: readonly Mark[], done: (saved: ReadResult<true>) => void): void {
    this.#schedule(() => {
      for (const mark of marks) this.#writeMark(mark);
      done({ ok: true, value: true });
    });
  }

  readUser(tenant: TenantId, userId: UserId, done: Done<UserRow | null>): void {
    this.#schedule(() => done({ ok: true, value: this.#store.user(tenant, userId) ?? null }));
  }

  writeUser(tenant: TenantId, row: UserRow, done: (saved: ReadResult<true>) => void): void {
    this.#schedule(() => {
      this.#store.setUser(tenant, row);
      done({ ok: true, value: true });
    });
  }

  #writeMark(mark: Mark): void {
    const marks = this.#store.currentLog(mark.tenant, mark.room)?.marks;
    const old = marks?.get(mark.userId);
    if (old === undefined) {
      marks?.set(mark.userId, { ...mark });
      return;
    }
    const read = mark.readSeq > old.readSeq ? mark : old;
    const deliveredSeq = Math.max(mark.deliveredSeq, old.deliveredSeq);
    marks?.set(mark.userId, { ...old, readSeq: read.readSeq, readNo: read.readNo, deliveredSeq });
  }
}

/** `undefined` while the room has no card. */
function listItem(log: MemoryLog, userId: UserId): RoomListItem | undefined {
  if (log.card === undefined) return undefined;
  const newest = log.segments.at(-1);
  const mark = log.marks.get(userId);
  return {
    roomId: log.key.room,
    card: log.card,
    head: newest?.lastSeq ?? 0,
    messageCount: newest?.messageCount ?? 0,
    lastActivity: newest?.timestamp ?? log.card.createdAt,
    member: log.members.get(userId),
    readSeq: mark?.readSeq ?? 0,
    readNo: mark?.readNo ?? 0,
  };
}
