/** From a rejection to the frame that tells it: what the rejection leaves open comes from the table of errors. */
import type { RoomId } from "../base/ids.ts";
import { ERRORS, type Rejection } from "./errors.ts";
import type { ErrorFrame, Ref } from "./frames.ts";

export function errorFrame(rejection: Rejection, ref: Ref | undefined, roomId: RoomId | undefined): ErrorFrame {
  const known = ERRORS[rejection.code];
  return {
    type: "error",
    ...(ref !== undefined && { ref }),
    ...(roomId !== undefined && { roomId }),
    code: rejection.code,
    message: rejection.message ?? known.message,
    temporary: known.temporary,
    ...(rejection.field !== undefined && { field: rejection.field }),
    ...(rejection.retryAfterMs !== undefined && { retryAfterMs: rejection.retryAfterMs }),
  };
}
