/**
 * Port of what is asked across rooms, and of rows that are not in any log: read marks, people, documents.
 * Projections may lag behind the log by the adapter's stated bound (SQLite: not at all); they can be rebuilt from it.
 */
import { hash32 } from "../base/hash.ts";
import type { RoomId, Seq, TenantId, UserId } from "../base/ids.ts";
import type { ItemValue, MemberRow } from "../domain/room/state.ts";
import type { RoomType } from "../domain/room/vocabulary.ts";
import type { Done, LogKey, PageQuery, PatienceMs, ReadResult, RoomCard } from "./journal.ts";

/** How far a member is in one room. The watermarks only go forward. */
export interface Marked {
  readonly readSeq: Seq;
  /** `messageNo` at `readSeq`: unread = messages in the room − this, unless something was marked as unread. */
  readonly readNo: number;
  readonly deliveredSeq: Seq;
  /** Something was marked as unread, at least once. */
  readonly unreadFrom?: UnreadFrom;
}
export interface Mark extends Marked {
  readonly tenant: TenantId;
  readonly room: RoomId;
  readonly userId: UserId;
}

/**
 * Where a member who marked something as unread is again, as far as counts go; receipts keep the watermark. Each marking has
 * a version: the higher one wins, and of one version the place further on. Reading beyond the watermark ends it.
 */
export interface UnreadFrom {
  readonly version: number;
  readonly seq: Seq;
  readonly no: number;
}
/** The last 24 bits of a version say which request the marking was asked with; those before them count. */
const MARKING_KEYS = 2 ** 24;

/** Above `version`, whatever the key. */
export function nextMarking(version: number, key: string | undefined): number {
  return (Math.floor(version / MARKING_KEYS) + 1) * MARKING_KEYS + shortKey(key);
}

/** The last marking was this request's: one in 16 million others is taken for it, right after it. */
export function isMarkingOf(version: number, key: string | undefined): boolean {
  return key !== undefined && version >= MARKING_KEYS && version % MARKING_KEYS === shortKey(key);
}

/** Never 0: so are markings without a key. */
function shortKey(key: string | undefined): number {
  return key === undefined ? 0 : 1 + (hash32(key) % (MARKING_KEYS - 1));
}

/** Place of an `UnreadFrom` that is over: behind everything. */
export const READ_AGAIN = Number.MAX_SAFE_INTEGER;

/** Up to which message the member has read, as far as counts go. */
export function countedNo({ readNo, unreadFrom }: Pick<Marked, "readNo" | "unreadFrom">): number {
  return unreadFrom === undefined ? readNo : Math.min(readNo, unreadFrom.no);
}

/** What stands after a mark was written to what stood there: the rule for every adapter. */
export function mergeMarks(standing: Marked | undefined, mark: Marked): Marked {
  if (standing === undefined) return mark;
  const isFurther = mark.readSeq > standing.readSeq;
  const { readSeq, readNo } = isFurther ? mark : standing;
  const deliveredSeq = Math.max(mark.deliveredSeq, standing.deliveredSeq);
  const unreadFrom = mergeUnread(standing.unreadFrom ?? NEVER_UNREAD, mark.unreadFrom ?? NEVER_UNREAD, isFurther);
  return { readSeq, readNo, deliveredSeq, ...(unreadFrom.version > 0 && { unreadFrom }) };
}

export const NEVER_UNREAD: UnreadFrom = { version: 0, seq: READ_AGAIN, no: READ_AGAIN };

function mergeUnread(standing: UnreadFrom, mark: UnreadFrom, isFurther: boolean): UnreadFrom {
  const version = Math.max(standing.version, mark.version);
  const isNewer =
    isFurther || mark.version > standing.version || (mark.version === standing.version && mark.seq > standing.seq);
  const { seq, no } = isNewer ? mark : standing;
  return { version, seq, no };
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
  /** Up to which message counts take it for read: `countedNo`, and what retention has taken. */
  readonly readNo: number;
}

