/** The beginning of a text, for lists. */
import { REPORT_EXCERPT_LENGTH_MAX } from "../../base/limits.ts";

export function excerptOf(content: string): string {
  return content.slice(0, REPORT_EXCERPT_LENGTH_MAX).toWellFormed();
}
