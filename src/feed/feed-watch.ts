/** Looks which tenants have a feed, and where something was changed, as often as all nodes have to know of it. */
import type { Clock, Timer } from "../base/clock.ts";
import type { TenantId } from "../base/ids.ts";
import { FEED_WATCH_MS } from "../base/limits.ts";
import type { FeedRegistry } from "./feed-registry.ts";

export interface FeedWatchParts {
  readonly registry: FeedRegistry;
  readonly clock: Clock;
  /** All that have one, whenever it was looked. */
  readonly have: (tenants: readonly TenantId[]) => void;
  /** Something was changed since the last look, or this is the first. */
  readonly changed: (tenant: TenantId) => void;
}

export class FeedWatch {
  readonly #parts: FeedWatchParts;
  readonly #versions = new Map<TenantId, number>();
  #timer: Timer | undefined;
  #isLooking = false;
  #isDue = false;
  #isStopped = false;

  constructor(parts: FeedWatchParts) {
    this.#parts = parts;
  }

  /** That had one when it was looked. */
  get tenants(): Iterable<TenantId> {
    return this.#versions.keys();
  }

  /** At once, and then again and again. */
  look(): void {
    if (this.#isLooking) {
      this.#isDue = true;
      return;
    }
    void this.#look();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    this.#timer?.cancel();
    const listed = await this.#parts.registry.list();
    this.#isLooking = false;
    if (this.#isStopped) return;
    if (listed.ok) {
      this.#parts.have(listed.value.map(({ tenant }) => tenant));
      for (const { tenant, version } of listed.value) {
        if (this.#versions.get(tenant) === version) continue;
        this.#versions.set(tenant, version);
        this.#parts.changed(tenant);
      }
    }
    const delayMs = this.#isDue ? 0 : FEED_WATCH_MS;
    this.#isDue = false;
    this.#timer = this.#parts.clock.after(delayMs, () => this.look());
  }
}
