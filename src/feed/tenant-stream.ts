/**
 * A tenant's stream: entries that say how far which rooms have come, in one order, each a document. What happened stands in the
 * rooms' logs alone: an entry names ranges of them. So a place in the stream is a place in all rooms of the tenant.
 * Invariants: entries are numbered without a gap, from 1 on; one that is written never changes; those of one room come in its
 * order, though some of it may come again. The newest entry is never taken away.
 */
import type { Clock } from "../base/clock.ts";
import type { RoomId, Seq, TenantId } from "../base/ids.ts";
import { FEED_APPEND_ATTEMPTS_MAX, FEED_TRIM_PAGE } from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Rejection } from "../protocol/errors.ts";
import type { FeedDocuments } from "./feed-engine.ts";

/** Something happened in (`after`, `to`] of a room. */
export interface FeedRange {
  readonly room: RoomId;
  readonly after: Seq;
  readonly to: Seq;
  /** Of its last event, milliseconds since 1970. */
  readonly atMs: number;
  /** It ended the room. */
  readonly isEnd?: true;
}

export interface FeedEntry {
  readonly no: number;
  /** When it was written, milliseconds since 1970. */
  readonly writtenMs: number;
  readonly ranges: readonly FeedRange[];
}

/** As it is stored: short, for there are many. */
interface StoredEntry {
  readonly at: number;
  readonly ranges: readonly (readonly [room: RoomId, after: Seq, to: Seq, atMs: number, isEnd?: 1])[];
}

const COLLECTION = "feed";
const DIGITS = 12;
const CONFLICT: Rejection = { code: "unavailable", message: "Others write to this feed all the time." };

export class TenantStream {
  readonly #documents: FeedDocuments;
  readonly #clock: Clock;
  /** The newest entry of each, as far as it is known here. */
  readonly #heads = new Map<TenantId, number>();
  /** When the oldest entry of each was written, as far as somebody looked: it is not looked for again before its time. */
  readonly #oldestMs = new Map<TenantId, number>();

  constructor(documents: FeedDocuments, clock: Clock) {
    this.#documents = documents;
    this.#clock = clock;
  }

  /** Durable when it answers. After a failure it may be there, too. */
  async append(tenant: TenantId, ranges: readonly FeedRange[]): Promise<Result<number, Rejection>> {
    const value: StoredEntry = { at: this.#clock.wallMs(), ranges: ranges.map(storedRange) };
    for (let attempt = 0; attempt < FEED_APPEND_ATTEMPTS_MAX; attempt += 1) {
      const known = this.#heads.get(tenant);
      const head = known === undefined ? await this.head(tenant) : ok(known);
      if (!head.ok) return head;
      const no = head.value + 1;
      const written = await this.#documents.write(tenant, COLLECTION, idOf(no), value, 0);
      // Whether it is there is not known: the next one looks.
      if (!written.ok || !written.value) this.#heads.delete(tenant);
      if (!written.ok) return written;
      if (!written.value && !(await this.#isThere(tenant, no, value))) continue;
      this.#heads.set(tenant, no);
      return ok(no);
    }
    return err(CONFLICT);
  }

  /** A write whose answer was lost is asked for again, and then finds its own: once more would be told once more. */
  async #isThere(tenant: TenantId, no: number, value: StoredEntry): Promise<boolean> {
    const there = await this.#documents.read<StoredEntry>(tenant, COLLECTION, idOf(no));
    return there.ok && JSON.stringify(there.value?.value) === JSON.stringify(value);
  }

  /** The number of the newest entry; 0: there is none. */
  async head(tenant: TenantId): Promise<Result<number, Rejection>> {
    const newest = await this.#documents.list<StoredEntry>(tenant, COLLECTION, { limit: 1, backward: true });
    if (!newest.ok) return newest;
    const no = Number(newest.value[0]?.id ?? 0);
    this.#heads.set(tenant, no);
    return ok(no);
  }

  /** Entries from `no` on, without a gap; the first may be a later one, where those before are kept no more. */
  async from(tenant: TenantId, no: number, limit: number): Promise<Result<readonly FeedEntry[], Rejection>> {
    const listed = await this.#documents.list<StoredEntry>(tenant, COLLECTION, { after: idOf(no - 1), limit });
    if (!listed.ok) return listed;
    const entries = listed.value.map(entryOf);
    const [first] = entries;
    if (first !== undefined && first.no !== no) {
      // A list may be a little behind what single documents say.
      const there = await this.#documents.read(tenant, COLLECTION, idOf(no));
      if (!there.ok) return there;
      if (there.value !== null) return ok([]);
    }
    const cut = entries.findIndex((entry, i) => entry.no !== (first?.no ?? 0) + i);
    return ok(cut < 0 ? entries : entries.slice(0, cut));
  }

  /** The first entry that was written at `ms` or later; behind the newest where there is none. */
  async at(tenant: TenantId, ms: number): Promise<Result<number, Rejection>> {
    const head = await this.head(tenant);
    if (!head.ok) return head;
    let low = 1;
    let high = head.value + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const read = await this.#documents.read<StoredEntry>(tenant, COLLECTION, idOf(middle));
      if (!read.ok) return read;
      // What is kept no more was written before.
      if (read.value !== null && read.value.value.at >= ms) high = middle;
      else low = middle + 1;
    }
    return ok(low);
  }

  /** Takes entries away that were written before `beforeMs`: a page of them. Answers whether there may be more. */
  async trim(tenant: TenantId, beforeMs: number): Promise<Result<boolean, Rejection>> {
    if ((this.#oldestMs.get(tenant) ?? 0) >= beforeMs) return ok(false);
    const oldest = await this.#documents.list<StoredEntry>(tenant, COLLECTION, { limit: FEED_TRIM_PAGE + 1 });
    if (!oldest.ok) return oldest;
    // The newest stays: the next one's number follows from it.
    const old = oldest.value.slice(0, -1).filter(({ value }) => value.at < beforeMs);
    for (const { id, version } of old) {
      const gone = await this.#documents.write(tenant, COLLECTION, id, null, version);
      if (!gone.ok) return gone;
    }
    const kept = oldest.value[old.length];
    if (kept !== undefined) this.#oldestMs.set(tenant, kept.value.at);
    return ok(old.length === FEED_TRIM_PAGE);
  }
}

function idOf(no: number): string {
  return String(no).padStart(DIGITS, "0");
}

function storedRange({ room, after, to, atMs, isEnd }: FeedRange): StoredEntry["ranges"][number] {
  return isEnd === true ? [room, after, to, atMs, 1] : [room, after, to, atMs];
}

function entryOf({ id, value }: { readonly id: string; readonly value: StoredEntry }): FeedEntry {
  const ranges = value.ranges.map(([room, after, to, atMs, isEnd]): FeedRange => {
    return { room, after, to, atMs, ...(isEnd === 1 && { isEnd: true }) };
  });
  return { no: Number(id), writtenMs: value.at, ranges };
}
