/**
 * The list of one's own rooms, the one with the newest activity first. It is read over REST when a page asks for it, kept by what
 * is heard since, and read once more after a loss and when there is a room that it does not know.
 */
import type { RoomId, UserId } from "../base/ids.ts";
import type { RoomEvent, ServerFrame } from "../protocol/frames.ts";
import type { Emitter } from "./emitter.ts";
import { type RoomJson, roomOf } from "./plain.ts";
import type { Rest } from "./rest.ts";
import type { ClientEvents, RoomEntry, UnreadCount } from "./types.ts";

const PAGE = 100;
/** Rooms in the list. */
const ROOMS_MAX = 5_000;
const ASK_MS = 300;

export class RoomList {
  readonly #emitter: Emitter<ClientEvents>;
  readonly #rest: Rest;
  readonly #unread: (roomId: RoomId) => UnreadCount;
  readonly #rooms = new Map<RoomId, RoomEntry>();
  #sorted: readonly RoomEntry[] = [];
  /** Somebody wants to see it. */
  #isWanted = false;
  #isTold = true;
  #userId: UserId | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reading: Promise<void> | undefined;

  constructor(emitter: Emitter<ClientEvents>, rest: Rest, unread: (roomId: RoomId) => UnreadCount) {
    this.#emitter = emitter;
    this.#rest = rest;
    this.#unread = unread;
    emitter.on("connected", ({ userId }) => {
      this.#userId = userId;
      this.#readSoon();
    });
    emitter.on("left", ({ roomId }) => this.remove(roomId));
    emitter.on("frame", (frame) => this.#frame(frame));
    emitter.on("position", ({ roomId }) => this.#mustKnow(roomId));
    emitter.on("event", ({ roomId, event }) => this.#event(roomId, event));
    emitter.on("unread", ({ roomId, unread, mentions }) => this.#change(roomId, { unread, mentions }));
  }

  get rooms(): readonly RoomEntry[] {
    return this.#sorted;
  }

  async load(): Promise<readonly RoomEntry[]> {
    this.#isWanted = true;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
    return this.#sorted;
  }

  /** It is not one's own any more. */
  remove(roomId: RoomId): void {
    if (this.#rooms.delete(roomId)) this.#tellSoon();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #read(): Promise<void> {
    const rooms: RoomEntry[] = [];
    for (let hasMore = true; hasMore && rooms.length < ROOMS_MAX; ) {
      const path = `/v1/chat/rooms?scope=member&limit=${PAGE}&offset=${rooms.length}`;
      const page = await this.#rest.call<{
        readonly rooms: readonly RoomJson[];
        readonly pagination: { readonly hasMore: boolean };
      }>("GET", path);
      rooms.push(...page.rooms.map(roomOf));
      hasMore = page.pagination.hasMore && page.rooms.length > 0;
    }
    this.#rooms.clear();
    for (const room of rooms) {
      // What this client counts itself is newer than what was read.
      const { unread, mentions } = this.#unread(room.roomId);
      this.#rooms.set(room.roomId, { ...room, unread, mentions });
    }
    this.#tell();
  }

  #readSoon(): void {
    if (!this.#isWanted) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.load().catch(() => undefined);
    }, ASK_MS);
  }

  #mustKnow(roomId: RoomId): void {
    if (!this.#rooms.has(roomId)) this.#readSoon();
  }

  #change(roomId: RoomId, change: Partial<RoomEntry>): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return;
    this.#rooms.set(roomId, { ...room, ...change });
    this.#tellSoon();
  }

  #tellSoon(): void {
    if (this.#isTold) queueMicrotask(() => this.#tell());
    this.#isTold = false;
  }

  #tell(): void {
    this.#isTold = true;
    this.#sorted = [...this.#rooms.values()].sort((a, b) => b.lastActivity - a.lastActivity);
    this.#emitter.emit("rooms", this.#sorted);
  }

  // ---------------------------------------------------------------------------------------------- what changes it

  #frame(frame: ServerFrame): void {
    if (frame.type === "member_count") this.#change(frame.roomId, { memberCount: frame.memberCount });
    if (frame.type !== "notification") return;
    const { kind, roomId } = frame;
    if (kind === "banned") return this.remove(roomId);
    // Whoever is brought into a room is told so as of an invite.
    if (["request_approved", "mention", "invite", "unread"].includes(kind)) this.#mustKnow(roomId);
    // Counts without one's own hand in it: somebody wrote.
    const isMore = kind === "unread" && (frame.unread ?? 0) > (this.#rooms.get(roomId)?.unread ?? 0);
    if (isMore) this.#change(roomId, { lastActivity: Date.now() });
  }

  #event(roomId: RoomId, event: RoomEvent): void {
    const room = this.#rooms.get(roomId);
    const members = room?.memberCount ?? 0;
    switch (event.type) {
      case "new_message":
        return this.#change(roomId, { lastActivity: event.timestamp });
      case "room_updated":
        return this.#change(roomId, event.room);
      case "room_deleted":
        return this.remove(roomId);
      case "user_joined":
        return this.#change(roomId, { memberCount: members + 1 });
      case "user_left":
        if (event.user.userId === this.#userId) return this.remove(roomId);
        return this.#change(roomId, { memberCount: members - 1 });
      default:
    }
  }
}
