/**
 * Reading a room's log beyond what is in memory: pages of history, replay for one connection, the message number at a place.
 * Reads never block the room: the answer comes back as a turn, and what was committed meanwhile is in the next page.
 */
import type { Seq } from "../../base/ids.ts";
import { REPLAY_PAGE_EVENTS_MAX } from "../../base/limits.ts";
import type { LogEvent, MessageSent } from "../../domain/room/events.ts";
import type { MessageOverlay } from "../../domain/room/state.ts";
import type { Journal, LogKey, ReadResult, Segment } from "../../storage/journal.ts";
import type { Later } from "../actor.ts";
import { gather } from "../gather.ts";
import { decodeEntries } from "../log-codec.ts";

/** Ascending by sequence. */
export type HistoryPage = readonly { readonly event: MessageSent; readonly overlay: MessageOverlay | null }[];
export interface HistoryRange {
  /** Exclusive bounds; with `after` the page starts there, otherwise it ends before `before`. */
  readonly before: Seq;
  readonly after: Seq | undefined;
  readonly limit: number;
}
/** What of the log may be shown: events behind `seq`, messages from `fromMs` on (milliseconds since 1970; 0: all). */
export interface Front {
  readonly seq: Seq;
  readonly no: number;
  readonly fromMs: number;
}
type Answer<Value> = (result: ReadResult<Value>) => void;

export class RoomReads {
  readonly #journal: Journal;
  readonly #key: LogKey;
  readonly #later: Later;
  readonly #front: () => Front;

  constructor(journal: Journal, key: LogKey, later: Later, front: () => Front) {
    this.#journal = journal;
    this.#key = key;
    this.#later = later;
    this.#front = front;
  }

