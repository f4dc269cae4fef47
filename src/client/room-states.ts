/**
 * What a page shows of rooms beside their messages: who is there, who types, how far others have read, what is unread.
 * Invariant: a snapshot never changes and is the same one until something of it does; who types is dropped when the time
 * that the server said is over.
 */
import type { RoomId, Seq, UserId } from "../base/ids.ts";
import type { RoomEvent, RoomPosition, SeenStep, ServerFrame, UserRef } from "../protocol/frames.ts";
import type { Emitter } from "./emitter.ts";
import { People } from "./people.ts";
import type { ClientEvents, Presence, Reader, RoomState, SeenBy, UnreadCount } from "./types.ts";

interface Room {
  isListening: boolean;
  role?: RoomPosition["role"] | undefined;
  muted?: RoomPosition["muted"] | undefined;
  memberCount?: number | undefined;
  present: Map<UserId, Presence>;
  presentCount: number;
  readonly typing: Map<UserId, ReturnType<typeof setTimeout>>;
  readonly readers: Map<UserId, Reader>;
  seen: readonly SeenStep[];
  /** As last shown, as long as it holds. */
  readonly shown: { [Name in Part]?: RoomState[Name] | undefined };
  snapshot?: RoomState | undefined;
}
type Part = "present" | "typing" | "readers";

export interface PresenceJson {
  readonly present: readonly {
    readonly userId: UserId;
    readonly displayName: string | null;
    readonly avatar: string | null;
    readonly status: Presence["status"];
    readonly customStatus: string | null;
  }[];
  readonly pagination: { readonly total: number };
}

/** Of whom a position says that they type, it does not say for how long. */
const TYPING_MS = 3_000;
/** People of one room who are kept by name. */
const PRESENT_MAX = 1_000;
const READERS_MAX = 200;

export class RoomStates {
  readonly people = new People();
  readonly #emitter: Emitter<ClientEvents>;
  readonly #unread: (roomId: RoomId) => UnreadCount;
  readonly #rooms = new Map<RoomId, Room>();
  readonly #changed = new Set<RoomId>();
  #userId: UserId | undefined;

  constructor(emitter: Emitter<ClientEvents>, unread: (roomId: RoomId) => UnreadCount) {
    this.#emitter = emitter;
    this.#unread = unread;
    emitter.on("connected", ({ userId }) => {
      this.#userId = userId;
    });
    emitter.on("frame", (frame) => this.#frame(frame));
    emitter.on("position", (position) => this.#stands(position));
    emitter.on("event", ({ roomId, event }) => this.#event(roomId, event));
    emitter.on("unread", ({ roomId }) => this.#touch(roomId));
    emitter.on("left", ({ roomId }) => this.left(roomId));
  }

  of(roomId: RoomId): RoomState {
    const room = this.#room(roomId);
    room.snapshot ??= this.#snapshot(roomId, room);
    return room.snapshot;
  }

  /** This client does not listen there any more. */
  left(roomId: RoomId): void {
    const room = this.#rooms.get(roomId);
    for (const timer of room?.typing.values() ?? []) clearTimeout(timer);
    this.#rooms.delete(roomId);
    this.#touch(roomId);
  }

  seenBy(roomId: RoomId, seq: Seq): SeenBy {
    const { readers, seen } = this.#room(roomId);
    const step = seen.find((one) => one.seq >= seq);
    if (step !== undefined) return { count: step.readBy, users: [], members: step.members };
    const users = [...readers.values()].filter(({ readSeq, userId }) => readSeq >= seq && userId !== this.#userId);
    return { count: users.length, users: users.map(({ userId }) => this.people.of(userId)) };
  }

  /** Somebody is at least so far. */
  hasRead(roomId: RoomId, userId: UserId, readSeq: Seq, deliveredSeq = readSeq): void {
    const { readers } = this.#room(roomId);
    const known = readers.get(userId) ?? { readSeq: 0, deliveredSeq: 0 };
    if (known.readSeq >= readSeq && known.deliveredSeq >= deliveredSeq) return;
    if (readers.size >= READERS_MAX && !readers.has(userId)) return;
    readers.set(userId, {
      userId,
      readSeq: Math.max(known.readSeq, readSeq),
      deliveredSeq: Math.max(known.deliveredSeq, deliveredSeq, readSeq),
    });
    this.#touch(roomId, "readers");
  }

  /** Who is there, as REST says it. */
  arePresent(roomId: RoomId, { present, pagination }: PresenceJson): void {
    const room = this.#room(roomId);
    room.present.clear();
    for (const { userId, displayName, avatar, status, customStatus } of present) {
      const user = { userId, ...(displayName && { name: displayName }), ...(avatar && { avatar }) };
      this.people.learn(user);
      room.present.set(userId, { ...user, status, ...(customStatus && { customStatus }) });
    }
    room.presentCount = pagination.total;
    this.#touch(roomId, "present");
  }

  #room(roomId: RoomId): Room {
    const known = this.#rooms.get(roomId);
    if (known !== undefined) return known;
    const made: Room = {
      isListening: false,
      present: new Map(),
      presentCount: 0,
      typing: new Map(),
      readers: new Map(),
      seen: [],
      shown: {},
    };
    this.#rooms.set(roomId, made);
    return made;
  }

  #snapshot(roomId: RoomId, room: Room): RoomState {
    const { isListening, role, muted, memberCount, presentCount, seen, shown } = room;
    shown.present ??= [...room.present.values()].map((one) => ({ ...this.people.of(one.userId), ...one }));
    shown.typing ??= [...room.typing.keys()].map((userId) => this.people.of(userId));
    shown.readers ??= [...room.readers.values()];
    const { unread, mentions } = this.#unread(roomId);
    return {
      roomId,
      isListening,
      ...(role !== undefined && { role }),
      ...(muted !== undefined && { muted }),
      ...(memberCount !== undefined && { memberCount }),
      present: shown.present,
      presentCount: Math.max(presentCount, room.present.size),
      typing: shown.typing,
      readers: shown.readers,
      seen,
      unread,
      mentions,
    };
  }

  /** Told once for all that one turn brings. */
  #touch(roomId: RoomId, ...parts: readonly Part[]): void {
    const room = this.#rooms.get(roomId);
    if (room !== undefined) {
      room.snapshot = undefined;
      for (const part of parts) room.shown[part] = undefined;
    }
    if (this.#changed.size === 0) queueMicrotask(() => this.#tell());
    this.#changed.add(roomId);
  }

  #tell(): void {
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const roomId of changed) this.#emitter.emit("room", this.of(roomId));
  }

  // ---------------------------------------------------------------------------------------------- what changes them

  #stands({ roomId, role, muted, present, presentCount, typing, memberCount }: RoomPosition): void {
    const room = this.#room(roomId);
    room.isListening = true;
    room.role = role ?? room.role;
    room.muted = muted;
    room.memberCount = memberCount;
    const before = room.present;
    const isOnline = (userId: UserId): Presence =>
      before.get(userId) ?? { ...this.people.of(userId), status: "online" };
    // Whoever has just come is not named yet.
    const self = this.#userId === undefined || presentCount !== undefined ? [] : [this.#userId];
    room.present = new Map([...present, ...self].map((userId) => [userId, isOnline(userId)]));
    room.presentCount = presentCount ?? room.present.size;
    for (const timer of room.typing.values()) clearTimeout(timer);
    room.typing.clear();
    for (const userId of typing) this.#types(roomId, { userId }, TYPING_MS);
    this.#touch(roomId, "present", "typing");
  }

