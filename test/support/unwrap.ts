/** The value of a result; throws the code of the rejection. */
import type { Result } from "../../src/base/result.ts";
import type { Rejection } from "../../src/protocol/errors.ts";

export function unwrap<Value>(result: Result<Value, Rejection>): Value {
  if (!result.ok) throw new Error(result.error.code);
  return result.value;
}
