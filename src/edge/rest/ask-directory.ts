/** The directory of connections, asked by REST: what does not answer now is temporary. */
import { err, ok, type Result } from "../../base/result.ts";
import type { DirectoryAnswer } from "../../cluster/presence-directory.ts";
import type { Rejection } from "../../protocol/errors.ts";

/** When to ask again, milliseconds. */
const RETRY_MS = 1_000;

export function askDirectory<Value>(
  ask: (done: (answer: DirectoryAnswer<Value>) => void) => void,
): Promise<Result<Value, Rejection>> {
  return new Promise((resolve) =>
    ask((given) => resolve(given.ok ? ok(given.value) : err({ code: "unavailable", retryAfterMs: RETRY_MS }))),
  );
}