  /** What retention has taken, or is about to, is shown to nobody. */
  #shown(messages: readonly MessageSent[]): readonly MessageSent[] {
    const { seq, fromMs } = this.#front();
    return seq === 0 && fromMs === 0
      ? messages
      : messages.filter((message) => message.seq > seq && message.timestamp >= fromMs);
  }

  /** Events of (after, to], the oldest first, at most a page of them. */
  events(after: Seq, to: Seq, answer: Answer<readonly LogEvent[]>): void {
    const range = { from: after + 1, to, eventsMax: REPLAY_PAGE_EVENTS_MAX };
    this.#journal.readRange(
      this.#key,
      range,
      this.#later((read) => {
        answer(read.ok ? { ok: true, value: eventsIn(read.value, after + 1, to) } : read);
      }),
    );
  }

  history(range: HistoryRange, answer: Answer<HistoryPage>): void {
    this.#collect(range, { from: (range.after ?? 0) + 1, to: range.before - 1 }, [], answer);
  }

  /** Messages by their sequences, in this order; where none stands, it is left out. Neighbours are read together. */
  messages(seqs: readonly Seq[], answer: Answer<HistoryPage>): void {
    this.#at(seqs, (read) => {
      if (!read.ok) return answer(read);
      const found = new Map(read.value.map((event) => [event.seq, event]));
      const events = seqs.map((seq) => found.get(seq));
      this.#overlay(this.#shown(events.filter((event) => event?.kind === "message_sent")), answer);
    });
  }

  /** Events by their sequences, whether anybody may still see them or not; where none is stored, it is left out. */
  eventsAt(seqs: readonly Seq[], answer: Answer<readonly LogEvent[]>): void {
    const wanted = new Set(seqs);
    this.#at(seqs, (read) => {
      answer(read.ok ? { ok: true, value: read.value.filter(({ seq }) => wanted.has(seq)) } : read);
    });
  }

  #at(seqs: readonly Seq[], answer: Answer<readonly LogEvent[]>): void {
    gather<readonly LogEvent[]>(
      runsOf(seqs).map(({ from, to }) => (done) => {
        this.#journal.readRange(
          this.#key,
          { from, to, eventsMax: to - from + 1 },
          this.#later((read) => done(read.ok ? { ok: true, value: eventsIn(read.value, from, to) } : read)),
        );
      }),
      (read) => answer(read.ok ? { ok: true, value: read.value.flat() } : read),
    );
  }

  /** What changed since in these messages, in the order asked. */
  overlays(seqs: readonly Seq[], answer: Answer<readonly (MessageOverlay | null)[]>): void {
    this.#journal.readOverlays(this.#key, seqs, this.#later(answer));
  }

  /** `messageNo` of the last message at or before `seq`; 0 when there is none. */
  messageNoAt(seq: Seq, answer: Answer<number>): void {
    const front = this.#front();
    if (seq <= front.seq) return answer({ ok: true, value: front.no });
    this.#journal.readRange(
      this.#key,
      { from: 1, to: seq, eventsMax: 1, backward: true },
      this.#later((read) => {
        if (!read.ok) return answer(read);
        const segment = read.value[read.value.length - 1];
        if (segment === undefined) return answer({ ok: true, value: front.no });
        let after = 0;
        for (const event of decodeEntries(segment.firstSeq, segment.entries)) {
          if (event.kind === "message_sent" && event.seq > seq) after += 1;
        }
        answer({ ok: true, value: segment.messageCount - after });
      }),
    );
  }

  /** Not every event is a message: reads on until the page is full or nothing is left to read. */
  #collect(
    range: HistoryRange,
    unread: { from: Seq; to: Seq },
    found: readonly MessageSent[],
    answer: Answer<HistoryPage>,
  ): void {
    const { from, to } = unread;
    if (from > to) return this.#finish(range, found, answer);
    const forward = range.after !== undefined;
    const eventsMax = range.limit - found.length + HISTORY_SLACK;
    this.#journal.readRange(
      this.#key,
      { from, to, eventsMax, backward: !forward },
      this.#later((read) => {
        if (!read.ok) return answer(read);
        const events = eventsIn(read.value, from, to);
        const messages = this.#shown(events.filter((event) => event.kind === "message_sent"));
        const all = forward ? [...found, ...messages] : [...messages, ...found];
        const first = events[0];
        const last = events[events.length - 1];
        if (first === undefined || last === undefined || all.length >= range.limit)
          return this.#finish(range, all, answer);
        this.#collect(range, forward ? { from: last.seq + 1, to } : { from, to: first.seq - 1 }, all, answer);
      }),
    );
  }

  #finish(range: HistoryRange, all: readonly MessageSent[], answer: Answer<HistoryPage>): void {
    const forward = range.after !== undefined;
    const page = forward ? all.slice(0, range.limit) : all.slice(Math.max(0, all.length - range.limit));
    this.#overlay(page, answer);
  }

  #overlay(page: readonly MessageSent[], answer: Answer<HistoryPage>): void {
    this.#journal.readOverlays(
      this.#key,
      page.map((event) => event.seq),
      this.#later((read) => {
        if (!read.ok) return answer(read);
        answer({ ok: true, value: page.map((event, i) => ({ event, overlay: read.value[i] ?? null })) });
      }),
    );
  }
}

/** Events read beyond the page's size, so that a page is mostly one read although joins and reactions lie between. */
const HISTORY_SLACK = 20;

/** Ranges that have all of these, in ascending order of their first; what lies close together is one. */
function runsOf(seqs: readonly Seq[]): readonly { readonly from: Seq; readonly to: Seq }[] {
  const runs: { from: Seq; to: Seq }[] = [];
  for (const seq of seqs.toSorted((a, b) => a - b)) {
    const last = runs[runs.length - 1];
    if (last !== undefined && seq - last.to <= HISTORY_SLACK && seq - last.from < REPLAY_PAGE_EVENTS_MAX) last.to = seq;
    else runs.push({ from: seq, to: seq });
  }
  return runs;
}

export function eventsIn(segments: readonly Segment[], from: Seq, to: Seq): LogEvent[] {
  const events: LogEvent[] = [];
  for (const segment of segments) {
    for (const event of decodeEntries(segment.firstSeq, segment.entries)) {
      if (event.seq >= from && event.seq <= to) events.push(event);
    }
  }
  return events;
}
