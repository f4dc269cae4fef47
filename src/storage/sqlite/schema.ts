/**
 * The database file: its tables, its versions, and how connections to it are set up.
 *
 * How a log is stored. A commit writes the small segments of all its rooms as one row of `batch`, because a page per room
 * and commit would cost five times as much. Later, a little with each commit, they are *settled*: moved to `run`, where
 * the segments of one room stand together. Large segments go to `run` at once.
 * Invariant: `run` has exactly a log's segments up to `head.last_seq`; what comes after is in `batch` rows.
 */
import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { STORAGE_BUSY_MS_MAX } from "../../base/limits.ts";
import { makeDataFolder } from "./data-folder.ts";

export const DATABASE_FILE = "stoa.db";

/** One entry per version; an entry that was released is never edited. `user_version` counts those that ran. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE tenant (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

  -- One row per incarnation of a room; the others name it by its number. The card's columns are null before the first card.
  CREATE TABLE log (
    id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, room TEXT NOT NULL, incarnation INTEGER NOT NULL,
    is_current INTEGER NOT NULL, type TEXT, card TEXT,
    UNIQUE (tenant, room, incarnation)
  ) STRICT;
  CREATE INDEX log_public ON log (tenant, id) WHERE type = 'public' AND is_current = 1;

  -- Packed segments of one commit. The newest row always stays, so that ids only grow.
  CREATE TABLE batch (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

  -- Packed segments of one log. place = log << 32 | first sequence.
  CREATE TABLE run (place INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

  CREATE TABLE head (
    log INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL, message_count INTEGER NOT NULL, timestamp INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE snapshot (log INTEGER PRIMARY KEY, seq INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;

  CREATE TABLE member (
    log INTEGER NOT NULL, user_id TEXT NOT NULL, tenant INTEGER NOT NULL, joined_no INTEGER NOT NULL, row TEXT NOT NULL,
    PRIMARY KEY (log, user_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX member_of_user ON member (tenant, user_id, log, joined_no);

  CREATE TABLE overlay (
    log INTEGER NOT NULL, seq INTEGER NOT NULL, row TEXT NOT NULL, PRIMARY KEY (log, seq)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE mark (
    user_id TEXT NOT NULL, log INTEGER NOT NULL,
    read_seq INTEGER NOT NULL, read_no INTEGER NOT NULL, delivered_seq INTEGER NOT NULL,
    PRIMARY KEY (user_id, log)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE person (
    tenant INTEGER NOT NULL, user_id TEXT NOT NULL, row TEXT NOT NULL, PRIMARY KEY (tenant, user_id)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE item (
    log INTEGER NOT NULL, collection TEXT NOT NULL, id TEXT NOT NULL, row TEXT NOT NULL,
    PRIMARY KEY (log, collection, id)
  ) STRICT, WITHOUT ROWID;

  -- A row that is gone keeps its version, without which an old writer could not be told from a new one.
  CREATE TABLE document (
    tenant INTEGER NOT NULL, collection TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, row TEXT,
    PRIMARY KEY (tenant, collection, id)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Marked as unread: counts go from there. Never: version 0, and a place behind everything.
  ALTER TABLE mark ADD COLUMN unread_version INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE mark ADD COLUMN unread_seq INTEGER NOT NULL DEFAULT 9007199254740991;
  ALTER TABLE mark ADD COLUMN unread_no INTEGER NOT NULL DEFAULT 9007199254740991;

  -- Numbers of the messages that mention the member, from the row: a user's counts look at no other rows.
  ALTER TABLE member ADD COLUMN mentioned TEXT;
  CREATE INDEX mentioned_of_user ON member (tenant, user_id, log, mentioned) WHERE mentioned IS NOT NULL;
  `,
  `
  -- Whose the item is: threads that a person follows, their invites.
  ALTER TABLE item ADD COLUMN person TEXT;
  UPDATE item SET person = substr(collection, 3) WHERE collection GLOB 'f.*';
  UPDATE item SET person = substr(id, 3) WHERE collection = 'invites' AND id GLOB 'u.*' AND instr(id, '%') = 0;
  CREATE INDEX item_of_person ON item (person, collection, log, id) WHERE person IS NOT NULL;
  `,
  `
  CREATE INDEX log_broadcast ON log (tenant, id) WHERE type = 'broadcast' AND is_current = 1;
  `,
  `
  -- What waits for moderators is on one list over all rooms. No person's id has a slash.
  UPDATE item SET person = '/moderators' WHERE collection = 'held' OR (collection = 'reports' AND id GLOB 'o*');
  `,
];

/** The newest one; a file of a newer one is refused. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** Why this program does not open a database of another version, and what to do, for the operator. */
export function otherVersion(dir: string, version: number): string {
  if (version > SCHEMA_VERSION) {
    const seen = `${dir} was written by a newer Stoa (schema ${version}; this one knows ${SCHEMA_VERSION})`;
    return `${seen}: install the version that wrote it or a newer one, or restore a backup from before the update`;
  }
  const seen = `${dir} was written by an older Stoa (schema ${version}; this one needs ${SCHEMA_VERSION})`;
  return `${seen}: make a backup, then start this version's server once, which brings it up to date`;
}

/** Why there is nothing to open, for the operator; `undefined`: there is a database. */
export function noData(dir: string): string | undefined {
  if (existsSync(join(dir, DATABASE_FILE))) return undefined;
  return `there is no Stoa data in ${dir} (no ${DATABASE_FILE}): name a server's folder with STOA_DATA_DIR; npm start makes a new one`;
}

/** Creates or migrates the file. Throws when it was written by a newer version. */
export function openWriterDatabase(dir: string): Database {
  makeDataFolder(dir);
  const db = new Database(join(dir, DATABASE_FILE), { create: true, readwrite: true, strict: true });
  db.run(`PRAGMA busy_timeout = ${STORAGE_BUSY_MS_MAX}`);
  db.run("PRAGMA journal_mode = WAL");
  // A commit returns when its pages in the write-ahead log are on the disk.
  db.run("PRAGMA synchronous = FULL");
  // The writer copies the write-ahead log itself, after it has answered, and sees its errors. This is the backstop.
  db.run("PRAGMA wal_autocheckpoint = 32000");
  db.run("PRAGMA cache_size = -16384");
  migrate(db, dir);
  return db;
}

/** A connection of another thread, for reading what the writer has committed. The file must exist. */
export function openReaderDatabase(dir: string): Database {
  const db = new Database(join(dir, DATABASE_FILE), { readwrite: true, strict: true });
  db.run(`PRAGMA busy_timeout = ${STORAGE_BUSY_MS_MAX}`);
  db.run("PRAGMA query_only = 1");
  db.run("PRAGMA cache_size = -8192");
  const version = versionOf(db);
  if (version === SCHEMA_VERSION) return db;
  db.close();
  throw new Error(otherVersion(dir, version));
}

function migrate(db: Database, dir: string): void {
  // Two processes may start on the same file: the version is read under the lock.
  db.run("BEGIN IMMEDIATE");
  try {
    const version = versionOf(db);
    if (version > SCHEMA_VERSION) throw new Error(otherVersion(dir, version));
    for (const sql of MIGRATIONS.slice(version)) db.run(sql);
    if (version < SCHEMA_VERSION) db.run(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    db.run("COMMIT");
  } catch (error) {
    if (db.inTransaction) db.run("ROLLBACK");
    db.close();
    throw error;
  }
}

function versionOf(db: Database): number {
  const row = db.prepare<{ user_version: number }, []>("PRAGMA user_version").get();
  return row?.user_version ?? 0;
}
