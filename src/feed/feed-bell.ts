/** Wakes those who wait for a tenant's feed to go on. Bounded; a ring that is lost costs the time until somebody looks again. */
import type { Clock } from "../base/clock.ts";
import type { TenantId } from "../base/ids.ts";
import { FEED_LOOK_MS, FEED_WAITING_MAX } from "../base/limits.ts";

export class FeedBell {
  readonly #clock: Clock;
  readonly #waiting = new Map<TenantId, Set<() => void>>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** false: so many wait already. */
  get hasRoom(): boolean {
    return this.#count < FEED_WAITING_MAX;
  }

  ring(tenant: TenantId): void {
    const waiting = this.#waiting.get(tenant);
    this.#waiting.delete(tenant);
    for (const wake of waiting ?? []) wake();
  }

  /** Until it rings, or it is time to look whether another node has written. */
  wait(tenant: TenantId, msMax: number): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(tenant) ?? new Set();
      this.#waiting.set(tenant, waiting);
      this.#count += 1;
      const wake = (): void => {
        timer.cancel();
        this.#count -= 1;
        waiting.delete(wake);
        if (waiting.size === 0 && this.#waiting.get(tenant) === waiting) this.#waiting.delete(tenant);
        resolve();
      };
      const timer = this.#clock.after(Math.min(msMax, FEED_LOOK_MS), wake);
      waiting.add(wake);
    });
  }
}
