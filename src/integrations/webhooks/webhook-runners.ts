/**
 * The webhooks that this node delivers to: of each tenant with a feed those that should be here by the cluster's view. Two nodes may
 * deliver to one for a moment; its place tells one of them.
 * Invariant: so many deliveries at once, whatever the number of webhooks.
 */
import type { Clock, Timer } from "../../base/clock.ts";
import type { TenantId } from "../../base/ids.ts";
import { FEED_LOOK_MS, WEBHOOK_RUNNERS_MAX, WEBHOOKS_AT_ONCE } from "../../base/limits.ts";
import type { TenantStream } from "../../feed/tenant-stream.ts";
import { type RunnerParts, type WebhookCounts, WebhookRunner } from "./webhook-runner.ts";

export interface RunnersParts extends Omit<RunnerParts, "inTurn" | "counts"> {
  readonly clock: Clock;
  readonly stream: TenantStream;
  readonly isMine: (tenant: TenantId, id: string) => boolean;
  /** Others write to the streams, too, and tell nobody here. */
  readonly isClustered: boolean;
}

export interface WebhookFigures extends WebhookCounts {
  readonly running: number;
  readonly behind: number;
  /** For how long the oldest of what was not taken has been waiting, milliseconds. */
  readonly lagMs: number;
}

export class WebhookRunners {
  readonly #parts: RunnersParts;
  readonly #runners = new Map<TenantId, Map<string, WebhookRunner>>();
  readonly #loading = new Map<TenantId, boolean>();
  readonly #heads = new Map<TenantId, number>();
  readonly #counts: WebhookCounts = { deliveries: 0, events: 0, failures: 0, deadLetters: 0, disabled: 0 };
  readonly #waiting: (() => void)[] = [];
  #free = WEBHOOKS_AT_ONCE;
  #count = 0;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(parts: RunnersParts) {
    this.#parts = parts;
    if (parts.isClustered) this.#lookLater();
  }

  get figures(): WebhookFigures {
    const nowMs = this.#parts.clock.monotonicMs();
    let behind = 0;
    let lagMs = 0;
    for (const { behindSinceMs } of this.#all()) {
      if (behindSinceMs === undefined) continue;
      behind += 1;
      lagMs = Math.max(lagMs, nowMs - behindSinceMs);
    }
    return { ...this.#counts, running: this.#count, behind, lagMs: Math.round(lagMs) };
  }

  /** Something about the tenant's webhooks changed, or who delivers to them. */
  changed(tenant: TenantId): void {
    if (this.#loading.has(tenant)) {
      this.#loading.set(tenant, true);
      return;
    }
    this.#loading.set(tenant, false);
    void this.#load(tenant);
  }

  more(tenant: TenantId): void {
    for (const runner of this.#runners.get(tenant)?.values() ?? []) runner.more();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    for (const runner of this.#all()) runner.stop();
  }

  async #load(tenant: TenantId): Promise<void> {
    const listed = await this.#parts.webhooks.list(tenant);
    if (this.#isStopped) return;
    const isDue = this.#loading.get(tenant) === true;
    this.#loading.delete(tenant);
    if (!listed.ok) {
      this.#parts.clock.after(FEED_LOOK_MS, () => this.changed(tenant));
      return;
    }
    const wanted = new Set(listed.value.map(({ id }) => id).filter((id) => this.#parts.isMine(tenant, id)));
    const running = this.#runners.get(tenant) ?? new Map<string, WebhookRunner>();
    for (const [id, runner] of running) {
      if (wanted.has(id)) {
        runner.changed();
        continue;
      }
      runner.stop();
      running.delete(id);
      this.#count -= 1;
    }
    for (const id of wanted) if (!running.has(id)) this.#start(tenant, id, running);
    if (running.size > 0) this.#runners.set(tenant, running);
    else this.#runners.delete(tenant);
    if (isDue) this.changed(tenant);
  }

  #start(tenant: TenantId, id: string, running: Map<string, WebhookRunner>): void {
    if (this.#count >= WEBHOOK_RUNNERS_MAX) {
      this.#parts.report("too_many_webhooks", { tenant, webhook: id });
      return;
    }
    const inTurn: RunnerParts["inTurn"] = (work) => this.#inTurn(work);
    running.set(id, new WebhookRunner(tenant, id, { ...this.#parts, inTurn, counts: this.#counts }));
    this.#count += 1;
  }

  async #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }

  /** What other nodes wrote is found by looking at the streams' heads. */
  #lookLater(): void {
    this.#timer = this.#parts.clock.after(FEED_LOOK_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    for (const tenant of [...this.#runners.keys()]) {
      const head = await this.#parts.stream.head(tenant);
      if (!head.ok || this.#heads.get(tenant) === head.value) continue;
      this.#heads.set(tenant, head.value);
      this.more(tenant);
    }
    for (const tenant of [...this.#heads.keys()]) if (!this.#runners.has(tenant)) this.#heads.delete(tenant);
    if (!this.#isStopped) this.#lookLater();
  }

  *#all(): Iterable<WebhookRunner> {
    for (const runners of this.#runners.values()) yield* runners.values();
  }
}
