/**
 * Which messages ask the assistant something, and what: a table of patterns. Only rooms that want it look here.
 * Invariant: pure, and linear in the text's length; a text that addresses nobody is dismissed by its first letter.
 */
import type { AssistantTask } from "./runs.ts";

export interface Trigger {
  readonly task: AssistantTask;
  /** As people write it, for the table in the documentation. */
  readonly example: string;
  /** Only behind `@ai` or `@assistant`. */
  readonly addressed: boolean;
  readonly pattern: RegExp;
}

/** The first row that matches counts. */
export const TRIGGERS: readonly Trigger[] = [
  { task: "explain", example: "Can you explain how this works?", addressed: false, pattern: /^can you explain\b/i },
  { task: "summarise", example: "Summarize this", addressed: false, pattern: /^summari[sz]e (?:this|the)\b/i },
  { task: "translate", example: "Translate: guten Morgen", addressed: false, pattern: /^translate:/i },
  {
    task: "summarise",
    example: "@ai summarize what I missed",
    addressed: true,
    pattern: /^(?:please )?(?:summari[sz]e\b|sum up\b|what did i miss\b|tl;?dr\b)/i,
  },
  {
    task: "translate",
    example: "@ai translate to French: good morning",
    addressed: true,
    pattern: /^(?:please )?translate\b/i,
  },
  {
    task: "explain",
    example: "@assistant explain this",
    addressed: true,
    pattern: /^(?:please )?(?:(?:can|could) you )?explain\b/i,
  },
  {
    task: "sentiment",
    example: "@ai sentiment",
    addressed: true,
    pattern: /^(?:sentiment|mood|how do (?:we|people) feel)\b/i,
  },
  { task: "answer", example: "@ai help me with …", addressed: true, pattern: /\S/ },
];

export interface Asked {
  readonly task: AssistantTask;
  /** What was asked, without the address. */
  readonly text: string;
}

const ADDRESS = /^@(?:ai|assistant)(?![\w-])[\s:,]*/i;
/** First letters of all that can match. */
const FIRST = /^[@cst]/i;

/** `undefined`: nobody asked for anything. */
export function askedOf(content: string): Asked | undefined {
  const first = content.charCodeAt(0);
  const text = first <= 0x20 || first > 0x7f ? content.trimStart() : content;
  if (!FIRST.test(text)) return undefined;
  const address = ADDRESS.exec(text);
  const rest = address === null ? text : text.slice(address[0].length);
  for (const { task, addressed, pattern } of TRIGGERS) {
    if ((address !== null || !addressed) && pattern.test(rest)) return { task, text: rest.trim() };
  }
  return undefined;
}
