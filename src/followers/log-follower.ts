/**
 * Follows the logs of all rooms for one consumer: hears of heads, reads what lies between the consumer's position and the end,
 * delivers it, and moves the position when the consumer says that it is durable.
 * Invariants: of one log one run is under way at most; a position never passes what the consumer has not called durable; what
 * is remembered is bounded, and what does not fit is found again by a sweep over the store.
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { Seq } from "../base/ids.ts";
import { FOLLOW_BEHIND_MAX, FOLLOW_LOGS_AT_ONCE, FOLLOW_POSITIONS_MAX, FOLLOW_RUN_EVENTS_MAX } from "../base/limits.ts";
import { decodeEntries } from "../actors/log-codec.ts";
import type { LogEvent } from "../domain/room/events.ts";
import type { Journal, LogKey, Segment } from "../storage/journal.ts";
import { type FollowStore, nameOfLog } from "../storage/follow-store.ts";
import { BehindLogs, type Followed } from "./behind-logs.ts";
import {
  type Delivered,
  type Forgotten,
  isFollowing,
  type Lag,
  type LogConsumer,
  type Pace,
  positionsOf,
} from "./log-consumer.ts";

export type Report = (event: string, details: Readonly<Record<string, string | number>>) => void;

export interface FollowerParts {
  readonly consumer: LogConsumer;
  readonly journal: Pick<Journal, "readRange">;
  readonly store: FollowStore;
  readonly clock: Clock;
  readonly report: Report;
  /** Too many logs are behind to remember all of them: they are to be looked for when there is room again. */
  readonly overflowed: () => void;
}

/** Pause before what failed is tried again, milliseconds: first, and at most. */
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 30_000;
/** Failures after which the pause is the longest. */
const SLOWEST = 16;
/** Failures in a row that are reported. A log that ends before what was told of it so often is believed. */
const REPORTED = 8;
const AT_ONCE: Pace = { delayMs: 0, eventsMax: FOLLOW_RUN_EVENTS_MAX, logsAtOnce: FOLLOW_LOGS_AT_ONCE };
const TO_THE_END = Number.MAX_SAFE_INTEGER;

