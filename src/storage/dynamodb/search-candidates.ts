/** A search on DynamoDB: which messages have all words, by their word items; then which of them are meant, by their texts. */
import type { RoomId, Seq } from "../../base/ids.ts";
import { SEARCH_POSTINGS_MAX, SEARCH_TEXTS_MAX } from "../../base/limits.ts";
import { type Match, matchIn, rarityOf, relevance } from "../../domain/search/text-query.ts";
import { nameOfLog } from "../follow-store.ts";
import type { LogKey } from "../journal.ts";
import type { Hit, SearchQuery } from "../search-index.ts";
import type { ApiResult } from "./dynamo-api.ts";
import { authorWord, type BlockEntry, type Posting, type SearchBlocks, textOf, typeWord } from "./search-blocks.ts";

export interface Candidate {
  readonly log: LogKey;
  readonly seq: Seq;
  readonly at: number;
  /** Where its text stands. */
  readonly block: Seq;
}

interface Meant extends Candidate {
  readonly match: Match;
}

interface Place {
  readonly at: number;
  readonly block: Seq;
}
/** Of a word, or of the beginning of one. */
interface Asked {
  readonly prefix: string;
  readonly isWhole: boolean;
}

export class SearchCandidates {
  readonly #blocks: SearchBlocks;

  constructor(blocks: SearchBlocks) {
    this.#blocks = blocks;
  }

  /** Of one room: those that have all words, in any order, within the times asked for. */
  async of(log: LogKey, query: SearchQuery): Promise<ApiResult<readonly Candidate[]>> {
    const asked = askedOf(query);
    const lists = await Promise.all(asked.map((one) => this.#blocks.postings(log, one, SEARCH_POSTINGS_MAX)));
    let common: ReadonlyMap<Seq, Place> | undefined;
    for (const list of lists) {
      if (!list.ok) return list;
      common = intersected(common, list.value);
    }
    const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = query;
    const candidates: Candidate[] = [];
    for (const [seq, { at, block }] of common ?? []) {
      if (at >= from && at < to) candidates.push({ log, seq, at, block });
    }
    return { ok: true, value: candidates };
  }

  /** A page of those that are meant, in the order asked for. */
  async hits(candidates: readonly Candidate[], query: SearchQuery): Promise<ApiResult<readonly Hit[]>> {
    const newest = candidates.toSorted(newestFirst);
    if (query.order === "newest" || query.terms.length === 0) return this.#newest(newest, query);
    const meant = await this.#meant(newest.slice(0, SEARCH_TEXTS_MAX), query);
    if (!meant.ok) return meant;
    const skipped = query.after === undefined ? 0 : Number(query.after);
    const page = ranked(meant.value, query).slice(skipped, skipped + query.limit);
    return { ok: true, value: page.map((one, i) => hitOf(one, String(skipped + i + 1))) };
  }

  async #newest(newest: readonly Candidate[], query: SearchQuery): Promise<ApiResult<readonly Hit[]>> {
    const start = query.after === undefined ? 0 : placeAfter(newest, query.after);
    const hits: Hit[] = [];
    for (let at = start; at < newest.length && hits.length < query.limit; at += query.limit) {
      const meant = await this.#meant(newest.slice(at, at + query.limit), query);
      if (!meant.ok) return meant;
      hits.push(...meant.value.map((one) => hitOf(one, `${one.at}.${one.seq}.${one.log.room}`)));
    }
    return { ok: true, value: hits.slice(0, query.limit) };
  }

  async #meant(candidates: readonly Candidate[], query: SearchQuery): Promise<ApiResult<readonly Meant[]>> {
    const texts = await this.#texts(candidates);
    if (!texts.ok) return texts;
    const meant = candidates.flatMap((candidate) => {
      const entry = texts.value.get(nameOf(candidate));
      const match = entry === undefined ? undefined : matchIn(query.terms, textOf(entry));
      return match === undefined ? [] : [{ ...candidate, match }];
    });
    return { ok: true, value: meant };
  }

  async #texts(candidates: readonly Candidate[]): Promise<ApiResult<ReadonlyMap<string, BlockEntry>>> {
    const byLog = new Map<string, { readonly log: LogKey; readonly blocks: Set<Seq> }>();
    for (const { log, block } of candidates) {
      const name = nameOfLog(log);
      const known = byLog.get(name) ?? { log, blocks: new Set<Seq>() };
      known.blocks.add(block);
      byLog.set(name, known);
    }
    const texts = new Map<string, BlockEntry>();
    const read = async ({ log, blocks }: { readonly log: LogKey; readonly blocks: ReadonlySet<Seq> }) => {
      const found = await this.#blocks.byFirst(log, [...blocks]);
      if (found.ok)
        for (const { entries } of found.value)
          for (const [seq, entry] of entries) texts.set(nameOf({ log, seq }), entry);
      return found;
    };
    const results = await Promise.all([...byLog.values()].map(read));
    return results.find((result) => !result.ok) ?? { ok: true, value: texts };
  }
}

function askedOf({ terms, author, type }: SearchQuery): readonly Asked[] {
  const asked: Asked[] = terms.flatMap(({ words, isPrefix }) =>
    words.map((word, i) => ({ prefix: `t#${word}`, isWhole: !(isPrefix && i === words.length - 1) })),
  );
  if (author !== undefined) asked.push({ prefix: authorWord(author), isWhole: true });
  if (type !== undefined) asked.push({ prefix: typeWord(type), isWhole: true });
  return asked;
}

function intersected(
  common: ReadonlyMap<Seq, Place> | undefined,
  list: readonly (readonly [Seq, readonly Posting[]])[],
): ReadonlyMap<Seq, Place> {
  const places = new Map<Seq, Place>();
  for (const [block, postings] of list) {
    for (const [seq, at] of postings) if (common === undefined || common.has(seq)) places.set(seq, { at, block });
  }
  return places;
}

function ranked(meant: readonly Meant[], { terms }: SearchQuery): readonly Meant[] {
  const words = meant.reduce((sum, { match }) => sum + match.words, 0) / Math.max(1, meant.length);
  // All of them have every word: how rare one is in the room is not known without reading more.
  const rarity = terms.map(() => rarityOf(meant.length, meant.length));
  return meant
    .map((one) => ({ one, score: relevance(one.match, rarity, words) }))
    .sort((a, b) => b.score - a.score || newestFirst(a.one, b.one))
    .map(({ one }) => one);
}

function hitOf({ log, seq, at }: Candidate, place: string): Hit {
  return { room: log.room, seq, at, place };
}

function newestFirst(a: Candidate, b: Candidate): number {
  return b.at - a.at || (a.log.room < b.log.room ? 1 : a.log.room > b.log.room ? -1 : b.seq - a.seq);
}

/** The first one behind a place, which need not be there any more. */
function placeAfter(newest: readonly Candidate[], place: string): number {
  const [at = "", seq = "", ...room] = place.split(".");
  const log = { tenant: "" as LogKey["tenant"], room: room.join(".") as RoomId, incarnation: 1 };
  const there = { log, seq: Number(seq), at: Number(at), block: 0 };
  const index = newest.findIndex((one) => newestFirst(there, one) < 0);
  return index < 0 ? newest.length : index;
}

function nameOf({ log, seq }: Pick<Candidate, "log" | "seq">): string {
  return `${nameOfLog(log)} ${seq}`;
}
