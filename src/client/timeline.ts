/**
 * The messages of one room as a page shows them: what was read from history, kept right by what happens, with one's own messages
 * that are on their way or were refused behind them. A framework draws `state` and asks for `loadOlder`.
 * Invariant: messages are in the room's order, each once, and there is no hole between the oldest and the newest one.
 */
import type { MessageId, RoomId, Seq } from "../base/ids.ts";
import type { MessageView, RoomEvent, ServerFrame } from "../protocol/frames.ts";
import type { StoaClient } from "./client.ts";
import { GrowingAnswers } from "./growing-answers.ts";
import { afterEvent } from "./timeline-changes.ts";
import type { Failed, MessagesPage, Pending } from "./types.ts";

export interface ShownMessage extends Omit<MessageView, "seq" | "messageNo"> {
  /** Absent: not in the room yet; `messageId` is then the `clientId`. */
  readonly seq?: Seq;
  /** Absent: it is in the room. */
  readonly state?: "pending" | "failed";
  /** Why it was refused. */
  readonly error?: Failed["error"];
}
export interface TimelineState {
  /** The oldest first. */
  readonly messages: readonly ShownMessage[];
  readonly hasOlder: boolean;
  readonly isLoading: boolean;
  /** What the last attempt to read messages came to, if it failed. */
  readonly error?: Error;
}
export interface TimelineOptions {
  /** Messages of one page of history. Default 50, at most 100. */
  readonly pageSize?: number;
  /** Beyond, the oldest go when a new one comes; they are read again when they are asked for. Default 2,000. */
  readonly messagesMax?: number;
}

/** How long it is waited for the room to be listened to, so that one page does. */
const POSITION_MS_MAX = 1_000;

export class Timeline {
  readonly roomId: RoomId;
  readonly #client: StoaClient;
  readonly #pageSize: number;
  readonly #messagesMax: number;
  readonly #listeners = new Set<() => void>();
  readonly #ends: readonly (() => void)[];
  readonly #growing = new GrowingAnswers();
  #messages: readonly MessageView[] = [];
  #hasOlder = false;
  #error: Error | undefined;
  /** What happened since each page was asked for: it may be in the page or not, so it is applied once more. */
  readonly #since = new Set<RoomEvent[]>();
  /** Something may have been missed: the newest messages are read once the room is listened to. */
  #isStale = true;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #state: TimelineState | undefined;
  #isToTell = false;

