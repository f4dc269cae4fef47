/** Room lists, marks and people on SQLite. Nothing lags: what is listed is what is committed. */
import type { RoomId, TenantId, UserId } from "../../base/ids.ts";
import { documentJson } from "../document-rules.ts";
import type { Done, PageQuery, PatienceMs, ReadResult } from "../journal.ts";
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
import type { AnsweringReads } from "./answering-reads.ts";
import type { DocumentReader } from "./document-reader.ts";
import type { PersonalReader } from "./personal-reader.ts";
import type { RoomListReader } from "./room-list-reader.ts";
import type { SharedRoomsReader } from "./shared-rooms-reader.ts";
import { documentResult, savedResult, userWrite } from "./write-operation.ts";
import type { WriteQueue } from "./write-queue.ts";

export class SqliteProjections implements Projections {
  readonly #queue: WriteQueue;
  readonly #reads: AnsweringReads;
  readonly #rooms: RoomListReader;
  readonly #documents: DocumentReader;
  readonly #shared: SharedRoomsReader;
  readonly #personal: PersonalReader;

  constructor(
    queue: WriteQueue,
    reads: AnsweringReads,
    rooms: RoomListReader,
    documents: DocumentReader,
    shared: SharedRoomsReader,
    personal: PersonalReader,
  ) {
    this.#queue = queue;
    this.#reads = reads;
    this.#rooms = rooms;
    this.#documents = documents;
    this.#shared = shared;
    this.#personal = personal;
  }

  listRooms(
    query: RoomListQuery,
    done: Done<{ readonly items: readonly RoomListItem[]; readonly total: number }>,
  ): void {
    this.#reads.answer(done, (recent) => this.#rooms.list(query, recent));
  }

  unreadCounts(tenant: TenantId, userId: UserId, done: Done<ReadonlyMap<RoomId, UnreadCount>>): void {
    this.#reads.answer(done, (recent) => this.#rooms.unread(tenant, userId, recent));
  }

  personalItems(tenant: TenantId, userId: UserId, query: PersonalQuery, done: Done<readonly PersonalItem[]>): void {
    this.#reads.answer(done, () => this.#personal.items(tenant, userId, query));
  }

  unreadThreads(
    tenant: TenantId,
    userId: UserId,
    query: UnreadThreadsQuery,
    done: Done<readonly UnreadThread[]>,
  ): void {
    this.#reads.answer(done, () => this.#personal.threads(tenant, userId, query));
  }

  sharedRooms(
    tenant: TenantId,
    userId: UserId,
    others: readonly UserId[],
    limit: number,
    done: Done<readonly (readonly RoomId[])[]>,
  ): void {
    this.#reads.answer(done, () => this.#shared.shared(tenant, userId, others, limit));
  }

  readMarks(tenant: TenantId, room: RoomId, users: readonly UserId[], done: Done<readonly (Mark | null)[]>): void {
    this.#reads.answer(done, () => this.#rooms.marks(tenant, room, users));
  }

  writeMarks(marks: readonly Mark[], done: (saved: ReadResult<true>) => void, patienceMs?: PatienceMs): void {
    this.#queue.add({ kind: "marks", marks }, (outcome) => done(savedResult(outcome)), patienceMs);
  }

  readUser(tenant: TenantId, userId: UserId, done: Done<UserRow | null>): void {
    this.#reads.answer(done, () => this.#rooms.person(tenant, userId));
  }

  writeUser(tenant: TenantId, row: UserRow, done: (saved: ReadResult<true>) => void): void {
    this.#queue.add(userWrite(tenant, row), (outcome) => done(savedResult(outcome)));
  }

  readDocument(tenant: TenantId, collection: string, id: string, done: Done<StoredDocument | null>): void {
    this.#reads.answer(done, () => this.#documents.read(tenant, collection, id));
  }

  writeDocument(
    tenant: TenantId,
    collection: string,
    id: string,
    value: object | null,
    expectedVersion: number,
    done: Done<DocumentOutcome>,
    patienceMs?: PatienceMs,
  ): void {
    const json = documentJson(collection, id, value);
    const operation = { kind: "document", tenant, collection, id, json, expectedVersion } as const;
    this.#queue.add(operation, (outcome) => done(documentResult(outcome)), patienceMs);
  }

  listDocuments(tenant: TenantId, collection: string, query: PageQuery, done: Done<readonly ListedDocument[]>): void {
    this.#reads.answer(done, () => this.#documents.list(tenant, collection, query));
  }

  listLogs(
    query: { readonly tenant?: TenantId; readonly after?: string; readonly limit: number },
    done: Done<LogPage>,
  ): void {
    this.#reads.answer(done, () => this.#rooms.logs(query));
  }

  forgetUser(tenant: TenantId, userId: UserId, done: Done<number>): void {
    this.#reads.answer(
      (counted: ReadResult<number>) => {
        if (!counted.ok) return done(counted);
        this.#queue.add({ kind: "forget", tenant, userId }, (outcome) => {
          const saved = savedResult(outcome);
          done(saved.ok ? counted : saved);
        });
      },
      () => this.#rooms.rowsOf(tenant, userId),
    );
  }
}
