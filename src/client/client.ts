/**
 * The SDK: one connection to a Stoa server, its rooms in order, what is on its way, and what a page shows beside messages.
 * `docs/CLIENT.md` is its manual.
 */
import type { MessageId, RoomId, Seq, UserId } from "../base/ids.ts";
import { CLIENT_LAYOUTS } from "../protocol/client-layouts.ts";
import type { ClientFrame, JoinRoomFrame, SendMessageFrame, ThreadCount, UserRef } from "../protocol/frames.ts";
import { Connector } from "./connector.ts";
import { Emitter } from "./emitter.ts";
import { readMessages, roomPath } from "./history.ts";
import { Marks } from "./marks.ts";
import { Outbox } from "./outbox.ts";
import { Requests } from "./requests.ts";
import { Rest } from "./rest.ts";
import { RoomList } from "./room-list.ts";
import { type PresenceJson, RoomStates } from "./room-states.ts";
import { Session } from "./session.ts";
import { Threads } from "./threads.ts";
import { Tokens } from "./tokens.ts";
import type {
  Ack,
  ClientEvents,
  ClientOptions,
  Failed,
  MessagesPage,
  MessagesQuery,
  MutationFrame,
  OtherFrame,
  Pending,
  RoomEntry,
  RoomState,
  SeenBy,
  Status,
  Totals,
  UnreadCount,
  Wish,
} from "./types.ts";
import { Unread } from "./unread.ts";

/** Of a message beside its text. */
export type MessageOptions = Omit<Wish<SendMessageFrame>, "type" | "roomId" | "content">;
export interface JoinOptions extends Omit<Wish<JoinRoomFrame>, "type" | "roomId" | "lastSeq"> {
  /** The last sequence that the caller has; what came since is told first. */
  readonly from?: number;
}

export class StoaClient {
  readonly #options: ClientOptions;
  readonly #emitter = new Emitter<ClientEvents>();
  readonly #tokens: Tokens;
  readonly #rest: Rest;
  readonly #connector: Connector;
  readonly #requests: Requests;
  readonly #outbox: Outbox;
  readonly #marks: Marks;
  readonly #unread: Unread;
  readonly #session: Session;
  readonly #states: RoomStates;
  readonly #list: RoomList;
  readonly #threads: Threads;
  #status: Status = { state: "closed" };

