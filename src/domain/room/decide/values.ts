/** Checks of values that several rules take: texts by characters, durations. Invariant: an error names the field. */
import type { Decision } from "../decision.ts";
import { reject } from "./answer.ts";

/** Characters are code points, as on the wire: one or two units each. */
export function isText(value: string, lengthMax: number): boolean {
  if (!value.isWellFormed()) return false;
  return value.length <= lengthMax || (value.length <= 2 * lengthMax && [...value].length <= lengthMax);
}

export function refuseText(field: string, value: string | undefined, lengthMax: number): Decision | undefined {
  if (value === undefined || isText(value, lengthMax)) return undefined;
  return reject("invalid_field", `${field} is valid Unicode of at most ${lengthMax} characters.`, field);
}

export function refuseDuration(durationMs: number | undefined, max: number): Decision | undefined {
  return refuseWhole("durationMs", durationMs, max);
}

export function refuseWhole(field: string, value: number | undefined, max: number): Decision | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 1 && value <= max)) return undefined;
  return reject("invalid_field", `${field} is a whole number from 1 to ${max}.`, field);
}
