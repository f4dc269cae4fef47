/** A request was refused, or can't be asked now. */
import type { ErrorCode } from "../protocol/errors.ts";

export class ChatError extends Error {
  /** As in the protocol's table; `closed`: there is no connection. */
  readonly code: ErrorCode | "closed";
  readonly field: string | undefined;

  constructor(code: ErrorCode | "closed", message: string, field?: string) {
    super(message);
    this.name = "ChatError";
    this.code = code;
    this.field = field;
  }
}
