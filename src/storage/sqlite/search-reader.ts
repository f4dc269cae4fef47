/** Reads of the search index, synchronous: the newest messages that match, and among them the most relevant ones. */
import type { Database } from "bun:sqlite";
import type { RoomId, Seq } from "../../base/ids.ts";
import { SEARCH_CANDIDATES_MAX, SEARCH_ROOMS_IN_QUERY_MAX, SEARCH_SCAN_MAX } from "../../base/limits.ts";
import { matchIn, type QueryTerm, rarityOf, relevance } from "../../domain/search/text-query.ts";
import type { Hit, SearchQuery } from "../search-index.ts";
import { idBase, type SearchNames, typeNumber } from "./search-names.ts";

interface Found {
  readonly id: number;
  readonly log: number;
  readonly seq: Seq;
  readonly at: number;
}
interface Text {
  readonly text: string;
  readonly extra: string;
}

/** Messages with a part are counted up to here: beyond it is common, however many there are. */
const COUNTED_MAX = 10_000;
const ID_MAX = Number.MAX_SAFE_INTEGER;

export class SearchReader {
  readonly #names: SearchNames;
  readonly #matching;
  readonly #text;
  readonly #counted;

  constructor(db: Database, names: SearchNames) {
    this.#names = names;
    this.#matching = db.prepare<Found, [string, number, number]>(
      `SELECT message.id AS id, message.log AS log, message.seq AS seq, message.at AS at
       FROM words JOIN message ON message.id = words.rowid
       WHERE words MATCH ? AND words.rowid BETWEEN ? AND ? ORDER BY words.rowid DESC`,
    );
    this.#text = db.prepare<Text, [number]>("SELECT text, extra FROM message WHERE id = ?");
    this.#counted = db.prepare<{ count: number }, [string]>(
      `SELECT count(*) AS count FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ${COUNTED_MAX})`,
    );
  }

  search(query: SearchQuery): readonly Hit[] {
    const { order, limit, after, terms } = query;
    if (order === "newest" || terms.length === 0) {
      const found = this.#find(query, after === undefined ? ID_MAX : Number(after) - 1, limit);
      return found.map(({ room, seq, at, id }) => ({ room, seq, at, place: String(id) }));
    }
    const candidates = this.#find(query, ID_MAX, SEARCH_CANDIDATES_MAX);
    const skipped = after === undefined ? 0 : Number(after);
    return this.#ranked(candidates, terms)
      .slice(skipped, skipped + limit)
      .map(({ room, seq, at }, i) => ({ room, seq, at, place: String(skipped + i + 1) }));
  }

  /** The newest ones, in the order of their ids from the last one. */
  #find(query: SearchQuery, idMax: number, limit: number): readonly (Found & { readonly room: RoomId })[] {
    const tenant = this.#names.tenant(query.tenant);
    if (tenant === undefined) return [];
    const rooms = new Map<number, RoomId>();
    for (const room of query.rooms) {
      const log = this.#names.room(tenant, room);
      if (log !== undefined) rooms.set(log, room);
    }
    const match = this.#matchOf(query, tenant, rooms);
    if (match === undefined) return [];
    const from = query.from === undefined ? 0 : idBase(query.from);
    const to = query.to === undefined ? ID_MAX : idBase(query.to) - 1;
    const found: (Found & { readonly room: RoomId })[] = [];
    let looked = 0;
    for (const row of this.#matching.iterate(match, from, Math.min(to, idMax))) {
      const room = rooms.get(row.log);
      looked += 1;
      if (room !== undefined && isWithin(row, query)) found.push({ ...row, room });
      if (found.length >= limit || looked >= SEARCH_SCAN_MAX) break;
    }
    return found;
  }

  /** `undefined`: nothing can match. */
  #matchOf(
    { author, type, terms }: SearchQuery,
    tenant: number,
    rooms: ReadonlyMap<number, RoomId>,
  ): string | undefined {
    if (rooms.size === 0) return undefined;
    const number = author === undefined ? 0 : this.#names.author(tenant, author);
    if (number === undefined) return undefined;
    const places =
      rooms.size <= SEARCH_ROOMS_IN_QUERY_MAX ? [...rooms.keys()].map((log) => `"r${log}"`) : [`"t${tenant}"`];
    const tags = [
      `tags : (${places.join(" OR ")})`,
      ...(author === undefined ? [] : [`tags : "a${number}"`]),
      ...(type === undefined ? [] : [`tags : "y${typeNumber(type)}"`]),
    ];
    return [...terms.map(expressionOf), ...tags].join(" AND ");
  }

  #ranked(candidates: readonly (Found & { readonly room: RoomId })[], terms: readonly QueryTerm[]) {
    const rarity = terms.map((term) => rarityOf(this.#counted.get(expressionOf(term))?.count ?? 0, COUNTED_MAX));
    const texts = candidates.map(({ id }) => {
      const row = this.#text.get(id);
      return row === null ? undefined : matchIn(terms, row.extra === "" ? row.text : `${row.text}\n${row.extra}`);
    });
    const words = texts.reduce((sum, match) => sum + (match?.words ?? 0), 0) / Math.max(1, texts.length);
    const scored = candidates.map((found, i) => {
      const match = texts[i];
      return { ...found, score: match === undefined ? 0 : relevance(match, rarity, words) };
    });
    return scored.sort((a, b) => b.score - a.score || b.id - a.id);
  }
}

function isWithin({ at }: Found, { from, to }: SearchQuery): boolean {
  return (from === undefined || at >= from) && (to === undefined || at < to);
}

/** Words are letters and digits: nothing in them means something to FTS5 within quotes. */
function expressionOf({ words, isPrefix }: QueryTerm): string {
  return `text : "${words.join(" ")}"${isPrefix ? " *" : ""}`;
}
