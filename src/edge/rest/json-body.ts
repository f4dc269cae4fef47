/**
 * Reads a request's JSON body whatever its content type says, up to a limit.
 * Invariant: what comes out is a JSON object; nothing larger or deeper than the limits is parsed.
 */
import { BODY_DEPTH_MAX, FRAME_BYTES_MAX } from "../../base/limits.ts";
import type { Rejection } from "../../protocol/errors.ts";
import { isNestedDeeper } from "../../protocol/json-nesting.ts";

/** A body is what a frame is, in REST's clothes. */
export const BODY_BYTES_MAX = FRAME_BYTES_MAX;

/** A parse hook can only fail by throwing; this carries what to answer. */
export class RequestRejected extends Error {
  readonly rejection: Rejection;

  constructor(rejection: Rejection, options?: ErrorOptions) {
    super(rejection.code, options);
    this.rejection = rejection;
  }
}

/** `{}` for an empty body. */
export async function readJsonBody({ request }: { readonly request: Request }): Promise<object> {
  if (Number(request.headers.get("content-length") ?? 0) > BODY_BYTES_MAX) throw tooLarge();
  const bytes = await readUpTo(request, BODY_BYTES_MAX);
  if (bytes.length === 0) return {};
  const value = parse(bytes);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new RequestRejected({ code: "invalid_frame", message: "The body must be a JSON object." });
}

function parse(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw notJson(cause);
  }
  if (isNestedDeeper(text, BODY_DEPTH_MAX)) throw tooDeep();
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw notJson(cause);
  }
}

/** A body without a declared length is cut off as soon as it is too long. */
async function readUpTo(request: Request, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.length;
    if (length > bytesMax) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function notJson(cause: unknown): RequestRejected {
  return new RequestRejected({ code: "invalid_frame", message: "The body is not valid JSON in UTF-8." }, { cause });
}

function tooDeep(): RequestRejected {
  return new RequestRejected({
    code: "invalid_frame",
    message: `A body is nested at most ${BODY_DEPTH_MAX} levels deep.`,
  });
}

function tooLarge(): RequestRejected {
  return new RequestRejected({ code: "payload_too_large", message: `A body may have ${BODY_BYTES_MAX} bytes.` });
}
