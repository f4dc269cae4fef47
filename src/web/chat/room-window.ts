/**
 * The part of a room's messages that the page holds: a stretch without a hole, moved along the room as one scrolls. The SDK keeps it
 * right by what happens.
 * Invariant: never more than `HELD_MAX` messages; where newer ones were let go or not read, `hasNewer` says so.
 */
import { batch, signal } from "@preact/signals";
import type { StoaClient } from "../../client/client.ts";
import type { ClientEvents, MessagesPage, MessageView, RoomEvent } from "../../client/stoa-chat.ts";
import { GrowingAnswers } from "../../client/growing-answers.ts";
import { afterEvent } from "../../client/timeline-changes.ts";
import { roomPath } from "./paths.ts";
import { ReadLine } from "./read-line.ts";

const PAGE = 50;
const HELD_MAX = 200;
/** Events that may or may not be in a page that was asked for before them; applying them once more changes nothing. */
const RECENT_MAX = 300;

type Frame = ClientEvents["frame"];

/** A stretch of messages that begins anew. */
type Read = () => Promise<{
  readonly messages: readonly MessageView[];
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
}>;

export class RoomWindow {
  readonly roomId: string;
  readonly messages = signal<readonly MessageView[]>([]);
  readonly hasOlder = signal(false);
  readonly hasNewer = signal(false);
  readonly isLoading = signal(true);
  readonly error = signal<Error | undefined>(undefined);
  /** Behind it stands the line: up to here was read before the room was opened, or before one looked away from it. */
  readonly readSeq = signal<number | undefined>(undefined);
  /** Messages that came while the window was elsewhere. */
  readonly missed = signal(0);
  readonly #client: StoaClient;
  readonly #ends: readonly (() => void)[];
  readonly #line: ReadLine;
  readonly #growing = new GrowingAnswers();
  #recent: RoomEvent[] = [];
  #isListening = false;
  /** The page was asked for before the room was listened to. */
  #isUnheard = false;
  /** How the stretch was read that is shown. */
  #read: Read | undefined;
  #reading: "older" | "newer" | undefined;
  /** Grows with each jump: what was asked for before it is of no interest any more. */
  #round = 0;

