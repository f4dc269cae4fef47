/**
 * Looks through the store for logs that somebody is behind in and nobody spoke of: after a start, when a thread or a node was
 * lost, when too many were behind to remember. And takes off the store's list what has been read to its end.
 * Invariant: one pass at a time, page by page; a pass that was asked for during another one follows it.
 */
import type { Clock } from "../base/clock.ts";
import type { Seq } from "../base/ids.ts";
import { FOLLOW_PAGE, FOLLOW_REOPEN_MS } from "../base/limits.ts";
import type { Journal, LogKey } from "../storage/journal.ts";
import type { FollowStore, KnownLog } from "../storage/follow-store.ts";
import type { LogFollower } from "./log-follower.ts";

export interface SweepParts {
  readonly journal: Pick<Journal, "readRange">;
  readonly store: FollowStore;
  readonly followers: readonly LogFollower[];
  readonly clock: Clock;
  /** Whether it is this node that follows the log. */
  readonly isMine: (log: LogKey) => boolean;
}

/**
 * `behind`: hint at what lags. `strange`: the same, but where a head is not known only at logs that nobody follows here: a
 * command line may have written them. `all`: at each log of the store. `finished`: close what was read to its end long ago.
 */
export type Pass = "behind" | "strange" | "all" | "finished";
const PAUSE_MS = 500;

export class LogSweep {
  readonly #parts: SweepParts;
  #under: Pass | undefined;
  readonly #next = new Set<Pass>();
  #stopped = false;

  constructor(parts: SweepParts) {
    this.#parts = parts;
  }

  /** A pass is under way, or waits. */
  get isUnderWay(): boolean {
    return this.#under !== undefined;
  }

  pass(pass: Pass): void {
    if (this.#under !== undefined) {
      this.#next.add(pass);
      return;
    }
    this.#under = pass;
    this.#page(pass, undefined);
  }

  stop(): void {
    this.#stopped = true;
  }

  #page(pass: Pass, after: string | undefined): void {
    const { store, followers } = this.#parts;
    if (this.#stopped) return;
    if (!followers.every((follower) => follower.hasRoom)) return this.#later(() => this.#page(pass, after));
    const list: FollowStore["openLogs"] = (...page) =>
      pass === "all" ? store.allLogs(...page) : store.openLogs(...page);
    list(after, FOLLOW_PAGE, (read) => {
      if (!read.ok) return this.#later(() => this.#page(pass, after));
      const mine = read.value.logs.filter(({ log }) => this.#parts.isMine(log));
      const { next } = read.value;
      const then = (): void => (next === undefined ? this.#ended() : this.#page(pass, next));
      if (pass === "finished") this.#close(mine, then);
      else this.#hint(mine, pass === "strange", then);
    });
  }

  #ended(): void {
    this.#under = undefined;
    for (const pass of this.#next) {
      this.#next.delete(pass);
      return this.pass(pass);
    }
  }

  #later(run: () => void): void {
    this.#parts.clock.after(PAUSE_MS, run);
  }

  #hint(known: readonly KnownLog[], isOnlyStrange: boolean, then: () => void): void {
    const { followers } = this.#parts;
    if (known.length === 0) return then();
    let missing = followers.length;
    for (const follower of followers) {
      const followed = known.filter(({ log }) => follower.follows(log));
      this.#positions(follower, followed, (positions) => {
        for (const [index, { log, head }] of followed.entries()) {
          const position = positions[index] ?? 0;
          if (head === undefined) {
            if (!isOnlyStrange || !follower.knows(log)) follower.hint(log, 0);
          } else if (head > position) follower.hint(log, head);
          else if (head < position) this.#restartIfShorter(follower, log, position);
        }
        missing -= 1;
        if (missing === 0) then();
      });
    }
  }

  /** The log was put back to an older state, unless it only went on since its head was read. */
  #restartIfShorter(follower: LogFollower, log: LogKey, position: Seq): void {
    if (this.#stopped) return;
    const range = { from: position, to: Number.MAX_SAFE_INTEGER, eventsMax: 1 };
    this.#parts.journal.readRange(log, range, (read) => {
      if (!read.ok) this.#later(() => this.#restartIfShorter(follower, log, position));
      else if (read.value.length === 0) follower.restart(log, position);
    });
  }

  /** What was noted as open so long ago that no append of then can be under way, and has nothing that a follower lacks. */
  #close(known: readonly KnownLog[], then: () => void): void {
    const { clock, followers, store } = this.#parts;
    const old = known.filter(({ openedAt }) => openedAt > 0 && clock.wallMs() - openedAt > 2 * FOLLOW_REOPEN_MS);
    let left = old.length;
    if (left === 0) return then();
    const done = (): void => {
      left -= 1;
      if (left === 0) then();
    };
    for (const one of old) {
      let lowest: Seq = Number.MAX_SAFE_INTEGER;
      const following = followers.filter((follower) => follower.follows(one.log));
      let missing = following.length;
      if (missing === 0) {
        // Nobody wants it now; whoever wants it later looks at all logs.
        store.closeLog(one, done);
        continue;
      }
      for (const follower of following) {
        this.#positions(follower, [one], ([position]) => {
          lowest = Math.min(lowest, position ?? 0);
          missing -= 1;
          if (missing === 0) this.#closeIfEnded(one, lowest, done);
        });
      }
    }
  }

  #closeIfEnded(known: KnownLog, position: Seq, done: () => void): void {
    const { journal, store, followers } = this.#parts;
    const range = { from: position + 1, to: Number.MAX_SAFE_INTEGER, eventsMax: 1 };
    journal.readRange(known.log, range, (read) => {
      if (!read.ok) return done();
      if (read.value.length === 0) return store.closeLog(known, done);
      for (const follower of followers) follower.hint(known.log, 0);
      done();
    });
  }

  /** As often as it takes. */
  #positions(follower: LogFollower, known: readonly KnownLog[], then: (positions: readonly Seq[]) => void): void {
    if (known.length === 0) return then([]);
    const logs = known.map(({ log }) => log);
    this.#parts.store.positions(follower.positions, logs, (read) => {
      if (this.#stopped) return;
      if (read.ok) then(read.value);
      else this.#later(() => this.#positions(follower, known, then));
    });
  }
}
