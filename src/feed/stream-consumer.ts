/**
 * Keeps the streams of tenants that want one up with the rooms' logs: how far each has come, not what happened. Collects the
 * runs of several rooms into one entry. Invariant: of one tenant one entry at a time is on its way.
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { TenantId } from "../base/ids.ts";
import { FEED_TRIM_MS, FEED_TRIM_PAGES_MAX } from "../base/limits.ts";
import type { Delivered, LogConsumer, LogRun } from "../followers/log-consumer.ts";
import type { LogKey } from "../storage/journal.ts";
import type { FeedRange, TenantStream } from "./tenant-stream.ts";

interface Waiting {
  readonly range: FeedRange;
  readonly done: (outcome: Delivered) => void;
}

export interface StreamConsumerParts {
  readonly stream: TenantStream;
  readonly clock: Clock;
  /** How long entries are kept, milliseconds. */
  readonly keptMs: number;
  /** A tenant's stream has more. */
  readonly streamed: (tenant: TenantId) => void;
}

export class StreamConsumer implements LogConsumer {
  readonly name = "feed";
  readonly skims = true;
  readonly #parts: StreamConsumerParts;
  readonly #tenants = new Set<TenantId>();
  readonly #waiting = new Map<TenantId, Waiting[]>();
  readonly #writing = new Set<TenantId>();
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(parts: StreamConsumerParts) {
    this.#parts = parts;
  }

  /** These have a stream from now on; answers whether one of them had none before. */
  follow(tenants: Iterable<TenantId>): boolean {
    const before = this.#tenants.size;
    for (const tenant of tenants) this.#tenants.add(tenant);
    if (this.#timer === undefined && this.#tenants.size > 0) this.#trimLater();
    return this.#tenants.size > before;
  }

  follows({ tenant }: LogKey): boolean {
    return this.#tenants.has(tenant);
  }

  deliver({ log, after, to, events, atMs }: LogRun, done: (outcome: Delivered) => void): void {
    const last = events.at(-1);
    const isEnd = last?.kind === "room_deleted";
    const range = { room: log.room, after, to, atMs: last?.timestamp ?? atMs, ...(isEnd && { isEnd: true as const }) };
    const waiting = this.#waiting.get(log.tenant);
    if (waiting === undefined) this.#waiting.set(log.tenant, [{ range, done }]);
    else waiting.push({ range, done });
  }

  flush(): void {
    for (const tenant of this.#waiting.keys()) void this.#write(tenant);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #write(tenant: TenantId): Promise<void> {
    const waiting = this.#waiting.get(tenant);
    if (waiting === undefined || this.#writing.has(tenant)) return;
    this.#waiting.delete(tenant);
    this.#writing.add(tenant);
    const written = await this.#parts.stream.append(
      tenant,
      waiting.map(({ range }) => range),
    );
    this.#writing.delete(tenant);
    if (written.ok) this.#parts.streamed(tenant);
    for (const { done } of waiting) done(written.ok ? "durable" : "later");
    void this.#write(tenant);
  }

  /** A page of one tenant after the other. */
  #trimLater(): void {
    this.#timer = this.#parts.clock.after(FEED_TRIM_MS, () => void this.#trim());
  }

  async #trim(): Promise<void> {
    const { stream, clock, keptMs } = this.#parts;
    for (const tenant of [...this.#tenants]) {
      for (let page = 0; page < FEED_TRIM_PAGES_MAX; page += 1) {
        const trimmed = await stream.trim(tenant, clock.wallMs() - keptMs);
        if (!trimmed.ok || !trimmed.value) break;
      }
    }
    // It may have been stopped meanwhile.
    if (!this.#isStopped) this.#trimLater();
  }
}
