/** Room lists, marks and people on SQLite. Nothing lags: what is listed is what is committed. */
import type { RoomId, TenantId, UserId } from "../../base/ids.ts";
import type { Done, ReadResult } from "../journal.ts";
import type { Mark, Projections, RoomListItem, RoomListQuery, UserRow } from "../projections.ts";
import type { AnsweringReads } from "./answering-reads.ts";
import type { RoomListReader } from "./room-list-reader.ts";
import { savedResult, userWrite } from "./write-operation.ts";
import type { WriteQueue } from "./write-queue.ts";

export class SqliteProjections implements Projections {
  readonly #queue: WriteQueue;
  readonly #reads: AnsweringReads;
  readonly #rooms: RoomListReader;

  constructor(queue: WriteQueue, reads: AnsweringReads, rooms: RoomListReader) {
    this.#queue = queue;
    this.#reads = reads;
    this.#rooms = rooms;
  }

  listRooms(
    query: RoomListQuery,
    done: Done<{ readonly items: readonly RoomListItem[]; readonly total: number }>,
  ): void {
    this.#reads.answer(done, (recent) => this.#rooms.list(query, recent));
  }

  unreadCounts(tenant: TenantId, userId: UserId, done: Done<ReadonlyMap<RoomId, number>>): void {
    this.#reads.answer(done, (recent) => this.#rooms.unread(tenant, userId, recent));
  }

  readMarks(tenant: TenantId, room: RoomId, users: readonly UserId[], done: Done<readonly (Mark | null)[]>): void {
    this.#reads.answer(done, () => this.#rooms.marks(tenant, room, users));
  }

  writeMarks(marks: readonly Mark[], done: (saved: ReadResult<true>) => void): void {
    this.#queue.add({ kind: "marks", marks }, (outcome) => done(savedResult(outcome)));
  }

  readUser(tenant: TenantId, userId: UserId, done: Done<UserRow | null>): void {
    this.#reads.answer(done, () => this.#rooms.person(tenant, userId));
  }

  writeUser(tenant: TenantId, row: UserRow, done: (saved: ReadResult<true>) => void): void {
    this.#queue.add(userWrite(tenant, row), (outcome) => done(savedResult(outcome)));
  }
}
