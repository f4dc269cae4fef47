/** A request was refused, or can't be asked now. */
import type { ErrorCode } from "../protocol/errors.ts";

export class ChatError extends Error {
  /** As in the protocol's table; `closed`: there is no connection; `discarded`: it was taken back. */
  readonly code: ErrorCode | "closed" | "discarded";
  readonly field: string | undefined;
  /** The same may be done later. */
  readonly temporary: boolean;

  constructor(code: ChatError["code"], message: string, field?: string, temporary = code === "closed") {
    super(message);
    this.name = "ChatError";
    this.code = code;
    this.field = field;
    this.temporary = temporary;
  }
}
