/** The ports' callbacks as promises, for commands that have time: what the store cannot answer now is asked again. */
import { CAPSULE_ATTEMPTS_MAX, CAPSULE_RETRY_MS } from "../base/limits.ts";
import type { Done, ReadResult } from "../storage/journal.ts";

/** The store answered nothing for so long that somebody has to look. */
export class StoreAway extends Error {}

export async function ask<Value>(call: (done: Done<Value>) => void): Promise<Value> {
  for (let attempt = 1; ; attempt += 1) {
    const read = await new Promise<ReadResult<Value>>((resolve) => call(resolve));
    if (read.ok) return read.value;
    if (attempt >= CAPSULE_ATTEMPTS_MAX) throw new StoreAway("the store does not answer");
    await new Promise((resolve) => setTimeout(resolve, CAPSULE_RETRY_MS * attempt));
  }
}
