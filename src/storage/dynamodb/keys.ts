/**
 * The keys of all items. Both tables have a partition key `pk` and a sort key `sk`, both text; ids contain no `#`.
 *
 *   messages table
 *     L#tenant#room#incarnation   0000000000000001   a segment, by its first sequence
 *     L#tenant#room#incarnation   snapshot           the newest snapshot, or where its parts are
 *     P#tenant#room#incarnation   kind.…#0000        a part of what is too large for one item
 *   rooms table
 *     R#tenant#room               room               card, head, counts of the newest incarnation; how far its rows are written
 *     M#tenant#room#incarnation   user               a member
 *     U#tenant#user               room#incarnation   the same member from the user's side, and the user's marks
 *     O#tenant#room#incarnation   0000000000000001   a message's overlay
 *     I#tenant#room#incarnation   collection/id      an item of the room
 *     B#tenant#user               collection#room#incarnation#id   the same item, when it is this person's
 *     C#tenant#collection         id                 a document
 *     D#tenant                    room               this room was public once: to be looked at for lists
 *     A#tenant                    room               this room is there, and not direct: for administrators' lists
 *     N#tenant#user               user               a person
 *     S#tenant#room#incarnation   b#0000000000000001 search: a block of messages, by the first one's sequence
 *     S#tenant#room#incarnation   t#word#0000000…    search: which messages of a block have this word
 *     S#tenant#room#incarnation   f#a:user#0000…     search: which are by this person; `y:type` of this type
 *     W#tenant#room#incarnation   consumer           how far a follower of the log has come
 *     F#number                    tenant#room#inc…   this log was written to lately: its followers may be behind
 */
import type { ItemKey as RoomItemKey, RoomId, Seq, TenantId, UserId } from "../../base/ids.ts";
import type { LogKey } from "../journal.ts";
import type { ItemKey } from "./items.ts";

const SEQ_DIGITS = 16;
/** Lies behind every sequence and before every word. */
export const SEQ_KEY_LAST = "9".repeat(SEQ_DIGITS);
const SNAPSHOT = "snapshot";

export function logName({ tenant, room, incarnation }: LogKey): string {
  return `${tenant}#${room}#${incarnation}`;
}

export function seqKey(seq: Seq): string {
  return String(seq).padStart(SEQ_DIGITS, "0");
}

export function logPartition(log: LogKey): string {
  return `L#${logName(log)}`;
}

export function segmentKey(log: LogKey, firstSeq: Seq): ItemKey {
  return { pk: logPartition(log), sk: seqKey(firstSeq) };
}

export function snapshotKey(log: LogKey): ItemKey {
  return { pk: logPartition(log), sk: SNAPSHOT };
}

export function partsPartition(log: LogKey): string {
  return `P#${logName(log)}`;
}

export function partKey(log: LogKey, id: string, index: number): ItemKey {
  return { pk: partsPartition(log), sk: `${id}#${String(index).padStart(4, "0")}` };
}

export function roomKey(tenant: TenantId, room: RoomId): ItemKey {
  return { pk: `R#${tenant}#${room}`, sk: "room" };
}

export function membersPartition(log: LogKey): string {
  return `M#${logName(log)}`;
}

export function memberKey(log: LogKey, user: UserId): ItemKey {
  return { pk: membersPartition(log), sk: user };
}

export function userPartition(tenant: TenantId, user: UserId): string {
  return `U#${tenant}#${user}`;
}

export function membershipKey(log: LogKey, user: UserId): ItemKey {
  return { pk: userPartition(log.tenant, user), sk: `${log.room}#${log.incarnation}` };
}

/** The room and incarnation in a membership's sort key. */
export function roomOfMembership(sk: string): { readonly room: RoomId; readonly incarnation: number } {
  const at = sk.lastIndexOf("#");
  return { room: sk.slice(0, at) as RoomId, incarnation: Number(sk.slice(at + 1)) };
}

export function overlayKey(log: LogKey, seq: Seq): ItemKey {
  return { pk: `O#${logName(log)}`, sk: seqKey(seq) };
}

export function itemRowKey(log: LogKey, key: RoomItemKey): ItemKey {
  return { pk: `I#${logName(log)}`, sk: key };
}

export function belongingsPartition(tenant: TenantId, user: UserId): string {
  return `B#${tenant}#${user}`;
}

export function belongingKey(log: LogKey, user: UserId, collection: string, id: string): ItemKey {
  return { pk: belongingsPartition(log.tenant, user), sk: `${collection}#${log.room}#${log.incarnation}#${id}` };
}

/** What stands in the sort key of a belonging. */
export function namesOfBelonging(sk: string): {
  readonly collection: string;
  readonly room: RoomId;
  readonly incarnation: number;
  readonly id: string;
} {
  const [collection = "", room = "", incarnation = "", ...id] = sk.split("#");
  return { collection, room: room as RoomId, incarnation: Number(incarnation), id: id.join("#") };
}

export function documentKey(tenant: TenantId, collection: string, id: string): ItemKey {
  return { pk: `C#${tenant}#${collection}`, sk: id };
}

export function publicPartition(tenant: TenantId): string {
  return `D#${tenant}`;
}

/** Where a room that is not direct is listed. */
export function listingKeys(tenant: TenantId, room: RoomId, isPublic: boolean): readonly ItemKey[] {
  const all = { pk: allRoomsPartition(tenant), sk: room };
  return isPublic ? [all, { pk: publicPartition(tenant), sk: room }] : [all];
}

export function allRoomsPartition(tenant: TenantId): string {
  return `A#${tenant}`;
}

export function personKey(tenant: TenantId, user: UserId): ItemKey {
  return { pk: `N#${tenant}#${user}`, sk: "user" };
}

export function positionKey(log: LogKey, consumer: string): ItemKey {
  return { pk: `W#${logName(log)}`, sk: consumer };
}

/** The list of open logs is spread, since all writers share it. */
export const OPEN_PARTITIONS = 16;

export function openPartition(number: number): string {
  return `F#${number}`;
}

export function openLogKey(partition: number, name: string): ItemKey {
  return { pk: openPartition(partition), sk: name };
}

/** Tenant and room in the partition key of a room's row; `undefined` for any other. */
export function roomOfKey(pk: string): Pick<LogKey, "tenant" | "room"> | undefined {
  const [kind, tenant, room] = pk.split("#");
  if (kind !== "R" || tenant === undefined || room === undefined) return undefined;
  return { tenant: tenant as TenantId, room: room as RoomId };
}

/** Search: a room's blocks and words. */
export function searchPartition(log: LogKey): string {
  return `S#${logName(log)}`;
}

export function blockKey(log: LogKey, first: Seq): ItemKey {
  return { pk: searchPartition(log), sk: `b#${seqKey(first)}` };
}
