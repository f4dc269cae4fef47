/**
 * One room's events in order: takes frames as they come, holds back what does not follow yet, and gets what is missing.
 * Invariant: each durable event is told once, in the order of sequences, and none is left out but what `gap` names.
 */
import type { RoomId, Seq } from "../base/ids.ts";
import type { EventsFrame, RoomEvent, RoomPosition } from "../protocol/frames.ts";

export interface FeedOwner {
  tell(roomId: RoomId, event: RoomEvent): void;
  gap(roomId: RoomId, from: Seq, to: Seq): void;
  /** Something is missing: a `resume` of this room is to be sent. */
  resume(roomId: RoomId): void;
  /** From the room's history over REST, from the event after `after` on. `undefined`: not now. */
  fetch(roomId: RoomId, after: Seq): Promise<HistoryPage | undefined>;
}
export interface HistoryPage {
  readonly events: readonly RoomEvent[];
  /** How far the page goes. */
  readonly to: Seq;
  readonly missing?: RoomPosition["missing"] | undefined;
}

/** Frames that wait for what is before them. Beyond: the room is resumed once more. */
const HELD_MAX = 1_000;
const RETRY_MS_MAX = 10_000;

export class RoomFeed {
  readonly roomId: RoomId;
  readonly #owner: FeedOwner;
  #position: Seq | undefined;
  #held: EventsFrame[] = [];
  /** What will say where this client is: an answer that was asked for, or history that is being read. */
  #awaits: "answer" | "history" | undefined;
  /** Grows with each answer: what was begun before it is of no interest any more. */
  #round = 0;

  /** `position`: what the caller has already. */
  constructor(roomId: RoomId, owner: FeedOwner, position?: Seq) {
    this.roomId = roomId;
    this.#owner = owner;
    this.#position = position;
  }

  /** `undefined`: nothing is known of the room yet. */
  get position(): Seq | undefined {
    return this.#position;
  }

  /** A `resume` or `join_room` is on its way. */
  asked(): void {
    this.#awaits = "answer";
    this.#round += 1;
  }

  take(frame: EventsFrame): void {
    if (this.#awaits === "history") return this.#hold(frame);
    this.#position ??= frame.after;
    if (frame.after > this.#position) {
      this.#hold(frame);
      if (this.#awaits === undefined) this.#owner.resume(this.roomId);
      return;
    }
    this.#tell(frame.events, frame.head);
  }

  /** The answer, with where the client stands. */
  answered({ head, missing }: RoomPosition): void {
    this.#round += 1;
    if (missing !== undefined && this.#position !== undefined && missing.to > this.#position) {
      this.#awaits = "history";
      void this.#read(missing.to, this.#round);
      return;
    }
    this.#awaits = undefined;
    this.#position = Math.max(this.#position ?? 0, head);
    this.#release();
  }

  async #read(to: Seq, round: number): Promise<void> {
    for (let waitMs = 500; (this.#position ?? 0) < to; ) {
      const after = this.#position ?? 0;
      const page = await this.#owner.fetch(this.roomId, after).catch(() => undefined);
      if (round !== this.#round) return;
      if (page === undefined) {
        await new Promise((resolve) => setTimeout(resolve, waitMs));
        if (round !== this.#round) return;
        waitMs = Math.min(2 * waitMs, RETRY_MS_MAX);
        continue;
      }
      if (page.missing !== undefined) this.#owner.gap(this.roomId, page.missing.from, page.missing.to);
      this.#tell(page.events, page.to);
      // Nothing more is kept, although it was said to be there.
      if (this.#position === after) this.#position = to;
    }
    this.#awaits = undefined;
    this.#release();
  }

  #tell(events: readonly RoomEvent[], head: Seq): void {
    const known = this.#position ?? 0;
    this.#position = Math.max(known, head);
    for (const event of events) if (event.seq > known) this.#owner.tell(this.roomId, event);
  }

  #hold(frame: EventsFrame): void {
    this.#held.push(frame);
    if (this.#held.length > HELD_MAX) this.#held.shift();
  }

  #release(): void {
    const held = this.#held.sort((a, b) => a.after - b.after);
    this.#held = [];
    for (const frame of held) this.take(frame);
  }
}
