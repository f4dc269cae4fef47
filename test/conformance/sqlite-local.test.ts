import { openSqlite } from "../../src/storage/sqlite/open-sqlite.ts";
import { failOnFatal, temporaryFolder } from "../support/temporary-folder.ts";
import type { Harness } from "./harness.ts";
import { documentConformance } from "./document-suite.ts";
import { conversationConformance } from "./conversation-suite.ts";
import { itemConformance } from "./item-suite.ts";
import { journalConformance } from "./journal-suite.ts";
import { personalConformance } from "./personal-suite.ts";
import { projectionsConformance } from "./projections-suite.ts";
import { upkeepConformance } from "./upkeep-suite.ts";

async function open(unsettledBytesMax: number, folder = temporaryFolder()): Promise<Harness> {
  const { journal, projections, close } = openSqlite({ dir: folder.path, unsettledBytesMax, onFatal: failOnFatal });
  return {
    journal,
    projections,
    reopen: async () => {
      await close();
      return open(unsettledBytesMax, folder);
    },
    close: async () => {
      await close();
      folder.remove();
    },
  };
}

// Once as it starts, with everything in batches, and once with everything settled as soon as it can be.
for (const [state, unsettledBytesMax] of [
  ["", 4_000_000],
  [", settling at once", 1],
] as const) {
  const name = `SQLite in the shard's thread${state}`;
  journalConformance(name, () => open(unsettledBytesMax));
  itemConformance(name, () => open(unsettledBytesMax));
  personalConformance(name, () => open(unsettledBytesMax));
  conversationConformance(name, () => open(unsettledBytesMax));
  projectionsConformance(name, () => open(unsettledBytesMax));
  documentConformance(name, () => open(unsettledBytesMax));
  upkeepConformance(name, () => open(unsettledBytesMax));
}
