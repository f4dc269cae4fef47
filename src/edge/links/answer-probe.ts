/**
 * How long a shard takes to deal with what it is sent, by samples: of one block at a time, from its leaving to the answer to its
 * last record, which stands behind the commit and comes with the fan-out. Invariant: a link that began anew is no answer.
 */
import type { Clock } from "../../base/clock.ts";
import { ANSWER_SAMPLES_MAX } from "../../base/limits.ts";
import type { ShardOutlet } from "./shard-outlet.ts";

/** Of all shards, since they were taken last. */
export class AnswerTimes {
  #ms: number[] = [];

  /** Beyond the bound further ones are left out: they would say the same. */
  note(ms: number): void {
    if (this.#ms.length < ANSWER_SAMPLES_MAX) this.#ms.push(ms);
  }

  /** In ascending order. */
  take(): readonly number[] {
    const taken = this.#ms.sort((a, b) => a - b);
    this.#ms = [];
    return taken;
  }
}

export class AnswerProbe {
  readonly #outlet: ShardOutlet;
  /** What its numbers are of; 0: no sample is under way. */
  #writer: ShardOutlet["writer"] | undefined;
  #record = 0;
  #leftAtMs = 0;

  constructor(outlet: ShardOutlet) {
    this.#outlet = outlet;
  }

  /** The outlet was flushed. */
  left(clock: Pick<Clock, "monotonicMs">): void {
    const { pending, writer } = this.#outlet;
    if (pending === 0 || (this.#record !== 0 && this.#writer === writer)) return;
    this.#writer = writer;
    this.#record = writer.lastRecord;
    this.#leftAtMs = clock.monotonicMs();
  }

  /** Something came from the shard, and was carried out. */
  heard(clock: Pick<Clock, "monotonicMs">, times: AnswerTimes): void {
    if (this.#record === 0 || this.#writer !== this.#outlet.writer || !this.#outlet.isDone(this.#record)) return;
    this.#record = 0;
    times.note(clock.monotonicMs() - this.#leftAtMs);
  }
}
