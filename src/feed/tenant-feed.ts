/**
 * A tenant's feed as programs read it: from a cursor on, page by page, waiting for what comes; and named consumers, whose cursor
 * is kept here. Invariant: a consumer's cursor moves only when it is told to, and never over somebody else's move.
 */
import type { Clock } from "../base/clock.ts";
import type { RoomId, TenantId, UserId } from "../base/ids.ts";
import { FEED_CLOCKS_APART_MS, FEED_CONSUMERS_MAX } from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Rejection } from "../protocol/errors.ts";
import { cursorText, FEED_START, type FeedCursor, parseCursor } from "./cursor.ts";
import type { FeedBell } from "./feed-bell.ts";
import type { FeedDocuments } from "./feed-engine.ts";
import { type FeedFilter, type FeedPage, type FeedReader, type FeedWish, withFilter } from "./feed-reader.ts";
import type { FeedRegistry } from "./feed-registry.ts";
import type { TenantStream } from "./tenant-stream.ts";

/** Where one begins: behind a cursor, at a moment, with everything, or with what comes. */
export type FeedFrom = { readonly after: string } | { readonly sinceMs: number } | "beginning" | "now";

export interface NamedConsumer extends FeedFilter {
  readonly name: string;
  readonly cursor: string;
  readonly by: UserId;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  readonly movedMs: number;
  /** How many entries of the stream it has not read to their end. */
  readonly entriesBehind: number;
}

interface StoredConsumer {
  readonly cursor: string;
  readonly types?: readonly string[];
  readonly rooms?: readonly RoomId[];
  readonly by: UserId;
  readonly createdMs: number;
  readonly movedMs: number;
}

export interface ConsumerWish extends FeedFilter {
  readonly from?: FeedFrom;
  readonly by: UserId;
}

export interface TenantFeedParts {
  readonly clock: Clock;
  readonly documents: FeedDocuments;
  readonly registry: FeedRegistry;
  readonly stream: TenantStream;
  readonly reader: FeedReader;
  readonly bell: FeedBell;
}

const COLLECTION = "feed_consumers";
const NOT_FOUND: Rejection = { code: "not_found", message: "There is no such consumer." };
const WRONG_CURSOR: Rejection = {
  code: "invalid_field",
  field: "after",
  message: '"after" must be a cursor that a page of this feed named.',
};

export class TenantFeed {
  readonly #parts: TenantFeedParts;

  constructor(parts: TenantFeedParts) {
    this.#parts = parts;
  }

  /** Waits up to `waitMs` where nothing is there yet. */
  async page(
    tenant: TenantId,
    from: FeedFrom,
    wish: FeedWish & { readonly waitMs: number },
  ): Promise<Result<FeedPage, Rejection>> {
    const { clock, reader, bell, registry } = this.#parts;
    const on = await registry.ensure(tenant);
    if (!on.ok) return on;
    const start = await this.start(tenant, from);
    if (!start.ok) return start;
    const untilMs = clock.monotonicMs() + wish.waitMs;
    if (wish.waitMs > 0 && !bell.hasRoom) return err({ code: "overloaded", retryAfterMs: 1_000 });
    for (let cursor = start.value; ; ) {
      const page = await reader.page(tenant, cursor, wish);
      if (!page.ok) return page;
      const leftMs = untilMs - clock.monotonicMs();
      const { events, missing, hasMore } = page.value;
      if (events.length > 0 || missing.length > 0 || leftMs <= 0) return page;
      cursor = page.value.cursor;
      if (!hasMore) await bell.wait(tenant, leftMs);
    }
  }

  async start(tenant: TenantId, from: FeedFrom): Promise<Result<FeedCursor, Rejection>> {
    const { clock, stream } = this.#parts;
    if (from === "beginning") return ok(FEED_START);
    if (typeof from === "object" && "after" in from) {
      const cursor = parseCursor(from.after);
      return cursor === undefined ? err(WRONG_CURSOR) : ok(cursor);
    }
    const sinceMs = from === "now" ? clock.wallMs() : from.sinceMs;
    // Nodes' clocks differ, and an entry is written after what it names.
    const entry = await stream.at(tenant, sinceMs - FEED_CLOCKS_APART_MS);
    return entry.ok ? ok({ ...FEED_START, entry: entry.value, sinceMs }) : entry;
  }

  async consumers(tenant: TenantId): Promise<Result<readonly NamedConsumer[], Rejection>> {
    const { documents, stream } = this.#parts;
    const listed = await documents.list<StoredConsumer>(tenant, COLLECTION, { limit: FEED_CONSUMERS_MAX });
    if (!listed.ok) return listed;
    const head = await stream.head(tenant);
    return head.ok ? ok(listed.value.map(({ id, value }) => viewOf(id, value, head.value))) : head;
  }

