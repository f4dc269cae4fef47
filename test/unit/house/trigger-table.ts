/** The table of triggers in docs/ASSISTANT.md, as the code has it. To write it anew: `bun test/unit/house/trigger-table.ts`. */
import { TRIGGERS } from "../../../src/domain/assistant/triggers.ts";
import { DocumentTables } from "../../support/document-tables.ts";

export const ASSISTANT_PAGE = new DocumentTables("docs/ASSISTANT.md");

export function triggerTable(): string {
  const rows = TRIGGERS.map(({ task, example, addressed, pattern }) => {
    const where = addressed ? "behind `@ai` or `@assistant`" : "anywhere a text begins";
    return `| \`${task}\` | ${example} | ${where} | \`${pattern.source.replaceAll("|", "\\|")}\` |`;
  });
  return ["| task | for example | where | pattern |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

if (import.meta.main) await ASSISTANT_PAGE.write(new Map([["triggers", triggerTable()]]));
