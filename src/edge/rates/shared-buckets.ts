/**
 * One bucket per user, tenant or address on each node, kept in step with the other nodes' buckets of the same key: what was
 * given out here in larger amounts is told to them a few times a second, and they owe it. No request waits for that.
 * Invariant: over a long time all nodes together give out `perSecond`, as one would; at once, as long as they have not heard
 * of each other, each may give out its own `burst` (see ADR 28).
 */
import type { Clock, Timer } from "../../base/clock.ts";
import { RATE_KEYS_MAX, RATE_SHARE_KEYS_MAX } from "../../base/limits.ts";
import { type Rate, TokenBucket } from "../../base/token-bucket.ts";

/** What a node gave out since it told last, by key. */
export type Usage = readonly (readonly [key: string, units: number])[];

export interface SharedBucketsPorts {
  readonly clock: Clock;
  readonly rateOf: (key: string) => Rate;
  /** To the other nodes; without it this one is alone, and nothing is counted for them. */
  readonly tell?: ((usage: Usage) => void) | undefined;
}

/** How often other nodes are told, milliseconds, and the part of the brim that is worth telling. */
export const SHARE_MS = 250;
const SHARE_PART = 8;
/** How often buckets that nobody needs are looked for, milliseconds, and how many are looked at. */
export const FORGET_MS = 1_000;
const FORGET_AT_ONCE = 5_000;

/** A bucket and not something that has one: each request looks at it, and an object more on the way is memory that is far away. */
export class SharedBucket extends TokenBucket {
  readonly key: string;
  /** Who keeps it from being forgotten. */
  holders = 0;
  /** Given out here, and not told yet. */
  untold = 0;
  #sinceMs = 0;

  constructor(key: string, rate: Rate, nowMs: number) {
    super(rate, nowMs);
    this.key = key;
  }

  /** Units that were taken here; true when the others are to be told. */
  took(nowMs: number, units: number): boolean {
    if (this.#isOutdated(nowMs)) this.untold = 0;
    if (this.untold === 0) this.#sinceMs = nowMs;
    this.untold += units;
    return this.untold >= Math.max(1, this.rate.burst / SHARE_PART);
  }

  /** A new one would say the same. */
  isForgettable(nowMs: number): boolean {
    return this.holders === 0 && this.fullInMs(nowMs) === 0 && (this.untold === 0 || this.#isOutdated(nowMs));
  }

  /** What was given out so long ago has been filled up again, wherever it was counted. */
  #isOutdated(nowMs: number): boolean {
    const { perSecond, burst } = this.rate;
    return nowMs - this.#sinceMs > (burst * 1000) / perSecond;
  }
}

export class SharedBuckets {
  readonly #ports: SharedBucketsPorts;
  /** In the order of their last use: a map keeps the order of insertion. */
  readonly #byKey = new Map<string, SharedBucket>();
  readonly #due = new Set<SharedBucket>();
  #timer: Timer | undefined;
  #forgetTimer: Timer | undefined;
  /** Where the last look ended. */
  #place: IterableIterator<SharedBucket> | undefined;

  constructor(ports: SharedBucketsPorts) {
    this.#ports = ports;
  }

  get size(): number {
    return this.#byKey.size;
  }

  of(key: string): SharedBucket {
    let bucket = this.#byKey.get(key);
    if (bucket === undefined) bucket = new SharedBucket(key, this.#ports.rateOf(key), this.#ports.clock.monotonicMs());
    else this.#byKey.delete(key);
    this.#byKey.set(key, bucket);
    if (this.#byKey.size > RATE_KEYS_MAX) this.#forgetOldest();
    this.#forgetTimer ??= this.#ports.clock.after(FORGET_MS, () => this.#forgetFull());
    return bucket;
  }

  /** For whoever asks often: the same object until it is let go as many times. */
  hold(key: string): SharedBucket {
    const bucket = this.of(key);
    bucket.holders += 1;
    return bucket;
  }

  letGo(bucket: SharedBucket): void {
    bucket.holders -= 1;
  }

  /** The caller has seen that they are there. */
  take(bucket: SharedBucket, nowMs: number, units = 1): void {
    bucket.take(nowMs, units);
    if (this.#ports.tell === undefined || !bucket.took(nowMs, units)) return;
    this.#due.add(bucket);
    this.#timer ??= this.#ports.clock.after(SHARE_MS, () => this.#share());
  }

  /** What another node gave out. */
  heard(usage: Usage): void {
    const nowMs = this.#ports.clock.monotonicMs();
    for (const [key, units] of usage) this.of(key).owe(nowMs, units);
  }

  /** Rates are others now. */
  reset(isMeant: (key: string) => boolean): void {
    const nowMs = this.#ports.clock.monotonicMs();
    for (const bucket of this.#byKey.values()) {
      if (isMeant(bucket.key)) bucket.setRate(this.#ports.rateOf(bucket.key), nowMs);
    }
  }

  stop(): void {
    this.#timer?.cancel();
    this.#forgetTimer?.cancel();
  }

  #share(): void {
    this.#timer = undefined;
    const usage: (readonly [string, number])[] = [];
    for (const bucket of this.#due) {
      if (usage.length >= RATE_SHARE_KEYS_MAX) break;
      this.#due.delete(bucket);
      usage.push([bucket.key, bucket.untold]);
      bucket.untold = 0;
    }
    if (usage.length > 0) this.#ports.tell?.(usage);
    if (this.#due.size > 0) this.#timer = this.#ports.clock.after(SHARE_MS, () => this.#share());
  }

  #forgetFull(): void {
    const nowMs = this.#ports.clock.monotonicMs();
    for (let looks = 0; looks < FORGET_AT_ONCE; looks += 1) {
      this.#place ??= this.#byKey.values();
      const { value: bucket } = this.#place.next();
      if (bucket === undefined) {
        this.#place = undefined;
        break;
      }
      if (bucket.isForgettable(nowMs)) this.#byKey.delete(bucket.key);
    }
    this.#forgetTimer =
      this.#byKey.size === 0 ? undefined : this.#ports.clock.after(FORGET_MS, () => this.#forgetFull());
  }

  /** That can only be generous to it. Those that are held stay: there are no more of them than connections. */
  #forgetOldest(): void {
    let looked = 0;
    for (const [key, bucket] of this.#byKey) {
      if (bucket.holders === 0) {
        this.#byKey.delete(key);
        return;
      }
      // Held ones go to the end, so that the next look begins behind them.
      this.#byKey.delete(key);
      this.#byKey.set(key, bucket);
      looked += 1;
      if (looked >= FORGET_LOOKS_MAX) return;
    }
  }
}

const FORGET_LOOKS_MAX = 16;
