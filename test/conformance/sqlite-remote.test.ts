import { openSqlite } from "../../src/storage/sqlite/open-sqlite.ts";
import { startSqliteWriter } from "../../src/storage/sqlite/writer-host.ts";
import { failOnFatal, temporaryFolder } from "../support/temporary-folder.ts";
import type { Harness } from "./harness.ts";
import { documentConformance } from "./document-suite.ts";
import { itemConformance } from "./item-suite.ts";
import { journalConformance } from "./journal-suite.ts";
import { personalConformance } from "./personal-suite.ts";
import { projectionsConformance } from "./projections-suite.ts";
import { upkeepConformance } from "./upkeep-suite.ts";

async function open(unsettledBytesMax: number, folder = temporaryFolder()): Promise<Harness> {
  const { path: dir } = folder;
  const host = await startSqliteWriter({ dir, unsettledBytesMax, onFatal: failOnFatal });
  const { journal, projections, close } = openSqlite({ dir, port: host.connect(), onFatal: failOnFatal });
  const stop = async () => {
    await close();
    await host.stop();
  };
  return {
    journal,
    projections,
    reopen: async () => {
      await stop();
      return open(unsettledBytesMax, folder);
    },
    close: async () => {
      await stop();
      folder.remove();
    },
  };
}

// Once as it starts, with everything in batches, and once with everything settled as soon as it can be.
for (const [state, unsettledBytesMax] of [
  ["", 4_000_000],
  [", settling at once", 1],
] as const) {
  const name = `SQLite with a writer thread${state}`;
  journalConformance(name, () => open(unsettledBytesMax));
  itemConformance(name, () => open(unsettledBytesMax));
  personalConformance(name, () => open(unsettledBytesMax));
  projectionsConformance(name, () => open(unsettledBytesMax));
  documentConformance(name, () => open(unsettledBytesMax));
  upkeepConformance(name, () => open(unsettledBytesMax));
}