  #frame(frame: ServerFrame): void {
    switch (frame.type) {
      case "typing_indicator":
        return this.#types(frame.roomId, frame.user, frame.isTyping ? Math.max(1, frame.expiresInMs) : 0);
      case "presence_update": {
        const { roomId, user, status, lastSeen, customStatus } = frame;
        this.people.learn(user);
        const presence = { ...user, status, lastSeen, ...(customStatus && { customStatus }) };
        if (roomId !== undefined) this.#presence(roomId, presence);
        else for (const [id, { present }] of this.#rooms) if (present.has(user.userId)) this.#presence(id, presence);
        return;
      }
      case "receipts":
        if (frame.seen !== undefined) this.#room(frame.roomId).seen = frame.seen;
        for (const { userId, readSeq, deliveredSeq } of frame.receipts)
          this.hasRead(frame.roomId, userId, readSeq, deliveredSeq);
        return this.#touch(frame.roomId);
      case "member_count":
        this.#room(frame.roomId).memberCount = frame.memberCount;
        return this.#touch(frame.roomId);
      default:
    }
  }

  /** 0 ms: no longer. */
  #types(roomId: RoomId, user: UserRef, ms: number): void {
    this.people.learn(user);
    if (user.userId === this.#userId) return;
    const { typing } = this.#room(roomId);
    clearTimeout(typing.get(user.userId));
    if (ms > 0)
      typing.set(
        user.userId,
        setTimeout(() => this.#types(roomId, user, 0), ms),
      );
    else if (!typing.delete(user.userId)) return;
    this.#touch(roomId, "typing");
  }

  #presence(roomId: RoomId, presence: Presence): void {
    const room = this.#room(roomId);
    const isThere = room.present.has(presence.userId);
    const isGone = presence.status === "offline";
    if (isGone) room.present.delete(presence.userId);
    else if (isThere || room.present.size < PRESENT_MAX) room.present.set(presence.userId, presence);
    room.presentCount += Number(isThere && isGone ? -1 : !isThere && !isGone);
    this.#touch(roomId, "present");
  }

  #mute(roomId: RoomId, { userId }: UserRef, muted: RoomState["muted"]): void {
    if (userId !== this.#userId) return;
    this.#room(roomId).muted = muted;
    this.#touch(roomId);
  }

  #event(roomId: RoomId, event: RoomEvent): void {
    switch (event.type) {
      case "new_message": {
        const { authorId, authorName, authorAvatar, isAnonymous, seq } = event.message;
        if (isAnonymous) return;
        const [name, avatar] = [authorName && { name: authorName }, authorAvatar && { avatar: authorAvatar }];
        this.#types(roomId, { userId: authorId, ...name, ...avatar }, 0);
        // Whoever writes has read what was before; in large rooms that is counted elsewhere.
        if (this.#room(roomId).seen.length === 0 && authorId !== this.#userId) this.hasRead(roomId, authorId, seq);
        return;
      }
      case "user_joined":
        return this.people.learn(event.user);
      case "member_updated":
        this.people.learn(event.user);
        if (event.user.userId !== this.#userId) return;
        this.#room(roomId).role = event.role;
        return this.#touch(roomId);
      case "member_muted":
        return this.#mute(roomId, event.user, event.until === undefined ? {} : { until: event.until });
      case "member_unmuted":
        return this.#mute(roomId, event.user, undefined);
      case "user_left":
        this.#types(roomId, event.user, 0);
        if (this.#room(roomId).readers.delete(event.user.userId)) this.#touch(roomId, "readers");
        return this.#presence(roomId, { ...event.user, status: "offline" });
      default:
    }
  }
}
