/**
 * Reads a tenant's feed page by page: entries of the stream say where, the rooms themselves say what happened, as a member would
 * be shown it now. Invariants: of one room a page has its events in order and leaves none out that is kept and wanted, but for
 * what it names as missing; a page ends between two sequence numbers, and where it ended is its cursor.
 */
import type { RoomId, Seq, TenantId } from "../base/ids.ts";
import { FEED_ENTRIES_MAX, FEED_PAGE_BYTES_MAX, FEED_ROOMS_AT_ONCE } from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Rejection } from "../protocol/errors.ts";
import type { RoomEvent } from "../protocol/frames.ts";
import { jsonOfEvent } from "../protocol/json-frames.ts";
import type { FeedCursor } from "./cursor.ts";
import { ENGINE_USER } from "../domain/principal.ts";
import type { FeedEngine } from "./feed-engine.ts";
import type { PassedRooms } from "./passed-rooms.ts";
import { RoomStretch } from "./room-stretch.ts";
import type { FeedEntry, FeedRange, TenantStream } from "./tenant-stream.ts";

export interface FeedFilter {
  /** Types of events; absent: all. */
  readonly types?: readonly string[];
  readonly rooms?: readonly RoomId[];
}

/** An empty list wants everything, as none does. */
export function withFilter<Filter extends FeedFilter>({ types, rooms, ...rest }: Filter) {
  return {
    ...rest,
    ...(types !== undefined && types.length > 0 && { types }),
    ...(rooms !== undefined && rooms.length > 0 && { rooms }),
  };
}

export interface FeedWish extends FeedFilter {
  readonly limit: number;
  /** Not beyond this place. */
  readonly until?: FeedCursor;
}

/** An event as JSON, with the room that it happened in. */
export interface FeedEvent {
  readonly roomId: RoomId;
  readonly seq: Seq;
  readonly type: RoomEvent["type"];
  readonly json: string;
}

/** What can't be read any more: of a room, or (without one) entries of the stream itself. */
export interface FeedMissing {
  readonly roomId?: RoomId;
  readonly from: number;
  readonly to: number;
  /** The room cannot be read now: these come, late, when it can be. Absent: they are gone for good. */
  readonly reason?: "unreadable";
}

export interface FeedPage {
  readonly events: readonly FeedEvent[];
  readonly missing: readonly FeedMissing[];
  readonly cursor: FeedCursor;
  /** Something follows that is there already. */
  readonly hasMore: boolean;
}

/** A range of the stream that is to be read, from behind `after` on. */
interface Job {
  readonly entry: number;
  readonly index: number;
  readonly range: FeedRange;
  readonly after: Seq;
}

export class FeedReader {
  readonly #engine: FeedEngine;
  readonly #stream: TenantStream;
  readonly #passed: PassedRooms;

  constructor(engine: FeedEngine, stream: TenantStream, passed: PassedRooms) {
    this.#engine = engine;
    this.#stream = stream;
    this.#passed = passed;
  }

  async page(tenant: TenantId, cursor: FeedCursor, wish: FeedWish): Promise<Result<FeedPage, Rejection>> {
    const read = await this.#stream.from(tenant, cursor.entry, FEED_ENTRIES_MAX);
    if (!read.ok) return read;
    const entries = read.value;
    const first = entries[0]?.no ?? cursor.entry;
    const lost = first > cursor.entry ? [{ from: cursor.entry, to: first - 1 }] : [];
    const jobs = jobsOf(entries, cursor, wish);
    const chosen = withinLimit(jobs, wish.limit);
    const stretches = await this.#read(tenant, chosen, cursor.sinceMs, wish.limit);
    const page = new PageWriter(cursor, wish, lost);
    for (const job of chosen) {
      const stretch = stretches.get(job.range.room);
      if (stretch === undefined) break;
      if (stretch.failure !== undefined) {
        if (page.isEmpty && lost.length === 0) return err(stretch.failure);
        return ok(page.end(true));
      }
      if (!page.take(job, stretch)) return ok(page.end(true));
    }
    if (chosen.length < jobs.length) {
      const next = jobs[chosen.length];
      if (next !== undefined) page.goTo(next);
      return ok(page.end(true));
    }
    const last = entries.at(-1);
    if (last !== undefined) page.goToEntry(last.no + 1);
    return ok(page.end(entries.length === FEED_ENTRIES_MAX));
  }

  /** What the rooms of these jobs have, each read once. */
  async #read(
    tenant: TenantId,
    jobs: readonly Job[],
    sinceMs: number,
    limit: number,
  ): Promise<ReadonlyMap<RoomId, RoomStretch>> {
    const stretches = new Map<RoomId, RoomStretch>();
    for (const { range, after } of jobs) {
      const present = stretches.get(range.room);
      if (present !== undefined) present.widen(range.to);
      else
        stretches.set(range.room, new RoomStretch(this.#engine, tenant, range.room, { after, to: range.to, sinceMs }));
    }
    const waiting = [...stretches.values()];
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        await next.read(limit);
        await this.#judge(tenant, next);
      }
    };
    await Promise.all(Array.from({ length: FEED_ROOMS_AT_ONCE }, work));
    return stretches;
  }

  /** A room that nobody can read is passed over, once that is on record. */
  async #judge(tenant: TenantId, stretch: RoomStretch): Promise<void> {
    const { room, failure } = stretch;
    if (failure !== undefined) {
      if (!this.#passed.isSilentForLong(tenant, room)) return;
      stretch.passOver();
    } else if (!stretch.isUnreadable) return this.#passed.answered(tenant, room);
    const { missing } = stretch;
    if (missing !== undefined && !(await this.#passed.pass(tenant, room, missing))) {
      stretch.fail({ code: "unavailable" });
    }
  }
}

