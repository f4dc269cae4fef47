/**
 * The way of some messages through this edge: received, gathered and sent to the shard; decided and committed there; answered, and
 * told to all who listen. Seen from this edge alone, so shards do nothing for it, and messages that are not followed cost nothing.
 * Invariant: at most so many a second are followed, and a bounded number at a time.
 */
import type { Clock } from "../../base/clock.ts";
import { FOLLOWED_MESSAGES_MAX, FOLLOWED_MS_MAX } from "../../base/limits.ts";
import type { SpanSink } from "../../base/spans.ts";
import type { ShardTarget } from "../links/shard-target.ts";

/** Hears of every block between this edge and a shard. */
export interface BlockWatch {
  /** What was written for the shard has left. */
  left(target: ShardTarget): void;
  /** A block has come, and nothing of it was carried out yet. */
  arrived(target: ShardTarget): void;
  /** All of it was. */
  heard(target: ShardTarget): void;
}

interface Followed {
  readonly target: ShardTarget;
  readonly writer: ShardTarget["outlet"]["writer"];
  readonly record: number;
  readonly bytes: number;
  readonly receivedMs: number;
  leftMs: number | undefined;
}

export interface MessageSpansOptions {
  readonly clock: Clock;
  readonly sink: SpanSink;
  readonly perSecond: number;
}

export class MessageSpans implements BlockWatch {
  readonly #clock: Clock;
  readonly #sink: SpanSink;
  readonly #everyMs: number;
  #followed: Followed[] = [];
  #nextMs = 0;
  #arrivedMs = 0;

  constructor({ clock, sink, perSecond }: MessageSpansOptions) {
    this.#clock = clock;
    this.#sink = sink;
    this.#everyMs = 1_000 / perSecond;
  }

  /** The next message should be followed. */
  get isDue(): boolean {
    return this.#clock.monotonicMs() >= this.#nextMs;
  }

  /** Its record was just written for the shard; it came at `receivedMs`. */
  follow(target: ShardTarget, receivedMs: number, bytes: number): void {
    this.#nextMs = receivedMs + this.#everyMs;
    const oldestMs = receivedMs - FOLLOWED_MS_MAX;
    // Of a link that is gone nothing is heard any more.
    this.#end((one) => one.receivedMs < oldestMs, receivedMs);
    if (this.#followed.length >= FOLLOWED_MESSAGES_MAX) return;
    const { writer } = target.outlet;
    this.#followed.push({ target, writer, record: writer.lastRecord, bytes, receivedMs, leftMs: undefined });
  }

  left(target: ShardTarget): void {
    if (this.#followed.length === 0) return;
    for (const one of this.#followed) if (one.target === target) one.leftMs ??= this.#clock.monotonicMs();
  }

  arrived(_target: ShardTarget): void {
    if (this.#followed.length > 0) this.#arrivedMs = this.#clock.monotonicMs();
  }

  heard(target: ShardTarget): void {
    if (this.#followed.length === 0) return;
    const nowMs = this.#clock.monotonicMs();
    // Records of a link that began anew have other numbers.
    this.#end((one) => one.target === target && one.writer !== target.outlet.writer, nowMs);
    const answered = this.#followed.filter((one) => one.target === target && target.outlet.isDone(one.record));
    if (answered.length === 0) return;
    this.#followed = this.#followed.filter((one) => !answered.includes(one));
    for (const one of answered) this.#tell(one, this.#arrivedMs, nowMs, false);
  }

  #end(isOver: (one: Followed) => boolean, nowMs: number): void {
    const over = this.#followed.filter(isOver);
    if (over.length === 0) return;
    this.#followed = this.#followed.filter((one) => !isOver(one));
    for (const one of over) this.#tell(one, nowMs, nowMs, true);
  }

  #tell(one: Followed, arrivedMs: number, nowMs: number, hasFailed: boolean): void {
    const offsetMs = this.#clock.wallMs() - nowMs;
    const part = (name: string, fromMs: number, toMs: number) => ({
      name,
      startMs: offsetMs + fromMs,
      endMs: offsetMs + toMs,
      attributes: {},
      hasFailed: false,
      parts: [],
    });
    const leftMs = one.leftMs ?? arrivedMs;
    this.#sink.tell({
      ...part("send_message", one.receivedMs, nowMs),
      attributes: {
        "stoa.frame_bytes": one.bytes,
        "stoa.shard": one.target.shard,
        "stoa.is_elsewhere": one.target.node !== undefined,
      },
      hasFailed,
      parts: [
        part("gathered", one.receivedMs, leftMs),
        part("decided and committed", leftMs, arrivedMs),
        ...(hasFailed ? [] : [part("acknowledged and fanned out", arrivedMs, nowMs)]),
      ],
    });
  }
}
