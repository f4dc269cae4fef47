/**
 * The edge's end of the link to one shard: what is written in a turn leaves as one block, and every block is kept until the
 * shard says that all of it is dealt with. A shard that was lost and started again gets the rest once more.
 * Invariant: a frame or call is repeated unless it was dealt with, was the one that the shard died of, or was under way in
 * too many losses that nobody knows the cause of.
 */
import { type ConnectionNo, type LinkCall, readToShard, ToShardWriter } from "../../actors/link.ts";
import type { RoomId } from "../../base/ids.ts";
import { PENDING_FRAMES_PER_SHARD_MAX, UNEXPLAINED_LOSSES_MAX } from "../../base/limits.ts";
import type { Principal } from "../../domain/principal.ts";

interface Block {
  readonly first: number;
  readonly last: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** `repeat` it; or answer it: the shard was lost in it (`fatal`), or too often and nobody knows why (`suspect`). */
export type Verdict = "repeat" | "fatal" | "suspect";

/** What was under way when a shard was lost. */
export interface Unfinished {
  frame(connection: ConnectionNo, frameNo: number, room: RoomId | undefined, data: Uint8Array, verdict: Verdict): void;
  call(callNo: number, principal: Principal, call: LinkCall, verdict: Verdict): void;
}

export class ShardOutlet {
  #writer = new ToShardWriter();
  #kept: Block[] = [];
  #progress = 0;
  /** Records above `#progress` that are dealt with. */
  readonly #done = new Set<number>();
  #post: ((block: Uint8Array<ArrayBuffer>) => void) | undefined;
  /** The link began anew and nothing was posted yet: its first block ends the former one, so there is one in any case. */
  #begins = false;
  #flushedTo = 0;
  /** Records were counted anew since the worker was lost: what it says that it was handling is another one now. */
  #isRenumbered = false;
  /** Last record that the lost worker may have seen. */
  #lostTo = 0;
  /** By n: the last record that was under way in more than n losses without a known cause. What is older was in as many. */
  #unexplained: number[] = [];

  get isUp(): boolean {
    return this.#post !== undefined;
  }

  /** So much is under way that the sockets should not be read from for now. */
  get isFull(): boolean {
    return this.#writer.lastRecord - this.#progress > PENDING_FRAMES_PER_SHARD_MAX;
  }

  get pending(): number {
    return this.#writer.lastRecord - this.#progress;
  }

  isDone(record: number): boolean {
    return record <= this.#progress || this.#done.has(record);
  }

  get writer(): ToShardWriter {
    return this.#writer;
  }

  flush(): void {
    if (this.#writer.isEmpty) {
      if (this.#begins) this.#post?.(new Uint8Array());
      this.#begins = false;
      return;
    }
    this.#begins = false;
    const last = this.#writer.lastRecord;
    const first = (this.#kept[this.#kept.length - 1]?.last ?? this.#flushedTo) + 1;
    const bytes = this.#writer.take();
    this.#kept.push({ first, last, bytes });
    this.#flushedTo = last;
    this.#post?.(bytes);
  }

  progress(record: number): void {
    if (record <= this.#progress) return;
    if (this.#done.size > 0) for (let at = this.#progress + 1; at <= record; at += 1) this.#done.delete(at);
    this.#progress = record;
    let done = 0;
    while (done < this.#kept.length && (this.#kept[done] as Block).last <= record) done += 1;
    if (done > 0) this.#kept.splice(0, done);
  }

  /** Dealt with out of order. */
  done(record: number): void {
    this.#done.add(record);
  }

  /** The link begins anew without a loss: what is unfinished, in order, for `again` to hand to wherever it belongs now. */
  restart(post: ((block: Uint8Array<ArrayBuffer>) => void) | undefined): (again: Unfinished) => void {
    this.#lostTo = 0;
    this.#isRenumbered = true;
    // What was not handed over yet is handed over once.
    this.#post = undefined;
    const again = this.#begin(post, 0);
    this.#begins = true;
    return again;
  }

  down(): void {
    this.#post = undefined;
    this.#isRenumbered = false;
    this.#lostTo = this.#flushedTo;
  }

  /**
   * A new worker listens. `introduce` writes what it must know first; then everything unfinished is handed to `again`,
   * in order. `fatalRecord`: what the former worker was handling when it was lost; 0: nothing, or nobody knows.
   */
  up(
    post: (block: Uint8Array<ArrayBuffer>) => void,
    fatalRecord: number,
    introduce: () => void,
    again: Unfinished,
  ): void {
    const repeat = this.#begin(post, this.#isRenumbered ? 0 : fatalRecord);
    introduce();
    repeat(again);
    this.flush();
  }

  /** Counts records anew. The result hands out what is unfinished: after what comes first on the new link was written. */
  #begin(
    post: ((block: Uint8Array<ArrayBuffer>) => void) | undefined,
    fatalRecord: number,
  ): (again: Unfinished) => void {
    this.flush();
    const kept = this.#kept;
    const progress = this.#progress;
    const done = new Set(this.#done);
    this.#done.clear();
    this.#kept = [];
    this.#progress = 0;
    this.#flushedTo = 0;
    this.#writer = new ToShardWriter();
    this.#post = post;
    return (again) => {
      const judge = this.#judge(fatalRecord);
      for (const block of kept) {
        readToShard(block.bytes, block.first, {
          frame: (record, connection, frameNo, room, data) => {
            if (record <= progress || done.has(record)) return;
            judge(record, (verdict) => again.frame(connection, frameNo, room, data, verdict));
          },
          call: (record, callNo, principal, call) => {
            if (record <= progress || done.has(record)) return;
            judge(record, (verdict) => again.call(callNo, principal, call, verdict));
          },
          // The present state is told when the link begins; what actors say to one another is told again by the next event.
          open: ignore,
          close: ignore,
          actor: ignore,
          attach: ignore,
        });
      }
    };
  }

  /** Records are judged in their order; what is repeated gets a new number, under which its losses are counted on. */
  #judge(fatalRecord: number): (record: number, hand: (verdict: Verdict) => void) => void {
    const before = this.#unexplained;
    const lostTo = fatalRecord === 0 ? this.#lostTo : 0;
    const after: number[] = [];
    this.#unexplained = after;
    return (record, hand) => {
      if (record === fatalRecord) return hand("fatal");
      const losses = before.filter((last) => record <= last).length + (record <= lostTo ? 1 : 0);
      if (losses > UNEXPLAINED_LOSSES_MAX) return hand("suspect");
      hand("repeat");
      after.fill(this.#writer.lastRecord, 0, losses);
      while (after.length < losses) after.push(this.#writer.lastRecord);
    };
  }
}

function ignore(): void {
  // Told anew, or told again by the next event.
}
