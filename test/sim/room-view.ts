/**
 * What a client knows of one room: whether it listens, how far it has come, which messages there are.
 * Invariant: `head` is the last sequence up to which nothing is lacking, as a client would know it; it is what a resume names.
 */
import type { MessageId, RoomId, Seq, UserId } from "../../src/base/ids.ts";
import type { EventsFrame, RoomPosition } from "../../src/protocol/frames.ts";
import type { Seen } from "./history.ts";

const MESSAGES_KEPT_MAX = 40;

export class RoomView {
  readonly room: RoomId;
  readonly seen: Seen[] = [];
  /** The client wants to listen. */
  wanted = false;
  /** The server said yes on the present connection. */
  subscribed = false;
  head: Seq | undefined;
  /** Where the user was taken away: an answer about an earlier place is out of date. */
  #leftAt: Seq = 0;
  /** The youngest question that was answered: a resume of many rooms may be answered after a later join of one. */
  #answeredRef = 0;
  readonly messages: {
    readonly id: MessageId;
    readonly author: UserId;
    readonly seq: Seq;
    readonly isPoll: boolean;
    readonly isAnswer: boolean;
  }[] = [];

  constructor(room: RoomId) {
    this.room = room;
  }

  /** Asks to be told what follows what it has. Returns the sequence to name, if it has any. */
  asked(connection: number, ref: number): Seq | undefined {
    this.seen.push({ kind: "asked", connection, ref, since: this.head });
    return this.head;
  }

  events(connection: number, frame: EventsFrame): void {
    const { after, head, events } = frame;
    this.seen.push({ kind: "events", connection, after, head, events });
    for (const event of events) {
      if (event.type !== "new_message" || event.seq <= (this.head ?? 0)) continue;
      const { messageId: id, authorId: author, poll, answer } = event.message;
      this.messages.push({ id, author, seq: event.seq, isPoll: poll !== undefined, isAnswer: answer !== undefined });
      if (this.messages.length > MESSAGES_KEPT_MAX) this.messages.shift();
    }
    this.head = Math.max(this.head ?? 0, head);
  }

  /** false: out of date. It says nothing of how things stand now, an error in it included. */
  positioned(connection: number, ref: number, position: RoomPosition): boolean {
    this.seen.push({ kind: "position", connection, ref, position });
    const isOutOfDate = ref < this.#answeredRef || (position.error === undefined && position.head < this.#leftAt);
    if (position.error === undefined) this.head = Math.max(this.head ?? 0, position.head);
    if (isOutOfDate) return false;
    this.#answeredRef = ref;
    this.subscribed = position.error === undefined;
    return true;
  }

  /** A question that may be put again was refused. false: out of date, a younger one was answered before. */
  refused(ref: number): boolean {
    if (ref < this.#answeredRef) return false;
    this.#answeredRef = ref;
    return true;
  }

  /** What is said of the room is out of date from now on if it is of before `at`, or answers a question before `ref`. */
  left(connection: number, since: { readonly at?: Seq; readonly ref?: number }): void {
    this.#leftAt = since.at ?? this.#leftAt;
    this.#answeredRef = Math.max(this.#answeredRef, since.ref ?? 0);
    this.seen.push({ kind: "left", connection });
    this.subscribed = false;
  }
}
