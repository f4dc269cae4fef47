/**
 * Logs of which it is known that a consumer is behind in them, in the order in which that became known. Bounded.
 * Invariant: a log is in the queue, or is being followed, or waits after a failure; never two of these.
 */
import type { Seq } from "../base/ids.ts";
import type { LogKey } from "../storage/journal.ts";
import type { Lag } from "./log-consumer.ts";

export interface Followed {
  readonly name: string;
  readonly log: LogKey;
  /** The highest that was heard of; 0: only that there may be something. */
  head: Seq;
  /** The same when it was taken: the log reaches so far at least. */
  due: Seq;
  /** Since then the oldest of what is not dealt with has been waiting; monotonic. */
  sinceMs: number;
  failures: number;
  /** It was heard since it was taken that there may be something, and not up to where. */
  isVague: boolean;
  /** What stands there cannot be read, as was seen last. */
  isUnreadable: boolean;
}

export class BehindLogs {
  readonly #max: number;
  readonly #logs = new Map<string, Followed>();
  readonly #queue = new Set<Followed>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#logs.size;
  }

  has(name: string): boolean {
    return this.#logs.has(name);
  }

  /** false: there is no room for another one. */
  note(name: string, log: LogKey, head: Seq, nowMs: number): boolean {
    const present = this.#logs.get(name);
    if (present !== undefined) {
      present.head = Math.max(present.head, head);
      if (head === 0) present.isVague = true;
      return true;
    }
    if (this.#logs.size >= this.#max) return false;
    const followed = { name, log, head, due: 0, sinceMs: nowMs, failures: 0, isVague: false, isUnreadable: false };
    this.#logs.set(name, followed);
    this.#queue.add(followed);
    return true;
  }

  /** The one that waits longest, of those that may be followed now, if it waits since then. It is taken until it `ended`. */
  next(mayBe: (name: string) => boolean, sinceMs = Number.POSITIVE_INFINITY): Followed | undefined {
    for (const followed of this.#queue) {
      if (!mayBe(followed.name)) continue;
      if (followed.sinceMs > sinceMs) return undefined;
      this.#queue.delete(followed);
      followed.isVague = false;
      followed.due = followed.head;
      return followed;
    }
    return undefined;
  }

  /** Since when the first one in the queue has been waiting. */
  get firstSinceMs(): number | undefined {
    for (const { sinceMs } of this.#queue) return sinceMs;
    return undefined;
  }

  /** The log is gone, or ends at `position` whatever was said. What is heard from now on counts. */
  cut(followed: Followed, position: Seq): void {
    if (followed.head === followed.due) followed.head = position;
    followed.due = position;
  }

  /** Likewise, if somebody is behind in it. */
  forget(name: string): void {
    const followed = this.#logs.get(name);
    if (followed === undefined) return;
    followed.head = 0;
    followed.due = 0;
  }

  /** It stands at `position` now; `isWhole`: that was the log's end a moment ago. */
  ended(followed: Followed, position: Seq | undefined, isWhole: boolean): void {
    const isDone = position !== undefined && isWhole && !followed.isVague && position >= followed.head;
    if (isDone) this.#logs.delete(followed.name);
    else this.#queue.add(followed);
  }

  lag(nowMs: number, positionOf: (name: string) => Seq): Lag {
    let [logs, events, unreadable, oldestMs] = [0, 0, 0, nowMs];
    for (const { name, head, sinceMs, isUnreadable } of this.#logs.values()) {
      if (isUnreadable) {
        unreadable += 1;
        continue;
      }
      logs += 1;
      events += Math.max(0, head - positionOf(name));
      oldestMs = Math.min(oldestMs, sinceMs);
    }
    return { logs, events, ms: Math.round(nowMs - oldestMs), ...(unreadable > 0 && { unreadable }) };
  }
}
