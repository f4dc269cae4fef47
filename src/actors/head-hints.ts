/**
 * Tells those who follow the logs which of them this shard wrote, and how far they reach: once in a while, and each log once,
 * however much was written to it. What is lost with this thread is found by a sweep.
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { Seq } from "../base/ids.ts";
import { FOLLOW_HINT_MS } from "../base/limits.ts";
import type { LogKey } from "../storage/journal.ts";

/** A log, and its last sequence. */
export type HeadHint = readonly [log: LogKey, head: Seq];

interface Written {
  readonly key: LogKey;
  readonly committedSeq: Seq;
}

export class HeadHints {
  readonly #clock: Clock;
  readonly #send: (hints: readonly HeadHint[]) => void;
  readonly #written = new Set<Written>();
  #timer: Timer | undefined;

  constructor(clock: Clock, send: (hints: readonly HeadHint[]) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** Of an activation; asked for its head when it is told. */
  wrote(room: Written): void {
    this.#written.add(room);
    this.#timer ??= this.#clock.after(FOLLOW_HINT_MS, () => this.#tell());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #tell(): void {
    this.#timer = undefined;
    const hints = [...this.#written].map(({ key, committedSeq }): HeadHint => [key, committedSeq]);
    this.#written.clear();
    this.#send(hints);
  }
}
