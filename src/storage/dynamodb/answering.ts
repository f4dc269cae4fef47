/** From promises to the ports' callbacks: an answer comes later and once, whatever happens. */
import type { Done, ReadFailure, ReadResult } from "../journal.ts";
import type { ApiResult } from "./dynamo-api.ts";

export const UNAVAILABLE: ReadFailure = { ok: false, error: "unavailable" };

/** An exception is a broken invariant; its room is told `unavailable`, and `report` says what it was. */
export function answer<Value>(
  result: Promise<ApiResult<Value>>,
  done: Done<Value>,
  report: (error: unknown) => void,
): void {
  const settled: Promise<ReadResult<Value>> = result.then(
    (read) => (read.ok ? read : UNAVAILABLE),
    (error: unknown) => {
      report(error);
      return UNAVAILABLE;
    },
  );
  void settled.then(done);
}