/** What a member has read, or can't read any more. */
export function readNoIn(
  marked: Pick<Marked, "readNo" | "unreadFrom"> | undefined,
  card: RoomCard | undefined,
): number {
  return Math.max(marked === undefined ? 0 : countedNo(marked), card?.trimmedNo ?? 0);
}

/** What one member has not read in one room. */
export interface UnreadCount {
  readonly unread: number;
  /** Messages among them that mention the member: exact up to `MENTIONS_KEPT_MAX`. */
  readonly mentions: number;
}

/** Messages that mention the member, or all, and came after `no`. */
export function mentionsAfter(
  { mentioned = NONE, joinedNo }: Pick<MemberRow, "mentioned" | "joinedNo">,
  mentionedAll: readonly number[] = NONE,
  no: number,
): number {
  if (mentioned.length === 0 && mentionedAll.length === 0) return 0;
  // One message may do both.
  const after = new Set<number>();
  for (const numbers of [mentioned, mentionedAll]) {
    for (const messageNo of numbers) if (messageNo > no && messageNo > joinedNo) after.add(messageNo);
  }
  return after.size;
}
const NONE: readonly number[] = [];

/** unread = messageCount − max(readNo, joinedNo), never below 0; 0 for people who are not members. */
export function unreadOf(item: Pick<RoomListItem, "messageCount" | "readNo" | "member">): number {
  if (item.member === undefined) return 0;
  return Math.max(0, item.messageCount - Math.max(item.readNo, item.member.joinedNo));
}

/** An item that is one person's (`ItemChange.person`), in a room that is there now. */
export interface PersonalItem {
  readonly room: RoomId;
  readonly card: RoomCard;
  readonly id: string;
  readonly value: ItemValue;
}

export interface PersonalQuery {
  readonly collection: string;
  /** Only those with this id: one of each room. */
  readonly id?: string;
  /** Exclusive: the last room of the page before. */
  readonly after?: RoomId;
  readonly limit: number;
}

/** A thread that somebody follows, with the replies that they have not read. */
export interface UnreadThread {
  readonly room: RoomId;
  readonly root: Seq;
  readonly unread: number;
}

export interface UnreadThreadsQuery {
  /** The collection of the items that say which threads they follow: the id is the root, `no` the last reply of theirs. */
  readonly follows: string;
  /** The collection of the documents that say how far they have read: `room/root`, with `no`. */
  readonly marks: string;
  /** Follows that are looked at, and threads in the answer at most. */
  readonly lookedAtMax: number;
  readonly limit: number;
}

export type RoomScope = "member" | "visible" | "all";

export interface RoomListQuery {
  readonly tenant: TenantId;
  readonly userId: UserId;
  /**
   * `member`: rooms of the user. `visible`: those and every discoverable (public or broadcast) room. `all`: those and every other
   * one of the tenant but direct ones, which are nobody else's; for administrators.
   */
  readonly scope: RoomScope;
  readonly type?: RoomType;
  /** All of them. */
  readonly tags?: readonly string[];
  /** Part of the name, whatever its case. */
  readonly text?: string;
  /** Of `visible`: also archived rooms that the user is no member of. Nobody can join these. */
  readonly archived?: true;
  readonly limit: number;
  readonly offset: number;
}

export interface UserRow {
  readonly userId: UserId;
  /** As others see them. */
  readonly name?: string;
  readonly avatar?: string;
  /** What the person chose to be called and shown as, over whatever their tokens say. */
  readonly own?: { readonly name?: string; readonly avatar?: string };
  /** What a profile service said, and when (wall clock). */
  readonly sourced?: { readonly name?: string; readonly avatar?: string; readonly atMs: number };
  /** What their last token said, kept while something of it is overridden. */
  readonly claimed?: { readonly name?: string; readonly avatar?: string };
  /** As the user last chose; connections decide whether they are online at all. */
  readonly status?: "online" | "away" | "busy" | "offline";
  readonly customStatus?: string;
  /** When the custom status ends. */
  readonly customStatusUntil?: number;
  readonly lastSeen: number;
  /** There may be somebody on their block list: it is to be looked at. */
  readonly hasBlocks?: true;
}