  constructor(options: ClientOptions) {
    const emitter = this.#emitter;
    this.#options = options;
    this.#tokens = new Tokens(options.token);
    this.#rest = new Rest(options, this.#tokens);
    this.#connector = new Connector(options, this.#tokens, {
      status: (status) => {
        this.#status = status;
        emitter.emit("status", status);
        if (status.state === "closed") this.#session.lost(true);
      },
      opened: (frame, isResumed) => {
        this.#session.opened(frame, isResumed);
        void this.#outbox.load(options.account ?? this.#tokens.account(frame.userId));
      },
      frame: (frame) => this.#session.frame(frame),
      lost: () => this.#session.lost(false),
    });
    const send = (frame: ClientFrame): boolean => this.#connector.send(frame);
    this.#requests = new Requests(send);
    this.#outbox = new Outbox({
      send,
      knownSeq: (room) => this.#session.position(room),
      emitter,
      storage: options.storage,
    });
    this.#marks = new Marks({
      send,
      ask: (frame) => this.#requests.ask(frame),
      marked: (room) => this.#session.marked(room),
    });
    this.#unread = new Unread((count) => emitter.emit("unread", count));
    const unreadOf = (roomId: RoomId): UnreadCount => this.#unread.of(roomId);
    this.#states = new RoomStates(emitter, unreadOf);
    this.#list = new RoomList(emitter, this.#rest, unreadOf);
    this.#threads = new Threads(emitter, this.#rest);
    this.#session = new Session({
      emitter,
      connector: this.#connector,
      requests: this.#requests,
      outbox: this.#outbox,
      marks: this.#marks,
      unread: this.#unread,
      rest: this.#rest,
      confirms: options.confirms !== false,
    });
  }

  get status(): Status {
    return this.#status;
  }

  /** `undefined` before the first connection. */
  get userId(): UserId | undefined {
    return this.#unread.userId;
  }

  /** The result takes it back. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (value: ClientEvents[Name]) => void): () => void {
    return this.#emitter.on(name, listener);
  }

  /** Resolves when what the last page left to send is known, if `account` says whose it is; the connection opens meanwhile. */
  async connect(): Promise<void> {
    this.#connector.start();
    const { account } = this.#options;
    if (account !== undefined) await this.#outbox.load(account);
  }

  /** Goes on purpose. What waits to be sent stays, for the next `connect`. */
  close(): void {
    this.#session.stop();
    this.#outbox.lost();
    this.#marks.stop();
    this.#list.stop();
    this.#threads.stop();
    this.#connector.stop();
  }

  // ---------------------------------------------------------------------------------------------- rooms

  /**
   * Listens to the room from now on, over all reconnections, and makes the user a member where anybody may be. A number is
   * `from` of the options.
   */
  join(roomId: string, options: number | JoinOptions = {}): Promise<Ack> {
    const { from, ...wish } = typeof options === "number" ? { from: options } : options;
    return this.#session.join(roomId as RoomId, from as Seq | undefined, wish);
  }

  /** Listens no more; with `membership` the user leaves the room. */
  async leave(roomId: string, membership = false): Promise<Ack> {
    const room = roomId as RoomId;
    this.#session.forget(room);
    this.#states.left(room);
    if (!membership) return this.#requests.ask({ type: "leave_room", roomId: room });
    const ack = await this.#outbox.add({ type: "leave_room", roomId: room, membership });
    this.#unread.drop(room);
    this.#list.remove(room);
    return ack;
  }

  /** Presence, typing, receipts and counts of a room: the same object until something of it changes. */
  room(roomId: string): RoomState {
    return this.#states.of(roomId as RoomId);
  }

  /** One's own rooms, newest activity first; empty before `loadRooms`. */
  get rooms(): readonly RoomEntry[] {
    return this.#list.rooms;
  }

  /** Reads the list of one's own rooms, and keeps it from now on. */
  loadRooms(): Promise<readonly RoomEntry[]> {
    return this.#list.load();
  }

  /** Up to where this client has the room's events; to be kept by whoever keeps the events. */
  position(roomId: string): number | undefined {
    return this.#session.position(roomId as RoomId);
  }

  // ---------------------------------------------------------------------------------------------- messages

  /** Resolves when the message is on disk; until then it is in `pending`, over losses and, with a storage, reloads. */
  send(roomId: string, content: string, options: MessageOptions = {}): Promise<Ack> {
    this.#marks.stoppedTyping(roomId as RoomId, true);
    return this.#outbox.add({ ...options, type: "send_message", roomId, content } as SendMessageFrame);
  }

  /** Anything else that a client can ask. What changes a room is repeated until it is answered. */
  request(frame: Wish<MutationFrame> | Wish<OtherFrame>): Promise<Ack> {
    const layout: readonly unknown[] = CLIENT_LAYOUTS[frame.type];
    if (layout.includes("clientId")) return this.#outbox.add(frame as unknown as MutationFrame);
    return this.#requests.ask(frame as unknown as ClientFrame);
  }

  /** What is on its way, in the order in which it was asked. */
  get pending(): readonly Pending[] {
    return this.#outbox.pending;
  }

  /** Messages that the server refused, until `retry` or `discard`. */
  get failed(): readonly Failed[] {
    return this.#outbox.failed;
  }

  retry(clientId: string): Promise<Ack> {
    return this.#outbox.retry(clientId);
  }

  /** Takes back what was refused, or not sent yet. false: there is nothing of this name. */
  discard(clientId: string): boolean {
    return this.#outbox.discard(clientId);
  }

  /** A page of the room's messages, as they are now; without `before` and `after` the newest ones. */
  messages(roomId: string, query: MessagesQuery = {}): Promise<MessagesPage> {
    return readMessages(this.#rest, this.#states, roomId as RoomId, query);
  }

  // ---------------------------------------------------------------------------------------------- people and marks

  /** For each key that is pressed; told every other second at most. */
  typing(roomId: string): void {
    this.#marks.typing(roomId as RoomId);
  }

  stopTyping(roomId: string): void {
    this.#marks.stoppedTyping(roomId as RoomId, false);
  }

  /** Who this is, as far as anything has said it. */
  person(userId: string): UserRef {
    return this.#states.people.of(userId as UserId);
  }

  /** Reads who is in the room, with names and status: a position names only who. At most 100. */
  async loadPresence(roomId: string): Promise<RoomState> {
    const path = `${roomPath(roomId)}/presence?limit=100`;
    this.#states.arePresent(roomId as RoomId, await this.#rest.call<PresenceJson>("GET", path));
    return this.room(roomId);
  }

  /** By whom the message with this sequence was read. */
  seenBy(roomId: string, seq: number): SeenBy {
    return this.#states.seenBy(roomId as RoomId, seq as Seq);
  }

  /** Everything up to this sequence; without one, all that has arrived. */
  markRead(roomId: string, seq?: number): void {
    const room = roomId as RoomId;
    const upTo = (seq as Seq | undefined) ?? this.#session.position(room);
    if (upTo === undefined) return;
    this.#marks.read(room, upTo);
    this.#unread.read(room, upTo);
  }

  unread(roomId: string): UnreadCount {
    return this.#unread.of(roomId as RoomId);
  }

  get totals(): Totals {
    return this.#unread.totals;
  }

  /** Threads that one follows with replies not read. Kept as long as somebody listens to `threads`. */
  get threads(): readonly ThreadCount[] {
    return this.#threads.counts;
  }

  /** The thread that hangs on this message, up to a reply or wholly. */
  async markThreadRead(roomId: string, threadId: string, messageId?: string): Promise<void> {
    const { unreadCount } = await this.#rest.call<{ readonly unreadCount: number }>(
      "POST",
      `${roomPath(roomId)}/messages/${threadId}/thread/read`,
      { messageId },
    );
    this.#threads.set({ roomId: roomId as RoomId, threadId: threadId as MessageId, unread: unreadCount });
  }

  /** Replies in this thread are told of and counted from now on; with `false` no more, until one replies or is mentioned there. */
  followThread(roomId: string, threadId: string, follow = true): Promise<Ack> {
    return this.request({ type: "follow_thread", roomId, threadId, follow });
  }

  // ---------------------------------------------------------------------------------------------- REST

  /** What the server's REST answers, without its envelope. A refusal is a `ChatError`. */
  rest<Data>(method: string, path: string, body?: unknown): Promise<Data> {
    return this.#rest.call(method, path, body);
  }

  /** A token that holds, for requests of the page's own. */
  token(): Promise<string> {
    return this.#tokens.any();
  }
}
