import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MemorySearchIndex } from "../../src/storage/memory/memory-search-index.ts";
import { SqliteSearchIndex } from "../../src/storage/sqlite/sqlite-search-index.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { type SearchHarness, searchConformance } from "./search-suite.ts";

async function openSqliteSearch(): Promise<SearchHarness> {
  const folder = temporaryFolder();
  let index = new SqliteSearchIndex(folder.path);
  return {
    index,
    reopen: async () => {
      index.close();
      index = new SqliteSearchIndex(folder.path);
      return index;
    },
    // Write-ahead log and free pages included.
    bytes: async () => Buffer.concat(readdirSync(folder.path).map((file) => readFileSync(join(folder.path, file)))),
    close: async () => {
      index.close();
      folder.remove();
    },
  };
}

async function openMemorySearch(): Promise<SearchHarness> {
  const index = new MemorySearchIndex();
  return {
    index,
    reopen: async () => index,
    bytes: async () => Buffer.from(index.contents()),
    close: async () => undefined,
  };
}

searchConformance("memory", openMemorySearch);
searchConformance("SQLite", openSqliteSearch);
