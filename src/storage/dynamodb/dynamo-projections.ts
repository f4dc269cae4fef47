/**
 * Room lists, marks and people on DynamoDB. Lists lag behind the log by `DYNAMO_ACTIVITY_INTERVAL_MS` and the time of a
 * write, where the room lives in another shard; marks and people by nothing.
 */
import type { RoomId, TenantId, UserId } from "../../base/ids.ts";
import { documentJson } from "../document-rules.ts";
import type { Done, LogKey, PageQuery, ReadResult } from "../journal.ts";
import {
  type DocumentOutcome,
  type ListedDocument,
  type LogPage,
  type Mark,
  type Marked,
  mentionsAfter,
  mergeMarks,
  type PersonalItem,
  type PersonalQuery,
  type Projections,
  type RoomListItem,
  type RoomListQuery,
  type StoredDocument,
  type UnreadCount,
  type UnreadThread,
  type UnreadThreadsQuery,
  type UserRow,
  unreadOf,
} from "../projections.ts";
import { isListed } from "../room-filter.ts";
import { byNewestActivity } from "../room-order.ts";
import { answer } from "./answering.ts";
import type { DocumentStore } from "./document-store.ts";
import type { ApiResult, DynamoApi } from "./dynamo-api.ts";
import type { Incarnations } from "./incarnations.ts";
import { binary, bytesIn, fromJsonBytes, jsonBytes, keyOf } from "./items.ts";
import { personKey } from "./keys.ts";
import type { PersonalReader } from "./personal-reader.ts";
import type { LogKeeper } from "./log-keeper.ts";
import type { RoomListReader } from "./room-list-reader.ts";
import type { RowStore } from "./row-store.ts";

export interface DynamoProjectionsParts {
  readonly api: DynamoApi;
  readonly roomsTable: string;
  readonly rows: RowStore;
  readonly documents: DocumentStore;
  readonly lists: RoomListReader;
  readonly personal: PersonalReader;
  readonly incarnations: Incarnations;
  readonly keeper: LogKeeper;
  readonly failed: (error: unknown) => void;
}

/** Several nodes may write one mark at once, each forward; each round one of them gets through. */
const MARK_ROUNDS_MAX = 8;

export class DynamoProjections implements Projections {
  readonly #parts: DynamoProjectionsParts;

  constructor(parts: DynamoProjectionsParts) {
    this.#parts = parts;
  }

