/**
 * How a consumer in the thread of the followers asks the engine: calls to rooms and people, answered as they are for REST. The
 * main thread carries them out; here they wait for one of a bounded number of places.
 * Invariant: each call is answered once, later and never from within the call.
 */
import type { Call, ReplyOf } from "../actors/calls.ts";
import { FOLLOW_CALLS_AT_ONCE, FOLLOW_CALLS_WAITING_MAX } from "../base/limits.ts";
import { err, type Result } from "../base/result.ts";
import type { Principal } from "../domain/principal.ts";
import type { Rejection } from "../protocol/errors.ts";

/** The engine as a consumer sees it. `by` may be anybody: consumers are the engine's own. */
export interface EngineAsk {
  ask<C extends Call>(by: Principal, call: C, done: (result: Result<ReplyOf<C>, Rejection>) => void): void;
  /** The same as a promise, which never rejects. */
  call<C extends Call>(by: Principal, call: C): Promise<Result<ReplyOf<C>, Rejection>>;
}

type Answered = (result: Result<unknown, Rejection>) => void;

interface Asking {
  readonly by: Principal;
  readonly call: Call;
  readonly answered: Answered;
}

const RETRY_MS = 500;

export class EngineCalls implements EngineAsk {
  readonly #post: (no: number, by: Principal, call: Call) => void;
  readonly #underWay = new Map<number, Answered>();
  readonly #waiting: Asking[] = [];
  #nextNo = 1;

  constructor(post: (no: number, by: Principal, call: Call) => void) {
    this.#post = post;
  }

  ask<C extends Call>(by: Principal, call: C, done: (result: Result<ReplyOf<C>, Rejection>) => void): void {
    // The engine answers a call with the reply of its kind.
    const answered: Answered = (result) => done(result as Result<ReplyOf<C>, Rejection>);
    if (this.#underWay.size < FOLLOW_CALLS_AT_ONCE) return this.#send({ by, call, answered });
    if (this.#waiting.length < FOLLOW_CALLS_WAITING_MAX) {
      this.#waiting.push({ by, call, answered });
      return;
    }
    queueMicrotask(() => answered(err({ code: "overloaded", retryAfterMs: RETRY_MS })));
  }

  call<C extends Call>(by: Principal, call: C): Promise<Result<ReplyOf<C>, Rejection>> {
    return new Promise((resolve) => this.ask(by, call, resolve));
  }

  /** What the main thread says to call `no`. */
  answered(no: number, result: Result<unknown, Rejection>): void {
    const done = this.#underWay.get(no);
    if (done === undefined) return;
    this.#underWay.delete(no);
    const next = this.#waiting.shift();
    if (next !== undefined) this.#send(next);
    done(result);
  }

  #send({ by, call, answered }: Asking): void {
    const no = this.#nextNo;
    this.#nextNo += 1;
    this.#underWay.set(no, answered);
    this.#post(no, by, call);
  }
}