  constructor(client: StoaClient, roomId: string, { pageSize = 50, messagesMax = 2_000 }: TimelineOptions = {}) {
    this.#client = client;
    this.roomId = roomId as RoomId;
    this.#pageSize = pageSize;
    this.#messagesMax = messagesMax;
    this.#ends = [
      client.on("position", (position) => {
        if (position.roomId === this.roomId && this.#isStale) void this.reload();
      }),
      client.on("left", (left) => {
        if (left.roomId === this.roomId) this.#isStale = true;
      }),
      client.on("event", (told) => {
        if (told.roomId === this.roomId) this.#event(told.event);
      }),
      client.on("frame", (frame) => this.#frame(frame)),
      client.on("pending", () => this.#touch()),
      client.on("failed", () => this.#touch()),
    ];
    const isListening = client.position(roomId) !== undefined;
    this.#timer = setTimeout(() => void this.reload(), isListening ? 0 : POSITION_MS_MAX);
  }

  /** The same object until something changes. */
  get state(): TimelineState {
    this.#state ??= {
      messages: [...this.#messages, ...this.#onTheWay()],
      hasOlder: this.#hasOlder,
      isLoading: this.#since.size > 0 || this.#timer !== undefined,
      ...(this.#error !== undefined && { error: this.#error }),
    };
    return this.#state;
  }

  /** Called after changes, once a turn. The result takes it back. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** One page before the oldest message. Does nothing while something is being read. */
  async loadOlder(): Promise<void> {
    const [oldest] = this.#messages;
    if (this.#since.size > 0 || !this.#hasOlder || oldest === undefined) return;
    await this.#read(oldest.seq, (page) => {
      // The list has begun anew meanwhile.
      if (this.#messages[0]?.seq !== oldest.seq) return;
      this.#messages = [...page.messages, ...this.#messages];
      this.#hasOlder = page.hasMore;
    });
  }

  /** The newest messages once more: by itself where they may have been missed. */
  async reload(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // Without a position what comes after the page is not told.
    this.#isStale = this.#client.position(this.roomId) === undefined;
    await this.#read(undefined, ({ messages, hasMore }) => {
      const [first] = messages;
      const known = this.#messages;
      const isBehind = hasMore && first !== undefined && first.seq > (known.at(-1)?.seq ?? 0);
      if (isBehind || known.length === 0) {
        this.#messages = messages;
        this.#hasOlder = hasMore;
        return;
      }
      if (first !== undefined && first.seq < (known[0]?.seq ?? 0)) this.#hasOlder = hasMore;
      const all = new Map([...known, ...messages].map((message) => [message.seq, message]));
      this.#messages = [...all.values()].sort((a, b) => a.seq - b.seq);
    });
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const end of this.#ends) end();
    this.#listeners.clear();
  }

  async #read(before: Seq | undefined, take: (page: MessagesPage) => void): Promise<void> {
    const since: RoomEvent[] = [];
    this.#since.add(since);
    this.#touch();
    const place = before === undefined ? {} : { before };
    try {
      take(await this.#client.messages(this.roomId, { limit: this.#pageSize, ...place }));
      this.#error = undefined;
      for (const event of since) this.#apply(event);
      this.#messages = this.#growing.over(this.#messages);
    } catch (error) {
      this.#error = error as Error;
      if (before === undefined) this.#isStale = true;
    }
    this.#since.delete(since);
    this.#touch();
  }

  #event(event: RoomEvent): void {
    for (const since of this.#since) since.push(event);
    this.#apply(event);
    this.#growing.event(event);
    this.#messages = this.#growing.over(this.#messages);
    if (this.#messages.length > this.#messagesMax && event.type === "new_message") {
      this.#messages = this.#messages.slice(-this.#messagesMax);
      this.#hasOlder = true;
    }
    this.#touch();
  }

  #apply(event: RoomEvent): void {
    this.#messages = afterEvent(this.#messages, event, this.#client.userId);
  }

  #frame(frame: ServerFrame): void {
    if (frame.type !== "ai_response" || frame.roomId !== this.roomId) return;
    this.#growing.take(frame);
    this.#messages = this.#growing.over(this.#messages);
    this.#touch();
  }

  /** One's own messages that are not in the list. */
  #onTheWay(): ShownMessage[] {
    const { failed, pending } = this.#client;
    const shown: ShownMessage[] = [];
    for (const one of [...failed, ...pending]) {
      if (one.frame.type === "send_message" && one.frame.roomId === this.roomId) shown.push(this.#shownOf(one));
    }
    return shown;
  }

  #shownOf(one: Pending | Failed): ShownMessage {
    const { clientId, at, frame } = one;
    const { roomId } = this;
    const authorId = this.#client.userId ?? ("" as MessageView["authorId"]);
    const { name, avatar } = this.#client.person(authorId);
    const message = { messageId: clientId as MessageId, clientId, roomId, authorId, timestamp: at };
    const { content = "", messageType = "text", replyTo, attachments } = frame.type === "send_message" ? frame : {};
    return {
      ...message,
      content,
      messageType,
      ...(name !== undefined && { authorName: name }),
      ...(avatar !== undefined && { authorAvatar: avatar }),
      ...(replyTo !== undefined && { replyTo }),
      ...(attachments !== undefined && { attachments }),
      ...("error" in one ? { state: "failed", error: one.error } : { state: "pending" }),
    };
  }

  #touch(): void {
    this.#state = undefined;
    if (this.#isToTell) return;
    this.#isToTell = true;
    queueMicrotask(() => {
      this.#isToTell = false;
      for (const listener of this.#listeners) listener();
    });
  }
}
