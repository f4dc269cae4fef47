/** The store of this configuration, for commands that work on it without an engine. */
import type { Store } from "../capsule/export-room.ts";
import type { Config } from "../config/config.ts";
import { openStorage } from "../node/open-parts.ts";
import { openSqliteToRead } from "../storage/sqlite/open-sqlite-to-read.ts";
import { noData } from "../storage/sqlite/schema.ts";

export interface OpenStore extends Store {
  close(): Promise<void>;
}

/** `toWrite`: else SQLite is opened so that nothing can be changed. Throws what is wrong with a database, or that there is none. */
export async function openStore({ dataDir, dynamodb }: Config, toWrite: boolean): Promise<OpenStore> {
  if (dynamodb === undefined && !toWrite) return openSqliteToRead(dataDir);
  // Only a server begins a data folder: a name that was misspelt would be one, and nobody would look into it.
  const missing = dynamodb === undefined ? noData(dataDir) : undefined;
  if (missing !== undefined) throw new Error(missing);
  return openStorage(
    { dataDir, dynamodb },
    {
      port: undefined,
      isFollowed: toWrite,
      report: (event, details) => process.stderr.write(`${event} ${JSON.stringify(details)}\n`),
      // What is written after it would rest on nothing.
      onFatal: (error) => {
        process.stderr.write(`the database cannot be written: ${error.message}\n`);
        process.exit(1);
      },
      onAway: () => undefined,
    },
  );
}
