/** Calls to shards that wait for their answer, each with a time-out, so that nobody waits for ever. */
import { CALL_MS_MAX } from "../../base/limits.ts";
import { err, type Result } from "../../base/result.ts";
import type { Rejection } from "../../protocol/errors.ts";

type Answer = (result: Result<unknown, Rejection>) => void;

export class CallsTable {
  readonly #waiting = new Map<number, { readonly answer: Answer; readonly dueMs: number }>();
  #last = 0;

  get size(): number {
    return this.#waiting.size;
  }

  /** `answer` is called once: in the turn in which the reply arrives, or by `expire`. */
  open(nowMs: number, answer: Answer, timeoutMs: number = CALL_MS_MAX): number {
    this.#last += 1;
    this.#waiting.set(this.#last, { answer, dueMs: nowMs + timeoutMs });
    return this.#last;
  }

  isOpen(callNo: number): boolean {
    return this.#waiting.has(callNo);
  }

  reply(callNo: number, result: Result<unknown, Rejection>): void {
    const waiting = this.#waiting.get(callNo);
    if (waiting === undefined) return;
    this.#waiting.delete(callNo);
    waiting.answer(result);
  }

  expire(nowMs: number): void {
    for (const [callNo, { dueMs }] of this.#waiting) {
      if (dueMs <= nowMs) this.reply(callNo, err({ code: "unavailable", retryAfterMs: 1_000 }));
    }
  }
}
