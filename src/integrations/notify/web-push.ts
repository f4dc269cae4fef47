/**
 * Notifications to browsers by Web Push: encrypted for one browser, signed with this installation's key, posted to the service
 * that the browser named. Invariant: that address is a person's choice, so it is asked by the guarded way only.
 */
import webPush from "web-push";
import type { KeptSubscription } from "../../actors/notify-calls.ts";
import type { Clock } from "../../base/clock.ts";
import {
  NOTIFY_REQUEST_MS_MAX,
  PUSH_ATTEMPTS_MAX,
  PUSH_AT_ONCE,
  PUSH_PAYLOAD_BYTES_MAX,
  PUSH_RETRY_MS_MAX,
  PUSH_TTL_SECONDS,
} from "../../base/limits.ts";
import type { Notification } from "../../domain/notify/notification.ts";
import type { NotifyReason } from "../../domain/notify/occasions.ts";
import type { OutwardAnswer, OutwardFailure, OutwardHttp } from "../outward-http.ts";
import type { Result } from "../../base/result.ts";
import type { VapidKeys } from "./vapid.ts";

/** `gone`: the browser is to be forgotten. `failed`: given up this time. */
export type PushOutcome = "sent" | "gone" | "failed";

export interface WebPushParts {
  readonly http: Pick<OutwardHttp, "request">;
  readonly keys: VapidKeys;
  readonly contact: string;
  readonly clock: Clock;
  /** Never what was sent, nor where to. */
  readonly failed: (why: string) => void;
}

const OK = { from: 200, to: 299 } as const;
const GONE: ReadonlySet<number> = new Set([404, 410]);
/** Nobody may be asked there, now or ever. */
const NEVER: ReadonlySet<OutwardFailure> = new Set<OutwardFailure>(["invalid_url", "forbidden_address"]);
const TOO_MANY = 429;
const SERVER_FAILURE = 500;
const RETRY_MS = 500;
/** A phone wakes up for what is meant for one. */
const URGENT: ReadonlySet<NotifyReason> = new Set<NotifyReason>(["direct", "mention"]);

interface Details {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

export class WebPush {
  readonly #parts: WebPushParts;
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  constructor(parts: WebPushParts) {
    this.#parts = parts;
  }

  /** Answers in bounded time: it is tried again once or twice, and then given up. */
  async send(notification: Notification, browser: KeptSubscription): Promise<PushOutcome> {
    const details = this.#detailsOf(notification, browser);
    if (details === undefined) return "gone";
    await this.#place();
    try {
      return await this.#attempts(browser.endpoint, details);
    } finally {
      this.#underWay -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #attempts(url: string, { headers, body }: Details): Promise<PushOutcome> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#parts.http.request({
        ...{ url, method: "POST", headers, body, timeoutMs: NOTIFY_REQUEST_MS_MAX, answerBytesMax: 0 },
      });
      const outcome = outcomeOf(answer);
      if (outcome === "sent" || outcome === "gone") return outcome;
      this.#parts.failed(answer.ok ? `status ${answer.value.status}` : answer.error);
      if (outcome === "failed" || attempt >= PUSH_ATTEMPTS_MAX) return "failed";
      await this.#pause(Math.min(PUSH_RETRY_MS_MAX, retryAfterMs(answer) ?? RETRY_MS * 2 ** (attempt - 1)));
    }
  }

  /** `undefined`: with such keys nothing can be encrypted. */
  #detailsOf(notification: Notification, { endpoint, p256dh, auth }: KeptSubscription): Details | undefined {
    const { keys, contact } = this.#parts;
    try {
      const made = webPush.generateRequestDetails({ endpoint, keys: { p256dh, auth } }, payloadOf(notification), {
        vapidDetails: { subject: contact, ...keys },
        TTL: PUSH_TTL_SECONDS,
        contentEncoding: "aes128gcm",
        urgency: URGENT.has(notification.reason) ? "high" : "normal",
        topic: notification.collapseKey,
      });
      const { "Content-Length": _length, ...headers } = made.headers;
      const texts = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]);
      return { headers: Object.fromEntries(texts), body: new Uint8Array(made.body) };
    } catch (error) {
      this.#parts.failed(error instanceof Error ? error.name : "error");
      return undefined;
    }
  }

  async #place(): Promise<void> {
    while (this.#underWay >= PUSH_AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#underWay += 1;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#parts.clock.after(ms, resolve));
  }
}

/** What a page's service worker is given: no more than it shows, and where to go. */
export function payloadOf(notification: Notification): string {
  const { id, collapseKey, tenantId, userId, roomId, reason, count, title, body, messageId, at } = notification;
  const where = { tenantId, userId, roomId, ...(messageId !== undefined && { messageId }) };
  const text = JSON.stringify({ id, tag: collapseKey, title, body, reason, count, ...where, at });
  // Nothing in it is longer than its own bound; should it ever be, then without what was written.
  if (Buffer.byteLength(text) <= PUSH_PAYLOAD_BYTES_MAX) return text;
  return JSON.stringify({ id, tag: collapseKey, title: "", body: "", reason, count, ...where, at });
}

function outcomeOf(answer: Result<OutwardAnswer, OutwardFailure>): PushOutcome | "again" {
  if (!answer.ok) return NEVER.has(answer.error) ? "gone" : "again";
  const { status } = answer.value;
  if (status >= OK.from && status <= OK.to) return "sent";
  if (GONE.has(status)) return "gone";
  return status === TOO_MANY || status >= SERVER_FAILURE ? "again" : "failed";
}

function retryAfterMs(answer: Result<OutwardAnswer, OutwardFailure>): number | undefined {
  const seconds = answer.ok ? Number(answer.value.headers.get("retry-after") ?? Number.NaN) : Number.NaN;
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined;
}
