/** What the edge asks of shards and waits for: calls with their time-outs, and how they are asked anew elsewhere. */
import type { LinkCall } from "../../actors/link.ts";
import type { Clock } from "../../base/clock.ts";
import { AI_ASK_MS_MAX } from "../../base/limits.ts";
import { err, type Result } from "../../base/result.ts";
import type { Principal } from "../../domain/principal.ts";
import type { Rejection } from "../../protocol/errors.ts";
import { CallsTable } from "./calls-table.ts";
import type { ShardTarget } from "../links/shard-target.ts";

/** When to ask again what a shard that is behind had no place for, milliseconds. */
const OVERLOADED_RETRY_MS = 1_000;

export class ShardCalls {
  readonly #clock: Clock;
  /** Something waits to be handed over. */
  readonly #gathered: () => void;
  readonly #table = new CallsTable();

  constructor(clock: Clock, gathered: () => void) {
    this.#clock = clock;
    this.#gathered = gathered;
  }

  ask(
    target: ShardTarget,
    by: Principal,
    call: LinkCall,
    answer: (result: Result<unknown, Rejection>) => void,
    timeoutMs?: number,
  ): void {
    // Frames wait in their sockets when a shard is behind; a call has nowhere to wait. The last one of all is let through.
    if (call.to !== "shard" && target.outlet.isFull) {
      return answer(err({ code: "overloaded", retryAfterMs: OVERLOADED_RETRY_MS }));
    }
    const isThinking = call.to !== "connection" && (call.kind === "ask" || call.kind === "ask_assistant");
    const patienceMs = timeoutMs ?? (isThinking ? AI_ASK_MS_MAX : undefined);
    const callNo = this.#table.open(this.#clock.monotonicMs(), answer, patienceMs);
    this.repeat(target, callNo, by, call);
  }

  repeat(target: ShardTarget, callNo: number, by: Principal, call: LinkCall): void {
    target.outlet.writer.call(callNo, by, call);
    this.#gathered();
  }

  /** false: who asked was told already that there is no answer. */
  isOpen(callNo: number): boolean {
    return this.#table.isOpen(callNo);
  }

  reply(callNo: number, result: Result<unknown, Rejection>): void {
    this.#table.reply(callNo, result);
  }

  expire(): void {
    this.#table.expire(this.#clock.monotonicMs());
  }
}
