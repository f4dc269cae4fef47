/**
 * The SDK: one connection to a Stoa server, its rooms in order, and what is on its way. `docs/CLIENT.md` is its manual.
 * Invariant: what `event` tells is each room's log, without a gap and without a repetition, whatever the network does.
 */
import type { RoomId, Seq } from "../base/ids.ts";
import { CLIENT_LAYOUTS } from "../protocol/client-layouts.ts";
import type {
  ClientFrame,
  ConnectionFrame,
  EventsFrame,
  RoomEvent,
  RoomPosition,
  SendMessageFrame,
  ServerFrame,
} from "../protocol/frames.ts";
import { ChatError } from "./chat-error.ts";
import { Connector } from "./connector.ts";
import { Emitter } from "./emitter.ts";
import { readHistory } from "./history.ts";
import { Marks } from "./marks.ts";
import { Outbox } from "./outbox.ts";
import { RoomFeed } from "./room-feed.ts";
import type {
  Ack,
  ClientEvents,
  ClientOptions,
  MutationFrame,
  OtherFrame,
  Pending,
  Status,
  UnreadCount,
  Wish,
} from "./types.ts";
import { Unread } from "./unread.ts";

/** Of a message beside its text. */
export type MessageOptions = Omit<Wish<SendMessageFrame>, "type" | "roomId" | "content">;

interface Asked {
  readonly resolve: (ack: Ack) => void;
  readonly reject: (error: ChatError) => void;
  /** Of a `join_room`: the room. */
  readonly joins?: RoomId;
}

const RESUME_RETRY_MS = 1_000;
const STORAGE_KEY = "stoa-outbox";