export class LogFollower {
  readonly #parts: FollowerParts;
  readonly #behind: BehindLogs;
  /** Where the consumer stands in logs that were looked at lately; the oldest are forgotten first. */
  readonly #positions = new Map<string, Seq>();
  /** Orders to forget that wait for the run of their log. */
  readonly #orders = new Map<string, (() => void)[]>();
  /** Logs with a run under way. */
  readonly #active = new Set<string>();
  readonly #pace: Pace;
  /** Of logs that are left alone for a while. */
  #wake: Timer | undefined;
  #delivered = 0;
  #isFlushDue = false;
  #stopped = false;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
    this.#behind = new BehindLogs(FOLLOW_BEHIND_MAX);
    this.#pace = parts.consumer.pace ?? AT_ONCE;
  }

  get name(): string {
    return this.#parts.consumer.name;
  }

  /** Its positions in the store. */
  get positions(): string {
    return positionsOf(this.#parts.consumer);
  }

  /** Nothing is known to be behind. */
  get isIdle(): boolean {
    return this.#behind.size === 0;
  }

  get hasRoom(): boolean {
    return this.#behind.size < FOLLOW_BEHIND_MAX / 2;
  }

  /** The consumer wants to hear of this log. */
  follows(log: LogKey): boolean {
    return isFollowing(this.#parts.consumer, log);
  }

  /** It was followed here lately. */
  knows(log: LogKey): boolean {
    return this.#positions.has(nameOfLog(log));
  }

  /** The log reaches up to `head`; 0: somewhere. */
  hint(log: LogKey, head: Seq): void {
    if (!this.follows(log)) return;
    const name = nameOfLog(log);
    const position = this.#positions.get(name);
    if (head > 0 && position !== undefined && position >= head && !this.#behind.has(name)) return;
    if (!this.#behind.note(name, log, head, this.#parts.clock.monotonicMs())) this.#parts.overflowed();
    this.#pump();
  }

  /** The log ends before the position: it is another one than was followed, so it is followed from the start. */
  restart(log: LogKey, position: Seq): void {
    const { store, clock } = this.#parts;
    store.move(this.positions, log, position, 0, (moved) => {
      if (this.#stopped) return;
      if (!moved.ok) {
        clock.after(RETRY_MS_MAX, () => this.restart(log, position));
        return;
      }
      this.#positions.delete(nameOfLog(log));
      this.hint(log, 0);
    });
  }

  /** In its turn: after the run that is under way, before the next one. */
  forget(log: LogKey, what: Forgotten, done: (outcome: Delivered) => void): void {
    const { consumer } = this.#parts;
    const name = nameOfLog(log);
    if (what.what === "log") this.#behind.forget(name);
    if (consumer.forget === undefined) return done("durable");
    const begin = (): void => consumer.forget?.(log, what, (outcome) => this.#forgotten(name, outcome, done));
    const waiting = this.#orders.get(name);
    if (waiting !== undefined) {
      waiting.push(begin);
      return;
    }
    this.#orders.set(name, [begin]);
    if (!this.#active.has(name)) this.#obey(name);
    // Whoever collects runs may be waiting for more of them.
    this.#flushSoon();
  }

  lag(): Lag {
    const nowMs = this.#parts.clock.monotonicMs();
    const { ms, ...lag } = this.#behind.lag(nowMs, (name) => this.#positions.get(name) ?? 0);
    // What is left alone on purpose is not late.
    return { ...lag, ms: Math.max(0, ms - this.#pace.delayMs) };
  }

  stop(): void {
    this.#stopped = true;
    this.#wake?.cancel();
  }

  #obey(name: string): void {
    const [first] = this.#orders.get(name) ?? [];
    if (first !== undefined && !this.#stopped) first();
  }

  #forgotten(name: string, outcome: Delivered, done: (outcome: Delivered) => void): void {
    const left = this.#orders.get(name)?.slice(1) ?? [];
    if (left.length === 0) this.#orders.delete(name);
    else this.#orders.set(name, left);
    done(outcome);
    if (left.length > 0) this.#obey(name);
    else this.#pump();
  }

  #pump(): void {
    const { delayMs, logsAtOnce } = this.#pace;
    while (!this.#stopped && this.#active.size < logsAtOnce) {
      const sinceMs = delayMs === 0 ? undefined : this.#parts.clock.monotonicMs() - delayMs;
      const followed = this.#behind.next((name) => !this.#orders.has(name), sinceMs);
      if (followed === undefined) break;
      this.#active.add(followed.name);
      this.#begin(followed);
    }
    if (delayMs > 0) this.#wakeLater(delayMs);
  }

  /** When the first log has been left alone for long enough. */
  #wakeLater(delayMs: number): void {
    const { firstSinceMs } = this.#behind;
    if (firstSinceMs === undefined || this.#wake !== undefined || this.#stopped) return;
    const { clock } = this.#parts;
    this.#wake = clock.after(Math.max(1, firstSinceMs + delayMs - clock.monotonicMs()), () => {
      this.#wake = undefined;
      this.#pump();
    });
  }

  #begin(followed: Followed): void {
    const known = this.#positions.get(followed.name);
    if (known !== undefined) return this.#read(followed, known);
    this.#parts.store.positions(this.positions, [followed.log], (read) => {
      if (!read.ok) return this.#again(followed, "position");
      const position = read.value[0] ?? 0;
      this.#stands(followed.name, position);
      this.#read(followed, position);
    });
  }

  #read(followed: Followed, position: Seq): void {
    const readMs = this.#parts.clock.monotonicMs();
    const { skims = false } = this.#parts.consumer;
    const eventsMax = skims ? 1 : this.#pace.eventsMax;
    const range = { from: position + 1, to: TO_THE_END, eventsMax, ...(skims && { backward: true }) };
    this.#parts.journal.readRange(followed.log, range, (read) => {
      if (!read.ok) return this.#again(followed, "log");
      this.#found(followed, position, read.value, readMs);
    });
  }

  #found(followed: Followed, position: Seq, segments: readonly Segment[], readMs: number): void {
    const last = segments.at(-1);
    if (last === undefined || last.lastSeq <= position) return this.#end(followed, position, readMs);
    const readable = this.#readable(followed, segments, position);
    if (readable === undefined) return this.#again(followed, "entries");
    const run = { log: followed.log, after: position, ...readable.run };
    const isShort = run.events.length < this.#pace.eventsMax && !readable.isCut;
    const isWhole = this.#parts.consumer.skims === true || isShort;
    this.#delivered += 1;
    this.#parts.consumer.deliver(run, (outcome) => {
      this.#delivered -= 1;
      if (outcome === "later") return this.#again(followed, "consumer");
      this.#move(followed, position, run.to, isWhole ? readMs : undefined);
    });
    this.#flushSoon();
  }

  /**
   * Up to the first segment that cannot be read. `undefined`: that is the first one. No activation can replay it either; it is
   * looked at again and again, at the slowest pace, and is nobody's lag. Who only wants to know how far the log reaches is told
   * that; what stands there its room says, or that it can't.
   */
  #readable(followed: Followed, segments: readonly Segment[], position: Seq) {
    const { consumer, report } = this.#parts;
    const events: LogEvent[] = [];
    let last: Segment | undefined;
    for (const segment of segments) {
      try {
        for (const event of decodeEntries(segment.firstSeq, segment.entries)) {
          if (event.seq > position) events.push(event);
        }
      } catch (error) {
        if (last !== undefined && consumer.skims !== true) return { run: runTo(last, events), isCut: true };
        const { tenant, room } = followed.log;
        const details = { consumer: this.name, tenant, room, error: String(error) };
        if (!followed.isUnreadable) report("log_not_followed", details);
        followed.isUnreadable = consumer.skims !== true;
        if (followed.isUnreadable) {
          followed.failures = SLOWEST;
          return undefined;
        }
      }
      last = segment;
    }
    followed.isUnreadable = false;
    return last && { run: runTo(last, events), isCut: false };
  }

  /** `readMs`: the run was all that there was then. */
  #move(followed: Followed, from: Seq, to: Seq, readMs: number | undefined): void {
    this.#parts.store.move(this.positions, followed.log, from, to, (moved) => {
      if (!moved.ok) return this.#again(followed, "move");
      followed.failures = 0;
      if (moved.value === "conflict") {
        // Somebody else follows it, too, and may be further on.
        this.#positions.delete(followed.name);
        return this.#end(followed, undefined, undefined);
      }
      this.#stands(followed.name, to);
      this.#end(followed, to, readMs);
    });
  }

  /** `position`: where it stands now; `readMs`: everything that was there then is dealt with. */
  #end(followed: Followed, position: Seq | undefined, readMs: number | undefined): void {
    if (position !== undefined && readMs !== undefined && position < followed.due) {
      // A store that is read strongly has what was told of it, so this one has a fault, which may pass.
      if (followed.failures < REPORTED) return this.#again(followed, "end");
      this.#behind.cut(followed, position);
    }
    this.#active.delete(followed.name);
    if (position !== undefined && readMs !== undefined) followed.sinceMs = readMs;
    this.#behind.ended(followed, position, readMs !== undefined);
    this.#next(followed.name);
  }

  #again(followed: Followed, what: string): void {
    this.#active.delete(followed.name);
    const delayMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** followed.failures);
    followed.failures += 1;
    if (followed.failures % REPORTED === 0) {
      const { tenant, room } = followed.log;
      this.#parts.report("follower_waits", { consumer: this.name, tenant, room, what });
    }
    this.#parts.clock.after(delayMs, () => {
      if (this.#stopped) return;
      this.#behind.ended(followed, undefined, false);
      this.#pump();
    });
    this.#next(followed.name);
  }

  #next(name: string): void {
    if (this.#orders.has(name)) this.#obey(name);
    this.#pump();
    this.#flushSoon();
  }

  /** Everything that is under way waits for the consumer. */
  #flushSoon(): void {
    if (this.#isFlushDue || this.#parts.consumer.flush === undefined) return;
    this.#isFlushDue = true;
    queueMicrotask(() => {
      this.#isFlushDue = false;
      if (this.#delivered > 0 && this.#delivered === this.#active.size) this.#parts.consumer.flush?.();
    });
  }

  #stands(name: string, position: Seq): void {
    this.#positions.delete(name);
    this.#positions.set(name, position);
    if (this.#positions.size <= FOLLOW_POSITIONS_MAX) return;
    for (const oldest of this.#positions.keys()) {
      this.#positions.delete(oldest);
      return;
    }
  }
}

function runTo({ lastSeq, timestamp }: Segment, events: readonly LogEvent[]) {
  return { events, to: lastSeq, atMs: timestamp };
}
