/**
 * A document's write that met another one is made again after a pause that is drawn by lot and may be longer each time: so many at
 * once come through one after another. Invariant: the rounds are counted by who writes, who gives up at `DOCUMENT_ROUNDS_MAX`.
 */
import type { Clock } from "../base/clock.ts";
import { DOCUMENT_PAUSE_MS_MAX } from "../base/limits.ts";
import type { Random } from "../base/prng.ts";

export interface Collisions {
  readonly clock: Clock;
  readonly random: Random;
}

/** `round`: how often it was tried, from 1. */
export function afterCollision({ clock, random }: Collisions, round: number, again: () => void): void {
  clock.after(Math.ceil(random.next() * Math.min(DOCUMENT_PAUSE_MS_MAX, 2 ** round)), again);
}
