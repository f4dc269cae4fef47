/**
 * How HTTP answers: `{ success: true, data }` or `{ success: false, error: { code, message, details? } }`.
 * Invariant: every failure goes through `refuse`, so that status, `Retry-After` and body always come from the one table.
 */
import { ParseError, ValidationError } from "elysia";
import { err, type Result } from "../../base/result.ts";
import { ERRORS, type ErrorCode, type Rejection } from "../../protocol/errors.ts";
import { charactersIn, isWithin } from "./characters.ts";
import { RequestRejected } from "./json-body.ts";
import type { Log } from "../log.ts";
import { REQUEST_ID_HEADER } from "./request-id.ts";

export interface Success<Data> {
  readonly success: true;
  readonly data: Data;
}
export interface Failure {
  readonly success: false;
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    /** Left out when there is nothing to tell. */
    readonly details?: { readonly field?: string; readonly temporary?: true; readonly retryAfterMs?: number };
  };
}

/** The part of Elysia's response settings that we touch. */
export interface ResponseSettings {
  status?: number | string;
  headers: Record<string, string | number | undefined>;
}

export function succeed<Data>(data: Data): Success<Data> {
  return { success: true, data };
}

/** Sets status and headers and returns the body. */
export function refuse(set: ResponseSettings, rejection: Rejection): Failure {
  const entry = ERRORS[rejection.code];
  set.status = entry.http;
  if (entry.http === 401) set.headers["www-authenticate"] = "Bearer";
  if (rejection.retryAfterMs !== undefined) {
    set.headers["retry-after"] = String(Math.max(1, Math.ceil(rejection.retryAfterMs / 1000)));
  }
  return failureOf(rejection);
}

export function failureOf(rejection: Rejection): Failure {
  const { temporary, message } = ERRORS[rejection.code];
  const details = {
    ...(rejection.field === undefined ? {} : { field: rejection.field }),
    ...(temporary ? { temporary: true as const } : {}),
    ...(rejection.retryAfterMs === undefined ? {} : { retryAfterMs: rejection.retryAfterMs }),
  };
  return {
    success: false,
    error: {
      code: rejection.code,
      message: rejection.message ?? message,
      ...(Object.keys(details).length === 0 ? {} : { details }),
    },
  };
}

/** Answers with what the engine said; `status` may depend on it. */
export function answer<Value, Data>(
  set: ResponseSettings,
  result: Result<Value, Rejection>,
  dataOf: (value: Value) => Data,
  status: number | ((value: Value) => number) = 200,
): Success<Data> | Failure {
  if (!result.ok) return refuse(set, result.error);
  set.status = typeof status === "number" ? status : status(result.value);
  return succeed(dataOf(result.value));
}

/** For `onError` of every plugin with routes: what Elysia threw, in our words. */
export function answerError(
  context: { readonly error: unknown; readonly code: unknown; set: ResponseSettings },
  log?: Log,
): Failure {
  const rejection = rejectionOf(context.error, context.code);
  if (rejection.code === "internal") {
    const requestId = context.set.headers[REQUEST_ID_HEADER];
    log?.error(
      { err: withoutValues(context.error), ...(requestId !== undefined && { requestId }) },
      "a request failed unexpectedly",
    );
  }
  return refuse(context.set, rejection);
}

/** What does not fit a schema stands in the error, and may be what somebody wrote: only where it is, is logged. */
function withoutValues(error: unknown): unknown {
  if (!(error instanceof ValidationError)) return error;
  const { path = "" } = (error.valueError ?? {}) as SchemaProblem;
  return { type: "ValidationError", message: `a ${error.type} does not fit its schema at "${path}"` };
}

function rejectionOf(error: unknown, code: unknown): Rejection {
  if (code === "NOT_FOUND") return { code: "not_found" };
  if (error instanceof ValidationError) return invalidInput(error);
  if (error instanceof RequestRejected) return error.rejection;
  if (error instanceof ParseError) {
    return error.cause instanceof RequestRejected ? error.cause.rejection : { code: "invalid_frame" };
  }
  return { code: "internal" };
}

interface Schema {
  readonly anyOf?: readonly Schema[];
  readonly const?: unknown;
  readonly type?: string;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

interface SchemaProblem {
  readonly value?: unknown;
  readonly path?: string;
  readonly message?: string;
  readonly schema?: Schema;
}

function invalidInput(error: ValidationError): Rejection {
  // An answer of ours that does not fit its schema is our fault, not the client's.
  if (error.type === "response") return { code: "internal" };
  const problem = (error.valueError ?? {}) as SchemaProblem;
  const field = (problem.path ?? "").slice(1).replaceAll("/", ".");
  if (field === "") return { code: "invalid_frame", message: `The ${error.type} must be an object with named fields.` };
  // JSON has no undefined: a value that is, is not there.
  if (problem.value === undefined)
    return { code: "missing_field", field, message: `The field "${field}" is required.` };
  return invalidField(field, explain(problem));
}

/** `why` without a full stop. */
export function invalidField(field: string, why: string): Rejection {
  return { code: "invalid_field", field, message: `The field "${field}" is not acceptable: ${why}.` };
}

/** A field whose value says what it may not, whatever its shape. */
export function refusedField(field: string, why: string): Result<never, Rejection> {
  return err(invalidField(field, why));
}

function explain({ schema = {}, message, value }: SchemaProblem): string {
  const choices = choicesOf(schema);
  if (choices.length > 0) return `expected one of ${choices.join(", ")}`;
  const bound = boundOf(schema, value);
  const { description } = schema;
  if (description === undefined) return bound ?? startingSmall(message ?? "wrong value");
  return bound === undefined ? startingSmall(description) : `${bound} (${startingSmall(description)})`;
}

function choicesOf({ anyOf = [] }: Schema): readonly unknown[] {
  return anyOf.flatMap((choice) => (choice.const === undefined ? choicesOf(choice) : [choice.const]));
}

/** What a value would have to be, where its limits are those of a number or a size. */
function boundOf(schema: Schema, value: unknown): string | undefined {
  // Elysia takes whole numbers as text, too, and much may be null: unions with what has the limits.
  const shapes = [schema, ...(schema.anyOf ?? [])];
  const whole = shapes.find(({ type }) => type === "integer");
  if (whole !== undefined) return `a whole number ${wholeRange(whole)}`;
  const { minItems, maxItems } = schema;
  if (Array.isArray(value) && !isWithin(value.length, minItems, maxItems)) {
    return listText({ minItems, maxItems });
  }
  const sized = shapes.find(({ type, maxLength }) => type === "string" && maxLength !== undefined);
  if (sized?.maxLength === undefined) return undefined;
  const { minLength, maxLength, description } = sized;
  const isBroken = typeof value !== "string" || !isWithin(charactersIn(value, maxLength), minLength, maxLength);
  return isBroken && (description === undefined || typeof value === "string")
    ? `a text of ${sizeRange(minLength, maxLength)} characters`
    : undefined;
}

/** What a list would have to be. */
export function listText({
  minItems,
  maxItems,
}: {
  minItems?: number | undefined;
  maxItems?: number | undefined;
}): string {
  return `a list of ${sizeRange(minItems, maxItems)} entries`;
}

function wholeRange({ minimum = 0, maximum = Number.MAX_SAFE_INTEGER }: Schema): string {
  return maximum === Number.MAX_SAFE_INTEGER ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`;
}

function sizeRange(min = 0, max?: number): string {
  return max === undefined ? `at least ${min}` : `${min} to ${max}`;
}

function startingSmall(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
