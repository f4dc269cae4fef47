/**
 * Page sizes and offsets in a query string. Read by hand: Elysia's own numbers in queries do not say which field was wrong.
 */
import { t } from "elysia";
import { type Seq, seqOfMessageId } from "../../base/ids.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Rejection } from "../../protocol/errors.ts";

export interface WholeRange {
  readonly min: number;
  readonly max: number;
  readonly fallback: number;
}

/** For the query's schema. */
export function wholeText({ min, max, fallback }: WholeRange) {
  return t.Optional(t.String({ description: `A whole number from ${min} to ${max}; ${fallback} when left out` }));
}

export function readWhole(field: string, text: string | undefined, range: WholeRange): Result<number, Rejection> {
  if (text === undefined) return ok(range.fallback);
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= range.min && number <= range.max) return ok(number);
  return err({
    code: "invalid_field",
    field,
    message: `"${field}" must be a whole number from ${range.min} to ${range.max}.`,
  });
}

/** Where a page of messages begins. */
export type Place = { readonly before?: Seq; readonly after?: Seq };

export function placeIn(before: string | undefined, after: string | undefined): Result<Place, Rejection> {
  if (before !== undefined && after !== undefined) {
    return err({ code: "invalid_field", field: "after", message: 'Give "before" or "after", not both.' });
  }
  if (before !== undefined) return seqIn("before", before);
  return after === undefined ? ok({}) : seqIn("after", after);
}

/** A client that was told of a missing range knows sequence numbers, not message ids. */
function seqIn(field: "before" | "after", text: string): Result<Place, Rejection> {
  const seq = /^\d{1,15}$/.test(text) ? Number(text) : seqOfMessageId(text);
  if (seq === undefined) return err({ code: "invalid_field", field, message: `"${field}" must be a message id.` });
  return ok({ [field]: seq });
}
