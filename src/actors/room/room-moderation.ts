/**
 * What moderators look at: the room's rules, its queues and its audit log, and what a proposed rule would have found.
 * Invariant: changes nothing; the asker's permission was judged before. One page of a back-test is one read of the log, so
 * that the room goes on in between.
 */
import { messageIdOf, type Seq } from "../../base/ids.ts";
import { BACKTEST_PAGE_CHARS_MAX, BACKTEST_PAGE_EVENTS_MAX } from "../../base/limits.ts";
import { compileRule, finds, refuseRules } from "../../domain/moderation/compiled-rules.ts";
import { fold } from "../../domain/moderation/fold.ts";
import type { LogEvent, MessageEdited, MessageSent } from "../../domain/room/events.ts";
import {
  AUDIT,
  HELD,
  type HeldItem,
  OPEN,
  type ReportItem,
  REPORTS,
  RESOLVED,
} from "../../domain/room/moderation-items.ts";
import { HOUR_MS } from "../../base/days.ts";
import { NO_MODERATION } from "../../domain/room/moderation-state.ts";
import { excerptOf } from "../../domain/room/excerpt.ts";
import { shownBy } from "../../domain/room/shown-author.ts";
import type { ItemQuery, ListedItem, ReadResult } from "../../storage/journal.ts";
import type { Later } from "../actor.ts";
import { answerRejection, answerValue } from "../answers.ts";
import type { BacktestHit, ModerationAsk } from "../moderation-calls.ts";
import type { OpenRequests } from "./open-requests.ts";
import type { RoomRequest } from "../request.ts";
import type { RoomActor } from "./room-actor.ts";
import { eventsIn } from "./room-reads.ts";
import type { ShardEnv } from "../shard-env.ts";

type ListAsk = Extract<ModerationAsk, { readonly limit: number }>;
type FiguresAsk = Extract<ModerationAsk, { readonly list: "figures" }>;
type BacktestAsk = Extract<ModerationAsk, { readonly list: "backtest" }>;

const RETRY_MS = 500;

export class RoomModeration {
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #later: Later;
  readonly #open: OpenRequests;

  constructor(env: ShardEnv, room: RoomActor, open: OpenRequests, later: Later) {
    this.#open = open;
    this.#env = env;
    this.#room = room;
    this.#later = later;
  }

