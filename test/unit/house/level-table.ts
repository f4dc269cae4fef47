/**
 * The table of levels in docs/MODERATION.md, made from the one that judges. To write it anew:
 * `bun test/unit/house/level-table.ts`.
 */
import { LEVELS, type LevelChecks } from "../../../src/domain/moderation/levels.ts";
import { DocumentTables } from "../../support/document-tables.ts";

const WORDS: Readonly<Record<keyof LevelChecks, (check: LevelChecks) => string>> = {
  links: ({ links }) => `more than ${links.max}: ${links.action}`,
  mentions: ({ mentions }) => `more than ${mentions.max}: ${mentions.action}`,
  run: ({ run }) => `more than ${run.max}: ${run.action}`,
  capitals: ({ capitals }) =>
    capitals === undefined
      ? "any"
      : `more than ${capitals.max} % of at least ${capitals.lettersMin} letters: ${capitals.action}`,
  repeats: ({ repeats }) => `more than ${repeats.max} within ${repeats.withinMs / 1_000} s: ${repeats.action}`,
};
const CHECKS: Readonly<Record<keyof LevelChecks, string>> = {
  links: "links in a message",
  mentions: "people mentioned in a message",
  run: "the same character in a row, without spaces",
  capitals: "capital letters",
  repeats: "messages of one person with the same text",
};

export function levelTable(): string {
  const rows = (Object.keys(CHECKS) as (keyof LevelChecks)[]).map((check) => {
    return `| ${CHECKS[check]} | any | ${WORDS[check](LEVELS.basic)} | ${WORDS[check](LEVELS.strict)} |`;
  });
  return ["| what | `none` | `basic` | `strict` |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

export const MODERATION_DOCUMENT = new DocumentTables("docs/MODERATION.md");

if (import.meta.main) await MODERATION_DOCUMENT.write(new Map([["levels", levelTable()]]));
