/** Points in time as clients write them. Read by hand, so that the answer names the field. */
import { t } from "elysia";
import { err, ok, type Result } from "../../base/result.ts";
import type { Rejection } from "../../protocol/errors.ts";

/** For the schema. */
export const timeText = t.String({ maxLength: 40, description: "A time as 2026-01-31T12:00:00Z" });

/** Milliseconds since 1970. */
export function readTime(field: string, text: string | undefined): Result<number | undefined, Rejection> {
  if (text === undefined) return ok(undefined);
  const time = /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(time)) return ok(time);
  return err({ code: "invalid_field", field, message: `"${field}" must be a time as 2026-01-31T12:00:00Z.` });
}
