/**
 * The kinds of field that a client frame can have, and the one check that all codecs use. Invariant: a value that was
 * accepted is of the type that `frames.ts` says, within its limits, and well-formed Unicode; nothing else gets through.
 */
import { parseId } from "../base/ids.ts";
import { isLink } from "../base/links.ts";
import type { ErrorCode } from "./errors.ts";

export type Kind =
  | { readonly kind: "string"; readonly charsMin: number; readonly charsMax: number; readonly tooLong?: ErrorCode }
  | { readonly kind: "url"; readonly charsMax: number }
  | { readonly kind: "uint"; readonly min: number; readonly max?: number }
  | { readonly kind: "boolean" }
  /** Milliseconds since 1970, or ISO 8601 with its zone. */
  | { readonly kind: "time" }
  | { readonly kind: "enum"; readonly values: readonly string[] }
  /** A user's, room's or message's id. */
  | { readonly kind: "id" }
  | { readonly kind: "list"; readonly of: Kind; readonly itemsMin: number; readonly itemsMax: number }
  | { readonly kind: "record"; readonly fields: readonly Field[] }
  /** Room id → sequence. */
  | { readonly kind: "positions"; readonly roomsMax: number };

export interface Field {
  readonly name: string;
  readonly kind: Kind;
  readonly required: boolean;
  /** Other names that the JSON codecs accept. */
  readonly aliases?: readonly string[];
}

/** Why a value was refused. `path` begins with the field's canonical name; `text` completes a sentence about it. */
export class Problem {
  readonly code: ErrorCode;
  readonly path: readonly (string | number)[];
  readonly text: string;

  constructor(code: ErrorCode, path: readonly (string | number)[], text: string) {
    this.code = code;
    this.path = path;
    this.text = text;
  }

  inside(...outer: readonly (string | number)[]): Problem {
    return new Problem(this.code, [...outer, ...this.path], this.text);
  }
}

/** Puts each accepted value into `target`; nil and absent values are left out. Returns the first problem. */
export function acceptFields(
  fields: readonly Field[],
  values: readonly unknown[],
  target: Record<string, unknown>,
): Problem | undefined {
  for (let i = 0; i < fields.length; i += 1) {
    const field = fields[i];
    if (field === undefined) break;
    const value = values[i];
    if (value === undefined || value === null) {
      if (field.required) return new Problem("missing_field", [field.name], "is required.");
      continue;
    }
    const accepted = accept(field.kind, value);
    if (accepted instanceof Problem) return accepted.inside(field.name);
    target[field.name] = accepted;
  }
  return undefined;
}

function accept(kind: Kind, value: unknown): unknown {
  switch (kind.kind) {
    case "string":
      return acceptString(value, kind.charsMin, kind.charsMax, kind.tooLong ?? "invalid_field");
    case "url": {
      const text = acceptString(value, 1, kind.charsMax, "invalid_field");
      return text instanceof Problem || isLink(text) ? text : invalid("must be an http or https URL, or a path.");
    }
    case "uint":
      if (!isUint(value) || value < kind.min) return invalid(`must be a whole number, at least ${kind.min}.`);
      return value <= (kind.max ?? value) ? value : invalid(`must be at most ${kind.max}.`);
    case "time":
      return timeOf(value) ?? invalid("must be a point in time: ISO 8601 with its zone, or milliseconds since 1970.");
    case "boolean":
      return typeof value === "boolean" ? value : invalid("must be true or false.");
    case "enum":
      return typeof value === "string" && kind.values.includes(value)
        ? value
        : invalid(`must be one of ${kind.values.join(", ")}.`);
    case "id":
      return parseId(value) ?? invalid("must be an id: 1 to 128 letters, digits or _ . : @ | + = , ~ $ ! * -");
    case "list":
      return acceptList(kind.of, value, kind.itemsMin, kind.itemsMax);
    case "record":
      return acceptRecord(kind.fields, value);
    case "positions":
      return acceptPositions(value, kind.roomsMax);
  }
}

function acceptString(value: unknown, charsMin: number, charsMax: number, tooLong: ErrorCode): string | Problem {
  if (typeof value !== "string") return invalid("must be a string.");
  if (value.length < charsMin) return invalid("must not be empty.");
  if (value.length > charsMax && codePoints(value) > charsMax) {
    return new Problem(tooLong, [], `has ${codePoints(value)} characters; at most ${charsMax} are allowed.`);
  }
  // JSON can say half of a surrogate pair. Stored as UTF-8 it would come back as another text than was fanned out.
  return value.isWellFormed() ? value : value.toWellFormed();
}

function acceptList(of: Kind, value: unknown, itemsMin: number, itemsMax: number): unknown[] | Problem {
  if (!Array.isArray(value)) return invalid("must be a list.");
  if (value.length < itemsMin) return invalid("must not be empty.");
  if (value.length > itemsMax) return invalid(`has ${value.length} entries; at most ${itemsMax} are allowed.`);
  const items: unknown[] = [];
  for (const [index, item] of value.entries()) {
    const accepted = accept(of, item);
    if (accepted instanceof Problem) return accepted.inside(index);
    items.push(accepted);
  }
  return items;
}

/** A list of values by position (MessagePack), or an object by name (JSON). */
function acceptRecord(fields: readonly Field[], value: unknown): Record<string, unknown> | Problem {
  const values = Array.isArray(value) ? value : isObject(value) ? valuesByName(fields, value) : undefined;
  if (values === undefined) return invalid("must be a record.");
  const record: Record<string, unknown> = {};
  return acceptFields(fields, values, record) ?? record;
}

function acceptPositions(value: unknown, roomsMax: number): object {
  const entries = value instanceof Map ? [...value.entries()] : isObject(value) ? Object.entries(value) : undefined;
  if (entries === undefined) return invalid("must map room ids to sequence numbers.");
  if (entries.length > roomsMax) {
    return new Problem("too_many_rooms", [], `has ${entries.length} rooms; at most ${roomsMax} are allowed.`);
  }
  for (const [room, seq] of entries) {
    if (parseId(room) === undefined) return invalid("has a key that is not a room id.");
    if (!isUint(seq)) return invalid(`must map each room to a whole number, at least 0; ${room} has none.`);
  }
  // Defines own properties, so a room may be called `__proto__`.
  return Object.fromEntries(entries);
}

/** A record's values in the order of its fields, from an object with the canonical names or their aliases. */
export function valuesByName(fields: readonly Field[], object: Readonly<Record<string, unknown>>): unknown[] {
  return fields.map((field) => {
    const value = ownValue(object, field.name);
    if (value !== undefined || field.aliases === undefined) return value;
    const alias = field.aliases.find((name) => ownValue(object, name) !== undefined);
    return alias === undefined ? undefined : object[alias];
  });
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function ownValue(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)$/;

/** Milliseconds since 1970; `undefined` when it is no point in time. Without a zone it would depend on where it is read. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value !== "string") return isUint(value) ? value : undefined;
  const time = ISO_TIME.test(value) ? Date.parse(value) : Number.NaN;
  return isUint(time) ? time : undefined;
}

function isUint(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function invalid(text: string): Problem {
  return new Problem("invalid_field", [], text);
}

/** People count characters, not UTF-16 units: an emoji outside the basic plane is one. */
function codePoints(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i += 1) {
    count += 1;
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) i += 1;
  }
  return count;
}
