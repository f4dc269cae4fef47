/**
 * The file of a capsule: its tables, its views, its version, and how it is told from other files. `docs/CAPSULE.md` documents it.
 * Invariant: what any version wrote can be read for ever. A table, a column or a view is added; one that changes its meaning
 * makes a new version.
 */
import { Database, SQLiteError } from "bun:sqlite";
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { err, ok, type Result } from "../base/result.ts";

const CAPSULE_VERSION = 1;
/** "Stoa" in the file's header, where SQLite has a place for whose file it is. */
const APPLICATION_ID = 0x53746f61;
const APPLICATION_ID_AT = 68;
const SQLITE_MAGIC = "SQLite format 3\u0000";

const TABLES = `
  -- What the capsule is: names and values.
  CREATE TABLE capsule (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  -- To be read by people: messages as members see them. text is null where the message was deleted.
  CREATE TABLE message (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, no INTEGER NOT NULL, sent_at INTEGER NOT NULL,
    author TEXT NOT NULL, author_name TEXT, type TEXT NOT NULL, text TEXT,
    edited_at INTEGER, deleted_at INTEGER, reply_to TEXT, thread INTEGER, more TEXT, overlay TEXT
  ) STRICT;
  CREATE TABLE attachment (
    seq INTEGER NOT NULL, no INTEGER NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, file_name TEXT NOT NULL,
    file_size INTEGER NOT NULL, media_type TEXT NOT NULL, url TEXT NOT NULL, row TEXT NOT NULL, PRIMARY KEY (seq, no)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE member (
    user_id TEXT PRIMARY KEY, name TEXT, role TEXT NOT NULL, joined_at INTEGER NOT NULL, joined_seq INTEGER NOT NULL,
    row TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE item (
    collection TEXT NOT NULL, id TEXT NOT NULL, row TEXT NOT NULL, person TEXT, PRIMARY KEY (collection, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE pin (seq INTEGER PRIMARY KEY, pinned_by TEXT NOT NULL, pinned_at INTEGER NOT NULL) STRICT;

  -- How far members are. unread_*: what they marked as unread; null where they did not.
  CREATE TABLE mark (
    user_id TEXT PRIMARY KEY, read_seq INTEGER NOT NULL, read_no INTEGER NOT NULL, delivered_seq INTEGER NOT NULL,
    unread_version INTEGER, unread_seq INTEGER, unread_no INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE thread_mark (
    user_id TEXT NOT NULL, root INTEGER NOT NULL, no INTEGER NOT NULL, PRIMARY KEY (user_id, root)
  ) STRICT, WITHOUT ROWID;

  -- To be replayed: the log itself, and the state that it comes to.
  CREATE TABLE segment (
    first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL, epoch INTEGER NOT NULL, owner TEXT NOT NULL,
    message_count INTEGER NOT NULL, timestamp INTEGER NOT NULL, entries BLOB NOT NULL
  ) STRICT;
  CREATE TABLE snapshot (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

  -- While it is made: where to go on. Gone when it is finished.
  CREATE TABLE progress (id INTEGER PRIMARY KEY CHECK (id = 1), state BLOB NOT NULL, secret BLOB NOT NULL) STRICT;
`;

const VIEWS = `
  CREATE VIEW conversation AS SELECT seq, datetime(sent_at / 1000, 'unixepoch') AS at, coalesce(author_name, author) AS who,
    CASE WHEN deleted_at IS NULL THEN text ELSE '(deleted)' END AS says FROM message ORDER BY seq;
  CREATE VIEW setting AS SELECT e.key AS name, e.value FROM capsule, json_each(capsule.value) AS e WHERE capsule.name = 'settings';
  CREATE VIEW reaction AS SELECT m.seq, e.key AS emoji,
    CASE e.type WHEN 'array' THEN json_array_length(e.value) ELSE e.value ->> '$.count' END AS count
    FROM message AS m, json_each(m.overlay, '$.reactions') AS e WHERE m.overlay IS NOT NULL;
  CREATE VIEW poll AS SELECT m.seq, m.more ->> '$.poll.question' AS question, e.value AS option,
    coalesce(m.overlay ->> ('$.poll.votes[' || e.key || ']'), 0) AS votes
    FROM message AS m, json_each(m.more, '$.poll.options') AS e WHERE m.more IS NOT NULL;
  CREATE VIEW thread AS SELECT seq AS root, overlay ->> '$.thread.count' AS replies,
    datetime((overlay ->> '$.thread.lastAt') / 1000, 'unixepoch') AS last_at
    FROM message WHERE overlay ->> '$.thread' IS NOT NULL;
  CREATE VIEW ban AS SELECT id AS user_id, row ->> '$.by' AS banned_by, row ->> '$.reason' AS reason
    FROM item WHERE collection = 'bans';
`;

/** A file to be filled, or to go on with. Throws what SQLite has against it. */
export function openToWrite(path: string): Database {
  const isNew = !existsSync(path);
  const db = new Database(path, { create: true, readwrite: true, strict: true });
  db.run("PRAGMA synchronous = NORMAL");
  db.run("PRAGMA cache_size = -32768");
  // The secret that stand-ins are computed with must not stay in the file when it is deleted.
  db.run("PRAGMA secure_delete = ON");
  if (isNew) {
    db.run("BEGIN");
    db.run(TABLES);
    db.run(VIEWS);
    db.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    db.run(`PRAGMA user_version = ${CAPSULE_VERSION}`);
    db.run("COMMIT");
  }
  return db;
}

/** A finished capsule of a version that this program knows, or a sentence that says what it is instead. */
export function openToRead(path: string): Result<Database, string> {
  const kind = kindOf(path);
  if (kind !== "capsule") return err(kind);
  const db = new Database(path, { readonly: true, strict: true });
  const refuse = (why: string): Result<Database, string> => {
    db.close();
    return err(why);
  };
  try {
    const version = db.prepare<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0;
    if (version > CAPSULE_VERSION) {
      return refuse(
        `${path} is a capsule of version ${version}; this program knows ${CAPSULE_VERSION}. Use a newer one`,
      );
    }
    const left = db.prepare("SELECT 1 FROM progress").get();
    if (version < 1 || left !== null) return refuse(`${path} is a capsule that was not finished: run the export again`);
    return ok(db);
  } catch (error) {
    return refuse(damage(path, error));
  }
}

/** What SQLite says of a damaged file, as a sentence. Throws on everything else. */
export function damage(path: string, error: unknown): string {
  if (!(error instanceof SQLiteError)) throw error;
  return `${path} is damaged: ${error.message}`;
}

/** Looked at before SQLite opens it, which would make a file where there is none. */
function kindOf(path: string): string {
  const header = Buffer.alloc(100);
  try {
    const file = openSync(path, "r");
    const length = readSync(file, header, 0, header.length, 0);
    closeSync(file);
    if (length === 0) return `${path} is empty`;
  } catch (error) {
    return `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (!header.toString("latin1").startsWith(SQLITE_MAGIC)) return `${path} is no capsule: it is no SQLite file`;
  if (header.readUInt32BE(APPLICATION_ID_AT) !== APPLICATION_ID)
    return `${path} is no capsule, but another SQLite file`;
  return "capsule";
}
