/**
 * All followers of one process: what shards tell is given to each consumer's, and what nobody told is found by sweeps.
 * `src/node/follow-thread.ts` gives it a thread; the simulation and tests can run it anywhere.
 */
import type { Clock, Timer } from "../base/clock.ts";
import { FOLLOW_CLEAN_MS } from "../base/limits.ts";
import type { Journal, LogKey } from "../storage/journal.ts";
import type { FollowStore } from "../storage/follow-store.ts";
import type { Delivered, Forgotten, Lag, LogConsumer } from "./log-consumer.ts";
import { LogFollower, type Report } from "./log-follower.ts";
import { LogSweep } from "./log-sweep.ts";

export interface FollowersParts {
  readonly consumers: readonly LogConsumer[];
  readonly journal: Pick<Journal, "readRange">;
  readonly store: FollowStore;
  readonly clock: Clock;
  readonly report: Report;
  /** Whether it is this node that follows the log; asked when nobody says that it was written here. */
  readonly isMine: (log: LogKey) => boolean;
}

const TICK_MS = 1_000;

export class LogFollowers {
  readonly #parts: FollowersParts;
  readonly #followers: readonly LogFollower[];
  readonly #sweep: LogSweep;
  #owesSweep = false;
  #sinceCleanMs: number;
  #timer: Timer | undefined;

  constructor(parts: FollowersParts) {
    this.#parts = parts;
    const { journal, store, clock, report } = parts;
    const overflowed = (): void => {
      this.#owesSweep = true;
    };
    this.#followers = parts.consumers.map(
      (consumer) => new LogFollower({ consumer, journal, store, clock, report, overflowed }),
    );
    this.#sweep = new LogSweep({ journal, store, followers: this.#followers, clock, isMine: parts.isMine });
    this.#sinceCleanMs = clock.monotonicMs();
  }

  /** Whoever starts it sweeps when hints can come. */
  start(): void {
    this.#timer = this.#parts.clock.after(TICK_MS, () => this.#tick());
  }

  /** These logs were written here, up to there. */
  wrote(log: LogKey, head: number): void {
    for (const follower of this.#followers) follower.hint(log, head);
  }

  /** Something may have been written that nobody told of. */
  sweep(): void {
    this.#sweep.pass("behind");
  }

  /** Somebody follows logs that they did not follow before, which may have been written to long ago. */
  lookThrough(): void {
    this.#sweep.pass("all");
  }

  /** Answers when no consumer keeps anything of it; `later`: one of them could not say so now. */
  forget(log: LogKey, what: Forgotten, done: (outcome: Delivered) => void): void {
    let missing = this.#followers.length;
    let result: Delivered = "durable";
    if (missing === 0) return done(result);
    for (const follower of this.#followers) {
      follower.forget(log, what, (outcome) => {
        if (outcome === "later") result = outcome;
        missing -= 1;
        if (missing === 0) done(result);
      });
    }
  }

  lags(): Readonly<Record<string, Lag>> {
    return Object.fromEntries(this.#followers.map((follower) => [follower.name, follower.lag()]));
  }

  stop(): void {
    this.#timer?.cancel();
    this.#sweep.stop();
    for (const follower of this.#followers) follower.stop();
  }

  #tick(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    this.#timer = this.#parts.clock.after(TICK_MS, () => this.#tick());
    if (this.#owesSweep && !this.#sweep.isUnderWay && this.#followers.every((follower) => follower.hasRoom)) {
      this.#owesSweep = false;
      this.sweep();
    }
    if (nowMs - this.#sinceCleanMs < FOLLOW_CLEAN_MS) return;
    this.#sinceCleanMs = nowMs;
    this.#sweep.pass("strange");
    this.#sweep.pass("finished");
  }
}
