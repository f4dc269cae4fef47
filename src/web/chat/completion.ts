/** What one has begun to write right before the cursor, for which something may be offered. */
import { emojiNamed } from "./emoji-names.ts";

export interface Completing {
  /** Where it begins, with its sign. */
  readonly from: number;
  readonly prefix: string;
}
export interface Completed extends Completing {
  readonly kind: "person" | "emoji";
}

export function begunAt(text: string, cursor: number): Completed | undefined {
  const person = mentionAt(text, cursor);
  if (person !== undefined) return { kind: "person", ...person };
  const emoji = emojiAt(text, cursor);
  return emoji === undefined ? undefined : { kind: "emoji", ...emoji };
}

/** The beginning of a name, if there is one. */
function mentionAt(text: string, cursor: number): Completing | undefined {
  const found = /(?:^|\s)@([\p{L}\p{N}_.-]{0,40})$/u.exec(text.slice(0, cursor));
  if (found === null) return undefined;
  const prefix = found[1] ?? "";
  return { from: cursor - prefix.length - 1, prefix };
}

/** `:fi` right before the cursor. Two letters at least: a colon alone is a colon. */
function emojiAt(text: string, cursor: number): Completing | undefined {
  const found = /(?:^|\s):([\w+-]{2,30})$/.exec(text.slice(0, cursor));
  if (found === null) return undefined;
  const prefix = found[1] ?? "";
  return { from: cursor - prefix.length - 1, prefix };
}

/** A name that has just been closed by its second colon, to be changed for what it means. */
export function emojiClosedAt(text: string, cursor: number): (Completing & { readonly emoji: string }) | undefined {
  if (text[cursor - 1] !== ":") return undefined;
  const open = emojiAt(text, cursor - 1);
  const emoji = open === undefined ? undefined : emojiNamed(open.prefix);
  return open === undefined || emoji === undefined ? undefined : { ...open, emoji };
}

/**
 * Of the people found for `before`, those who are meant by `prefix`: offered until those are found that it has. What Enter takes fits
 * what was written.
 */
export function stillMeant<Person extends { readonly id: string; readonly name: string }>(
  { prefix: before, people }: { readonly prefix: string; readonly people: readonly Person[] },
  prefix: string,
): readonly Person[] {
  if (prefix === before) return people;
  const wanted = prefix.toLowerCase();
  if (!wanted.startsWith(before.toLowerCase())) return [];
  return people.filter(({ id, name }) => [id, name].some((one) => one.toLowerCase().startsWith(wanted)));
}
