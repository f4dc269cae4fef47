/**
 * What whoever delivers knows of a webhook: how it is set up, and its place, as they were read last and written since.
 * Invariants: what was read before the last change is not used; what was taken stays taken though nobody could write that down at
 * once, unless the place was set elsewhere meanwhile.
 */
import type { Clock } from "../../base/clock.ts";
import type { TenantId } from "../../base/ids.ts";
import type { Webhook, WebhookPlace } from "../../feed/webhook-records.ts";
import type { Webhooks } from "../../feed/webhooks.ts";

/** Another object whenever it was read. */
export interface Standing {
  readonly hook: Webhook;
  place: WebhookPlace;
  version: number;
}

/** The place behind what was taken. */
export type Step = (place: WebhookPlace) => WebhookPlace;

export class WebhookStanding {
  readonly #tenant: TenantId;
  readonly #id: string;
  readonly #webhooks: Webhooks;
  readonly #clock: Clock;
  #current: Standing | undefined;
  #changes = 0;
  /** Not known to be written. */
  #pending: { readonly from: WebhookPlace; readonly step: Step } | undefined;
  #savedMs = 0;

  constructor(tenant: TenantId, id: string, webhooks: Webhooks, clock: Clock) {
    this.#tenant = tenant;
    this.#id = id;
    this.#webhooks = webhooks;
    this.#clock = clock;
  }

  /** `undefined`: it has to be read. */
  get current(): Standing | undefined {
    return this.#current;
  }

  /** When the place was written last, monotonic. */
  get savedMs(): number {
    return this.#savedMs;
  }

  /** Somebody changed it, or may have. */
  changed(): void {
    this.#changes += 1;
    this.#current = undefined;
  }

  /** `undefined`: it can't be read now, or a step that is pending can't be written. */
  async load(): Promise<Standing | undefined> {
    for (;;) {
      const changes = this.#changes;
      const [hook, place] = await Promise.all([
        this.#webhooks.hook(this.#tenant, this.#id),
        this.#webhooks.place(this.#tenant, this.#id),
      ]);
      if (!hook.ok || !place.ok || place.value === null) return undefined;
      // What was read may be what it was before.
      if (changes !== this.#changes) continue;
      const standing: Standing = { hook: hook.value.value, place: place.value.value, version: place.value.version };
      const pending = this.#pending;
      if (pending !== undefined && isBefore(pending.from, standing.place)) {
        if (!(await this.step(standing, pending.step))) return undefined;
        if (changes !== this.#changes) continue;
      }
      this.#pending = undefined;
      this.#current = standing;
      return standing;
    }
  }

  /** false: somebody else wrote it, or nobody knows; when it is read again it is seen whether the step still holds. */
  async step(standing: Standing, step: Step): Promise<boolean> {
    this.#pending = { from: standing.place, step };
    const isSaved = await this.save(standing, step(standing.place));
    if (isSaved) this.#pending = undefined;
    return isSaved;
  }

  /** false: somebody else wrote it, or nobody knows; it is to be read again. */
  async save(standing: Standing, place: WebhookPlace): Promise<boolean> {
    const moved = await this.#webhooks.move(this.#tenant, this.#id, place, standing.version);
    if (!moved.ok || !moved.value) {
      this.#current = undefined;
      return false;
    }
    standing.place = place;
    standing.version += 1;
    this.#savedMs = this.#clock.monotonicMs();
    return true;
  }
}

/** Whoever wrote it meanwhile left it where it was. */
function isBefore(from: WebhookPlace, place: WebhookPlace): boolean {
  return from.cursor === place.cursor && from.setBy === place.setBy;
}