/** What of these entries is wanted, and not read before. */
function jobsOf(entries: readonly FeedEntry[], cursor: FeedCursor, { rooms, until }: FeedWish): readonly Job[] {
  const wanted = rooms === undefined ? undefined : new Set(rooms);
  return entries.flatMap(({ no, ranges }) =>
    ranges.flatMap((whole, index): Job[] => {
      const range = until === undefined ? whole : cutAt(whole, { entry: no, index }, until);
      if (range === undefined) return [];
      const isFirst = no === cursor.entry;
      if (isFirst && index < cursor.range) return [];
      if (wanted?.has(range.room) === false || range.atMs < cursor.sinceMs) return [];
      const after = isFirst && index === cursor.range ? Math.max(range.after, cursor.seq) : range.after;
      return [{ entry: no, index, range, after }];
    }),
  );
}

/** As much of a range as lies before a place. */
function cutAt(range: FeedRange, at: { readonly entry: number; readonly index: number }, until: FeedCursor) {
  if (at.entry !== until.entry) return at.entry < until.entry ? range : undefined;
  if (at.index !== until.range) return at.index < until.range ? range : undefined;
  return until.seq > range.after ? { ...range, to: Math.min(range.to, until.seq) } : undefined;
}

/** The first jobs that a page of `limit` needs. */
function withinLimit(jobs: readonly Job[], limit: number): readonly Job[] {
  let seqs = 0;
  for (const [index, { after, range }] of jobs.entries()) {
    if (seqs >= limit) return jobs.slice(0, index);
    seqs += range.to - after;
  }
  return jobs;
}

/** Puts a page together, event by event, and knows at each moment where it could end. */
class PageWriter {
  readonly #wish: FeedWish;
  readonly #types: ReadonlySet<string> | undefined;
  readonly #events: FeedEvent[] = [];
  readonly #missing: FeedMissing[];
  /** Up to where each room's events are on this page. */
  readonly #shown = new Map<RoomId, Seq>();
  #cursor: FeedCursor;
  #bytes = 0;

  constructor(cursor: FeedCursor, wish: FeedWish, lost: readonly FeedMissing[]) {
    this.#cursor = cursor;
    this.#wish = wish;
    this.#types = wish.types === undefined ? undefined : new Set(wish.types);
    this.#missing = [...lost];
  }

  get isEmpty(): boolean {
    return this.#events.length === 0;
  }

  /** false: the page is full, or no more of this room is known. */
  take({ entry, index, range, after }: Job, stretch: RoomStretch): boolean {
    const from = Math.max(after, this.#shown.get(range.room) ?? 0);
    const { sinceMs } = this.#cursor;
    const at = (seq: Seq): FeedCursor => ({ entry, range: index, seq, sinceMs });
    if (stretch.missing !== undefined && stretch.missing.to > from && stretch.missing.from <= range.to) {
      const missing = stretch.takeMissing();
      if (missing !== undefined) this.#missing.push({ roomId: range.room, ...missing });
    }
    let last = from;
    for (const event of stretch.between(from, Math.min(range.to, stretch.upTo))) {
      // Two of one sequence belong together.
      if (event.seq > last && this.#isFull) {
        this.#cursor = at(last);
        return false;
      }
      last = event.seq;
      this.#add(range.room, event);
    }
    if (stretch.isGone && range.isEnd === true) {
      // Who deleted a room is not known any more when it is gone.
      this.#add(range.room, { type: "room_deleted", seq: range.to, timestamp: range.atMs, by: ENGINE_USER });
    }
    const reached = Math.min(range.to, Math.max(from, stretch.upTo));
    // A range that came again may end before that.
    this.#shown.set(range.room, Math.max(from, reached));
    if (reached < range.to) {
      this.#cursor = at(reached);
      return false;
    }
    this.#cursor = { entry, range: index + 1, seq: 0, sinceMs };
    return true;
  }

  goTo({ entry, index, after, range }: Job): void {
    this.#cursor = { ...this.#cursor, entry, range: index, seq: after > range.after ? after : 0 };
  }

  goToEntry(entry: number): void {
    this.#cursor = { ...this.#cursor, entry, range: 0, seq: 0 };
  }

  end(hasMore: boolean): FeedPage {
    return { events: this.#events, missing: this.#missing, cursor: this.#cursor, hasMore };
  }

  get #isFull(): boolean {
    return this.#events.length >= this.#wish.limit || this.#bytes >= FEED_PAGE_BYTES_MAX;
  }

  #add(roomId: RoomId, event: RoomEvent): void {
    if (event.timestamp < this.#cursor.sinceMs || this.#types?.has(event.type) === false) return;
    const json = JSON.stringify({ roomId, ...jsonOfEvent(event) });
    this.#bytes += json.length;
    this.#events.push({ roomId, seq: event.seq, type: event.type, json });
  }
}
