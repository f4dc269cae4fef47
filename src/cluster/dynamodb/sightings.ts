/**
 * Who is alive, judged by the reader. DynamoDB has no clock of its own that a query could ask, and clocks of nodes differ; so
 * who lives changes a mark in its item now and then, and a reader counts, by its own monotonic clock, for how long the mark
 * has not changed *while it looked*. A time in which the reader saw nothing (it was paused, or DynamoDB was away for all)
 * counts for half a time to live at most: then the others get the other half to show themselves.
 *
 * What is seen for the first time counts as alive from then on: for one time to live it may be a dead one. Only when its
 * wall clock is further behind than clocks may differ it counts as dead until its mark changes: a hint that is wrong costs a
 * living node one beat in the eyes of one that has just come.
 */
import type { Clock } from "../../base/clock.ts";

export interface Marked {
  readonly id: string;
  /** Another one with each sign of life. */
  readonly mark: string;
  readonly ttlMs: number;
  /** The wall clock of who wrote it, milliseconds since 1970. */
  readonly wallMs: number;
}

/** How much the wall clocks of nodes may differ, so that the hint is not wrong, milliseconds. */
const SKEW_MS_MAX = 60_000;

export interface Sighted<Each extends Marked> {
  readonly item: Each;
  readonly unchangedMs: number;
  readonly isAlive: boolean;
}

interface Sighting {
  readonly mark: string;
  readonly unchangedMs: number;
}

export class Sightings {
  readonly #clock: Clock;
  #lookedMs: number;
  #sightings = new Map<string, Sighting>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lookedMs = clock.monotonicMs();
  }

  /** One whole reading, judged: what is missing in it is forgotten. */
  look<Each extends Marked>(all: readonly Each[]): readonly Sighted<Each>[] {
    const now = this.#clock.monotonicMs();
    const sinceMs = now - this.#lookedMs;
    this.#lookedMs = now;
    const before = this.#sightings;
    this.#sightings = new Map();
    return all.map((each) => {
      const { id, mark, ttlMs, wallMs } = each;
      const known = before.get(id);
      let unchangedMs = 0;
      if (known === undefined) unchangedMs = this.#clock.wallMs() - wallMs > ttlMs + SKEW_MS_MAX ? ttlMs : 0;
      else if (known.mark === mark) unchangedMs = known.unchangedMs + Math.min(sinceMs, ttlMs / 2);
      this.#sightings.set(id, { mark, unchangedMs });
      return { item: each, unchangedMs, isAlive: unchangedMs < ttlMs };
    });
  }
}
