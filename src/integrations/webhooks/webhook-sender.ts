/**
 * One delivery to a webhook: posted as JSON, signed, and judged by its answer. Used by whoever delivers, and for a test on demand.
 * Invariant: neither secrets nor what is posted stand in what it reports.
 */
import type { Clock } from "../../base/clock.ts";
import type { TenantId } from "../../base/ids.ts";
import { WEBHOOK_ANSWER_BYTES_MAX } from "../../base/limits.ts";
import { cursorText, type FeedCursor } from "../../feed/cursor.ts";
import type { FeedPage } from "../../feed/feed-reader.ts";
import type { Webhook } from "../../feed/webhook-records.ts";
import type { OutwardHttp } from "../outward-http.ts";
import { signatureOf } from "../signed-questions.ts";

/**
 * - `taken`: a status from 200 to 299.
 * - `away`: nobody is there, or says that it is not ready. The same again until it is.
 * - `refused`: it answers, and does not want this. After some attempts it goes on without it.
 * - `gone`: 410. It never wants anything again.
 */
export type Outcome =
  | { readonly kind: "taken"; readonly status: number }
  | { readonly kind: "away"; readonly why: string; readonly retryAfterMs?: number }
  | { readonly kind: "refused"; readonly why: string; readonly status: number }
  | { readonly kind: "gone"; readonly why: string };

export interface Delivery {
  readonly tenant: TenantId;
  readonly id: string;
  readonly hook: Webhook;
  readonly attempt: number;
}

/** Answers that say: not now. */
const NOT_NOW: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504]);
const GONE = 410;
const RETRY_AFTER_MS_MAX = 3_600_000;

export class WebhookSender {
  readonly #http: OutwardHttp;
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  constructor(http: OutwardHttp, clock: Clock, timeoutMs: number) {
    this.#http = http;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  page(delivery: Delivery, { events, missing }: FeedPage, from: FeedCursor, to: FeedCursor): Promise<Outcome> {
    const { tenant, id, attempt } = delivery;
    const head = JSON.stringify({ type: "events", webhookId: id, tenantId: tenant, attempt, missing });
    const place = JSON.stringify({ from: cursorText(from), to: cursorText(to) });
    // The events are JSON already.
    const list = events.map(({ json }) => json).join(",");
    return this.#post(delivery, `${head.slice(0, -1)},${place.slice(1, -1)},"events":[${list}]}`, cursorText(to));
  }

  /** Whether it is there, and checks signatures. */
  ping(delivery: Delivery): Promise<Outcome> {
    const body = JSON.stringify({ type: "ping", webhookId: delivery.id, tenantId: delivery.tenant, events: [] });
    return this.#post(delivery, body, "ping");
  }

  async #post({ id, hook, attempt }: Delivery, body: string, deliveryId: string): Promise<Outcome> {
    const nowMs = this.#clock.wallMs();
    const timestamp = String(Math.floor(nowMs / 1_000));
    const secrets = [
      hook.secret,
      ...(hook.former !== undefined && hook.former.untilMs > nowMs ? [hook.former.secret] : []),
    ];
    const answer = await this.#http.request({
      url: hook.url,
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": "Stoa-Webhooks/1",
        "x-stoa-webhook": id,
        "x-stoa-delivery": deliveryId,
        "x-stoa-attempt": String(attempt),
        "x-stoa-timestamp": timestamp,
        "x-stoa-signature": secrets.map((secret) => signatureOf(secret, timestamp, body)).join(","),
      },
      body,
      timeoutMs: this.#timeoutMs,
      answerBytesMax: WEBHOOK_ANSWER_BYTES_MAX,
    });
    if (!answer.ok) {
      if (answer.error === "redirect") return { kind: "refused", why: "redirect", status: 0 };
      return { kind: "away", why: answer.error };
    }
    return outcomeOf(answer.value.status, answer.value.headers);
  }
}

function outcomeOf(status: number, headers: Headers): Outcome {
  if (status >= 200 && status < 300) return { kind: "taken", status };
  const why = `status ${status}`;
  if (status === GONE) return { kind: "gone", why };
  if (!NOT_NOW.has(status)) return { kind: "refused", why, status };
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  const retryAfterMs = seconds > 0 ? Math.min(RETRY_AFTER_MS_MAX, 1_000 * seconds) : undefined;
  return { kind: "away", why, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}
