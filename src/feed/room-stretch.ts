/**
 * A stretch of one room's events, read from the room for a page of the feed: as a member would be shown them now.
 * Invariant: up to `upTo` everything that is kept is here.
 */
import type { RoomId, Seq, TenantId } from "../base/ids.ts";
import { FEED_PAGE_MAX, FEED_SKIP_FROM } from "../base/limits.ts";
import { ERRORS, type Rejection } from "../protocol/errors.ts";
import type { RoomEvent } from "../protocol/frames.ts";
import { engineOf } from "../domain/principal.ts";
import type { FeedEngine } from "./feed-engine.ts";

export interface Stretch {
  /** Exclusive. */
  readonly after: Seq;
  readonly to: Seq;
  /** What was before is not wanted, milliseconds since 1970. */
  readonly sinceMs: number;
}

export interface MissingStretch {
  readonly from: Seq;
  readonly to: Seq;
  /** The room cannot be read now: it comes when it can be. Absent: it is gone for good. */
  readonly reason?: "unreadable";
}

/** Events of one sequence stand together; enough to find one that has a time. */
const PROBE = 50;

export class RoomStretch {
  readonly #engine: FeedEngine;
  readonly #tenant: TenantId;
  readonly #room: RoomId;
  readonly #sinceMs: number;
  readonly #after: Seq;
  #to: Seq;
  #upTo: Seq;
  #events: readonly RoomEvent[] = [];
  #missing: MissingStretch | undefined;
  #failure: Rejection | undefined;
  #isOver = false;

  constructor(engine: FeedEngine, tenant: TenantId, room: RoomId, { after, to, sinceMs }: Stretch) {
    this.#engine = engine;
    this.#tenant = tenant;
    this.#room = room;
    this.#sinceMs = sinceMs;
    this.#after = after;
    this.#to = to;
    this.#upTo = after;
  }

  /** So far all that is kept is known. */
  get upTo(): Seq {
    return this.#upTo;
  }

  get missing(): MissingStretch | undefined {
    return this.#missing;
  }

  get room(): RoomId {
    return this.#room;
  }

  /** Nothing of it can be read, for a reason that may pass: to be put on record before it is passed over. */
  get isUnreadable(): boolean {
    return this.#missing?.reason === "unreadable";
  }

  /** The room is no more. */
  get isGone(): boolean {
    return this.#isOver;
  }

  /** It can't be read now: to be tried again. */
  get failure(): Rejection | undefined {
    return this.#failure;
  }

  /** To be told once. */
  takeMissing(): MissingStretch | undefined {
    const missing = this.#missing;
    this.#missing = undefined;
    return missing;
  }

  /** A later range of the same room. What lies before this stretch was told before, also where such a range says it again. */
  widen(to: Seq): void {
    this.#to = Math.max(this.#to, to);
  }

  between(after: Seq, to: Seq): readonly RoomEvent[] {
    return this.#events.filter(({ seq }) => seq > after && seq <= to);
  }

  /** About `limit` sequences of it. */
  async read(limit: number): Promise<void> {
    if (this.#sinceMs > 0 && this.#to - this.#after > FEED_SKIP_FROM) await this.#skip();
    if (this.#failure !== undefined || this.#upTo >= this.#to) return;
    const size = Math.min(FEED_PAGE_MAX, Math.max(1, limit), this.#to - this.#upTo);
    const page = await this.#ask(this.#upTo, size);
    if (page === undefined) return;
    // Where the front is gone a page goes on behind it, maybe beyond this stretch: whoever reads on comes to that.
    this.#events = page.events.filter(({ seq }) => seq <= this.#to);
    // What is missing of the time before was not wanted.
    if (page.missing !== undefined && this.#sinceMs === 0)
      this.#missing = { from: page.missing.from, to: Math.min(page.missing.to, this.#to) };
    if (page.to > this.#upTo) this.#upTo = Math.min(page.to, this.#to);
    // Its owner has not heard of its own last events yet.
    else this.#failure = { code: "unavailable" };
  }

  /** Times never fall within a log: looks for where those that are wanted begin. */
  async #skip(): Promise<void> {
    let low = this.#upTo;
    let high = this.#to;
    while (high - low > PROBE) {
      const middle = Math.floor((low + high) / 2);
      const page = await this.#ask(middle, PROBE);
      if (page === undefined) return;
      const { events } = page;
      // Without an event nobody knows: better too early.
      const isLate = events.length === 0 || events.some(({ timestamp }) => timestamp >= this.#sinceMs);
      if (isLate) high = middle;
      else low = Math.max(middle, Math.min(page.to, high));
    }
    this.#upTo = low;
  }

  async #ask(after: Seq, limit: number) {
    const call = { to: "room", room: this.#room, kind: "events", after, limit } as const;
    const page = await this.#engine.call(engineOf(this.#tenant), call);
    if (page.ok) return page.value;
    const { code } = page.error;
    if (code === "room_not_found") {
      // Whoever waited for it would wait for ever.
      this.#isOver = true;
      this.#missing = { from: after + 1, to: this.#to };
      this.#upTo = this.#to;
    } else if (ERRORS[code].temporary) this.#failure = page.error;
    else this.passOver();
    return undefined;
  }

  /** Others do not wait for it any longer. */
  passOver(): void {
    this.#failure = undefined;
    this.#missing = { from: this.#upTo + 1, to: this.#to, reason: "unreadable" };
    this.#upTo = this.#to;
  }

  /** It can't be passed over now either. */
  fail(failure: Rejection): void {
    this.#missing = undefined;
    this.#upTo = this.#after;
    this.#events = [];
    this.#failure = failure;
  }
}