  constructor(client: StoaClient, roomId: string) {
    this.#client = client;
    this.roomId = roomId;
    this.#line = new ReadLine(this.messages, this.readSeq);
    this.#ends = [
      client.on("event", (told) => {
        if (told.roomId === roomId) this.#event(told.event);
      }),
      client.on("position", (position) => {
        if (position.roomId !== roomId) return;
        this.readSeq.value ??= position.readSeq;
        // What happened between the page and the beginning of listening was told by neither: the page once more.
        const isBehind = position.head > (this.messages.value.at(-1)?.seq ?? 0);
        if (this.#isUnheard && isBehind && this.#read !== undefined) void this.#begin(this.#read);
        this.#isUnheard = false;
      }),
      client.on("left", (left) => {
        if (left.roomId === roomId) this.#isUnheard = true;
      }),
      client.on("gap", (gap) => {
        if (gap.roomId === roomId) void this.toNewest();
      }),
      client.on("frame", (frame) => this.#frame(frame)),
    ];
    void this.toNewest();
  }

  /** To what happens in it, from now on. Only by members: others would become one by it. */
  listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    // A page that does not come because there is no connection yet comes with the connection.
    this.#client.join(this.roomId).then(
      () => (this.error.value === undefined ? undefined : this.toNewest()),
      (error: Error) => {
        this.error.value = error;
      },
    );
  }

  /** It is opened, not for the first time perhaps. `isElsewhere`: at a message that is on its way. */
  shown(isElsewhere: boolean): void {
    this.#line.shown();
    if (this.hasNewer.value && !isElsewhere) void this.toNewest();
  }

  /** Whether its end is looked at: what comes then is not new. */
  watch(isWatched: () => boolean): void {
    this.#line.watch(() => !this.hasNewer.peek() && isWatched());
  }

  /** false: it is to stay unread until it is opened again. */
  look(): boolean {
    return this.#line.look();
  }

  keepUnread(from: number): void {
    this.#line.keepUnread(from);
  }

  close(): void {
    this.#round += 1;
    for (const end of this.#ends) end();
  }

  toNewest(): Promise<void> {
    return this.#begin(async () => {
      const page = await this.#client.messages(this.roomId, { limit: PAGE });
      return { messages: page.messages, hasOlder: page.hasMore, hasNewer: false };
    });
  }

  /** Both sides of a message. */
  around(seq: number): Promise<void> {
    return this.#begin(async () => {
      const [before, after] = await Promise.all([
        this.#client.messages(this.roomId, { before: seq + 1, limit: PAGE }),
        this.#client.messages(this.roomId, { after: seq, limit: PAGE }),
      ]);
      const messages = [...before.messages, ...after.messages];
      return { messages, hasOlder: before.hasMore, hasNewer: after.hasMore };
    });
  }

  async toMessage(messageId: string): Promise<number> {
    const known = this.messages.value.find((message) => message.messageId === messageId);
    if (known !== undefined) return known.seq;
    const path = roomPath(this.roomId, `/messages/${encodeURIComponent(messageId)}`);
    const { seq } = await this.#client.rest<{ readonly seq: number }>("GET", path);
    await this.around(seq);
    return seq;
  }

  /** To the first message of that time or later: found by halves, since messages are numbered in their order. */
  async toTime(ms: number): Promise<number | undefined> {
    const first = async (after: number) => (await this.#client.messages(this.roomId, { after, limit: 1 })).messages[0];
    let [low, high] = [0, this.#client.position(this.roomId) ?? this.messages.value.at(-1)?.seq ?? 0];
    let found = undefined as MessageView | undefined;
    while (low <= high) {
      const middle = Math.floor((low + high) / 2);
      const message = await first(middle);
      if (message === undefined || message.timestamp >= ms) {
        found = message ?? found;
        high = middle - 1;
      } else low = Math.max(message.seq, middle + 1);
    }
    if (found !== undefined) await this.around(found.seq);
    return found?.seq;
  }

  async older(): Promise<void> {
    const first = this.messages.value[0];
    if (first === undefined || !this.hasOlder.value) return;
    await this.#extend("older", { before: first.seq }, (page) => {
      const all = [...page.messages, ...this.messages.value];
      this.messages.value = all.slice(0, HELD_MAX);
      this.hasOlder.value = page.hasMore;
      if (all.length > HELD_MAX) this.hasNewer.value = true;
    });
  }

  async newer(): Promise<void> {
    const last = this.messages.value.at(-1);
    if (last === undefined || !this.hasNewer.value) return;
    await this.#extend("newer", { after: last.seq }, (page) => {
      const all = [...this.messages.value, ...page.messages];
      this.messages.value = all.slice(-HELD_MAX);
      this.hasNewer.value = page.hasMore;
      if (!page.hasMore) this.missed.value = 0;
      if (all.length > HELD_MAX) this.hasOlder.value = true;
    });
  }

  async #begin(read: Read): Promise<void> {
    this.#read = read;
    this.#isUnheard = this.#client.position(this.roomId) === undefined;
    this.#round += 1;
    const round = this.#round;
    this.isLoading.value = true;
    this.#reading = undefined;
    try {
      const page = await read();
      if (round !== this.#round) return;
      batch(() => {
        this.messages.value = page.messages;
        this.hasOlder.value = page.hasOlder;
        this.hasNewer.value = page.hasNewer;
        this.error.value = undefined;
        if (!page.hasNewer) this.missed.value = 0;
        this.#applyRecent();
        this.isLoading.value = false;
      });
    } catch (error) {
      if (round !== this.#round) return;
      this.error.value = error as Error;
      this.isLoading.value = false;
    }
  }

  async #extend(
    side: "older" | "newer",
    query: { before: number } | { after: number },
    take: (page: MessagesPage) => void,
  ): Promise<void> {
    if (this.#reading !== undefined) return;
    this.#reading = side;
    const round = this.#round;
    try {
      const page = await this.#client.messages(this.roomId, { ...query, limit: PAGE });
      if (round !== this.#round) return;
      batch(() => {
        take(page);
        this.#applyRecent();
      });
    } catch (error) {
      if (round === this.#round) this.error.value = error as Error;
    } finally {
      if (round === this.#round) this.#reading = undefined;
    }
  }

  #applyRecent(): void {
    for (const event of this.#recent) this.#apply(event);
    this.messages.value = this.#growing.over(this.messages.value);
  }

  #event(event: RoomEvent): void {
    this.#recent.push(event);
    if (this.#recent.length > RECENT_MAX) this.#recent = this.#recent.slice(-RECENT_MAX / 2);
    batch(() => {
      if (event.type === "new_message") {
        if (this.hasNewer.value) this.missed.value += 1;
        this.#line.came(event.seq, event.message.authorId === this.#client.userId);
      }
      this.#apply(event);
      this.#growing.event(event);
      this.messages.value = this.#growing.over(this.messages.value);
    });
  }

  #apply(event: RoomEvent): void {
    if (event.type === "new_message") {
      const [first] = this.messages.value;
      if (this.hasNewer.value && event.seq > (this.messages.value.at(-1)?.seq ?? 0)) return;
      if (first !== undefined && event.seq < first.seq) return;
    }
    const next = afterEvent(this.messages.value, event, this.#client.userId);
    if (next === this.messages.value) return;
    this.messages.value = next.length > HELD_MAX ? next.slice(-HELD_MAX) : next;
    if (next.length > HELD_MAX) this.hasOlder.value = true;
  }

  #frame(frame: Frame): void {
    if (frame.type !== "ai_response" || frame.roomId !== this.roomId) return;
    this.#growing.take(frame);
    this.messages.value = this.#growing.over(this.messages.value);
  }
}
