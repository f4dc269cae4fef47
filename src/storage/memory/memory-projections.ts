/** Room lists, marks and people in memory: computed from the store's logs at each question. Same scheduling as the journal. */
import { itemNames, type RoomId, type TenantId, type UserId } from "../../base/ids.ts";
import { documentJson } from "../document-rules.ts";
import { pageOf } from "../item-page.ts";
import type { Done, PageQuery, ReadResult } from "../journal.ts";
import type {
  DocumentOutcome,
  ListedDocument,
  LogPage,
  Mark,
  PersonalItem,
  PersonalQuery,
  Projections,
  RoomListItem,
  RoomListQuery,
  StoredDocument,
  UnreadCount,
  UnreadThread,
  UnreadThreadsQuery,
  UserRow,
} from "../projections.ts";
import { mentionsAfter, mergeMarks, readNoIn, unreadOf } from "../projections.ts";
import { hidesArchived, isInScope, isListed } from "../room-filter.ts";
import { byNewestActivity } from "../room-order.ts";
import type { Schedule } from "./memory-journal.ts";
import type { MemoryDocument, MemoryLog, MemoryStore } from "./memory-store.ts";

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
        const { type, isArchived } = item.card.settings;
        if (!isListed(item.card, query)) continue;
        if (item.member === undefined && !isInScope(query.scope, type)) continue;
        if (item.member === undefined && isArchived === true && hidesArchived(query)) continue;
        items.push(item);
      }
      items.sort(byNewestActivity);
      const page = items.slice(query.offset, query.offset + query.limit);
      done({ ok: true, value: { items: page, total: items.length } });
    });
  }

  unreadCounts(tenant: TenantId, userId: UserId, done: Done<ReadonlyMap<RoomId, UnreadCount>>): void {
    this.#schedule(() => {
      const counts = new Map<RoomId, UnreadCount>();
      for (const log of this.#store.currentLogs(tenant)) {
        const item = listItem(log, userId);
        const unread = item === undefined ? 0 : unreadOf(item);
        if (unread === 0 || item?.member === undefined) continue;
        counts.set(log.key.room, { unread, mentions: mentionsAfter(item.member, item.card.mentioned, item.readNo) });
      }
      done({ ok: true, value: counts });
    });
  }

  personalItems(tenant: TenantId, _userId: UserId, query: PersonalQuery, done: Done<readonly PersonalItem[]>): void {
    this.#schedule(() => {
      const { after, limit } = query;
      const found = [...this.#personal(tenant, query)].filter(({ room }) => after === undefined || room > after);
      done({ ok: true, value: found.toSorted((a, b) => (a.room < b.room ? -1 : 1)).slice(0, limit) });
    });
  }

  unreadThreads(
    tenant: TenantId,
    userId: UserId,
    { follows, marks, lookedAtMax, limit }: UnreadThreadsQuery,
    done: Done<readonly UnreadThread[]>,
  ): void {
    this.#schedule(() => {
      const threads: UnreadThread[] = [];
      const documents = this.#store.documents(tenant, marks);
      const followed = [...this.#personal(tenant, { collection: follows })].slice(0, lookedAtMax);
      for (const { room, id, value } of followed) {
        const log = this.#store.currentLog(tenant, room);
        if (log?.members.has(userId) !== true) continue;
        const lastNo = log.overlays.get(Number(id))?.thread?.lastNo ?? 0;
        const mark = documents.get(`${room}/${id}`)?.value as { readonly no: number } | null | undefined;
        const unread = lastNo - Math.max((value as { readonly no: number }).no, mark?.no ?? 0);
        if (unread > 0) threads.push({ room, root: Number(id), unread });
      }
      done({ ok: true, value: threads.slice(0, limit) });
    });
  }

  *#personal(tenant: TenantId, query: Pick<PersonalQuery, "collection" | "id">): Generator<PersonalItem> {
    for (const { card, items, key } of this.#store.currentLogs(tenant)) {
      if (card === undefined || card.deletedAt !== undefined) continue;
      for (const [itemKey, value] of items) {
        const { collection, id } = itemNames(itemKey);
        if (collection !== query.collection || (query.id !== undefined && id !== query.id)) continue;
        yield { room: key.room, card, id, value };
      }
    }
  }

  sharedRooms(
    tenant: TenantId,
    userId: UserId,
    others: readonly UserId[],
    limit: number,
    done: Done<readonly (readonly RoomId[])[]>,
  ): void {
    this.#schedule(() => {
      const own = [...this.#store.currentLogs(tenant)].filter(
        ({ card, members }) => card !== undefined && card.deletedAt === undefined && members.has(userId),
      );
      const value = others.map((other) =>
        own
          .filter((log) => log.members.has(other))
          .slice(0, limit)
          .map((log) => log.key.room),
      );
      done({ ok: true, value });
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

  readDocument(tenant: TenantId, collection: string, id: string, done: Done<StoredDocument | null>): void {
    this.#schedule(() => {
      const stored = this.#store.documents(tenant, collection).get(id);
      done({ ok: true, value: stored === undefined ? null : present(stored) });
    });
  }

  writeDocument(
    tenant: TenantId,
    collection: string,
    id: string,
    value: object | null,
    expectedVersion: number,
    done: Done<DocumentOutcome>,
  ): void {
    const json = documentJson(collection, id, value);
    this.#schedule(() => {
      const documents = this.#store.documents(tenant, collection);
      const standing = documents.get(id);
      const version = standing === undefined || standing.value === null ? 0 : standing.version;
      if (version !== expectedVersion) return done({ ok: true, value: "conflict" });
      const written = json === null ? null : (JSON.parse(json) as object);
      documents.set(id, { value: written, version: (standing?.version ?? 0) + 1 });
      done({ ok: true, value: "written" });
    });
  }

  listDocuments(tenant: TenantId, collection: string, query: PageQuery, done: Done<readonly ListedDocument[]>): void {
    this.#schedule(() => {
      const found: ListedDocument[] = [];
      for (const [id, stored] of this.#store.documents(tenant, collection)) {
        const document = present(stored);
        if (document !== null) found.push({ id, ...document });
      }
      done({ ok: true, value: pageOf(found, query) });
    });
  }

  listLogs(
    { tenant, after = "0", limit }: { readonly tenant?: TenantId; readonly after?: string; readonly limit: number },
    done: Done<LogPage>,
  ): void {
    this.#schedule(() => {
      const all = [...this.#store.allLogs()].filter(({ key }) => tenant === undefined || key.tenant === tenant);
      const from = Number(after);
      const logs = all
        .slice(from, from + limit)
        .map(({ key, card }) => ({ log: key, ...(card !== undefined && { card }) }));
      done({ ok: true, value: { logs, ...(from + limit < all.length && { next: String(from + limit) }) } });
    });
  }

  forgetUser(tenant: TenantId, userId: UserId, done: Done<number>): void {
    this.#schedule(() => done({ ok: true, value: this.#store.forgetUser(tenant, userId) }));
  }

  #writeMark(mark: Mark): void {
    const marks = this.#store.currentLog(mark.tenant, mark.room)?.marks;
    const { tenant, room, userId } = mark;
    marks?.set(userId, { tenant, room, userId, ...mergeMarks(marks.get(userId), mark) });
  }
}

function present({ value, version }: MemoryDocument): StoredDocument | null {
  return value === null ? null : { value, version };
}

/** `undefined` while the room has no card, and when it was deleted. */
function listItem(log: MemoryLog, userId: UserId): RoomListItem | undefined {
  if (log.card === undefined || log.card.deletedAt !== undefined) return undefined;
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
    readNo: readNoIn(mark, log.card),
  };
}
