/**
 * The file of the search index, beside the database: nothing that writes a log ever waits for it, and it may be removed.
 *
 * `words` is an FTS5 table without content: it is given words that are cut and folded already, so its own tokenizer only has
 * to part them at spaces. A message's id is made of its time, so that the newest ones that match are the first ones read.
 * Invariant: what is removed is overwritten: in `words` (`secure-delete`), in the rows (`secure_delete`), and, after a
 * checkpoint, in the write-ahead log.
 */
import { Database } from "bun:sqlite";
import { join } from "node:path";
import { makeDataFolder } from "./data-folder.ts";

export const SEARCH_FILE = "search.db";

const VERSION = 1;
/** A command line that rebuilds may be writing: its transactions are short. */
const BUSY_MS_MAX = 10_000;

const SCHEMA = `
  -- A file that is made anew has another id.
  CREATE TABLE about (id TEXT NOT NULL) STRICT;
  INSERT INTO about (id) VALUES (lower(hex(randomblob(8))));

  CREATE TABLE tenant (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE log (
    id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, room TEXT NOT NULL, incarnation INTEGER NOT NULL,
    UNIQUE (tenant, room, incarnation)
  ) STRICT;
  CREATE TABLE author (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE (tenant, name)) STRICT;

  -- version: sequence of the event that wrote the text. type: place in the list of types.
  CREATE TABLE message (
    id INTEGER PRIMARY KEY, log INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, author INTEGER NOT NULL,
    type INTEGER NOT NULL, version INTEGER NOT NULL, text TEXT NOT NULL, extra TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX message_place ON message (log, seq);

  -- tags: t<tenant> r<log> a<author> y<type>. Beginnings of two letters have an index, since each is that of many words;
  -- one of three letters as well would make writing by half as slow again.
  CREATE VIRTUAL TABLE words USING fts5 (text, tags, content = '', tokenize = 'ascii', prefix = '2');
  INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
`;

/** Made when it is missing; one of another version is thrown away, since it can be built anew. */
export function openSearchDatabase(dir: string): Database {
  makeDataFolder(dir);
  const db = new Database(join(dir, SEARCH_FILE), { create: true, readwrite: true, strict: true });
  db.run(`PRAGMA busy_timeout = ${BUSY_MS_MAX}`);
  db.run("PRAGMA journal_mode = WAL");
  // The position that follows a write is believed: what was written must outlive it.
  db.run("PRAGMA synchronous = FULL");
  db.run("PRAGMA secure_delete = 1");
  db.run("PRAGMA cache_size = -32768");
  db.run("PRAGMA temp_store = MEMORY");
  db.transaction(() => {
    const version = db.prepare<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0;
    if (version === VERSION) return;
    if (version !== 0) throw new Error(`${SEARCH_FILE} has version ${version}; remove it and run "bun run reindex"`);
    db.run(SCHEMA);
    db.run(`PRAGMA user_version = ${VERSION}`);
  }).immediate();
  return db;
}
