/** The search index in memory, read through for each search: for tests, and as the plainest form of what the others must do. */
import type { Seq, UserId } from "../../base/ids.ts";
import { SEARCH_CANDIDATES_MAX } from "../../base/limits.ts";
import type { MessageType } from "../../domain/room/vocabulary.ts";
import { matchIn, rarityOf, relevance } from "../../domain/search/text-query.ts";
import { nameOfLog } from "../follow-store.ts";
import type { Done, LogKey, ReadResult } from "../journal.ts";
import type { Hit, IndexBatch, IndexChange, IndexedMessage, SearchIndex, SearchQuery } from "../search-index.ts";
import type { Schedule } from "./memory-journal.ts";

interface Entry extends IndexedMessage {
  /** Sequence of the event that wrote the text. */
  readonly version: Seq;
}
interface IndexedLog {
  readonly log: LogKey;
  readonly entries: Map<Seq, Entry>;
}
type Found = Entry & { readonly hit: Omit<Hit, "place"> };

export class MemorySearchIndex implements SearchIndex {
  readonly id = "memory";
  readonly #logs = new Map<string, IndexedLog>();
  readonly #schedule: Schedule;

  constructor(schedule: Schedule = queueMicrotask) {
    this.#schedule = schedule;
  }

  write(batches: readonly IndexBatch[], done: (written: ReadResult<true>) => void): void {
    this.#schedule(() => {
      for (const { log, changes } of batches) {
        const { entries } = this.#log(log);
        for (const change of changes) apply(entries, change);
      }
      done({ ok: true, value: true });
    });
  }

  forget(log: LogKey, seqs: readonly Seq[], done: (forgotten: ReadResult<true>) => void): void {
    this.#schedule(() => {
      for (const seq of seqs) this.#log(log).entries.delete(seq);
      done({ ok: true, value: true });
    });
  }

  forgetFront(log: LogKey, upTo: Seq, done: (forgotten: ReadResult<true>) => void): void {
    this.#schedule(() => {
      const { entries } = this.#log(log);
      for (const seq of entries.keys()) if (seq <= upTo) entries.delete(seq);
      done({ ok: true, value: true });
    });
  }

  search(query: SearchQuery, done: Done<readonly Hit[]>): void {
    this.#schedule(() => done({ ok: true, value: this.#search(query) }));
  }

  /** Everything that is kept, for tests. */
  contents(): string {
    return JSON.stringify([...this.#logs.values()].map(({ log, entries }) => [log, [...entries.values()]]));
  }

  #log(log: LogKey): IndexedLog {
    const name = nameOfLog(log);
    const present = this.#logs.get(name);
    if (present !== undefined) return present;
    const created = { log, entries: new Map<Seq, Entry>() };
    this.#logs.set(name, created);
    return created;
  }

  #search(query: SearchQuery): readonly Hit[] {
    const { order, terms, after, limit } = query;
    const skipped = after === undefined ? 0 : Number(after);
    let found = this.#matching(query).sort(newestFirst);
    if (order === "relevance" && terms.length > 0) found = ranked(found.slice(0, SEARCH_CANDIDATES_MAX), query);
    return found.slice(skipped, skipped + limit).map(({ hit }, i) => ({ ...hit, place: String(skipped + i + 1) }));
  }

  #matching(query: SearchQuery): Found[] {
    const { tenant, rooms, terms } = query;
    const found: Found[] = [];
    for (const { log, entries } of this.#logs.values()) {
      if (log.tenant !== tenant || !rooms.includes(log.room)) continue;
      for (const entry of entries.values()) {
        if (!passes(entry, query) || matchIn(terms, textOf(entry)) === undefined) continue;
        found.push({ ...entry, hit: { room: log.room, seq: entry.seq, at: entry.at } });
      }
    }
    return found;
  }
}

function apply(entries: Map<Seq, Entry>, change: IndexChange): void {
  if (change.kind === "remove") {
    entries.delete(change.seq);
  } else if (change.kind === "edit") {
    const entry = entries.get(change.seq);
    if (entry !== undefined && entry.version < change.by)
      entries.set(change.seq, { ...entry, text: change.text, version: change.by });
  } else {
    const { message } = change;
    if ((entries.get(message.seq)?.version ?? 0) <= message.seq)
      entries.set(message.seq, { ...message, version: message.seq });
  }
}

function passes(
  { author, type, at }: { readonly author: UserId; readonly type: MessageType; readonly at: number },
  query: SearchQuery,
): boolean {
  return (
    (query.author === undefined || author === query.author) &&
    (query.type === undefined || type === query.type) &&
    (query.from === undefined || at >= query.from) &&
    (query.to === undefined || at < query.to)
  );
}

function ranked(found: readonly Found[], { terms }: SearchQuery): Found[] {
  const matches = found.map((entry) => matchIn(terms, textOf(entry)));
  const words = matches.reduce((sum, match) => sum + (match?.words ?? 0), 0) / Math.max(1, matches.length);
  const rarity = terms.map(() => rarityOf(found.length, found.length));
  return found
    .map((entry, i) => ({ entry, score: scoreOf(matches[i], rarity, words) }))
    .sort((a, b) => b.score - a.score || newestFirst(a.entry, b.entry))
    .map(({ entry }) => entry);
}

function scoreOf(match: ReturnType<typeof matchIn>, rarity: readonly number[], words: number): number {
  return match === undefined ? 0 : relevance(match, rarity, words);
}

function textOf({ text, extra = "" }: IndexedMessage): string {
  return extra === "" ? text : `${text}\n${extra}`;
}

function newestFirst(a: Found, b: Found): number {
  return b.at - a.at || (a.hit.room < b.hit.room ? 1 : a.hit.room > b.hit.room ? -1 : b.seq - a.seq);
}