/** A row of a tenant that belongs to no room: a block list, a list of words. A JSON object of `DOCUMENT_BYTES_MAX` at most. */
export interface StoredDocument {
  readonly value: object;
  /** 1 and more, and higher with each write. */
  readonly version: number;
}

export interface ListedDocument extends StoredDocument {
  readonly id: string;
}

/**
 * `conflict`: the document is not at the expected version; nothing was written. Also after an attempt of the same write
 * whose answer was lost: read again, and judge by what is there.
 */
export type DocumentOutcome = "written" | "conflict";

/** One log, as whoever looks after all of them finds it. */
export interface ListedLog {
  readonly log: LogKey;
  /** Absent before the room's first card. */
  readonly card?: RoomCard;
}
export interface LogPage {
  readonly logs: readonly ListedLog[];
  /** Where the next page begins; absent: there is none. */
  readonly next?: string;
}

export interface Projections {
  /** Newest activity first; `total` counts all that match, whatever the page. */
  listRooms(
    query: RoomListQuery,
    done: Done<{ readonly items: readonly RoomListItem[]; readonly total: number }>,
  ): void;
  /** Per room of a user, rooms without unread left out. For the first frame of a connection. */
  unreadCounts(tenant: TenantId, userId: UserId, done: Done<ReadonlyMap<RoomId, UnreadCount>>): void;
  /** One person's items over all rooms, room by room in an order of the store's own. */
  personalItems(tenant: TenantId, userId: UserId, query: PersonalQuery, done: Done<readonly PersonalItem[]>): void;
  /** Of rooms that the person is a member of now, in no order; only threads with something unread. */
  unreadThreads(tenant: TenantId, userId: UserId, query: UnreadThreadsQuery, done: Done<readonly UnreadThread[]>): void;
  /**
   * For each of the others the rooms that they and the user are both members of now, at most `limit`, in no order; of each
   * person the newest `SHARED_ROOMS_LOOKED_AT_MAX` memberships are looked at. For the question who may see whom.
   */
  sharedRooms(
    tenant: TenantId,
    userId: UserId,
    others: readonly UserId[],
    limit: number,
    done: Done<readonly (readonly RoomId[])[]>,
  ): void;
  /** Marks of these members of one room, in the order asked; `null` where there is none. */
  readMarks(tenant: TenantId, room: RoomId, users: readonly UserId[], done: Done<readonly (Mark | null)[]>): void;
  /** Durable when `done` says so; what then stands there is what `mergeMarks` says. Part of the next group commit. */
  writeMarks(marks: readonly Mark[], done: (saved: ReadResult<true>) => void, patienceMs?: PatienceMs): void;
  readUser(tenant: TenantId, userId: UserId, done: Done<UserRow | null>): void;
  writeUser(tenant: TenantId, row: UserRow, done: (saved: ReadResult<true>) => void): void;
  /** `null` when there is none. Strong: what was written before the call is seen, whoever wrote it. */
  readDocument(tenant: TenantId, collection: string, id: string, done: Done<StoredDocument | null>): void;
  /**
   * Written when the document is at `expectedVersion`, 0 for one that is not there; `null` removes. Collection and id are
   * printable ASCII, as with items. Two writers that read first never overwrite each other's change.
   */
  writeDocument(
    tenant: TenantId,
    collection: string,
    id: string,
    value: object | null,
    expectedVersion: number,
    done: Done<DocumentOutcome>,
    patienceMs?: PatienceMs,
  ): void;
  /** Documents of one collection in the order of their ids' bytes. */
  listDocuments(tenant: TenantId, collection: string, query: PageQuery, done: Done<readonly ListedDocument[]>): void;
  /**
   * All logs of all tenants, or of one, in no order; a page may be empty although others follow. For upkeep, not for requests
   * that somebody waits for: DynamoDB reads the whole table for it.
   */
  listLogs(
    query: { readonly tenant?: TenantId; readonly after?: string; readonly limit: number },
    done: Done<LogPage>,
  ): void;
  /** The row of a person and their marks in all rooms are gone. Answers how many rows there were. */
  forgetUser(tenant: TenantId, userId: UserId, done: Done<number>): void;
}
