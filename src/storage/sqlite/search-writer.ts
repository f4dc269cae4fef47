/** Writes to the search index, synchronous: each call is one transaction, and the same call again changes nothing. */
import type { Database } from "bun:sqlite";
import type { Seq, TenantId } from "../../base/ids.ts";
import { SEARCH_WRITE_CHANGES } from "../../base/limits.ts";
import { wordsOf } from "../../domain/search/words.ts";
import type { LogKey } from "../journal.ts";
import type { IndexBatch, IndexChange } from "../search-index.ts";
import { idBase, type SearchNames, tagsOf, typeNumber } from "./search-names.ts";

interface Row {
  readonly id: number;
  readonly log: number;
  readonly seq: Seq;
  readonly at: number;
  readonly author: number;
  readonly type: number;
  readonly version: number;
  readonly text: string;
  readonly extra: string;
}
/** A row that may not have its id yet. */
type NewRow = Omit<Row, "id"> & { readonly id: number | undefined };

/** What a transaction makes of one message: the row before, and after. */
interface Change {
  readonly tenant: number;
  readonly before: Row | undefined;
  after: NewRow | undefined;
}

const COLUMNS = "id, log, seq, at, author, type, version, text, extra";
/** Ids of one millisecond, and of one second. */
const MS_IDS = 4_096;
const SECOND_IDS = 2 ** 22;

export class SearchWriter {
  readonly #db: Database;
  readonly #names: SearchNames;
  readonly #dataVersion;
  #seenVersion = 0;
  readonly #byPlace;
  readonly #front;
  readonly #lastId;
  readonly #insert;
  readonly #remove;
  readonly #insertWords;
  readonly #removeWords;
  readonly #anyOfTag;

