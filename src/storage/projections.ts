/**
 * Port of what is asked across rooms, and of rows that are not in any log: read marks, people.
 * Projections may lag behind the log by the adapter's stated bound (SQLite: not at all); they can be rebuilt from it.
 */
import type { RoomId, Seq, TenantId, UserId } from "../base/ids.ts";
import type { MemberRow } from "../domain/room/state.ts";
import type { RoomType } from "../domain/room/vocabulary.ts";
import type { Done, ReadResult, RoomCard } from "./journal.ts";

/** A member's watermarks in one room. Only forward. */
export interface Mark {
  readonly tenant: TenantId;
  readonly room: RoomId;
  readonly userId: UserId;
  readonly readSeq: Seq;
  /** `messageNo` at `readSeq`: unread = messages in the room − this. */
  readonly readNo: number;
  readonly deliveredSeq: Seq;
}

export interface RoomListItem {
  readonly roomId: RoomId;
  readonly card: RoomCard;
  readonly head: Seq;
  readonly messageCount: number;
  readonly lastActivity: number;
  /** The asker's membership and marks; `undefined` when not a member. */
  readonly member: MemberRow | undefined;
  readonly readSeq: Seq;
  readonly readNo: number;
}

/** unread = messageCount − max(readNo, joinedNo), never below 0; 0 for people who are not members. */
export function unreadOf(item: Pick<RoomListItem, "messageCount" | "readNo" | "member">): number {
  if (item.member === undefined) return 0;
  return Math.max(0, item.messageCount - Math.max(item.readNo, item.member.joinedNo));
}

export interface RoomListQuery {
  readonly tenant: TenantId;
  readonly userId: UserId;
  /** `member`: rooms of the user. `visible`: those and every discoverable (public) room. */
  readonly scope: "member" | "visible";
  readonly type?: RoomType;
  readonly limit: number;
  readonly offset: number;
}

export interface UserRow {
  readonly userId: UserId;
  readonly name?: string;
  readonly avatar?: string;
  /** As the user last chose; connections decide whether they are online at all. */
  readonly status?: "online" | "away" | "busy" | "offline";
  readonly customStatus?: string;
  readonly lastSeen: number;
}

export interface Projections {
  /** Newest activity first; `total` counts all that match, whatever the page. */
  listRooms(
    query: RoomListQuery,
    done: Done<{ readonly items: readonly RoomListItem[]; readonly total: number }>,
  ): void;
  /** Unread per room of a user, rooms without unread left out. For the first frame of a connection. */
  unreadCounts(tenant: TenantId, userId: UserId, done: Done<ReadonlyMap<RoomId, number>>): void;
  /** Marks of these members of one room, in the order asked; `null` where there is none. */
  readMarks(tenant: TenantId, room: RoomId, users: readonly UserId[], done: Done<readonly (Mark | null)[]>): void;
  /** Durable when `done` says so; a mark that is behind the stored one changes nothing. Part of the next group commit. */
  writeMarks(marks: readonly Mark[], done: (saved: ReadResult<true>) => void): void;
  readUser(tenant: TenantId, userId: UserId, done: Done<UserRow | null>): void;
  writeUser(tenant: TenantId, row: UserRow, done: (saved: ReadResult<true>) => void): void;
}