  async consumer(tenant: TenantId, name: string): Promise<Result<NamedConsumer, Rejection>> {
    const read = await this.#stored(tenant, name);
    if (!read.ok) return read;
    const head = await this.#parts.stream.head(tenant);
    return head.ok ? ok(viewOf(name, read.value.value, head.value)) : head;
  }

  /** Made, or set anew: what the wish does not name stays as it is; `from` moves it, also backwards. */
  async put(
    tenant: TenantId,
    name: string,
    wish: ConsumerWish,
  ): Promise<Result<NamedConsumer & { readonly isNew: boolean }, Rejection>> {
    const { documents, registry, clock, stream } = this.#parts;
    const on = await registry.ensure(tenant);
    if (!on.ok) return on;
    const read = await documents.read<StoredConsumer>(tenant, COLLECTION, name);
    if (!read.ok) return read;
    const before = read.value;
    if (before === null) {
      const all = await documents.list(tenant, COLLECTION, { limit: FEED_CONSUMERS_MAX });
      if (!all.ok) return all;
      const message = `A tenant has at most ${FEED_CONSUMERS_MAX} named consumers.`;
      if (all.value.length >= FEED_CONSUMERS_MAX) return err({ code: "too_many", message });
    }
    const isMoved = wish.from !== undefined || before === null;
    const start = isMoved ? await this.start(tenant, wish.from ?? "beginning") : undefined;
    if (start?.ok === false) return start;
    const nowMs = clock.wallMs();
    const { by, types = before?.value.types, rooms = before?.value.rooms } = wish;
    const value: StoredConsumer = withFilter({
      cursor: start === undefined ? (before?.value.cursor ?? "") : cursorText(start.value),
      ...(types !== undefined && { types }),
      ...(rooms !== undefined && { rooms }),
      by: before?.value.by ?? by,
      createdMs: before?.value.createdMs ?? nowMs,
      movedMs: isMoved ? nowMs : (before?.value.movedMs ?? nowMs),
    });
    const written = await documents.write(tenant, COLLECTION, name, value, before?.version ?? 0);
    if (!written.ok) return written;
    if (!written.value) return err(MOVED);
    const head = await stream.head(tenant);
    return head.ok ? ok({ ...viewOf(name, value, head.value), isNew: before === null }) : head;
  }

  /** The next page behind its cursor, which stays where it is. */
  async next(
    tenant: TenantId,
    name: string,
    wish: { readonly limit: number; readonly waitMs: number },
  ): Promise<Result<FeedPage & { readonly from: string }, Rejection>> {
    const read = await this.#stored(tenant, name);
    if (!read.ok) return read;
    const { cursor, types, rooms } = read.value.value;
    const filter = { ...(types && { types }), ...(rooms && { rooms }) };
    const page = await this.page(tenant, { after: cursor }, { ...wish, ...filter });
    return page.ok ? ok({ ...page.value, from: cursor }) : page;
  }

  /** Everything up to `after` is dealt with. `from`: where it has to stand now; another one means that somebody moved it. */
  async commit(
    tenant: TenantId,
    name: string,
    move: { readonly after: string; readonly from?: string },
  ): Promise<Result<NamedConsumer, Rejection>> {
    const { documents, clock, stream } = this.#parts;
    if (parseCursor(move.after) === undefined) return err(WRONG_CURSOR);
    const read = await this.#stored(tenant, name);
    if (!read.ok) return read;
    const { value, version } = read.value;
    if (move.from !== undefined && move.from !== value.cursor) return err(MOVED);
    const next = { ...value, cursor: move.after, movedMs: clock.wallMs() };
    const written = await documents.write(tenant, COLLECTION, name, next, version);
    if (!written.ok) return written;
    if (!written.value) return err(MOVED);
    const head = await stream.head(tenant);
    return head.ok ? ok(viewOf(name, next, head.value)) : head;
  }

  /** Whether there was one. */
  async remove(tenant: TenantId, name: string): Promise<Result<true, Rejection>> {
    const read = await this.#stored(tenant, name);
    if (!read.ok) return read;
    const gone = await this.#parts.documents.write(tenant, COLLECTION, name, null, read.value.version);
    if (!gone.ok) return gone;
    return gone.value ? ok(true) : err(MOVED);
  }

  async #stored(tenant: TenantId, name: string) {
    const read = await this.#parts.documents.read<StoredConsumer>(tenant, COLLECTION, name);
    if (!read.ok) return read;
    return read.value === null ? err(NOT_FOUND) : ok(read.value);
  }
}

const MOVED: Rejection = { code: "conflict", message: "Somebody else moved or changed this consumer meanwhile." };

function viewOf(name: string, { cursor, ...rest }: StoredConsumer, head: number): NamedConsumer {
  const entry = parseCursor(cursor)?.entry ?? 1;
  return { name, cursor, ...rest, entriesBehind: Math.max(0, head + 1 - entry) };
}
