/**
 * What comes over the connection and where it goes: rooms that are listened to, their events in order, answers, counts.
 * Invariant: what is told as `event` is each room's log, without a gap and without a repetition, whatever the network does.
 */
import type { RoomId, Seq } from "../base/ids.ts";
import type {
  ConnectionFrame,
  ErrorFrame,
  EventsFrame,
  RoomEvent,
  RoomPosition,
  ServerFrame,
} from "../protocol/frames.ts";
import type { Connector } from "./connector.ts";
import type { Emitter } from "./emitter.ts";
import { readEvents } from "./history.ts";
import type { Marks } from "./marks.ts";
import type { Outbox } from "./outbox.ts";
import type { Requests } from "./requests.ts";
import type { Rest } from "./rest.ts";
import { type FeedOwner, type HistoryPage, RoomFeed } from "./room-feed.ts";
import type { Ack, ClientEvents } from "./types.ts";
import type { Unread } from "./unread.ts";

export interface SessionParts {
  readonly emitter: Emitter<ClientEvents>;
  readonly connector: Connector;
  readonly requests: Requests;
  readonly outbox: Outbox;
  readonly marks: Marks;
  readonly unread: Unread;
  readonly rest: Rest;
  readonly confirms: boolean;
}

const RESUME_RETRY_MS = 1_000;

