/** What administrators have a webhook do at once: a test, and a dead letter once more. In the main thread, a few at a time. */
import type { TenantId } from "../../base/ids.ts";
import { WEBHOOK_EVENTS_MAX, WEBHOOK_PROBES_MAX } from "../../base/limits.ts";
import type { Clock } from "../../base/clock.ts";
import { err, ok, type Result } from "../../base/result.ts";
import { parseCursor } from "../../feed/cursor.ts";
import type { FeedReader } from "../../feed/feed-reader.ts";
import type { Probed, WebhookProbes } from "../../feed/webhook-records.ts";
import type { Webhooks } from "../../feed/webhooks.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Outcome, WebhookSender } from "./webhook-sender.ts";

export interface DeskParts {
  readonly webhooks: Webhooks;
  readonly reader: FeedReader;
  readonly sender: WebhookSender;
  readonly clock: Clock;
}

export class WebhookDesk implements WebhookProbes {
  readonly #parts: DeskParts;
  #running = 0;

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  ping(tenant: TenantId, id: string): Promise<Result<Probed, Rejection>> {
    return this.#bounded(async () => {
      const hook = await this.#parts.webhooks.hook(tenant, id);
      if (!hook.ok) return hook;
      const startMs = this.#parts.clock.monotonicMs();
      const outcome = await this.#parts.sender.ping({ tenant, id, hook: hook.value.value, attempt: 1 });
      return ok(probed(outcome, this.#parts.clock.monotonicMs() - startMs, 0));
    });
  }

  /** As it would be shown now: what was erased since does not leave any more. When all is taken the letter is gone. */
  replayDead(tenant: TenantId, id: string, letterId: string): Promise<Result<Probed, Rejection>> {
    return this.#bounded(async () => {
      const { webhooks, reader, sender, clock } = this.#parts;
      const [hook, letter] = await Promise.all([webhooks.hook(tenant, id), webhooks.deadLetter(tenant, id, letterId)]);
      if (!hook.ok) return hook;
      if (!letter.ok) return letter;
      const { from, to, attempts } = letter.value.value;
      const [start, until] = [parseCursor(from), parseCursor(to)];
      if (start === undefined || until === undefined) return err({ code: "internal" });
      const { types, rooms } = hook.value.value;
      const wish = { limit: WEBHOOK_EVENTS_MAX, until, ...(types && { types }), ...(rooms && { rooms }) };
      const startMs = clock.monotonicMs();
      let outcome: Outcome = { kind: "taken", status: 0 };
      let events = 0;
      for (let cursor = start, isMore = true; isMore; ) {
        const page = await reader.page(tenant, cursor, wish);
        if (!page.ok) return page;
        if (page.value.events.length > 0) {
          const delivery = { tenant, id, hook: hook.value.value, attempt: attempts + 1 };
          outcome = await sender.page(delivery, page.value, cursor, page.value.cursor);
          if (outcome.kind !== "taken") return ok(probed(outcome, clock.monotonicMs() - startMs, events));
          events += page.value.events.length;
        }
        cursor = page.value.cursor;
        isMore = page.value.hasMore && cursor.entry <= until.entry;
      }
      const gone = await webhooks.bury(tenant, id, letter.value);
      return gone.ok ? ok(probed(outcome, clock.monotonicMs() - startMs, events)) : gone;
    });
  }

  async #bounded(act: () => Promise<Result<Probed, Rejection>>): Promise<Result<Probed, Rejection>> {
    if (this.#running >= WEBHOOK_PROBES_MAX) return err({ code: "overloaded", retryAfterMs: 1_000 });
    this.#running += 1;
    const result = await act();
    this.#running -= 1;
    return result;
  }
}

function probed(outcome: Outcome, ms: number, events: number): Probed {
  const isTaken = outcome.kind === "taken";
  return { isTaken, answer: isTaken ? `status ${outcome.status}` : outcome.why, ms: Math.round(ms), events };
}
