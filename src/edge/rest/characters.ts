/**
 * Texts in what REST takes, with limits in characters: code points, as on sockets. TypeBox counts UTF-16 units, by which a name of 100
 * emoji is 200 long. In OpenAPI they are plain strings: JSON Schema counts code points, too.
 */
import { t } from "elysia";
import { createType } from "elysia/type-system/utils";

interface Limits {
  readonly type: "string";
  readonly minLength?: number;
  readonly maxLength: number;
  readonly description?: string;
}

// By its types it is a schema; it makes them.
const characters = createType<Limits>(
  "Characters",
  ({ minLength = 0, maxLength }, value) =>
    typeof value === "string" && isWithin(charactersIn(value, maxLength), minLength, maxLength),
) as unknown as (limits: Limits) => object;

export function text(maxLength: number, more: { readonly minLength?: number; readonly description?: string } = {}) {
  return t.Unsafe<string>(characters({ type: "string", maxLength, ...more }));
}

/** A text of more than two units a character is too long whatever is in it, and is not walked through. */
export function charactersIn(value: string, max: number): number {
  return value.length > 2 * max ? value.length : [...value].length;
}

export function isWithin(size: number, min = 0, max = Number.POSITIVE_INFINITY): boolean {
  return size >= min && size <= max;
}