export class Session implements FeedOwner {
  readonly #parts: SessionParts;
  /** Rooms that this client listens to, or wants to. */
  readonly #feeds = new Map<RoomId, RoomFeed>();
  /** Rooms to be resumed once more, in a moment. */
  readonly #toResume = new Set<RoomId>();
  #resumeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  position(roomId: RoomId): Seq | undefined {
    return this.#feeds.get(roomId)?.position;
  }

  join(roomId: RoomId, from: Seq | undefined, wish: object): Promise<Ack> {
    const feed = this.#feed(roomId, from);
    feed.asked();
    const { position: lastSeq } = feed;
    const since = lastSeq !== undefined && { lastSeq };
    return this.#parts.requests.ask({ ...wish, type: "join_room", roomId, ...since }, roomId);
  }

  #feed(roomId: RoomId, from?: Seq): RoomFeed {
    const feed = this.#feeds.get(roomId) ?? new RoomFeed(roomId, this, from);
    this.#feeds.set(roomId, feed);
    return feed;
  }

  forget(roomId: RoomId): void {
    this.#feeds.delete(roomId);
  }

  stop(): void {
    clearTimeout(this.#resumeTimer);
    this.#resumeTimer = undefined;
  }

  // ---------------------------------------------------------------------------------------------- the connection

  opened(frame: ConnectionFrame, isResumed: boolean): void {
    const { unread, emitter, marks } = this.#parts;
    unread.connected(frame, (room) => this.position(room) !== undefined);
    emitter.emit("connected", frame);
    emitter.emit("frame", frame);
    const feeds = [...this.#feeds.values()];
    for (const feed of feeds) feed.asked();
    if (!isResumed) marks.opened();
    // A session that goes on elsewhere has resumed what has a position.
    this.#resume(isResumed ? feeds.filter(({ position }) => position === undefined) : feeds);
  }

  /** The server knows what was read: it says what is left, where nobody here can. */
  marked(roomId: RoomId): void {
    if (this.#parts.unread.isUnsure(roomId)) this.#askUnread(roomId);
  }

  lost(isForGood: boolean): void {
    this.#parts.outbox.lost();
    this.#parts.requests.lost(isForGood);
  }

  /** One frame for all rooms that have a position; the others are joined. */
  #resume(feeds: readonly RoomFeed[]): void {
    const { connector, requests } = this.#parts;
    const rooms: [RoomId, Seq][] = [];
    for (const feed of feeds) {
      feed.asked();
      const { roomId, position } = feed;
      if (position !== undefined) rooms.push([roomId, position]);
      else connector.send(requests.join(roomId));
    }
    if (rooms.length > 0) connector.send({ type: "resume", rooms: Object.fromEntries(rooms) });
  }

  #resumeSoon(room: RoomId): void {
    this.#toResume.add(room);
    this.#resumeTimer ??= setTimeout(() => {
      this.#resumeTimer = undefined;
      const feeds = [...this.#toResume].flatMap((one) => this.#feeds.get(one) ?? []);
      this.#toResume.clear();
      this.#resume(feeds);
    }, RESUME_RETRY_MS);
  }

  // ---------------------------------------------------------------------------------------------- frames

  frame(frame: ServerFrame): void {
    const { emitter, outbox, requests, unread } = this.#parts;
    emitter.emit("frame", frame);
    switch (frame.type) {
      case "events":
        return this.#events(frame);
      case "ack":
        if (frame.position !== undefined) this.#stands(frame.position);
        else this.#mustWait(frame.ref);
        if (!outbox.answered(frame)) requests.answered(frame);
        return;
      case "error":
        if (!outbox.answered(frame)) this.#refused(frame);
        return;
      case "resumed":
        for (const position of frame.rooms) {
          this.#stands(position);
          if (position.error === undefined && !unread.agrees(position.roomId)) this.#askUnread(position.roomId);
        }
        return;
      case "typing_indicator":
        return emitter.emit("typing", frame);
      case "presence_update":
        return emitter.emit("presence", frame);
      case "receipts":
        return emitter.emit("receipts", frame);
      case "notification":
        if (frame.kind === "unread") unread.said(frame, this.position(frame.roomId) ?? 0);
        return emitter.emit("notification", frame);
      default:
    }
  }

  #events(frame: EventsFrame): void {
    this.#feeds.get(frame.roomId)?.take(frame);
    const position = this.position(frame.roomId);
    if (position !== undefined && this.#parts.confirms) this.#parts.marks.received(frame.roomId, position);
  }

  #stands(position: RoomPosition): void {
    const { roomId, error } = position;
    if (error === "unavailable") return this.#resumeSoon(roomId);
    if (error !== undefined) return this.#left(roomId, error);
    this.#feed(roomId).answered(position);
    this.#parts.unread.said(position, position.head);
    this.#parts.emitter.emit("position", position);
    this.#parts.requests.joined(position);
  }

  /** The answer to a join has the count, and the head that it is of. */
  #askUnread(roomId: RoomId): void {
    const lastSeq = this.position(roomId);
    const ref = this.#parts.requests.ref();
    if (lastSeq !== undefined) this.#parts.connector.send({ type: "join_room", ref, roomId, lastSeq });
  }

  /** One has asked to be let in, and is no member yet: nothing is to be resumed. */
  #mustWait(ref: unknown): void {
    const asked = this.#parts.requests.of(ref);
    if (asked?.joins !== undefined) this.#feeds.delete(asked.joins);
  }

  #left(roomId: RoomId, code: ClientEvents["left"]["code"]): void {
    if (!this.#feeds.delete(roomId)) return;
    this.#parts.unread.drop(roomId);
    this.#parts.emitter.emit("left", { roomId, code });
  }

  #refused(frame: ErrorFrame): void {
    const { requests, emitter } = this.#parts;
    const { ref, roomId } = frame;
    const asked = requests.of(ref);
    // Or a join of the SDK's own, after a loss.
    const feed = roomId && this.#feeds.get(roomId);
    const own = feed && feed.position === undefined ? roomId : undefined;
    const room = asked === undefined ? own : asked.joins;
    if (room !== undefined && frame.temporary) return this.#resumeSoon(room);
    if (room !== undefined) this.#left(room, frame.code);
    if (!requests.refused(frame) && room === undefined) emitter.emit("problem", frame);
  }

  // ---------------------------------------------------------------------------------------------- what feeds ask for

  gap(roomId: RoomId, from: Seq, to: Seq): void {
    this.#parts.emitter.emit("gap", { roomId, from, to });
  }

  resume(roomId: RoomId): void {
    const feed = this.#feeds.get(roomId);
    if (feed !== undefined) this.#resume([feed]);
  }

  fetch(roomId: RoomId, after: Seq): Promise<HistoryPage> {
    return readEvents(this.#parts.rest, roomId, after);
  }

  tell(roomId: RoomId, event: RoomEvent): void {
    const { unread, outbox, emitter } = this.#parts;
    if (event.type === "new_message") {
      const { clientId, messageId, authorId } = event.message;
      if (clientId !== undefined && authorId === unread.userId) {
        outbox.seen(clientId, { roomId, messageId, seq: event.seq, timestamp: event.timestamp });
      }
      unread.message(event.message);
    }
    emitter.emit("event", { roomId, event });
    if (event.type === "new_message") emitter.emit("message", { roomId, message: event.message });
    const goes = event.type === "user_left" && event.user.userId === unread.userId;
    if (goes || event.type === "room_deleted") this.#left(roomId, goes ? "forbidden" : "room_not_found");
  }
}
