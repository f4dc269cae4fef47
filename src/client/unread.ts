/**
 * How much is unread, per room and in all. The server says it at connect, at join and for rooms that nobody listens to here; what
 * this client listens to it counts itself.
 */
import type { RoomId, Seq, UserId } from "../base/ids.ts";
import type { ConnectionFrame, MessageView, NotificationFrame, RoomPosition } from "../protocol/frames.ts";
import type { Totals, UnreadCount } from "./types.ts";

interface Count {
  /** As the server said, up to `head`. */
  base: number;
  baseMentions: number;
  head: Seq;
  /** Since then, by others. */
  newer: { readonly seq: Seq; readonly mentions: boolean }[];
}

const NONE: Count = { base: 0, baseMentions: 0, head: 0, newer: [] };

export class Unread {
  readonly #changed: (count: UnreadCount) => void;
  readonly #rooms = new Map<RoomId, Count>();
  /** Rooms of which a part was read of what the server had counted. */
  readonly #unsure = new Set<RoomId>();
  /** By room, what the `connection` frame said. */
  readonly #said = new Map<RoomId, number>();
  userId: UserId | undefined;
  #totals: Totals = { total: 0, totalMentions: 0 };

  constructor(changed: (count: UnreadCount) => void) {
    this.#changed = changed;
  }

  /** The same object until one of them changes. */
  get totals(): Totals {
    let [total, totalMentions] = [0, 0];
    for (const count of this.#rooms.values()) {
      total += unreadOf(count);
      totalMentions += mentionsOf(count);
    }
    const { total: before, totalMentions: mentionsBefore } = this.#totals;
    if (total !== before || totalMentions !== mentionsBefore) this.#totals = { total, totalMentions };
    return this.#totals;
  }

  of(roomId: RoomId): UnreadCount {
    const count = this.#rooms.get(roomId) ?? NONE;
    return { roomId, unread: unreadOf(count), mentions: mentionsOf(count), ...this.totals };
  }

  /** The room is no longer one's own. */
  drop(roomId: RoomId): void {
    if (this.#rooms.delete(roomId)) this.#changed(this.of(roomId));
  }

  /** Of rooms that this client `listensTo` it is not known up to which message the server counted: they are compared later. */
  connected({ unread, userId }: ConnectionFrame, listensTo: (room: RoomId) => boolean): void {
    this.userId = userId;
    this.#said.clear();
    const rooms = new Set([...this.#rooms.keys(), ...(Object.keys(unread.rooms) as RoomId[])]);
    for (const room of rooms) {
      const count = unread.rooms[room] ?? 0;
      if (listensTo(room)) this.#said.set(room, count);
      else this.#set(room, count, unread.mentionRooms?.[room] ?? 0, 0);
    }
  }

  /** The server is to be asked, now that it knows what was read. */
  isUnsure(roomId: RoomId): boolean {
    return this.#unsure.delete(roomId);
  }

  /** All that was missed is counted. false: the server said otherwise, so it is to be asked. */
  agrees(roomId: RoomId): boolean {
    const said = this.#said.get(roomId);
    this.#said.delete(roomId);
    return said === undefined || said === this.of(roomId).unread;
  }

  /** By the server, of everything up to `head`. */
  said({ roomId, unread, mentions = 0 }: RoomPosition | NotificationFrame, head: Seq): void {
    if (unread !== undefined) this.#set(roomId, unread, mentions, head);
  }

  message(message: MessageView): void {
    const { roomId, seq, authorId, mentions, mentionsRoom } = message;
    const count = this.#rooms.get(roomId) ?? { ...NONE, newer: [] };
    this.#rooms.set(roomId, count);
    // Whoever writes has read what was before.
    if (authorId === this.userId) return this.read(roomId, seq);
    if (seq <= count.head) return;
    const isMeant = mentionsRoom === true || mentions?.some((userId) => userId === this.userId) === true;
    count.newer.push({ seq, mentions: isMeant });
    this.#changed(this.of(roomId));
  }

  /** Up to here. Of what the server counted nobody here knows which it was: a part of it is for the server to say. */
  read(roomId: RoomId, seq: Seq): void {
    const count = this.#rooms.get(roomId);
    if (count === undefined) return;
    if (seq >= count.head) {
      count.base = 0;
      count.baseMentions = 0;
    } else if (count.base > 0) this.#unsure.add(roomId);
    count.newer = count.newer.filter((one) => one.seq > seq);
    this.#changed(this.of(roomId));
  }

  #set(roomId: RoomId, base: number, baseMentions: number, head: Seq): void {
    const before = this.#rooms.get(roomId);
    const newer = before?.newer.filter((one) => one.seq > head) ?? [];
    this.#rooms.set(roomId, { base, baseMentions, head, newer });
    this.#changed(this.of(roomId));
  }
}

function unreadOf({ base, newer }: Count): number {
  return base + newer.length;
}

function mentionsOf({ baseMentions, newer }: Count): number {
  return newer.reduce((sum, { mentions }) => sum + Number(mentions), baseMentions);
}
