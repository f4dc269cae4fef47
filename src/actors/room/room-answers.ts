/**
 * Answers of one room that wait until all that they rest on is durable, in the order in which the requests were decided.
 * Invariant: nothing is answered, and no effect carried out, before its place in the log is committed.
 */
import type { Seq } from "../../base/ids.ts";
import type { RoomEffect } from "../../domain/room/decision.ts";
import type { Rejection } from "../../protocol/errors.ts";
import { answerRejection } from "../answers.ts";
import { isMark } from "./command-kinds.ts";
import { Fifo } from "../mailbox.ts";
import type { RoomRequest } from "../request.ts";
import { carryOut, type EffectParts } from "./room-effects.ts";
import type { Done } from "./room-sequels.ts";

export type Outcome = (Done & { readonly effects: readonly RoomEffect[] }) | Rejection;

/** What waits until the log is durable up to `seq`: how to answer then. */
interface Waiting {
  readonly seq: Seq;
  readonly request: RoomRequest;
  readonly outcome: Outcome;
}

const STORAGE_FULL_RETRY_MS = 5_000;

export class RoomAnswers {
  readonly #parts: EffectParts;
  readonly #waiting = new Fifo<Waiting>();

  constructor(parts: EffectParts) {
    this.#parts = parts;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** As soon as the log is durable up to `seq`: at once, if it is and nobody waits. */
  give(seq: Seq, request: RoomRequest, outcome: Outcome): void {
    const waiting = { seq, request, outcome };
    if (seq <= this.#parts.room.committedSeq && this.isEmpty) return this.#settle(waiting);
    this.#waiting.push(waiting);
    if (request.asker.kind !== "own") this.#parts.env.journal.hurry?.();
  }

  /** The log has become durable further. `showUpTo` runs before somebody who subscribes is answered, and before the room itself goes on. */
  committed(showUpTo: (seq: Seq) => void): void {
    const { room } = this.#parts;
    for (
      let next = this.#waiting.peek();
      next !== undefined && next.seq <= room.committedSeq;
      next = this.#waiting.peek()
    ) {
      this.#waiting.shift();
      const { sequel, asker } = next.request;
      if (sequel.kind === "subscribe" || asker.kind === "own") showUpTo(next.seq);
      this.#settle(next);
    }
  }

  #settle({ request, outcome }: Waiting): void {
    const { env, sequels } = this.#parts;
    if ("code" in outcome) {
      answerRejection(env, request, outcome);
      return;
    }
    for (const effect of outcome.effects) carryOut(this.#parts, effect, request, outcome.seq);
    const { kind } = request.command;
    if (!isMark(kind)) sequels.follow(request, outcome);
  }

  /** The store is full: what needed to be written is refused; the rest (reads, leaving) goes on with the next activation. */
  refuseUnwritten(): void {
    const { env, room } = this.#parts;
    const kept: Waiting[] = [];
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if ("code" in next.outcome || next.outcome.seq <= room.committedSeq) kept.push(next);
      else answerRejection(env, next.request, { code: "storage_full", retryAfterMs: STORAGE_FULL_RETRY_MS });
    }
    for (const waiting of kept) this.#waiting.push(waiting);
  }

  /** The requests that wait, which from now on are somebody else's to answer. */
  unanswered(): RoomRequest[] {
    const requests: RoomRequest[] = [];
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
      requests.push(next.request);
    return requests;
  }
}