  answer(request: RoomRequest, ask: ModerationAsk): void {
    switch (ask.list) {
      case "rules": {
        const { rules, heldCount } = this.#room.state.moderation ?? NO_MODERATION;
        answerValue(this.#env, request, { rules, heldCount });
        return;
      }
      case "figures":
        this.#figures(request, ask);
        return;
      case "backtest":
        this.#backtest(request, ask);
        return;
      default:
        this.#list(request, ask);
    }
  }

  #list(request: RoomRequest, ask: ListAsk): void {
    this.#open.add(request);
    this.#env.journal.listItems(
      this.#room.key,
      queryOf(ask),
      this.#finish(request, (items: readonly ListedItem[]) => {
        const page = items.slice(0, ask.limit).map(({ id, value }) => ({ id, value: shown(ask.list, value) }));
        answerValue(this.#env, request, { items: page, hasMore: items.length > ask.limit });
      }),
    );
  }

  /** What was written since, a page at a time like a back-test: counted when somebody asks, and never before. */
  #figures(request: RoomRequest, { before, sinceMs }: FiguresAsk): void {
    const { messageCount } = this.#room.state;
    const to = Math.min(before ?? Number.POSITIVE_INFINITY, this.#room.publishedSeq + 1) - 1;
    if (to < 1) return answerValue(this.#env, request, { events: 0, hours: [], writers: [], messageCount });
    this.#open.add(request);
    this.#env.journal.readRange(
      this.#room.key,
      { from: 1, to, eventsMax: BACKTEST_PAGE_EVENTS_MAX, backward: true },
      this.#finish(request, (segments) => {
        const events = newestOf(eventsIn(segments, 1, to).slice(-BACKTEST_PAGE_EVENTS_MAX));
        const sent = events.filter((event) => event.kind === "message_sent");
        const since = sent.filter(({ timestamp }) => timestamp >= sinceMs);
        const first = events[0];
        const goesOn = first !== undefined && first.seq > 1 && first.timestamp >= sinceMs;
        const last = sent.at(-1)?.seq;
        answerValue(this.#env, request, {
          events: events.length,
          hours: counted(since.map(({ timestamp }) => Math.floor(timestamp / HOUR_MS))),
          writers: counted(since.map(shownBy)),
          messageCount,
          ...(last !== undefined && { lastMessageSeq: last }),
          ...(goesOn && { nextBefore: first.seq }),
        });
      }),
    );
  }

  /** From the newest event backwards; the asker comes again with `before` until nothing is left. */
  #backtest(request: RoomRequest, { rule, before, sinceMs }: BacktestAsk): void {
    const wrong = refuseRules([rule]);
    if (wrong !== undefined) {
      return answerRejection(this.#env, request, { code: "invalid_field", field: "rule", message: wrong.message });
    }
    const to = Math.min(before ?? Number.POSITIVE_INFINITY, this.#room.publishedSeq + 1) - 1;
    if (to < 1) return answerValue(this.#env, request, { scanned: 0, events: 0, hits: [] });
    this.#open.add(request);
    this.#env.journal.readRange(
      this.#room.key,
      { from: 1, to, eventsMax: BACKTEST_PAGE_EVENTS_MAX, backward: true },
      this.#finish(request, (segments) => {
        // The cut is by whole segments, and a segment may reach far beyond it: what is too much is the next page.
        const events = newestOf(eventsIn(segments, 1, to).slice(-BACKTEST_PAGE_EVENTS_MAX));
        const compiled = compileRule(rule);
        const texts = events.filter((event) => isText(event) && event.timestamp >= sinceMs) as readonly Text[];
        const hits = texts.filter(({ content }) => finds(compiled, content, fold(content)));
        const first = events[0];
        const goesOn = first !== undefined && first.seq > 1 && first.timestamp >= sinceMs;
        this.#withoutDeleted(request, hits, (found) => {
          answerValue(this.#env, request, {
            scanned: texts.length,
            events: events.length,
            hits: found,
            ...(goesOn && { nextBefore: first.seq, reachedMs: first.timestamp }),
          });
        });
      }),
    );
  }

  /** Texts that were deleted since are counted and not shown. */
  #withoutDeleted(request: RoomRequest, hits: readonly Text[], answer: (hits: readonly BacktestHit[]) => void): void {
    if (hits.length === 0) return answer([]);
    this.#open.add(request);
    const seqs = [...new Set(hits.map(seqOf))];
    this.#env.journal.readOverlays(
      this.#room.key,
      seqs,
      this.#finish(request, (overlays) => {
        const deleted = new Set(seqs.filter((_, i) => overlays[i]?.deletedAt !== undefined));
        answer(
          hits.map((hit) => ({
            messageId: messageIdOf(seqOf(hit)),
            authorId: shownBy(hit),
            at: hit.timestamp,
            excerpt: deleted.has(seqOf(hit)) ? null : excerptOf(hit.content),
          })),
        );
      }),
    );
  }

  /** The read is back, as a turn. */
  #finish<Value>(request: RoomRequest, then: (value: Value) => void): (read: ReadResult<Value>) => void {
    return this.#later((read: ReadResult<Value>) => {
      this.#open.delete(request);
      if (read.ok) then(read.value);
      else answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
    });
  }
}

function counted<Key>(keys: readonly Key[]): readonly (readonly [Key, number])[] {
  const counts = new Map<Key, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts];
}

type Text = MessageSent | MessageEdited;

/** As many of the last ones as their texts leave time for; one at least. */
function newestOf(events: readonly LogEvent[]): readonly LogEvent[] {
  let left = BACKTEST_PAGE_CHARS_MAX;
  let from = events.length;
  for (const event of events.toReversed()) {
    left -= isText(event) ? event.content.length : 0;
    if (left < 0 && from < events.length) break;
    from -= 1;
  }
  return events.slice(from);
}

function isText(event: LogEvent): event is Text {
  return event.kind === "message_sent" || event.kind === "message_edited";
}

function seqOf(event: Text): Seq {
  return event.kind === "message_sent" ? event.seq : event.target;
}

/** Who is anonymous is so for moderators too. */
function shown(list: ListAsk["list"], value: object): object {
  if (list === "held") {
    const { author, as, authorName, authorAvatar, clientId: _clientId, ...item } = value as HeldItem;
    return as === undefined ? { ...item, author, authorName, authorAvatar } : { ...item, author: as };
  }
  if (list === "audit") return value;
  const { userId, userAs, ...report } = value as ReportItem;
  return { ...report, userId: userAs ?? userId };
}

/** What waits is listed from the oldest on, what is done from the newest. */
function queryOf({ list, after, limit }: ListAsk): ItemQuery {
  const page = { limit: limit + 1, ...(after !== undefined && { after }) };
  switch (list) {
    case "held":
      return { collection: HELD, ...page };
    case "open_reports":
      return { collection: REPORTS, prefix: OPEN, ...page };
    case "resolved_reports":
      return { collection: REPORTS, prefix: RESOLVED, backward: true, ...page };
    case "audit":
      return { collection: AUDIT, backward: true, ...page };
  }
}
