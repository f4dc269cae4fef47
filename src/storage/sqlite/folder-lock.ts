/**
 * One server at a time has a data folder. What it holds in memory (fences, segments of the last commits) is true only while nobody
 * else writes. The commands that read or mend a folder do not ask for it: they go through the database's own locks.
 * Invariant: the lock ends with the process, however it ends.
 */
import { Database, SQLiteError } from "bun:sqlite";
import { join } from "node:path";
import { err, ok, type Result } from "../../base/result.ts";
import { makeDataFolder } from "./data-folder.ts";

const LOCK_FILE = "server.lock";
/** For a former server that is about to end, milliseconds. */
const WAIT_MS_MAX = 2_000;

/** A handle that nobody holds any more is closed by the collector, and the folder would be free while its server runs. */
const held = new Set<Database>();

export interface FolderLock {
  release(): void;
}

/** Makes the folder. The error is a sentence for the operator. Throws where the folder cannot be made or written. */
export function lockFolder(dir: string, waitMs = WAIT_MS_MAX): Result<FolderLock, string> {
  makeDataFolder(dir);
  const db = new Database(join(dir, LOCK_FILE), { create: true, readwrite: true, strict: true });
  try {
    db.run(`PRAGMA busy_timeout = ${waitMs}`);
    // Nothing is ever written: the file stays empty, and there is nothing to recover after a crash.
    db.run("BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    if (!(error instanceof SQLiteError) || error.code !== "SQLITE_BUSY") throw error;
    return err(
      `Another server has the data in ${dir}. Stop it first, or give this one a folder of its own (STOA_DATA_DIR)`,
    );
  }
  held.add(db);
  return ok({
    release: () => {
      held.delete(db);
      db.close();
    },
  });
}