  listRooms(
    query: RoomListQuery,
    done: Done<{ readonly items: readonly RoomListItem[]; readonly total: number }>,
  ): void {
    const read = async () => {
      const found = await this.#parts.lists.itemsOf(query);
      if (!found.ok) return found;
      const items = found.value.filter(({ card }) => isListed(card, query));
      items.sort(byNewestActivity);
      const page = items.slice(query.offset, query.offset + query.limit);
      return { ok: true, value: { items: page, total: items.length } } as const;
    };
    answer(read(), done, this.#parts.failed);
  }

  unreadCounts(tenant: TenantId, userId: UserId, done: Done<ReadonlyMap<RoomId, UnreadCount>>): void {
    const read = async (): Promise<ApiResult<ReadonlyMap<RoomId, UnreadCount>>> => {
      const found = await this.#parts.lists.itemsOf({ tenant, userId, scope: "member" });
      if (!found.ok) return found;
      const counts = new Map<RoomId, UnreadCount>();
      for (const item of found.value) {
        const unread = unreadOf(item);
        if (unread === 0 || item.member === undefined) continue;
        counts.set(item.roomId, { unread, mentions: mentionsAfter(item.member, item.card.mentioned, item.readNo) });
      }
      return { ok: true, value: counts };
    };
    answer(read(), done, this.#parts.failed);
  }

  personalItems(tenant: TenantId, userId: UserId, query: PersonalQuery, done: Done<readonly PersonalItem[]>): void {
    answer(this.#parts.personal.items(tenant, userId, query), done, this.#parts.failed);
  }

  unreadThreads(
    tenant: TenantId,
    userId: UserId,
    query: UnreadThreadsQuery,
    done: Done<readonly UnreadThread[]>,
  ): void {
    answer(this.#parts.personal.threads(tenant, userId, query), done, this.#parts.failed);
  }

  sharedRooms(
    tenant: TenantId,
    userId: UserId,
    others: readonly UserId[],
    limit: number,
    done: Done<readonly (readonly RoomId[])[]>,
  ): void {
    answer(this.#parts.lists.shared(tenant, userId, others, limit), done, this.#parts.failed);
  }

  readMarks(tenant: TenantId, room: RoomId, users: readonly UserId[], done: Done<readonly (Mark | null)[]>): void {
    const read = async (): Promise<ApiResult<readonly (Mark | null)[]>> => {
      const log = await this.#parts.incarnations.logOf(tenant, room);
      if (!log.ok) return log;
      if (log.value === undefined) return { ok: true, value: users.map(() => null) };
      const found = await this.#parts.rows.marks(log.value, users);
      if (!found.ok) return found;
      const marks = users.map((userId) => {
        const mark = found.value.get(userId);
        return mark === undefined ? null : { tenant, room, userId, ...mark };
      });
      return { ok: true, value: marks };
    };
    answer(read(), done, this.#parts.failed);
  }

  writeMarks(marks: readonly Mark[], done: (saved: ReadResult<true>) => void): void {
    const write = async (): Promise<ApiResult<true>> => {
      const results = await Promise.all(furthest(marks).map((mark) => this.#writeMark(mark)));
      return results.find((result) => !result.ok) ?? { ok: true, value: true };
    };
    answer(write(), done, this.#parts.failed);
  }

  readUser(tenant: TenantId, userId: UserId, done: Done<UserRow | null>): void {
    const read = async (): Promise<ApiResult<UserRow | null>> => {
      const { api, roomsTable } = this.#parts;
      const got = await api.get(roomsTable, personKey(tenant, userId));
      if (!got.ok) return got;
      const bytes = got.value && bytesIn(got.value, "person");
      return { ok: true, value: bytes === undefined ? null : fromJsonBytes<UserRow>(bytes) };
    };
    answer(read(), done, this.#parts.failed);
  }

  writeUser(tenant: TenantId, row: UserRow, done: (saved: ReadResult<true>) => void): void {
    const write = async (): Promise<ApiResult<true>> => {
      const { api, roomsTable } = this.#parts;
      const item = { ...keyOf(personKey(tenant, row.userId)), person: binary(jsonBytes(row)) };
      const put = await api.put(roomsTable, item);
      return put.ok ? { ok: true, value: true } : put;
    };
    answer(write(), done, this.#parts.failed);
  }

  readDocument(tenant: TenantId, collection: string, id: string, done: Done<StoredDocument | null>): void {
    answer(this.#parts.documents.read(tenant, collection, id), done, this.#parts.failed);
  }

  writeDocument(
    tenant: TenantId,
    collection: string,
    id: string,
    value: object | null,
    expectedVersion: number,
    done: Done<DocumentOutcome>,
  ): void {
    const { documents, failed } = this.#parts;
    answer(documents.write(tenant, collection, id, documentJson(collection, id, value), expectedVersion), done, failed);
  }

  listDocuments(tenant: TenantId, collection: string, query: PageQuery, done: Done<readonly ListedDocument[]>): void {
    answer(this.#parts.documents.list(tenant, collection, query), done, this.#parts.failed);
  }

  listLogs(
    { tenant, after, limit }: { readonly tenant?: TenantId; readonly after?: string; readonly limit: number },
    done: Done<LogPage>,
  ): void {
    answer(this.#parts.keeper.logs(tenant, after, limit), done, this.#parts.failed);
  }

  forgetUser(tenant: TenantId, userId: UserId, done: Done<number>): void {
    answer(this.#parts.keeper.forgetUser(tenant, userId), done, this.#parts.failed);
  }

  /** One write when it goes forward in both watermarks, which is nearly always; otherwise what stands there is read first. */
  async #writeMark(mark: Mark): Promise<ApiResult<true>> {
    const { incarnations, rows } = this.#parts;
    const log = await incarnations.logOf(mark.tenant, mark.room);
    if (!log.ok) return log;
    // No room, no marks.
    if (log.value === undefined) return { ok: true, value: true };
    let next: Marked = mark;
    for (let round = 0; round < MARK_ROUNDS_MAX; round += 1) {
      const written = await rows.writeMark(log.value, mark.userId, next);
      if (written.ok) return { ok: true, value: true };
      if (written.error !== "condition") return written;
      const standing = await this.#standing(log.value, mark.userId);
      if (!standing.ok) return standing;
      next = mergeMarks(standing.value, mark);
      if (isSame(next, standing.value)) return { ok: true, value: true };
    }
    return { ok: false, error: "throttled" };
  }

  async #standing(log: LogKey, user: UserId): Promise<ApiResult<Marked | undefined>> {
    const found = await this.#parts.rows.marks(log, [user]);
    return found.ok ? { ok: true, value: found.value.get(user) } : found;
  }
}

/** One mark per room and user. */
function furthest(marks: readonly Mark[]): readonly Mark[] {
  const byKey = new Map<string, Mark>();
  for (const mark of marks) {
    const key = `${mark.tenant}#${mark.room}#${mark.userId}`;
    const known = byKey.get(key);
    byKey.set(key, known === undefined ? mark : joined(known, mark));
  }
  return [...byKey.values()];
}

function joined(known: Mark, mark: Mark): Mark {
  const { tenant, room, userId } = mark;
  return { tenant, room, userId, ...mergeMarks(known, mark) };
}

function isSame(a: Marked, b: Marked | undefined): boolean {
  return (
    a.readSeq === b?.readSeq &&
    a.readNo === b.readNo &&
    a.deliveredSeq === b.deliveredSeq &&
    a.unreadFrom?.version === b.unreadFrom?.version &&
    a.unreadFrom?.seq === b.unreadFrom?.seq
  );
}