export class StoaClient {
  readonly #options: ClientOptions;
  readonly #emitter = new Emitter<ClientEvents>();
  readonly #connector: Connector;
  readonly #outbox: Outbox;
  readonly #marks: Marks;
  readonly #unread: Unread;
  /** Rooms that this client listens to, or wants to. */
  readonly #feeds = new Map<RoomId, RoomFeed>();
  readonly #asked = new Map<string, Asked>();
  #status: Status = { state: "closed" };
  #refs = 0;
  /** Rooms to be resumed once more, in a moment. */
  readonly #toResume = new Set<RoomId>();
  #resumeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#connector = new Connector(options, {
      status: (status) => {
        this.#status = status;
        this.#emitter.emit("status", status);
        if (status.state === "closed") this.#refuseAsked();
      },
      opened: (frame, isResumed) => this.#opened(frame, isResumed),
      frame: (frame) => this.#frame(frame),
      lost: () => this.#lost(),
    });
    this.#outbox = new Outbox({
      send: (frame) => this.#connector.send(frame),
      knownSeq: (room) => this.#feeds.get(room)?.position,
      changed: (pending) => this.#emitter.emit("pending", pending),
      storage: options.storage,
      storageKey: STORAGE_KEY,
    });
    this.#marks = new Marks((frame) => this.#connector.send(frame));
    this.#unread = new Unread((count) => this.#emitter.emit("unread", count));
  }

  get status(): Status {
    return this.#status;
  }

  /** What is on its way, in the order in which it was asked. */
  get pending(): readonly Pending[] {
    return this.#outbox.pending;
  }

  /** The result takes it back. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (value: ClientEvents[Name]) => void): () => void {
    return this.#emitter.on(name, listener);
  }

  /** Resolves when what the last page left to send is known; the connection opens meanwhile. */
  async connect(): Promise<void> {
    this.#connector.start();
    await this.#outbox.load();
    if (this.#status.state === "open") this.#outbox.sendAll();
  }

  /** Goes on purpose. What waits to be sent stays, for the next `connect`. */
  close(): void {
    clearTimeout(this.#resumeTimer);
    this.#outbox.lost();
    this.#marks.stop();
    this.#connector.stop();
  }

  // ---------------------------------------------------------------------------------------------- rooms

  /**
   * Listens to the room from now on, over all reconnections, and makes the user a member where anybody may be. `from`: the last
   * sequence that the caller has; what came since is told first.
   */
  join(roomId: string, from?: number): Promise<Ack> {
    const room = roomId as RoomId;
    const feed = this.#feeds.get(room) ?? new RoomFeed(room, this.#feedOwner, from as Seq | undefined);
    this.#feeds.set(room, feed);
    feed.asked();
    return this.#ask({ type: "join_room", roomId: room, ...this.#since(feed) }, room);
  }

  /** Listens no more; with `membership` the user leaves the room. */
  leave(roomId: string, membership = false): Promise<Ack> {
    const room = roomId as RoomId;
    this.#feeds.delete(room);
    if (membership) return this.#outbox.add({ type: "leave_room", roomId: room, membership });
    return this.#ask({ type: "leave_room", roomId: room });
  }

  /** Resolves when the message is on disk; until then it is in `pending`, over losses and, with a storage, reloads. */
  send(roomId: string, content: string, options: MessageOptions = {}): Promise<Ack> {
    this.#marks.stoppedTyping(roomId as RoomId, true);
    return this.#outbox.add({ ...options, type: "send_message", roomId, content } as SendMessageFrame);
  }

  /** Anything else that a client can ask. What changes a room is repeated until it is answered. */
  request(frame: Wish<MutationFrame> | Wish<OtherFrame>): Promise<Ack> {
    const layout: readonly unknown[] = CLIENT_LAYOUTS[frame.type];
    if (layout.includes("clientId")) return this.#outbox.add(frame as unknown as MutationFrame);
    return this.#ask(frame as unknown as ClientFrame);
  }

  // ---------------------------------------------------------------------------------------------- marks

  /** For each key that is pressed; told every other second at most. */
  typing(roomId: string): void {
    this.#marks.typing(roomId as RoomId);
  }

  stopTyping(roomId: string): void {
    this.#marks.stoppedTyping(roomId as RoomId, false);
  }

  /** Everything up to this sequence; without one, all that has arrived. */
  markRead(roomId: string, seq?: number): void {
    const room = roomId as RoomId;
    const upTo = (seq as Seq | undefined) ?? this.#feeds.get(room)?.position;
    if (upTo === undefined) return;
    this.#marks.read(room, upTo);
    this.#unread.read(room, upTo);
  }

  unread(roomId: string): UnreadCount {
    return this.#unread.of(roomId as RoomId);
  }

  /** Up to where this client has the room's events; to be kept by whoever keeps the events. */
  position(roomId: string): number | undefined {
    return this.#feeds.get(roomId as RoomId)?.position;
  }

  // ---------------------------------------------------------------------------------------------- the connection

  #opened(frame: ConnectionFrame, isResumed: boolean): void {
    this.#unread.connected(frame, (room) => this.#feeds.get(room)?.position !== undefined);
    this.#emitter.emit("connected", frame);
    this.#emitter.emit("frame", frame);
    if (!isResumed) {
      this.#resume([...this.#feeds.values()]);
      this.#marks.opened();
    } else {
      for (const feed of this.#feeds.values()) feed.asked();
      this.#resume([...this.#feeds.values()].filter(({ position }) => position === undefined));
    }
    this.#outbox.sendAll();
  }

  /** One frame for all rooms that have a position; the others are joined. */
  #resume(feeds: readonly RoomFeed[]): void {
    const rooms: [RoomId, Seq][] = [];
    for (const feed of feeds) {
      feed.asked();
      const { roomId, position } = feed;
      if (position !== undefined) rooms.push([roomId, position]);
      else this.#connector.send({ type: "join_room", ref: this.#ref(), roomId });
    }
    if (rooms.length > 0) this.#connector.send({ type: "resume", rooms: Object.fromEntries(rooms) });
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

  #lost(): void {
    this.#outbox.lost();
    this.#refuseAsked();
  }

  #refuseAsked(): void {
    for (const { reject, joins } of this.#asked.values()) {
      // A join is asked for again with the next connection: whoever waits is told by `position`.
      if (joins === undefined || this.#status.state === "closed")
        reject(new ChatError("closed", "The connection was lost."));
    }
    for (const [ref, { joins }] of this.#asked) if (joins === undefined) this.#asked.delete(ref);
  }

  #ref(): string {
    this.#refs += 1;
    return `r${this.#refs}`;
  }

  #ask(frame: ClientFrame, joins?: RoomId): Promise<Ack> {
    return new Promise((resolve, reject) => {
      const ref = this.#ref();
      this.#asked.set(ref, { resolve, reject, ...(joins !== undefined && { joins }) });
      if (this.#connector.send({ ...frame, ref }) || joins !== undefined) return;
      this.#asked.delete(ref);
      reject(new ChatError("closed", "There is no connection now."));
    });
  }

  #since(feed: RoomFeed): { readonly lastSeq?: Seq } {
    return feed.position === undefined ? {} : { lastSeq: feed.position };
  }

  // ---------------------------------------------------------------------------------------------- frames

  #frame(frame: ServerFrame): void {
    this.#emitter.emit("frame", frame);
    switch (frame.type) {
      case "events":
        return this.#events(frame);
      case "ack":
        if (frame.position !== undefined) this.#stands(frame.position);
        else this.#mustWait(String(frame.ref));
        if (!this.#outbox.answered(frame)) this.#answered(String(frame.ref), frame);
        return;
      case "error":
        if (!this.#outbox.answered(frame)) this.#refused(frame);
        return;
      case "resumed":
        for (const position of frame.rooms) {
          this.#stands(position);
          if (position.error === undefined && !this.#unread.agrees(position.roomId)) this.#askUnread(position.roomId);
        }
        return;
      case "typing_indicator":
        return this.#emitter.emit("typing", frame);
      case "presence_update":
        return this.#emitter.emit("presence", frame);
      case "receipts":
        return this.#emitter.emit("receipts", frame);
      case "notification":
        if (frame.kind === "unread") this.#unread.notified(frame, this.#feeds.get(frame.roomId)?.position ?? 0);
        return this.#emitter.emit("notification", frame);
      default:
    }
  }

  #events(frame: EventsFrame): void {
    const feed = this.#feeds.get(frame.roomId);
    feed?.take(frame);
    const position = feed?.position;
    if (position !== undefined && this.#options.confirms !== false) this.#marks.received(frame.roomId, position);
  }

  #stands(position: RoomPosition): void {
    const { roomId, error } = position;
    if (error === "unavailable") return this.#resumeSoon(roomId);
    if (error !== undefined) return this.#left(roomId, error);
    const feed = this.#feeds.get(roomId) ?? new RoomFeed(roomId, this.#feedOwner);
    this.#feeds.set(roomId, feed);
    feed.answered(position);
    this.#unread.joined(position);
    this.#emitter.emit("position", position);
    // Joins of before a loss, answered by the resume behind it.
    for (const [ref, { joins, resolve }] of this.#asked) {
      if (joins !== roomId) continue;
      this.#asked.delete(ref);
      resolve({ roomId, position });
    }
  }

  /** The answer to a join has the count, and the head that it is of. */
  #askUnread(roomId: RoomId): void {
    const lastSeq = this.#feeds.get(roomId)?.position;
    if (lastSeq !== undefined) this.#connector.send({ type: "join_room", ref: this.#ref(), roomId, lastSeq });
  }

  /** One has asked to be let in, and is no member yet: nothing is to be resumed. */
  #mustWait(ref: string): void {
    const joins = this.#asked.get(ref)?.joins;
    if (joins !== undefined) this.#feeds.delete(joins);
  }

  #left(roomId: RoomId, code: ClientEvents["left"]["code"]): void {
    if (!this.#feeds.delete(roomId)) return;
    this.#emitter.emit("left", { roomId, code });
  }

  #answered(ref: string, frame: Extract<ServerFrame, { type: "ack" }>): void {
    const asked = this.#asked.get(ref);
    this.#asked.delete(ref);
    const { type: _type, ref: _ref, ...ack } = frame;
    asked?.resolve(ack);
  }

  #refused(frame: Extract<ServerFrame, { type: "error" }>): void {
    const asked = frame.ref === undefined ? undefined : this.#asked.get(String(frame.ref));
    const { roomId } = frame;
    if (asked === undefined) {
      // A join of the SDK's own, after a loss.
      if (roomId !== undefined && this.#feeds.get(roomId)?.position === undefined) {
        if (frame.temporary) this.#resumeSoon(roomId);
        else this.#left(roomId, frame.code);
      } else this.#emitter.emit("problem", frame);
      return;
    }
    if (asked.joins !== undefined && frame.temporary) return this.#resumeSoon(asked.joins);
    this.#asked.delete(String(frame.ref));
    if (asked.joins !== undefined) this.#left(asked.joins, frame.code);
    asked.reject(new ChatError(frame.code, frame.message, frame.field));
  }

  readonly #feedOwner = {
    tell: (roomId: RoomId, event: RoomEvent) => this.#tell(roomId, event),
    gap: (roomId: RoomId, from: Seq, to: Seq) => this.#emitter.emit("gap", { roomId, from, to }),
    resume: (roomId: RoomId) => {
      const feed = this.#feeds.get(roomId);
      if (feed !== undefined) this.#resume([feed]);
    },
    fetch: (roomId: RoomId, after: Seq) => readHistory(this.#options, roomId, after),
  };

  #tell(roomId: RoomId, event: RoomEvent): void {
    if (event.type === "new_message") {
      const { clientId, messageId, authorId } = event.message;
      if (clientId !== undefined && authorId === this.#unread.userId) {
        this.#outbox.seen(clientId, { roomId, messageId, seq: event.seq, timestamp: event.timestamp });
      }
      this.#unread.message(event.message);
    }
    this.#emitter.emit("event", { roomId, event });
    if (event.type === "new_message") this.#emitter.emit("message", { roomId, message: event.message });
    const goes = event.type === "user_left" && event.user.userId === this.#unread.userId;
    if (goes || event.type === "room_deleted") this.#left(roomId, goes ? "forbidden" : "room_not_found");
  }
}
