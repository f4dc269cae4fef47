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

/** An activation. */
export interface HintedRoom {
  readonly key: LogKey;
  readonly committedSeq: Seq;
  /** To be told: here, since each commit asks, and a set's entry is memory of its own. */
  isHinted: boolean;
}

export class HeadHints {
  readonly #clock: Clock;
  readonly #send: (hints: readonly HeadHint[]) => void;
  #written: HintedRoom[] = [];
  #timer: Timer | undefined;

  constructor(clock: Clock, send: (hints: readonly HeadHint[]) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** Of an activation; asked for its head when it is told. */
  wrote(room: HintedRoom): void {
    if (room.isHinted) return;
    room.isHinted = true;
    this.#written.push(room);
    this.#timer ??= this.#clock.after(FOLLOW_HINT_MS, () => this.#tell());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #tell(): void {
    this.#timer = undefined;
    const hints = this.#written.map((room): HeadHint => {
      room.isHinted = false;
      return [room.key, room.committedSeq];
    });
    this.#written = [];
    this.#send(hints);
  }
}
