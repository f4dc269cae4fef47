import { MemoryJournal } from "../../src/storage/memory/memory-journal.ts";
import { MemoryProjections } from "../../src/storage/memory/memory-projections.ts";
import { MemoryStore } from "../../src/storage/memory/memory-store.ts";
import type { Harness } from "./harness.ts";
import { documentConformance } from "./document-suite.ts";
import { conversationConformance } from "./conversation-suite.ts";
import { itemConformance } from "./item-suite.ts";
import { journalConformance } from "./journal-suite.ts";
import { personalConformance } from "./personal-suite.ts";
import { projectionsConformance } from "./projections-suite.ts";
import { upkeepConformance } from "./upkeep-suite.ts";

async function open(store = new MemoryStore()): Promise<Harness> {
  return {
    journal: new MemoryJournal(store),
    projections: new MemoryProjections(store),
    reopen: () => open(store),
    close: async () => undefined,
  };
}

journalConformance("memory", open);
itemConformance("memory", open);
personalConformance("memory", open);
conversationConformance("memory", open);
projectionsConformance("memory", open);
documentConformance("memory", open);
upkeepConformance("memory", open);