  constructor(db: Database, names: SearchNames) {
    this.#db = db;
    this.#names = names;
    this.#dataVersion = db.prepare<{ data_version: number }, []>("PRAGMA data_version");
    this.#byPlace = db.prepare<Row, [number, Seq]>(`SELECT ${COLUMNS} FROM message WHERE log = ? AND seq = ?`);
    this.#front = db.prepare<Row, [number, Seq, number]>(
      `SELECT ${COLUMNS} FROM message WHERE log = ? AND seq <= ? ORDER BY seq LIMIT ?`,
    );
    this.#lastId = db.prepare<{ id: number | null }, [number, number]>(
      "SELECT max(id) AS id FROM message WHERE id BETWEEN ? AND ?",
    );
    this.#insert = db.prepare<unknown, [number, number, number, number, number, number, number, string, string]>(
      `INSERT INTO message (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#remove = db.prepare<unknown, [number]>("DELETE FROM message WHERE id = ?");
    this.#insertWords = db.prepare<unknown, [number, string, string]>(
      "INSERT INTO words (rowid, text, tags) VALUES (?, ?, ?)",
    );
    this.#removeWords = db.prepare<unknown, [number, string, string]>(
      "INSERT INTO words (words, rowid, text, tags) VALUES ('delete', ?, ?, ?)",
    );
    this.#anyOfTag = db.prepare<{ rowid: number }, [string]>("SELECT rowid FROM words WHERE words MATCH ? LIMIT 1");
  }

  write(batches: readonly IndexBatch[]): void {
    this.#transaction(() => {
      const changes = new Map<string, Change>();
      for (const batch of batches) this.#collect(batch, changes);
      this.#carryOut([...changes.values()]);
    });
  }

  forget(key: LogKey, seqs: readonly Seq[]): void {
    for (let at = 0; at < seqs.length; at += SEARCH_WRITE_CHANGES) {
      const changes = seqs.slice(at, at + SEARCH_WRITE_CHANGES).map((seq): IndexChange => ({ kind: "remove", seq }));
      this.#transaction(() => {
        const collected = new Map<string, Change>();
        this.#collect({ log: key, changes }, collected);
        this.#forgetAuthors(key.tenant, this.#carryOut([...collected.values()]));
      });
    }
  }

  /** A part of it; false: there is more. */
  forgetFront(key: LogKey, upTo: Seq): boolean {
    const log = this.#names.log(key);
    if (log === undefined) return true;
    const rows = this.#front.all(log, upTo, SEARCH_WRITE_CHANGES);
    this.#transaction(() => {
      const tenant = this.#names.tenantToWrite(key.tenant);
      const authors = this.#carryOut(rows.map((before) => ({ tenant, before, after: undefined })));
      this.#forgetAuthors(key.tenant, authors);
      if (upTo === Number.MAX_SAFE_INTEGER && rows.length < SEARCH_WRITE_CHANGES) this.#names.removeLog(key);
    });
    return rows.length < SEARCH_WRITE_CHANGES;
  }

  /** Nothing of what was removed is left in the write-ahead log; false: somebody reads it just now. */
  checkpoint(): boolean {
    const result = this.#db.prepare<{ busy: number }, []>("PRAGMA wal_checkpoint(TRUNCATE)").get();
    return result?.busy === 0;
  }

  #transaction(run: () => void): void {
    try {
      this.#db
        .transaction(() => {
          this.#noticeOthers();
          run();
        })
        .immediate();
    } catch (error) {
      this.#names.clear();
      throw error;
    }
  }

  /** A command line that rebuilds may have given a name another number. */
  #noticeOthers(): void {
    const version = this.#dataVersion.get()?.data_version ?? 0;
    if (version !== this.#seenVersion) this.#names.clear();
    this.#seenVersion = version;
  }

  #collect({ log: key, changes }: IndexBatch, collected: Map<string, Change>): void {
    const tenant = this.#names.tenantToWrite(key.tenant);
    const log = this.#names.logToWrite(key, tenant);
    for (const change of changes) {
      const seq = change.kind === "put" ? change.message.seq : change.seq;
      const name = `${log}/${seq}`;
      let known = collected.get(name);
      if (known === undefined) {
        const before = this.#byPlace.get(log, seq) ?? undefined;
        known = { tenant, before, after: before };
        collected.set(name, known);
      }
      known.after = this.#changed(known.after, change, { key, tenant, log });
    }
  }

  #changed(
    row: NewRow | undefined,
    change: IndexChange,
    { tenant, log }: { readonly key: LogKey; readonly tenant: number; readonly log: number },
  ): NewRow | undefined {
    if (change.kind === "remove") return undefined;
    if (change.kind === "edit") {
      return row === undefined || row.version >= change.by ? row : { ...row, version: change.by, text: change.text };
    }
    const { seq, at, author, type, text, extra = "" } = change.message;
    // It was changed since, and comes again.
    if (row !== undefined && row.version > seq) return row;
    const numbers = { log, seq, at, author: this.#names.authorToWrite(tenant, author), type: typeNumber(type) };
    return { id: row?.id, ...numbers, version: seq, text, extra };
  }

  /** First what goes, then what comes, each in the order of ids: so the index is flushed seldom. Answers the authors that went. */
  #carryOut(changes: readonly Change[]): ReadonlySet<number> {
    const gone = changes.filter(({ before, after }) => before !== undefined && !isSame(before, after));
    const authors = new Set<number>();
    for (const { tenant, before } of gone.toSorted((a, b) => (a.before?.id ?? 0) - (b.before?.id ?? 0))) {
      if (before === undefined) continue;
      this.#removeWords.run(before.id, indexedText(before), tagsOf({ tenant, ...before }));
      this.#remove.run(before.id);
      authors.add(before.author);
    }
    const come = changes.filter(({ before, after }) => after !== undefined && !isSame(before, after));
    const used: Used = { ids: new Set(), last: new Map() };
    const rows = come.map(({ tenant, after }) => {
      const row = after as NewRow;
      return { tenant, row, id: row.id ?? this.#freeId(row.at, used) };
    });
    for (const { tenant, row, id } of rows.toSorted((a, b) => a.id - b.id)) {
      const { log, seq, at, author, type, version, text, extra } = row;
      this.#insert.run(id, log, seq, at, author, type, version, text, extra);
      this.#insertWords.run(id, indexedText(row), tagsOf({ tenant, ...row }));
    }
    return authors;
  }

  /** Of the message's millisecond; when all of them are taken, of its second; then behind all. */
  #freeId(at: number, used: Used): number {
    const ms = idBase(at);
    const second = Math.floor(ms / SECOND_IDS) * SECOND_IDS;
    for (const [from, to] of [
      [ms, ms + MS_IDS - 1],
      [second, second + SECOND_IDS - 1],
      [0, Number.MAX_SAFE_INTEGER],
    ] as const) {
      const last = Math.max(used.last.get(from) ?? -1, this.#lastId.get(from, to)?.id ?? -1);
      let id = last < 0 ? from : last + 1;
      while (used.ids.has(id)) id += 1;
      if (id > to) continue;
      used.ids.add(id);
      used.last.set(from, id);
      return id;
    }
    throw new Error("no id for another message");
  }

  /** A name of whom nothing is kept need not be kept. */
  #forgetAuthors(tenant: TenantId, authors: ReadonlySet<number>): void {
    const number = this.#names.tenant(tenant);
    for (const author of authors) {
      if (number !== undefined && this.#anyOfTag.get(`tags : "a${author}"`) === null) this.#names.removeAuthor(author);
    }
  }
}

interface Used {
  readonly ids: Set<number>;
  /** The last id given, by the range's start. */
  readonly last: Map<number, number>;
}

function indexedText({ text, extra }: { readonly text: string; readonly extra: string }): string {
  const words = wordsOf(extra === "" ? text : `${text}\n${extra}`);
  let joined = "";
  for (const { term } of words) joined += `${term} `;
  return joined;
}

function isSame(before: Row | undefined, after: NewRow | undefined): boolean {
  if (before === after) return true;
  if (before === undefined || after === undefined) return false;
  return (
    before.text === after.text &&
    before.extra === after.extra &&
    before.version === after.version &&
    before.author === after.author &&
    before.type === after.type &&
    before.at === after.at
  );
}
