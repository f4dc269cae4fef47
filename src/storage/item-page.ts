/** What a page of items or documents covers, in one place for all adapters. */
import type { PageQuery } from "./journal.ts";

/** The first printable character: some stores take no empty text for a bound. */
const FIRST = " ";
/** Lies behind every printable character. */
const LAST = "\u007f";

/** Ids of [from, to] but `except`. */
export interface IdRange {
  readonly from: string;
  readonly to: string;
  readonly except: string;
}

/** `undefined`: the page is empty, whatever is stored. */
export function idRangeOf({ after, prefix = "", backward }: PageQuery): IdRange | undefined {
  let from = prefix === "" ? FIRST : prefix;
  let to = prefix + LAST;
  if (after !== undefined && backward === true && after < to) to = after;
  if (after !== undefined && backward !== true && after > from) from = after;
  return from > to ? undefined : { from, to, except: after ?? "" };
}

export function isWithin(range: IdRange, id: string): boolean {
  return id >= range.from && id <= range.to && id !== range.except;
}

/** The page of what is held in memory: sorted and cut. */
export function pageOf<Row extends { readonly id: string }>(rows: Iterable<Row>, query: PageQuery): readonly Row[] {
  const range = idRangeOf(query);
  if (range === undefined) return [];
  const found = [...rows].filter((row) => isWithin(range, row.id));
  const order = query.backward === true ? -1 : 1;
  return found.sort((a, b) => (a.id < b.id ? -order : order)).slice(0, query.limit);
}
